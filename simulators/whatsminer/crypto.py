"""The device's side of Whatsminer authentication (facts: MicroBT API 2.0.5 and 3.0 texts)."""

import base64
import hashlib
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from passlib.hash import md5_crypt

BLOCK: Final = 16


def crypt_tail(text: str, salt: str) -> str:
    """The last field of md5-crypt."""
    hashed: str = md5_crypt.using(salt=salt).hash(text)
    return hashed.rsplit("$", 1)[1]


def sign(key: str, time: str, newsalt: str) -> str:
    """The token that a request carries."""
    return crypt_tail(key + time, newsalt)


def _cipher(key: str) -> Cipher[modes.ECB]:
    return Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.ECB())  # noqa: S305  the device's choice


def encrypt(key: str, text: str) -> str:
    """AES-256-ECB, zero padded, base64."""
    data = text.encode()
    data += b"\0" * (-len(data) % BLOCK)
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(encryptor.update(data) + encryptor.finalize()).decode()


def decrypt(key: str, text: str) -> str:
    """Back; ValueError for what is not ours."""
    decryptor = _cipher(key).decryptor()
    data = decryptor.update(base64.b64decode(text)) + decryptor.finalize()
    return data.rstrip(b"\0").decode()


def v3_token(cmd: str, password: str, salt: str, ts: int) -> str:
    """The token of a V3 write."""
    digest = hashlib.sha256(f"{cmd}{password}{salt}{ts}".encode()).digest()
    return base64.b64encode(digest).decode()[:8]
