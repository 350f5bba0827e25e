"""Cohorts: a stable and fair order of devices, by the rank of a hash.

Each device has a fixed rank in a salted order. The first `k` of N devices are selected, at least one: a threshold
on the hash would select no device in 59 % of home-sized fleets (5 devices, 10 %). A larger percentage only adds
devices. Different salts give independent orders, so that the same device is not always updated
first.
"""

from collections.abc import Iterable
import hashlib
import math


def rank_hash(salt: str, uid: str) -> bytes:
    """Return the sort key of a device."""
    return hashlib.sha256(f"{salt}:{uid}".encode()).digest()


def rank_devices(salt: str, uids: Iterable[str]) -> list[str]:
    """Return the devices in the order of the salt."""
    return sorted(uids, key=lambda uid: rank_hash(salt, uid))


def cohort_size(percent: float, total: int) -> int:
    """Return how many of `total` devices a percentage selects: at least one, rounded up; 0 of 0."""
    if total <= 0 or percent <= 0:
        return 0
    # Rounded first: 7 % of 100 is 7.000000000000001 in binary.
    return min(total, max(1, math.ceil(round(percent * total / 100, 9))))


def arm_index(salt: str, uid: str, shares: Iterable[float]) -> int:
    """Return the arm of a device by its own hash, so that no device changes its arm."""
    shares = list(shares)
    point = int.from_bytes(rank_hash(salt + "/arm", uid)[:8]) / 2**64 * sum(shares)
    for index, share in enumerate(shares[:-1]):
        point -= share
        if point < 0:
            return index
    return len(shares) - 1
