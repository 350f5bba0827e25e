"""Series of entities from the recorder: states as long as they are kept, before that the long-term statistics."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
import math
from typing import Any, Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfEnergy, UnitOfPower, UnitOfTemperature
from homeassistant.core import HomeAssistant, State
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter, TemperatureConverter

from ..drivers.values import number
from ..inputs.weather import cloud_cover
from .quantity import Quantity

UNITS: Final[dict[str, str]] = {
    "temperature": UnitOfTemperature.CELSIUS,
    "power": UnitOfPower.WATT,
    "energy": UnitOfEnergy.KILO_WATT_HOUR,
}
HOUR_S: Final = 3600.0

type Found = dict[tuple[str, Quantity], list[tuple[float, float]]]


async def async_read(
    hass: HomeAssistant, wanted: Iterable[tuple[str, Quantity]], begin: datetime, end: datetime
) -> Found:
    """Return the samples of entities in a period, read in the recorder's own thread."""
    from homeassistant.components.recorder import get_instance

    wanted = tuple(wanted)
    if not wanted:
        return {}
    read = partial(_read, hass, wanted, begin, end)
    found: Found = await get_instance(hass).async_add_executor_job(read)
    return found


def _read(hass: HomeAssistant, wanted: tuple[tuple[str, Quantity], ...], begin: datetime, end: datetime) -> Found:
    from homeassistant.components.recorder.history import get_significant_states
    from homeassistant.components.recorder.statistics import statistics_during_period

    entity_ids = sorted({entity_id for entity_id, _ in wanted})
    states = get_significant_states(hass, begin, end, entity_ids, significant_changes_only=False)
    rows: Mapping[str, Any] = statistics_during_period(
        hass, begin, end, set(entity_ids), "hour", UNITS, {"mean", "sum", "state"}
    )
    found: Found = {}
    for entity_id, quantity in wanted:
        samples = [
            (max(state.last_updated_timestamp, begin.timestamp()), _value(hass, state, quantity))
            for state in states.get(entity_id, ())
            if isinstance(state, State)
        ]
        first = min((at for at, value in samples if math.isfinite(value)), default=end.timestamp())
        older = [sample for row in rows.get(entity_id, ()) for sample in _of_hour(row, quantity) if sample[0] < first]
        found[entity_id, quantity] = older + sorted(samples)
    return found


def _of_hour(row: Mapping[str, Any], quantity: Quantity) -> list[tuple[float, float]]:
    """Return what an hour's statistics report: a mean in the middle of the hour, a power from its start, a counter."""
    start = float(row["start"])
    match quantity:
        case Quantity.ENERGY:
            state = row.get("state")
            total = number(row.get("sum") if state is None else state)
            return [] if total is None else [(start + HOUR_S, total)]
        case Quantity.POWER:
            mean = number(row.get("mean"))
            return [] if mean is None else [(start, mean)]
        case Quantity.TEMPERATURE:
            mean = number(row.get("mean"))
            return [] if mean is None else [(start + HOUR_S / 2, mean)]
    return []


def _value(hass: HomeAssistant, state: State, quantity: Quantity) -> float:
    """Return the value of a state in the unit of that time; NaN without one."""
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    value = number(state.state)
    if quantity is Quantity.CLOUDS:
        known = state.state not in ("unavailable", "unknown")
        return cloud_cover(state.attributes.get("cloud_coverage"), state.state) if known else float("nan")
    if quantity is Quantity.TEMPERATURE:
        domain = state.entity_id.partition(".")[0]  # a state of the recorder has no domain
        if domain == "weather":
            value, unit = number(state.attributes.get("temperature")), state.attributes.get("temperature_unit")
        elif domain in ("climate", "water_heater"):
            value, unit = number(state.attributes.get("current_temperature")), hass.config.units.temperature_unit
        return _converted(value, unit, TemperatureConverter, UnitOfTemperature.CELSIUS)
    if quantity is Quantity.POWER:
        return _converted(value, unit, PowerConverter, UnitOfPower.WATT)
    return _converted(value, unit, EnergyConverter, UnitOfEnergy.KILO_WATT_HOUR)


def _converted(value: float | None, unit: Any, converter: Any, target: str) -> float:
    if value is None or unit not in converter.VALID_UNITS:
        return float("nan")
    return float(converter.convert(value, unit, target))
