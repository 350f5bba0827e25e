"""One-time passwords by time (RFC 6238, HMAC-SHA-1, 6 digits, 30 s), for devices that require them."""

import base64
import binascii
import hashlib
import hmac
import struct
from typing import Final

from .errors import AuthError

_STEP_S: Final = 30


def one_time_password(secret: str, at_s: float) -> str:
    """Return the password of a base32 secret at a POSIX time; raises AuthError for an invalid secret."""
    text = secret.replace(" ", "").replace("-", "").upper().rstrip("=")
    try:
        key = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error as err:
        raise AuthError("the secret for one-time passwords is not valid") from err
    digest = hmac.new(key, struct.pack(">Q", int(at_s // _STEP_S)), hashlib.sha1).digest()
    offset = digest[-1] & 15
    (value,) = struct.unpack(">I", digest[offset : offset + 4])
    return f"{(value & 0x7FFFFFFF) % 1_000_000:06}"
