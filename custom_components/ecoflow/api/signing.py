"""Request signature of the open API.

The signed string consists of the flattened parameters, sorted by ASCII and joined with `&`, followed by the access
key, a nonce and the time in ms. The signature is its HMAC-SHA256 with the secret key, in hexadecimal. Nothing is
URL-encoded. Source: EcoFlow developer documentation, "general information"; its test vector is in test_signing.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import hashlib
import hmac
import json
from typing import Any

type Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Keys:
    """The key pair from EcoFlow's developer portal. The repr contains neither key."""

    access: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """An identifier of the key pair that does not reveal it."""
        return hashlib.sha256(self.access.encode()).hexdigest()[:16]


def flatten(value: Any) -> dict[str, Scalar]:
    """Flatten objects to `a.b` and lists to `a[0]`; empty ones are omitted."""
    return dict(_walk(value, ""))


def _walk(value: Any, path: str) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _walk(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}[{index}]")
    else:
        yield path, value


def _text(value: Scalar) -> str:
    """Return a value as in JSON, strings without quotes."""
    return value if isinstance(value, str) else json.dumps(value)


def data_string(params: Mapping[str, Any]) -> str:
    """Return the part of the signed string for the parameters, "" if there are none."""
    return "&".join(f"{name}={_text(value)}" for name, value in sorted(flatten(params).items()))


def string_to_sign(params: Mapping[str, Any], access_key: str, nonce: str, timestamp: str) -> str:
    """Return the complete string to sign."""
    tail = f"accessKey={access_key}&nonce={nonce}&timestamp={timestamp}"
    head = data_string(params)
    return f"{head}&{tail}" if head else tail


def sign(params: Mapping[str, Any], keys: Keys, nonce: str, timestamp: str) -> str:
    """Return the signature in lowercase hexadecimal."""
    text = string_to_sign(params, keys.access, nonce, timestamp)
    return hmac.new(keys.secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed_headers(params: Mapping[str, Any], keys: Keys, nonce: int, time_s: float) -> dict[str, str]:
    """Return the four headers of a signed request; `nonce` is sent with six digits."""
    nonce_text = f"{nonce:06d}"
    timestamp = str(int(time_s * 1000))
    return {
        "accessKey": keys.access,
        "nonce": nonce_text,
        "timestamp": timestamp,
        "sign": sign(params, keys, nonce_text, timestamp),
    }
