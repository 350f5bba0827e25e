"""Sends commands to controllers and follows them: pending, delivered, confirmed or failed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
import secrets
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .controller import Controller, Topic
from .protocol import commands as queues
from .protocol.commands import Ack, Command, CommandName, CommandStatus
from .protocol.control import Force, Override
from .protocol.profile import CURVE_VALUE_RANGE, MIN_EXTERNAL_RANGE_C, number_in
from .records import DeviceRecord, Kind

if TYPE_CHECKING:
    from .coordinator import Building

_FORCE: Final = {CommandName.FORCE_ON: Force.ON, CommandName.FORCE_OFF: Force.OFF, CommandName.AUTO: Force.AUTO}
NAME_OF: Final = {force: name for name, force in _FORCE.items()}
RETRY_AFTER: Final = timedelta(seconds=20)
"""What was handed out and not answered is handed out again, but not before."""


class Commands:
    """The commands of one building's controllers."""

    def __init__(self, hass: HomeAssistant, building: Building) -> None:
        self._hass = hass
        self._building = building
        self._registry = building.registry

    async def async_send(
        self,
        controller: Controller,
        name: CommandName,
        args: dict[str, Any] | None = None,
        *,
        expiry: timedelta = queues.DEFAULT_EXPIRY,
        duration: timedelta | None = None,
    ) -> Command:
        """Queue a command; on disk when it returns.

        Args:
            controller: Whom it is for.
            name: What to do.
            args: ``value`` and ``min_external_temp`` of set_curve.
            expiry: When it fails unconfirmed.
            duration: How long forcing or a curve lasts; None: until it is taken back.

        Raises:
            ServiceValidationError: The controller cannot do this.
            ProtocolError: An argument is out of range.
        """
        if controller.kind is Kind.LINKED and name not in queues.FORCING:
            raise _refused("linked_cannot", controller, name)
        if name in queues.NEEDS_PROTOCOL_2 and controller.protocol < 2:
            raise _refused("needs_protocol_2", controller, name)
        now = dt_util.utcnow()
        command = Command(secrets.token_hex(8), name, now, now + expiry, _checked(name, args or {}))
        until = now + duration if duration else None
        before = self._registry.devices[controller.device_id].override.at(now).force

        def add(record: DeviceRecord) -> DeviceRecord:
            override = _overridden(record.override.at(now), command, until, now)
            return replace(record, commands=queues.added(record.commands, command), override=override)

        await self._async_change(controller.device_id, add)
        if controller.kind is Kind.LINKED:
            await self._async_switch(controller, command, before)
        return command

    async def async_release(self, device_id: str) -> None:
        """End a linked entity's override whose time is over."""
        record = self._registry.devices.get(device_id)
        controller = self._building.controllers.get(device_id)
        if record is None or controller is None or record.override.empty:
            return
        before, now = record.override.force, dt_util.utcnow()
        await self._async_change(device_id, lambda r: replace(r, override=Override(since=now)))
        await self._building.followers[device_id].async_switch(Force.AUTO, before)

    async def _async_switch(self, controller: Controller, command: Command, before: Force) -> None:
        """Do what a command to a linked entity wants."""
        now = dt_util.utcnow()
        device_id = controller.device_id
        await self._async_change(device_id, lambda r: replace(r, commands=queues.in_configuration(r.commands, now)))
        problem = await self._building.followers[device_id].async_switch(_FORCE[command.name], before)
        if problem is not None:
            acks, now = (Ack(command.id, ok=False, message=problem),), dt_util.utcnow()
            await self._async_change(
                device_id, lambda r: _with_queue(r, queues.acknowledged(r.commands, acks, now), now)
            )
        else:
            self.observe(controller)

    @callback
    def observe(self, controller: Controller) -> None:
        """See whether a linked entity's state confirms a command."""
        record = self._registry.devices.get(controller.device_id)
        now = dt_util.utcnow()
        if record is None or not any(command.open for command in record.commands):
            return
        if queues.observed(record.commands, controller.heating, now) is not record.commands:
            self._change_later(controller, lambda queue, now: queues.observed(queue, controller.heating, now))

    async def async_exchange(
        self, device_id: str, protocol: int, heating: bool | None, acks: tuple[Ack, ...]
    ) -> queues.Queue:
        """A controller called: take its answers, and return the commands that its reply carries."""
        carried: queues.Queue = ()

        def step(record: DeviceRecord) -> DeviceRecord:
            nonlocal carried
            now = dt_util.utcnow()
            queue = record.commands
            if protocol >= 2:
                queue = queues.expired(queues.acknowledged(queue, acks, now), now)
                queue, carried = queues.handed_out(queue, now, RETRY_AFTER)
            else:
                queue = queues.expired(queues.observed(queue, heating, now), now)
                queue = queues.in_configuration(queue, now)
            return _with_queue(record, queue, now)

        await self._async_change(device_id, step)
        return carried

    @callback
    def expire(self, controller: Controller, now: datetime) -> None:
        """Fail what is overdue of a controller that perhaps does not call."""
        record = self._registry.devices.get(controller.device_id)
        if record is not None and any(c.open and now >= c.expires for c in record.commands):
            self._change_later(controller, queues.expired)

    def _change_later(self, controller: Controller, step: Callable[[queues.Queue, datetime], queues.Queue]) -> None:
        """Take a step with a queue, from where nothing can be awaited."""

        def change(record: DeviceRecord) -> DeviceRecord:
            now = dt_util.utcnow()
            return _with_queue(record, step(record.commands, now), now)

        self._building.entry.async_create_background_task(
            self._hass, self._async_change(controller.device_id, change), "step of commands"
        )

    async def _async_change(self, device_id: str, change: Callable[[DeviceRecord], DeviceRecord]) -> None:
        changed = await self._registry.async_change_device(device_id, change)
        if changed is not None and changed[0] is not changed[1]:
            self._tell(*changed)

    def _tell(self, before: DeviceRecord, after: DeviceRecord) -> None:
        """Tell entities and automations how far commands are now."""
        controller = self._building.controllers.get(after.device_id)
        if controller is None:
            return
        controller.tell((Topic.COMMAND,))
        known = {command.id: command.status for command in before.commands}
        for command in after.commands:
            if known.get(command.id) is not command.status:
                self._building.tell_event(controller, "command", command.status.value, event_data(command))


