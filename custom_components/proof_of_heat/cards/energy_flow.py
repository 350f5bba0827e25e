"""What the energy flow card shows: energies of an hour, a day or a month, from the statistics of the recorder."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal

from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .._lib.heat_source import SourceKind
from ..const import DOMAIN
from ..data import HeatingSystem
from ..drivers.values import number
from ..metering.energy_flow import Buckets, EnergyFlow, SiteEnergy, SourceEnergy, energy_flow
from ..sources.managed_source import ManagedSource

MAX_OFFSET: Final = 400
"""So many periods before the present one can be shown."""
_UNITS: Final[dict[str, str]] = {"energy": UnitOfEnergy.KILO_WATT_HOUR}
_HOUR: Final = timedelta(hours=1)
_ROLES: Final = {
    ("grid", "stat_energy_from"): "grid",
    ("grid", "stat_energy_to"): "export",
    ("solar", "stat_energy_from"): "solar",
    ("battery", "stat_energy_from"): "discharge",
    ("battery", "stat_energy_to"): "charge",
}
_SENSORS: Final = {
    "electricity": "electricity",
    "heat": "heat",
    "hot_water": "heat_dhw_today",
    "revenue": "break_even_price",
}

type Series = dict[str, dict[float, float]]
"""By statistic: values by the start of their bucket, in seconds."""


class Period(StrEnum):
    """The length of what is shown."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


def bounds(period: Period, offset: int, now: datetime) -> tuple[datetime, datetime]:
    """Return begin and end, in UTC, of the period that is `offset` periods before the present one, in local time."""
    today = dt_util.as_local(now).date()
    match period:
        case Period.HOUR:
            begin = now.replace(minute=0, second=0, microsecond=0) - offset * _HOUR
            return begin, begin + _HOUR
        case Period.DAY:
            day = today - timedelta(days=offset)
            return _midnight(day), _midnight(day + timedelta(days=1))
        case Period.MONTH:
            months = today.year * 12 + today.month - 1 - offset
            return _midnight(_first_of(months)), _midnight(_first_of(months + 1))


