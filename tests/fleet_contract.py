"""The conformance test of fleets (lib/fleet.py), which every provider passes.

Call it from the provider's own tests: `await assert_fleet_contract(hass, custom_components.mine.ota,
keys={"dev-1": "its key", "dev-2": "its key"}, change=send_telemetry)`.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from lib.fleet import CHIPS, DEVICE_ID, Fleet, FleetDevice, FleetOffer, FleetProvider

_FIELDS = {f.name for f in fields(FleetDevice)}


async def assert_fleet_contract(
    hass: HomeAssistant,
    provider: Any,
    *,
    keys: Mapping[str, str],
    change: Callable[[], Any],
) -> Fleet:
    """Check a provider that has at least two devices.

    Args:
        hass: Home Assistant with the provider's entry loaded.
        provider: The provider's module (or an object with the same function).
        keys: Valid key of each device that the test set up; at least two.
        change: Makes one device of `keys` change visibly (a telemetry message, a new group); may be async.
    """
    assert len(keys) >= 2, "two devices are needed to try one device's key on another"
    typed: FleetProvider = provider
    fleet = await typed.async_get_fleet(hass)
    assert await typed.async_get_fleet(hass) is fleet, "one fleet object per domain"
    assert isinstance(fleet, Fleet), "a member of the protocol is missing"
    assert fleet.domain
    assert fleet.name
    devices = fleet.devices()
    assert set(keys) <= set(devices)
    for device_id, device in devices.items():
        _assert_device(hass, device_id, device)
    _assert_authentication(fleet, keys)
    await _assert_notices(hass, fleet, change, devices)
    _assert_offers(fleet, next(iter(keys)))
    return fleet


def _assert_device(hass: HomeAssistant, device_id: str, device: FleetDevice) -> None:
    missing = {name for name in _FIELDS if not hasattr(device, name)}
    assert not missing, f"{device_id} lacks {missing}"
    assert device.device_id == device_id
    assert DEVICE_ID.fullmatch(device_id), f"{device_id} is not allowed in a URL"
    assert device.chip in CHIPS
    assert device.product
    assert device.name
    if device.last_seen is not None:
        assert device.last_seen.tzinfo is not None, "times have a time zone"
    if device.device_registry_id is not None:
        assert dr.async_get(hass).async_get(device.device_registry_id), "lists a device that does not exist"
    assert all(isinstance(value, (int, float)) for value in device.metrics.values())


def _assert_authentication(fleet: Fleet, keys: Mapping[str, str]) -> None:
    for device_id, key in keys.items():
        assert fleet.authenticate(device_id, key)
        for wrong in ("", key[:-1], key[:8], key + "x", key.swapcase(), "Bearer " + key, "\N{SNOWMAN}", "\0"):
            assert wrong == key or not fleet.authenticate(device_id, wrong), f"accepts {wrong!r}"
        for other in keys:
            if keys[other] != key:
                assert not fleet.authenticate(other, key), "accepts another device's key"
        assert not fleet.authenticate("no-such-device", key)
        assert not fleet.authenticate("", key)
        assert key not in repr(fleet)
        assert key not in repr(fleet.devices()[device_id])


async def _assert_notices(
    hass: HomeAssistant, fleet: Fleet, change: Callable[[], Any], before: Mapping[str, FleetDevice]
) -> None:
    heard: list[frozenset[str]] = []
    seen: list[Mapping[str, FleetDevice]] = []

    def listener(ids: frozenset[str]) -> None:
        heard.append(ids)
        seen.append(fleet.devices())

    unsubscribe = fleet.subscribe(listener)
    await _run(hass, change)
    assert heard, "a change was not announced"
    named = frozenset().union(*heard)
    assert named
    changed = {i for i in {*before, *seen[-1]} if before.get(i) != seen[-1].get(i)}
    assert changed, "the change was announced before it was visible, or changed the earlier value in place"
    assert changed <= named, "a changed device was not listed"
    unsubscribe()
    unsubscribe()
    count = len(heard)
    await _run(hass, change)
    assert len(heard) == count, "still called after unsubscribe"


async def _run(hass: HomeAssistant, change: Callable[[], Any]) -> None:
    result = change()
    if hasattr(result, "__await__"):
        await result
    await hass.async_block_till_done()


def _assert_offers(fleet: Fleet, device_id: str) -> None:
    offer = FleetOffer(job_id="j1", version="9.9.9", size=1, sha256="0" * 64, path="/api/ota/x")
    fleet.offer(device_id, offer)
    fleet.offer(device_id, None)
    fleet.offer("no-such-device", offer)
