"""Serial ports through serialx: device paths, ``socket://host:port``, whatever others have registered.

Home Assistant's ESPHome integration registers ``esphome-hass://…``, and a stand-in for the time until it has loaded
that raises errors of its own: here every fault of a port is a PortError, so that it is tried again.
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
    """What pulls the module's SET pin low."""

    NONE = "none"
    """Nothing that we reach: a jumper, or it stays high for good."""
    RTS = "rts"
    DTR = "dtr"


class PortError(RadioError, OSError):
    """The serial port cannot be opened."""


def _options(baud: int, set_pin: SetPin) -> dict[str, Any]:
    """How to open the port. An asserted RTS or DTR of a USB adapter is a low pin, so SET has to begin released."""
    options: dict[str, Any] = {"baudrate": baud}
    if set_pin is not SetPin.NONE:
        options[f"{set_pin}_on_open"] = PinState.LOW
    return options


async def open_link(url: str, baud: int, set_pin: SetPin, make: Callable[[], Link]) -> Link:
    """Open a port with a link on it.

    Raises:
        PortError: it cannot be opened.
    """
    link = make()
    try:
        await create_serial_connection(asyncio.get_running_loop(), lambda: link, url, **_options(baud, set_pin))
    except Exception as err:
        raise PortError(str(err) or type(err).__name__) from err
    return link


async def check_port(url: str, baud: int) -> None:
    """Open a port and close it again.

    Raises:
        PortError: it cannot be opened.
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
        PortError: it cannot be opened.
    """
    try:
        reader, writer = await open_serial_connection(url=url, **_options(baud, set_pin))
    except Exception as err:
        raise PortError(str(err) or type(err).__name__) from err

    async def pull(low: bool) -> None:
        state = PinState.HIGH if low else PinState.LOW
        await writer.transport.set_modem_pins(ModemPins(**{set_pin.value: state}))

    try:
        async with AtPort(reader, writer.write, None if set_pin is SetPin.NONE else pull) as port:
            yield port
    finally:
        writer.close()
        await writer.transport.wait_closed()
