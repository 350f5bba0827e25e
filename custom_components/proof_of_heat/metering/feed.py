"""What sources and linked meters count, brought to the COP ledger and to the sources' power."""

from homeassistant.core import HomeAssistant

from .._lib.heat_source import SourceState
from ..inputs import energy_kwh, known
from ..unit import SourceUnit
from .cop import CopLedger


def feed_heat(ledger: CopLedger, state: SourceState) -> None:
    """Heat at the device's time; heating and hot water apart where they are told so."""
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
    if unit.source.state.heat_kwh is not None:
        ledger.feed_electricity(state.last_reported, counter)
