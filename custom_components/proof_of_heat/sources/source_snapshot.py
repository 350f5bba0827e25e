"""The report of a heat source as the numbers that the engine uses."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from .._lib.heat_source import Control, Health, HeatSource, SourceKind, SourceState
from ..engine.config import SourceConfig
from ..engine.delivery import RUNNING_W
from ..engine.snapshot import NAN, SourceSnapshot
from ..engine.sources import STANDBY_W

LIMITED_VALID_S: Final = 3600.0
"""How long the last report is used while the cloud refuses calls."""
RUNNING_VALID_S: Final = 900.0
"""How long a report that the compressor runs or rests is used."""
COMPRESSOR_ACTIVE: Final = "compressor_active"
"""The reading of heat pumps that report whether the compressor runs."""


def source_snapshot(source: HeatSource, config: SourceConfig, now: datetime) -> SourceSnapshot:
    """Return a source's report. A source that can only be read is not available for planning."""
    state = source.state
    is_controllable = bool(source.capabilities.controls - {Control.MODE})
    age_s = (now - state.at).total_seconds()
    is_available = state.health in (Health.OK, Health.DEGRADED) or (
        state.health == Health.LIMITED and age_s < LIMITED_VALID_S
    )
    return _with_level(
        SourceSnapshot(
            source_id=source.source_id,
            available=is_available and is_controllable,
            steerable=is_controllable,
            on=state.on,
            power_w=_number(state.power_w),
            heat_w=_number(state.heat_w),
            flow_c=_number(state.flow_c),
            return_c=_number(state.return_c),
            running=_running(state) if age_s <= RUNNING_VALID_S else None,
            size_share=getattr(source, "size_share", 1.0),
            power_estimated=_is_estimated(source, config),
            circuit_c=_number(getattr(state, "circuit_c", None)),
            hot_water=bool(getattr(state, "hot_water", None)),
            hashrate_ths=_number(state.hashrate_ths),
        ),
        config,
    )


def with_power(
    snapshot: SourceSnapshot, power_w: float, config: SourceConfig, *, estimated: bool = False
) -> SourceSnapshot:
    """Return the report with the power of a linked meter.

    A cloud reports minutes later whether the compressor runs: a measured power that contradicts it is the truth.
    """
    running = None if not estimated and _contradicts(snapshot.running, power_w) else snapshot.running
    part = replace(snapshot, power_w=max(0.0, power_w), power_estimated=estimated, running=running)
    return _with_level(part, config)


def shows_running(snapshot: SourceSnapshot, config: SourceConfig) -> bool:
    """Return whether a heat pump runs, as it reports or by its measured power."""
    if snapshot.running is not None or snapshot.power_estimated:
        return snapshot.running is True
    return config.kind == SourceKind.HEAT_PUMP and config.fuel_kwh_price is None and snapshot.power_w > RUNNING_W


def _contradicts(running: bool | None, power_w: float) -> bool:
    """Return whether a measured power shows the opposite: a compressor or a heater rod runs, or neither does."""
    return power_w > RUNNING_W if running is False else running is True and power_w <= STANDBY_W


def own_part(snapshot: SourceSnapshot, share: float, config: SourceConfig) -> SourceSnapshot:
    """Return the report of a source whose meter measures others as well: an estimate of its own part."""
    is_heat = config.fuel_kwh_price is None and snapshot.heat_w == snapshot.power_w
    part = replace(
        snapshot,
        power_w=snapshot.power_w * share,
        heat_w=snapshot.heat_w * share if is_heat else snapshot.heat_w,
        counted_w=snapshot.counted_w * share,
        counted_enough=False,
        power_estimated=True,
    )
    return _with_level(part, config)


def _is_estimated(source: HeatSource, config: SourceConfig) -> bool:
    """Return whether a source's power is its own estimate; 0 W of a boiler or heater that is off is known."""
    state = source.state
    is_off = state.on is False and state.power_w == 0 and config.kind != SourceKind.HEAT_PUMP
    return state.power_w is not None and not source.capabilities.reads_power and not is_off


def _running(state: SourceState) -> bool | None:
    """Return whether a heat pump's compressor runs; None if it is not reported."""
    active = state.extra.get(COMPRESSOR_ACTIVE)
    return active if isinstance(active, bool) else None


def _with_level(snapshot: SourceSnapshot, config: SourceConfig) -> SourceSnapshot:
    """Add the source's position in its range, by its power (by its heat for fuel)."""
    if snapshot.on is False:
        return replace(snapshot, level=0.0)
    if config.fuel_kwh_price is not None:
        level = snapshot.heat_w / config.nominal_heat_w if config.nominal_heat_w else NAN
    else:
        level = snapshot.power_w / config.nominal_power_w if config.nominal_power_w else NAN
    return replace(snapshot, level=level)


def _number(value: float | None) -> float:
    return NAN if value is None else value
