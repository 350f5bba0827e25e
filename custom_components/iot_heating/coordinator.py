"""The buildings and controllers that are set up: what they last reported, and who wants to know.

Controllers push, so nothing is fetched here; a tick every ten seconds finds those that stopped calling.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from ._lib.device_keys import KeyRing
from ._lib.publisher import Publisher
from .const import CONF_DEVICE_ID, SUBENTRY_CONTROLLER
from .protocol.profile import Profile
from .protocol.telemetry import Telemetry
from .registry import DeviceRecord, Registry

_LOGGER = logging.getLogger(__name__)

type IotHeatingConfigEntry = ConfigEntry[Building]

_TICK: Final = timedelta(seconds=10)
_MISSED_POLLS: Final = 3
_USUAL_INTERVAL_S: Final = 60.0
_INTERVAL_RANGE_S: Final = (20.0, 300.0)
_INTERVAL_WEIGHT: Final = 0.2
_CONFIRM_AFTER_S: Final = 10


@dataclass(slots=True)
class Controller:
    """A controller and what it last reported.

    Attributes:
        subentry_id: Of the config entry.
        number: Integer id of the user API.
        online: None until it has called, or has had the time to, since the start.
        last_seen: When it last called (UTC).
        interval_s: Its polling interval, as observed.
    """

    device_id: str
    subentry_id: str
    number: int
    name: str
    online: bool | None = None
    last_seen: datetime | None = None
    heating: bool | None = None
    outdoor_c: float | None = None
    supply_c: float | None = None
    voltage_v: float | None = None
    errors: tuple[str | dict[str, Any], ...] = ()
    interval_s: float = _USUAL_INTERVAL_S
    listeners: list[CALLBACK_TYPE] = field(default_factory=list)

    def apply(self, report: Telemetry) -> None:
        """Take over what a report holds; what it leaves out stays, null is no reading."""
        fields = report.reported
        if "state" in fields:
            self.heating = report.heating
        if "temp_out" in fields:
            self.outdoor_c = report.outdoor_c
        if "supply_temp" in fields:
            self.supply_c = report.supply_c
        if "voltage" in fields:
            self.voltage_v = report.voltage_v
        if "errors" in fields:
            self.errors = report.errors or ()

    def seen(self, now: datetime) -> None:
        """Note a call, and learn the interval from the regular ones."""
        if self.online and self.last_seen is not None:
            gap = (now - self.last_seen).total_seconds()
            low, high = _INTERVAL_RANGE_S
            if low <= gap <= high:
                self.interval_s += _INTERVAL_WEIGHT * (gap - self.interval_s)
        self.last_seen = now


class Building:
    """A config entry at run time."""

    def __init__(self, hass: HomeAssistant, entry: IotHeatingConfigEntry, registry: Registry, device_id: str) -> None:
        """``device_id``: the building's device in Home Assistant's registry."""
        self.hass = hass
        self.entry = entry
        self.registry = registry
        self.device_id = device_id
        self.publisher = Publisher.for_entry(hass, entry)
        self.controllers: dict[str, Controller] = {}
        self.profile_listeners: list[CALLBACK_TYPE] = []
        self.new_controller_listeners: list[Callable[[Controller], None]] = []
        self._started = dt_util.utcnow()
        entry.async_on_unload(async_track_time_interval(hass, self._tick, _TICK))

    @property
    def building_id(self) -> int:
        """The integer that devices and the user API know this building by."""
        return self.registry.buildings[self.entry.entry_id].building_id

    @property
    def profile(self) -> Profile:
        """The control profile now."""
        return self.registry.buildings[self.entry.entry_id].profile

    async def async_patch_profile(self, patch: dict[str, Any]) -> Profile:
        """Change the profile; on disk when it returns. ProtocolError names a bad field."""
        before = self.profile
        profile = await self.registry.async_patch_profile(self.entry.entry_id, patch)
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

    async def async_start(self) -> None:
        """Bring what the last run left behind in line, then follow the controllers."""
        wanted = self._wanted()
        stray = [r for r in self.registry.devices_of(self.entry.entry_id) if r.device_id not in wanted]
        if gone := [record.device_id for record in stray if record.confirmed]:
            await self.registry.async_remove_devices(gone)
        await self.async_sync_controllers()
        for record in stray:
            if not record.confirmed:
                self._restore_subentry(record)
                await self.async_sync_controllers()

    async def async_sync_controllers(self) -> None:
        """Follow the entry's subentries: controllers come and go while it is loaded."""
        wanted = self._wanted()
        if gone := self.controllers.keys() - wanted.keys():
            for device_id in gone:
                del self.controllers[device_id]
            await self.registry.async_remove_devices(gone)
        for device_id, subentry in wanted.items():
            if device_id not in self.controllers:
                await self._async_add_controller(device_id, subentry)

    def _wanted(self) -> dict[str, ConfigSubentry]:
        return {
            subentry.data[CONF_DEVICE_ID]: subentry
            for subentry in self.entry.subentries.values()
            if subentry.subentry_type == SUBENTRY_CONTROLLER
        }

    async def _async_add_controller(self, device_id: str, subentry: ConfigSubentry) -> None:
        """Begin to follow a controller."""
        record = self.registry.devices.get(device_id)
        if record is None:
            # The registry was lost (a restored backup of the entries alone): known, but without a key.
            record = await self.registry.async_add_device(device_id, self.entry.entry_id, subentry.title, KeyRing())
        controller = Controller(
            device_id,
            subentry.subentry_id,
            record.number,
            subentry.title,
            last_seen=self.registry.last_seen.get(device_id),
        )
        self.controllers[device_id] = controller
        if not record.confirmed:
            self._confirm_later(device_id)
        for listener in tuple(self.new_controller_listeners):
            listener(controller)

    def _confirm_later(self, device_id: str) -> None:
        async def confirm(_: datetime) -> None:
            await self.registry.async_confirm(device_id)

        self.entry.async_on_unload(async_call_later(self.hass, _CONFIRM_AFTER_S, confirm))

    @callback
    def _restore_subentry(self, record: DeviceRecord) -> None:
        """Home Assistant died before it wrote this subentry down, but the controller's key was shown."""
        _LOGGER.info("Restoring controller %s, added just before a crash", record.device_id)
        subentry = ConfigSubentry(
            data=MappingProxyType({CONF_DEVICE_ID: record.device_id}),
            subentry_type=SUBENTRY_CONTROLLER,
            title=record.name,
            unique_id=record.device_id,
        )
        self.hass.config_entries.async_add_subentry(self.entry, subentry)

    @callback
    def receive(self, controller: Controller, report: Telemetry | None) -> None:
        """A controller called, with a report or only for its configuration."""
        now = dt_util.utcnow()
        controller.seen(now)
        if report is not None:
            controller.apply(report)
        if controller.online is False:
            _LOGGER.info("Controller %s is back", controller.device_id)
        controller.online = True
        _tell(controller)

    @callback
    def _tick(self, _: datetime) -> None:
        now = dt_util.utcnow()
        for controller in self.controllers.values():
            # After a start a controller gets its time to call before it counts as missing.
            since = controller.last_seen if controller.online else self._started
            waited_s = (now - (since or self._started)).total_seconds()
            if controller.online is not False and waited_s > _MISSED_POLLS * controller.interval_s:
                controller.online = False
                _LOGGER.warning("Controller %s has missed %s polls", controller.device_id, _MISSED_POLLS)
                _tell(controller)


def _tell(controller: Controller) -> None:
    for listener in tuple(controller.listeners):
        listener()


def subscribe[T](listeners: list[T], listener: T) -> Callable[[], None]:
    """Add a listener; returns what removes it."""
    listeners.append(listener)
    return lambda: listeners.remove(listener)
