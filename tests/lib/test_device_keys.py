"""Keys of devices: kept as hashes, compared whole, rotated without a gap."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
import hashlib

from hypothesis import given, strategies as st
import pytest

from lib.device_keys import EMPTY_RING, MAX_KEY_LENGTH, KeyMatch, KeyRing, hash_key, new_key

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
GRACE = timedelta(days=7)
OLD, NEW = "old-key-of-the-device", "new-key-of-the-device"
ROTATED = KeyRing.of(OLD).rotated(hash_key(NEW), NOW, GRACE)


def test_a_key_has_256_bits_and_fits_a_header_and_a_query() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) == 43 and key.replace("-", "").replace("_", "").isalnum() and key.isascii() for key in keys)


def test_a_key_is_kept_as_its_sha_256() -> None:
    assert hash_key("abc") == hashlib.sha256(b"abc").hexdigest()
    assert OLD not in str(KeyRing.of(OLD).as_dict())


@pytest.mark.parametrize(
    "presented", [None, "", OLD[:-1], OLD + "x", OLD.upper(), " " + OLD, "\ud800", "x" * (MAX_KEY_LENGTH + 1)]
)
def test_only_the_whole_key_opens(presented: str | None) -> None:
    assert KeyRing.of(OLD).match(presented, NOW) is KeyMatch.NONE
    assert KeyRing.of(OLD).match(OLD, NOW) is KeyMatch.CURRENT


def test_the_hash_itself_is_not_a_key() -> None:
    assert KeyRing.of(OLD).match(hash_key(OLD), NOW) is KeyMatch.NONE


def test_a_very_long_key_is_refused_even_if_it_were_right() -> None:
    long = "x" * (MAX_KEY_LENGTH + 1)
    assert KeyRing.of(long).match(long, NOW) is KeyMatch.NONE


@pytest.mark.parametrize(
    ("ring", "at", "old", "new"),
    [
        (ROTATED, NOW, KeyMatch.PREVIOUS, KeyMatch.CURRENT),
        (ROTATED, NOW + GRACE - timedelta(seconds=1), KeyMatch.PREVIOUS, KeyMatch.CURRENT),
        (ROTATED, NOW + GRACE, KeyMatch.NONE, KeyMatch.CURRENT),
        (ROTATED.settled(), NOW, KeyMatch.NONE, KeyMatch.CURRENT),
        (ROTATED.revoked(), NOW, KeyMatch.NONE, KeyMatch.NONE),
        (EMPTY_RING, NOW, KeyMatch.NONE, KeyMatch.NONE),
    ],
    ids=["rotated", "end of grace", "after grace", "settled", "revoked", "empty"],
)
def test_which_key_opens_when(ring: KeyRing, at: datetime, old: KeyMatch, new: KeyMatch) -> None:
    assert (ring.match(OLD, at), ring.match(NEW, at)) == (old, new)


def test_a_second_rotation_ends_the_key_that_was_never_used() -> None:
    later = NOW + GRACE - timedelta(days=1)
    ring = ROTATED.rotated(hash_key("third"), later, GRACE)
    assert [ring.match(key, NOW + GRACE) for key in (OLD, NEW, "third")] == [
        KeyMatch.PREVIOUS,
        KeyMatch.NONE,
        KeyMatch.CURRENT,
    ]


@pytest.mark.parametrize(("ring", "at"), [(ROTATED.settled(), NOW), (ROTATED, NOW + GRACE)], ids=["used", "grace over"])
def test_a_rotation_after_the_new_key_was_used_or_the_grace_is_over_ends_the_first_key(
    ring: KeyRing, at: datetime
) -> None:
    ring = ring.rotated(hash_key("third"), at, GRACE)
    assert [ring.match(key, at) for key in (OLD, NEW, "third")] == [
        KeyMatch.NONE,
        KeyMatch.PREVIOUS,
        KeyMatch.CURRENT,
    ]


@pytest.mark.parametrize("ring", [EMPTY_RING, KeyRing.of(OLD), ROTATED, ROTATED.settled()])
def test_storage_gives_back_the_same_ring(ring: KeyRing) -> None:
    assert KeyRing.from_dict(ring.as_dict()) == ring
    assert set(ring.as_dict()) == {field.name for field in fields(KeyRing)}


@given(st.text(), st.text())
def test_no_two_texts_open_each_other(left: str, right: str) -> None:
    if left != right:
        assert KeyRing.of(left).match(right, NOW) is KeyMatch.NONE


def test_a_key_is_not_an_option_on_a_command_line() -> None:
    assert all(new_key()[0].isalnum() for _ in range(500))
