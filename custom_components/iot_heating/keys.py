"""The keys of controllers: rotated by hand or by the controller itself, revoked."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ._lib.device_keys import hash_key, new_key
from .const import DOMAIN
from .controller import Controller
from .coordinator import Building
from .records import Rotation
from .registry import REGISTRY

GRACE: Final = timedelta(days=7)


async def async_rotate(hass: HomeAssistant, device_id: str, grace: timedelta = GRACE) -> str:
    """Make a new key; the old one is good until the new one is first used, or the grace ends. Returns the new key."""
    key = new_key()
    await hass.data[REGISTRY].async_change_device(
        device_id,
        lambda record: replace(
            record, keys=record.keys.rotated(hash_key(key), dt_util.utcnow(), grace), rotation=Rotation.NONE
        ),
    )
    return key


async def async_revoke(hass: HomeAssistant, device_id: str) -> None:
    """End all keys of a controller at once."""
    await hass.data[REGISTRY].async_change_device(
        device_id, lambda record: replace(record, keys=record.keys.revoked(), rotation=Rotation.NONE)
    )


async def async_start_rotation(building: Building, controller: Controller) -> None:
    """Have a protocol 2 controller fetch a new key itself.

    Raises:
        ServiceValidationError: It speaks protocol 1.
    """
    if controller.protocol < 2:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="needs_protocol_2",
            translation_placeholders={"name": controller.name, "command": "rotate_key"},
        )
    await building.registry.async_change_device(
        controller.device_id, lambda record: replace(record, rotation=Rotation.WANTED)
    )
