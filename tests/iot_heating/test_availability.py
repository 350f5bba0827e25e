"""A controller that stops calling."""

from datetime import timedelta
import logging

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from . import TELEMETRY, controller_subentry, entity_id

pytestmark = pytest.mark.usefixtures("entity_registry_enabled_by_default")

PATH = "/api/iot/device/ESP32-001/sync/"
LOGGER = "custom_components.iot_heating"


async def pass_time(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    while seconds > 0:
        freezer.tick(timedelta(seconds=min(10, seconds)))
        seconds -= 10
        async_fire_time_changed(hass)
        await hass.async_block_till_done()


def states(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, str]:
    owner = controller_subentry(entry).subentry_id
    found = {}
    for platform, key in (
        ("sensor", "outdoor_temperature"),
        ("sensor", "last_seen"),
        ("binary_sensor", "connectivity"),
    ):
        state = hass.states.get(entity_id(hass, platform, owner, key))
        assert state
        found[key] = state.state
    return found


async def test_three_missed_polls_make_it_unavailable_and_one_call_brings_it_back(
    hass: HomeAssistant,
    building: MockConfigEntry,
    client: TestClient,
    key: str,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(20):
        await client.post(PATH, headers={"X-Device-Key": key}, json=TELEMETRY)
        await pass_time(hass, freezer, 30)
    controller = building.runtime_data.hub.controllers["ESP32-001"]
    assert controller.interval_s == pytest.approx(30, abs=2), "the interval is learned"
    assert states(hass, building)["outdoor_temperature"] == "8.7"
    seen = states(hass, building)["last_seen"]
    caplog.clear()

    await pass_time(hass, freezer, 50)
    assert states(hass, building)["connectivity"] == "on", "two missed polls are not three"
    await pass_time(hass, freezer, 40)
    assert states(hass, building) == {"outdoor_temperature": "unavailable", "last_seen": seen, "connectivity": "off"}

    await pass_time(hass, freezer, 600)
    await client.post(PATH, headers={"X-Device-Key": key}, json=TELEMETRY)
    await hass.async_block_till_done()
    assert states(hass, building)["outdoor_temperature"] == "8.7"
    ours = [(r.levelno, r.getMessage()) for r in caplog.records if r.name.startswith(LOGGER)]
    assert ours == [
        (logging.WARNING, "Controller ESP32-001 is offline: missed 3 calls"),
        (logging.INFO, "Controller ESP32-001 is back online"),
    ]


async def test_after_a_start_it_is_unknown_before_it_is_missing(
    hass: HomeAssistant, building: MockConfigEntry, key: str, freezer: FrozenDateTimeFactory
) -> None:
    assert states(hass, building) == {
        "outdoor_temperature": "unknown",
        "last_seen": "unknown",
        "connectivity": "unknown",
    }
    await pass_time(hass, freezer, 200)
    assert states(hass, building)["connectivity"] == "off"
    assert states(hass, building)["outdoor_temperature"] == "unavailable"


async def test_a_controller_that_was_asked_to_call_seldom_is_not_missed_in_between(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, freezer: FrozenDateTimeFactory
) -> None:
    hass.config_entries.async_update_entry(building, options={"poll_interval": 300})
    await hass.async_block_till_done()
    for _ in range(3):
        await pass_time(hass, freezer, 320)
        assert states(hass, building)["connectivity"] != "off"
        reply = await client.post(PATH, headers={"X-Device-Key": key}, json={**TELEMETRY, "protocol_version": 2})
        config = (await reply.json())["config"]
        assert (config["poll_interval_s"], config["poll_jitter_s"]) == (300, 30)
    await pass_time(hass, freezer, 3 * 330 + 20)
    assert states(hass, building)["connectivity"] == "off"


async def test_a_refused_call_is_not_a_sign_of_life(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, freezer: FrozenDateTimeFactory
) -> None:
    for _ in range(20):
        await pass_time(hass, freezer, 10)
        await client.post(PATH, headers={"X-Device-Key": "wrong"}, json=TELEMETRY)
    assert states(hass, building)["connectivity"] == "off"
