"""Actions: telemetry, commands, schedule; what each user may do; what is refused in words."""

from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.iot_heating._lib.archive import Row
from custom_components.iot_heating.const import DOMAIN
from custom_components.iot_heating.storage.telemetry_archive import TELEMETRY_ARCHIVE

from . import TELEMETRY, add_linked, controller_subentry, device_record, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"


def device_of(hass: HomeAssistant, entry: MockConfigEntry, owner: str) -> str:
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, owner), entry.entry_id)
    assert device
    return device.id


@pytest.fixture
async def call(hass: HomeAssistant, building: MockConfigEntry, key: str) -> Any:
    """Calls an action for the controller; the keyword ``device_id`` replaces it."""

    async def action(name: str, *, user: MockUser | None = None, response: bool = True, **data: Any) -> Any:
        data.setdefault("device_id", device_of(hass, building, controller_subentry(building).subentry_id))
        return await hass.services.async_call(
            DOMAIN,
            name,
            data,
            blocking=True,
            return_response=response,
            context=Context(user_id=user.id) if user else None,
        )

    return action


@pytest.fixture
async def reported(hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str) -> None:
    """Three reports are in the archive."""
    for supply in (40.0, 42.0, 47.0):
        body = {**TELEMETRY, "supply_temp": supply, "heap": 180_000, "nested": {"a": 1}}
        reply = await client.post(PATH, headers={"X-Device-Key": key}, json=body)
        assert reply.status == HTTPStatus.OK
    archive = hass.data[TELEMETRY_ARCHIVE]._archive
    assert archive is not None
    for _ in range(2000):
        if archive.status.written == 3:
            return
        await hass.async_add_executor_job(__import__("time").sleep, 0.02)
    pytest.fail(f"the archive did not write: {archive.status}")


async def test_reports_are_kept_as_they_came(call: Any, reported: None) -> None:
    answer = await call("get_telemetry", aggregation="raw")
    assert (answer["device_id"], answer["aggregation"], len(answer["rows"])) == ("ESP32-001", "raw", 3)
    assert answer["rows"][0]["report"] == {**TELEMETRY, "supply_temp": 40.0, "heap": 180_000, "nested": {"a": 1}}
    answer = await call("get_telemetry", aggregation="raw", fields=["heap"], limit=2)
    assert [row["report"] for row in answer["rows"]] == [{"heap": 180_000}] * 2


async def test_a_hundred_reports_at_once_are_kept_and_then_one_a_second(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, rows, now = hass.data[TELEMETRY_ARCHIVE], list[Row](), 1000.0
    monkeypatch.setattr(log._archive, "put", rows.append)
    monkeypatch.setattr(log._rate_limiter, "clock", lambda: now)

    async def report(marker: int) -> None:
        reply = await client.post(PATH, headers={"X-Device-Key": key}, json={"marker": marker})
        assert reply.status == HTTPStatus.OK

    for marker in range(110):
        await report(marker)
    assert [row.payload for row in rows] == [{"marker": marker} for marker in range(100)]
    now += 1
    for marker in (200, 201):
        await report(marker)
    assert [row.payload for row in rows[100:]] == [{"marker": 200}]


@pytest.mark.parametrize("aggregation", ["5min", "hour", "day"])
async def test_reports_are_summed_up(call: Any, reported: None, aggregation: str) -> None:
    answer = await call("get_telemetry", aggregation=aggregation, fields=["supply_temp"])
    rows = answer["rows"]
    always = {"start": "0001-01-01 00:00:00", "end": "9999-12-31 23:59:59"}
    assert (await call("get_telemetry", aggregation=aggregation, fields=["supply_temp"], **always))["rows"] == rows
    assert sum(row["count"] for row in rows) == 3
    assert {row["field"] for row in rows} == {"supply_temp"}
    assert max(row["max"] for row in rows) == 47
    if len(rows) == 1:
        assert (rows[0]["mean"], rows[0]["min"]) == (43, 40)


async def test_a_range_without_reports_is_empty(call: Any, reported: None) -> None:
    end = dt_util.now() - timedelta(days=3)
    answer = await call("get_telemetry", start=end - timedelta(days=1), end=end)
    assert answer["rows"] == []


@pytest.mark.parametrize("action", ["get_telemetry", "get_sessions"])
async def test_a_range_that_ends_before_it_begins_is_refused(call: Any, action: str) -> None:
    for start, end in (("2026-01-02 00:00:00", "2026-01-01 00:00:00"), ("9999-12-31 23:59:59", "0001-01-01 00:00:00")):
        with pytest.raises(ServiceValidationError) as caught:
            await call(action, start=start, end=end)
        assert caught.value.translation_key == "empty_range"


async def test_a_disabled_log_is_an_error(hass: HomeAssistant, building: MockConfigEntry, call: Any) -> None:
    hass.config_entries.async_update_entry(building, options={"telemetry_log": False})
    await hass.async_block_till_done()
    with pytest.raises(HomeAssistantError) as caught:
        await call("get_telemetry")
    assert caught.value.translation_key == "log_disabled"


@pytest.mark.parametrize("aggregation", ["raw", "hour"])
async def test_an_unavailable_log_is_an_error(
    hass: HomeAssistant, building: MockConfigEntry, call: Any, aggregation: str
) -> None:
    archive = hass.data[TELEMETRY_ARCHIVE]._archive
    assert archive is not None
    await hass.async_add_executor_job(archive.close)
    archive._connected = archive._readable = False
    with pytest.raises(HomeAssistantError) as caught:
        await call("get_telemetry", aggregation=aggregation)
    assert caught.value.translation_key == "log_unavailable"


async def test_a_command_is_sent_with_its_arguments(
    building: MockConfigEntry, call: Any, client: TestClient, key: str
) -> None:
    answer = await call("send_command", command="set_curve", curve_value=75, min_external_temp=-5)
    assert (answer["command"], answer["status"]) == ("set_curve", "pending")
    reply = await (await client.get(PATH, headers={"X-Device-Key": key})).json()
    assert reply["config"]["curve"] == {"value": 75, "min_external_temp": -5}
    assert await call("send_command", command="auto", response=False) is None
    reply = await (await client.get(PATH, headers={"X-Device-Key": key})).json()
    assert reply["config"]["curve"] == {"value": 50, "min_external_temp": -15}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"command": "set_curve"}, "curve_value_missing"),
        ({"command": "set_curve", "curve_value": 101}, "out_of_range"),
        ({"command": "set_curve", "curve_value": 50, "min_external_temp": 31}, "out_of_range"),
        ({"command": "reboot"}, "needs_protocol_2"),
    ],
)
async def test_a_command_that_makes_no_sense_is_refused(call: Any, data: dict[str, Any], error: str) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await call("send_command", **data)
    assert caught.value.translation_key == error
    named = (caught.value.translation_placeholders or {}).get("field", "curve_value")
    assert named in ("curve_value", "min_external_temp"), "as the action calls it"


