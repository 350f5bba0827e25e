"""Swiss dynamic tariffs in the format of the association of electricity companies (VSE): one reply for all companies.

Facts: the descriptions of the interfaces of EKZ (api.tariffs.ekz.ch/swagger), Groupe E and CKW. A row has the parts of
the price, each a list of values with units; `integrated` is the whole price. EKZ lists a monthly fee (`CHF_m`) before
the price by energy (`CHF_kWh`); its prices are without VAT. Without a name of the tariff, EKZ answers with a flat one.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..drivers.values import at, number_at, rows_at
from .row_values import parse_time
from .series import Slot

TARIFF_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{1,39}")
_ZURICH: Final = ZoneInfo("Europe/Zurich")
_UNIT: Final = "CHF_kWh"
_WHOLE: Final = "integrated"
_DAYS: Final = 2


def swiss_slots(reply: Any) -> list[Slot]:
    """Return the whole price per kWh of each row that has one."""
    slots = []
    for row in rows_at(reply, "prices"):
        start, end = parse_time(at(row, "start_timestamp"), _ZURICH), parse_time(at(row, "end_timestamp"), _ZURICH)
        values = [number_at(part, "value") for part in rows_at(row, _WHOLE) if at(part, "unit") == _UNIT]
        if start is None or end is None or end <= start or not values or None in values:
            continue
        slots.append(Slot(start, end, sum(value for value in values if value is not None)))
    return slots


def swiss_address(base: str, prefix: str = "") -> Callable[[str, date], tuple[str, ...]]:
    """Return what makes the address of today and tomorrow; `prefix` is put before the name of the tariff."""

    def addresses(tariff: str, today: date) -> tuple[str, ...]:
        begin, end = (_midnight(today + timedelta(days=days)) for days in (0, _DAYS))
        name = tariff if tariff.startswith(prefix) else f"{prefix}{tariff}"
        named = f"&tariff_name={name}" if tariff else ""
        return (f"{base}?start_timestamp={begin}&end_timestamp={end}&tariff_type={_WHOLE}{named}",)

    return addresses


def _midnight(day: date) -> str:
    local = datetime.combine(day, datetime.min.time(), _ZURICH)
    return f"{local.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
