"""Keys of controllers: rotated by the user or by the controller itself, and revoked."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .._lib.device_keys import KeyMatch, KeyRing, hash_key, new_key
from ..const import DOMAIN
from ..storage.device_records import DeviceRecord, KeyRotation
from ..storage.device_store import DeviceStore
from .controller import Controller

GRACE_PERIOD: Final = timedelta(days=7)
"""How long the old key stays valid at most."""


async def async_rotate_key(store: DeviceStore, device_id: str, grace: timedelta = GRACE_PERIOD) -> str:
    """Replace a key and return the new one. The old one is valid until the new one is used or the grace ends."""
    key = new_key()
    await store.async_change_device(
        device_id,
        lambda record: replace(
            record, keys=record.keys.rotated(hash_key(key), dt_util.utcnow(), grace), rotation=KeyRotation.NONE
        ),
    )
    return key


async def async_revoke_keys(store: DeviceStore, device_id: str) -> None:
    """Revoke all keys of a controller."""
    await store.async_change_device(
        device_id, lambda record: replace(record, keys=record.keys.revoked(), rotation=KeyRotation.NONE)
    )


async def async_request_rotation(store: DeviceStore, controller: Controller) -> None:
    """Have a protocol 2 controller fetch a new key with its next call.

    Raises:
        ServiceValidationError: It uses protocol 1.
    """
    if controller.protocol < 2:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="needs_protocol_2",
            translation_placeholders={"name": controller.name, "command": "rotate_key"},
        )
    await store.async_change_device(
        controller.device_id, lambda record: replace(record, rotation=KeyRotation.REQUESTED)
    )


async def async_issue_key(store: DeviceStore, device_id: str, match: KeyMatch) -> str | None:
    """Create the key that the next reply contains, while the key is being rotated; None if it cannot be saved.

    If the reply is lost, the controller calls with its old key again, which is still valid, and gets another one.
    """
    key = new_key()
    until = dt_util.utcnow() + GRACE_PERIOD

    def issue(record: DeviceRecord) -> DeviceRecord:
        previous = record.keys.previous if match is KeyMatch.PREVIOUS else record.keys.current
        return replace(record, keys=KeyRing(hash_key(key), previous, until), rotation=KeyRotation.ISSUED)

    try:
        await store.async_change_device(device_id, issue)
    except HomeAssistantError:
        # A key that a power failure could lose would lock the controller out. It keeps its key until the next call.
        return None
    return key


async def async_complete_rotation(store: DeviceStore, device_id: str) -> None:
    """Invalidate the old key: the new one was used."""

    def complete(record: DeviceRecord) -> DeviceRecord:
        rotation = KeyRotation.NONE if record.rotation is KeyRotation.ISSUED else record.rotation
        return replace(record, keys=record.keys.settled(), rotation=rotation)

    await store.async_update_device(device_id, complete)
