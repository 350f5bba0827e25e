"""What sources and linked meters count, brought to the COP ledger and to the sources' power."""

from homeassistant.core import HomeAssistant

from .._lib.heat_source import SourceKind, SourceState
from ..inputs.states import energy_kwh, known
from ..sources.managed_source import SourceUnit
from .cop import CopLedger


def feed_source(ledger: CopLedger, unit: SourceUnit) -> None:
    """Heat of a heat pump at its own time; its own electric counter where no meter is linked."""
    state = unit.source.state
    if unit.config.kind != SourceKind.HEAT_PUMP or state.heat_kwh is None:
        return
    if unit.meter is None:
        if state.electricity_kwh is None:
            return
        ledger.feed_electricity(state.at, state.electricity_kwh)
    feed_heat(ledger, state)


def feed_heat(ledger: CopLedger, state: SourceState) -> None:
    """Heating and hot water apart where they are told so."""
    heating, dhw = state.extra.get("heat_heating_year"), state.extra.get("heat_dhw_year")
    if isinstance(heating, float):
        ledger.feed_heat(state.at, heating, dhw if isinstance(dhw, float) else None)
    elif state.heat_kwh is not None:
        ledger.feed_heat(state.at, state.heat_kwh)


def feed_meter(hass: HomeAssistant, ledger: CopLedger, unit: SourceUnit) -> None:
    """Electricity as the linked meter counted it."""
    state, counter = known(hass, unit.meter), energy_kwh(hass, unit.meter)
    if state is None or counter is None:
        return
    if unit.counted is not None:
        unit.counted.feed(state.last_reported, counter)
    if unit.config.kind == SourceKind.HEAT_PUMP and unit.source.state.heat_kwh is not None:
        ledger.feed_electricity(state.last_reported, counter)
