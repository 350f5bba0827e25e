"""The native protocol, from check-in to a verified update."""

import hashlib

from homeassistant.core import HomeAssistant

from custom_components.ota.data import OtaData

from .conftest import AddDevice, Release, rollout


async def test_a_device_is_updated(hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release) -> None:
    device = await add_device()
    assert await device.check(version="1.0.0") == {"update": None, "reason": "no_rollout", "poll_s": 300}
    image = await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0", boot_count=4))["update"]
    assert update["version"] == "2.0.0"
    assert update["size"] == len(image)
    assert update["signature"]
    reply = await device.client.get(update["url"], headers=device.headers)
    assert await reply.read() == image
    assert hashlib.sha256(image).hexdigest() == update["sha256"] == reply.headers["ETag"].strip('"')
    assert (await device.status(update["job"], "installing"))["state"] == "installing"
    assert (await device.status(update["job"], "rebooting"))["state"] == "rebooting"
    after = await device.check(version="2.0.0", boot_count=5)
    assert after["reason"] == "up_to_date"
    await hass.async_block_till_done()
    assert hass.states.get("update.dev_1_firmware").attributes["installed_version"] == "2.0.0"
    assert hass.states.get("sensor.dev_1_update_status").state == "verified"


async def test_a_status_report_may_contain_a_check_in(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await device.check(version="1.0.0", boot_count=4)
    await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0", boot_count=4))["update"]
    await device.status(update["job"], "rebooting")
    answer = await device.status(update["job"], "rebooting", version="2.0.0", boot_count=5)
    assert (answer["status"], answer["state"]) == (200, "verified")
    assert ota.hub.state.devices["dev-1"].installed_version == "2.0.0"
