"""Tests of the iot_heating integration, and what they share."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.iot_heating.const import (
    CONF_DEVICE_ID,
    CONF_LINKED,
    DOMAIN,
    SUBENTRY_CONTROLLER,
    SUBENTRY_LINKED,
)
from custom_components.iot_heating.storage.device_records import DeviceRecord

TELEMETRY: dict[str, Any] = {"state": "on", "temp_out": 8.7, "supply_temp": 61.5, "voltage": 3.3, "errors": []}
"""The example of the origin document."""


def building_entry(title: str = "Main house") -> MockConfigEntry:
    """A building that is not set up yet."""
    return MockConfigEntry(domain=DOMAIN, title=title, data={"name": title}, entry_id=f"entry_{title.lower()[:4]}")


async def add_controller(
    hass: HomeAssistant, entry: MockConfigEntry, device_id: str = "ESP32-001", name: str = "Cellar"
) -> str:
    """Register a controller as a user does; returns the key that was shown."""
    manager = hass.config_entries.subentries
    form = await manager.async_init((entry.entry_id, SUBENTRY_CONTROLLER), context={"source": SOURCE_USER})
    form = await manager.async_configure(form["flow_id"], {"name": name, CONF_DEVICE_ID: device_id})
    assert form["step_id"] == "key", form
    placeholders = form["description_placeholders"]
    assert placeholders is not None
    done = await manager.async_configure(form["flow_id"], {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return placeholders["device_key"]


def controller_subentry(entry: MockConfigEntry, device_id: str = "ESP32-001") -> ConfigSubentry:
    """The subentry of a controller."""
    return next(s for s in entry.subentries.values() if s.unique_id == device_id)


def device_record(entry: MockConfigEntry, device_id: str = "ESP32-001") -> DeviceRecord:
    """The stored record of a controller."""
    record: DeviceRecord | None = entry.runtime_data.commands.record(device_id)
    assert record is not None
    return record


def entity_id(hass: HomeAssistant, platform: str, owner: str, key: str) -> str:
    """The entity of a subentry or entry with this key."""
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{owner}_{key}")
    assert found, f"no {platform} {key}"
    return found


async def add_linked(
    hass: HomeAssistant, entry: MockConfigEntry, entity: str, name: str = "Boiler", **energy: object
) -> ConfigSubentry:
    """Link an entity as a user does."""
    manager = hass.config_entries.subentries
    form = await manager.async_init((entry.entry_id, SUBENTRY_LINKED), context={"source": SOURCE_USER})
    done = await manager.async_configure(form["flow_id"], {"name": name, CONF_LINKED: entity, **energy})
    assert done["type"] is FlowResultType.CREATE_ENTRY, done
    await hass.async_block_till_done()
    return next(s for s in entry.subentries.values() if s.title == name)
