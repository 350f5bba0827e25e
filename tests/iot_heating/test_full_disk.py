"""A full disk: every call is answered, heating continues, and what changed is saved as soon as there is space."""

from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json
from pathlib import Path
import sqlite3
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from sqlalchemy.exc import OperationalError

from custom_components.iot_heating._lib.archive_store import Store as ArchiveStore
from custom_components.iot_heating.const import DOMAIN
from custom_components.iot_heating.protocol.commands import CommandName, status_of
from custom_components.iot_heating.protocol.session_tracker import Session, Usage
from custom_components.iot_heating.runtime.key_rotation import async_request_rotation, async_rotate_key
from custom_components.iot_heating.storage.device_store import DEVICE_STORE
from custom_components.iot_heating.storage.session_database import SessionChange, SessionDatabase
from custom_components.iot_heating.storage.session_store import FILE_NAME
from custom_components.iot_heating.storage.telemetry_archive import TELEMETRY_ARCHIVE
from tests.full_disk import full_disk as no_space_for_files

from . import TELEMETRY, device_record

PATH = "/api/iot/device/ESP32-001/sync/"
SETTINGS = "/api/iot/buildings/1/settings/"
REAL_WRITE = Store._async_write_data
FULL = sqlite3.OperationalError("database or disk is full")
type Sync = Callable[..., Awaitable[dict[str, Any]]]

pytestmark = pytest.mark.expects_errors


@pytest.fixture(autouse=True)
def real_files(hass: HomeAssistant) -> Generator[None]:
    """Stores are files, as in Home Assistant; the test plugin keeps them in memory."""
    with patch.object(Store, "_async_write_data", REAL_WRITE):
        yield


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Home Assistant's stores write what is left when it stops."""
    return True


