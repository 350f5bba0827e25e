"""A week schedule as a calendar: seen and edited, the rest untouched."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.iot_heating._lib.week_schedule import WeekSchedule, parse_days
from custom_components.iot_heating.protocol.schedule_events import (
    ScheduleEditError,
    add_slot,
    change_slot,
    entry_rrule,
    event_summary,
    format_days,
    format_slot,
    occurrences,
    parse_rrule,
    parse_summary,
    remove_slot,
)

ROME = ZoneInfo("Europe/Rome")
RAW: list[dict[str, Any]] = [
    {"day": "mon-FRI", "slots": ["06:30-09:30", "22:00-02:00"], "target": "71.6F", "mode": "eco", "note": [1]},
    {"day": "Sat", "slots": ["08:00-24:00"], "target": 21},
    {"day": "Sun", "slots": []},
]
WEEK = WeekSchedule.parse(RAW)


def local(day: int, hour: int = 0, minute: int = 0, month: int = 1) -> datetime:
    """5 January 2026 is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=ROME)


def test_slots_occur_on_their_days() -> None:
    found = [(o.entry, o.slot, o.start, o.end) for o in occurrences(WEEK, local(9), local(12), ROME)]
    assert found == [
        (0, 1, local(8, 22), local(9, 2)),
        (0, 0, local(9, 6, 30), local(9, 9, 30)),
        (0, 1, local(9, 22), local(10, 2)),
        (1, 0, local(10, 8), local(11)),
    ]


def test_a_slot_that_spring_skips_begins_when_the_hour_is_over() -> None:
    week = WeekSchedule.parse([{"day": "Sun", "slots": ["02:15-04:00", "02:10-02:50"]}])
    found = list(occurrences(week, local(29, month=3), local(30, month=3), ROME))
    assert [(o.slot, o.start.astimezone(UTC), o.end.astimezone(UTC)) for o in found] == [
        (0, datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC))
    ]


@given(st.integers(0, 6), st.integers(0, 23), st.integers(1, 1500))
def test_what_occurs_is_what_counts(weekday: int, hour: int, minutes: int) -> None:
    """The calendar's occurrences agree with the schedule's own evaluation."""
    end = (hour * 60 + minutes) % 1440
    if minutes >= 1440 or end == hour * 60:
        return
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[weekday]
    week = WeekSchedule.parse([{"day": day, "slots": [f"{hour:02}:00-{end // 60:02}:{end % 60:02}"]}])
    (one, *_) = occurrences(week, local(5), local(13), ROME)
    inside = one.start + (one.end - one.start) / 2
    assert week.at(inside) == 0
    assert week.at(one.end) is None
    assert week.at(one.start - timedelta(minutes=1)) is None


@pytest.mark.parametrize(
    ("entry", "text"),
    [(0, "22 °C Eco"), (1, "21 °C Auto"), (2, "Auto")],
)
def test_an_event_is_called_by_target_and_mode(entry: int, text: str) -> None:
    assert event_summary(WEEK.entries[entry]) == text


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("22 °C Eco", {"target": "22C", "mode": "Eco"}),
        ("21,5", {"target": "21.5C", "mode": "Auto"}),
        ("70F manual", {"target": "70F", "mode": "Manual"}),
        ("eco", {"mode": "Eco"}),
        ("", {"mode": "Auto"}),
        ("20C · Auto", {"target": "20C", "mode": "Auto"}),
    ],
)
def test_a_summary_is_read(text: str, settings: dict[str, Any]) -> None:
    assert parse_summary(text) == settings


@pytest.mark.parametrize("text", ["warm", "22 °C turbo", "999C", "22 23", "22 °C Eco please"])
def test_a_summary_without_target_and_mode_is_rejected(text: str) -> None:
    with pytest.raises(ScheduleEditError) as caught:
        parse_summary(text)
    assert caught.value.key == "summary_invalid"


