"""The numbers of a building."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from . import entity_id


@pytest.mark.parametrize(
    ("key", "low", "high", "unit"), [("curve_value", 0, 100, None), ("min_external_temp", -30, 30, "°C")]
)
async def test_a_number_has_the_protocols_range(
    hass: HomeAssistant, building: MockConfigEntry, key: str, low: float, high: float, unit: str | None
) -> None:
    state = hass.states.get(entity_id(hass, "number", building.entry_id, key))
    assert state
    assert (state.attributes["min"], state.attributes["max"]) == (low, high)
    assert state.attributes.get("unit_of_measurement") == unit
    assert er.async_get(hass).async_get(state.entity_id).entity_category == "config"


@pytest.mark.parametrize(("key", "value"), [("curve_value", 72), ("min_external_temp", -12.5)])
async def test_setting_a_number_changes_the_profile_and_shows_at_once(
    hass: HomeAssistant, building: MockConfigEntry, key: str, value: float
) -> None:
    number = entity_id(hass, "number", building.entry_id, key)
    await hass.services.async_call("number", "set_value", {"entity_id": number, "value": value}, blocking=True)
    await hass.async_block_till_done()
    assert getattr(building.runtime_data.building.profile, key) == value
    state = hass.states.get(number)
    assert state
    assert float(state.state) == value


async def test_a_number_out_of_range_is_refused(hass: HomeAssistant, building: MockConfigEntry) -> None:
    number = entity_id(hass, "number", building.entry_id, "curve_value")
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call("number", "set_value", {"entity_id": number, "value": 101}, blocking=True)
    assert building.runtime_data.building.profile.revision == 1
