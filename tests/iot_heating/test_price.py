"""The price of a kilowatt-hour, in any unit of money and energy."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.iot_heating.const import DOMAIN
from custom_components.iot_heating.runtime.options import BuildingOptions
from custom_components.iot_heating.runtime.price import current_price

SENSOR = "sensor.price"


def issue_of(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"price_unit_unknown_{entry.entry_id}")


@pytest.mark.parametrize(
    ("state", "unit", "price"),
    [
        ("0.3", "EUR/kWh", 0.3),
        ("120", "EUR/MWh", 0.12),
        ("-5", "EUR/MWh", -0.005),
        ("12.5", "ct/kWh", 0.125),
        ("12.5", "Öre/kWh", 0.125),
        ("12.5", "c€/kWh", 0.125),
        ("0.3", None, 0.3),
        ("12.5", "bananas/kWh", 0.25),
        ("unknown", "EUR/kWh", 0.25),
    ],
)
async def test_the_price_of_a_kilowatt_hour(hass: HomeAssistant, state: str, unit: str | None, price: float) -> None:
    hass.states.async_set(SENSOR, state, {} if unit is None else {"unit_of_measurement": unit})
    assert current_price(hass, BuildingOptions(price=0.25, price_entity=SENSOR)) == pytest.approx(price)
    assert current_price(hass, BuildingOptions(price=0.25, price_entity="sensor.other")) == 0.25
    assert current_price(hass, BuildingOptions()) is None


async def test_an_unknown_unit_is_a_repair_issue(hass: HomeAssistant, building: MockConfigEntry) -> None:
    hass.states.async_set(SENSOR, "12.5", {"unit_of_measurement": "bananas/kWh"})
    hass.config_entries.async_update_entry(building, options={"price_entity": SENSOR})
    await hass.async_block_till_done()
    issue = issue_of(hass, building)
    assert issue is not None
    assert issue.translation_placeholders == {"name": "Main house", "entity": SENSOR, "unit": "bananas/kWh"}
    hass.states.async_set(SENSOR, "12.5", {"unit_of_measurement": "ct/kWh"})
    await hass.async_block_till_done()
    assert issue_of(hass, building) is None


async def test_the_issue_ends_with_the_building(hass: HomeAssistant, building: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(building, options={"price_entity": SENSOR})
    await hass.async_block_till_done()
    hass.states.async_set(SENSOR, "12.5", {"unit_of_measurement": "bananas/kWh"})
    await hass.async_block_till_done()
    assert issue_of(hass, building)
    assert await hass.config_entries.async_unload(building.entry_id)
    assert issue_of(hass, building) is None
