# Generated from lib/local_week.py by scripts/build: edit that file, not this one.
"""Weeks as people write them: day names of four languages, dashes and points, turned into the form of week_schedule.

Devices and stored schedules have English day names only; forms and actions accept the local ones.
"""

from collections.abc import Mapping
import re
from typing import Any, Final

_ENGLISH: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NAMES: Final = (
    ("monday", "montag", "maanantai", "понедельник"),
    ("tuesday", "dienstag", "tiistai", "вторник"),
    ("wednesday", "mittwoch", "keskiviikko", "среда", "среду"),
    ("thursday", "donnerstag", "torstai", "четверг"),
    ("friday", "freitag", "perjantai", "пятница", "пятницу"),
    ("saturday", "samstag", "sonnabend", "lauantai", "суббота", "субботу"),
    ("sunday", "sonntag", "sunnuntai", "воскресенье"),
)
_SHORT: Final = (
    ("mo", "ma", "пн"),
    ("tu", "di", "ti", "вт"),
    ("we", "mi", "ke", "ср"),
    ("th", "do", "to", "чт"),
    ("fr", "pe", "пт"),
    ("sa", "la", "сб"),
    ("su", "so", "вс"),
)
_GROUPS: Final = {
    "Daily": (
        *("daily", "every day", "everyday", "all", "täglich", "jeden tag", "alle tage", "joka päivä", "päivittäin"),
        *("ежедневно", "каждый день", "все дни"),
    ),
    "Mon-Fri": ("weekdays", "werktags", "wochentags", "arkisin", "arkipäivät", "arkipäivisin", "будни", "по будням"),
    "Sat-Sun": (
        *("weekend", "weekends", "wochenende", "am wochenende", "viikonloppu", "viikonloppuisin"),
        *("выходные", "по выходным"),
    ),
}
_WHOLE: Final = {word: english for english, words in _GROUPS.items() for word in words}
_RANGE: Final = re.compile(r"\s*(?:[-\u2010-\u2015\u2212]|\bbis\b|\bto\b(?=\s*\w)|\bпо\b)\s*")
_DASHES: Final = re.compile(r"\s*[-\u2010-\u2015\u2212]\s*")
_CLOCK: Final = re.compile(r"(\d{1,2})[.:](\d{2})")
_PREFIX: Final = 3


def english_days(text: Any) -> Any:
    """Return days with English names; what is not understood stays as it is, for the parser to refuse."""
    if not isinstance(text, str):
        return text
    return ",".join(_part(part) for part in re.split(r"[,;]", text))


def _part(part: str) -> str:
    word = part.strip().lower().rstrip(".")
    if (group := _WHOLE.get(word)) is not None:
        return group
    single = _day(word)
    if single is not None:
        return single
    days = [_day(name) for name in _RANGE.split(word)]
    return "-".join(map(str, days)) if len(days) == 2 and None not in days else part.strip()


def _day(word: str) -> str | None:
    word = word.strip().rstrip(".")
    for english, names, short in zip(_ENGLISH, _NAMES, _SHORT, strict=True):
        if word in short:
            return english
        # Plural forms: Mondays, montags, maanantaisin.
        if len(word) >= _PREFIX and any(name.startswith(word) or word in (f"{name}s", f"{name}sin") for name in names):
            return english
    return None


def english_slot(text: Any) -> Any:
    """Return a slot such as ``6.30-9.30`` (also with a dash) with a hyphen and colons."""
    if not isinstance(text, str):
        return text
    return _CLOCK.sub(lambda clock: f"{clock[1]:0>2}:{clock[2]}", _DASHES.sub("-", text.strip()))


def english_week(rows: Any) -> Any:
    """Return the rows of a schedule with English days and plain slots; all else stays as it is."""
    if not isinstance(rows, list | tuple):
        return rows
    return [_row(row) for row in rows]


def _row(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return row
    found = dict(row)
    if "day" in found:
        found["day"] = english_days(found["day"])
    if isinstance(slots := found.get("slots"), list | tuple):
        found["slots"] = [english_slot(slot) for slot in slots]
    return found
