"""Prices and schedules of the past, from the recorder: states as long as they are kept, then hourly statistics."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
import math
from typing import Any

from homeassistant.core import HomeAssistant, State

from .._lib.money import UnknownUnitError, is_plausible_price, parse_price_unit
from ..drivers.values import number
from ..prices.electricity_price import shown_price
from ..prices.units import SELECTABLE, unit_of
from .grid import Samples

type Named = Mapping[str, Samples]


async def async_read_prices(
    hass: HomeAssistant, entity_id: str, selected_unit: str | None, begin: datetime, end: datetime
) -> Samples:
    """Return what a price sensor has shown, in money per kWh; NaN where it had no price that can be meant."""
    from homeassistant.components.recorder import get_instance

    read = partial(_read_prices, hass, entity_id, selected_unit, begin, end)
    found: Samples = await get_instance(hass).async_add_executor_job(read)
    return found


async def async_read_switched(
    hass: HomeAssistant, entity_ids: Collection[str], begin: datetime, end: datetime
) -> Named:
    """Return when entities were on (1) and off (0), such as calendars; NaN while they were neither."""
    from homeassistant.components.recorder import get_instance

    if not entity_ids:
        return {}
    read = partial(_read_switched, hass, sorted(entity_ids), begin, end)
    found: Named = await get_instance(hass).async_add_executor_job(read)
    return found


def _states(hass: HomeAssistant, entity_ids: list[str], begin: datetime, end: datetime) -> dict[str, list[State]]:
    from homeassistant.components.recorder.history import get_significant_states

    found = get_significant_states(hass, begin, end, entity_ids, significant_changes_only=False)
    return {name: [state for state in found.get(name, ()) if isinstance(state, State)] for name in entity_ids}


def _read_prices(hass: HomeAssistant, entity_id: str, selected: str | None, begin: datetime, end: datetime) -> Samples:
    home, begin_s = hass.config.currency, begin.timestamp()
    samples = [
        (max(state.last_updated_timestamp, begin_s), _price(state, selected, home))
        for state in _states(hass, [entity_id], begin, end)[entity_id]
    ]
    first = min((at for at, value in samples if math.isfinite(value)), default=end.timestamp())
    older = [sample for sample in _hours(hass, entity_id, selected, begin, end) if sample[0] < first]
    return older + sorted(samples)


def _price(state: State, selected: str | None, home: str) -> float:
    """Return the price of a state in the unit of that time; NaN without one."""
    try:
        unit = unit_of(state, selected)
    except UnknownUnitError:
        return math.nan
    value = shown_price(state, unit.factor)
    if value is None or not is_plausible_price(value * unit.factor, unit.currency or home):
        return math.nan
    return value * unit.factor


def _hours(
    hass: HomeAssistant, entity_id: str, selected: str | None, begin: datetime, end: datetime
) -> list[tuple[float, float]]:
    """Return the mean price of each hour from its start on, from the statistics."""
    from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period

    rows: Mapping[str, Any] = statistics_during_period(hass, begin, end, {entity_id}, "hour", None, {"mean"})
    found = get_metadata(hass, statistic_ids={entity_id}).get(entity_id)
    unit = found[1].get("unit_of_measurement") if found is not None else None
    home = hass.config.currency
    if unit:
        try:
            parsed = parse_price_unit(str(unit))
        except UnknownUnitError:
            return []
        factor, currency = parsed.factor, parsed.currency or home
    elif selected in SELECTABLE:
        factor, currency = SELECTABLE[str(selected)], home
    else:
        return []
    hours = []
    for row in rows.get(entity_id, ()):
        mean = number(row.get("mean"))
        fits = mean is not None and is_plausible_price(mean * factor, currency)
        hours.append((float(row["start"]), mean * factor if mean is not None and fits else math.nan))
    return hours


def _read_switched(hass: HomeAssistant, entity_ids: list[str], begin: datetime, end: datetime) -> Named:
    value = {"on": 1.0, "off": 0.0}
    begin_s = begin.timestamp()
    return {
        name: sorted((max(state.last_updated_timestamp, begin_s), value.get(state.state, math.nan)) for state in states)
        for name, states in _states(hass, entity_ids, begin, end).items()
    }
