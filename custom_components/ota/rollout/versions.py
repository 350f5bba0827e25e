"""Firmware versions: dotted numbers, optionally with a pre-release (`1.4.0-beta.2`)."""

from functools import lru_cache
import re
from typing import Final

from .errors import ReleaseError

_VERSION: Final = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,3})(?:-([0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*))?")
MAX_LENGTH: Final = 31
"""The app descriptor has room for 31 characters and a zero."""

type VersionKey = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


@lru_cache(maxsize=1024)
def version_key(version: str) -> VersionKey:
    """Return the sort key of a version.

    Raises:
        ReleaseError: `bad_version`, it is not dotted numbers with an optional pre-release.
    """
    match = _VERSION.fullmatch(version) if len(version) <= MAX_LENGTH else None
    if match is None:
        raise ReleaseError("bad_version", version=version[:64])
    numbers = tuple(int(part) for part in match[1].split("."))
    numbers += (0,) * (4 - len(numbers))
    pre = match[2]
    parts = tuple((not p.isdigit(), int(p) if p.isdigit() else 0, p) for p in pre.split(".")) if pre else ()
    return numbers, pre is None, parts


def is_newer(version: str, than: str) -> bool:
    """Return whether `version` is newer than `than`; False if one of them is invalid."""
    try:
        return version_key(version) > version_key(than)
    except ReleaseError:
        return False


def same_version(left: str | None, right: str | None) -> bool:
    """Return whether both are the same version: `v1.2` is `1.2.0`."""
    if left is None or right is None:
        return False
    if left == right:
        return True
    try:
        return version_key(left) == version_key(right)
    except ReleaseError:
        return False
