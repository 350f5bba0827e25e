"""The server's side of the request signature, from EcoFlow's description (not from our client).

Numbers are taken as they are written in the body, so that no formatting of ours can hide a difference.
"""

from collections.abc import Iterator, Mapping
import hashlib
import hmac
import json
from typing import Any


def parameters(query: Mapping[str, str], body: bytes) -> dict[str, str]:
    """Return the flat parameters of a request: those of the body, else those of the query."""
    if body:
        parsed = json.loads(body, parse_int=str, parse_float=str)
        return dict(_flat(parsed, ""))
    return dict(query)


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _flat(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _flat(item, f"{path}[{index}]")
    elif value is None:
        yield path, "null"
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    else:
        yield path, value


def expected(flat: Mapping[str, str], access_key: str, secret_key: str, nonce: str, timestamp: str) -> str:
    """Return the signature that a request must carry."""
    parts = [f"{name}={flat[name]}" for name in sorted(flat)]
    parts += [f"accessKey={access_key}", f"nonce={nonce}", f"timestamp={timestamp}"]
    return hmac.new(secret_key.encode(), "&".join(parts).encode(), hashlib.sha256).hexdigest()
