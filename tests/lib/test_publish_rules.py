"""When a value is worth a state: the pure rules."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf, nan

from hypothesis import given, strategies as st
import pytest

from lib.publish_rules import (
    ANY_CHANGE,
    DEFAULT_THRESHOLD,
    THRESHOLDS,
    UNSET,
    Pace,
    StatePart,
    Threshold,
    Track,
    is_significant,
    state_part,
    threshold_for,
    whole_value,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TEMPERATURE = Threshold(0.2)
CURRENT_MA = Threshold(50.0, 0.02)


@pytest.mark.parametrize(
    ("device_class", "unit", "expected"),
    [
        ("temperature", "°C", Threshold(0.2)),
        ("temperature", None, Threshold(0.2)),
        ("current", "mA", Threshold(50.0, 0.02)),
        ("current", "A", Threshold(0.05, 0.02)),
        ("humidity", "%", Threshold(1.0)),
        ("pressure", "hPa", Threshold(0.5)),
        ("pressure", "bar", Threshold(0.05)),
        ("timestamp", None, Threshold(300.0)),
        ("temperature", "furlong", DEFAULT_THRESHOLD),
        ("unknown class", "°C", DEFAULT_THRESHOLD),
        (None, "°C", DEFAULT_THRESHOLD),
    ],
)
def test_the_table_knows_the_quantity_in_its_unit(
    device_class: str | None, unit: str | None, expected: Threshold
) -> None:
    assert threshold_for(device_class, unit) == expected


def test_one_quantity_means_the_same_in_every_unit() -> None:
    assert THRESHOLDS["power"]["kW"] == Threshold(0.005, 0.02)
    assert THRESHOLDS["temperature"]["°F"].absolute == pytest.approx(0.36)


@pytest.mark.parametrize(
    ("old", "new", "threshold", "expected"),
    [
        (21.0, 21.2, TEMPERATURE, True),
        (21.0, 21.19, TEMPERATURE, False),
        (21.0, 20.8, TEMPERATURE, True),
        (21.0, 21.0, ANY_CHANGE, False),
        (0, 0.0001, ANY_CHANGE, True),
        # 50 mA or 2 %, whichever is larger
        (0, 49, CURRENT_MA, False),
        (0, 50, CURRENT_MA, True),
        (10_000, 10_150, CURRENT_MA, False),
        (10_000, 10_200, CURRENT_MA, True),
        # kinds other than numbers: any change
        (True, False, TEMPERATURE, True),
        (True, True, ANY_CHANGE, False),
        (1, True, TEMPERATURE, True),
        ("on", "off", TEMPERATURE, True),
        ("on", "on", ANY_CHANGE, False),
        (21.0, None, TEMPERATURE, True),
        (None, 21.0, TEMPERATURE, True),
        (None, None, TEMPERATURE, False),
        (UNSET, None, TEMPERATURE, True),
        ((20.0, "heat"), (20.0, "off"), ANY_CHANGE, True),
        # not a number
        (21.0, nan, TEMPERATURE, True),
        (nan, 21.0, TEMPERATURE, True),
        (nan, nan, TEMPERATURE, False),
        (inf, inf, TEMPERATURE, False),
        (-inf, inf, TEMPERATURE, True),
        # points in time
        (NOON, NOON + timedelta(seconds=30), Threshold(300.0), False),
        (NOON, NOON - timedelta(seconds=300), Threshold(300.0), True),
    ],
)
def test_significant(old: object, new: object, threshold: Threshold, expected: bool) -> None:
    assert is_significant(old, new, threshold) is expected


def written_track(
    value: object, at: float, threshold: Threshold = TEMPERATURE, state_of: StatePart | None = None
) -> Track:
    track = Track(threshold, Pace(), state_of)
    track.offer(value, at)
    track.mark_written(at)
    return track


def test_the_first_value_is_due_at_once() -> None:
    assert Track(TEMPERATURE, Pace()).offer(20.0, 100.0) <= 100.0


def test_a_significant_change_after_ten_quiet_seconds_is_due_at_once() -> None:
    assert written_track(20.0, 100.0).offer(21.0, 110.0) <= 110.0


def test_a_significant_change_within_ten_seconds_waits_for_their_end() -> None:
    track = written_track(20.0, 100.0)
    assert track.offer(21.0, 101.0) == 110.0
    assert track.offer(22.0, 109.9) == 110.0


def test_the_first_value_after_unknown_never_waits() -> None:
    assert written_track(None, 100.0).offer(20.0, 100.5) <= 100.5


def test_a_value_that_is_lost_waits_like_any_change_so_that_a_loose_contact_does_not_flood() -> None:
    track = written_track(None, 100.0)
    track.offer(20.0, 101.0)
    track.mark_written(101.0)
    assert track.offer(None, 102.0) == 111.0
    assert track.offer(20.0, 103.0) == inf


def test_an_unknown_that_stays_unknown_needs_no_write() -> None:
    assert written_track(None, 100.0).offer(None, 101.0) == inf


def test_a_small_change_is_due_five_minutes_after_the_last_write() -> None:
    assert written_track(20.0, 100.0).offer(20.1, 115.0) == 400.0


def test_small_steps_add_up() -> None:
    track = written_track(20.0, 100.0)
    assert track.offer(20.1, 115.0) == 400.0
    assert track.offer(20.2, 130.0) <= 130.0


def test_a_value_that_moved_back_needs_no_write() -> None:
    track = written_track(20.0, 100.0)
    track.offer(21.0, 101.0)
    assert track.offer(20.0, 102.0) == inf


def test_an_unchanged_value_is_confirmed_by_an_offer_after_five_minutes() -> None:
    track = written_track(20.0, 100.0)
    assert track.offer(20.0, 399.0) == inf
    assert track.offer(20.0, 400.0) <= 400.0


@pytest.mark.parametrize("available", [True, False])
def test_a_change_of_availability_never_waits(available: bool) -> None:
    track = Track(TEMPERATURE, Pace())
    track.offer(20.0, 100.0, available=not available)
    track.mark_written(100.0)
    assert track.offer(20.0, 100.1, available=available) <= 100.1


def test_values_of_an_unavailable_entity_are_not_written() -> None:
    track = written_track(20.0, 100.0)
    track.offer(None, 101.0, available=False)
    track.mark_written(101.0)
    assert track.offer(25.0, 150.0, available=False) == inf


@given(
    steps=st.lists(
        st.tuples(st.floats(0.01, 60.0), st.floats(-40, 60, allow_nan=False) | st.none()),
        min_size=1,
        max_size=80,
    )
)
def test_the_pace_holds_for_any_measurements_and_the_newest_value_wins(
    steps: list[tuple[float, object]],
) -> None:
    """Driven by its own due times, writes keep the pace and no change waits longer than five minutes."""
    track, now, writes, waiting_since = Track(TEMPERATURE, Pace()), 0.0, list[tuple[float, bool]](), inf
    due = inf
    for gap, value in steps:
        until = now + gap
        if due <= until:
            now = max(due, now)
            assert now - waiting_since <= 300.0 + 1e-6
            first = track.written is None  # the first value after unknown is the one write that is free
            track.mark_written(now)
            writes.append((now, first))
            assert track.written == track.offered or track.written is track.offered
            waiting_since = inf
        now = until
        due = track.offer(value, now)
        waiting_since = min(waiting_since, now) if due < inf else inf
    assert all(free or later - earlier >= 10.0 - 1e-6 for (earlier, _), (later, free) in pairwise(writes))


# States never wait


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (False, True),
        (True, False),
        (True, None),
        ("off", "on"),
        ("on", None),
        ((True, None, None), (None, None, None)),
        ((20.0, 21.0, "home", "heat"), (20.0, 21.0, "home", "off")),
        (("auto", (("pending", None),)), ("auto", (("pending", "on"),))),
    ],
)
def test_a_state_never_waits_for_the_pace(old: object, new: object) -> None:
    track = written_track(old, 100.0, ANY_CHANGE, state_part)
    assert track.offer(new, 100.1) <= 100.1


def test_on_and_off_never_wait_even_without_the_entity() -> None:
    assert written_track(False, 100.0).offer(True, 100.1) <= 100.1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((20.0, "heat"), (20.5, "heat")),
        (("1.0", True, 4), ("1.0", True, 5)),
        ((None, "heat"), (20.5, "heat")),
        (NOON, NOON + timedelta(hours=1)),
    ],
)
def test_measured_values_next_to_a_state_keep_the_pace(old: object, new: object) -> None:
    assert written_track(old, 100.0, ANY_CHANGE, state_part).offer(new, 101.0) == 110.0


def test_a_setting_never_waits() -> None:
    assert written_track((5000, None), 100.0, ANY_CHANGE, whole_value).offer((6000, None), 100.1) <= 100.1


def test_a_new_key_is_due_at_once_and_an_offer_without_one_leaves_it() -> None:
    track = Track(TEMPERATURE, Pace())
    track.offer(20.0, 100.0, key=False)
    track.mark_written(100.0)
    assert track.offer(20.1, 100.1, key=False) == 400.0
    assert track.offer(20.1, 100.2) == 400.0
    assert track.offer(20.1, 100.3, key=True) <= 100.3
    assert track.offer(20.1, 100.4, key=False) == 400.0


def test_a_key_of_an_unavailable_entity_is_not_written() -> None:
    track = written_track(20.0, 100.0)
    track.offer(None, 101.0, available=False, key=False)
    track.mark_written(101.0)
    assert track.offer(None, 102.0, available=False, key=True) == inf
    assert track.offer(20.0, 103.0, key=True) <= 103.0


@given(
    steps=st.lists(
        st.tuples(st.floats(0.01, 3.0), st.booleans() | st.none() | st.just("fault")), min_size=1, max_size=80
    )
)
def test_no_state_waits_longer_than_a_second_and_one_that_flaps_is_slowed_down(
    steps: list[tuple[float, object]],
) -> None:
    track, now, writes = Track(ANY_CHANGE, Pace(), state_part), 0.0, list[float]()
    due = inf
    for gap, value in steps:
        until = now + gap
        if due <= until:
            now = max(due, now)
            track.mark_written(now)
            writes.append(now)
        now = until
        due = track.offer(value, now)
        assert due == inf or due <= now + 1.0 + 1e-6
    # A state that follows "unknown" is free, as is each change that comes after a second without one.
    assert len(writes) <= 2 * (now + 11)
