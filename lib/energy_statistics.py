"""Correct the energy that Home Assistant's recorder counted, for the `correct_energy` actions of the integrations.

    async_register_correct_energy(hass, DOMAIN, power_keys, max_kw=12.0)      # the whole action, or its parts:
    statistics = registered_statistics(hass, DOMAIN, power_keys, max_kw=12.0)
    found = await async_find_jumps(hass, statistics, start, end)
    await async_adjust_statistics(hass, found)

The rows are read and checked (`statistics_repair`). Unless it is a dry run, the recorder itself adjusts sums, as in
the developer tools of Home Assistant. What a sensor shows is not changed by this.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import ATTR_DEVICE_ID, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
import probatio as vol

from .action_fields import date_time
from .statistics_repair import HOUR_S, EnergyHour, Jump, PowerHour, find_jumps, total_correction

SERVICE_CORRECT_ENERGY: Final = "correct_energy"
ATTR_DRY_RUN: Final = "dry_run"
ATTR_END: Final = "end"
ATTR_MAX_POWER: Final = "max_power"
ATTR_START: Final = "start"
CORRECT_ENERGY_FIELDS: Final[dict[Any, Any]] = {
    vol.Optional(ATTR_START): date_time,
    vol.Optional(ATTR_END): date_time,
    vol.Optional(ATTR_MAX_POWER): vol.All(vol.Coerce(float), vol.Range(min=1, max=10_000_000)),
    vol.Optional(ATTR_DRY_RUN, default=True): cv.boolean,
}
"""The fields that all `correct_energy` actions have. `max_power` is in W."""

type PowerKeys = Mapping[str, tuple[str, bool]]
"""The end of an energy sensor's unique ID -> that of the sensor of its power; whether it counts its negative values."""

_UNITS: Final = {"energy": UnitOfEnergy.KILO_WATT_HOUR, "power": UnitOfPower.WATT}
_FINE_STEP: Final = timedelta(minutes=5)
_OLDEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_DAYS: Final = timedelta(days=1)
_EQUAL_KWH: Final = 1e-6


@dataclass(frozen=True, slots=True)
class EnergyStatistic:
    """An energy sensor whose statistic can be corrected.

    Attributes:
        entity_id: The sensor, which is also the ID of its statistic.
        max_kw: The most that can flow.
        power_id: The sensor of the power that belongs to it.
        power_reversed: The energy counts while that power is negative.
        cost_id: The sensor of the cost of this energy; its sum is corrected in the same proportion.
    """

    entity_id: str
    max_kw: float
    power_id: str | None = None
    power_reversed: bool = False
    cost_id: str | None = None


@dataclass(frozen=True, slots=True)
class FoundJumps:
    """What is wrong in a statistic. `costs`: the correction of the cost at each jump."""

    statistic: EnergyStatistic
    jumps: list[Jump]
    costs: list[float]

    def as_dict(self) -> dict[str, Any]:
        """Return the form in an action's response."""
        return {
            "entity_id": self.statistic.entity_id,
            "correction_kwh": round(total_correction(self.jumps), 4),
            "hours": [
                {
                    "start": datetime.fromtimestamp(jump.at, UTC).isoformat(),
                    "counted_kwh": round(jump.counted_kwh, 4),
                    "energy_kwh": round(jump.energy_kwh, 4),
                    "contradicted_by": jump.contradicted_by.value,
                    "taken_from": None if jump.taken_from is None else jump.taken_from.value,
                    **({"correction_cost": round(cost, 4)} if self.statistic.cost_id is not None else {}),
                }
                for jump, cost in zip(self.jumps, self.costs, strict=True)
            ],
        }


@callback
def async_register_correct_energy(hass: HomeAssistant, domain: str, power_keys: PowerKeys, *, max_kw: float) -> None:
    """Register the action that corrects the statistics of an integration's energy sensors; for administrators."""

    async def handle(call: ServiceCall) -> ServiceResponse:
        start, end, limit_kw = correction_range(call, domain, max_kw)
        _check_devices(hass, domain, call.data.get(ATTR_DEVICE_ID, ()))
        statistics = registered_statistics(
            hass, domain, power_keys, max_kw=limit_kw, device_ids=call.data.get(ATTR_DEVICE_ID, ())
        )
        found = await async_find_jumps(hass, statistics, start, end)
        if not call.data[ATTR_DRY_RUN]:
            await async_adjust_statistics(hass, found)
        return {ATTR_DRY_RUN: call.data[ATTR_DRY_RUN], "statistics": [each.as_dict() for each in found]}

    schema = vol.Schema({vol.Optional(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string]), **CORRECT_ENERGY_FIELDS})
    async_register_admin_service(
        hass, domain, SERVICE_CORRECT_ENERGY, handle, schema, supports_response=SupportsResponse.ONLY
    )


