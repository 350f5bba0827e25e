"""The heating state follows a report within a second, regardless of earlier writes."""

from datetime import timedelta

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from . import controller_subentry, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"


async def test_the_heating_state_follows_each_report_within_a_second(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    heating = entity_id(hass, "binary_sensor", controller_subentry(building).subentry_id, "heating")
    shown, now = [], dt_util.utcnow()
    for state in ("on", "off", "on", "off"):
        reply = await client.post(PATH, headers={"X-Device-Key": key}, json={"state": state, "temp_out": 5})
        assert reply.status == 200
        now += timedelta(seconds=1.1)
        async_fire_time_changed(hass, now)
        await hass.async_block_till_done()
        shown.append(hass.states.get(heating).state)
    assert shown == ["on", "off", "on", "off"]
