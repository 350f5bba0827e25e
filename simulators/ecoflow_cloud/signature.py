"""The server side of the request signature, written from EcoFlow's documentation, independent of the client.

Numbers are kept as written in the body, so that no number formatting can hide a difference.
"""

from collections.abc import Iterator, Mapping
import hashlib
import hmac
import json
from typing import Any


def parameters(query: Mapping[str, str], body: bytes) -> dict[str, str]:
    """Return the flattened parameters of a request: of its body, else of its query."""
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
    """Return the correct signature of a request."""
    parts = [f"{name}={flat[name]}" for name in sorted(flat)]
    parts += [f"accessKey={access_key}", f"nonce={nonce}", f"timestamp={timestamp}"]
    return hmac.new(secret_key.encode(), "&".join(parts).encode(), hashlib.sha256).hexdigest()
