"""The hub of a building: adds and removes controllers with the subentries of its config entry."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ._lib.device_keys import KeyRing
from ._lib.entry_recovery import confirm_later, reconcile, restore_subentry
from ._lib.slices import Slicer, slice_length_s
from .const import CONF_DEVICE_ID, CONF_LINKED, SUBENTRY_CONTROLLER, SUBENTRY_LINKED
from .protocol.configuration import Force
from .protocol.report import Report
from .repairs import async_delete_offline_issue
from .runtime.change_listeners import ChangeListeners
from .runtime.command_dispatcher import CommandDispatcher
from .runtime.controller import Controller, subscribe
from .runtime.energy import EnergyConfig
from .runtime.entity_links import EntityLinks
from .runtime.health_monitor import HealthMonitor
from .runtime.linked_entity import LinkedEntity, is_switchable
from .runtime.notifier import Notifier
from .runtime.options import BuildingOptions
from .runtime.price import watch_price_unit
from .runtime.report_receiver import ReportReceiver
from .storage.device_records import ControllerKind, DeviceRecord
from .storage.device_store import DeviceStore
from .storage.session_store import SessionStore

_DEVICE_ID_KEYS: Final = {SUBENTRY_CONTROLLER: CONF_DEVICE_ID, SUBENTRY_LINKED: CONF_LINKED}


class ControllerHub:
    """The controllers of one building.

    Attributes:
        controllers: By device ID.
        receiver: Processes their reports.
        commands: Sends them commands.
        monitor: Detects those that are offline.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        options: BuildingOptions,
        *,
        device_store: DeviceStore,
        session_store: SessionStore,
        change_listeners: ChangeListeners,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._device_store = device_store
        self._session_store = session_store
        self._change_listeners = change_listeners
        self._linked_entities: dict[str, LinkedEntity] = {}
        self._new_controller_listeners: list[Callable[[Controller], None]] = []
        self._loaded_options = dict(entry.options)
        self._price_entity = options.price_entity
        self._loaded_subentries = _subentry_configs(entry)
        self._sync_lock = asyncio.Lock()
        self._slicer = Slicer(hass.loop, slice_s=slice_length_s(hass.data))
        self._notifier = Notifier(hass.loop, self._slicer)
        self._entity_links = EntityLinks(
            hass,
            entry,
            linked_renamed=self._linked_renamed,
            replace_linked=device_store.async_replace_link,
            create_task=self._create_task,
        )
        self.controllers: dict[str, Controller] = {}
        self.receiver = ReportReceiver(
            hass,
            options,
            session_store=session_store,
            change_listeners=change_listeners,
            notifier=self._notifier,
            create_task=self._create_task,
            clock=device_store.clock,
        )
        self.commands = CommandDispatcher(device_store, self.controllers, self._async_switch_entity, self._create_task)
        self.monitor = HealthMonitor(
            hass,
            building_name=entry.title,
            poll_interval_s=options.poll_interval_s,
            controllers=self.controllers,
            linked_entities=self._linked_entities,
            receiver=self.receiver,
            commands=self.commands,
            slicer=self._slicer,
            clock=device_store.clock,
        )

    async def async_start(self) -> None:
        """Complete what a crash interrupted, add the controllers and start to monitor them."""
        self._entry.async_on_unload(self.monitor.start())
        self._entry.async_on_unload(self._stop)
        records = {record.device_id: record for record in self._device_store.devices_of(self._entry.entry_id)}
        plan = reconcile(
            {device_id: record.confirmed for device_id, record in records.items()}, self._subentries().keys()
        )
        await self._async_delete([records[device_id] for device_id in plan.forget])
        for device_id in plan.restore:
            self._restore_subentry(records[device_id])
        self._entity_links.start()
        watch_price_unit(self._hass, self._entry, self._price_entity)
        await self.async_sync()

    @callback
    def _stop(self) -> None:
        self._notifier.stop()
        self._slicer.stop()
        for linked_entity in self._linked_entities.values():
            linked_entity.stop()

    def _create_task(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        self._entry.async_create_background_task(self._hass, coroutine, name)

    async def _async_switch_entity(self, device_id: str, force: Force, previous: Force) -> str | None:
        return await self._linked_entities[device_id].async_switch(force, previous)

    @callback
    def for_each_controller(self, add: Callable[[Controller], None]) -> None:
        """Call ``add`` for every controller, and for those that are added later."""
        for controller in self.controllers.values():
            add(controller)
        self._entry.async_on_unload(subscribe(self._new_controller_listeners, add))

    def is_controllable(self, controller: Controller) -> bool:
        """Whether a controller can be forced on and off; linked binary sensors cannot."""
        return controller.kind is ControllerKind.ESP32 or is_switchable(self._hass, controller.device_id)

    @property
    def needs_reload(self) -> bool:
        """Whether options, or the settings of a loaded controller, have changed since the setup."""
        current = _subentry_configs(self._entry)
        return self._loaded_options != dict(self._entry.options) or any(
            current.get(key, config) != config for key, config in self._loaded_subentries.items()
        )

    async def async_sync(self) -> None:
        """Add and remove controllers so that they match the subentries."""
        # Two subentries added at once cause two updates: one at a time, each with the subentries of that moment.
        async with self._sync_lock:
            await self._async_sync()

    async def _async_sync(self) -> None:
        subentries = self._subentries()
        removed = self.controllers.keys() - subentries.keys()
        for device_id in removed:
            self._remove_controller(device_id)
        devices = self._device_store.devices
        await self._async_delete([devices[device_id] for device_id in removed if device_id in devices])
        for device_id, subentry in subentries.items():
            if device_id not in self.controllers:
                await self._async_add_controller(device_id, subentry)
        self._loaded_subentries = _subentry_configs(self._entry) | self._loaded_subentries

    def _subentries(self) -> dict[str, ConfigSubentry]:
        return {
            subentry.data[_DEVICE_ID_KEYS[subentry.subentry_type]]: subentry
            for subentry in self._entry.subentries.values()
            if subentry.subentry_type in _DEVICE_ID_KEYS
        }

    def _remove_controller(self, device_id: str) -> None:
        del self.controllers[device_id]
        self._device_store.mark_changed()
        if (linked_entity := self._linked_entities.pop(device_id, None)) is not None:
            linked_entity.stop()
        async_delete_offline_issue(self._hass, device_id)
        self._change_listeners.notify_controllers(device_id)

    async def _async_delete(self, records: list[DeviceRecord]) -> None:
        if records:
            await self._device_store.async_remove_devices([record.device_id for record in records])
            await self._session_store.async_remove([record.number for record in records])

    async def _async_add_controller(self, device_id: str, subentry: ConfigSubentry) -> None:
        is_linked = subentry.subentry_type == SUBENTRY_LINKED
        kind = ControllerKind.LINKED if is_linked else ControllerKind.ESP32
        record = self._device_store.devices.get(device_id)
        if record is None:
            # The store was lost, such as by a backup of the config entries alone. The controller needs a new key.
            record = await self._device_store.async_add_device(
                device_id, self._entry.entry_id, subentry.title, KeyRing(), kind=kind, config=dict(subentry.data)
            )
        controller = Controller(
            device_id,
            subentry.subentry_id,
            record.number,
            subentry.title,
            kind,
            EnergyConfig.from_subentry(dict(subentry.data)),
            await self._session_store.async_get_tracker(record.number),
            last_seen=self._device_store.last_seen.get(device_id),
        )
        self.controllers[device_id] = controller
        if not record.confirmed:
            confirm_later(self._hass, self._entry, partial(self._device_store.async_confirm, device_id))
        if is_linked:
            self._linked_entities[device_id] = LinkedEntity(
                self._hass, controller, self._receive_state, self.receiver.set_offline, self._device_store.clock
            )
        self._device_store.mark_changed()
        for listener in tuple(self._new_controller_listeners):
            listener(controller)
        if is_linked:
            self._linked_entities[device_id].start()
        self._entity_links.add_controller(subentry.subentry_id)
        self._change_listeners.notify_controllers(device_id)

    @callback
    def _receive_state(self, controller: Controller, report: Report) -> None:
        """Process the state of a linked entity."""
        self.receiver.receive_and_save(controller, report)
        self._device_store.mark_seen(controller.device_id, dt_util.utcnow())
        self.commands.confirm_by_state(controller)

    @callback
    def _linked_renamed(self, device_id: str) -> None:
        if (linked_entity := self._linked_entities.get(device_id)) is not None:
            linked_entity.stop()
            linked_entity.start()

    @callback
    def _restore_subentry(self, record: DeviceRecord) -> None:
        """Restore a subentry that a crash lost before it was saved: its key has already been shown."""
        restore_subentry(
            self._hass,
            self._entry,
            SUBENTRY_LINKED if record.kind is ControllerKind.LINKED else SUBENTRY_CONTROLLER,
            record.name,
            record.config or {CONF_DEVICE_ID: record.device_id},
            unique_id=record.device_id,
        )

    @callback
    def entry_state_changed(self) -> None:
        """The config entry was loaded or unloaded."""
        self._device_store.mark_changed()
        self._change_listeners.notify_controllers(*self.controllers)


def _subentry_configs(entry: ConfigEntry) -> dict[str, tuple[str, dict[str, Any]]]:
    return {subentry_id: (subentry.title, dict(subentry.data)) for subentry_id, subentry in entry.subentries.items()}
