"""Sends commands to devices and follows them until they are answered or expire, over restarts too."""

import asyncio
from collections.abc import Callable
import logging
from typing import Any, Final
from uuid import uuid4

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ._lib.commands import (
    OPEN,
    Command,
    CommandQueues,
    CommandStatus,
    TooManyCommandsError,
)
from ._lib.durable_store import DurableStore
from ._lib.steady_clock import SteadyClock
from .const import DOMAIN
from .downlink import POLICY, Ack, Request, Status, command_status, encode, restore, store

_LOGGER = logging.getLogger(__name__)

_STORE_VERSION: Final = 1
_QOS: Final = 1
_KEPT_PER_DEVICE: Final = 10
_MAX_PENDING: Final = 20
_STORE_AGAIN_S: Final = 60
# What seemed not to reach the broker may have reached the device: its answer counts.
_ANSWERABLE: Final = OPEN | {CommandStatus.FAILED}

type Listener = Callable[[], None]


def command_store(hass: HomeAssistant, entry_id: str) -> DurableStore[dict[str, Any]]:
    """Return the store of a config entry's commands."""
    return DurableStore(hass, _STORE_VERSION, f"{DOMAIN}.{entry_id}.commands", domain=DOMAIN)


class CommandSender:
    """The commands of a config entry."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        clock: SteadyClock | None = None,
        on_storage: Callable[[str | None], None] = lambda _error: None,
    ) -> None:
        """`on_storage` is called with the reason why commands cannot be stored, or None once they can be."""
        self._hass = hass
        self._on_storage = on_storage
        self._clock = clock or SteadyClock()
        self._store = command_store(hass, entry_id)
        self._queues: CommandQueues[Request] = CommandQueues(
            self._changed, max_open=_MAX_PENDING, kept=_KEPT_PER_DEVICE
        )
        self._bases: dict[str, str] = {}
        self._listeners: dict[str, list[Listener]] = {}
        self._waiters: dict[str, asyncio.Future[None]] = {}
        self._stopped = False
        self._store_again_at: float | None = None

    async def async_load(self) -> None:
        """Load the commands that were sent before the start."""
        for device_id, stored in (await self._store.async_load() or {}).items():
            self._bases[device_id] = stored["base"]
            self._queues.restore(
                device_id, tuple(restore(command, self._clock.from_wall) for command in stored["commands"])
            )

    @callback
    def stop(self) -> None:
        """End all waiting."""
        self._stopped = True
        for waiter in self._waiters.values():
            if not waiter.done():
                waiter.set_result(None)

    def last(self, device_id: str) -> Command[Request] | None:
        """Return the last command that was sent to a device."""
        commands = self._queues.queue(device_id)
        return commands[-1] if commands else None

    @callback
    def listen(self, device_id: str, listener: Listener) -> Callable[[], None]:
        """Call a listener when a command of a device changes; return a function that ends it."""
        listeners = self._listeners.setdefault(device_id, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    async def async_send(
        self, device_id: str, base: str, name: str, params: dict[str, Any], expires_in_s: float
    ) -> str:
        """Send a command and return its ID; it is at the broker when this returns, and on disk unless that is full.

        Raises:
            HomeAssistantError: The broker is not connected or rejected it, or too many commands of the device are
                pending.
        """
        if not mqtt.is_connected(self._hass):
            # The client would keep it and send it much later, when it is no longer expected.
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="broker_not_connected")
        now = self._clock()
        command = Command(uuid4().hex[:12], Request(name, params), now, now + expires_in_s, POLICY)
        try:
            self._queues.submit(device_id, command)
        except TooManyCommandsError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="too_many_pending",
                translation_placeholders={"device": device_id},
            ) from err
        self._bases[device_id] = base
        await self._async_store()
        try:
            for sent in self._queues.deliver(device_id, self._clock(), command_id=command.id):
                await self._async_publish(device_id, sent)
        except HomeAssistantError as err:
            self._queues.close(device_id, command.id, CommandStatus.FAILED, self._clock(), str(err))
            raise
        return command.id

    async def _async_store(self) -> None:
        """Store the commands; on a full disk they are followed all the same, and forgotten with a restart."""
        try:
            await self._store.async_save_durably(self._as_stored())
        except HomeAssistantError as err:
            _LOGGER.warning("Commands could not be stored: %s", err.__cause__ or err)
            self._on_storage(str(err.__cause__ or err))
            self._store_again_at = self._clock() + _STORE_AGAIN_S
        else:
            self._store_again_at = None
            self._on_storage(None)

    async def async_wait(self, device_id: str, command_id: str, seconds: float) -> None:
        """Wait until a command is answered or expires, or the time is over."""
        if self.status(device_id, command_id)[0] is not Status.PENDING or self._stopped:
            return
        waiter = self._waiters.setdefault(command_id, self._hass.loop.create_future())
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(waiter)
        except TimeoutError:
            return
        finally:
            self._waiters.pop(command_id, None)

    def status(self, device_id: str, command_id: str) -> tuple[Status, str | None]:
        """Return the status of a command and the device's message; a forgotten command has expired."""
        command = self._queues.find(device_id, command_id)
        return (Status.EXPIRED, None) if command is None else (command_status(command), command.reason)

    @callback
    def acknowledge(self, device_id: str, ack: Ack) -> None:
        """Apply a device's answer."""
        self._queues.acknowledge(device_id, ack.id, self._clock(), ok=ack.ok, reason=ack.message, accepted=_ANSWERABLE)

    @callback
    def repeat(self, device_id: str) -> None:
        """Send the unanswered commands of a device again, from which a message was just received."""
        if not self._queues.queue(device_id):
            return
        for command in self._queues.deliver(device_id, self._clock()):
            self._hass.async_create_task(self._async_repeat(device_id, command), eager_start=False)

    @callback
    def expire(self) -> None:
        """Close the commands whose deadline has passed, and store what could not be stored before."""
        now = self._clock()
        self._queues.expire(now)
        if self._store_again_at is not None and now >= self._store_again_at:
            self._store_again_at = None
            self._hass.async_create_task(self._async_store(), eager_start=False)

    @callback
    def remove(self, device_id: str) -> None:
        """Forget the commands of a removed device."""
        if self._queues.remove(device_id):
            self._store.async_delay_save(self._as_stored, 1)

    async def _async_repeat(self, device_id: str, command: Command[Request]) -> None:
        try:
            await self._async_publish(device_id, command)
        except HomeAssistantError as err:
            _LOGGER.debug("%s: sending command %s again failed: %s", device_id, command.id, err)

    async def _async_publish(self, device_id: str, command: Command[Request]) -> None:
        message = encode(command, self._clock.to_wall)
        await mqtt.async_publish(self._hass, f"{self._bases[device_id]}/cmd", message, qos=_QOS)

    @callback
    def _changed(self, device_id: str, command: Command[Request]) -> None:
        if not command.is_open:
            self._store.async_delay_save(self._as_stored, 1)
            if (waiter := self._waiters.get(command.id)) is not None and not waiter.done():
                waiter.set_result(None)
        for listener in tuple(self._listeners.get(device_id, ())):
            listener()

    @callback
    def _as_stored(self) -> dict[str, Any]:
        return {
            device_id: {
                "base": self._bases[device_id],
                "commands": [store(command, self._clock.to_wall) for command in queue],
            }
            for device_id, queue in self._queues
        }
