"""The signed manifest of a release: canonical JSON with a detached Ed25519 signature.

The fields follow the information model of RFC 9124: target (product, chip), order (sequence), payload (size,
sha256), expiry (expires) and signer (key_id). The signature covers the exact bytes of the manifest, so it is
verified before anything is parsed again.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import hashlib
import json
import re
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .errors import ManifestError, OtaError
from .image import CHIPS
from .versions import version_key

FORMAT: Final = 1
MAX_BYTES: Final = 64 * 1024
_PRODUCT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_REQUIRED: Final = ("product", "chip", "version", "sequence", "size", "sha256", "key_id")


class Channel(StrEnum):
    """The channel of a release."""

    STABLE = "stable"
    BETA = "beta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The description of an image. `expires` is a Unix time, None: never."""

    product: str
    chip: str
    version: str
    sequence: int
    size: int
    sha256: str
    key_id: str
    channel: Channel = Channel.STABLE
    secure_version: int = 0
    expires: float | None = None
    notes: str = ""
    release_url: str | None = None
    image_url: str | None = None
    """URL of the image, absolute or relative to the manifest; only used by release sources."""
    image_project: str | None = None
    """The project in the image's descriptor if it differs from the product (ESPHome, Arduino)."""
    image_version: str | None = None
    """The version in the image's descriptor if it differs from the release's version."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A trusted signing key. Its ID is the beginning of its SHA-256 hash, so that IDs cannot be chosen."""

    key_id: str
    raw: bytes

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Parse 32 bytes in base64 or hexadecimal format.

        Raises:
            ManifestError: `bad_key`.
        """
        text = text.strip()
        try:
            raw = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
            Ed25519PublicKey.from_public_bytes(raw)
        except (ValueError, binascii.Error) as err:
            raise ManifestError("bad_key") from err
        return cls(public_key_id(raw), raw)


def public_key_id(raw: bytes) -> str:
    """Return the ID of a public key."""
    return hashlib.sha256(raw).hexdigest()[:16]


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return JSON with sorted keys and without spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sign(fields: Mapping[str, Any], private_key: bytes) -> tuple[bytes, str]:
    """Return the bytes of a manifest and its signature (base64), for build scripts and tests.

    `key_id` is added.
    """
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    data = canonical({"format": FORMAT, **fields, "key_id": public_key_id(key.public_key().public_bytes_raw())})
    return data, base64.b64encode(key.sign(data)).decode()


def verify(data: bytes, signature: str, keys: Mapping[str, PublicKey], *, now: float) -> Manifest:
    """Verify a manifest with the trusted keys and return it.

    Raises:
        ManifestError: `bad_manifest` (with `field`), `unsigned`, `unknown_key`, `bad_signature`, `expired`.
    """
    if not signature.strip():
        raise ManifestError("unsigned")
    manifest = parse(data)
    key = keys.get(manifest.key_id)
    if key is None:
        raise ManifestError("unknown_key", key_id=manifest.key_id)
    try:
        raw = base64.b64decode(signature.strip(), validate=True)
        Ed25519PublicKey.from_public_bytes(key.raw).verify(raw, data)
    except (InvalidSignature, ValueError, binascii.Error) as err:
        raise ManifestError("bad_signature") from err
    if manifest.expires is not None and manifest.expires <= now:
        raise ManifestError("expired", version=manifest.version)
    return manifest


def parse(data: bytes) -> Manifest:
    """Parse a manifest without verifying its signature.

    Raises:
        ManifestError: `bad_manifest` with the `field` that is wrong.
    """
    if len(data) > MAX_BYTES:
        raise ManifestError("bad_manifest", field="size of the manifest")
    try:
        raw = json.loads(data, object_pairs_hook=_unique_keys, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as err:
        raise ManifestError("bad_manifest", field="JSON") from err
    if not isinstance(raw, dict):
        raise ManifestError("bad_manifest", field="JSON")
    if raw.get("format") != FORMAT:
        raise ManifestError("bad_manifest", field="format")
    for name in _REQUIRED:
        if name not in raw:
            raise ManifestError("bad_manifest", field=name)
    return _build(raw)


def _build(raw: Mapping[str, Any]) -> Manifest:
    version = _string(raw, "version")
    try:
        version_key(version)
    except OtaError as err:
        raise ManifestError("bad_manifest", field="version") from err
    try:
        channel = Channel(raw.get("channel", "stable"))
    except ValueError as err:
        raise ManifestError("bad_manifest", field="channel") from err
    chip = _string(raw, "chip")
    if chip not in CHIPS:
        raise ManifestError("bad_manifest", field="chip")
    return Manifest(
        product=_matching(raw, "product", _PRODUCT),
        chip=chip,
        version=version,
        sequence=_integer(raw, "sequence", 2**53),
        size=_integer(raw, "size", 2**40),
        sha256=_matching(raw, "sha256", _SHA256),
        key_id=_string(raw, "key_id"),
        channel=channel,
        secure_version=_integer(raw, "secure_version", 2**32) if "secure_version" in raw else 0,
        expires=_time(raw, "expires"),
        notes=_optional(raw, "notes", 16_384) or "",
        release_url=_http_url(raw, "release_url"),
        image_url=_optional(raw, "image_url", 2048),
        image_project=_optional(raw, "image_project", 32),
        image_version=_optional(raw, "image_version", 32),
    )


def check_product(product: str) -> str:
    """Return the name of a product if it is valid: letters, digits, `._-`, at most 31 characters.

    Raises:
        ManifestError: `bad_manifest`.
    """
    return _matching({"product": product}, "product", _PRODUCT)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _reject_constant(name: str) -> Any:
    raise ValueError(name)


def _string(raw: Mapping[str, Any], name: str) -> str:
    value = raw[name]
    if not isinstance(value, str) or not value or len(value) > 64:
        raise ManifestError("bad_manifest", field=name)
    return value


def _matching(raw: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = _string(raw, name)
    if not pattern.fullmatch(value):
        raise ManifestError("bad_manifest", field=name)
    return value


def _integer(raw: Mapping[str, Any], name: str, below: int) -> int:
    value = raw[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < below:
        raise ManifestError("bad_manifest", field=name)
    return value


def _optional(raw: Mapping[str, Any], name: str, longest: int) -> str | None:
    value = raw.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise ManifestError("bad_manifest", field=name)
    return value


def _http_url(raw: Mapping[str, Any], name: str) -> str | None:
    value = _optional(raw, name, 2048)
    if value is not None and not value.startswith(("https://", "http://")):
        raise ManifestError("bad_manifest", field=name)
    return value


def _time(raw: Mapping[str, Any], name: str) -> float | None:
    """Return the Unix time of an ISO 8601 time with a zone."""
    value = _optional(raw, name, 40)
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError as err:
        raise ManifestError("bad_manifest", field=name) from err
    if time.tzinfo is None:
        raise ManifestError("bad_manifest", field=name)
    return time.timestamp()
