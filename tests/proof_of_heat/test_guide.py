"""The first set-up: one dialog from the system to the heat source, and a sensor that names what is missing."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, FlowType
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.prices.units import SELECTABLE

from .flow import go_on
from .ha import OUTDOOR, ROOM, thermometer

PRICE = "sensor.spot_price"
SYSTEM = {"name": "Home", "outdoor": OUTDOOR, "emitter": "underfloor"}


@pytest.fixture(autouse=True)
async def ready(hass: HomeAssistant, socket_enabled: None) -> None:
    thermometer(hass, OUTDOOR, 3.0)
    assert await async_setup_component(hass, DOMAIN, {})


def suggestions(result: Any) -> dict[str, Any]:
    """Return what a form suggests."""
    return {
        str(key): key.description["suggested_value"]
        for key in result["data_schema"].schema
        if key.description and "suggested_value" in key.description
    }


def setup_sensor(hass: HomeAssistant) -> tuple[str, list[str]]:
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.entry_id}_setup")
    assert entity_id is not None
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state, state.attributes["missing"]


async def begin(hass: HomeAssistant) -> Any:
    """Add a system; return the first form of what follows."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(result["flow_id"], SYSTEM)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    kind, flow_id = result["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    return await hass.config_entries.subentries.async_configure(flow_id, None)


async def test_a_home_with_a_heat_pump_is_set_up_in_one_dialog(hass: HomeAssistant) -> None:
    thermometer(hass, ROOM, 20.0)
    hass.states.async_set(PRICE, "0.21", {"unit_of_measurement": "EUR/kWh"})
    hass.states.async_set("climate.heat_pump", "heat", {"temperature": 21, "hvac_modes": ["heat", "off"]})
    result = await begin(hass)
    assert result["step_id"] == "guide"
    assert suggestions(result)["temperature"] == ROOM
    assert setup_sensor(hass) == (
        "zone_missing",
        ["zone_missing", "source_missing", "price_missing", "control_off"],
    )
    result = await go_on(hass, result, {"name": "Bath", "temperature": ROOM, "comfort": 17.0})
    assert result["step_id"] == "guide_price"
    assert suggestions(result) == {"price_entity": PRICE}
    result = await go_on(hass, result, {"price_entity": PRICE})
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "user")
    result = await go_on(hass, result, {"next_step_id": "entity"})
    result = await go_on(
        hass,
        result,
        {
            "name": "Heat pump",
            "source_kind": "heat_pump",
            "number_is": "power",
            "entity": "climate.heat_pump",
            "nominal_heat": 8000,
        },
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    assert (result["description"], result["description_placeholders"]) == ("guide", {"name": "Heat pump"})
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert sorted((item.subentry_type, item.title) for item in entry.subentries.values()) == [
        ("source", "Heat pump"),
        ("zone", "Bath"),
    ]
    (zone,) = (item for item in entry.subentries.values() if item.subentry_type == "zone")
    assert zone.data == {"name": "Bath", "temperature": ROOM, "comfort": 17.0, "eco": 17.0, "away": 16.0}
    assert entry.options["price"] == {"price_entity": PRICE, "fees": 0.0, "tax": 0.0}
    assert setup_sensor(hass) == ("control_off", ["control_off"])
    await entry.runtime_data.user.async_set_active(True)
    await hass.async_block_till_done()
    assert setup_sensor(hass) == ("complete", [])


async def test_every_step_can_be_left_for_later(hass: HomeAssistant) -> None:
    result = await begin(hass)
    assert "temperature" not in suggestions(result)
    result = await go_on(hass, result, {"comfort": 21.0})
    assert suggestions(result) == {}
    result = await go_on(hass, result, {})
    assert result["step_id"] == "user"
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert not entry.subentries
    assert not entry.options


async def test_prices_of_other_things_are_not_suggested(hass: HomeAssistant) -> None:
    hass.states.async_set("sensor.gas", "1.2", {"unit_of_measurement": "EUR/m³"})
    hass.states.async_set("sensor.strange", "1.2", {"unit_of_measurement": "points/kWh"})
    result = await go_on(hass, await begin(hass), {"comfort": 21.0})
    assert suggestions(result) == {}


async def test_a_zone_does_not_follow_a_system_of_this_integration(hass: HomeAssistant) -> None:
    result = await begin(hass)
    own = er.async_get(hass).async_get_or_create("climate", DOMAIN, "zone of another system").entity_id
    result = await go_on(hass, result, {"comfort": 21.0, "name": "Bath", "temperature": own})
    assert (result["step_id"], result["errors"]) == ("guide", {"temperature": "own_entity"})


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"name": "Bath"}, {"temperature": "sensor_missing"}),
        ({"temperature": ROOM}, {"name": "name_empty"}),
        ({"name": " ", "temperature": ROOM}, {"name": "name_empty"}),
    ],
)
async def test_a_zone_needs_a_name_and_a_sensor(
    hass: HomeAssistant, values: dict[str, Any], errors: dict[str, str]
) -> None:
    thermometer(hass, ROOM, 20.0)
    result = await go_on(hass, await begin(hass), {"comfort": 21.0, **values})
    assert (result["step_id"], result["errors"]) == ("guide", errors)
    assert suggestions(result) == {"comfort": 21.0, **values}
    assert (await go_on(hass, result, {"comfort": 21.0, "name": "Bath", "temperature": ROOM}))[
        "step_id"
    ] == "guide_price"


