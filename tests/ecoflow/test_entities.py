"""Entities of all simulated models, and their translations."""

from collections.abc import Callable
import json
from pathlib import Path

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.ecoflow.api.families import FAMILIES
from custom_components.ecoflow.api.families.specs import SensorSpec
from custom_components.ecoflow.api.units import UNITS, Quantity
from custom_components.ecoflow.button import REFRESH
from custom_components.ecoflow.const import DOMAIN
from custom_components.ecoflow.event import GRID
from custom_components.ecoflow.sensor import SURPLUS_POWER, SURPLUS_STATUS, describe
from simulators.ecoflow_cloud.models import MODELS

from .conftest import CloudThread, account_data

TRANSLATIONS = json.loads(
    (Path(__file__).parents[2] / "custom_components/ecoflow/translations/en.json").read_text("utf-8")
)["entity"]


async def test_entities_of_each_simulated_model(
    hass: HomeAssistant, make_cloud: Callable[..., CloudThread], snapshot: SnapshotAssertion
) -> None:
    """The entities of each device by key: category, class, unit and options."""
    cloud = make_cloud(*(part for model in sorted(MODELS) for part in ("--device", model)))
    entry = MockConfigEntry(domain=DOMAIN, title="all", data=account_data(cloud), options={"use_mqtt": False})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    found = {}
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        key = entity.unique_id.removeprefix(f"{entry.entry_id}_")
        found[f"{key} ({entity.domain})"] = {
            "name": entity.original_name,
            "category": entity.entity_category,
            "class": entity.original_device_class,
            "unit": entity.unit_of_measurement,
            "capabilities": dict(entity.capabilities or {}),
            "enabled": entity.disabled_by is None,
        }
    assert len(found) > 200
    assert dict(sorted(found.items())) == snapshot
    await hass.config_entries.async_unload(entry.entry_id)


def test_each_entity_and_option_is_translated() -> None:
    for family in FAMILIES:
        for platform, points in (
            ("sensor", family.sensors),
            ("binary_sensor", family.binary_sensors),
            ("switch", family.switches),
            ("number", family.numbers),
            ("select", family.selects),
            ("button", family.buttons),
        ):
            for point in points:
                assert TRANSLATIONS[platform][point.key]["name"], (family.name, point.key)
        for choice in family.selects:
            assert set(choice.options) <= set(TRANSLATIONS["select"][choice.key]["state"])
        for reading in family.sensors:
            if reading.states is not None:
                assert set(reading.states.values()) <= set(TRANSLATIONS["sensor"][reading.key]["state"])
    assert set(SURPLUS_STATUS.options or ()) == set(TRANSLATIONS["sensor"][SURPLUS_STATUS.key]["state"])
    assert TRANSLATIONS["sensor"][SURPLUS_POWER.key]["name"]
    assert TRANSLATIONS["button"][REFRESH.key]["name"]
    assert set(TRANSLATIONS["event"][GRID.key]["state_attributes"]["event_type"]["state"]) == set(
        GRID.event_types or ()
    )


def test_each_translated_entity_exists() -> None:
    known = {point.key for family in FAMILIES for point in (*family.entities(), *family.buttons)}
    known |= {"battery_charged_energy", "battery_discharged_energy", "solar_energy", "surplus_reason"}
    known |= {"surplus_target_power", "broker", "online", "surplus_charging", "refresh", "grid"}
    assert {key for names in TRANSLATIONS.values() for key in names} == known


@pytest.mark.parametrize("quantity", list(Quantity))
def test_each_quantity_has_a_valid_unit_for_its_device_class(quantity: Quantity) -> None:
    description = describe(SensorSpec(key="x", source="x", quantity=quantity, states={0: "idle"}))
    assert (description.native_unit_of_measurement or "") == UNITS[quantity]
    expected = {
        Quantity.POWER: SensorDeviceClass.POWER,
        Quantity.ENERGY: SensorDeviceClass.ENERGY,
        Quantity.BATTERY_LEVEL: SensorDeviceClass.BATTERY,
        Quantity.STATE: SensorDeviceClass.ENUM,
    }
    if quantity in expected:
        assert description.device_class is expected[quantity]


def test_energy_dashboard_sensors_have_the_required_classes() -> None:
    for family in FAMILIES:
        for reading in family.sensors:
            if reading.counter:
                description = describe(reading)
                assert description.device_class is SensorDeviceClass.ENERGY
                assert description.state_class == "total_increasing"
                assert description.native_unit_of_measurement == "kWh"


def test_each_platform_is_set_up() -> None:
    assert {Platform(platform) for platform in TRANSLATIONS} == {
        Platform.BINARY_SENSOR,
        Platform.BUTTON,
        Platform.EVENT,
        Platform.NUMBER,
        Platform.SELECT,
        Platform.SENSOR,
        Platform.SWITCH,
    }
