"""A thermostat heats the room in which it is: by its entity, its device or its area."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.sources.own_zones import own_zones
from custom_components.proof_of_heat.system_config import read_config

from . import ha
from .test_init import advance

HALL, BATH = "sensor.hall", "sensor.bath"
HEATER = "climate.hall"


def registered(hass: HomeAssistant, entity_id: str, *, device: str | None = None, area: str | None = None) -> None:
    """An entity in the registry, with its device and area."""
    config = next(iter(hass.config_entries.async_entries("test")), None)
    if config is None:
        config = MockConfigEntry(domain="test")
        config.add_to_hass(hass)
    device_id = None
    if device is not None:
        devices = dr.async_get(hass)
        device_id = devices.async_get_or_create(config_entry_id=config.entry_id, identifiers={("test", device)}).id
    entities = er.async_get(hass)
    domain, _, name = entity_id.partition(".")
    entities.async_get_or_create(
        domain, "test", entity_id, suggested_object_id=name, config_entry=config, device_id=device_id
    )
    if area is not None:
        entities.async_update_entity(entity_id, name=name, area_id=ar.async_get(hass).async_get_or_create(area).id)


def zones_of(hass: HomeAssistant, hall: str = HALL) -> frozenset[str]:
    hall_zone = ha.zone("Hall", temperature=hall)
    config = read_config(ha.system(hall_zone, ha.zone("Bath", temperature=BATH)))
    names = {zone.zone_id: zone.name for zone in config.zones}
    return frozenset(names[zone] for zone in own_zones(hass, {"entity": HEATER}, config.zones))


@pytest.mark.parametrize(
    ("heater", "hall", "bath", "expected"),
    [
        ({}, {}, {}, set()),
        ({"device": "trv"}, {"device": "trv"}, {}, {"Hall"}),
        ({"area": "hall"}, {"area": "hall"}, {"area": "bath"}, {"Hall"}),
        ({"area": "floor"}, {"area": "floor"}, {"area": "floor"}, {"Hall", "Bath"}),
        ({"device": "trv", "area": "bath"}, {"device": "trv"}, {"area": "bath"}, {"Hall"}),
        ({"area": "garage"}, {"area": "hall"}, {"area": "bath"}, set()),
    ],
)
async def test_own_zones(
    hass: HomeAssistant, heater: dict[str, str], hall: dict[str, str], bath: dict[str, str], expected: set[str]
) -> None:
    for entity_id, where in ((HEATER, heater), (HALL, hall), (BATH, bath)):
        registered(hass, entity_id, **where)
    assert zones_of(hass) == expected


async def test_the_area_of_the_device_counts_and_the_entitys_own_takes_precedence(hass: HomeAssistant) -> None:
    registered(hass, HEATER, device="trv")
    registered(hass, HALL, area="hall")
    registered(hass, BATH, area="bath")
    entry = er.async_get(hass).async_get(HEATER)
    assert entry is not None
    assert entry.device_id is not None
    areas = {area.name: area.id for area in ar.async_get(hass).async_list_areas()}
    dr.async_get(hass).async_update_device(entry.device_id, area_id=areas["hall"])
    assert zones_of(hass) == {"Hall"}
    er.async_get(hass).async_update_entity(HEATER, name="Heater", area_id=areas["bath"])
    assert zones_of(hass) == {"Bath"}


async def test_a_thermostat_that_measures_its_zone(hass: HomeAssistant) -> None:
    assert zones_of(hass, hall=HEATER) == {"Hall"}
    config = read_config(ha.system(ha.zone()))
    assert own_zones(hass, {"address": "192.0.2.1"}, config.zones) == frozenset(), "a source of the whole home"


async def test_two_thermostats_keep_their_own_setpoints(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """The hall at 23 °C and the bath at 19 °C: neither thermostat gets the setpoint of the other room."""
    rooms = {"climate.hall": 17.0, "climate.bath": 17.0}
    for entity_id, room_c in rooms.items():
        attributes = {
            "hvac_modes": ["off", "heat"],
            "min_temp": 5,
            "max_temp": 30,
            "temperature": 20.0,
            "current_temperature": room_c,
            "temperature_unit": "°C",
        }
        hass.states.async_set(entity_id, "heat", attributes)
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    assert await async_setup_component(hass, DOMAIN, {})
    data = {"source_kind": "boiler", "number_is": "power", "nominal_heat": 4000.0, "fuel_price": 0.1}
    heaters = [await ha.source(hass, "entity", {**data, "entity": entity_id}) for entity_id in rooms]
    warm = ha.zone("Hall", temperature="climate.hall", comfort=23.0)
    cool = ha.zone("Bath", temperature="climate.bath", comfort=19.0)
    entry = ha.system(warm, cool, *heaters)
    await ha.start(hass, entry)
    calls = async_mock_service(hass, "climate", "set_temperature")
    await entry.runtime_data.user.async_set_active(True)
    await advance(hass, freezer, 200)
    assert {call.data["entity_id"]: call.data["temperature"] for call in calls} == {
        "climate.hall": 23.0,
        "climate.bath": 19.0,
    }
