"""Runtime data of a config entry: the parts of one hub."""

from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigEntry
from homeassistant.exceptions import ServiceValidationError

from ._lib.last_messages import LastMessages
from ._lib.publisher import Publisher
from .const import DOMAIN
from .hub.command_sender import CommandSender
from .hub.notifier import HubNotifier
from .hub.outlets import HubOutlets
from .hub.radio import RadioService
from .hub.settings import HubInfo
from .hub.store import HubStore
from .model.commands import CommandRequest, QueuedCommand
from .model.errors import PowerOffInProgressError
from .model.hub_model import HubModel
from .texts import AlertFormatter, Texts

type SmartOutletConfigEntry = ConfigEntry[HubData]


@dataclass(slots=True)
class HubData:
    """The parts of a loaded hub.

    Attributes:
        info: Identity of the hub.
        model: State of the hub and its outlets.
        outlets: Outlets and their subentries.
        commands: Sends commands to outlets.
        notifier: Notifies entities and subscribers of changes.
        publisher: Writes entity states.
        store: Storage of what must survive a crash.
        texts: Texts in the language of Home Assistant.
        alerts: Formats alerts with these texts.
        radio: The HC-12 radio; None for a CCU.
        messages: The last raw messages of a CCU by path and outlet, or the last bytes that the radio received.
    """

    info: HubInfo
    model: HubModel
    outlets: HubOutlets
    commands: CommandSender
    notifier: HubNotifier
    publisher: Publisher
    store: HubStore
    texts: Texts
    alerts: AlertFormatter
    radio: RadioService | None = None
    messages: LastMessages = field(default_factory=lambda: LastMessages(channels=64, total_bytes=131_072))

    async def async_send_command(self, device_id: str, request: CommandRequest) -> QueuedCommand:
        """Queue a command of a user for an outlet; it is on disk on return.

        Raises:
            ServiceValidationError: An emergency power-off is in progress.
            HomeAssistantError: The command could not be stored and was withdrawn.
        """
        try:
            return await self.commands.async_send(device_id, request)
        except PowerOffInProgressError as err:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="power_off_in_progress",
                translation_placeholders={"name": self.model.outlet(device_id).settings.name},
            ) from err

    async def async_set_main_threshold(self, threshold_ma: int) -> None:
        """Set the threshold of the main current, 0 for none; it is on disk on return.

        Raises:
            HomeAssistantError: It could not be stored and is as before.
        """
        model, before = self.model, self.model.main_threshold_ma
        model.set_main_threshold(threshold_ma, model.clock())
        try:
            await self.store.async_commit()
        except BaseException:
            model.set_main_threshold(before, model.clock())
            raise
