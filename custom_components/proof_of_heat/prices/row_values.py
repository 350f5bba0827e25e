"""Times and prices as providers write them: datetimes, texts in several formats, clock times, POSIX times, "0,25 €"."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from email.utils import parsedate_to_datetime
import math
import re
from typing import Any, Final

from .._lib.money import UnknownUnitError, parse_price_unit
from ..drivers.values import number

_EPOCH_FROM_S: Final = 1_000_000_000
_EPOCH_FROM_MS: Final = 100_000_000_000
_UTC_NAME: Final = re.compile(r"\s*(?:UTC|GMT|Z)$", re.IGNORECASE)
_ZONE_NAME: Final = re.compile(r"\[[A-Za-z0-9_+\-/]+\]$")
"""After the offset: "2026-01-15T12:00+01:00[Europe/Berlin]"."""
_WEEKDAY: Final = re.compile(r"[A-Za-z]{3}, \d")
"""The start of an RFC 5322 date: "Thu, 15 Jan 2026 12:00:00 GMT"."""
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[.-](\d{1,2})[.-](\d{4})(.*)", re.DOTALL)
_DATE_ONLY: Final = re.compile(r"\d{4}[-/.]?\d{2}[-/.]?\d{2}|\d{1,2}[.-]\d{1,2}[.-]\d{4}")
_CLOCK: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::\d{2})?\s*h?(\s*[-\u2013].*)?", re.IGNORECASE)
_AMOUNT: Final = re.compile(
    r"(?P<before>[^\d.,+\-\u2212]*)(?P<amount>[+\-\u2212]?\d[\d.,]*)\s*(?P<after>\D.*)?", re.DOTALL
)
_LAST_HOUR: Final = 25


def parse_time(value: Any, zone: tzinfo, after: datetime | None = None) -> datetime | None:
    """Return a time in UTC: of a datetime, ISO text or POSIX time.

    A local time that the clock repeats is the later one if it follows `after`.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = _from_text(value.strip())
    if isinstance(value, (int, float)):
        return _from_epoch(float(value))
    if not isinstance(value, datetime):
        return None
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    # Times of one zone compare by local time, which repeats an hour in autumn: use UTC.
    first = value.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if after is not None and first <= after:
        return max(first, value.replace(tzinfo=zone, fold=1).astimezone(UTC))
    return first


def parse_day(value: Any) -> date | None:
    """Return the day of a value that is a date without a time; None for anything else."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _DATE_ONLY.fullmatch(value.strip()) is None:
        return None
    found = _from_text(value.strip())
    return found.date() if isinstance(found, datetime) else None


def parse_clock(value: Any, *, is_hour: bool) -> tuple[int, int] | None:
    """Return hour (up to 25) and minute of "13:00", "13-14" or "13:00 - 14:00"; with `is_hour` also of 13 and "13"."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (int, str)) and (match := _CLOCK.fullmatch(str(value).strip())) is not None:
        hour, minute = int(match[1]), int(match[2] or 0)
        is_clock = match[2] is not None or match[3] is not None or is_hour
        return (hour, minute) if is_clock and hour <= _LAST_HOUR and minute < 60 else None
    return None


def local_time(day: date, clock: tuple[int, int], zone: tzinfo, after: datetime | None = None) -> datetime:
    """Return a clock time of a local day in UTC; hour 24 is midnight at its end."""
    local = datetime.combine(day, time()) + timedelta(hours=clock[0], minutes=clock[1])
    found = parse_time(local, zone, after)
    assert found is not None
    return found


def price_number(value: Any) -> tuple[float | None, float | None]:
    """Return a price, and its factor to money per kWh where its text names a unit: "0,25", "25.3 ct/kWh"."""
    if (plain := number(value)) is not None or not isinstance(value, str):
        return plain, None
    match = _AMOUNT.fullmatch(value.strip())
    if match is None:
        return None, None
    amount = number(_decimal(match["amount"]))
    unit = f"{match['before'].strip()}{(match['after'] or '').strip()}"
    if amount is None or not unit:
        return amount, None
    try:
        return amount, parse_price_unit(unit).factor
    except UnknownUnitError:
        return None, None


def _decimal(text: str) -> str:
    """Return a number with a decimal point: of "0,25", "1.234,5" and "1,234.5"."""
    text = text.replace("\u2212", "-")
    if "," in text and "." in text:
        thousands = "." if text.rindex(",") > text.rindex(".") else ","
        text = text.replace(thousands, "")
    return text.replace(",", ".")


def _from_text(text: str) -> datetime | float | None:
    if text.isdigit() and len(text) >= len(str(_EPOCH_FROM_S)):
        return float(text)
    text = _ZONE_NAME.sub("", text)
    if (match := _DAY_FIRST.fullmatch(text)) is not None:  # 28.11.2026 13:00
        text = f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}{match[4]}"
    elif text[4:5] == "/":
        text = text.replace("/", "-")
    try:
        if _WEEKDAY.match(text) is not None:
            return parsedate_to_datetime(text)
        return datetime.fromisoformat(_UTC_NAME.sub("+00:00", text) if ":" in text else text)
    except ValueError:
        return None


def _from_epoch(value: float) -> datetime | None:
    if not math.isfinite(value) or value < _EPOCH_FROM_S:
        return None
    seconds = value / 1000 if value >= _EPOCH_FROM_MS else value
    return datetime.fromtimestamp(seconds, UTC) if seconds < _EPOCH_FROM_MS else None
