"""Helpers of the tests of entities, actions and repairs."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ota.data import OtaData

from .conftest import AddDevice, Registered, settled

UPDATE = "update.dev_1_firmware"


async def later(hass: HomeAssistant, seconds: float) -> None:
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await settled(hass)


def registered(hass: HomeAssistant, ota: OtaData, uid: str = "dev-1") -> dr.DeviceEntry:
    found = dr.async_get(hass).async_get_device_by_identifier(("ota", ota.devices.subentries[uid]), ota.hub.entry_id)
    assert found is not None
    return found


async def fleet(add_device: AddDevice, count: int = 4) -> list[Registered]:
    devices = [await add_device(f"dev-{number}") for number in range(1, count + 1)]
    for device in devices:
        await device.check(version="1.0.0", boot_count=1)
    return devices
