"""A hub at run time: the device model of one config entry, tied to Home Assistant.

Outlets push through their hub, so nothing is fetched here. What has to survive a kill is in a store of the entry's
own, awaited before anybody is told that it was done.
"""

import asyncio
from collections.abc import Callable
from enum import Enum
from functools import partial
import logging
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util.ulid import ulid_now

from ._lib.durable_store import DurableStore
from ._lib.publisher import Publisher
from .const import (
    CONF_CCU_ID,
    CONF_DEVICE_ID,
    CONF_KIND,
    CONF_LOCATION,
    CONF_OFFLINE_AFTER,
    CONF_POWER_FACTOR,
    CONF_PROTECTED,
    CONF_VOLTAGE,
    DEFAULT_OFFLINE_AFTER_S,
    DEFAULT_POWER_FACTOR,
    DEFAULT_VOLTAGE,
    DOMAIN,
    EVENT_ALERT,
    EVENT_CUT_FINISHED,
    SUBENTRY_OUTLET,
    Kind,
)
from .model.alerts import HUB, Alert, AlertKind, Place
from .model.commands import Command, Order, Patience, Reason
from .model.cut import CutRun
from .model.energy import Mains
from .model.hub import Hub, HubConfig
from .model.outlet import Outlet, OutletConfig
from .radio.controller import PortState, RadioController

_LOGGER = logging.getLogger(__name__)

type SmartOutletConfigEntry = ConfigEntry[RunningHub]

STORAGE_VERSION: Final = 1
_SAVE_DELAY_S: Final = 1.0
_RADIO_PATIENCE: Final = Patience(retry_s=1.0, attempts=5)

_SLOW_S: Final = 10.0


class Follow(Enum):
    """When an entity looks at its outlet or hub anew."""

    NEVER = 0
    EACH_REPORT = 1
    """Measured values."""
    SELDOM = 2
    """What creeps (energy, last seen): once in ten seconds."""
    CHANGE = 3
    """What only changes with a state, a command or an alert."""