async def test_a_schedule_is_set(hass: HomeAssistant, building: MockConfigEntry, call: Any) -> None:
    schedule = [{"day": "Daily", "slots": ["06:00-22:00"], "target": 21}]
    house = device_of(hass, building, building.entry_id)
    await call("set_schedule", device_id=house, schedule=schedule, response=False)
    assert list(building.runtime_data.building.profile.schedule.raw) == schedule
    local = [{"day": "ma-pe", "slots": ["06:00-22:00"], "target": 21}]
    await call("set_schedule", device_id=house, schedule=local, response=False)
    stored = list(building.runtime_data.building.profile.schedule.raw)
    assert stored == [{**local[0], "day": "Mon-Fri"}], "controllers get English day names"
    with pytest.raises(ServiceValidationError) as caught:
        await call("set_schedule", schedule=[{"day": "someday", "slots": []}], response=False)
    assert caught.value.translation_placeholders == {
        "field": "schedule[0].day",
        "error": "'someday' is not a day",
    }


async def test_a_building_is_not_a_controller(hass: HomeAssistant, building: MockConfigEntry, call: Any) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await call("get_sessions", device_id=device_of(hass, building, building.entry_id))
    assert caught.value.translation_key == "not_a_controller"


async def test_a_linked_entity_has_no_key(hass: HomeAssistant, building: MockConfigEntry, call: Any) -> None:
    hass.states.async_set("switch.boiler", "off")
    owner = (await add_linked(hass, building, "switch.boiler")).subentry_id
    with pytest.raises(ServiceValidationError) as caught:
        await call("rotate_key", device_id=device_of(hass, building, owner))
    assert caught.value.translation_key == "no_key"


@pytest.mark.parametrize(
    ("action", "data", "response"),
    [
        ("send_command", {"command": "auto"}, False),
        ("set_schedule", {"schedule": []}, False),
        ("get_sessions", {"filename": "sessions.csv"}, True),
    ],
)
async def test_a_read_only_user_changes_nothing(
    call: Any, hass_read_only_user: MockUser, action: str, data: dict[str, Any], response: bool
) -> None:
    with pytest.raises(Unauthorized):
        await call(action, user=hass_read_only_user, response=response, **data)


async def test_a_read_only_user_reads(call: Any, hass_read_only_user: MockUser) -> None:
    assert (await call("get_sessions", user=hass_read_only_user))["sessions"] == []


async def test_a_user_without_rights_reads_nothing(call: Any, hass_read_only_user: MockUser) -> None:
    hass_read_only_user.groups = []
    hass_read_only_user.mock_policy({})
    with pytest.raises(Unauthorized):
        await call("get_sessions", user=hass_read_only_user)


