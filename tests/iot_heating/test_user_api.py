"""The user API: Home Assistant's users and their permissions, every row of the error table."""

from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.iot_heating.storage.device_store import DEVICE_STORE
from custom_components.iot_heating.storage.telemetry_archive import TELEMETRY_ARCHIVE

from . import TELEMETRY, add_controller, building_entry, device_record, entity_id

SETTINGS = "/api/iot/buildings/1/settings/"
SCHEDULE = [{"day": "Mon-Fri", "slots": ["06:30-09:30", "18:00-23:00"], "target": "22C", "mode": "Auto"}]


@pytest.fixture
async def admin(building: MockConfigEntry, key: str, hass_client: ClientSessionGenerator) -> TestClient:
    """A client with an administrator's token."""
    return await hass_client()


@pytest.fixture
async def reader(
    building: MockConfigEntry, key: str, hass_client: ClientSessionGenerator, hass_read_only_access_token: str
) -> TestClient:
    """A client with the token of a read-only user."""
    return await hass_client(hass_read_only_access_token)


@pytest.mark.parametrize("path", ["/api/iot/devices/", "/api/iot/devices"])
async def test_the_list_of_devices(admin: TestClient, client: TestClient, key: str, path: str) -> None:
    (device,) = (await (await admin.get(path)).json())["devices"]
    assert device == {
        "id": 1,
        "device_id": "ESP32-001",
        "name": "Cellar",
        "building_id": 1,
        "building": "Main house",
        "kind": "esp32",
        "current_status": None,
        "last_seen": None,
        "online": False,
        "firmware_version": None,
    }
    await client.post("/api/iot/device/ESP32-001/sync/", headers={"X-Device-Key": key}, json=TELEMETRY)
    (device,) = (await (await admin.get(path)).json())["devices"]
    assert (device["current_status"], device["online"]) == ("on", True)
    assert device["last_seen"].endswith("Z")


@pytest.mark.parametrize("device_id", ["1", "ESP32-001"])
async def test_a_status_is_reported_by_a_user(
    hass: HomeAssistant, building: MockConfigEntry, admin: TestClient, device_id: str
) -> None:
    body = {"state": "on", "temp_out": -3.5, "room": "attic"}
    with patch.object(hass.data[TELEMETRY_ARCHIVE], "add") as log:
        reply = await admin.post(f"/api/iot/devices/{device_id}/report_status/", json=body)
    assert log.call_args.args[:2] == (device_record(building), body), "raw, as a sync is"
    assert "ESP32-001" in hass.data[DEVICE_STORE].last_seen
    assert reply.status == HTTPStatus.OK
    answer = await reply.json()
    assert answer["status"] == "ok"
    assert (answer["device"]["device_id"], answer["device"]["current_status"]) == ("ESP32-001", "on")
    assert building.runtime_data.hub.controllers["ESP32-001"].outdoor_c == -3.5


@pytest.mark.parametrize("path", [SETTINGS, SETTINGS.rstrip("/")])
async def test_the_settings_of_a_building(admin: TestClient, path: str) -> None:
    reply = await admin.get(path)
    settings = await reply.json()
    assert settings.pop("updated_at").endswith("Z")
    assert settings == {
        "building_id": 1,
        "curve_value": 50,
        "min_external_temp": -15,
        "schedule": [],
        "iot_enabled": True,
        "revision": 1,
    }
    assert reply.headers["ETag"] == '"1"'


async def test_a_change_is_seen_by_the_controller_and_by_entities(
    hass: HomeAssistant, building: MockConfigEntry, admin: TestClient, client: TestClient, key: str
) -> None:
    reply = await admin.patch(SETTINGS, json={"curve_value": 72, "min_external_temp": -5, "schedule": SCHEDULE})
    assert reply.status == HTTPStatus.OK
    settings = await reply.json()
    assert (settings["curve_value"], settings["schedule"], settings["revision"]) == (72, SCHEDULE, 2)
    config = await (await client.get("/api/iot/device/ESP32-001/sync", headers={"X-Device-Key": key})).json()
    assert config["config"]["curve"] == {"value": 72, "min_external_temp": -5}
    assert config["config"]["schedule"] == SCHEDULE
    await hass.async_block_till_done()
    number = hass.states.get(entity_id(hass, "number", building.entry_id, "curve_value"))
    assert number
    assert number.state == "72"


