"""A Home Assistant on a test clock with the entities of a home, and the integration as an installer leaves it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
import tempfile
import time
from types import MappingProxyType
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory, freeze_time
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_test_home_assistant,
)

from custom_components.proof_of_heat._lib.backoff import RetryPolicy
from custom_components.proof_of_heat.const import DOMAIN

from .clock import LoopClock, bind_clocks
from .site import OUTDOOR, ROOM, WEATHER, Site

STEPS_ONLY_S: Final = 86400.0
SPINS: Final = 20_000
QUIET_SPINS: Final = 3
FREE_SPINS: Final = 200
"""Turns of the event loop without a pause: after these, it waits for the disk or a socket."""
WAITS: Final = 600
"""Turns after which it waits for a time of the test clock."""


@dataclass
class Home:
    """A home under control of the integration."""

    hass: HomeAssistant
    clock: FrozenDateTimeFactory
    loop_clock: LoopClock
    entry: MockConfigEntry
    site: Site

    @property
    def record(self) -> Any:
        """The decision record of the last cycle."""
        return self.entry.runtime_data.coordinator.data.decision.record

    async def step(self, seconds: float) -> None:
        """Let time pass in the home and in Home Assistant."""
        until = self.site.now + timedelta(seconds=seconds)
        # Commands that were verified late took some of the step: the clock is that of the home.
        self._tick((until - dt_util.utcnow()).total_seconds())
        self.site.advance(seconds)
        self.site.publish(self.hass)
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


@asynccontextmanager
async def running_home(site: Site) -> AsyncGenerator[Home]:
    """A home at the site's present time, with the integration set up and its control switched on."""
    with tempfile.TemporaryDirectory() as folder, freeze_time(site.now) as clock:
        bind_clocks()
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.loop.set_debug(False)
            loop_clock = LoopClock(time.monotonic())
            hass.loop.time = loop_clock
            hass.data.pop(DATA_CUSTOM_COMPONENTS)
            await hass.config.async_set_time_zone(site.time_zone)
            hass.config.latitude, hass.config.longitude = site.latitude, site.longitude
            await site.start(hass)
            try:
                yield await _set_up(hass, clock, loop_clock, site)
            finally:
                for entry in hass.config_entries.async_entries(DOMAIN):
                    await hass.config_entries.async_unload(entry.entry_id)
                await hass.async_block_till_done()
                await site.stop()
                await hass.async_stop(force=True)


async def _set_up(hass: HomeAssistant, clock: Any, loop_clock: LoopClock, site: Site) -> Home:
    async def forecasts(_: ServiceCall) -> ServiceResponse:
        rows: list[JsonValueType] = list(site.forecast())
        return {WEATHER: {"forecast": rows}}

    hass.services.async_register("weather", "get_forecasts", forecasts, supports_response=SupportsResponse.ONLY)
    site.publish(hass)
    if not await async_setup_component(hass, DOMAIN, {}):
        raise RuntimeError("the integration could not be set up")
    configuration = await site.configuration(hass)
    zone = {"name": "Home", "temperature": ROOM, **configuration.zone}
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Home",
        data={"name": "Home", "outdoor": OUTDOOR, "weather": WEATHER, "emitter": configuration.emitter},
        options=dict(configuration.options),
        subentries_data=[
            _subentry("zone", "Home", zone, ROOM),
            *(_subentry("source", found.title, found.data, found.unique_id) for found in configuration.devices),
        ],
    )
    entry.add_to_hass(hass)
    if not await hass.config_entries.async_setup(entry.entry_id):
        raise RuntimeError("the heating system could not be set up")
    await hass.async_block_till_done()
    for managed in entry.runtime_data.sources.values():
        managed.poller._retry = RetryPolicy(STEPS_ONLY_S, STEPS_ONLY_S)  # noqa: SLF001  Home.step reads the source
    home = Home(hass, clock, loop_clock, entry, site)
    await home.settle()
    await entry.runtime_data.user.async_set_active(True)
    return home


def _subentry(kind: str, title: str, data: Mapping[str, Any], unique_id: str | None) -> Any:
    item = ConfigSubentry(data=MappingProxyType(dict(data)), subentry_type=kind, title=title, unique_id=unique_id)
    return item.as_dict()
