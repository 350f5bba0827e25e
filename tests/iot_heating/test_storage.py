"""Stored data: older and newer versions, damaged files, and disk errors."""

from contextlib import closing
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
import sqlite3
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.iot_heating.protocol.session_tracker import Session, Usage
from custom_components.iot_heating.runtime.energy import entity_number, outdoor_temperature
from custom_components.iot_heating.storage.device_store import DEVICE_STORE, DeviceStore
from custom_components.iot_heating.storage.session_database import SessionChange, SessionDatabase
from custom_components.iot_heating.storage.session_store import FILE_NAME, SESSION_STORE

from . import add_controller, building_entry, controller_subentry

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
FIRST_FORM = {
    "next_building": 2,
    "next_device": 2,
    "buildings": {
        "entry_main": {
            "building_id": 1,
            "profile": {
                "curve_value": 60,
                "min_external_temp": 8,
                "schedule": [],
                "iot_enabled": True,
                "updated_at": "2026-01-05T12:00:00Z",
                "revision": 7,
            },
        }
    },
    "devices": {
        "ESP32-001": {
            "entry_id": "entry_main",
            "number": 1,
            "name": "Cellar",
            "keys": {"current": "0" * 64, "previous": None, "previous_until": None},
            "created": "2026-01-05T12:00:00+00:00",
            "confirmed": True,
            "last_seen": "2026-01-05T12:00:00+00:00",
        }
    },
}


async def test_the_first_form_of_the_registry_is_read(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    hass_storage["iot_heating"] = {
        "version": 1,
        "minor_version": 1,
        "key": "iot_heating",
        "data": deepcopy(FIRST_FORM),
    }
    registry = DeviceStore(hass)
    await registry.async_load()
    device = registry.devices["ESP32-001"]
    assert (device.kind.value, device.commands, device.override.is_empty) == ("esp32", (), True)
    assert registry.buildings["entry_main"].profile.mode.value == "auto"
    assert hass_storage["iot_heating"]["minor_version"] == 2, "written back in today's form"


async def test_a_device_is_registered_once(hass: HomeAssistant, building: MockConfigEntry, key: str) -> None:
    from custom_components.iot_heating._lib.device_keys import KeyRing

    registry = hass.data[DEVICE_STORE]
    with pytest.raises(ValueError, match="already"):
        await registry.async_add_device("ESP32-001", "x", "Again", KeyRing())
    assert await registry.async_change_device("gone", lambda record: record) is None


@pytest.fixture
def db(tmp_path: Path) -> SessionDatabase:
    made = SessionDatabase(tmp_path / "s.db")
    made.open()
    return made


def test_a_session_is_written_read_and_written_again(db: SessionDatabase) -> None:
    session = Session(NOW, NOW + timedelta(minutes=5), energy_kwh=0.5, cost=0.1, meter_kwh=7.5)
    ((number,),) = db.write([SessionChange(1, (session,), {date(2026, 1, 5): Usage(300, 0.5, 0.1)})])
    tracker = db.load(1, date(2026, 1, 1))
    assert tracker.running is not None
    assert (tracker.running.id, tracker.running.meter_kwh, tracker.total.on_s) == (number, 7.5, 300)
    session.id, session.end = number, NOW + timedelta(minutes=6)
    db.write([SessionChange(1, (session,), {})])
    assert db.load(1, date(2026, 1, 1)).running is None
    (found,) = db.sessions(1, NOW, NOW + timedelta(hours=1), 10)
    assert found.end == session.end
    assert db.load(1, date(2026, 1, 6)).days == {}
    assert db.months(1, date(2026, 1, 1), date(2026, 1, 31)) == {"2026-01": Usage(300, 0.5, 0.1)}
    db.close()
    db.close()
    with pytest.raises(sqlite3.OperationalError):
        db.load(1, date(2026, 1, 1))


def test_two_running_sessions_cannot_be_true(db: SessionDatabase) -> None:
    later = NOW + timedelta(hours=1)
    db.write([SessionChange(1, (Session(NOW, NOW), Session(later, later)), {})])
    tracker = db.load(1, date(2026, 1, 1))
    assert tracker.running is not None
    assert tracker.running.start == later
    assert [(s.start, s.estimated) for s in tracker.unsaved] == [(NOW, True)]


def test_a_transaction_that_fails_leaves_nothing(db: SessionDatabase) -> None:
    broken: Any = Session(NOW, NOW, energy_kwh=object())  # type: ignore[arg-type]
    with pytest.raises(sqlite3.Error):
        db.write([SessionChange(1, (Session(NOW, NOW),), {}), SessionChange(2, (broken,), {})])
    assert db.sessions(1, NOW - timedelta(days=1), NOW + timedelta(days=1), 10) == []
    db.write([SessionChange(1, (Session(NOW, NOW),), {})])
    assert len(db.sessions(1, NOW - timedelta(days=1), NOW + timedelta(days=1), 10)) == 1


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path, db: SessionDatabase) -> None:
    db.close()
    with closing(sqlite3.connect(tmp_path / "s.db")) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(sqlite3.DatabaseError, match="newer version"):
        db.open()