async def test_an_unloaded_building_can_still_be_changed(
    hass: HomeAssistant, building: MockConfigEntry, admin: TestClient
) -> None:
    await hass.config_entries.async_unload(building.entry_id)
    reply = await admin.patch(SETTINGS, json={"iot_enabled": False})
    assert (reply.status, (await reply.json())["iot_enabled"]) == (HTTPStatus.OK, False)
    reply = await admin.post("/api/iot/devices/1/report_status/", json={})
    assert (reply.status, (await reply.json())["error"]) == (HTTPStatus.CONFLICT, "conflict")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/iot/devices/"),
        ("POST", "/api/iot/devices/1/report_status/"),
        ("GET", SETTINGS),
        ("PATCH", SETTINGS),
    ],
)
async def test_a_request_without_a_token_is_rejected(client: TestClient, key: str, method: str, path: str) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer nonsense"},
        {"X-Device-Key": key},
        {"Authorization": f"Bearer {key}"},
    ):
        reply = await client.request(method, path, headers=headers, json={})
        assert reply.status == HTTPStatus.UNAUTHORIZED
        assert (await reply.json())["error"] == "unauthorized"


async def test_a_read_only_user_reads(reader: TestClient) -> None:
    assert (await reader.get("/api/iot/devices/")).status == HTTPStatus.OK
    assert (await reader.get(SETTINGS)).status == HTTPStatus.OK


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/iot/devices/1/report_status/"), ("PATCH", SETTINGS)])
async def test_a_read_only_user_changes_nothing(
    building: MockConfigEntry, reader: TestClient, method: str, path: str
) -> None:
    reply = await reader.request(method, path, json={"curve_value": 1, "state": "on"})
    assert (reply.status, (await reply.json())["error"]) == (HTTPStatus.FORBIDDEN, "forbidden")
    assert building.runtime_data.building.profile.revision == 1


async def test_a_user_without_rights_sees_nothing(
    hass: HomeAssistant, hass_admin_user: MockUser, admin: TestClient
) -> None:
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({})
    assert await (await admin.get("/api/iot/devices/")).json() == {"devices": []}
    assert (await admin.get(SETTINGS)).status == HTTPStatus.NOT_FOUND
    assert (await admin.post("/api/iot/devices/1/report_status/", json={})).status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("building_id", ["2", "0", "-1", "x", "1.0", "²", "9" * 20, "9" * 5000])
async def test_a_building_that_is_not_there(admin: TestClient, building_id: str) -> None:
    for method in ("GET", "PATCH"):
        reply = await admin.request(method, f"/api/iot/buildings/{building_id}/settings/", json={})
        assert (reply.status, (await reply.json())["error"]) == (HTTPStatus.NOT_FOUND, "not_found")


