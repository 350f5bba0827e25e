"""Sends commands to devices and follows what becomes of them, over restarts too."""

import asyncio
from collections.abc import Callable
import logging
import time
from typing import Any, Final
from uuid import uuid4

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ._lib.durable_store import DurableStore
from .const import DOMAIN
from .downlink import Ack, Command, Status

_LOGGER = logging.getLogger(__name__)

_STORE_VERSION: Final = 1
_QOS: Final = 1
_KEPT_PER_DEVICE: Final = 10
_MAX_PENDING: Final = 20

type Listener = Callable[[], None]


def command_store(hass: HomeAssistant, entry_id: str) -> DurableStore[dict[str, Any]]:
    """Where the commands of a config entry are kept."""
    return DurableStore(hass, _STORE_VERSION, f"{DOMAIN}.{entry_id}.commands", domain=DOMAIN)


class Commander:
    """The commands of a config entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._hass = hass
        self._store = command_store(hass, entry_id)
        # Device id -> its last commands, oldest first.
        self._commands: dict[str, list[Command]] = {}
        self._bases: dict[str, str] = {}
        self._listeners: dict[str, list[Listener]] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._stopped = False

    async def async_load(self) -> None:
        """Read the commands that wait for an answer since before the start."""
        for device_id, stored in (await self._store.async_load() or {}).items():
            self._bases[device_id] = stored["base"]
            self._commands[device_id] = [Command.from_dict(command) for command in stored["commands"]]

    @callback
    def stop(self) -> None:
        """Nobody waits any more."""
        self._stopped = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(None)

    def last(self, device_id: str) -> Command | None:
        """The last command that a device was sent."""
        commands = self._commands.get(device_id)
        return commands[-1] if commands else None

    @callback
    def listen(self, device_id: str, listener: Listener) -> Callable[[], None]:
        """Call a listener when a command of a device was sent or settled."""
        listeners = self._listeners.setdefault(device_id, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    async def async_send(
        self, device_id: str, base: str, name: str, params: dict[str, Any], expires_in_s: float
    ) -> Command:
        """Send a command; when this returns it is on disk and with the broker.

        Raises:
            HomeAssistantError: It could not be stored or handed to the broker, or the broker is away.
        """
        if not mqtt.is_connected(self._hass):
            # The client would keep it and send it much later, when nobody expects it any more.
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="broker_away")
        now = time.time()
        commands = self._commands.setdefault(device_id, [])
        if sum(command.status is Status.PENDING for command in commands) >= _MAX_PENDING:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="too_many_pending",
                translation_placeholders={"device": device_id},
            )
        command = Command(uuid4().hex[:12], name, params, now, now + expires_in_s)
        self._bases[device_id] = base
        commands.append(command)
        _trim(commands)
        try:
            await self._store.async_save_durably(self._as_stored())
            await self._publish(device_id, command)
        except HomeAssistantError as err:
            command.status, command.message = Status.FAILED, str(err)
            self._changed(device_id)
            raise
        self._changed(device_id)
        return command

    async def async_wait(self, command: Command, seconds: float) -> None:
        """Wait until a command is settled, it expires, or the time is over."""
        if command.status is not Status.PENDING or self._stopped:
            return
        waiting = self._waiting.setdefault(command.id, self._hass.loop.create_future())
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(waiting)
        except TimeoutError:
            return
        finally:
            self._waiting.pop(command.id, None)

    @callback
    def settle(self, device_id: str, ack: Ack) -> None:
        """A device answered."""
        for command in self._commands.get(device_id, ()):
            # What seemed not to reach the broker may have reached the device: its word counts.
            if command.id == ack.id and command.status in (Status.PENDING, Status.FAILED):
                command.settle(ack)
                self._settled(device_id, command)
                return

    @callback
    def heard(self, device_id: str, now: float) -> None:
        """A device showed that it listens: send again what it has not answered."""
        commands = self._commands.get(device_id)
        if not commands:
            return
        for command in commands:
            if command.may_repeat(now):
                self._hass.async_create_task(self._async_repeat(device_id, command), eager_start=False)

    @callback
    def expire(self, now: float) -> None:
        """Give up on commands whose time is over."""
        for device_id, commands in self._commands.items():
            for command in commands:
                if command.status is Status.PENDING and now >= command.expires:
                    command.status = Status.EXPIRED
                    self._settled(device_id, command)

    @callback
    def forget(self, device_id: str) -> None:
        """A device was removed."""
        if self._commands.pop(device_id, None) is not None:
            self._store.async_delay_save(self._as_stored, 1)

    async def _async_repeat(self, device_id: str, command: Command) -> None:
        if not command.may_repeat(time.time()):
            return
        try:
            await self._publish(device_id, command)
        except HomeAssistantError as err:
            _LOGGER.debug("Repeating command %s to %s failed: %s", command.id, device_id, err)

    async def _publish(self, device_id: str, command: Command) -> None:
        command.attempts += 1
        command.sent = time.time()
        await mqtt.async_publish(self._hass, f"{self._bases[device_id]}/cmd", command.encode(), qos=_QOS)

    def _settled(self, device_id: str, command: Command) -> None:
        self._store.async_delay_save(self._as_stored, 1)
        if (waiting := self._waiting.get(command.id)) is not None and not waiting.done():
            waiting.set_result(None)
        self._changed(device_id)

    def _changed(self, device_id: str) -> None:
        for listener in tuple(self._listeners.get(device_id, ())):
            listener()

    @callback
    def _as_stored(self) -> dict[str, Any]:
        return {
            device_id: {
                "base": self._bases[device_id],
                "commands": [command.as_dict() for command in commands],
            }
            for device_id, commands in self._commands.items()
        }


def _trim(commands: list[Command]) -> None:
    """Keep the last few, and all that still wait."""
    settled = [command for command in commands if command.status is not Status.PENDING]
    for command in settled[: max(0, len(commands) - _KEPT_PER_DEVICE)]:
        commands.remove(command)
