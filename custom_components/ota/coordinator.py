"""The integration at run time: engine, images, keys and fleets, and who wants to know what changed."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from pathlib import Path
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from ._lib.device_http import DeviceGuard
from ._lib.publisher import Publisher
from .const import (
    CONF_KEEP_RELEASES,
    CONF_POLL_S,
    CONF_REQUIRE_SIGNATURE,
    CONF_SIGNING_KEYS,
    CONF_UPLOAD_LIMIT,
    DEFAULT_KEEP_RELEASES,
    DEFAULT_POLL_S,
    DEFAULT_UPLOAD_LIMIT_MIB,
    DOMAIN,
)
from .devices import Fleets
from .importing import Importer
from .keys import Keys
from .notices import Notices
from .rollout import releases
from .rollout.codec import DecodeError
from .rollout.engine import Engine
from .rollout.errors import StorageError
from .rollout.manifest import PublicKey
from .rollout.models import Device
from .rollout.state import Event, EventKind, State
from .rollout.store import ImageStore
from .sources import Sources
from .storage import Storage
from .uploads import Uploads

_LOGGER = logging.getLogger(__name__)

type OtaConfigEntry = ConfigEntry[OtaCoordinator]
type Listener = Callable[[], None]

TICK: Final = timedelta(seconds=10)
SLICE_S: Final = 0.004
SAVE_SOON_S: Final = 5.0
_SAVE_SEEN_EVERY: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Settings:
    """The entry's options."""

    require_signature: bool
    keys: dict[str, PublicKey]
    upload_limit: int
    poll_s: int
    keep: int

    @classmethod
    def of(cls, entry: ConfigEntry) -> Settings:
        """Read the options."""
        options = entry.options
        keys = [PublicKey.parse(text) for text in options.get(CONF_SIGNING_KEYS, [])]
        return cls(
            require_signature=options.get(CONF_REQUIRE_SIGNATURE, True),
            keys={key.key_id: key for key in keys},
            upload_limit=int(options.get(CONF_UPLOAD_LIMIT, DEFAULT_UPLOAD_LIMIT_MIB)) * 1024 * 1024,
            poll_s=int(options.get(CONF_POLL_S, DEFAULT_POLL_S)),
            keep=int(options.get(CONF_KEEP_RELEASES, DEFAULT_KEEP_RELEASES)),
        )