@pytest.mark.parametrize("device_id", ["2", "ESP32-002", "x"])
async def test_a_device_that_is_not_there(admin: TestClient, device_id: str) -> None:
    reply = await admin.post(f"/api/iot/devices/{device_id}/report_status/", json={})
    assert (reply.status, (await reply.json())["error"]) == (HTTPStatus.NOT_FOUND, "not_found")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"x", "bad_json", None),
        (b"[]", "bad_json", None),
        (b'{"curve_value": NaN}', "bad_json", None),
        (b'{"curve_value": "60"}', "bad_value", "curve_value"),
        (b'{"curve_value": 101}', "bad_value", "curve_value"),
        (b'{"min_external_temp": -31}', "bad_value", "min_external_temp"),
        (b'{"iot_enabled": "yes"}', "bad_value", "iot_enabled"),
        (b'{"schedule": {}}', "bad_value", "schedule"),
        (b'{"schedule": [{"slots": []}]}', "missing", "schedule[0].day"),
        (b'{"schedule": [{"day": "Mon", "slots": ["a"]}]}', "bad_value", "schedule[0].slots[0]"),
        (b'{"curve_value": 1, "min_external_temp": 99}', "bad_value", "min_external_temp"),
        (b'{"revision": "1"}', "bad_value", "revision"),
        (b'{"revision": true}', "bad_value", "revision"),
    ],
)
async def test_a_bad_change_is_named_and_has_no_effect(
    building: MockConfigEntry, admin: TestClient, body: bytes, code: str, field: str | None
) -> None:
    reply = await admin.patch(SETTINGS, data=body)
    assert reply.status == HTTPStatus.BAD_REQUEST
    answer = await reply.json()
    assert (answer["error"], answer["field"]) == (code, field)
    assert building.runtime_data.building.profile.revision == 1


async def test_a_bad_report_is_named(building: MockConfigEntry, admin: TestClient) -> None:
    reply = await admin.post("/api/iot/devices/1/report_status/", json={"temp_out": "20"})
    assert (reply.status, (await reply.json())["field"]) == (HTTPStatus.BAD_REQUEST, "temp_out")
    assert building.runtime_data.hub.controllers["ESP32-001"].online is None


async def test_too_large(admin: TestClient) -> None:
    reply = await admin.patch(SETTINGS, data=b'{"a": "' + b"x" * 70_000 + b'"}')
    assert (reply.status, (await reply.json())["error"]) == (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({"revision": 1}, {}, 200),
        ({"revision": 0}, {}, 409),
        ({"revision": 2}, {}, 409),
        ({}, {"If-Match": '"1"'}, 200),
        ({}, {"If-Match": 'W/"1"'}, 200),
        ({}, {"If-Match": "*"}, 200),
        ({}, {"If-Match": '"2"'}, 409),
        ({}, {"If-Match": '"abc"'}, 409),
        ({"revision": 1}, {"If-Match": '"9"'}, 200),
    ],
)
async def test_a_stale_revision_is_a_conflict(
    building: MockConfigEntry, admin: TestClient, body: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    reply = await admin.patch(SETTINGS, json={"curve_value": 51, **body}, headers=headers)
    assert reply.status == status
    if status == HTTPStatus.CONFLICT:
        assert (await reply.json())["error"] == "conflict"
    assert building.runtime_data.building.profile.revision == (2 if status == HTTPStatus.OK else 1)


async def test_fields_that_are_not_settings_are_passed_over(building: MockConfigEntry, admin: TestClient) -> None:
    reply = await admin.patch(SETTINGS, json={"mode": "eco", "building_id": 9, "x": [1]})
    assert reply.status == HTTPStatus.OK
    assert building.runtime_data.building.profile.revision == 1


async def test_what_is_acknowledged_is_on_disk(
    hass: HomeAssistant, hass_storage: dict[str, Any], hass_client: ClientSessionGenerator
) -> None:
    entry = building_entry()
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await add_controller(hass, entry)
    await (await hass_client()).patch(SETTINGS, json={"curve_value": 33})
    assert hass_storage["iot_heating"]["data"]["buildings"][entry.entry_id]["profile"]["curve_value"] == 33


async def test_a_full_disk_is_not_acknowledged(building: MockConfigEntry, admin: TestClient) -> None:
    with patch.object(Store, "_async_write_data", side_effect=WriteError("disk full")):
        reply = await admin.patch(SETTINGS, json={"curve_value": 33})
    assert (reply.status, (await reply.json())["error"]) == (HTTPStatus.INTERNAL_SERVER_ERROR, "storage_failed")
    assert building.runtime_data.building.profile.curve_value == 50
