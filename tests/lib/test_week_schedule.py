"""Week schedules: what may be written, and what it means at a time."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from lib.week_schedule import Mode, ScheduleError, WeekSchedule, parse_days, parse_mode, parse_slot, parse_target

ROME = ZoneInfo("Europe/Rome")
OFFICE = {"day": "Mon-Fri", "slots": ["06:30-09:30", "18:00-23:00"], "target": "22C", "mode": "Auto"}
NIGHT = {"day": "Fri", "slots": ["22:00-06:00"], "target": 18}


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon-Fri", {0, 1, 2, 3, 4}),
        ("Sat", {5}),
        ("Sat,Sun", {5, 6}),
        ("Fri-Mon", {4, 5, 6, 0}),
        ("Daily", set(range(7))),
        ("daily", set(range(7))),
        ("MONDAY - wednesday", {0, 1, 2}),
        ("mon, WED-thursday", {0, 2, 3}),
        ("Weekdays", {0, 1, 2, 3, 4}),
        ("weekend", {5, 6}),
        ("Tue-Tue", {1}),
        ("thurs", {3}),
    ],
)
def test_days(text: str, days: set[int]) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize(
    "text", ["", "  ", "Mo", "Mon-", "-Fri", "Mon-Wed-Fri", "Funday", "Mon,,Tue", 5, None, ["Mon"]]
)
def test_days_that_are_none(text: Any) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_days(text, "[0].day")
    assert caught.value.field == "[0].day"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("06:30-09:30", (390, 570)),
        ("22:00-06:00", (1320, 1800)),
        ("00:00-24:00", (0, 1440)),
        ("18:00-00:00", (1080, 1440)),
        (" 6:05 - 7:00 ", (365, 420)),
    ],
)
def test_slots(text: str, minutes: tuple[int, int]) -> None:
    slot = parse_slot(text)
    assert (slot.start, slot.end) == minutes


@pytest.mark.parametrize(
    "text", ["", "06:30", "6-7", "25:00-26:00", "06:60-07:00", "06:30-06:30", "24:00-06:00", 630, None]
)
def test_slots_that_are_none(text: Any) -> None:
    with pytest.raises(ScheduleError):
        parse_slot(text)


@pytest.mark.parametrize(
    ("value", "celsius"),
    [(22, 22), (21.5, 21.5), ("22", 22), ("22C", 22), ("22 °C", 22), ("71.6F", 22), ("71.6f", 22), (None, None)],
)
def test_targets(value: Any, celsius: float | None) -> None:
    assert parse_target(value) == (None if celsius is None else pytest.approx(celsius))


@pytest.mark.parametrize("value", ["warm", "22K", "", True, float("nan"), float("inf"), 101, -1, "300F", [22]])
def test_targets_that_are_none(value: Any) -> None:
    with pytest.raises(ScheduleError):
        parse_target(value)


def test_modes() -> None:
    assert [parse_mode(m) for m in ("Auto", "ECO", "manual", None)] == [Mode.AUTO, Mode.ECO, Mode.MANUAL, Mode.AUTO]
    with pytest.raises(ScheduleError):
        parse_mode("Party")


@pytest.mark.parametrize(
    ("raw", "field", "absent"),
    [
        ({}, "", False),
        ("Mon", "", False),
        ([1], "[0]", False),
        ([OFFICE, {"slots": []}], "[1].day", True),
        ([{"day": "Mon"}], "[0].slots", True),
        ([{"day": "Mon", "slots": "06:00-07:00"}], "[0].slots", False),
        ([OFFICE, {"day": "Mon", "slots": ["x"]}], "[1].slots[0]", False),
        ([{"day": "Mon", "slots": ["06:00-07:00"], "mode": 3}], "[0].mode", False),
        ([OFFICE] * 65, "", False),
        ([{"day": "Mon", "slots": ["06:00-07:00"] * 49}], "[0].slots", False),
    ],
)
def test_errors_name_the_field(raw: Any, field: str, *, absent: bool) -> None:
    with pytest.raises(ScheduleError) as caught:
        WeekSchedule.parse(raw)
    assert (caught.value.field, caught.value.absent) == (field, absent)


def test_what_was_written_is_kept() -> None:
    raw = [{**OFFICE, "note": "unknown fields too"}, NIGHT]
    assert list(WeekSchedule.parse(raw).raw) == raw


@pytest.mark.parametrize(
    ("when", "entry"),
    [
        ("2026-11-20T06:29:59", None),
        ("2026-11-20T06:30", 0),
        ("2026-11-20T09:30", None),
        ("2026-11-20T22:30", 1),  # Friday: both entries, the last one counts
        ("2026-11-21T05:59", 1),  # Saturday morning belongs to Friday's night
        ("2026-11-21T06:00", None),
        ("2026-11-22T05:00", None),
    ],
)
def test_which_entry_counts(when: str, entry: int | None) -> None:
    assert WeekSchedule.parse([OFFICE, NIGHT]).at(rome(when)) == entry


def test_an_entry_without_slots_is_never_active() -> None:
    schedule = WeekSchedule.parse([{"day": "Daily", "slots": []}])
    assert schedule.next_change(rome("2026-11-20T00:00")) is None


def test_next_change_is_the_next_boundary() -> None:
    schedule = WeekSchedule.parse([OFFICE, NIGHT])
    assert schedule.next_change(rome("2026-11-20T05:00")) == rome("2026-11-20T06:30")
    # 23:00 ends the evening slot, but Friday night counts since 22:00 already.
    assert schedule.next_change(rome("2026-11-20T22:30")) == rome("2026-11-21T06:00")
    assert schedule.next_change(rome("2026-11-21T06:00")) == rome("2026-11-23T06:30")


def test_a_whole_week_never_changes() -> None:
    schedule = WeekSchedule.parse([{"day": "Daily", "slots": ["00:00-24:00"]}])
    assert schedule.next_change(rome("2026-11-20T05:00")) is None


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        WeekSchedule.parse([OFFICE]).next_change(datetime(2026, 11, 20))  # noqa: DTZ001


def test_a_slot_in_the_hour_that_spring_skips_begins_after_it() -> None:
    schedule = WeekSchedule.parse([{"day": "Sun", "slots": ["02:30-05:00"]}])
    assert schedule.next_change(rome("2027-03-28T01:00")) == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


def test_a_slot_covers_the_repeated_hour_of_autumn_both_times() -> None:
    schedule = WeekSchedule.parse([{"day": "Sun", "slots": ["02:15-02:45"]}])
    periods = schedule.periods(rome("2026-10-25T00:00"), rome("2026-10-26T00:00"))
    assert [(p.start.isoformat(), p.end.isoformat()) for p in periods] == [
        ("2026-10-25T00:15:00+00:00", "2026-10-25T00:45:00+00:00"),
        ("2026-10-25T01:15:00+00:00", "2026-10-25T01:45:00+00:00"),
    ]


def test_periods_of_a_day() -> None:
    schedule = WeekSchedule.parse([OFFICE, NIGHT])
    periods = schedule.periods(rome("2026-11-20T00:00"), rome("2026-11-21T12:00"))
    assert [(p.start, p.end, p.entry) for p in periods] == [
        (rome("2026-11-20T06:30"), rome("2026-11-20T09:30"), 0),
        (rome("2026-11-20T18:00"), rome("2026-11-20T22:00"), 0),
        (rome("2026-11-20T22:00"), rome("2026-11-21T06:00"), 1),
    ]


days = st.sampled_from(["Mon", "Tue-Thu", "Fri-Mon", "Daily", "Sat,Sun"])
clock = st.builds(lambda m: f"{m // 60:02}:{m % 60:02}", st.integers(0, 1439))
slot = st.tuples(clock, clock).filter(lambda pair: pair[0] != pair[1]).map("-".join)
entry = st.fixed_dictionaries({"day": days, "slots": st.lists(slot, max_size=3), "target": st.integers(5, 25)})
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1), timezones=st.just(ROME))  # noqa: DTZ001


@given(st.lists(entry, max_size=3), moments)
def test_nothing_changes_before_the_next_change(raw: list[dict[str, Any]], now: datetime) -> None:
    """``next_change`` is the first moment at which ``at`` gives another answer."""
    schedule = WeekSchedule.parse(raw)
    now = now.astimezone(UTC).astimezone(ROME)
    here = schedule.at(now)
    change = schedule.next_change(now)
    if change is None:
        return
    assert schedule.at(change.astimezone(ROME)) != here
    for part in (0.1, 0.37, 0.5, 0.9, 0.999):
        between = (now.astimezone(UTC) + (change - now) * part).astimezone(ROME)
        assert schedule.at(between) == here
