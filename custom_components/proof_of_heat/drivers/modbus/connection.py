"""Connection to a Modbus device: by host (TCP), serial device, or serial device server (RTU over TCP).

The address determines which: "192.168.1.30", "/dev/ttyUSB0", "COM3", "socket://192.168.1.31:8899". A serial address may
be followed by settings, "/dev/ttyUSB0 19200 8E1"; without them, those of the template apply.
"""

from dataclasses import dataclass
import re
from typing import Any, Final

BAUD_RATES: Final = (300, 600, 1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 115200)
_SETTINGS = re.compile(r"(\d+)(?:\s+([78])([NEO])([12]))?", re.IGNORECASE)


class AddressError(ValueError):
    """An invalid address or serial setting; the text names the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialSettings:
    """Settings of a serial interface."""

    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: int = 1


def parse_serial_settings(text: str) -> SerialSettings:
    """Return the settings for a text such as "19200" or "19200 8E1".

    Raises:
        AddressError: the text is not a serial setting.
    """
    match = _SETTINGS.fullmatch(text.strip())
    if match is None or int(match[1]) not in BAUD_RATES:
        raise AddressError(f"{text} is not a serial setting such as 9600 8N1")
    if match[2] is None:
        return SerialSettings(baudrate=int(match[1]))
    return SerialSettings(
        baudrate=int(match[1]), bytesize=int(match[2]), parity=match[3].upper(), stopbits=int(match[4])
    )


def is_serial(address: str) -> bool:
    """Return whether the address is that of a serial device."""
    return "/" in address or address.upper().startswith("COM")


def connection_params(address: str, port: int = 502, serial: SerialSettings | None = None) -> Any:
    """Return the parameters for core's shared connection.

    Raises:
        AddressError: the address is empty, or its serial setting is invalid.
    """
    from modbus_connection import ModbusSerialParams, ModbusTcpParams

    text = address.strip()
    if not text:
        raise AddressError("the address is empty")
    if not is_serial(text):
        return ModbusTcpParams(host=text, port=port)
    device, _, setting = text.partition(" ")
    chosen = parse_serial_settings(setting) if setting.strip() else serial or SerialSettings()
    return ModbusSerialParams(
        device=device,
        baudrate=chosen.baudrate,
        bytesize=7 if chosen.bytesize == 7 else 8,
        parity="E" if chosen.parity == "E" else "O" if chosen.parity == "O" else "N",
        stopbits=2 if chosen.stopbits == 2 else 1,
    )
