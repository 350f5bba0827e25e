"""The Energy dashboard is completed by an action, and nothing of the user's configuration is changed."""

from typing import Any

from homeassistant.components.energy.data import ENERGY_SOURCE_SCHEMA, async_get_manager
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from lib.energy_dashboard import ACTION, EnergyRoles, async_register_energy_action

DOMAIN = "plant"
ROLES = EnergyRoles(
    grid=("imported", "exported"),
    price="price",
    solar=("panels", "panels_estimated"),
    battery=("discharged", "charged"),
    devices=("electricity",),
    parts=("socket_a", "socket_b"),
)
GRID = {"type": "grid", "stat_energy_from": "sensor.own_meter", "stat_energy_to": None, "cost_adjustment_day": 0.0}


class Plant:
    """Devices with sensors of an integration, and the action."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.entry = MockConfigEntry(domain=DOMAIN)
        self.entry.add_to_hass(hass)

    def device(self, name: str, *keys: str, **options: Any) -> dr.DeviceEntry:
        device = dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.entry.entry_id, identifiers={(DOMAIN, name)}, name=name
        )
        for key in keys:
            er.async_get(self.hass).async_get_or_create(
                "sensor",
                DOMAIN,
                f"{name}_{key}",
                suggested_object_id=f"{name}_{key}",
                config_entry=self.entry,
                device_id=device.id,
                translation_key=key,
                **options,
            )
        return device

    async def run(self, context: Context | None = None) -> Any:
        return await self.hass.services.async_call(
            DOMAIN, ACTION, {}, blocking=True, return_response=True, context=context
        )

    async def preferences(self) -> Any:
        return (await async_get_manager(self.hass)).data


@pytest.fixture
async def plant(hass: HomeAssistant) -> Plant:
    hass.config.components.add("energy")
    async_register_energy_action(hass, DOMAIN, ROLES)
    return Plant(hass)


async def test_everything_that_is_measured_is_added(plant: Plant) -> None:
    plant.device("home", "price")
    plant.device("mains", "imported", "exported")
    plant.device("station", "panels_estimated", "panels", "discharged", "charged")
    renamed = plant.device("pump", "electricity")
    dr.async_get(plant.hass).async_update_device(renamed.id, name_by_user="Heat pump")
    plant.device("outlet", "socket_a", "socket_b")
    answer = await plant.run()
    assert len(answer["added"]) == 8
    assert answer["kept"] == []
    data = await plant.preferences()
    grid, solar, battery = data["energy_sources"]
    assert ENERGY_SOURCE_SCHEMA(data["energy_sources"])
    assert (grid["stat_energy_from"], grid["stat_energy_to"]) == ("sensor.mains_imported", "sensor.mains_exported")
    assert grid["entity_energy_price"] == "sensor.home_price"
    assert (solar["stat_energy_from"], solar["name"]) == ("sensor.station_panels", "station")
    assert (battery["stat_energy_from"], battery["stat_energy_to"]) == (
        "sensor.station_discharged",
        "sensor.station_charged",
    )
    assert data["device_consumption"] == [
        {"stat_consumption": "sensor.pump_electricity", "name": "Heat pump"},
        {"stat_consumption": "sensor.outlet_socket_a"},
        {"stat_consumption": "sensor.outlet_socket_b"},
    ]


async def test_a_second_run_adds_only_what_is_new(plant: Plant) -> None:
    plant.device("mains", "imported", "exported")
    await plant.run()
    before = await plant.preferences()
    assert await plant.run() == {"added": [], "kept": ["sensor.mains_imported", "sensor.mains_exported"]}
    assert await plant.preferences() is before
    plant.device("pump", "electricity")
    assert (await plant.run())["added"] == ["sensor.pump_electricity"]


async def test_the_configuration_of_the_user_stays(plant: Plant) -> None:
    """A second grid connection would count twice; a source that uses the same meter is left as it is."""
    manager = await async_get_manager(plant.hass)
    own = [
        GRID,
        {"type": "battery", "stat_energy_from": "sensor.station_discharged", "stat_energy_to": "sensor.own_charged"},
    ]
    devices = [{"stat_consumption": "sensor.pump_electricity", "name": "My pump", "included_in_stat": "sensor.x"}]
    water = [{"stat_consumption": "sensor.water"}]
    await manager.async_update(
        {"energy_sources": own, "device_consumption": devices, "device_consumption_water": water}  # type: ignore[typeddict-item]  # plain data
    )
    plant.device("mains", "imported", "exported")
    plant.device("station", "discharged", "charged", "panels")
    plant.device("pump", "electricity")
    answer = await plant.run()
    data = await plant.preferences()
    assert data["energy_sources"][:2] == own
    assert [source["type"] for source in data["energy_sources"]] == ["grid", "battery", "solar"]
    assert data["device_consumption"] == devices
    assert data["device_consumption_water"] == water
    assert answer["added"] == ["sensor.station_panels"]
    assert len(answer["kept"]) == 5


async def test_incomplete_and_disabled_sensors_are_not_added(plant: Plant) -> None:
    plant.device("station", "charged")
    plant.device("pump", "electricity", disabled_by=er.RegistryEntryDisabler.USER)
    plant.device("mains", "exported")
    assert await plant.run() == {"added": [], "kept": []}
    assert await plant.preferences() is None


async def test_without_the_energy_dashboard_it_is_an_error(hass: HomeAssistant) -> None:
    async_register_energy_action(hass, DOMAIN, ROLES)
    with pytest.raises(ServiceValidationError) as error:
        await Plant(hass).run()
    assert error.value.translation_key == "energy_not_set_up"


async def test_only_administrators(plant: Plant, hass_read_only_user: Any) -> None:
    with pytest.raises(Unauthorized):
        await plant.run(Context(user_id=hass_read_only_user.id))