@callback
def _check_devices(hass: HomeAssistant, domain: str, device_ids: Iterable[str]) -> None:
    """Check that the devices exist and belong to the integration.

    Raises:
        ServiceValidationError: One does not.
    """
    registry = dr.async_get(hass)
    entries = {entry.entry_id for entry in hass.config_entries.async_entries(domain)}
    for device_id in device_ids:
        device = registry.async_get(device_id)
        if device is None or device.config_entry_id not in entries:
            raise ServiceValidationError(
                translation_domain=domain,
                translation_key="unknown_device",
                translation_placeholders={"device_id": device_id},
            )


@callback
def correction_range(call: ServiceCall, domain: str, max_kw: float) -> tuple[datetime | None, datetime | None, float]:
    """Return start, end and the most that can flow in kW, as the fields of an action give them.

    Raises:
        ServiceValidationError: The range is empty, or Home Assistant records nothing.
    """
    if not is_recording(call.hass):
        raise ServiceValidationError(translation_domain=domain, translation_key="no_recorder")
    start, end = (
        None if (local := call.data.get(name)) is None else dt_util.as_utc(local) for name in (ATTR_START, ATTR_END)
    )
    if start is not None and end is not None and start >= end:
        raise ServiceValidationError(translation_domain=domain, translation_key="empty_range")
    return start, end, call.data[ATTR_MAX_POWER] / 1000 if ATTR_MAX_POWER in call.data else max_kw


@callback
def is_recording(hass: HomeAssistant) -> bool:
    """Whether there are statistics at all."""
    return "recorder" in hass.config.components


@callback
def registered_statistics(
    hass: HomeAssistant,
    domain: str,
    power_keys: PowerKeys,
    *,
    max_kw: float,
    device_ids: Iterable[str] = (),
) -> list[EnergyStatistic]:
    """Return the energy sensors of an integration, or of some of its devices.

    Args:
        hass: Home Assistant.
        domain: The integration.
        power_keys: Which power belongs to which energy.
        max_kw: The most that can flow in any of them.
        device_ids: All devices if empty.
    """
    registry = er.async_get(hass)
    wanted = set(device_ids)
    found: list[EnergyStatistic] = []
    for entry in registry.entities.values():
        is_energy = entry.original_device_class == SensorDeviceClass.ENERGY and entry.domain == "sensor"
        if entry.platform != domain or not is_energy or (wanted and entry.device_id not in wanted):
            continue
        key = max((key for key in power_keys if entry.unique_id.endswith(f"_{key}")), key=len, default=None)
        if key is None:
            found.append(EnergyStatistic(entry.entity_id, max_kw))
            continue
        power_key, is_reversed = power_keys[key]
        power_id = registry.async_get_entity_id("sensor", domain, f"{entry.unique_id.removesuffix(key)}{power_key}")
        found.append(EnergyStatistic(entry.entity_id, max_kw, power_id, is_reversed))
    return found


async def async_find_jumps(
    hass: HomeAssistant,
    statistics: Iterable[EnergyStatistic],
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    powers: Mapping[float, PowerHour] | None = None,
) -> list[FoundJumps]:
    """Return what is wrong in statistics.

    `powers` are known from elsewhere, by start of the hour; they take precedence over those of power sensors.
    """
    return await get_instance(hass).async_add_executor_job(_find, hass, list(statistics), start, end, powers or {})


async def async_adjust_statistics(hass: HomeAssistant, found: Iterable[FoundJumps]) -> None:
    """Correct what was found."""
    for each in found:
        await _async_adjust(hass, each)
    await get_instance(hass).async_block_till_done()


def _find(
    hass: HomeAssistant,
    statistics: list[EnergyStatistic],
    start: datetime | None,
    end: datetime | None,
    powers: Mapping[float, PowerHour],
) -> list[FoundJumps]:
    found = []
    for statistic in statistics:
        jumps = find_jumps(
            [EnergyHour(row["start"], row["sum"], row.get("state")) for row in _energy_rows(hass, statistic.entity_id)],
            max_kw=statistic.max_kw,
            powers={**_powers(hass, statistic), **powers},
            start=0.0 if start is None else start.timestamp() // HOUR_S * HOUR_S,
            end=float("inf") if end is None else end.timestamp(),
        )
        if jumps:
            found.append(FoundJumps(statistic, jumps, _costs(hass, statistic, jumps)))
    return found


def _rows(
    hass: HomeAssistant,
    statistic_id: str,
    period: Any,
    types: set[Any],
    start: datetime,
    *,
    end: datetime | None = None,
) -> Sequence[Mapping[str, Any]]:
    # Not needed before the recorder is set up, which has it loaded.
    from homeassistant.components.recorder.statistics import statistics_during_period

    rows = statistics_during_period(hass, start, end, {statistic_id}, period, dict(_UNITS), types)
    return [dict(row) for row in rows.get(statistic_id, [])]


def hourly_rows(hass: HomeAssistant, statistic_id: str, types: set[str]) -> list[Mapping[str, Any]]:
    """Return all complete hours of a statistic in kWh or W, without rows that lack one of the types. Blocks."""
    rows = _rows(hass, statistic_id, "hour", types, _OLDEST)
    return [row for row in rows if all(row.get(name) is not None for name in types)]


