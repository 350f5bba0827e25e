"""All hubs that are set up: which of them calls, whose an outlet is, and the second's tick."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
import logging
import time
from typing import Any, Final

from aiohttp import hdrs, web
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from ._lib.device_http import (
    HEADER_DEVICE_KEY,
    DeviceGuard,
    conflict,
    not_found,
    presented_key,
)
from ._lib.device_keys import KeyMatch
from .const import CONF_KEYLESS, CONF_SOURCE_ADDRESS, DOMAIN
from .coordinator import RunningHub
from .model.outlet import Outlet
from .pacer import Pacer
from .registry import Registry

_LOGGER = logging.getLogger(__name__)

HUBS: HassKey[Hubs] = HassKey(DOMAIN)

METERS_VERSION: Final = 1
_METERS_DELAY_S: Final = 60.0
_TICK: Final = timedelta(seconds=1)
_CLAIM_S: Final = 60.0
"""Two hubs that report the same outlet within this time both claim it."""
_CLAIM_ENDS_S: Final = 600.0
"""Where the second of them has reported it no more for so long, the issue ends."""


class Hubs:
    """The running hubs of this Home Assistant."""

    def __init__(self, hass: HomeAssistant, registry: Registry) -> None:
        self.hass = hass
        self.registry = registry
        self.running: dict[str, RunningHub] = {}
        self.listeners: list[CALLBACK_TYPE] = []
        """Called after hubs or outlets came or went."""
        self._guard = DeviceGuard()
        self._pacers: dict[str, Pacer] = {}
        self._by_ccu: dict[str, RunningHub] = {}
        self._by_address: dict[str, RunningHub] = {}
        self._owners: dict[str, list[RunningHub]] = {}
        self._claims: dict[str, dict[str, float]] = {}
        self._issued: set[str] = set()
        self._store: Store[dict[str, Any]] = Store(hass, METERS_VERSION, f"{DOMAIN}.meters")
        self._meters: dict[str, Any] = {}
        self._meters_due = False
        self._stop_tick: CALLBACK_TYPE | None = None

    # Coming and going

    async def async_load(self) -> None:
        """Read what may be some seconds old after a crash: energy, when outlets were last seen."""
        self._meters = await self._store.async_load() or {}

    def meters_of(self, entry_id: str) -> dict[str, Any] | None:
        """What was stored of a hub's meters."""
        stored: dict[str, Any] | None = self._meters.get(entry_id)
        return stored

    @callback
    def add(self, hub: RunningHub) -> None:
        """A hub is set up."""
        self.running[hub.entry.entry_id] = hub
        hub.meters_changed = self._meters_changed
        if hub.ccu_id is not None:
            self._by_ccu[hub.ccu_id] = hub
        if hub.entry.data.get(CONF_KEYLESS):
            self._by_address[hub.entry.data[CONF_SOURCE_ADDRESS]] = hub
        if self._stop_tick is None:
            self._stop_tick = async_track_time_interval(self.hass, self._tick, _TICK, cancel_on_shutdown=True)
        self.outlets_changed()

    @callback
    def remove(self, hub: RunningHub) -> None:
        """A hub unloads; its meters stay known."""
        self._meters[hub.entry.entry_id] = hub.hub.dump_meters()
        self.running.pop(hub.entry.entry_id, None)
        self._pacers.pop(hub.entry.entry_id, None)
        for index in (self._by_ccu, self._by_address):
            for name in [name for name, known in index.items() if known is hub]:
                del index[name]
        if not self.running and self._stop_tick is not None:
            self._stop_tick()
            self._stop_tick = None
        self.outlets_changed()

    async def async_forget(self, entry_id: str) -> None:
        """A hub was removed for good."""
        if self._meters.pop(entry_id, None) is not None:
            await self._store.async_save(self._meters_data())

    @callback
    def subscribe(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``listener`` after hubs or outlets came or went; returns what ends it."""
        self.listeners.append(listener)

        @callback
        def unsubscribe() -> None:
            if listener in self.listeners:
                self.listeners.remove(listener)

        return unsubscribe

    @callback
    def _tick(self, _now: datetime) -> None:
        now = time.time()
        for hub in tuple(self.running.values()):
            hub.hub.tick(now)
        for device_id in tuple(self._issued):
            if not self._contested(device_id, now):
                self._end_claim(device_id)

    @callback
    def _meters_changed(self) -> None:
        if not self._meters_due:
            self._meters_due = True
            self._store.async_delay_save(self._meters_data, _METERS_DELAY_S)

    @callback
    def _meters_data(self) -> dict[str, Any]:
        self._meters_due = False
        self._meters |= {entry_id: hub.hub.dump_meters() for entry_id, hub in self.running.items()}
        return self._meters

    # Who is calling

    async def async_authenticate(self, request: web.Request) -> tuple[RunningHub, bool]:
        """The hub that a request comes from, and whether it presented a key.

        Raises:
            ApiError: ``unauthorized`` or ``too_many``.
        """
        headers = request.headers
        if HEADER_DEVICE_KEY in headers or hdrs.AUTHORIZATION in headers:
            hub = await self._async_by_key(presented_key(request, allow_query=False))
            keyed = True
        else:
            hub = self._by_address.get(request.remote or "")
            keyed = False
        if hub is None:
            self._guard.refuse(request)
        assert hub is not None, "refuse raises"
        if wait_s := self._pacers.setdefault(hub.entry.entry_id, Pacer()).reserve(time.monotonic()):
            await asyncio.sleep(wait_s)
        return hub, keyed

    async def _async_by_key(self, key: str | None) -> RunningHub | None:
        found = self.registry.find(key) if key else None
        if found is None:
            return None
        record, match = found
        if match is KeyMatch.CURRENT and record.keys.previous is not None:
            await self.registry.async_settle(record.ccu_id)
        return self._by_ccu.get(record.ccu_id)

    # Whose an outlet is

    def find_outlet(self, device_id: str, ccu_id: str | None = None) -> tuple[RunningHub, Outlet]:
        """The outlet that a user means.

        Args:
            device_id: Two upper-case hex digits.
            ccu_id: Of its hub, needed where two hubs have outlets of that id.

        Raises:
            ApiError: ``not_found``, or ``conflict`` where it is not clear which is meant.
        """
        found = [
            (hub, outlet)
            for hub in self.running.values()
            if (outlet := hub.hub.outlets.get(device_id)) is not None and ccu_id in (None, hub.ccu_id)
        ]
        if not found:
            raise not_found(f"there is no outlet {device_id}")
        if len(found) > 1:
            raise conflict(f"several hubs have an outlet {device_id}: give ccu_id", "ccu_id")
        return found[0]

    def owners(self, device_id: str) -> Sequence[RunningHub]:
        """The hubs that have an outlet of this id."""
        return self._owners.get(device_id, ())

    @callback
    def claimed(self, hub: RunningHub, device_id: str) -> None:
        """A hub reports an outlet: note it, and raise an issue where another hub has it too.

        Two hubs that hear the same outlet would answer each other's commands.
        """
        owners = self._owners.get(device_id, ())
        if not owners or owners == [hub]:
            return
        now = time.time()
        claims = self._claims.setdefault(device_id, {})
        claims[hub.entry.entry_id] = now
        if device_id in self._issued:
            return
        rivals = [other for other in owners if other is not hub]
        if hub in owners:
            rivals = [rival for rival in rivals if now - claims.get(rival.entry.entry_id, 0.0) <= _CLAIM_S]
        if rivals:
            names = sorted(rival.entry.title for rival in (hub, *rivals))
            self._raise_claim(device_id, names)

    def _raise_claim(self, device_id: str, names: list[str]) -> None:
        self._issued.add(device_id)
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            claim_issue(device_id),
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="outlet_claimed_twice",
            translation_placeholders={"device_id": device_id, "hubs": ", ".join(names)},
        )

    def _contested(self, device_id: str, now: float) -> bool:
        """Whether two hubs, or one that does not have the outlet, still report it."""
        claims = self._claims.get(device_id, {})
        recent = [ident for ident, when in claims.items() if abs(now - when) <= _CLAIM_ENDS_S]
        owners = [owner.entry.entry_id for owner in self._owners.get(device_id, ())]
        return len(recent) > 1 or any(ident not in owners for ident in recent)

    def _end_claim(self, device_id: str) -> None:
        self._issued.discard(device_id)
        self._claims.pop(device_id, None)
        ir.async_delete_issue(self.hass, DOMAIN, claim_issue(device_id))

    @callback
    def outlets_changed(self) -> None:
        """Hubs or outlets came or went: see anew whose outlets are whose, and end issues without a reason."""
        self._owners = {}
        for hub in self.running.values():
            for device_id in hub.hub.outlets:
                self._owners.setdefault(device_id, []).append(hub)
        # Whoever still claims an outlet of another says so at its next report.
        for device_id in tuple(self._issued):
            if len(self._owners.get(device_id, ())) < 2:
                self._end_claim(device_id)
        for listener in tuple(self.listeners):
            listener()


@singleton(HUBS, async_=True)
async def async_get_hubs(hass: HomeAssistant) -> Hubs:
    """The one object, loaded when it is first wanted: by the config flow or by the set-up."""
    registry = Registry(hass)
    await registry.async_load()
    hubs = Hubs(hass, registry)
    await hubs.async_load()
    return hubs


def claim_issue(device_id: str) -> str:
    """Id of the issue about an outlet with two hubs."""
    return f"outlet_claimed_twice_{device_id}"
