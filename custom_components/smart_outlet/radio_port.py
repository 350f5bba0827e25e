"""Runs a radio hub's controller as a task of its config entry."""

from functools import partial

from homeassistant.core import HomeAssistant

from .const import CONF_BAUD, CONF_MODE, CONF_PORT, CONF_RADIO_ADDRESS, CONF_SET_PIN
from .coordinator import RunningHub
from .hubs import HUBS
from .radio.controller import RadioController
from .radio.port import SetPin, open_link
from .radio.timing import LinkTiming, Mode


def start_radio(hass: HomeAssistant, running: RunningHub) -> None:
    """Start to serve the outlets; the port is opened again whenever it is lost."""
    data = running.entry.data
    baud, set_pin = data[CONF_BAUD], SetPin(data[CONF_SET_PIN])
    running.radio = controller = RadioController(
        running.hub,
        lambda make: open_link(data[CONF_PORT], baud, set_pin, make),
        address=data[CONF_RADIO_ADDRESS],
        timing=LinkTiming.of(Mode(data[CONF_MODE]), baud),
        on_port=running.port_changed,
        on_heard=partial(hass.data[HUBS].claimed, running),
    )
    running.radio_task = running.entry.async_create_background_task(
        hass, controller.run(), f"{running.entry.title} radio"
    )
