"""A device that no table describes: its values as they come, without a unit, because none is known."""

from collections.abc import Iterable
import re
from typing import Any

from ..quantities import Quantity, Values
from .base import Family, Reading, Style

GENERIC_NAME = "generic"
# As many as a person would look through; the rest stays in diagnostics.
MAX_READINGS = 60
_SLUG = re.compile(r"[^a-z0-9]+")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Values first that people look for.
_INTERESTING = re.compile(r"soc|watt|pow|power|temp|vol|amp|cur|remain|freq|state|err", re.IGNORECASE)


def generic_key(raw_name: str) -> str:
    """Return an entity key for a wire name: `pd.wattsInSum` -> `raw_pd_watts_in_sum`."""
    return "raw_" + _SLUG.sub("_", _WORDS.sub("_", raw_name).lower()).strip("_")


def generic_family(product: str, values: Values) -> Family:
    """Return a family made of what the device reports: every plain value, the telling ones first."""
    names = sorted((name for name, value in values.items() if _is_plain(value)), key=_rank)
    return Family(
        name=GENERIC_NAME,
        model=product or "EcoFlow device",
        style=Style.MODULE,
        products=(),
        prefixes=(),
        readings=tuple(_readings(names)),
    )


def _readings(names: Iterable[str]) -> Iterable[Reading]:
    seen: set[str] = set()
    for name in names:
        key = generic_key(name)
        if key in seen:
            continue
        seen.add(key)
        if len(seen) > MAX_READINGS:
            return
        interesting = _INTERESTING.search(name) is not None
        yield Reading(key=key, source=name, quantity=Quantity.RAW, diagnostic=True, enabled=interesting)


def _is_plain(value: Any) -> bool:
    return isinstance(value, (int, float, bool)) or (isinstance(value, str) and len(value) <= 64)


def _rank(name: str) -> tuple[bool, str]:
    return (_INTERESTING.search(name) is None, name)