@pytest.mark.parametrize(
    ("rrule", "days"),
    [
        (None, "Mon"),
        ("FREQ=DAILY", "Daily"),
        ("FREQ=WEEKLY", "Mon"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Mon-Fri"),
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=SA,SU;WKST=MO", "Sat,Sun"),
        ("freq=weekly;byday=mo,we,th,fr", "Mon,Wed-Fri"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "Daily"),
    ],
)
def test_repetitions_become_days(rrule: str | None, days: str) -> None:
    assert parse_rrule(rrule, date(2026, 1, 5)) == days


@pytest.mark.parametrize(
    "rrule",
    [
        "FREQ=MONTHLY",
        "FREQ=WEEKLY;INTERVAL=2",
        "FREQ=DAILY;COUNT=5",
        "FREQ=WEEKLY;UNTIL=20270101",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=YEARLY;BYMONTH=1",
        "nonsense",
    ],
)
def test_what_is_not_every_week_is_refused(rrule: str) -> None:
    with pytest.raises(ScheduleEditError) as caught:
        parse_rrule(rrule, date(2026, 1, 5))
    assert caught.value.key == "repeat_unsupported"


@given(st.sets(st.integers(0, 6), min_size=1))
def test_days_are_written_so_that_they_are_read_back(numbers: set[int]) -> None:
    assert parse_days(format_days(numbers)) == numbers


def test_an_entrys_repetition_is_read_back() -> None:
    assert parse_rrule(entry_rrule(WEEK.entries[0]), date(2026, 1, 5)) == "Mon-Fri"


@pytest.mark.parametrize(
    ("start", "end", "slot"),
    [
        (local(5, 6, 30), local(5, 9, 30), "06:30-09:30"),
        (local(5, 22), local(6, 2), "22:00-02:00"),
        (local(5, 8), local(6), "08:00-24:00"),
        (local(5), local(6), "00:00-24:00"),
        (date(2026, 1, 5), date(2026, 1, 6), "00:00-24:00"),
        (date(2026, 1, 5), date(2026, 1, 5), "00:00-24:00"),
    ],
)
def test_times_become_a_slot(start: date, end: date, slot: str) -> None:
    assert format_slot(start, end) == slot


@pytest.mark.parametrize(
    ("start", "end"),
    [(local(5), local(6, 1)), (local(5, 8), local(6, 8)), (date(2026, 1, 5), date(2026, 1, 7))],
)
def test_more_than_a_day_is_refused(start: date, end: date) -> None:
    with pytest.raises(ScheduleEditError) as caught:
        format_slot(start, end)
    assert caught.value.key == "too_long"


def test_a_new_slot_is_an_entry_at_the_end_where_it_counts() -> None:
    made = add_slot(WEEK, "Sun", "10:00-12:00", {"target": "23C", "mode": "Auto"})
    assert made == [*RAW, {"day": "Sun", "slots": ["10:00-12:00"], "target": "23C", "mode": "Auto"}]


def test_a_slot_less_leaves_the_rest_as_it_was_written() -> None:
    assert remove_slot(WEEK, 0, 0) == [{**RAW[0], "slots": ["22:00-02:00"]}, RAW[1], RAW[2]]
    assert remove_slot(WEEK, 1, 0) == [RAW[0], RAW[2]]


@pytest.mark.parametrize(("entry", "slot"), [(0, 2), (2, 0), (9, 0)])
def test_a_removed_slot_cannot_be_edited(entry: int, slot: int) -> None:
    for edit in (
        lambda: remove_slot(WEEK, entry, slot),
        lambda: change_slot(WEEK, (entry, slot), "Mon", "06:00-07:00", {"mode": "Auto"}),
    ):
        with pytest.raises(ScheduleEditError) as caught:
            edit()
        assert caught.value.key == "slot_not_found"


def test_saving_an_event_as_it_is_changes_nothing() -> None:
    assert change_slot(WEEK, (0, 0), "Mon-Fri", "06:30-09:30", {"target": "22C", "mode": "Eco"}) == RAW


def test_another_time_stays_in_its_entry() -> None:
    made = change_slot(WEEK, (0, 1), "Mon-Fri", "21:00-23:00", {"target": "22C", "mode": "Eco"})
    assert made == [{**RAW[0], "slots": ["06:30-09:30", "21:00-23:00"]}, RAW[1], RAW[2]]


def test_another_target_leaves_the_entry_that_it_no_longer_fits() -> None:
    made = change_slot(WEEK, (0, 1), "Mon-Fri", "22:00-02:00", {"target": "19C", "mode": "Eco"})
    assert made[:2] == [
        {**RAW[0], "slots": ["06:30-09:30"]},
        {"day": "mon-FRI", "slots": ["22:00-02:00"], "target": "19C", "mode": "eco", "note": [1]},
    ]
    assert made[2:] == RAW[1:]


def test_the_only_slot_of_an_entry_changes_the_entry() -> None:
    made = change_slot(WEEK, (1, 0), "Sat,Sun", "09:00-24:00", {"mode": "Manual"})
    assert made[1] == {"day": "Sat,Sun", "slots": ["09:00-24:00"], "mode": "Manual"}


def test_days_run_on() -> None:
    starts = [o.start for o in occurrences(WEEK, local(5), local(25), ROME)]
    assert all(a <= b for a, b in pairwise(sorted(starts)))
    assert len(starts) == 15 * 2 + 3 + 1 - 1
