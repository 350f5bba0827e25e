"""Which attributes of a sensor hold price lists, by their names, however deep they are."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, timedelta
import json
import re
from typing import Any, Final

from .row_values import parse_clock, parse_time

_LISTS: Final = (
    "raw_today",
    "raw_tomorrow",
    "prices_today",
    "prices_tomorrow",
    "prices",
    "rates",
    "data",
    "today",
    "tomorrow",
    "forecast",
)
"""Attributes that take precedence over others."""
_OTHER_PRICES: Final = (
    "gas",
    "feed",
    "sell",
    "sold",
    "export",
    "production",
    "injection",
    "return",
    "excl",
    "yesterday",
    "last_day",
)
"""Words of attributes that hold no prices of bought electricity."""
_NO_PRICES: Final = (
    "co2",
    "carbon",
    "emission",
    "renewable",
    "intensity",
    "percent",
    "temperature",
    "solar",
    "wind",
    "consumption",
    "demand",
    "rank",
    "level",
)
_PRICE_NAMES: Final = ("price", "rate", "tariff", "cost")
_HOUR_NAME: Final = re.compile(r"price_(next_day_)?(\d\d)h(_d)?")
_MAX_TEXT: Final = 200_000
_DEPTH: Final = 3


def named_lists(attributes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the lists and mappings that may hold prices of bought electricity, the likeliest first."""
    return sorted(_lists(attributes, "", _DEPTH), key=lambda item: _precedence(item[0]))


def is_price_name(name: str) -> bool:
    """Return whether an attribute's name is that of prices."""
    return any(word in name.lower() for word in _PRICE_NAMES)


def day_named(name: str, today: date) -> date | None:
    """Return the day that an attribute's name means; None where it names none."""
    if "tomorrow" in name.lower():
        return today + timedelta(days=1)
    return today if "today" in name.lower() else None


def hourly_attributes(attributes: Mapping[str, Any], today: date) -> dict[date, list[Any]]:
    """Return the prices of attributes such as `price_07h`, by day; `price_02h_d` is the hour that the clock repeats."""
    found: dict[date, dict[tuple[int, bool], Any]] = {}
    for name, value in attributes.items():
        if (match := _HOUR_NAME.fullmatch(name)) is not None:
            day = today + timedelta(days=1 if match[1] else 0)
            found.setdefault(day, {})[(int(match[2]), match[3] is not None)] = value
    return {day: [hours[key] for key in sorted(hours)] for day, hours in found.items()}


def _lists(attributes: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, raw in attributes.items():
        name = f"{prefix}{key}"
        if _is_other(name):
            continue
        value = _decoded(raw)
        if isinstance(value, Mapping) and depth > 1 and _is_container(value):
            yield from _lists(value, f"{name}_", depth - 1)
        elif value is not None:
            yield name, value


def _decoded(value: Any) -> Any:
    """Return a list or mapping, also one that is written as JSON; None for anything else."""
    if isinstance(value, str):
        if value[:1] not in ("[", "{") or len(value) > _MAX_TEXT:
            return None
        try:
            value = json.loads(value)
        except ValueError, RecursionError:
            return None
    return value if isinstance(value, (Mapping, Sequence)) and not isinstance(value, (str, bytes)) else None


def _is_container(values: Mapping[str, Any]) -> bool:
    """Return whether a mapping holds lists of prices by name, and not prices by time."""
    return any(isinstance(value, (Mapping, Sequence)) and not isinstance(value, str) for value in values.values()) and (
        not any(parse_clock(key, is_hour=True) or _is_time(key) for key in values)
    )


def _is_time(key: object) -> bool:
    return parse_time(key, UTC) is not None


def _is_other(name: str) -> bool:
    text = name.lower()
    if any(word in text for word in _OTHER_PRICES):
        return True
    return any(word in text for word in _NO_PRICES) and not any(word in text for word in _PRICE_NAMES)


def _precedence(name: str) -> tuple[int, str]:
    return (_LISTS.index(name), "") if name in _LISTS else (len(_LISTS), name)