@pytest.mark.expects_errors
async def test_a_damaged_sessions_file_costs_no_heating(
    hass: HomeAssistant, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is not a database, it is a piece of text" * 100)
    entry = building_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await add_controller(hass, entry)
    assert "ESP32-001" in entry.runtime_data.hub.controllers
    assert "heating sessions: could not be written" in caplog.text
    hass.config_entries.async_remove_subentry(entry, controller_subentry(entry).subentry_id)
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass.data[SESSION_STORE].trackers == {}


@pytest.mark.parametrize(
    ("state", "unit", "celsius"),
    [
        ("20", "°C", 20),
        ("68", "°F", 20),
        ("20", None, 20),
        ("20", "bar", None),
        ("unknown", "°C", None),
        ("nan", "°C", None),
    ],
)
async def test_temperatures_of_other_entities(
    hass: HomeAssistant, state: str, unit: str | None, celsius: float | None
) -> None:
    hass.states.async_set("sensor.t", state, {} if unit is None else {"unit_of_measurement": unit})
    assert outdoor_temperature(hass, "sensor.t") == (None if celsius is None else pytest.approx(celsius))
    assert outdoor_temperature(hass, "sensor.none") is None
    assert outdoor_temperature(hass, None) is None


async def test_a_number_without_a_converter_for_its_unit_is_none(hass: HomeAssistant) -> None:
    from homeassistant.util.unit_conversion import PowerConverter

    hass.states.async_set("sensor.p", "5", {"unit_of_measurement": "apples"})
    assert entity_number(hass, "sensor.p", PowerConverter, "W") is None


@pytest.mark.expects_errors
async def test_a_file_that_could_not_be_read_at_first_is_not_overwritten(
    hass: HomeAssistant, tmp_path: Path, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOW)
    db = SessionDatabase(tmp_path / FILE_NAME)
    db.open()
    today = dt_util.now().date()
    db.write([SessionChange(1, (Session(NOW, NOW, end=NOW),), {today: Usage(1000, 2.0, None)})])
    db.close()
    entry = building_entry()
    entry.add_to_hass(hass)
    with patch.object(SessionDatabase, "open", side_effect=sqlite3.OperationalError("locked")):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await add_controller(hass, entry)
        tracker = entry.runtime_data.hub.controllers["ESP32-001"].tracker
        tracker.report(True, dt_util.utcnow())
        await hass.data[SESSION_STORE].async_save([1])
    await hass.data[SESSION_STORE].async_save([1])
    assert tracker.days[today].on_s == 1000
    assert len(await hass.data[SESSION_STORE].async_get_sessions(1, NOW, dt_util.utcnow() + timedelta(days=1), 10)) == 2
