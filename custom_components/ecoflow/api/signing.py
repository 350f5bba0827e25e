"""Request signature of the open API.

The string that is signed is the flattened parameters, sorted by ASCII and joined with `&`, followed by the
access key, a nonce and the time in ms; the signature is its HMAC-SHA256 with the secret key, in hexadecimal.
Nothing is URL-encoded. (EcoFlow developer documentation, "general information"; its vector is a test of this module.)
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
    """The pair of keys from EcoFlow's developer portal. Their repr shows neither."""

    access: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """A name for this key pair that tells nothing about it."""
        return hashlib.sha256(self.access.encode()).hexdigest()[:16]


def flatten(value: Any) -> dict[str, Scalar]:
    """Flatten objects to `a.b` and lists to `a[0]`; empty ones leave nothing."""
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
    """Write a value as JSON would, strings bare."""
    return value if isinstance(value, str) else json.dumps(value)


def data_string(params: Mapping[str, Any]) -> str:
    """Return the parameters' part of the string to sign; "" when there are none."""
    return "&".join(f"{name}={_text(value)}" for name, value in sorted(flatten(params).items()))


def string_to_sign(params: Mapping[str, Any], access_key: str, nonce: str, timestamp: str) -> str:
    """Return the whole string that the secret key signs."""
    tail = f"accessKey={access_key}&nonce={nonce}&timestamp={timestamp}"
    head = data_string(params)
    return f"{head}&{tail}" if head else tail


def sign(params: Mapping[str, Any], keys: Keys, nonce: str, timestamp: str) -> str:
    """Return the signature in lower-case hexadecimal."""
    text = string_to_sign(params, keys.access, nonce, timestamp)
    return hmac.new(keys.secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed_headers(params: Mapping[str, Any], keys: Keys, nonce: int, time_s: float) -> dict[str, str]:
    """Return the four headers of a signed request; `nonce` is shown with six digits."""
    nonce_text = f"{nonce:06d}"
    timestamp = str(int(time_s * 1000))
    return {
        "accessKey": keys.access,
        "nonce": nonce_text,
        "timestamp": timestamp,
        "sign": sign(params, keys, nonce_text, timestamp),
    }