@pytest.fixture
def sync(client: TestClient, key: str) -> Sync:
    """Call as the controller does; the answer is checked to be a configuration."""

    async def call(body: dict[str, Any] | None = None, device_key: str = key, query: str = "") -> dict[str, Any]:
        headers = {"X-Device-Key": device_key}
        if body is None:
            reply = await client.get(PATH + query, headers=headers)
        else:
            reply = await client.post(PATH + query, headers=headers, json=body)
        assert (reply.status, reply.content_type) == (HTTPStatus.OK, "application/json"), await reply.text()
        answer: dict[str, Any] = await reply.json()
        assert answer["config"]["device_id"] == "ESP32-001"
        return answer

    return call


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of the integration can be written."""
    with (
        no_space_for_files(),
        patch.object(SessionDatabase, "write", side_effect=FULL),
        patch.object(ArchiveStore, "write", side_effect=OperationalError("INSERT", {}, FULL)),
    ):
        yield


def issues(hass: HomeAssistant) -> list[str]:
    return [issue_id for domain, issue_id in ir.async_get(hass).issues if domain == DOMAIN]


def stored(hass: HomeAssistant) -> dict[str, Any]:
    content = json.loads(Path(hass.config.path(".storage", DOMAIN)).read_text())
    device: dict[str, Any] = content["data"]["devices"]["ESP32-001"]
    return device


async def later(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def send(hass: HomeAssistant, building: MockConfigEntry, name: CommandName) -> None:
    controller = building.runtime_data.hub.controllers["ESP32-001"]
    await building.runtime_data.commands.async_send(controller, name)


async def test_commands_are_delivered_and_confirmed(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, freezer: FrozenDateTimeFactory
) -> None:
    await send(hass, building, CommandName.FORCE_ON)
    with full_disk():
        for _ in range(3):
            assert (await sync({"state": "off"}))["config"]["schedule"][0]["target"] == "30C"
        assert status_of(device_record(building).commands[-1]).value == "delivered"
        await sync()
        await sync({"state": "on"})
        assert status_of(device_record(building).commands[-1]).value == "confirmed"
        assert issues(hass) == ["storage_failed"]
        await later(hass, freezer, 31)
        assert issues(hass) == ["storage_failed"], "still full"
    assert stored(hass)["commands"][-1]["status"] == "pending"
    await later(hass, freezer, 31)
    assert stored(hass)["commands"][-1]["status"] == "confirmed"
    await later(hass, freezer, 61)
    assert issues(hass) == []


async def test_commands_of_protocol_2_are_delivered_and_confirmed(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync
) -> None:
    await send(hass, building, CommandName.FORCE_OFF)
    with full_disk():
        (command,) = (await sync({"state": "on", "protocol_version": 2}))["commands"]
        answer = await sync({"state": "off", "acks": [{"id": command["id"], "ok": True}]}, query="?protocol_version=2")
        assert (answer["commands"], answer["config"]["force"]) == ([], "off")
        assert status_of(device_record(building).commands[-1]).value == "confirmed"


async def test_a_command_that_expires_and_an_override_that_ends_are_kept(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, freezer: FrozenDateTimeFactory
) -> None:
    await send(hass, building, CommandName.FORCE_ON)
    with full_disk():
        await later(hass, freezer, 16 * 60)
        assert status_of(device_record(building).commands[-1]).value == "failed"
        assert (await sync({"state": "off"}))["config"]["schedule"] == []


async def test_a_new_key_is_used_for_the_first_time(
    hass: HomeAssistant, sync: Sync, client: TestClient, key: str, freezer: FrozenDateTimeFactory
) -> None:
    new = await async_rotate_key(hass.data[DEVICE_STORE], "ESP32-001")
    with full_disk():
        await sync()
        for _ in range(3):
            await sync(TELEMETRY, new)
        await sync(None, new)
        assert (await client.get(PATH, headers={"X-Device-Key": key})).status == HTTPStatus.UNAUTHORIZED
    await later(hass, freezer, 31)
    assert stored(hass)["keys"]["previous"] is None


async def test_a_controller_gets_no_key_that_could_be_lost(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, freezer: FrozenDateTimeFactory
) -> None:
    body = {**TELEMETRY, "protocol_version": 2}
    await sync(body)
    await async_request_rotation(hass.data[DEVICE_STORE], building.runtime_data.hub.controllers["ESP32-001"])
    with full_disk():
        for _ in range(3):
            assert "new_key" not in await sync(body)
    new = (await sync(body))["new_key"]
    await sync(body, new)


async def test_sessions_and_reports_are_kept(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, freezer: FrozenDateTimeFactory, tmp_path: Path
) -> None:
    archive = hass.data[TELEMETRY_ARCHIVE]._archive
    assert archive is not None
    with full_disk():
        for state in ("on", "off", "on"):
            await sync({"state": state})
            await later(hass, freezer, 30)
        for _ in range(6000):
            if archive.status.last_error:
                break
            await hass.async_add_executor_job(__import__("time").sleep, 0.01)
        await hass.async_block_till_done()
        assert archive.status.last_error == "database or disk is full"
        assert issues(hass) == ["storage_failed"]
    await later(hass, freezer, 61)
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        rows = db.execute("SELECT end IS NULL FROM sessions ORDER BY id").fetchall()
    assert rows == [(0,), (1,)]
    for _ in range(6000):
        if archive.status.written == 3:
            break
        await hass.async_add_executor_job(__import__("time").sleep, 0.01)
    await hass.async_block_till_done()
    assert archive.status.written == 3
    assert issues(hass) == []


async def test_users_are_answered(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, hass_client: ClientSessionGenerator
) -> None:
    user = await hass_client()
    with full_disk():
        await sync(TELEMETRY)
        assert (await user.get("/api/iot/devices/")).status == HTTPStatus.OK
        assert (await user.get(SETTINGS)).status == HTTPStatus.OK
        reply = await user.post("/api/iot/devices/ESP32-001/report_status/", json={"state": "off"})
        assert (await reply.json())["device"]["current_status"] == "off"
        for patched in ({"curve_value": 1}, {"schedule": [{"day": "Daily", "slots": ["06:00-07:00"]}]}):
            reply = await user.patch(SETTINGS, json=patched)
            assert (reply.status, (await reply.json())["error"]) == (500, "storage_failed")
        assert (await sync())["config"]["schedule"] == []
        with pytest.raises(HomeAssistantError) as caught:
            await send(hass, building, CommandName.FORCE_ON)
        assert caught.value.translation_key == "storage_failed"
        assert (await sync())["config"]["schedule"] == [], "what was rejected has no effect"


async def test_home_assistant_starts_and_controllers_get_their_configuration(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync
) -> None:
    await send(hass, building, CommandName.FORCE_ON)
    with full_disk():
        await hass.config_entries.async_unload(building.entry_id)
        await sync({"state": "on"})
        assert await hass.config_entries.async_setup(building.entry_id)
        await sync({"state": "on"})


async def test_a_controller_is_removed(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    with full_disk():
        hass.config_entries.async_remove_subentry(building, next(iter(building.subentries)))
        await hass.async_block_till_done()
        assert (await client.get(PATH, headers={"X-Device-Key": key})).status == HTTPStatus.UNAUTHORIZED
        assert issues(hass) == ["storage_failed"]


async def test_what_no_retry_could_save_is_saved_when_home_assistant_stops(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync
) -> None:
    await send(hass, building, CommandName.FORCE_ON)
    with full_disk():
        await sync({"state": "on"})
    await hass.async_stop()
    assert stored(hass)["commands"][-1]["status"] == "delivered"


@pytest.mark.parametrize("session_rows", [1, 400])
def test_the_session_database_works_again_after_it_was_full(tmp_path: Path, session_rows: int) -> None:
    """SQLite itself refuses: the file may not grow. A large transaction fails before its commit, a small one at it."""
    database = SessionDatabase(tmp_path / FILE_NAME)
    database.open()
    start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    many = tuple(Session(start, start, end=start) for _ in range(session_rows))
    change = SessionChange(1, many, {start.date(): Usage(1.0)})
    db = database._connection()
    db.execute("CREATE TRIGGER grow AFTER INSERT ON sessions BEGIN INSERT INTO filling VALUES (zeroblob(9000)); END")
    db.execute("CREATE TABLE filling (x)")
    db.execute("PRAGMA max_page_count = 1")
    for _ in range(3):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            database.write([change])
    assert not db.in_transaction
    db.execute("PRAGMA max_page_count = 1000000")
    database.write([change])
    assert len(database.sessions(1, start, start, 1000)) == session_rows
    database.close()


def test_a_commit_that_fails_leaves_no_transaction_open(tmp_path: Path) -> None:
    """Another process reads: the commit, and only the commit, is refused."""
    database = SessionDatabase(tmp_path / FILE_NAME)
    database.open()
    start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    change = SessionChange(1, (Session(start, start),), {})
    database._connection().execute("PRAGMA busy_timeout = 1")
    with sqlite3.connect(tmp_path / FILE_NAME) as reader:
        rows = reader.execute("SELECT name FROM sqlite_master")
        rows.fetchone()
        with pytest.raises(sqlite3.OperationalError):
            database.write([change])
        rows.close()
    database.write([change])
    database.close()
