"""The price of a kilowatt-hour: that of a price sensor, or the fixed one."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers.event import async_track_state_change_event

from .._lib.money import UnknownUnitError, parse_price_unit
from ..repairs import async_create_price_unit_issue, async_delete_price_unit_issue
from .options import BuildingOptions
from .state_number import finite_number


def current_price(hass: HomeAssistant, options: BuildingOptions) -> float | None:
    """Return the price of a kilowatt-hour now; the fixed price if the price sensor has no valid one."""
    if options.price_entity is not None and (state := hass.states.get(options.price_entity)) is not None:
        price = finite_number(state.state)
        factor = _unit_factor(state)
        if price is not None and factor is not None:
            return price * factor
    return options.price


def _unit_factor(state: State) -> float | None:
    """Return the factor from the sensor's unit to money per kWh, 1 without a unit; None where the unit is unknown."""
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if not unit:
        return 1.0
    try:
        return parse_price_unit(str(unit)).factor
    except UnknownUnitError:
        return None


@callback
def watch_price_unit(hass: HomeAssistant, entry: ConfigEntry, entity_id: str | None) -> None:
    """Show a repair issue while the unit of the price sensor is not known, until the entry is unloaded."""
    if entity_id is None:
        return

    @callback
    def update(state: State | None) -> None:
        if state is None or _unit_factor(state) is not None:
            async_delete_price_unit_issue(hass, entry.entry_id)
        else:
            unit = str(state.attributes[ATTR_UNIT_OF_MEASUREMENT])
            async_create_price_unit_issue(hass, entry.entry_id, entry.title, entity_id, unit)

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        update(event.data["new_state"])

    update(hass.states.get(entity_id))
    entry.async_on_unload(async_track_state_change_event(hass, [entity_id], changed))
    entry.async_on_unload(lambda: async_delete_price_unit_issue(hass, entry.entry_id))
