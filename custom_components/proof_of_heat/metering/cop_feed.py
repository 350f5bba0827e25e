"""Feeds the counters of sources and linked meters into the COP calculation and the sources' power."""

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .._lib.heat_source import SourceKind, SourceState
from ..inputs.states import energy_kwh, known
from ..sources.managed_source import ManagedSource
from .cop import CopCalculator
from .energy import max_electric_kw, max_heat_kw


def feed_source(calculator: CopCalculator, managed: ManagedSource) -> None:
    """Add a heat pump's heat at its own time, and its own electricity counter where no meter is linked."""
    state = managed.source.state
    if state.electricity_kwh is not None:
        managed.own_power.feed(state.at, state.electricity_kwh)
    if state.heat_kwh is not None:
        managed.own_heat.feed(state.at, state.heat_kwh)
    if managed.config.kind != SourceKind.HEAT_PUMP or state.heat_kwh is None:
        return
    calculator.limit(max_electric_kw(managed.config), max_heat_kw(managed.config))
    if managed.meter is None or managed.shares_meter:
        if state.electricity_kwh is None:
            return
        calculator.feed_electricity(state.at, state.electricity_kwh)
    feed_heat(calculator, state)


def feed_heat(calculator: CopCalculator, state: SourceState) -> None:
    """Add heating and hot water separately where the device counts them separately."""
    heating, dhw = state.extra.get("heat_heating_year"), state.extra.get("heat_dhw_year")
    if isinstance(heating, float):
        calculator.feed_heat(state.at, heating, dhw if isinstance(dhw, float) else None)
    elif state.heat_kwh is not None:
        calculator.feed_heat(state.at, state.heat_kwh)


def feed_meter(hass: HomeAssistant, calculator: CopCalculator, managed: ManagedSource) -> None:
    """Add what the linked meter counted, and count the source's consumption since the last cycle."""
    state, counter = known(hass, managed.meter), energy_kwh(hass, managed.meter)
    now = dt_util.utcnow()
    managed.count(now, counter, None if state is None else state.last_reported)
    if state is None or counter is None:
        return
    managed.counter_power.feed(state.last_reported, counter * managed.meter_share)
    if managed.shares_meter:
        return
    if managed.config.kind == SourceKind.HEAT_PUMP and managed.source.state.heat_kwh is not None:
        calculator.feed_electricity(state.last_reported, counter)