def event_data(command: Command) -> dict[str, Any]:
    """What events and actions tell of a command."""
    return {
        "id": command.id,
        "command": command.name.value,
        "status": command.status.value,
        "attempts": command.attempts,
        "reason": command.reason,
    }


def newest(record: DeviceRecord | None) -> Command | None:
    """The command that was sent last."""
    return record.commands[-1] if record is not None and record.commands else None


def confirmed_force(record: DeviceRecord, now: datetime) -> Force:
    """What the controller is known to be forced to; while a new wish is open, what was confirmed before."""
    if pending_force(record) is None:
        return record.override.at(now).force
    confirmed = (c for c in reversed(record.commands) if c.name in _FORCE and c.status is CommandStatus.CONFIRMED)
    return next((_FORCE[command.name] for command in confirmed), Force.AUTO)


def pending_force(record: DeviceRecord) -> Force | None:
    """What it is being forced to, not confirmed yet."""
    for command in reversed(record.commands):
        if command.name in _FORCE and command.open:
            return _FORCE[command.name]
    return None


def _overridden(override: Override, command: Command, until: datetime | None, now: datetime) -> Override:
    """The override after a command. Forcing and a curve of its own end together."""
    match command.name:
        case CommandName.FORCE_ON | CommandName.FORCE_OFF:
            return replace(override, force=_FORCE[command.name], since=now, until=until)
        case CommandName.AUTO:
            return Override(since=now)
        case CommandName.SET_CURVE:
            return replace(
                override,
                curve_value=command.args["value"],
                min_external_temp=command.args.get("min_external_temp", override.min_external_temp),
                since=now,
                until=until,
            )
        case _:
            return override


def _checked(name: CommandName, args: dict[str, Any]) -> dict[str, Any]:
    if name is not CommandName.SET_CURVE:
        return {}
    checked: dict[str, Any] = {"value": number_in(args.get("value"), "value", CURVE_VALUE_RANGE)}
    if args.get("min_external_temp") is not None:
        checked["min_external_temp"] = number_in(args["min_external_temp"], "min_external_temp", MIN_EXTERNAL_RANGE_C)
    return checked


def _with_queue(record: DeviceRecord, queue: queues.Queue, now: datetime) -> DeviceRecord:
    """The record with its queue as it is now. What failed is no longer wanted either."""
    if queue is record.commands:
        return record
    override = record.override
    for before, after in zip(record.commands, queue, strict=True):
        if before.open and after.status is CommandStatus.FAILED:
            if after.name in _FORCE:
                override = replace(override, force=Force.AUTO, since=now)
            elif after.name is CommandName.SET_CURVE:
                override = replace(override, curve_value=None, min_external_temp=None, since=now)
    return replace(record, commands=queue, override=override)


def _refused(key: str, controller: Controller, name: CommandName) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"name": controller.name, "command": name.value},
    )
