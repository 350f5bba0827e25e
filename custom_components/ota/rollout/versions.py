"""Firmware versions: what they look like in the field, and which of two is newer.

Three grammars are read: semantic versions (`1.4.0-beta.2+b7`, with up to four numbers), Python's PEP 440
(`2026.11.0b2`, `1!1.0.post1.dev3+local`) and what `git describe` makes of a tag (`2.0.0-3-gabc1234-dirty`). A text
that fits both of the first two is compared by both. Where they disagree, or where two builds of the same version
have no order, the versions cannot be compared.
"""

from dataclasses import dataclass
from functools import lru_cache
import re
from typing import Final

from .errors import ReleaseError

MAX_LENGTH: Final = 31
"""The app descriptor has room for 31 characters and a zero."""
_NUMBERS: Final = r"\d{1,9}(?:\.\d{1,9}){0,3}"
_IDENTIFIERS: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_SEMVER: Final = re.compile(rf"({_NUMBERS})(?:-({_IDENTIFIERS}))?(?:\+({_IDENTIFIERS}))?", re.ASCII)
_DESCRIBE: Final = re.compile(r"(.+)-(\d{1,9})-g([0-9a-f]{1,40})", re.ASCII)
# A commit without the number of those since the tag: `1.2.3-gabc1234` is not a pre-release of 1.2.3.
_COMMIT: Final = re.compile(r"(.+)-g([0-9a-f]{7,40})", re.ASCII)
_UNKNOWN_COMMITS: Final = -1
# Which build of a version it is, as Tasmota writes it: 14.3.0(release-tasmota).
_VARIANT: Final = re.compile(r"\((?:release-)?([A-Za-z0-9_-]+)\)$")
_DIRTY: Final = re.compile(r"[-+.](?:dirty|modified|broken)$")
_PEP440: Final = re.compile(
    rf"""(?:(\d{{1,9}})!)?({_NUMBERS})
    (?:[-_.]?(alpha|a|beta|b|preview|pre|rc|c)[-_.]?(\d{{1,9}})?)?
    (?:[-_.]?(post|rev|r)[-_.]?(\d{{1,9}})?)?
    (?:[-_.]?(dev)[-_.]?(\d{{1,9}})?)?
    (?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_PRE_RANK: Final = {"alpha": 0, "a": 0, "beta": 1, "b": 1, "preview": 2, "pre": 2, "rc": 2, "c": 2}
_NO_PRE: Final = 3
_COUNT: Final = 4


type SemverKey = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]
"""Numbers, whether it is not a pre-release, identifiers of the pre-release."""
type Pep440Key = tuple[int, tuple[int, ...], tuple[int, int], int, tuple[int, int]]
"""Epoch, numbers, pre-release, post-release, development release."""
type VersionKey = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...], int]


@dataclass(frozen=True, slots=True)
class Version:
    """A parsed version; None for a grammar that it does not fit.

    Attributes:
        semver: Key by the rules of semantic versions.
        pep440: Key by the rules of PEP 440.
        commits: Number of commits since the tag; -1: unknown.
        commit: The beginning of the hash of the last commit.
        dirty: Built from changed files.
        build: Build metadata, which has no order.
    """

    semver: SemverKey | None = None
    pep440: Pep440Key | None = None
    commits: int = 0
    commit: str | None = None
    dirty: bool = False
    build: str | None = None


@lru_cache(maxsize=1024)
def parse_version(version: str) -> Version:
    """Parse a version.

    Raises:
        ReleaseError: `bad_version`, it fits none of the grammars or is too long.
    """
    found = _parse(version[1:] if version[:1] in ("v", "V") else version) if len(version) <= MAX_LENGTH else None
    if found is None:
        raise ReleaseError("bad_version", version=version[:64])
    return found


def _parse(text: str) -> Version | None:
    text = text.strip()
    variant = None if (found := _VARIANT.search(text)) is None else found[1].casefold()
    text = _VARIANT.sub("", text)
    clean = _DIRTY.sub("", text)
    commits, commit = 0, None
    if (described := _DESCRIBE.fullmatch(clean)) is not None:
        clean, commits, commit = described[1], int(described[2]), described[3]
    elif (described := _COMMIT.fullmatch(clean)) is not None:
        clean, commits, commit = described[1], _UNKNOWN_COMMITS, described[2]
    semver, build = _semver(clean)
    pep440, local = _pep440(clean)
    if semver is None and pep440 is None:
        return None
    return Version(
        semver,
        pep440,
        commits,
        commit,
        dirty=clean != text and bool(_DIRTY.search(text)),
        build=build or local or variant,
    )


def _semver(text: str) -> tuple[SemverKey | None, str | None]:
    match = _SEMVER.fullmatch(text)
    if match is None:
        return None, None
    identifiers = match[2].split(".") if match[2] else []
    parts = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in identifiers)
    return (_numbers(match[1]), not identifiers, parts), match[3]


def _pep440(text: str) -> tuple[Pep440Key | None, str | None]:
    match = _PEP440.fullmatch(text)
    if match is None:
        return None, None
    epoch, numbers, pre, pre_number, post, post_number, dev, dev_number, local = match.groups()
    if pre is not None:
        pre_key = (_PRE_RANK[pre.lower()], int(pre_number or 0))
    else:  # a development release of the version itself is before all of its pre-releases
        pre_key = (-1 if dev is not None and post is None else _NO_PRE, 0)
    post_key = int(post_number or 0) if post is not None else -1
    dev_key = (0, int(dev_number or 0)) if dev is not None else (1, 0)
    return (int(epoch or 0), _numbers(numbers), pre_key, post_key, dev_key), local


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in text.split("."))
    return numbers + (0,) * (_COUNT - len(numbers))


def compare(left: str, right: str) -> int | None:
    """Return 1 if `left` is newer than `right`, -1 if it is older, 0 if they are the same; None: not comparable."""
    if left == right:
        return 0
    try:
        a, b = parse_version(left), parse_version(right)
    except ReleaseError:
        return None
    orders: set[int] = set()
    if a.semver is not None and b.semver is not None:
        orders.add((a.semver > b.semver) - (a.semver < b.semver))
    if a.pep440 is not None and b.pep440 is not None:
        orders.add((a.pep440 > b.pep440) - (a.pep440 < b.pep440))
    if len(orders) != 1:
        return None
    (order,) = orders
    return order or _compare_builds(a, b)


def _compare_builds(a: Version, b: Version) -> int | None:
    """Compare builds of the same version: commits after a tag have an order, other differences have none."""
    if a.commits != b.commits:
        if _UNKNOWN_COMMITS in (a.commits, b.commits):
            return None
        return 1 if a.commits > b.commits else -1
    if a.dirty or b.dirty:
        return None
    if a.commit is not None and b.commit is not None and not _is_prefix(a.commit, b.commit):
        return None
    return 0 if a.build == b.build or a.build is None or b.build is None else None


def _is_prefix(left: str, right: str) -> bool:
    return left.startswith(right) or right.startswith(left)


def version_key(version: str) -> VersionKey:
    """Return a key that sorts versions for display; use `compare` to decide which one is newer.

    Raises:
        ReleaseError: `bad_version`.
    """
    found = parse_version(version)
    if found.semver is not None:
        numbers, is_final, parts = found.semver
        return numbers, is_final, parts, found.commits
    assert found.pep440 is not None
    _, numbers, pre, post, dev = found.pep440
    return numbers, pre[0] == _NO_PRE and dev[0] == 1, (), post


def is_newer(version: str, than: str) -> bool:
    """Return whether `version` is newer than `than`; False if they cannot be compared."""
    return compare(version, than) == 1


def is_identical(left: str, right: str) -> bool:
    """Return whether both are the same build of the same version."""
    if left == right:
        return True
    try:
        return parse_version(left) == parse_version(right)
    except ReleaseError:
        return False


def same_version(left: str | None, right: str | None) -> bool:
    """Return whether both are the same version: `v1.2` is `1.2.0`, and `1.2.0+b7` is a build of it."""
    return left is not None and right is not None and compare(left, right) == 0
