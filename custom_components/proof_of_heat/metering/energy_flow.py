"""Energy flows of a period: from what supplies the heat sources to where their heat goes. Without Home Assistant.

Input are energies by bucket (an hour, or 5 minutes of the present hour). What is not counted is not invented: a source
without a counter of its consumption is named as unknown, and heat that is not measured ends in "unmeasured".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import math
from typing import Final

from .._lib.heat_source import SourceKind

MIN_KWH: Final = 0.0005
"""A smaller flow is not shown."""
_RESISTIVE: Final = (SourceKind.MINER, SourceKind.DIRECT_ELECTRIC)

type Buckets = Mapping[float, float]
"""Energy in kWh by the start of its bucket, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEnergy:
    """What a heat source drew and delivered; None: it has no counter of it."""

    source_id: str
    name: str
    kind: SourceKind
    electricity: Buckets | None = None
    heat: Buckets | None = None
    electricity_estimated: bool = False
    heat_estimated: bool = False
    efficiency: float = 1.0
    """Heat per fuel, or per electricity of a miner."""
    burns_fuel: bool = False
    hot_water: Buckets | None = None
    """The part of its heat that went into hot water."""
    may_heat_water: bool = False
    """Whether it heats water too without counting that apart."""
    zone_id: str | None = None
    """The room that it heats alone; None: the whole home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteEnergy:
    """What the meters of the home counted, as the Energy dashboard names them; None: there is no such meter."""

    grid: Buckets | None = None
    export: Buckets | None = None
    solar: Buckets | None = None
    discharge: Buckets | None = None
    charge: Buckets | None = None

    @property
    def has_choice(self) -> bool:
        """Whether electricity comes from more than the grid, so that its origin is calculated."""
        return self.solar is not None or self.discharge is not None


@dataclass(frozen=True, slots=True)
class Flow:
    """Energy from a node to another."""

    begin: str
    end: str
    kwh: float
    estimated: bool


@dataclass(slots=True)
class EnergyFlow:
    """All flows of a period."""

    flows: list[Flow] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Names of sources whose consumption and heat are unknown."""

    def add(self, begin: str, end: str, kwh: float, *, estimated: bool) -> None:
        """Add a flow, unless it is too small to be seen."""
        if kwh > MIN_KWH:
            self.flows.append(Flow(begin, end, kwh, estimated))


def origin(site: SiteEnergy, bucket: float) -> dict[str, float] | None:
    """Return which share of the electricity came from grid, sun and battery; None if that is unknown.

    As the Energy dashboard calculates it: the sun feeds the home, then the battery, then the grid.
    """
    if site.grid is None or bucket not in site.grid:
        return None

    def of(series: Buckets | None) -> float:
        # A meter without a value in a bucket reports its energy with the next one.
        return max(0.0, 0.0 if series is None else series.get(bucket, 0.0))

    grid, solar, discharge = of(site.grid), of(site.solar), of(site.discharge)
    export, charge = of(site.export), of(site.charge)
    solar_to_grid = min(solar, export)
    battery_to_grid = min(discharge, export - solar_to_grid)
    solar_to_battery = min(solar - solar_to_grid, charge)
    grid_to_battery = min(grid, charge - solar_to_battery)
    used = {
        "grid": grid - grid_to_battery,
        "solar": solar - solar_to_grid - solar_to_battery,
        "battery": discharge - battery_to_grid,
    }
    total = sum(used.values())
    return {name: value / total for name, value in used.items()} if total > 0 else None


def energy_flow(sources: Iterable[SourceEnergy], site: SiteEnergy) -> EnergyFlow:
    """Return the flows of a period."""
    result = EnergyFlow()
    for source in sources:
        _add_source(result, source, site)
    return result


def _total(buckets: Buckets | None) -> float | None:
    if buckets is None:
        return None
    values = [value for value in buckets.values() if math.isfinite(value)]
    return max(0.0, sum(values)) if values else None


def _add_source(result: EnergyFlow, source: SourceEnergy, site: SiteEnergy) -> None:
    drawn, heat = _total(source.electricity), _total(source.heat)
    heat_estimated = source.heat_estimated
    if source.kind in _RESISTIVE and drawn is not None and not source.burns_fuel:
        # A report of its "heat" is its power.
        heat, heat_estimated = drawn * source.efficiency, source.electricity_estimated or source.efficiency != 1.0
    if drawn is None and heat is None:
        result.unknown.append(source.name)
        return
    supplied = _add_electricity(result, source, site, drawn)
    if heat is None:
        result.add(source.source_id, "unmeasured", supplied, estimated=source.electricity_estimated)
        return
    if source.burns_fuel:
        fuel = heat / source.efficiency if source.efficiency > 0 else heat
        result.add("fuel", source.source_id, fuel, estimated=True)
        supplied += fuel
    elif heat > supplied:
        is_pump = source.kind is SourceKind.HEAT_PUMP and drawn is not None
        estimated = not is_pump or heat_estimated or source.electricity_estimated
        result.add("ambient" if is_pump else "unmetered", source.source_id, heat - supplied, estimated=estimated)
        supplied = heat
    _add_heat(result, source, heat, estimated=heat_estimated)
    lost_is_estimated = source.burns_fuel or source.electricity_estimated or heat_estimated
    result.add(source.source_id, "losses", supplied - heat, estimated=lost_is_estimated)


def _add_electricity(result: EnergyFlow, source: SourceEnergy, site: SiteEnergy, drawn: float | None) -> float:
    """Add the flows of electricity by origin; return their sum."""
    if drawn is None or source.electricity is None:
        return 0.0
    parts = dict.fromkeys(("grid", "solar", "battery", "electricity"), 0.0)
    for bucket, kwh in source.electricity.items():
        if not math.isfinite(kwh):
            continue
        shares = {"grid": 1.0} if site.grid is not None and not site.has_choice else origin(site, bucket)
        for name, share in (shares or {"electricity": 1.0}).items():
            parts[name] += kwh * share
    for name, kwh in parts.items():
        by_share = site.has_choice and name != "electricity"
        result.add(name, source.source_id, kwh, estimated=source.electricity_estimated or by_share)
    return drawn


def _add_heat(result: EnergyFlow, source: SourceEnergy, heat: float, *, estimated: bool) -> None:
    counted = _total(source.hot_water)
    water = min(heat, counted or 0.0)
    result.add(source.source_id, "hot_water", water, estimated=estimated)
    if counted is None and source.may_heat_water:
        room = "home"
    else:
        room = f"zone:{source.zone_id}" if source.zone_id is not None else "rooms"
    result.add(source.source_id, room, heat - water, estimated=estimated)
