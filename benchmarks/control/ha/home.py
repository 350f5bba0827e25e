"""A Home Assistant on a test clock with the entities of the building, and the integration as an installer leaves it.

Entities report as usual ones do: thermometers in tenths when they change or once per hour, a day-ahead price sensor
with tomorrow's prices from 13:00 on, a weather entity with cloud coverage and an hourly forecast.
"""

from argparse import Namespace
import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import tempfile
import time
from types import MappingProxyType
from typing import Any, Final

import freezegun.api
from freezegun.api import FrozenDateTimeFactory, freeze_time
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
from pytest_homeassistant_custom_component import plugins
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_test_home_assistant,
)
import pytest_socket

from custom_components.proof_of_heat._lib.backoff import RetryPolicy
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.base import SourceBase
from custom_components.proof_of_heat.drivers.device_settings import DeviceSettings
from custom_components.proof_of_heat.drivers.modbus.write_counter import WriteCounter
from custom_components.proof_of_heat.inputs.sun import elevation_sine, radiation_w_m2
from custom_components.proof_of_heat.sources.registry import forms
from simulators.framework import parser_of

from .heat_pump import TwinHeatPump

ROOM, OUTDOOR, PRICE, WEATHER = "sensor.room", "sensor.outdoor", "sensor.price", "weather.home"
YEAR_START: Final = datetime(2027, 1, 1, tzinfo=UTC) - timedelta(hours=1)
"""Midnight of the building's year, whose first day is a Friday here; its own week is shifted (see week)."""
TIME_ZONE: Final = "Etc/GMT-1"
"""The building's local time, without daylight saving."""
LATITUDE, LONGITUDE = 50.9, 4.53
COMFORT_C, ECO_C, AWAY_C = 21.3, 15.3, 15.0
"""Their comfort bands, 0.3 K below the setpoint, begin at the building's bounds, 21 and 15 °C."""
REPEAT: Final = timedelta(hours=1)
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEATHER_HOURS: Final = 48
STEPS_ONLY_S: Final = 86400.0
SPINS: Final = 20_000
QUIET_SPINS: Final = 3
FREE_SPINS: Final = 200
"""Turns of the event loop without a pause: after these, it waits for the disk or a socket."""
WAITS: Final = 600
"""Turns after which it waits for a time of the test clock."""