class Followers:
    """The entities of one outlet or hub; hundreds of reports a second come by here."""

    def __init__(self) -> None:
        self._of: dict[Follow, list[CALLBACK_TYPE]] = {follow: [] for follow in Follow}
        self._signature: object = None
        self._seldom_due = 0.0

    def add(self, follow: Follow, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``listener`` when it is due; returns what ends it."""
        self._of[follow].append(listener)
        return partial(self._of[follow].remove, listener)

    def tell(self, signature: object, now: float) -> None:
        """Something was reported.

        Args:
            signature: Of all that is no measured value; equal ones mean that nothing of it changed.
            now: Monotonic seconds.
        """
        for listener in self._of[Follow.EACH_REPORT]:
            listener()
        changed = signature != self._signature
        if changed:
            self._signature = signature
        if now >= self._seldom_due or changed:
            self._seldom_due = now + _SLOW_S
            for listener in (*self._of[Follow.CHANGE], *self._of[Follow.SELDOM]):
                listener()


def state_store(hass: HomeAssistant, entry_id: str) -> DurableStore[dict[str, Any]]:
    """The store of one hub's commands, cut, thresholds and alerts."""
    return DurableStore(hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}", domain=DOMAIN)


def hub_config(entry: ConfigEntry) -> HubConfig:
    """What the entry says about its hub."""
    options = entry.options
    mains = Mains(options.get(CONF_VOLTAGE, DEFAULT_VOLTAGE), options.get(CONF_POWER_FACTOR, DEFAULT_POWER_FACTOR))
    is_radio = entry.data[CONF_KIND] == Kind.RADIO
    return HubConfig(
        name=entry.title,
        offline_after_s=options.get(CONF_OFFLINE_AFTER, DEFAULT_OFFLINE_AFTER_S),
        mains=mains,
        patience=_RADIO_PATIENCE if is_radio else Patience(),
        sums_outlets=is_radio,
    )


def outlet_configs(entry: ConfigEntry) -> dict[str, tuple[str, OutletConfig]]:
    """Subentry id and configuration of the entry's outlets, by device id."""
    return {
        subentry.data[CONF_DEVICE_ID]: (
            subentry.subentry_id,
            OutletConfig(
                device_id=subentry.data[CONF_DEVICE_ID],
                name=subentry.title,
                location=subentry.data.get(CONF_LOCATION, ""),
                protected=frozenset(subentry.data.get(CONF_PROTECTED, ())),
            ),
        )
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_OUTLET
    }


class RunningHub:
    """A config entry at run time; the listener of its device model."""

    def __init__(self, hass: HomeAssistant, entry: SmartOutletConfigEntry) -> None:
        self.hass = hass
        self.entry = entry
        self.device_id = ""
        """Of the hub in Home Assistant's device registry."""
        self.publisher = Publisher.for_entry(hass, entry)
        self.subentry_ids: dict[str, str] = {}
        self.protocol = 1
        self.firmware: str | None = None
        self.radio: RadioController | None = None
        self.radio_task: asyncio.Task[None] | None = None
        self.port: PortState | None = None
        self.hub = Hub(hub_config(entry), self, ulid_now)
        self.hub_followers = Followers()
        self.outlet_followers: dict[str, Followers] = {}
        self.new_outlet_listeners: list[Callable[[Outlet], None]] = []
        self.alert_listeners: list[Callable[[Alert], None]] = []
        self.cut_listeners: list[Callable[[CutRun], None]] = []
        self.watchers: list[Callable[[Outlet | None], None]] = []
        """Websocket subscribers: every report, whatever the publisher does; None stands for the hub itself."""
        self.meters_changed: CALLBACK_TYPE = lambda: None
        self._store = state_store(hass, entry.entry_id)

    @property
    def kind(self) -> Kind:
        """CCU or radio."""
        return Kind(self.entry.data[CONF_KIND])

    @property
    def ccu_id(self) -> str | None:
        """What a CCU calls itself; None for a radio."""
        value: str | None = self.entry.data.get(CONF_CCU_ID)
        return value

    async def async_load(self, meters: dict[str, Any] | None) -> None:
        """Build the outlets and take up what was stored."""
        for device_id, (subentry_id, config) in outlet_configs(self.entry).items():
            self.subentry_ids[device_id] = subentry_id
            self.hub.add_outlet(config)
        if (stored := await self._store.async_load()) is not None:
            self.hub.restore(stored, time.time())
        if meters is not None:
            self.hub.restore_meters(meters)

    @callback
    def sync_outlets(self) -> None:
        """Follow the entry's subentries: outlets come and go without a reload."""
        wanted = outlet_configs(self.entry)
        for device_id in self.subentry_ids.keys() - wanted.keys():
            del self.subentry_ids[device_id]
            self.hub.remove_outlet(device_id)
            self.outlet_followers.pop(device_id, None)
        for device_id, (subentry_id, config) in wanted.items():
            is_new = device_id not in self.subentry_ids
            self.subentry_ids[device_id] = subentry_id
            outlet = self.hub.add_outlet(config)
            if is_new:
                for listener in tuple(self.new_outlet_listeners):
                    listener(outlet)
        self.hub_changed()

    @callback
    def each_outlet(self, add: Callable[[Outlet], None]) -> None:
        """Call ``add`` for every outlet there is and for those that come later."""
        for outlet in self.hub.outlets.values():
            add(outlet)
        self.new_outlet_listeners.append(add)
        self.entry.async_on_unload(partial(self.new_outlet_listeners.remove, add))

    # What a user or an automation wants

    async def async_order(self, device_id: str, order: Order) -> Command:
        """Queue a command; it is on disk when this returns.

        Raises:
            OutletError: of the device model.
            HomeAssistantError: the disk refused it; the command is withdrawn.
        """
        command = self.hub.order(device_id, order, time.time())
        try:
            await self.async_commit()
        except BaseException:
            self.hub.queue.withdraw(command, Reason.NOT_STORED)
            raise
        if self.radio is not None:
            self.radio.wake()
        return command

    async def async_cut(self, *, include_protected: bool) -> CutRun:
        """Cut all power. The commands are out at once; they are on disk when this returns."""
        run = self.hub.cut_all(time.time(), include_protected=include_protected)
        if self.radio is not None:
            self.radio.wake()
        await self.async_commit()
        return run

    async def async_commit(self) -> None:
        """Have all that must survive a kill on disk."""
        await self._store.async_save_durably(self.hub.dump())

    async def async_close(self) -> None:
        """Let go of the serial port, and write what still waits to be written."""
        if self.radio_task is not None:
            self.radio_task.cancel()
            await asyncio.wait([self.radio_task])
        await self._store.async_save(self.hub.dump())

    # Listener of the device model

    @callback
    def outlet_changed(self, outlet: Outlet) -> None:
        """Show the outlet's state and hand it to the websocket subscribers."""
        if (followers := self.outlet_followers.get(outlet.device_id)) is not None:
            followers.tell(self._outlet_signature(outlet), time.monotonic())
        for watcher in tuple(self.watchers):
            watcher(outlet)
        self.meters_changed()

    def _outlet_signature(self, outlet: Outlet) -> object:
        """All that entities show of an outlet beside its measured values."""
        a, b = outlet.sockets["a"], outlet.sockets["b"]
        mismatch = self.hub.alerts.is_on(AlertKind.THRESHOLD_MISMATCH, Place(outlet.device_id))
        return (
            (a.relay, b.relay, outlet.online, outlet.missing, outlet.is_overload, mismatch),
            (outlet.over_threshold("a"), outlet.over_threshold("b")),
            (outlet.threshold, outlet.device_threshold),
            [(command.id, command.status) for command in self.hub.queue.open(outlet.device_id)],
        )

    def _hub_signature(self) -> object:
        """All that entities show of the hub beside its measured values."""
        hub, run = self.hub, self.hub.cut
        over = hub.alerts.is_on(AlertKind.MAIN_THRESHOLD, HUB)
        cut = None if run is None else (run.id, run.finished, *run.sockets.values())
        return (hub.online, hub.main_threshold_ma, over, len(hub.outlets), cut)

    @callback
    def hub_changed(self) -> None:
        """Show the hub's state."""
        self.hub_followers.tell(self._hub_signature(), time.monotonic())
        for watcher in tuple(self.watchers):
            watcher(None)
        self.meters_changed()

    @callback
    def alert_raised(self, alert: Alert) -> None:
        """Fire the alert, at once."""
        self.hass.bus.async_fire(
            EVENT_ALERT, {"entry_id": self.entry.entry_id, "hub": self.entry.title} | alert.as_dict()
        )
        for listener in tuple(self.alert_listeners):
            listener(alert)

    @callback
    def command_changed(self, command: Command) -> None:
        """Nothing beside what outlet_changed shows."""

    @callback
    def cut_finished(self, run: CutRun) -> None:
        """Tell how the cut went."""
        self.hass.bus.async_fire(
            EVENT_CUT_FINISHED, {"entry_id": self.entry.entry_id, "hub": self.entry.title} | run.report()
        )
        for listener in tuple(self.cut_listeners):
            listener(run)
        self.hub_changed()

    @callback
    def save(self) -> None:
        """Write soon; who has to be sure calls async_commit."""
        self._store.async_delay_save(self.hub.dump, _SAVE_DELAY_S)

    @callback
    def port_changed(self, state: PortState) -> None:
        """The radio's serial port opened or was lost; said once."""
        if self.port is None or state.is_open is not self.port.is_open:
            if state.is_open:
                _LOGGER.info("%s: the serial port is open", self.entry.title)
            else:
                _LOGGER.warning("%s: the serial port is not there: %s", self.entry.title, state.error)
        self.port = state
        self.hub_changed()
