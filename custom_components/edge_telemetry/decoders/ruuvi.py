"""RuuviTag advertisements, data format 5 (RAWv2), bare and as a Ruuvi Gateway relays them over MQTT.

Facts: docs.ruuvi.com, "Data format 5 (RAWv2)" and "Gateway data formats".
"""

from collections.abc import Mapping
import struct
from typing import Any, Final

from .errors import DecodeError, Reason
from .message import Message, Value
from .timestamps import parse_time

_FORMAT_5: Final = 5
# Big endian: format, temperature, humidity, pressure, acceleration x 3, power, movement, sequence, MAC.
_RAWV2: Final = struct.Struct(">BhHHhhhHBH6s")
_NO_MAC: Final = b"\xff" * 6

_MANUFACTURER_DATA: Final = 0xFF
_RUUVI_INNOVATIONS: Final = b"\x99\x04"  # company 0x0499, little endian

SEQUENCE_MODULUS: Final = 65_535  # 65535 itself says "no number"


def parse_rawv2(data: bytes) -> tuple[dict[str, Value], int | None, str | None]:
    """Read a RAWv2 payload: metrics, sequence number, MAC; None where the tag says that it has no value.

    Raises:
        DecodeError: It is of another format or cut short.
    """
    if not data or data[0] != _FORMAT_5:
        raise DecodeError(Reason.UNKNOWN_RUUVI_FORMAT, f"format {data[0]}" if data else "empty")
    if len(data) < _RAWV2.size:
        raise DecodeError(Reason.BAD_RUUVI_DATA, f"{len(data)} bytes")
    _, temperature, humidity, pressure, x, y, z, power, movement, sequence, mac = _RAWV2.unpack_from(data)
    battery, tx_power = power >> 5, power & 0x1F
    metrics: dict[str, Value] = {
        "temperature_c": None if temperature == -0x8000 else round(temperature * 0.005, 3),
        "humidity_percent": None if humidity == 0xFFFF else round(humidity * 0.0025, 4),
        "pressure_hpa": None if pressure == 0xFFFF else (pressure + 50_000) / 100,
        "acceleration_x_g": None if x == -0x8000 else x / 1000,
        "acceleration_y_g": None if y == -0x8000 else y / 1000,
        "acceleration_z_g": None if z == -0x8000 else z / 1000,
        "battery_mv": None if battery == 0x7FF else battery + 1600,
        "tx_power_dbm": None if tx_power == 0x1F else tx_power * 2 - 40,
        "movement_counter": None if movement == 0xFF else movement,
    }
    return metrics, None if sequence == 0xFFFF else sequence, None if mac == _NO_MAC else mac.hex(":").upper()


def manufacturer_payload(advertisement: bytes) -> bytes:
    """The Ruuvi payload within a Bluetooth advertisement.

    Raises:
        DecodeError: There is none.
    """
    at = 0
    while at < len(advertisement):
        length = advertisement[at]
        record = advertisement[at + 1 : at + 1 + length]
        if length == 0 or len(record) < length:
            break
        if record[0] == _MANUFACTURER_DATA and record[1:3] == _RUUVI_INNOVATIONS:
            return record[3:]
        at += 1 + length
    raise DecodeError(Reason.BAD_RUUVI_DATA, "no Ruuvi data in the advertisement")


def is_gateway(message: Mapping[str, Any]) -> bool:
    """Whether an object is a message of a Ruuvi Gateway about a tag."""
    return "gw_mac" in message and "data" in message


def decode_gateway(message: Mapping[str, Any]) -> Message:
    """Read what a Ruuvi Gateway says about a tag.

    Raises:
        DecodeError: Its data are no advertisement of a tag in data format 5.
    """
    return decode_advertisement(
        message.get("data"),
        rssi=message.get("rssi"),
        ts=message.get("ts"),
        gateway=message.get("gw_mac"),
        original=message,
    )


def decode_advertisement(data: Any, *, rssi: Any, ts: Any, gateway: Any, original: Any) -> Message:
    """Read an advertisement in hexadecimal, as a gateway forwards it.

    Raises:
        DecodeError: It is no advertisement of a tag in data format 5.
    """
    try:
        advertisement = bytes.fromhex(data)
    except TypeError, ValueError:
        raise DecodeError(Reason.BAD_RUUVI_DATA, "not hexadecimal") from None
    metrics, sequence, _mac = parse_rawv2(manufacturer_payload(advertisement))
    if isinstance(rssi, int) and not isinstance(rssi, bool):
        metrics["rssi"] = rssi
    return Message(
        metrics,
        ts=parse_time(ts),
        seq=sequence,
        source=gateway if isinstance(gateway, str) else None,
        original=original,
        ruuvi=True,
    )
