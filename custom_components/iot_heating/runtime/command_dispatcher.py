"""Sends commands to controllers and tracks them until they are confirmed or have failed."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
import secrets
from typing import Any, Final

from homeassistant.core import callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..protocol import commands as queues
from ..protocol.commands import (
    Ack,
    Command,
    CommandName,
    CommandStatus,
    Order,
    command_message,
    new_command,
    reason_of,
    status_of,
)
from ..protocol.configuration import Force, Override
from ..protocol.profile import CURVE_VALUE_RANGE, MIN_EXTERNAL_RANGE_C, validate_number
from ..protocol.report import Report
from ..storage.device_records import ControllerKind, DeviceRecord
from ..storage.device_store import DeviceStore
from .controller import Controller, Topic
from .report_receiver import TaskCreator

type EntitySwitch = Callable[[str, Force, Force], Awaitable[str | None]]

_FORCE_OF: Final = {CommandName.FORCE_ON: Force.ON, CommandName.FORCE_OFF: Force.OFF, CommandName.AUTO: Force.AUTO}
COMMAND_OF: Final = {force: name for name, force in _FORCE_OF.items()}


class CommandDispatcher:
    """The commands of the controllers of one building.

    Args:
        controllers: The live mapping of the building's controllers.
        switch_entity: Switches the entity of a linked controller: device ID, new and previous control mode.
            Returns an error text, or None.
        create_task: Runs a coroutine in the background while the config entry is loaded.
    """

    def __init__(
        self,
        store: DeviceStore,
        controllers: Mapping[str, Controller],
        switch_entity: EntitySwitch,
        create_task: TaskCreator,
    ) -> None:
        self._store = store
        self._clock = store.clock
        self._controllers = controllers
        self._switch_entity = switch_entity
        self._create_task = create_task

    def record(self, device_id: str) -> DeviceRecord | None:
        """Return the stored record of a controller."""
        return self._store.devices.get(device_id)

    async def async_send(
        self,
        controller: Controller,
        name: CommandName,
        args: dict[str, Any] | None = None,
        *,
        expiry: timedelta = queues.DEFAULT_EXPIRY,
        duration: timedelta | None = None,
    ) -> Command:
        """Queue a command; saved when it returns.

        Args:
            controller: The recipient.
            name: The command.
            args: ``value`` and ``min_external_temp`` of set_curve.
            expiry: Time after which it fails unless it is confirmed.
            duration: How long forcing or a curve lasts; None: until it is released.

        Raises:
            ServiceValidationError: The controller does not support the command.
            ProtocolError: An argument is invalid.
        """
        if controller.kind is ControllerKind.LINKED and name not in queues.FORCE_COMMANDS:
            raise _unsupported("linked_unsupported", controller, name)
        if name in queues.PROTOCOL_2_COMMANDS and controller.protocol < 2:
            raise _unsupported("needs_protocol_2", controller, name)
        now = dt_util.utcnow()
        order = Order(name, _validate_args(name, args or {}))
        command = new_command(secrets.token_hex(8), order, self._clock(), expiry)
        until = now + duration if duration else None
        previous = self._store.devices[controller.device_id].override.at(now).force

        def add(record: DeviceRecord) -> DeviceRecord:
            override = _apply_order(record.override.at(now), order, until, now)
            return replace(record, commands=queues.enqueue(record.commands, command), override=override)

        changed = await self._store.async_change_device(controller.device_id, add)
        if changed is not None:
            self._notify(*changed)
        if controller.kind is ControllerKind.LINKED:
            await self._async_switch(controller, command, previous)
        return command

    async def async_set_override(self, device_id: str, override: Override) -> None:
        """Replace the override of a controller without a command."""
        await self._store.async_update_device(device_id, lambda record: replace(record, override=override))

    @callback
    def end_expired_override(self, controller: Controller, now: datetime) -> None:
        """Release a linked entity whose override has ended."""
        record = self.record(controller.device_id)
        if record is not None and not record.override.is_empty and record.override.at(now).is_empty:
            self._create_task(self.async_release(controller.device_id), "release linked entity")

    async def async_release(self, device_id: str) -> None:
        """Release control of a linked entity."""
        record = self.record(device_id)
        if record is None or device_id not in self._controllers or record.override.is_empty:
            return
        previous, now = record.override.force, dt_util.utcnow()
        await self._async_change(device_id, lambda r: replace(r, override=Override(since=now)))
        await self._switch_entity(device_id, Force.AUTO, previous)

    async def _async_switch(self, controller: Controller, command: Command, previous: Force) -> None:
        """Execute a command to a linked entity."""
        device_id = controller.device_id
        await self._async_change(
            device_id, lambda r: replace(r, commands=queues.deliver_in_configuration(r.commands, self._clock()))
        )
        error = await self._switch_entity(device_id, _FORCE_OF[command.payload.name], previous)
        if error is None:
            self.confirm_by_state(controller)
            return
        acks = (Ack(command.id, ok=False, message=error),)
        await self._async_change(
            device_id, lambda r: _with_queue(r, queues.acknowledge(r.commands, acks, self._clock()))
        )

    @callback
    def confirm_by_state(self, controller: Controller) -> None:
        """Confirm commands to a linked entity by its state."""
        record = self.record(controller.device_id)
        if record is None or not any(command.is_open for command in record.commands):
            return
        if queues.confirm_by_state(record.commands, controller.heating, self._clock()) is not record.commands:
            self._change_queue(controller, lambda queue, now: queues.confirm_by_state(queue, controller.heating, now))

    async def async_exchange(self, device_id: str, report: Report) -> tuple[dict[str, Any], ...]:
        """Apply the answers of a call to the commands; returns the commands for the reply of protocol 2."""
        delivered: queues.Queue = ()

        def exchange(record: DeviceRecord) -> DeviceRecord:
            nonlocal delivered
            now = self._clock()
            queue = record.commands
            if report.protocol >= 2:
                queue, delivered = queues.deliver(queues.acknowledge(queue, report.acks, now), now)
            else:
                queue = queues.expire(queues.confirm_by_state(queue, report.heating, now), now)
                queue = queues.deliver_in_configuration(queue, now)
            return _with_queue(record, queue)

        await self._async_change(device_id, exchange)
        return tuple(command_message(command, self._clock.to_wall) for command in delivered)

    @callback
    def expire(self, controller: Controller) -> None:
        """Fail the overdue commands of a controller that may be offline."""
        record = self.record(controller.device_id)
        if record is not None and any(c.is_open and self._clock() >= c.deadline for c in record.commands):
            self._change_queue(controller, queues.expire)

    def _change_queue(self, controller: Controller, change: Callable[[queues.Queue, float], queues.Queue]) -> None:
        def change_record(record: DeviceRecord) -> DeviceRecord:
            return _with_queue(record, change(record.commands, self._clock()))

        self._create_task(self._async_change(controller.device_id, change_record), "update commands")

    async def _async_change(self, device_id: str, change: Callable[[DeviceRecord], DeviceRecord]) -> None:
        changed = await self._store.async_update_device(device_id, change)
        if changed is not None and changed[0] is not changed[1]:
            self._notify(*changed)

    def _notify(self, previous: DeviceRecord, record: DeviceRecord) -> None:
        """Notify entities and fire events of the commands whose status changed."""
        controller = self._controllers.get(record.device_id)
        if controller is None:
            return
        controller.notify((Topic.COMMAND,))
        statuses = {command.id: command.status for command in previous.commands}
        for command in record.commands:
            if statuses.get(command.id) is not command.status:
                controller.fire_event("command", status_of(command).value, command_event_data(command))


def command_event_data(command: Command) -> dict[str, Any]:
    """Return the data of events and actions."""
    return {
        "id": command.id,
        "command": command.payload.name.value,
        "status": status_of(command).value,
        "attempts": command.attempts,
        "reason": reason_of(command),
    }


def last_command(record: DeviceRecord | None) -> Command | None:
    """Return the command that was sent last."""
    return record.commands[-1] if record is not None and record.commands else None


def confirmed_force(record: DeviceRecord, now: datetime) -> Force:
    """Return the confirmed control mode; while a command is open, the one confirmed before it."""
    if pending_force(record) is None:
        return record.override.at(now).force
    confirmed = (
        _FORCE_OF[command.payload.name]
        for command in reversed(record.commands)
        if command.payload.name in _FORCE_OF and status_of(command) is CommandStatus.CONFIRMED
    )
    return next(confirmed, Force.AUTO)


def pending_force(record: DeviceRecord) -> Force | None:
    """Return the control mode that is not confirmed yet."""
    for command in reversed(record.commands):
        if command.payload.name in _FORCE_OF and command.is_open:
            return _FORCE_OF[command.payload.name]
    return None


def _apply_order(override: Override, order: Order, until: datetime | None, now: datetime) -> Override:
    """Return the override after a command. Forcing and a curve of the controller end together."""
    match order.name:
        case CommandName.FORCE_ON | CommandName.FORCE_OFF:
            return replace(override, force=_FORCE_OF[order.name], since=now, until=until)
        case CommandName.AUTO:
            return Override(since=now)
        case CommandName.SET_CURVE:
            return replace(
                override,
                curve_value=order.args["value"],
                min_external_temp=order.args.get("min_external_temp", override.min_external_temp),
                since=now,
                until=until,
            )
        case _:
            return override


def _validate_args(name: CommandName, args: dict[str, Any]) -> dict[str, Any]:
    if name is not CommandName.SET_CURVE:
        return {}
    validated: dict[str, Any] = {"value": validate_number(args.get("value"), "value", CURVE_VALUE_RANGE)}
    if (temperature := args.get("min_external_temp")) is not None:
        validated["min_external_temp"] = validate_number(temperature, "min_external_temp", MIN_EXTERNAL_RANGE_C)
    return validated


def _with_queue(record: DeviceRecord, queue: queues.Queue) -> DeviceRecord:
    """Return the record with a changed queue. The override of a command that failed is reverted."""
    if queue is record.commands:
        return record
    override, now = record.override, dt_util.utcnow()
    for previous, command in zip(record.commands, queue, strict=True):
        if previous.is_open and status_of(command) is CommandStatus.FAILED:
            if command.payload.name in _FORCE_OF:
                override = replace(override, force=Force.AUTO, since=now)
            elif command.payload.name is CommandName.SET_CURVE:
                override = replace(override, curve_value=None, min_external_temp=None, since=now)
    return replace(record, commands=queue, override=override)


def _unsupported(key: str, controller: Controller, name: CommandName) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"name": controller.name, "command": name.value},
    )