@pytest.mark.parametrize("currency", ["EUR", "SEK"])
async def test_the_form_shows_the_unit_of_a_fixed_price(hass: HomeAssistant, currency: str) -> None:
    hass.config.currency = currency
    result = await go_on(hass, await begin(hass), {"comfort": 21.0})
    selector = next(value for key, value in result["data_schema"].schema.items() if key == "fixed_price")
    assert selector.config["unit_of_measurement"] == f"{currency}/kWh"


async def test_the_unit_of_a_price_is_asked_for_only_where_it_is_missing(hass: HomeAssistant) -> None:
    hass.states.async_set(PRICE, "21", {})
    result = await go_on(hass, await begin(hass), {"comfort": 21.0})
    assert [str(key) for key in result["data_schema"].schema] == ["price_entity", "fixed_price"]
    result = await go_on(hass, result, {"price_entity": PRICE})
    assert result["errors"] == {"price_unit": "price_unit_missing"}
    assert "price_unit" in [str(key) for key in result["data_schema"].schema]
    cent = next(unit for unit, factor in SELECTABLE.items() if factor == 0.01)
    result = await go_on(hass, result, {"price_entity": PRICE, "price_unit": cent})
    assert result["step_id"] == "user"


async def test_a_step_that_is_sent_twice_adds_one_zone(hass: HomeAssistant) -> None:
    thermometer(hass, ROOM, 20.0)
    first = await begin(hass)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    again = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "source"), context={"source": SOURCE_USER}, data={"guide": True}
    )
    for flow in (first, again):
        await go_on(hass, flow, {"comfort": 21.0, "name": "Bath", "temperature": ROOM})
    assert len(entry.subentries) == 1


@pytest.mark.parametrize(
    ("outdoor", "expected"),
    [
        ("sensor.outside", True),
        ("sensor.aussentemperatur", True),
        ("sensor.ulkolampotila", True),
        ("sensor.weather_station_temperature", True),
        ("sensor.wetterstation_temperatur", True),
        ("sensor.weather_station_indoor_temperature", False),
        ("sensor.wetterstation_innen_temperatur", False),
        ("sensor.attic", False),
    ],
)
async def test_the_system_form_suggests_what_the_home_has(hass: HomeAssistant, outdoor: str, expected: bool) -> None:
    hass.states.async_remove(OUTDOOR)
    thermometer(hass, outdoor, 3.0)
    hass.states.async_set("weather.home", "sunny", {"temperature": 3})
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    found = suggestions(result)
    assert found["name"] == hass.config.location_name
    assert found["weather"] == "weather.home"
    assert found.get("outdoor") == (outdoor if expected else None)
