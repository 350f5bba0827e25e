"""A sensor that fails: its reading is unknown and counted, and all else continues."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.iot_heating.diagnostics import async_get_config_entry_diagnostics
from custom_components.iot_heating.storage.telemetry_archive import TELEMETRY_ARCHIVE

from . import controller_subentry, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"
type Post = Callable[[bytes], Awaitable[dict[str, Any]]]


@pytest.fixture
def post(hass: HomeAssistant, client: TestClient, key: str) -> Post:
    """Post a body as it is; the answer is checked to be a configuration."""

    async def send(body: bytes) -> dict[str, Any]:
        reply = await client.post(PATH, headers={"X-Device-Key": key}, data=body)
        assert reply.status == HTTPStatus.OK, await reply.text()
        await hass.async_block_till_done()
        answer: dict[str, Any] = await reply.json()
        assert answer["config"]["device_id"] == "ESP32-001"
        return answer

    return send


def shown(hass: HomeAssistant, building: MockConfigEntry, platform: str, key: str) -> str:
    state = hass.states.get(entity_id(hass, platform, controller_subentry(building).subentry_id, key))
    assert state
    return state.state


@pytest.mark.parametrize(
    "reading",
    [
        "-127", "-127.00", "85.0", "NaN", "nan", "-nan", "inf", "-Infinity", "1e999", "1e9", "null", '"n/a"', '"nan"',
        "9" * 400, "true", "[]", '{"value": 5}',
    ],
)  # fmt: skip
async def test_a_failed_sensor_costs_nothing_else(
    hass: HomeAssistant, building: MockConfigEntry, post: Post, reading: str
) -> None:
    await post(b'{"state": "off", "temp_out": 5.5, "supply_temp": 40}')
    body = f'{{"state": "on", "temp_out": {reading}, "supply_temp": 41.5, "voltage": 3.3}}'.encode()
    assert "ignored" not in await post(body), "protocol 1 has no such field"
    controller = building.runtime_data.hub.controllers["ESP32-001"]
    assert (controller.online, controller.heating, controller.outdoor_c, controller.flow_c) == (True, True, None, 41.5)
    assert controller.tracker.running is not None
    answer = await post(body[:-1] + b', "protocol_version": 2}')
    assert answer["ignored"] == ["temp_out"]
    (device,) = (await async_get_config_entry_diagnostics(hass, building))["controllers"]
    assert device["ignored"]["temp_out"]["count"] == 2
    await post(b'{"temp_out": 5.6}')
    assert controller.outdoor_c == 5.6


async def test_a_failed_sensor_is_shown_as_unknown(
    hass: HomeAssistant, building: MockConfigEntry, post: Post, freezer: FrozenDateTimeFactory
) -> None:
    await post(b'{"state": "on", "temp_out": 5.5, "supply_temp": 40}')
    assert shown(hass, building, "sensor", "outdoor_temperature") == "5.5"
    await post(b'{"state": "on", "temp_out": nan, "supply_temp": 40}')
    freezer.tick(timedelta(seconds=11))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert shown(hass, building, "sensor", "outdoor_temperature") == "unknown"
    assert shown(hass, building, "binary_sensor", "heating") == "on"
    assert shown(hass, building, "binary_sensor", "connectivity") == "on"


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"state": "ON", "temp_out": "5,5"}',
        b'{"state": "true", "temp_out": 5.5}\x00',
        b'{"state":1,"temp_out":"5.5"}\r\n\x00',
    ],
)
async def test_a_careless_encoding_is_read(building: MockConfigEntry, post: Post, body: bytes) -> None:
    await post(body)
    controller = building.runtime_data.hub.controllers["ESP32-001"]
    assert (controller.heating, controller.outdoor_c) == (True, 5.5)


@pytest.mark.parametrize("body", [b"", b" \r\n", b"{}"])
async def test_an_empty_report_is_a_poll(building: MockConfigEntry, post: Post, body: bytes) -> None:
    await post(b'{"state": "on", "temp_out": 5}')
    assert (await post(body))["config"]["protocol_version"] == 1
    controller = building.runtime_data.hub.controllers["ESP32-001"]
    assert (controller.online, controller.heating, controller.outdoor_c) == (True, True, 5)


async def test_an_empty_report_may_ask_for_protocol_2(client: TestClient, key: str) -> None:
    reply = await client.post(f"{PATH}?protocol_version=2", headers={"X-Device-Key": key}, data=b"")
    assert (await reply.json())["config"]["protocol_version"] == 2


async def test_the_log_keeps_what_came_and_means_leave_it_out(hass: HomeAssistant, post: Post) -> None:
    rows: list[Any] = []
    with patch.object(hass.data[TELEMETRY_ARCHIVE]._archive, "put", rows.append):
        await post(b'{"temp_out": -127, "supply_temp": 40.5, "heap": 1}')
        await post(b'{"temp_out": NaN, "supply_temp": "40.5"}')
    assert [row.payload for row in rows] == [
        {"temp_out": -127, "supply_temp": 40.5, "heap": 1},
        {"temp_out": "NaN", "supply_temp": "40.5"},
    ]
    assert [row.numbers for row in rows] == [{"supply_temp": 40.5, "heap": 1}, {}]
