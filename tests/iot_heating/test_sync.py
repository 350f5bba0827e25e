"""The device-sync API, protocol 1, on Home Assistant's real HTTP server."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
from http import HTTPStatus
import json
from typing import Any
from unittest.mock import AsyncMock, patch

from aiohttp.test_utils import TestClient
from homeassistant.components.http.ban import KEY_FAILED_LOGIN_ATTEMPTS
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.iot_heating.protocol.report import Report
from custom_components.iot_heating.storage.device_store import DEVICE_STORE

from . import TELEMETRY, add_controller, controller_subentry, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"
REFUSAL = {"error": "unauthorized", "message": "no valid key was presented", "field": None}


@pytest.fixture(autouse=True)
def wrong_login() -> Generator[AsyncMock]:
    """Nothing that a device does counts as a failed login in Home Assistant."""
    with patch("homeassistant.components.http.ban.process_wrong_login") as process:
        yield process
    process.assert_not_called()


@pytest.mark.parametrize("path", [PATH, PATH.rstrip("/")])
async def test_a_controller_fetches_its_configuration(client: TestClient, key: str, path: str) -> None:
    reply = await client.get(path, headers={"X-Device-Key": key})
    assert reply.status == HTTPStatus.OK
    config = (await reply.json())["config"]
    assert list(config) == [
        "protocol_version",
        "device_id",
        "building_id",
        "iot_enabled",
        "curve",
        "schedule",
        "updated_at",
        "server_time",
    ]
    assert config["protocol_version"] == 1
    assert (config["device_id"], config["building_id"], config["iot_enabled"]) == ("ESP32-001", 1, True)
    assert config["curve"] == {"value": 50, "min_external_temp": -15}
    assert config["schedule"] == []
    assert config["server_time"].endswith("Z")


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_a_report_shows_in_home_assistant(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    reply = await client.post(PATH, headers={"X-Device-Key": key}, json=TELEMETRY)
    assert reply.status == HTTPStatus.OK
    assert (await reply.json())["config"]["device_id"] == "ESP32-001"
    await hass.async_block_till_done()
    subentry = controller_subentry(building).subentry_id

    def state(platform: str, name: str) -> str:
        found = hass.states.get(entity_id(hass, platform, subentry, name))
        assert found
        return found.state

    assert state("binary_sensor", "heating") == "on"
    assert state("binary_sensor", "connectivity") == "on"
    assert state("sensor", "outdoor_temperature") == "8.7"
    assert state("sensor", "supply_temperature") == "61.5"
    assert state("sensor", "voltage") == "3.3"
    assert state("sensor", "last_seen") not in ("unknown", "unavailable")


async def test_a_changed_number_is_in_the_next_reply(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    before = (await (await client.get(PATH, headers={"X-Device-Key": key})).json())["config"]
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": entity_id(hass, "number", building.entry_id, "curve_value"), "value": 72},
        blocking=True,
    )
    config = (await (await client.get(PATH, headers={"X-Device-Key": key})).json())["config"]
    assert config["curve"] == {"value": 72, "min_external_temp": -15}
    assert config["updated_at"] >= before["updated_at"]


async def test_a_schedule_comes_back_as_it_was_written(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    schedule = [{"day": "mon-FRI", "slots": ["22:00-6:00"], "target": "71.6F", "mode": "eco", "note": {"a": [1]}}]
    await building.runtime_data.building.async_patch_profile({"schedule": schedule})
    config = (await (await client.get(PATH, headers={"X-Device-Key": key})).json())["config"]
    assert config["schedule"] == schedule


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"X-Device-Key": "KEY"}, ""),
        ({"Authorization": "Bearer KEY"}, ""),
        ({"authorization": "bearer KEY"}, ""),
        ({}, "?api_key=KEY"),
    ],
)
async def test_three_ways_to_present_a_key(client: TestClient, key: str, headers: dict[str, str], query: str) -> None:
    headers = {name: value.replace("KEY", key) for name, value in headers.items()}
    assert (await client.get(PATH + query.replace("KEY", key), headers=headers)).status == HTTPStatus.OK


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("presented", [None, "", " ", "wrong", "KEY[:-1]", "KEYx", "x" * 5000, "\N{SNOWMAN}"], ids=str)
async def test_one_answer_to_every_wrong_key(client: TestClient, key: str, method: str, presented: str | None) -> None:
    headers = {}
    if presented is not None:
        headers["X-Device-Key"] = key[:-1] if presented == "KEY[:-1]" else presented.replace("KEY", key)
    reply = await client.request(method, PATH, headers=headers, data=json.dumps(TELEMETRY))
    assert reply.status == HTTPStatus.UNAUTHORIZED
    assert await reply.json() == REFUSAL


async def test_an_unknown_device_gets_the_same_answer(client: TestClient, key: str) -> None:
    for device_id in ("ESP32-999", "esp32-001", "%20", "a%2Fb", "a" * 300):
        reply = await client.get(f"/api/iot/device/{device_id}/sync/", headers={"X-Device-Key": key})
        assert (reply.status, await reply.json()) == (HTTPStatus.UNAUTHORIZED, REFUSAL)


async def test_another_devices_key_does_not_open(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    other = await add_controller(hass, building, "ESP32-002", "Attic")
    reply = await client.get(PATH, headers={"X-Device-Key": other})
    assert reply.status == HTTPStatus.UNAUTHORIZED


async def test_a_wrong_header_is_not_rescued_by_a_right_query(client: TestClient, key: str) -> None:
    reply = await client.get(f"{PATH}?api_key={key}", headers={"X-Device-Key": "wrong"})
    assert reply.status == HTTPStatus.UNAUTHORIZED


async def test_a_removed_controllers_key_opens_nothing(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    hass.config_entries.async_remove_subentry(building, controller_subentry(building).subentry_id)
    await hass.async_block_till_done()
    reply = await client.get(PATH, headers={"X-Device-Key": key})
    assert reply.status == HTTPStatus.UNAUTHORIZED


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"hello", "bad_json", None),
        (b'{"state": "on"', "bad_json", None),
        (b"[]", "bad_json", None),
        (b"null", "bad_json", None),
        (b"5", "bad_json", None),
        (b'{"temp_out": nano}', "bad_json", None),
        (b'{"state": on}', "bad_json", None),
        (b"\xef\xbb\xbf", "bad_json", None),
        (b"\xef\xbb\xbf[]", "bad_json", None),
        (b'{"a": "' + b'\\"' * 30_000, "bad_json", None),
        (b"[" * 60_000, "bad_json", None),
        (b'{"a":' * 10_000 + b"NaN" + b"}" * 10_000, "bad_json", None),
        (b'{"state": "\xff\xfe"}', "bad_json", None),
        (nested(17), "bad_json", None),
        (b'{"state": "maybe"}', "bad_value", "state"),
        (b'{"errors": "E1"}', "bad_value", "errors"),
    ],
)
async def test_bad_input_is_named_and_has_no_effect(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, body: bytes, code: str, field: str
) -> None:
    reply = await client.post(PATH, headers={"X-Device-Key": key}, data=body)
    assert reply.status == HTTPStatus.BAD_REQUEST
    answer = await reply.json()
    assert list(answer) == ["error", "message", "field"]
    if code is not None:
        assert (answer["error"], answer["field"]) == (code, field)
    await hass.async_block_till_done()
    outdoor = hass.states.get(
        entity_id(hass, "sensor", controller_subentry(building).subentry_id, "outdoor_temperature")
    )
    assert outdoor
    assert outdoor.state == "unknown"


@pytest.mark.parametrize("body", [nested(16), b'{"rssi": -61, "temp_out": 8}', b"{}"])
async def test_what_is_not_known_is_not_an_error(client: TestClient, key: str, body: bytes) -> None:
    assert (await client.post(PATH, headers={"X-Device-Key": key}, data=body)).status == HTTPStatus.OK


async def test_64_kib_are_taken_and_a_byte_more_is_not(client: TestClient, key: str) -> None:
    body = b'{"a":"' + b"x" * (64 * 1024 - 8) + b'"}'
    assert (await client.post(PATH, headers={"X-Device-Key": key}, data=body)).status == HTTPStatus.OK
    reply = await client.post(PATH, headers={"X-Device-Key": key}, data=body + b" ")
    assert reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert (await reply.json())["error"] == "too_large"


async def test_the_key_is_checked_before_the_body_is_read(client: TestClient, key: str) -> None:
    reply = await client.post(PATH, headers={"X-Device-Key": "wrong"}, data=b"x" * 200_000)
    assert reply.status == HTTPStatus.UNAUTHORIZED


async def test_a_flood_is_slowed_down_and_a_good_key_still_passes(client: TestClient, key: str) -> None:
    for _ in range(2000):
        reply = await client.get(PATH, headers={"X-Device-Key": "wrong"})
        if reply.status != HTTPStatus.UNAUTHORIZED:
            break
    assert reply.status == HTTPStatus.TOO_MANY_REQUESTS
    assert int(reply.headers["Retry-After"]) >= 1
    assert (await reply.json())["error"] == "too_many"
    assert (await client.get(PATH, headers={"X-Device-Key": key})).status == HTTPStatus.OK


async def test_no_key_is_logged(
    client: TestClient, key: str, caplog: pytest.LogCaptureFixture, building: MockConfigEntry
) -> None:
    caplog.set_level("DEBUG")
    await client.post(PATH, headers={"X-Device-Key": key}, json=TELEMETRY)
    await client.post(PATH, headers={"X-Device-Key": "wrong-" + key}, data=b"{")
    await client.get(f"{PATH}?api_key={key}")
    ours = [record.getMessage() for record in caplog.records if "iot_heating" in record.name]
    assert not any(key in message for message in ours)


async def test_a_controller_of_an_unloaded_building_still_gets_its_configuration(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    await hass.config_entries.async_unload(building.entry_id)
    reply = await client.post(PATH, headers={"X-Device-Key": key}, json=TELEMETRY)
    assert reply.status == HTTPStatus.OK
    assert (await reply.json())["config"]["building_id"] == 1
    reply = await client.get(f"{PATH}?protocol_version=2", headers={"X-Device-Key": key})
    assert (await reply.json())["config"]["protocol_version"] == 1, "the building is not loaded"


async def test_a_report_that_arrives_in_pieces_is_read_whole(
    building: MockConfigEntry, client: TestClient, key: str
) -> None:
    body = json.dumps({**TELEMETRY, "temp_out": -7.5}).encode()

    async def pieces() -> AsyncGenerator[bytes]:
        for i in range(0, len(body), 20):
            yield body[i : i + 20]
            await asyncio.sleep(0.01)

    reply = await client.post(PATH, headers={"X-Device-Key": key}, data=pieces())
    assert (reply.status, (await reply.json())["config"]["device_id"]) == (HTTPStatus.OK, "ESP32-001")
    assert building.runtime_data.hub.controllers["ESP32-001"].outdoor_c == -7.5


async def test_null_makes_a_reading_unknown_and_absence_leaves_it(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    async def post(body: dict[str, Any]) -> None:
        assert (await client.post(PATH, headers={"X-Device-Key": key}, json=body)).status == HTTPStatus.OK

    controller = building.runtime_data.hub.controllers["ESP32-001"]
    await post(TELEMETRY)
    await post({"temp_out": None})
    assert controller.outdoor_c is None
    assert (controller.flow_c, controller.heating) == (61.5, True)


async def test_failed_logins_of_home_assistant_are_not_counted(hass: HomeAssistant, client: TestClient) -> None:
    for _ in range(5):
        await client.get(PATH)
    assert not hass.http.app[KEY_FAILED_LOGIN_ATTEMPTS]
    assert "ESP32-001" not in hass.data[DEVICE_STORE].devices


async def test_the_same_report_again_is_answered_in_the_protocol_that_it_asks_for(client: TestClient, key: str) -> None:
    headers = {"X-Device-Key": key}
    versions = []
    for query in ("", "?protocol_version=2", "", "?protocol_version=2"):
        reply = await client.post(PATH + query, headers=headers, json=TELEMETRY)
        versions.append((await reply.json())["config"]["protocol_version"])
    assert versions == [1, 2, 1, 2]


async def test_a_repeated_report_applies_after_another_source_has_reported(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    controller = building.runtime_data.hub.controllers["ESP32-001"]
    await client.post(PATH, headers={"X-Device-Key": key}, json=TELEMETRY)
    building.runtime_data.hub.receiver.receive(controller, Report({"temp_out": -3.0}))
    assert controller.outdoor_c == -3.0
    await client.post(PATH, headers={"X-Device-Key": key}, json=TELEMETRY)
    assert controller.outdoor_c == 8.7


async def test_a_controller_that_calls_without_pause_is_shown_once_a_second_with_the_newest(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    subentry = controller_subentry(building).subentry_id
    supply = entity_id(hass, "sensor", subentry, "supply_temperature")
    offers: list[object] = []

    def offered(entity: Entity, value: object, available: bool) -> None:
        if entity.entity_id == supply:
            offers.append(value)

    building.runtime_data.publisher.subscribe(offered)
    for supply_temp in (40, 41, 42, 43):
        await client.post(PATH, headers={"X-Device-Key": key}, json={"supply_temp": supply_temp})
    await hass.async_block_till_done()
    assert offers == [40]
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=1.1))
    await hass.async_block_till_done()
    assert offers == [40, 43]


async def test_a_controller_whose_building_is_unloaded_while_changes_wait_is_left_alone(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    for supply_temp in (40, 41):
        await client.post(PATH, headers={"X-Device-Key": key}, json={"supply_temp": supply_temp})
    assert await hass.config_entries.async_unload(building.entry_id)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=1.1))
    await hass.async_block_till_done()
    reply = await client.post(PATH, headers={"X-Device-Key": key}, json={"supply_temp": 42})
    assert reply.status == HTTPStatus.OK


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_body_of_broken_gzip_leaves_no_traceback(
    client: TestClient, key: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"X-Device-Key": key, "Content-Encoding": "gzip"}
    reply = await client.request(method, PATH, headers=headers, data=b'{"state": "on"}')
    answer = await reply.json()
    assert (reply.status, answer.get("error")) == ((400, "bad_json") if method == "POST" else (200, None))
    assert (await client.post(PATH, headers={"X-Device-Key": key}, json={"temp_out": -0.0})).status == HTTPStatus.OK
    assert not [record for record in caplog.records if record.exc_info]