@dataclass(slots=True)
class LoopClock:
    """The time of the event loop, which asks for it with every turn: the frozen one inspects its callers each time."""

    now_s: float

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now_s

    def tick(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds


@dataclass
class Home:
    """The building under control of the integration."""

    hass: HomeAssistant
    clock: FrozenDateTimeFactory
    loop_clock: LoopClock
    entry: MockConfigEntry
    pump: TwinHeatPump
    world: World

    @property
    def record(self) -> Any:
        """The decision record of the last cycle."""
        return self.entry.runtime_data.coordinator.data.decision.record

    async def step(self, seconds: float) -> None:
        """Let time pass in the building and in Home Assistant."""
        until = self.world.now + timedelta(seconds=seconds)
        # Commands that were verified late took some of the step: the clock is that of the building.
        self._tick((until - dt_util.utcnow()).total_seconds())
        self.pump.advance()
        self.world.publish(self.hass)
        for managed in self.entry.runtime_data.sources.values():
            managed.poller.poll_soon()  # as in a home: the reading is some seconds old at the next cycle
        await self.settle()
        async_fire_time_changed(self.hass)
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is in progress; learning and planning take no time on this clock."""
        loop = asyncio.get_running_loop()
        await self.hass.async_block_till_done()
        quiet = waits = 0
        for spin in range(SPINS):
            await asyncio.sleep(0)
            quiet = 0 if self._in_progress else quiet + 1
            if quiet > QUIET_SPINS:
                break
            if quiet:
                continue
            is_computing = self._is_computing
            if is_computing or spin >= FREE_SPINS:
                await loop.run_in_executor(None, time.sleep, 0.001)
            if not is_computing:
                waits += 1
                if waits % WAITS == 0:
                    self._tick(0.5)  # neither the disk nor the network: a command that is verified later
        await self.hass.async_block_till_done()

    def _tick(self, seconds: float) -> None:
        self.clock.tick(seconds)
        self.loop_clock.tick(seconds)

    @property
    def _is_computing(self) -> bool:
        """Whether another thread learns or plans: everything else proceeds with the event loop."""
        is_busy: bool = self.entry.runtime_data.coordinator.cycle.jobs.is_busy
        return is_busy

    @property
    def _in_progress(self) -> bool:
        coordinator = self.entry.runtime_data.coordinator
        is_cycle = coordinator._lock.locked() or coordinator.cycle.jobs.is_busy  # noqa: SLF001  nothing shows it
        return is_cycle or any(_is_busy(managed) for managed in self.entry.runtime_data.sources.values())


def _is_busy(managed: Any) -> bool:
    lock = getattr(managed.source, "_lock", None)
    return managed.poller.is_busy or (lock is not None and lock.locked())


class World:
    """The entities of the building."""

    def __init__(self, plant: Any, ahead: Any, price: str) -> None:
        self._plant, self._ahead, self._price = plant, ahead, price
        self._boundary = plant.boundary
        self._reported: dict[str, tuple[str, datetime]] = {}

    @property
    def now(self) -> datetime:
        """The time of the building in Home Assistant's calendar."""
        return YEAR_START + timedelta(seconds=self._plant.observe()["time_s"])

    def publish(self, hass: HomeAssistant) -> None:
        """Publish what the entities report now."""
        seen = self._plant.observe(self._price)
        for entity_id, value in ((ROOM, seen["t_room_c"]), (OUTDOOR, seen["t_out_c"])):
            self._report(hass, entity_id, f"{value:.1f}", {"unit_of_measurement": "°C", "device_class": "temperature"})
        if round(seen["time_s"]) % 3600 == 0 or PRICE not in self._reported:
            self._report(hass, PRICE, f"{seen['price_eur_kwh']:.5f}", self._prices())
            self._report(hass, WEATHER, "cloudy", self._weather(seen))

    def _report(self, hass: HomeAssistant, entity_id: str, value: str, attributes: Mapping[str, Any]) -> None:
        before, at = self._reported.get(entity_id, ("", self.now - REPEAT))
        if value != before or self.now - at >= REPEAT:
            hass.states.async_set(entity_id, value, attributes)
            self._reported[entity_id] = value, self.now

    def _prices(self) -> dict[str, Any]:
        now_s, prices = self._plant.observe()["time_s"], self._boundary.price_eur_kwh[self._price]
        midnight_s = now_s // 86400 * 86400

        def day(begin_s: float) -> list[dict[str, Any]]:
            rows = []
            for hour in range(24):
                start = YEAR_START + timedelta(seconds=begin_s + hour * 3600)
                value = float(prices[round((begin_s + hour * 3600) / 300) % (len(prices))])
                rows.append({"start": start, "end": start + timedelta(hours=1), "value": value})
            return rows

        return {
            "unit_of_measurement": "EUR/kWh",
            "raw_today": day(midnight_s),
            "raw_tomorrow": day(midnight_s + 86400) if now_s - midnight_s >= 13 * 3600 else [],
        }

    def _weather(self, seen: Mapping[str, float]) -> dict[str, Any]:
        clouds = cloud_coverage(seen["solar_w_m2"], self.now)
        return {"temperature": round(seen["t_out_c"], 1), "temperature_unit": "°C", "cloud_coverage": clouds}

    def forecast(self) -> list[dict[str, Any]]:
        """Return the weather of the next two days by the hour, with the errors of the twin's forecast."""
        values = self._ahead.at(self._plant.index)
        rows = []
        for hour in range(WEATHER_HOURS):
            span = slice(12 * hour, 12 * hour + 12)
            when = self.now + timedelta(hours=hour)
            clouds = cloud_coverage(float(values["solar_w_m2"][span].mean()), when + timedelta(minutes=30))
            temperature = round(float(values["t_out_c"][span].mean()), 1)
            rows.append({"datetime": when.isoformat(), "temperature": temperature, "cloud_coverage": clouds})
        return rows


def cloud_coverage(solar_w_m2: float, when: datetime) -> int:
    """Return the cloud coverage in percent at which this radiation reaches the ground; half at night."""
    clear = radiation_w_m2(elevation_sine(when, LATITUDE, LONGITUDE))
    if clear < 20:
        return 50
    lack = min(1.0, max(0.0, 1 - solar_w_m2 / clear) / 0.75)
    return round(100.0 * float(lack ** (1 / 3.4)))


def week(boundary: Any) -> list[dict[str, Any]]:
    """Return the building's schedule as a weekly one: its occupied hours are comfort."""
    rows = []
    first = (YEAR_START + timedelta(hours=1)).weekday()
    for day in range(7):
        steps = boundary.lower_c[day * 288 : (day + 1) * 288] > 20
        slots, begin = [], None
        for step in range(289):
            is_warm = step < 288 and bool(steps[step])
            if is_warm and begin is None:
                begin = step
            elif not is_warm and begin is not None:
                slots.append(f"{_clock(begin)}-{_clock(step)}")
                begin = None
        rows.append({"day": DAYS[(first + day) % 7], "slots": slots})
    return rows


def _clock(step: int) -> str:
    return "24:00" if step == 288 else f"{step // 12:02}:{step % 12 * 5:02}"


def _patch_clock() -> None:
    """Apply the patches of the test framework that freezing the time needs; sockets stay enabled."""
    plugins.pytest_runtest_setup()
    pytest_socket.enable_socket()
    freezegun.api.call_stack_inspection_limit = 0  # every caller gets the frozen time


def _bind_clocks() -> None:
    """Give the drivers the clock of the building: as default arguments, they have that of the machine."""
    settings: Any = DeviceSettings.__init__
    counter: Any = WriteCounter.__init__
    base: Any = SourceBase.__init__
    base.__kwdefaults__["clock"] = time.monotonic
    settings.__defaults__ = (*settings.__defaults__[:-1], time.monotonic)
    counter.__defaults__ = (time.time, time.monotonic)


@asynccontextmanager
async def running_home(plant: Any, ahead: Any, price: str, step_s: float) -> AsyncGenerator[Home]:
    """A home at the plant's present time, with the integration set up and its control switched on."""
    _patch_clock()
    world = World(plant, ahead, price)
    with tempfile.TemporaryDirectory() as folder, freeze_time(world.now) as clock:
        _bind_clocks()
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.loop.set_debug(False)
            loop_clock = LoopClock(time.monotonic())
            hass.loop.time = loop_clock
            hass.data.pop(DATA_CUSTOM_COMPONENTS)
            await hass.config.async_set_time_zone(TIME_ZONE)
            hass.config.latitude, hass.config.longitude = LATITUDE, LONGITUDE
            args: Namespace = parser_of(TwinHeatPump).parse_args(["--port", "0", "--device", "idm"])
            pump = TwinHeatPump(args, plant, step_s)
            await pump.start()
            try:
                yield await _set_up(hass, clock, loop_clock, pump, world)
            finally:
                for entry in hass.config_entries.async_entries(DOMAIN):
                    await hass.config_entries.async_unload(entry.entry_id)
                await hass.async_block_till_done()
                await pump.stop()
                await hass.async_stop(force=True)


async def _set_up(hass: HomeAssistant, clock: Any, loop_clock: LoopClock, pump: TwinHeatPump, world: World) -> Home:
    async def forecasts(_: ServiceCall) -> ServiceResponse:
        rows: list[JsonValueType] = list(world.forecast())
        return {WEATHER: {"forecast": rows}}

    hass.services.async_register("weather", "get_forecasts", forecasts, supports_response=SupportsResponse.ONLY)
    world.publish(hass)
    if not await async_setup_component(hass, DOMAIN, {}):
        raise RuntimeError("the integration could not be set up")
    device = {"template": "idm_navigator", "address": "127.0.0.1", "port": pump.port}
    (found,) = await forms()["modbus"].connect(hass, {**device, "kind": "modbus"})
    zone = {"name": "Home", "temperature": ROOM, "comfort": COMFORT_C, "eco": ECO_C, "away": AWAY_C}
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Home",
        data={"name": "Home", "outdoor": OUTDOOR, "weather": WEATHER, "emitter": "underfloor"},
        options={"price": {"price_entity": PRICE}},
        subentries_data=[
            _subentry("zone", "Home", {**zone, "week": week(world._boundary)}, ROOM),  # noqa: SLF001  same module
            _subentry("source", found.title, found.data, found.unique_id),
        ],
    )
    entry.add_to_hass(hass)
    if not await hass.config_entries.async_setup(entry.entry_id):
        raise RuntimeError("the heating system could not be set up")
    await hass.async_block_till_done()
    for managed in entry.runtime_data.sources.values():
        managed.poller._retry = RetryPolicy(STEPS_ONLY_S, STEPS_ONLY_S)  # noqa: SLF001  Home.step reads the source
    home = Home(hass, clock, loop_clock, entry, pump, world)
    await home.settle()
    await entry.runtime_data.user.async_set_active(True)
    return home


def _subentry(kind: str, title: str, data: Mapping[str, Any], unique_id: str | None) -> Any:
    item = ConfigSubentry(data=MappingProxyType(dict(data)), subentry_type=kind, title=title, unique_id=unique_id)
    return item.as_dict()
