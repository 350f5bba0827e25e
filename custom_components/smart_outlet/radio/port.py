"""Serial ports through serialx: device paths, ``socket://host:port`` and schemes registered by others.

Home Assistant's ESPHome integration registers ``esphome-hass://…``, which raises errors of its own until ESPHome has
loaded. Every error of a port is therefore a PortError, so that opening it is retried.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any

from serialx import ModemPins, PinState, create_serial_connection, open_serial_connection

from .at import AtPort
from .errors import RadioError
from .link import Link

OPEN_TIMEOUT_S = 10.0


class SetPin(StrEnum):
    """Signal that pulls the module's SET pin low."""

    NONE = "none"
    """None: a jumper, or the pin is always high."""
    RTS = "rts"
    DTR = "dtr"


class PortError(RadioError, OSError):
    """The serial port cannot be opened."""


def _options(baud: int, set_pin: SetPin) -> dict[str, Any]:
    """Return the options of the port. An asserted RTS or DTR of a USB adapter is low, so SET must start released."""
    options: dict[str, Any] = {"baudrate": baud}
    if set_pin is not SetPin.NONE:
        options[f"{set_pin}_on_open"] = PinState.LOW
    return options


async def open_link(url: str, baud: int, set_pin: SetPin, make: Callable[[], Link]) -> Link:
    """Open a port and return the link on it.

    Raises:
        PortError: The port cannot be opened.
    """
    link = make()
    try:
        await create_serial_connection(asyncio.get_running_loop(), lambda: link, url, **_options(baud, set_pin))
    except Exception as err:
        raise PortError(str(err) or type(err).__name__) from err
    return link


async def check_port(url: str, baud: int) -> None:
    """Check that a port can be opened.

    Raises:
        PortError: The port cannot be opened.
    """
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            _, writer = await open_serial_connection(url=url, baudrate=baud)
    except Exception as err:
        raise PortError(str(err) or type(err).__name__) from err
    writer.close()
    await writer.transport.wait_closed()


@asynccontextmanager
async def open_at(url: str, baud: int, set_pin: SetPin) -> AsyncGenerator[AtPort]:
    """Open a port for AT commands; the module is in command mode inside the block.

    Raises:
        PortError: The port cannot be opened.
    """
    try:
        reader, writer = await open_serial_connection(url=url, **_options(baud, set_pin))
    except Exception as err:
        raise PortError(str(err) or type(err).__name__) from err

    async def set_pin_state(low: bool) -> None:
        state = PinState.HIGH if low else PinState.LOW
        await writer.transport.set_modem_pins(ModemPins(**{set_pin.value: state}))

    try:
        async with AtPort(reader, writer.write, None if set_pin is SetPin.NONE else set_pin_state) as port:
            yield port
    finally:
        writer.close()
        await writer.transport.wait_closed()
