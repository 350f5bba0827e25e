"""Runs the radio controller of a hub as a background task of its config entry."""

import asyncio
from collections.abc import Callable
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from ..const import CONF_BAUD, CONF_MODE, CONF_PORT, CONF_RADIO_ADDRESS, CONF_SET_PIN
from ..model.hub_model import HubModel
from ..radio.controller import PortState, RadioController
from ..radio.link import LinkStats
from ..radio.port import SetPin, open_link
from ..radio.timing import LinkTiming, Mode

_LOGGER = logging.getLogger(__name__)


class RadioService:
    """The radio of a hub; the serial port is reopened whenever it is lost.

    Attributes:
        port: State of the serial port, None before the first attempt to open it.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        model: HubModel,
        *,
        on_port_changed: CALLBACK_TYPE,
        on_response: Callable[[str], None],
    ) -> None:
        """Initialize the service.

        Args:
            hass: Home Assistant.
            entry: Config entry of the radio.
            model: Hub whose outlets are served.
            on_port_changed: Called when the port opens or is lost.
            on_response: Called with the device ID of an outlet that responded.
        """
        data = entry.data
        baud, set_pin = data[CONF_BAUD], SetPin(data[CONF_SET_PIN])
        self.port: PortState | None = None
        self._hass = hass
        self._entry = entry
        self._on_port_changed = on_port_changed
        self._task: asyncio.Task[None] | None = None
        self._controller = RadioController(
            model,
            lambda make: open_link(data[CONF_PORT], baud, set_pin, make),
            address=data[CONF_RADIO_ADDRESS],
            timing=LinkTiming.of(Mode(data[CONF_MODE]), baud),
            on_port=self._port_changed,
            on_response=on_response,
            now=model.clock,
        )

    @property
    def stats(self) -> LinkStats:
        """Return the link quality counters."""
        return self._controller.stats

    @property
    def received(self) -> bytes:
        """Return the bytes that were received last, for diagnostics."""
        return b"".join(self._controller.tail)

    @callback
    def start(self) -> None:
        """Start serving the outlets."""
        self._task = self._entry.async_create_background_task(
            self._hass, self._controller.run(), f"{self._entry.title} radio"
        )

    @callback
    def wake(self) -> None:
        """Deliver a new command without waiting for the next poll."""
        self._controller.wake()

    async def async_stop(self) -> None:
        """Stop and release the serial port."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @callback
    def _port_changed(self, state: PortState) -> None:
        if self.port is None or state.is_open is not self.port.is_open:
            if state.is_open:
                _LOGGER.info("%s: serial port opened", self._entry.title)
            else:
                _LOGGER.warning("%s: serial port is not available: %s", self._entry.title, state.error)
        self.port = state
        self._on_port_changed()
