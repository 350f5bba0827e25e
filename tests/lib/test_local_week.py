"""Day names of four languages in forms; devices and stored schedules keep the English ones."""

import pytest

from lib.local_week import english_days, english_slot, english_week
from lib.week_schedule import WeekSchedule, parse_days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon-Fri", range(5)),
        ("Mo-Fr", range(5)),
        ("Mo.–Fr.", range(5)),
        ("Montag bis Freitag", range(5)),
        ("montags, Mi, samstags", (0, 2, 5)),
        ("Sonnabend;So", (5, 6)),
        ("Sa-So", (5, 6)),
        ("werktags", range(5)),
        ("Täglich", range(7)),
        ("ma–pe", range(5)),
        ("maanantaisin", (0,)),
        ("La-Su", (5, 6)),
        ("to", (3,)),
        ("ti-to", (1, 2, 3)),
        ("viikonloppuisin", (5, 6)),
        ("joka päivä", range(7)),
        ("пн-пт", range(5)),
        ("Пн — Пт", range(5)),
        ("суббота, воскресенье", (5, 6)),
        ("по будням", range(5)),
        ("каждый день", range(7)),
        ("понедельник по пятницу", range(5)),
        ("Monday to Friday", range(5)),
        ("Fri-Mon", (4, 5, 6, 0)),
        ("Su", (6,)),
    ],
)
def test_days_of_four_languages(text: str, days: tuple[int, ...]) -> None:
    assert parse_days(english_days(text)) == frozenset(days)


@pytest.mark.parametrize("text", ["Mon-Fri", "Sat,Sun", "Daily", "weekdays", "Mon,Wed-Fri"])
def test_english_days_keep_their_meaning(text: str) -> None:
    assert parse_days(english_days(text)) == parse_days(text)


@pytest.mark.parametrize("text", ["", "Nonday", "Mo-", "x-y", "mo-mi-fr", None, 5])
def test_what_is_not_understood_is_left_to_the_parser(text: object) -> None:
    assert english_days(text) == text


def test_every_name_is_one_day_only() -> None:
    from lib import local_week

    names = [name for day in local_week._NAMES for name in day]
    found = {name: english_days(name) for name in names}
    for number, day in enumerate(local_week._NAMES):
        assert {found[name] for name in day} == {local_week._ENGLISH[number]}
    short = [name for day in local_week._SHORT for name in day]
    assert len(short) == len(set(short))


@pytest.mark.parametrize("text", ["06:30-09:30", "6:30–9:30", "6.30-9.30", "6.30 — 9.30"])
def test_slots(text: str) -> None:
    week = english_week([{"day": "Mo-Fr", "slots": [text], "target": 21}])
    assert WeekSchedule.parse(week) == WeekSchedule.parse([{"day": "Mon-Fri", "slots": ["06:30-09:30"], "target": 21}])


def test_other_rows_are_left_to_the_parser() -> None:
    assert english_week("x") == "x"
    assert english_week([5, {"slots": "x"}]) == [5, {"slots": "x"}]
    assert english_slot(None) is None
