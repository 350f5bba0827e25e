"""Who comes first: a stable, fair choice by rank of hash.

Every device has a fixed rank in a salted order. The first `k` of N are chosen, at least one: where a
threshold on the hash would choose nobody in 59 % of home-sized fleets (5 devices, 10 %), the rank always
chooses somebody. Widening the percentage only adds. Different salts give independent orders, so that not the
same device is always the first victim.
"""

from collections.abc import Iterable
import hashlib
import math


def rank_hash(salt: str, uid: str) -> bytes:
    """What devices are ordered by."""
    return hashlib.sha256(f"{salt}:{uid}".encode()).digest()


def rank_devices(salt: str, uids: Iterable[str]) -> list[str]:
    """The devices in the salt's order."""
    return sorted(uids, key=lambda uid: rank_hash(salt, uid))


def cohort_size(percent: float, total: int) -> int:
    """How many of `total` a percentage means: at least one, rounded up; none of none."""
    if total <= 0 or percent <= 0:
        return 0
    # Rounded before: 7 % of 100 is 7.000000000000001 in binary.
    return min(total, max(1, math.ceil(round(percent * total / 100, 9))))


def arm_index(salt: str, uid: str, shares: Iterable[float]) -> int:
    """Which arm of a comparison a device belongs to, by its own hash: no device changes sides."""
    shares = list(shares)
    point = int.from_bytes(rank_hash(salt + "/arm", uid)[:8]) / 2**64 * sum(shares)
    for index, share in enumerate(shares[:-1]):
        point -= share
        if point < 0:
            return index
    return len(shares) - 1
