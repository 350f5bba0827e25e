"""Sends commands to outlets: queued in the model, stored, and announced to the radio."""

from homeassistant.core import CALLBACK_TYPE

from ..model.commands import CommandRequest, QueuedCommand
from ..model.hub_model import HubModel
from ..model.power_off import EmergencyPowerOff
from .store import HubStore


class CommandSender:
    """Queues commands of users and automations."""

    def __init__(self, model: HubModel, store: HubStore, on_command: CALLBACK_TYPE) -> None:
        """Initialize the sender; ``on_command`` wakes the radio."""
        self._model = model
        self._store = store
        self._on_command = on_command

    async def async_send(self, device_id: str, request: CommandRequest) -> QueuedCommand:
        """Queue a command; it is on disk on return.

        Raises:
            OutletError: The model refuses the command.
            HomeAssistantError: The command could not be stored and was withdrawn.
        """
        restore_point = self._model.restore_point(device_id)
        command = self._model.submit(device_id, request, self._model.clock())
        try:
            await self._store.async_commit()
        except BaseException:
            if (fetched := self._model.revert(command, restore_point, self._model.clock())) is None:
                raise
            # It can no longer be withdrawn; its record follows.
            command = fetched
        self._on_command()
        return command

    async def async_switch_everything_off(self, *, include_protected: bool) -> EmergencyPowerOff:
        """Switch off all sockets. The commands are sent at once; their record may follow if the disk is full."""
        power_off = self._model.switch_everything_off(self._model.clock(), include_protected=include_protected)
        self._on_command()
        await self._store.async_save_or_retry()
        return power_off