class OtaCoordinator:
    """A config entry at run time. Devices push; a tick every ten seconds looks at time-outs and gates."""

    def __init__(self, hass: HomeAssistant, entry: OtaConfigEntry) -> None:
        """Nothing is read yet."""
        self.hass = hass
        self.entry = entry
        self.settings = Settings.of(entry)
        state = State()
        self.engine = Engine(state, dt_util.get_default_time_zone())
        self.storage = Storage(hass, state)
        self.keys = Keys(hass)
        self.images = ImageStore(Path(hass.config.path(DOMAIN, "images")), limit=self.settings.upload_limit)
        self.images_lock = asyncio.Lock()
        """Held from an image's arrival until its release is known, and while images without a release are deleted."""
        self.guard = DeviceGuard()
        self.publisher = Publisher.for_entry(hass, entry)
        self.notices = Notices(self)
        self.importer = Importer(self)
        self.uploads = Uploads()
        self.fleets = Fleets(self)
        self.sources = Sources(self)
        self.subentries: dict[str, str] = {}
        """Stand-alone device uid -> subentry id."""
        self._listeners: dict[str, list[Listener]] = {}
        self._new_device: list[Callable[[Device], None]] = []
        self._shown: list[set[str]] = []
        self._new_rollout: list[Callable[[str], None]] = []
        self._events: list[Callable[[Event], None]] = []
        self._refresh: deque[str] = deque()
        self._queued: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._save_soon: CALLBACK_TYPE | None = None

    @property
    def state(self) -> State:
        """What is known."""
        return self.engine.state

    @property
    def now(self) -> float:
        """Unix time."""
        return dt_util.utcnow().timestamp()

    # -- life

    async def async_start(self) -> None:
        """Read what was stored.

        Raises:
            ConfigEntryError: It is damaged.
            ConfigEntryNotReady: The image folder cannot be used.
        """
        try:
            await self.storage.async_load()
            await self.keys.async_load()
            await self.hass.async_add_executor_job(self.images.prepare)
        except StorageError as err:
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN,
                translation_key=err.code,
                translation_placeholders=err.placeholders,
            ) from err
        except (DecodeError, KeyError, TypeError, ValueError) as err:
            raise ConfigEntryError(
                translation_domain=DOMAIN,
                translation_key="storage_damaged",
                translation_placeholders={"error": str(err)},
            ) from err
        self.engine.drain()
        on_unload = self.entry.async_on_unload
        on_unload(async_track_time_interval(self.hass, self._async_tick, TICK, name="ota tick"))
        on_unload(async_track_time_interval(self.hass, self._async_save_seen, _SAVE_SEEN_EVERY, name="ota last seen"))
        # Home Assistant does not unload entries when it stops.
        on_unload(self.hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_save_seen))
        self.notices.start()

    async def async_stop(self) -> None:
        """Write what is in memory only."""
        if self._save_soon is not None:
            self._save_soon()
            self._save_soon = None
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        try:
            await self.storage.async_close()
        except HomeAssistantError as err:
            _LOGGER.warning("The last changes could not be saved: %s", err)

    async def _async_save_seen(self, _: object) -> None:
        try:
            await self.storage.async_save_all()
        except HomeAssistantError as err:
            _LOGGER.warning("When devices were last seen could not be saved: %s", err)

    async def _async_save_stale(self, _: datetime) -> None:
        self._save_soon = None
        self.state.settle()
        try:
            await self.storage.async_commit()
        except HomeAssistantError as err:
            _LOGGER.warning("The log of devices could not be saved: %s", err)

    async def _async_tick(self, _: datetime) -> None:
        self.engine.tick(self.now)
        await self.async_settle()
        self.notices.check()

    def apply_settings(self) -> None:
        """The options changed."""
        self.settings = Settings.of(self.entry)
        self.images.limit = self.settings.upload_limit

    # -- changes

    async def async_settle(self) -> None:
        """Save what the engine changed, then show it. Nothing is acknowledged before this returns.

        Raises:
            HomeAssistantError: It could not be saved.
        """
        if self.state.dirty:
            await self.storage.async_commit()
        if self.state.stale and self._save_soon is None:
            self._save_soon = async_call_later(self.hass, SAVE_SOON_S, self._async_save_stale)
        self.show(self.engine.drain())

    @callback
    def show(self, events: Iterable[Event]) -> None:
        """Tell all who want to know."""
        for event in events:
            for listener in tuple(self._events):
                listener(event)
            self._show_what_came_or_went(event)
            if event.uid is not None:
                self._later([event.uid])
            if event.rollout_id is not None:
                self._show_rollout(event)
            if event.kind in (EventKind.RELEASE_ADDED, EventKind.RELEASE_REMOVED, EventKind.DEVICE_ADDED):
                self._in_a_second(self.entry.entry_id)

    def _show_what_came_or_went(self, event: Event) -> None:
        match event.kind:
            case EventKind.DEVICE_ADDED if event.uid in self.state.devices:
                for add in tuple(self._new_device):
                    add(self.state.devices[event.uid])
            case EventKind.DEVICE_REMOVED if event.uid is not None:
                for shown in self._shown:
                    shown.discard(event.uid)
                self._forget_entities(event.uid)
            case EventKind.ROLLOUT_CREATED if event.rollout_id in self.state.rollouts:
                for add_rollout in tuple(self._new_rollout):
                    add_rollout(event.rollout_id)

    def _forget_entities(self, uid: str) -> None:
        """Those of a fleet's device; a stand-alone one's go with its subentry."""
        registry = er.async_get(self.hass)
        prefix = f"{self.entry.entry_id}_{uid}_"
        for entity in er.async_entries_for_config_entry(registry, self.entry.entry_id):
            if entity.unique_id.startswith(prefix):
                registry.async_remove(entity.entity_id)

    def _show_rollout(self, event: Event) -> None:
        rollout_id = event.rollout_id or ""
        if event.kind is EventKind.JOB:
            self._in_a_second(rollout_id)
        else:
            self._later([rollout_id])
        rollout = self.state.rollouts.get(rollout_id)
        if rollout is not None and event.kind is not EventKind.JOB:
            # What is offered to its devices may be another now.
            self._later(self.state.membership(rollout).wave_of)
        elif event.kind is EventKind.ROLLOUT_REMOVED:
            self._later(self.state.devices)

    def _in_a_second(self, name: str) -> None:
        """Call listeners once for all that happens within a second: their values count a whole fleet."""
        if name in self._timers:
            return

        def due() -> None:
            self._timers.pop(name, None)
            self._later([name])

        self._timers[name] = self.hass.loop.call_later(1.0, due)

    def _later(self, names: Iterable[str]) -> None:
        """Call listeners soon, in slices: a rollout of a thousand devices does not hold up the loop."""
        idle = not self._refresh
        for name in names:
            if name not in self._queued and name in self._listeners:
                self._queued.add(name)
                self._refresh.append(name)
        if idle and self._refresh:
            self.hass.loop.call_soon(self._run_slice)

    def _run_slice(self) -> None:
        end = time.monotonic() + SLICE_S
        while self._refresh:
            name = self._refresh.popleft()
            self._queued.discard(name)
            for listener in tuple(self._listeners.get(name, ())):
                listener()
            if time.monotonic() > end:
                break
        if self._refresh:
            self.hass.loop.call_soon(self._run_slice)

    # -- who wants to know

    @callback
    def listen(self, name: str, listener: Listener) -> CALLBACK_TYPE:
        """Call `listener` when a device (uid), a rollout (id) or the whole (entry id) changed."""
        self._listeners.setdefault(name, []).append(listener)

        def remove() -> None:
            self._listeners[name].remove(listener)
            if not self._listeners[name]:
                del self._listeners[name]

        return remove

    @callback
    def listen_events(self, listener: Callable[[Event], None]) -> CALLBACK_TYPE:
        """Call `listener` with every event."""
        self._events.append(listener)
        return lambda: self._events.remove(listener)

    @callback
    def each_device(self, add: Callable[[Device], None]) -> None:
        """Call `add` for every device there is, and for those that come later."""
        # A device may be in the state before its event is told: each is added once until it goes.
        shown: set[str] = set()

        def once(device: Device) -> None:
            if device.uid not in shown:
                shown.add(device.uid)
                add(device)

        for device in self.state.devices.values():
            once(device)
        self._new_device.append(once)
        self._shown.append(shown)
        self.entry.async_on_unload(lambda: self._new_device.remove(once))
        self.entry.async_on_unload(lambda: self._shown.remove(shown))

    @callback
    def each_rollout(self, add: Callable[[str], None]) -> None:
        """Call `add` with the id of every rollout there is, and of those that come later."""
        for rollout_id in self.state.rollouts:
            add(rollout_id)
        self._new_rollout.append(add)
        self.entry.async_on_unload(lambda: self._new_rollout.remove(add))

    # -- images

    async def async_image(self, sha256: str) -> Path:
        """The path of an image that was verified.

        Raises:
            StorageError: `no_such_image`, `damaged_image`.
        """
        return await self.hass.async_add_executor_job(self.images.verified, sha256)

    async def async_clean(self) -> None:
        """Throw away releases that nobody needs, and images without a release."""
        for release_id in releases.expendable(self.state, self.settings.keep):
            releases.remove(self.state, release_id)
        await self.async_settle()
        async with self.images_lock:
            await self.hass.async_add_executor_job(self._remove_orphans, dict(self.state.releases))

    def _remove_orphans(self, known: dict[str, Any]) -> None:
        snapshot = State()
        snapshot.releases = known
        for sha256 in releases.orphans(snapshot, self.images.present()):
            self.images.remove(sha256)