async def test_a_file_is_written_only_where_it_may_be(hass: HomeAssistant, call: Any, tmp_path: Any) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await call("get_sessions", filename="/etc/sessions.csv")
    assert caught.value.translation_key == "path_not_allowed"
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    with pytest.raises(HomeAssistantError) as failed:
        await call("get_sessions", filename=str(tmp_path))
    assert failed.value.translation_key == "storage_failed"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("missing/sessions.csv", "folder_missing"),
        ("taken/sessions.csv", "folder_missing"),
        pytest.param("x" * 300 + ".csv", "filename_too_long", id="long"),
        ("folder", "storage_failed"),
    ],
)
async def test_a_file_that_cannot_be_written_is_an_error_of_the_call(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    building: MockConfigEntry,
    key: str,
    tmp_path: Path,
    name: str,
    error: str,
) -> None:
    """Home Assistant answers 400 with the reason; it answers 500 for errors of its own."""
    (tmp_path / "taken").touch()
    (tmp_path / "folder").mkdir()
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    owner = controller_subentry(building).subentry_id
    data = {"device_id": device_of(hass, building, owner), "filename": str(tmp_path / name)}
    assert await async_setup_component(hass, "api", {})
    client = await hass_client()
    reply = await client.post("/api/services/iot_heating/get_sessions?return_response", json=data)
    assert reply.status == HTTPStatus.BAD_REQUEST
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(DOMAIN, "get_sessions", data, blocking=True, return_response=True)
    assert caught.value.translation_key == error


async def test_a_full_disk_is_not_an_error_of_the_call(hass: HomeAssistant, call: Any) -> None:
    hass.config.allowlist_external_dirs = {"/dev"}
    with pytest.raises(HomeAssistantError) as caught:
        await call("get_sessions", filename="/dev/full")
    assert caught.value.translation_key == "storage_failed"
    assert not isinstance(caught.value, ServiceValidationError)


@pytest.mark.parametrize("field", ["duration", "expires_in"])
@pytest.mark.parametrize("span", [{"seconds": 0}, {"days": 367}, {"days": 999_999_999}])
async def test_a_span_of_nothing_or_of_ages_is_refused(
    call: Any, building: MockConfigEntry, field: str, span: dict[str, int]
) -> None:
    with pytest.raises(vol.Invalid):
        await call("send_command", response=False, command="force_on", **{field: span})
    assert device_record(building).override.is_empty


async def test_more_sessions_than_one_answer_holds_are_refused_not_cut(
    call: Any, client: TestClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.iot_heating.storage.history._MAX_SESSIONS", 2)
    for state in ("on", "off", "on", "off"):
        await client.post(PATH, headers={"X-Device-Key": key}, json={"state": state})
    assert len((await call("get_sessions"))["sessions"]) == 2
    await client.post(PATH, headers={"X-Device-Key": key}, json={"state": "on"})
    with pytest.raises(ServiceValidationError, match="more than 2"):
        await call("get_sessions")


@pytest.mark.parametrize("aggregation", ["raw", "hour"])
async def test_a_user_reads_the_fields_of_whose_entities_they_may_read_the_states(
    hass: HomeAssistant,
    call: Any,
    building: MockConfigEntry,
    reported: None,
    hass_read_only_user: MockUser,
    aggregation: str,
) -> None:
    """A position that a controller reports has no entity: who may not read everything does not get it."""
    subentry = controller_subentry(building).subentry_id
    supply = entity_id(hass, "sensor", subentry, "supply_temperature")
    curve = entity_id(hass, "number", building.entry_id, "curve_value")
    everything = await call("get_telemetry", aggregation=aggregation, user=hass_read_only_user)
    assert "heap" in str(everything["rows"])
    allowed = {name: {"read": True} for name in (supply, curve)}
    hass_read_only_user.groups = []
    hass_read_only_user.mock_policy({"entities": {"entity_ids": allowed}})
    rows = (await call("get_telemetry", aggregation=aggregation, user=hass_read_only_user))["rows"]
    if aggregation == "raw":
        assert [row["report"] for row in rows] == [{"supply_temp": value} for value in (40.0, 42.0, 47.0)]
    else:
        assert {row["field"] for row in rows} == {"supply_temp"}
    for fields in (["heap"], ["temp_out"], ["latitude"]):
        with pytest.raises(Unauthorized):
            await call("get_telemetry", aggregation=aggregation, fields=fields, user=hass_read_only_user)


@pytest.mark.parametrize("action", ["get_telemetry", "get_sessions"])
async def test_an_unknown_user_reads_nothing(call: Any, action: str) -> None:
    with pytest.raises(UnknownUser):
        await call(action, user=MockUser(id="somebody"))