def _first_of(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


def _midnight(day: date) -> datetime:
    return dt_util.as_utc(dt_util.start_of_local_day(day))


async def async_energy_flow(
    hass: HomeAssistant, system: HeatingSystem, period: Period, offset: int, now: datetime
) -> dict[str, Any]:
    """Return nodes and flows of a period, each marked if it is an estimate; what is not counted is named."""
    begin, end = bounds(period, offset, now)
    entities = {source_id: _entities(hass, managed) for source_id, managed in system.sources.items()}
    meters = await _async_site_meters(hass)
    cost_id = _entity(hass, system.coordinator.config_entry.entry_id, "cost") or ""
    wanted = {entity_id for each in entities.values() for entity_id in each.values()}
    wanted |= {statistic_id for ids in meters.values() for statistic_id in ids} | {cost_id}
    recorded = "recorder" in hass.config.components
    changes, means = await _async_read(hass, wanted - {""}, begin, min(end, now)) if recorded else ({}, {})
    sources = [
        _source(managed, {key: changes.get(entity_id) for key, entity_id in entities[source_id].items()}, now)
        for source_id, managed in system.sources.items()
    ]
    flow = energy_flow(sources, site_energy(meters, changes))
    first = min((at for source in sources for at in (*(source.electricity or ()), *(source.heat or ()))), default=None)
    cost = changes.get(cost_id)
    return {
        "available": True,
        "name": system.config.name,
        "currency": hass.config.currency,
        "period": str(period),
        "offset": offset,
        "begin": begin.isoformat(),
        "end": end.isoformat(),
        "recorded": recorded,
        "recorded_from": None if first is None else dt_util.utc_from_timestamp(first).isoformat(),
        "nodes": _nodes(system, flow),
        "flows": [
            {"from": each.begin, "to": each.end, "kwh": round(each.kwh, 3), "estimated": each.estimated}
            for each in flow.flows
        ],
        "unknown": flow.unknown,
        "cost": None if not cost else round(sum(cost.values()), 2),
        "revenue": _revenue(entities, changes, means),
    }


def _nodes(system: HeatingSystem, flow: EnergyFlow) -> list[dict[str, Any]]:
    """Return the nodes that have flows, in the order in which they are drawn."""
    used = {place for each in flow.flows for place in (each.begin, each.end)}
    zones = {f"zone:{zone.zone_id}": zone.name for zone in system.config.zones}
    names = {source_id: managed.name for source_id, managed in system.sources.items()} | zones
    inputs = ("solar", "battery", "grid", "electricity", "ambient", "fuel", "unmetered")
    outputs = ("rooms", "home", *zones, "hot_water", "unmeasured", "losses")
    return [
        {
            "id": node,
            "column": column,
            "name": names.get(node),
            "kind": str(system.sources[node].config.kind) if column == 1 else node.partition(":")[0],
        }
        for column, places in enumerate((inputs, tuple(system.sources), outputs))
        for node in places
        if node in used
    ]


@callback
def _entity(hass: HomeAssistant, owner_id: str, key: str) -> str | None:
    return er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{owner_id}_{key}")


def _entities(hass: HomeAssistant, managed: ManagedSource) -> dict[str, str]:
    """Return the sensors of a source whose statistics are read."""
    found = {name: _entity(hass, managed.subentry_id, key) for name, key in _SENSORS.items()}
    return {name: entity_id for name, entity_id in found.items() if entity_id is not None}


def _source(managed: ManagedSource, changes: Mapping[str, Buckets | None], now: datetime) -> SourceEnergy:
    config, power = managed.config, managed.power(now)
    is_counted = "electricity" in managed.counters or managed.meter is not None
    own_zones = tuple(config.zones)
    water = changes.get("hot_water")
    return SourceEnergy(
        source_id=managed.source.source_id,
        name=managed.name,
        kind=SourceKind(config.kind),
        electricity=changes.get("electricity"),
        heat=changes.get("heat"),
        electricity_estimated=not is_counted and (power is None or power[1]),
        heat_estimated="heat" not in managed.counters,
        efficiency=config.efficiency,
        burns_fuel=config.fuel_kwh_price is not None,
        hot_water=water,
        may_heat_water=water is None and managed.source.state.hot_water is not None,
        zone_id=own_zones[0] if len(own_zones) == 1 else None,
    )


async def _async_site_meters(hass: HomeAssistant) -> dict[str, list[str]]:
    """Return the statistics of the Energy dashboard by their role; empty if it is not configured."""
    found: dict[str, list[str]] = {}
    if "energy" not in hass.config.components:
        return found
    from homeassistant.components.energy.data import async_get_manager

    preferences = (await async_get_manager(hass)).data
    for source in preferences["energy_sources"] if preferences is not None else ():
        values: Mapping[str, Any] = source
        for (kind, key), role in _ROLES.items():
            if values["type"] == kind and isinstance(values.get(key), str):
                found.setdefault(role, []).append(str(values[key]))
    return found


def site_energy(meters: Mapping[str, list[str]], changes: Mapping[str, Buckets]) -> SiteEnergy:
    """Return the sums of each role; where a meter has no statistics at all, the origin is unknown."""
    if any(statistic_id not in changes for ids in meters.values() for statistic_id in ids):
        return SiteEnergy()
    sums: dict[str, dict[float, float]] = {}
    for role, ids in meters.items():
        total = sums.setdefault(role, {})
        for statistic_id in ids:
            for bucket, kwh in changes[statistic_id].items():
                total[bucket] = total.get(bucket, 0.0) + kwh
    return SiteEnergy(
        grid=sums.get("grid"),
        export=sums.get("export"),
        solar=sums.get("solar"),
        discharge=sums.get("discharge"),
        charge=sums.get("charge"),
    )


def _revenue(
    entities: Mapping[str, Mapping[str, str]], changes: Mapping[str, Buckets], means: Mapping[str, Buckets]
) -> list[dict[str, Any]]:
    """Return what the miners earned: the revenue per kWh at each time, for the electricity of that time."""
    found = []
    for source_id, ids in entities.items():
        drawn, prices = changes.get(ids.get("electricity", "")), means.get(ids.get("revenue", ""))
        if drawn and prices:
            value = sum(kwh * prices[bucket] for bucket, kwh in drawn.items() if bucket in prices)
            complete = all(bucket in prices for bucket, kwh in drawn.items() if kwh > 0)
            found.append({"source": source_id, "value": round(value, 2), "complete": complete})
    return found


async def _async_read(hass: HomeAssistant, ids: set[str], begin: datetime, end: datetime) -> tuple[Series, Series]:
    """Return changes and means by statistic, read in the recorder's own thread."""
    from homeassistant.components.recorder import get_instance

    if not ids or begin >= end:
        return {}, {}
    result: tuple[Series, Series] = await get_instance(hass).async_add_executor_job(_read, hass, ids, begin, end)
    return result


def _read(hass: HomeAssistant, ids: set[str], begin: datetime, end: datetime) -> tuple[Series, Series]:
    """Return the whole hours, and what is not yet in an hour in steps of 5 minutes."""
    from homeassistant.components.recorder.statistics import statistics_during_period

    changes: Series = {}
    means: Series = {}
    whole = max(begin, end.replace(minute=0, second=0, microsecond=0))
    parts: tuple[tuple[datetime, datetime, Literal["hour", "5minute"]], ...] = (
        (begin, whole, "hour"),
        (whole, end, "5minute"),
    )
    for start, stop, step in parts:
        if start >= stop:
            continue
        rows: Mapping[str, Any] = statistics_during_period(hass, start, stop, ids, step, _UNITS, {"change", "mean"})
        for statistic_id, found in rows.items():
            for row in found:
                for name, target in (("change", changes), ("mean", means)):
                    if (value := number(row.get(name))) is not None:
                        target.setdefault(statistic_id, {})[float(row["start"])] = value
    return changes, means
