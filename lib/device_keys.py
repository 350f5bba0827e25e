"""Keys of field devices: made, stored as SHA-256, compared in constant time, rotated without a gap.

A key is 256 random bits in URL-safe base64. Because it is random, one round of SHA-256 is enough to keep it
(no dictionary exists to attack); the key itself is shown once and never stored.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
import secrets
from typing import Any, Self

KEY_BYTES = 32
MAX_KEY_LENGTH = 256
"""Characters; a longer key is refused before it is hashed."""


def new_key() -> str:
    """A fresh device key: 43 URL-safe characters, 256 bits less a hair.

    It begins with a letter or digit: a leading dash would be taken for an option on command lines, and for a
    list in YAML.
    """
    while not (key := secrets.token_urlsafe(KEY_BYTES))[0].isalnum():
        pass
    return key


def hash_key(key: str) -> str:
    """SHA-256 of a key as 64 lower-case hex digits."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


class KeyMatch(StrEnum):
    """Which key of a ring was presented."""

    NONE = "none"
    CURRENT = "current"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys that a device may present, as hashes.

    Attributes:
        current: Hash of the key that counts; None where the device is revoked or has none yet.
        previous: Hash of the key before a rotation, valid until the new key is first used or the grace ends.
        previous_until: End of that grace (UTC).
    """

    current: str | None = None
    previous: str | None = None
    previous_until: datetime | None = None

    @classmethod
    def of(cls, key: str) -> Self:
        """A ring that accepts one key."""
        return cls(current=hash_key(key))

    def match(self, key: str | None, now: datetime) -> KeyMatch:
        """Return which key was presented; a wrong one takes the same time whichever keys there are."""
        presented = hash_key(key) if key and len(key) <= MAX_KEY_LENGTH else ""
        if compare_digest(presented, self.current or _NO_HASH):
            return KeyMatch.CURRENT
        previous = compare_digest(presented, self.previous or _NO_HASH)
        if previous and self.previous_until is not None and now < self.previous_until:
            return KeyMatch.PREVIOUS
        return KeyMatch.NONE

    def rotated(self, new_hash: str, now: datetime, grace: timedelta) -> Self:
        """Return the ring after a rotation: the present key of the device stays valid for ``grace``.

        Where the previous key is still valid, the present one has not been used yet and is dropped.
        """
        if self.previous is not None and self.previous_until is not None and now < self.previous_until:
            return replace(self, current=new_hash, previous_until=now + grace)
        return replace(self, current=new_hash, previous=self.current, previous_until=now + grace)

    def settled(self) -> Self:
        """Return the ring after the new key was used: the old one is no longer valid."""
        return replace(self, previous=None, previous_until=None)

    def revoked(self) -> Self:
        """A ring that nothing opens."""
        return replace(self, current=None, previous=None, previous_until=None)

    def as_dict(self) -> dict[str, Any]:
        """For storage; holds hashes only."""
        until = self.previous_until
        return {
            "current": self.current,
            "previous": self.previous,
            "previous_until": until.isoformat() if until else None,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """From storage."""
        until = data.get("previous_until")
        return cls(
            current=data.get("current"),
            previous=data.get("previous"),
            previous_until=datetime.fromisoformat(until) if until else None,
        )


# No SHA-256 in hex has this form, so nothing ever equals it.
_NO_HASH = "-" * 64
EMPTY_RING = KeyRing()
"""What an unknown device is compared with, so that it costs the same time as a wrong key."""
