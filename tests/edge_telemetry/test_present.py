"""What is current goes by arrival; the clock of a device is only compared. Outages are not silence."""

from datetime import datetime
import random
import time
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.edge_telemetry.data import EdgeData
from custom_components.edge_telemetry.decoders import DeviceClock, resolve_local_time

from .conftest import Publish, confirmed, entity_id, pass_time, state

TOPIC = "van/env/inside/data"
DEVICE = "van/env/inside"
HOUR = 3600.0
CHECK_S = 20


async def tick(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass."""
    await confirmed(hass)
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def run(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: int) -> None:
    """Let time pass without a pause of Home Assistant: its checks are regular."""
    for _ in range(0, seconds, CHECK_S):
        await tick(hass, freezer, CHECK_S)


@pytest.mark.parametrize("back_s", [20 * HOUR, HOUR, 300.0, 6 * 24 * HOUR])
async def test_the_newest_arrival_is_shown_regardless_of_the_clock_of_the_device(
    hass: HomeAssistant, data: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory, back_s: float
) -> None:
    """A board without a battery for its clock starts with an old time (guysoft/OctoPi#606)."""
    await publish(TOPIC, {"ts": time.time(), "temperature_c": 4.0})
    for value in (9.0, 14.0, 19.0, 24.0, 29.0):
        await tick(hass, freezer, 30)
        await publish(TOPIC, {"ts": time.time() - back_s, "temperature_c": value})
    await tick(hass, freezer, 11)
    assert state(hass, "temperature_c", DEVICE) == "29.0"
    assert state(hass, "device_clock_offset", DEVICE) == str(round(-back_s))
    assert data.counters.late == 0


async def test_a_clock_that_stays_wrong_does_not_date_the_archive(
    hass: HomeAssistant, data: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory, monkeypatch: Any
) -> None:
    rows: list[float] = []
    monkeypatch.setattr(data.archive, "put", lambda _address, ts, *_: rows.append(ts))
    for _ in range(4):
        await publish(TOPIC, {"ts": time.time() - 20 * HOUR, "temperature_c": 4.0})
        await tick(hass, freezer, 40)
    arrivals = [time.time() - seconds for seconds in (160, 120, 80, 40)]
    assert [round(arrival - row) for arrival, row in zip(arrivals, rows, strict=True)] == [72000, 72000, 0, 0]
    assert data.counters.refused_clocks == 2


async def test_stored_values_are_archived_at_their_time(
    hass: HomeAssistant, data: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory, monkeypatch: Any
) -> None:
    rows: list[float] = []
    monkeypatch.setattr(data.archive, "put", lambda _address, ts, *_: rows.append(ts))
    measured = [time.time() - HOUR + 60 * minute for minute in range(60)]
    for ts in measured:
        await publish(TOPIC, {"ts": ts, "temperature_c": 4.0})
        freezer.tick(2)
    assert rows == measured


async def test_local_time_in_the_hour_that_repeats(
    hass: HomeAssistant, data: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config.async_set_time_zone("Europe/Helsinki")
    freezer.move_to("2026-10-25 00:58:00+00:00")  # 03:58 summer time
    await publish(TOPIC, {"ts": "2026-10-25T03:58:00", "temperature_c": 4.0})
    freezer.move_to("2026-10-25 01:01:00+00:00")  # 03:01 standard time
    await publish(TOPIC, {"ts": "2026-10-25T03:01:00", "temperature_c": 5.0})
    (device,) = data.devices.values()
    assert device.values["temperature_c"] == 5.0


def test_a_local_time_is_the_one_closer_to_the_arrival() -> None:
    zone, at = ZoneInfo("Europe/Helsinki"), datetime.fromisoformat("2026-10-25T03:30:00")
    first, second = at.replace(tzinfo=zone).timestamp(), at.replace(tzinfo=zone, fold=1).timestamp()
    assert second - first == 3600
    assert resolve_local_time(at, zone, first + 5) == first
    assert resolve_local_time(at, zone, second - 5) == second


def test_a_clock_is_wrong_only_after_a_minute_of_the_same_offset() -> None:
    clock = DeviceClock()
    assert not clock.is_wrong(0.0)
    clock.compare(1000.0, 73_000.0, 0.0)
    assert not clock.is_wrong(30.0)
    clock.compare(1030.0, 73_030.5, 30.0)
    assert clock.is_wrong(61.0)
    clock.compare(5000.0, 73_062.0, 62.0)
    assert not clock.is_wrong(62.0)
    clock.compare(73_100.0, 73_101.0, 101.0)
    assert not clock.is_wrong(300.0)
    assert clock.offset_s == -1.0


@pytest.mark.parametrize(
    ("age_s", "shown"), [(8 * 86400, None), (1000, None), (11, "20.0"), (-60, "20.0"), (-9999, "20.0")]
)
async def test_a_retained_message_is_shown_by_its_age(
    hass: HomeAssistant, data: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory, age_s: float, shown: Any
) -> None:
    await tick(hass, freezer, 11)
    await publish(TOPIC, {"ts": time.time() - age_s, "temperature_c": 20.0}, retain=True)
    assert state(hass, "temperature_c", DEVICE) == shown
    online = state(hass, "online", DEVICE, "binary_sensor")
    assert online == ("on" if shown and age_s > -120 else "unknown")


async def test_a_known_device_shows_unknown_while_only_an_old_retained_message_is_there(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish
) -> None:
    await publish(TOPIC, {"temperature_c": 21.0})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await publish(TOPIC, {"ts": time.time() - 8 * 86400, "temperature_c": 20.0}, retain=True)
    assert state(hass, "temperature_c", DEVICE) == "unknown"
    await publish(TOPIC, {"temperature_c": 22.0})
    assert state(hass, "temperature_c", DEVICE) == "22.0"


async def test_an_empty_payload_removes_what_was_retained(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0}, retain=True)
    assert state(hass, "temperature_c", DEVICE) == "20.0"
    await publish(TOPIC, "")
    assert (len(data.devices), data.malformed.total) == (0, 0)
    assert state(hass, "temperature_c", DEVICE) is None
    assert dr.async_get(hass).async_get_device_by_identifier(("edge_telemetry", f"01EDGE_{DEVICE}"), "01EDGE") is None
    await publish(TOPIC, "")  # of no device
    await publish(TOPIC, {"temperature_c": 21.0})
    await publish(TOPIC, "")  # of one that is here: its values are withdrawn
    assert state(hass, "temperature_c", DEVICE) == "unknown"
    await publish(TOPIC, {"temperature_c": 22.0})
    assert state(hass, "temperature_c", DEVICE) == "22.0"
    assert data.malformed.total == 0


async def test_silence_counts_from_when_messages_can_be_received_again(
    hass: HomeAssistant, data: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0})
    data.broker._status(False)
    for _ in range(10):
        await tick(hass, freezer, 200)
    assert state(hass, "online", DEVICE, "binary_sensor") == "unknown"
    (device,) = data.devices.values()
    assert device.online is True
    data.broker._status(True)
    for topic in data.broker._topics:
        data.broker._subscribed(topic)
    await run(hass, freezer, 800)
    assert state(hass, "temperature_c", DEVICE) == "20.0"
    assert state(hass, "online", DEVICE, "binary_sensor") == "on"
    await run(hass, freezer, 120)
    assert state(hass, "temperature_c", DEVICE) == "unavailable"


@pytest.mark.parametrize("pause_s", [920, 5000])
async def test_a_pause_of_home_assistant_is_not_silence_of_a_device(
    hass: HomeAssistant, data: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory, pause_s: float
) -> None:
    """A blocked event loop or a suspended machine received nothing; the broker may not even have noticed."""
    await publish(TOPIC, {"temperature_c": 20.0})
    await pass_time(hass, freezer, 30)
    await tick(hass, freezer, pause_s)
    assert state(hass, "temperature_c", DEVICE) == "20.0"
    await pass_time(hass, freezer, 890)
    assert state(hass, "online", DEVICE, "binary_sensor") == "on"
    await pass_time(hass, freezer, 30)
    assert state(hass, "online", DEVICE, "binary_sensor") == "off", "it had its time again"


class Life:
    """A device that reports every five minutes, independent of the broker and to Home Assistant."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, publish: Publish, freezer: Any) -> None:
        self.hass, self.entry, self.publish, self.freezer = hass, entry, publish, freezer
        self.due = 0.0
        self.step = 0.0

    @property
    def device(self) -> Any:
        return next(iter(self.entry.runtime_data.devices.values()), None)

    async def live(self, seconds: float) -> None:
        for _ in range(int(seconds // 100) or 1):
            await tick(self.hass, self.freezer, 100)
            self.due -= 100
            if self.due <= 0:
                self.due = 300.0
                if self.entry.runtime_data.broker.lost_since is None:
                    await self.publish(TOPIC, {"temperature_c": 20.0})
            assert self.device is None or self.device.online is not False

    async def restart(self, away_s: float) -> None:
        assert await self.hass.config_entries.async_unload(self.entry.entry_id)
        self.freezer.tick(away_s)
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)

    async def lose_broker(self, away_s: float) -> None:
        broker = self.entry.runtime_data.broker
        broker._status(False)
        await self.live(away_s)
        broker._status(True)
        for topic in broker._topics:
            broker._subscribed(topic)


@pytest.mark.parametrize("seed", range(4))
async def test_no_outage_makes_a_healthy_device_silent(
    hass: HomeAssistant,
    data: EdgeData,
    entry: MockConfigEntry,
    publish: Publish,
    freezer: FrozenDateTimeFactory,
    monkeypatch: Any,
    seed: int,
) -> None:
    rng, life = random.Random(seed), Life(hass, entry, publish, freezer)
    monkeypatch.setattr("custom_components.edge_telemetry._lib.steady_clock._wall", lambda: time.time() + life.step)
    await life.live(100)
    for _ in range(12):
        match rng.choice(["broker", "restart", "clock", "live"]):
            case "broker":
                await life.lose_broker(rng.choice([100, 2000]))
            case "restart":
                await life.restart(rng.choice([1, 400, 5000, 90_000]))
            case "clock":
                life.step += rng.choice([-HOUR, HOUR, -20 * HOUR])
        await life.live(rng.choice([100, 1000]))
    await life.live(300)
    assert life.device.online is True
    # And silence is still found: nothing comes for longer than the offline time.
    await run(hass, freezer, 960)
    assert life.device.online is False


async def test_metrics_are_stale_only_after_their_time_of_listening(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0, "old": 1})
    assert await hass.config_entries.async_reload(entry.entry_id)

    async def offered() -> Any:
        flow = await hass.config_entries.options.async_init(entry.entry_id)
        return await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "remove_metrics"})

    assert (await offered())["reason"] == "no_stale_metrics"
    await pass_time(hass, freezer, 890)
    assert (await offered())["reason"] == "no_stale_metrics"
    await pass_time(hass, freezer, 20)
    form = await offered()
    assert form["step_id"] == "remove_metrics"
    assert entity_id(hass, "sensor", "old", DEVICE)


async def test_on_and_off_never_wait_for_what_was_written_before(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    for is_open in (False, True, False, True):
        await publish(TOPIC, {"door_open": is_open, "mode": f"m{is_open}"})
        assert state(hass, "door_open", DEVICE, "binary_sensor") == ("on" if is_open else "off")
        assert state(hass, "mode", DEVICE) == f"m{is_open}"