def _energy_rows(hass: HomeAssistant, statistic_id: str) -> list[Mapping[str, Any]]:
    """Return a row per hour, also of the one that is not complete, and what the first one began with if it is known."""
    types = {"sum", "state"}
    hours = [row for row in _rows(hass, statistic_id, "hour", types, _OLDEST) if row.get("sum") is not None]
    since = _time(hours[-1]["start"] + HOUR_S) if hours else datetime.now(UTC) - _LAST_DAYS
    recent: dict[float, Mapping[str, Any]] = {}
    for row in _rows(hass, statistic_id, "5minute", types, since):
        if row.get("sum") is not None:
            hour = row["start"] // HOUR_S * HOUR_S
            recent[hour] = {**row, "start": hour}
    rows = [*hours, *recent.values()]
    if rows:
        start = _time(rows[0]["start"])
        first = _rows(hass, statistic_id, "5minute", types, start, end=start + timedelta(hours=1))
        if first and first[0].get("sum") is not None:
            rows.insert(0, {**first[0], "start": rows[0]["start"] - HOUR_S})
    return rows


def _powers(hass: HomeAssistant, statistic: EnergyStatistic) -> dict[float, PowerHour]:
    if statistic.power_id is None:
        return {}
    powers = {}
    for row in hourly_rows(hass, statistic.power_id, {"mean", "min", "max"}):
        power = PowerHour(row["mean"], row["min"], row["max"])
        powers[row["start"]] = power.reversed if statistic.power_reversed else power
    return powers


def _costs(hass: HomeAssistant, statistic: EnergyStatistic, jumps: list[Jump]) -> list[float]:
    """Return the correction of the cost at each jump."""
    if statistic.cost_id is None:
        return [0.0] * len(jumps)
    rows = _energy_rows(hass, statistic.cost_id)
    counted = {row["start"]: row["sum"] - before["sum"] for before, row in pairwise(rows)}
    return [jump.at_price(counted.get(jump.at, 0.0)) for jump in jumps]


async def _async_adjust(hass: HomeAssistant, found: FoundJumps) -> None:
    instance = get_instance(hass)
    statistic = found.statistic
    for jump, cost in zip(found.jumps, found.costs, strict=True):
        at = await instance.async_add_executor_job(_fine_start, hass, statistic.entity_id, jump)
        instance.async_adjust_statistics(statistic.entity_id, at, jump.correction_kwh, UnitOfEnergy.KILO_WATT_HOUR)
        if statistic.cost_id is not None and cost:
            instance.async_adjust_statistics(statistic.cost_id, at, cost, hass.config.currency)


def _fine_start(hass: HomeAssistant, statistic_id: str, jump: Jump) -> datetime:
    """Return the five minutes of the hour in which it jumped, while the recorder keeps them; else the hour."""
    start = _time(jump.at)
    rows = _rows(hass, statistic_id, "5minute", {"sum"}, start - _FINE_STEP, end=start + timedelta(hours=1))
    sums = [(row["start"], row["sum"]) for row in rows if row.get("sum") is not None]
    steps = [(after - before, at) for (_, before), (at, after) in pairwise(sums) if at >= jump.at]
    if not steps:
        return start
    step, at = max(steps, key=lambda each: each[0] * (1 if jump.correction_kwh < 0 else -1))
    # Only if it alone explains the correction: rows before it are not changed then.
    return _time(at) if abs(step) >= abs(jump.correction_kwh) * (1 - 1e-6) - _EQUAL_KWH else start


async def async_shift_last_state(hass: HomeAssistant, entity_id: str, before: float, after: float) -> None:
    """Prepare a statistic for a sensor of class `total` that is corrected from `before` to `after`.

    The recorder counts the difference to what the sensor showed at the end of the last five minutes. Where that was the
    wrong value, it is corrected as well: the sum does not change when the sensor does.
    """
    instance = get_instance(hass)
    shifted = await instance.async_add_executor_job(_shifted_last_row, hass, entity_id, before, after)
    if shifted is not None:
        instance.async_import_statistics(*shifted)
        await instance.async_block_till_done()


def _shifted_last_row(
    hass: HomeAssistant, entity_id: str, before: float, after: float
) -> tuple[Any, list[Any], Any] | None:
    """Return what to import: the last five minutes with the corrected state; None where the state is right."""
    from homeassistant.components.recorder.db_schema import StatisticsShortTerm
    from homeassistant.components.recorder.statistics import get_metadata

    types = {"sum", "state", "last_reset"}
    rows = _rows(hass, entity_id, "5minute", types, datetime.now(UTC) - _LAST_DAYS)
    metadata = get_metadata(hass, statistic_ids={entity_id}).get(entity_id)
    if not rows or metadata is None:
        return None
    last = rows[-1]
    state, reset = last.get("state"), last.get("last_reset")
    if state is None or state <= after + _EQUAL_KWH:
        return None
    row = {
        "start": _time(last["start"]),
        "state": state - (before - after),
        "sum": last.get("sum"),
        "last_reset": None if reset is None else _time(reset),
    }
    return metadata[1], [row], StatisticsShortTerm


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
