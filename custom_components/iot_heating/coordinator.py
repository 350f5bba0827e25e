"""A building that is set up: its profile, its controllers, and who wants to know.

Controllers push, so nothing is fetched here; a tick every ten seconds finds those that stopped calling, and
tells what changes with the time alone.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from math import inf
from statistics import median
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from ._lib.device_keys import KeyRing
from ._lib.publisher import Publisher
from .book import BOOK
from .commands import Commands
from .const import CONF_DEVICE_ID, CONF_LINKED, SUBENTRY_CONTROLLER, SUBENTRY_LINKED, Options
from .controller import MISSED_POLLS, Controller, Topic, subscribe
from .energy import EnergyConfig, outdoor_of
from .forecast import Forecast
from .linked import LinkedFollower
from .protocol.control import flow_setpoint_c
from .protocol.profile import Profile
from .protocol.sessions import NO_READING, SHORT_BREAK, Reading, Session
from .protocol.telemetry import Telemetry
from .protocol.v2 import Extras, jitter_s
from .records import DeviceRecord, Kind
from .registry import Registry
from .repairs_silent import async_check_silent, async_forget_silent
from .sources import SOURCES, async_sources_changed
from .telling import Pieces, Teller

_LOGGER = logging.getLogger(__name__)

type IotHeatingConfigEntry = ConfigEntry[Building]

_TICK: Final = timedelta(seconds=10)
_CONFIRM_AFTER_S: Final = 10
# Of so many controllers the middle is looked for once a second, not at every call.
_MANY: Final = 32
_SUBENTRIES: Final = {SUBENTRY_CONTROLLER: CONF_DEVICE_ID, SUBENTRY_LINKED: CONF_LINKED}


class Building:
    """A config entry at run time."""

    def __init__(self, hass: HomeAssistant, entry: IotHeatingConfigEntry, registry: Registry, device_id: str) -> None:
        """``device_id``: the building's device in Home Assistant's registry."""
        self.hass = hass
        self.entry = entry
        self.registry = registry
        self.device_id = device_id
        self.options = Options.of(dict(entry.options))
        self.publisher = Publisher.for_entry(hass, entry)
        self.forecast = Forecast(hass, self.options.weather_entity)
        self.commands = Commands(hass, self)
        self.controllers: dict[str, Controller] = {}
        self.followers: dict[str, LinkedFollower] = {}
        self.profile_listeners: list[CALLBACK_TYPE] = []
        self.tick_listeners: list[CALLBACK_TYPE] = []
        self.new_controller_listeners: list[Callable[[Controller], None]] = []
        self._set_up_with = (dict(entry.options), _configs(entry))
        self._following = asyncio.Lock()
        self._started = dt_util.utcnow()
        self._outdoor: tuple[float, float | None] = (-inf, None)
        self._pieces = Pieces(hass.loop)
        self._teller = Teller(hass.loop, self._pieces)
        entry.async_on_unload(async_track_time_interval(hass, self._tick, _TICK))
        entry.async_on_unload(self._stop_following)

    @property
    def building_id(self) -> int:
        """The integer that devices and the user API know this building by."""
        return self.registry.buildings[self.entry.entry_id].building_id

    @property
    def profile(self) -> Profile:
        """The control profile now."""
        return self.registry.buildings[self.entry.entry_id].profile

    @property
    def outdoor_c(self) -> float | None:
        """Outdoor temperature: of the entity chosen for it, else the middle of what controllers report."""
        linked = outdoor_of(self.hass, self.options.outdoor_entity)
        if linked is not None:
            return linked
        known_at, known = self._outdoor
        if len(self.controllers) >= _MANY and self.hass.loop.time() - known_at < 1:
            return known
        reported = [c.outdoor_c for c in self.controllers.values() if c.online and c.outdoor_c is not None]
        outdoor_c = median(reported) if reported else None
        self._outdoor = (self.hass.loop.time(), outdoor_c)
        return outdoor_c

    @property
    def flow_setpoint_c(self) -> float | None:
        """The flow temperature that curve and schedule ask for now."""
        return flow_setpoint_c(self.profile, self.options.comfort, self.outdoor_c, dt_util.now())

    async def async_patch_profile(self, patch: dict[str, Any], revision: int | None = None) -> Profile:
        """Change the profile; on disk when it returns. ProtocolError names a bad field."""
        before, profile = await self.registry.async_patch_profile(self.entry.entry_id, patch, revision)
        if profile is not before:
            for listener in tuple(self.profile_listeners):
                listener()
        return profile

    @callback
    def each_controller(self, add: Callable[[Controller], None]) -> None:
        """Call ``add`` for every controller there is and for those that come later."""
        for controller in self.controllers.values():
            add(controller)
        self.entry.async_on_unload(subscribe(self.new_controller_listeners, add))

    @property
    def needs_reload(self) -> bool:
        """Whether options or a controller's settings are others than those that were set up."""
        options, configs = self._set_up_with
        now = _configs(self.entry)
        return options != dict(self.entry.options) or any(now.get(key, data) != data for key, data in configs.items())

    async def async_start(self) -> None:
        """Bring what the last run left behind in line, then follow the controllers."""
        wanted = self._wanted()
        stray = [r for r in self.registry.devices_of(self.entry.entry_id) if r.device_id not in wanted]
        await self._async_forget([record for record in stray if record.confirmed])
        await self.async_sync_controllers()
        for record in stray:
            if not record.confirmed:
                self._restore_subentry(record)
                await self.async_sync_controllers()

    async def async_sync_controllers(self) -> None:
        """Follow the entry's subentries: controllers come and go while it is loaded."""
        # Two controllers added in a row tell of themselves twice: one pass at a time, each from what is wanted then.
        async with self._following:
            await self._async_follow_subentries()

    async def _async_follow_subentries(self) -> None:
        wanted = self._wanted()
        gone = self.controllers.keys() - wanted.keys()
        for device_id in gone:
            self._drop(device_id)
        await self._async_forget([self.registry.devices[i] for i in gone if i in self.registry.devices])
        for device_id, subentry in wanted.items():
            if device_id not in self.controllers:
                await self._async_add_controller(device_id, subentry)
        self._set_up_with = (self._set_up_with[0], _configs(self.entry) | self._set_up_with[1])

    def _drop(self, device_id: str) -> None:
        del self.controllers[device_id]
        self.registry.changed()
        if (follower := self.followers.pop(device_id, None)) is not None:
            follower.stop()
        async_forget_silent(self.hass, device_id)
        self.tell_others(device_id)

    async def _async_forget(self, records: list[DeviceRecord]) -> None:
        if records:
            await self.registry.async_remove_devices([record.device_id for record in records])
            await self.hass.data[BOOK].async_remove([record.number for record in records])

    def _wanted(self) -> dict[str, ConfigSubentry]:
        return {
            subentry.data[_SUBENTRIES[subentry.subentry_type]]: subentry
            for subentry in self.entry.subentries.values()
            if subentry.subentry_type in _SUBENTRIES
        }

    async def _async_add_controller(self, device_id: str, subentry: ConfigSubentry) -> None:
        """Begin to follow a controller."""
        linked = subentry.subentry_type == SUBENTRY_LINKED
        kind = Kind.LINKED if linked else Kind.ESP32
        record = self.registry.devices.get(device_id)
        if record is None:
            # A linked entity needs no key. Else the registry was lost (a restored backup of the entries alone):
            # known, but without a key.
            record = await self.registry.async_add_device(
                device_id, self.entry.entry_id, subentry.title, KeyRing(), kind=kind, config=dict(subentry.data)
            )
        controller = Controller(
            device_id,
            subentry.subentry_id,
            record.number,
            subentry.title,
            kind,
            EnergyConfig.of(dict(subentry.data)),
            await self.hass.data[BOOK].async_ledger(record.number),
            last_seen=self.registry.last_seen.get(device_id),
        )
        self.controllers[device_id] = controller
        if not record.confirmed:
            self._confirm_later(device_id)
        if linked:
            self.followers[device_id] = LinkedFollower(self, controller)
        self.registry.changed()
        for listener in tuple(self.new_controller_listeners):
            listener(controller)
        if linked:
            self.followers[device_id].start()
        self.tell_others(device_id)

    def _confirm_later(self, device_id: str) -> None:
        async def confirm(_: datetime) -> None:
            await self.registry.async_confirm(device_id)

        self.entry.async_on_unload(async_call_later(self.hass, _CONFIRM_AFTER_S, confirm))

    @callback
    def _restore_subentry(self, record: DeviceRecord) -> None:
        """Home Assistant died before it wrote this subentry down, but the controller's key was shown."""
        _LOGGER.info("Restoring controller %s, added just before a crash", record.device_id)
        linked = record.kind is Kind.LINKED
        data = record.config or {CONF_DEVICE_ID: record.device_id}
        subentry = ConfigSubentry(
            data=MappingProxyType(data),
            subentry_type=SUBENTRY_LINKED if linked else SUBENTRY_CONTROLLER,
            title=record.name,
            unique_id=record.device_id,
        )
        self.hass.config_entries.async_add_subentry(self.entry, subentry)

    @callback
    def receive(
        self,
        controller: Controller,
        report: Telemetry | None,
        extras: Extras | None = None,
        now: datetime | None = None,
    ) -> bool:
        """A controller called, with a report or only for its configuration.

        Returns whether a session began or ended, and has to be written to disk.
        """
        now = now or dt_util.utcnow()
        controller.seen(now)
        refresh = controller.needs_refresh(now)
        ledger = controller.ledger
        if report is controller.applied and extras is None and controller.idle and not refresh:
            # As nearly always: it lives, and all is as it was.
            self.tell_fleet(controller.device_id)
            return False
        changed = [] if report is None else controller.apply(report)
        if extras is not None:
            changed += controller.apply_extras(extras)
        if controller.online is not True:
            if controller.online is False:
                if controller.kind is Kind.LINKED:
                    _LOGGER.info("The entity linked as %s is available again", controller.name)
                else:
                    _LOGGER.info("Controller %s is back", controller.device_id)
                async_forget_silent(self.hass, controller.device_id)
            controller.online = True
            changed = list(Topic)
        turned: tuple[Session, ...] = ()
        if controller.heating or (ledger.open is not None and _counts(controller, ledger.open, now)):
            turned = ledger.report(controller.heating, now, self._reading(controller))
        if turned:
            changed.append(Topic.USAGE)
            self._tell_sessions(controller, turned)
        if topics := Topic if refresh else changed:
            self._teller.tell(controller, topics, now)
        self.tell_fleet(controller.device_id)
        return bool(turned)

    def _tell_sessions(self, controller: Controller, turned: tuple[Session, ...]) -> None:
        for session in turned:
            self.tell_event(controller, "session", "ended" if session.end else "started", session.as_dict())

    def _reading(self, controller: Controller) -> Reading:
        """What is known of its energy."""
        if not controller.energy.known:
            return NO_READING
        return controller.energy.reading(self.hass, self.options)

    @callback
    def receive_loss(self, controller: Controller) -> None:
        """A controller is silent, or what it is linked to is gone."""
        controller.lose()
        if turned := controller.ledger.lost():
            self._tell_sessions(controller, turned)
            self.entry.async_create_background_task(
                self.hass, self.hass.data[BOOK].async_write([controller.number]), "write session"
            )
        controller.tell(Topic)
        self.tell_fleet(controller.device_id)

    @callback
    def tell_event(self, controller: Controller, group: str, name: str, data: dict[str, Any]) -> None:
        """Something happened that automations may want to know: ``group`` is command or session."""
        for listener in tuple(controller.event_listeners):
            listener(group, name, data)

    @callback
    def tell_others(self, *device_ids: str) -> None:
        """Controllers came or went."""
        async_sources_changed(self.hass)
        for device_id in device_ids:
            self.tell_fleet(device_id)

    @callback
    def entry_state_changed(self) -> None:
        """The entry was loaded, or is no longer."""
        self.registry.changed()
        self.tell_others(*self.controllers)

    @callback
    def tell_fleet(self, device_id: str) -> None:
        """Something about a controller changed that ota may want to know."""
        if (changed := self.hass.data[SOURCES].fleet_changed) is not None:
            changed(device_id)

    @callback
    def _tick(self, _: datetime) -> None:
        now = dt_util.utcnow()

        def look(controller: Controller) -> None:
            if controller.device_id in self.controllers:
                self._look(controller, now)

        self._pieces.each(self.controllers.values(), look, self._told_all)

    def _look(self, controller: Controller, now: datetime) -> None:
        if controller.kind is Kind.LINKED:
            self.followers[controller.device_id].tick(now)
        else:
            self._check_silence(controller, now)
        controller.tell((Topic.SEEN, Topic.USAGE) if controller.ledger.open else (Topic.SEEN,))
        self.commands.expire(controller, now)

    def _told_all(self) -> None:
        for listener in tuple(self.tick_listeners):
            listener()

    def overdue(self, controller: Controller, now: datetime) -> bool:
        """Whether a controller should have been heard of; after a start each gets its time."""
        since = controller.last_seen if controller.online else self._started
        interval_s = controller.interval_s
        if controller.protocol >= 2 or controller.online is None:
            # It was asked to call that seldom, give or take the jitter; a slow one must not count as silent.
            interval_s = max(interval_s, self.options.poll_interval_s + jitter_s(self.options.poll_interval_s))
        return (now - (since or self._started)).total_seconds() > MISSED_POLLS * interval_s

    def _check_silence(self, controller: Controller, now: datetime) -> None:
        if controller.online is not False:
            if self.overdue(controller, now):
                _LOGGER.warning("Controller %s has missed %s polls", controller.device_id, MISSED_POLLS)
                self.receive_loss(controller)
        else:
            async_check_silent(self.hass, self.entry.title, controller, self._started, now)

    @callback
    def _stop_following(self) -> None:
        self._teller.stop()
        self._pieces.stop()
        for follower in self.followers.values():
            follower.stop()
        for device_id in self.controllers:
            async_forget_silent(self.hass, device_id)


def _counts(controller: Controller, session: Session, now: datetime) -> bool:
    """Whether a call tells of the running session.

    After a start a controller may fetch its configuration before it reports: its session waits for what it says.
    """
    return controller.said_heating or now - session.seen > SHORT_BREAK


def _configs(entry: ConfigEntry) -> dict[str, tuple[str, dict[str, Any]]]:
    return {subentry_id: (subentry.title, dict(subentry.data)) for subentry_id, subentry in entry.subentries.items()}
