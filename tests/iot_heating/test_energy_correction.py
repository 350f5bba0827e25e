"""Correct spoiled sessions and statistics, with a real recorder."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser, async_fire_time_changed
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
    statistics_during_period,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.iot_heating.const import CONF_DEVICE_ID, DOMAIN, SUBENTRY_CONTROLLER
from custom_components.iot_heating.storage.session_store import FILE_NAME

from . import entity_id

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ZONE = "UTC"
PATH = "/api/iot/device/ESP32-001/sync/"
METER = {"device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "Wh"}


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """As in all tests; the recorder starts before Home Assistant."""


@pytest.fixture(autouse=True)
def files_in_tmp(hass: HomeAssistant, tmp_path: Path) -> None:
    """As in all tests of the integration."""
    hass.config.config_dir = str(tmp_path)


def spoil(path: Path) -> None:
    """Bill the meter's whole reading of 240 kWh in addition, as an earlier version did after a fall by 1 Wh."""
    with closing(sqlite3.connect(path / FILE_NAME)) as db, db:
        db.execute("UPDATE sessions SET energy_kwh = energy_kwh + 240, cost = cost + 72")
        db.execute("UPDATE days SET energy_kwh = energy_kwh + 240, cost = cost + 72")


class Home:
    """A building whose controller heated with 2 kW for half an hour, and whose session was spoiled."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, building: MockConfigEntry) -> None:
        self.hass = hass
        self.freezer = freezer
        self.building = building
        self.subentry_id = next(iter(building.subentries))

    async def compile(self, start: datetime, until: datetime) -> None:
        """Make the statistics of some five-minute periods."""
        await async_wait_recording_done(self.hass)
        while start < until:
            do_adhoc_statistics(self.hass, start=start)
            start += timedelta(minutes=5)
        await async_wait_recording_done(self.hass)

    async def correct(self, **data: Any) -> dict[str, Any]:
        reply = await self.hass.services.async_call(DOMAIN, "correct_energy", data, blocking=True, return_response=True)
        assert isinstance(reply, dict)
        # The entities are written within seconds.
        self.freezer.tick(11)
        async_fire_time_changed(self.hass)
        await self.hass.async_block_till_done()
        return reply

    def shown(self, key: str) -> float:
        state = self.hass.states.get(entity_id(self.hass, "sensor", self.subentry_id, key))
        assert state
        return float(state.state)

    async def sums(self, key: str, period: Any = "5minute") -> list[float]:
        entity = entity_id(self.hass, "sensor", self.subentry_id, key)
        rows = await get_instance(self.hass).async_add_executor_job(
            lambda: statistics_during_period(self.hass, NOON - timedelta(days=9), None, {entity}, period=period)
        )
        return [round(row["sum"], 3) for row in rows.get(entity, [])]


@pytest.fixture
async def home(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, freezer: FrozenDateTimeFactory, tmp_path: Path
) -> Home:
    """Half an hour of heating, recorded; then the stored session is spoiled, and Home Assistant counts it."""
    await hass.config.async_set_time_zone(ZONE)
    freezer.move_to(NOON - timedelta(minutes=5))
    assert await async_setup_component(hass, "sensor", {})
    data = {CONF_DEVICE_ID: "ESP32-001", "name": "Cellar", "energy_entity": "sensor.meter", "rated_power": 2000}
    building = MockConfigEntry(
        domain=DOMAIN,
        title="Main house",
        data={"name": "Main house"},
        options={"price": 0.3},
        entry_id="entry_main",
    )
    building.add_to_hass(hass)
    assert await hass.config_entries.async_setup(building.entry_id)
    manager = hass.config_entries.subentries
    form = await manager.async_init((building.entry_id, SUBENTRY_CONTROLLER), context={"source": "user"})
    form = await manager.async_configure(form["flow_id"], data)
    placeholders = form["description_placeholders"]
    assert placeholders is not None
    await manager.async_configure(form["flow_id"], {})
    await hass.async_block_till_done()
    client = await hass_client_no_auth()
    headers = {"X-Device-Key": placeholders["device_key"]}
    now = NOON
    while now <= NOON + timedelta(minutes=30):
        freezer.move_to(now)
        minutes = (now - NOON).total_seconds() / 60
        hass.states.async_set("sensor.meter", f"{240_788 + minutes * 2000 / 60:.1f}", METER)
        async_fire_time_changed(hass, now)
        await client.post(PATH, headers=headers, json={"state": "on" if minutes < 30 else "off"})
        await hass.async_block_till_done()
        now += timedelta(seconds=120)
    await hass.async_block_till_done(wait_background_tasks=True)
    await async_wait_recording_done(hass)
    home = Home(hass, freezer, building)
    await home.compile(NOON, NOON + timedelta(minutes=35))
    assert home.shown("energy") == pytest.approx(1.0, abs=0.07)
    freezer.move_to(NOON + timedelta(minutes=41))
    await hass.config_entries.async_unload(building.entry_id)
    spoil(tmp_path)
    assert await hass.config_entries.async_setup(building.entry_id)
    await hass.async_block_till_done()
    await home.compile(NOON + timedelta(minutes=35), NOON + timedelta(minutes=45))
    freezer.move_to(NOON + timedelta(minutes=46))
    return home


@pytest.mark.slow
async def test_a_spoiled_session_is_recalculated_from_the_readings_of_the_meter(home: Home, tmp_path: Path) -> None:
    assert home.shown("energy") == pytest.approx(241.0, abs=0.07)
    preview = await home.correct()
    assert preview["dry_run"] is True
    (controller,) = preview["controllers"]
    (session,) = controller["sessions"]
    assert session["energy_kwh"] == pytest.approx(241.0, abs=0.07)
    assert session["corrected_energy_kwh"] == pytest.approx(1.0, abs=0.01)
    assert session["corrected_cost"] == pytest.approx(0.3, abs=0.003)
    assert session["taken_from"] == "meter"
    assert len(controller["statistics"]) == 4
    assert all(each["correction_kwh"] == pytest.approx(-240.0, abs=0.07) for each in controller["statistics"])
    assert home.shown("energy") == pytest.approx(241.0, abs=0.07), "nothing is changed by a dry run"

    assert (await home.correct(dry_run=False))["controllers"][0]["sessions"] == [session]
    await home.hass.async_block_till_done()
    for key in ("energy", "energy_today", "energy_week", "energy_month"):
        assert home.shown(key) == pytest.approx(1.0, abs=0.01), key
    assert home.shown("cost") == pytest.approx(0.3, abs=0.003)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        ((kwh, cost, estimated),) = db.execute("SELECT energy_kwh, cost, estimated FROM sessions").fetchall()
        ((day_kwh,),) = db.execute("SELECT energy_kwh FROM days").fetchall()
    assert (kwh, cost) == (pytest.approx(1.0, abs=0.01), pytest.approx(0.3, abs=0.003))
    assert estimated == 1
    assert day_kwh == pytest.approx(1.0, abs=0.01)
    assert (await home.correct(dry_run=False))["controllers"] == []


@pytest.mark.slow
async def test_the_statistics_of_all_sensors_are_corrected_and_stay_so(home: Home) -> None:
    for key in ("energy", "energy_today"):
        assert (await home.sums(key))[-1] > 200
    await home.correct(dry_run=False)
    await home.hass.async_block_till_done()
    later = NOON + timedelta(minutes=46)
    home.freezer.move_to(later)
    await home.compile(NOON + timedelta(minutes=45), NOON + timedelta(minutes=60))
    for key, most in (
        ("energy", 1.1),
        ("energy_today", 1.1),
        ("energy_week", 1.1),
        ("energy_month", 1.1),
        ("cost", 0.35),
    ):
        sums = await home.sums(key)
        assert max(sums) < most, key
        assert min(sums) > -0.1, key
        assert sums[-1] - sums[0] >= 0, key
    assert (await home.sums("energy", "hour"))[-1] == pytest.approx(1.0, abs=0.1)
    # The sensor continues from its corrected value.
    assert (await home.correct())["controllers"] == []


@pytest.mark.slow
async def test_the_maximum_power_that_the_user_gives(home: Home) -> None:
    """A heat source of 2 kW cannot have used 1 kWh in half an hour at 1 kW at most."""
    await home.correct(dry_run=False)
    ((session,),) = [each["sessions"] for each in (await home.correct(max_power=1000))["controllers"]]
    assert session["energy_kwh"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.slow
async def test_only_the_given_time_and_controllers(home: Home) -> None:
    devices = dr.async_get(home.hass)
    building = devices.async_get_device_by_identifier((DOMAIN, home.building.entry_id), home.building.entry_id)
    controller = devices.async_get_device_by_identifier((DOMAIN, home.subentry_id), home.building.entry_id)
    assert building
    assert controller
    assert (await home.correct(start="2026-01-05 13:00:00"))["controllers"] == []
    assert (await home.correct(end="2026-01-05 11:00:00"))["controllers"] == []
    for device in (building, controller):
        assert len((await home.correct(device_id=device.id))["controllers"]) == 1


@pytest.mark.slow
async def test_who_cannot_correct_and_when(home: Home, hass_read_only_user: MockUser) -> None:
    context = Context(user_id=hass_read_only_user.id)
    with pytest.raises(Unauthorized):
        await home.hass.services.async_call(
            DOMAIN, "correct_energy", {}, blocking=True, return_response=True, context=context
        )
    with pytest.raises(ServiceValidationError, match="after the start"):
        await home.correct(start="2026-01-05 13:00:00", end="2026-01-05 12:00:00")
    home.hass.config.components.remove("recorder")
    with pytest.raises(ServiceValidationError, match="recorder"):
        await home.correct()
    home.hass.config.components.add("recorder")


@pytest.mark.slow
@pytest.mark.expects_errors
async def test_a_disk_error_is_reported_and_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("custom_components.iot_heating.storage.session_database.SessionDatabase.write", fail)
    with pytest.raises(HomeAssistantError, match="disk is full"):
        await home.correct(dry_run=False)
    assert home.shown("energy") == pytest.approx(241.0, abs=0.07)
    assert max(await home.sums("energy")) > 200
