"""Ruuvi sensors: Bluetooth advertisements in data formats 3, 5, 6, C5 and E1, as a Ruuvi Gateway relays them over MQTT.

Facts: docs.ruuvi.com, "Bluetooth advertisements" and "Gateway data formats". A value that the sensor marks as invalid
is None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, log
import re
import struct
from typing import Any, Final

from ..derived import DERIVED, SOURCES, derive
from ..device_types import DeviceType, register
from ..errors import DecodeError, Reason
from ..message import Message, Value
from ..metrics import Kind, Metric
from ..timestamps import parse_time
from .ruuvi_gateway import decode_status, is_status

KEY: Final = "ruuvi"

_MANUFACTURER_DATA: Final = 0xFF
_COMPANY_ID: Final = b"\x99\x04"  # Ruuvi Innovations, 0x0499, little endian
_MARKER: Final = b"\xff" + _COMPANY_ID
_NO_MAC: Final = b"\xff" * 6
# As programs write bytes: 0512FC, 0x0512FC, 05 12 FC, 05:12:FC, 05-12-FC.
_HEX: Final = re.compile(r"(?:0[xX])?(?:[0-9A-Fa-f]{2})+(?:([ :-])(?:[0-9A-Fa-f]{2})+(?:\1(?:[0-9A-Fa-f]{2})+)*)?")
_NOT_HEX: Final = re.compile(r"^0[xX]|[ :-]")

# Length, type and company of a record with Ruuvi's data.
_RELAYED: Final = re.compile(r"^(?:[0-9A-Fa-f]{2})*[0-9A-Fa-f]{2}(?:FF|ff)9904")

SEQUENCE_MODULUS: Final = 65_535
"""Format 5 counts to 65534; 65535 marks an invalid number."""

# Big endian. Format 3: humidity, temperature (integer part, hundredths), pressure, acceleration x 3, battery.
_FORMAT_3: Final = struct.Struct(">xBBBHhhhH")
# Temperature, humidity, pressure, acceleration x 3, power, movement counter, sequence number, MAC.
_FORMAT_5: Final = struct.Struct(">xhHHhhhHBH6s")
# Format 5 without acceleration.
_FORMAT_C5: Final = struct.Struct(">xhHHHBH6s")
# Temperature, humidity, pressure, PM2.5, CO2, VOC, NOx, luminosity, (reserved), sequence number, flags, half a MAC.
_FORMAT_6: Final = struct.Struct(">xhHHHHBBBxBB3x")
# Temperature, humidity, pressure, PM1, PM2.5, PM4, PM10, CO2, VOC, NOx, luminosity, (reserved), sequence, flags, MAC.
_FORMAT_E1: Final = struct.Struct(">xhHHHHHHHBB3s3x3sB5x6s")

# Format 6 has a logarithmic luminosity: code 254 is 65535 lx.
_LUMINOSITY_STEP: Final = log(65_536) / 254
_FLAG_CALIBRATING: Final = 0x01
_FLAG_VOC_LOW_BIT: Final = 0x40
_FLAG_NOX_LOW_BIT: Final = 0x80


@dataclass(frozen=True, slots=True)
class Reading:
    """A decoded advertisement."""

    metrics: dict[str, Value]
    sequence: int | None = None
    mac: str | None = None
    model: str = "RuuviTag"


def parse_payload(data: bytes) -> Reading:
    """Decode the manufacturer data of an advertisement.

    Raises:
        DecodeError: Its format is unknown, or it is too short.
    """
    parse = _FORMATS.get(data[0]) if data else None
    if parse is None:
        raise DecodeError(Reason.UNKNOWN_RUUVI_FORMAT, f"format {data[0]:X}" if data else "empty")
    try:
        return parse(data)
    except struct.error:
        raise DecodeError(Reason.BAD_RUUVI_DATA, f"{len(data)} bytes") from None


def _parse_format_3(data: bytes) -> Reading:
    humidity, whole, hundredths, pressure, x, y, z, battery = _FORMAT_3.unpack_from(data)
    temperature = (whole & 0x7F) + hundredths / 100
    return Reading(
        {
            "temperature_c": None if hundredths > 99 else round(-temperature if whole & 0x80 else temperature, 2),
            "humidity_percent": humidity / 2,
            "pressure_hpa": (pressure + 50_000) / 100,
            **_acceleration(x, y, z),
            "battery_mv": battery,
        }
    )


def _parse_format_5(data: bytes) -> Reading:
    temperature, humidity, pressure, x, y, z, power, movement, sequence, mac = _FORMAT_5.unpack_from(data)
    return Reading(
        {**_climate(temperature, humidity, pressure), **_acceleration(x, y, z), **_tag(power, movement)},
        None if sequence == 0xFFFF else sequence,
        None if mac == _NO_MAC else mac.hex(":").upper(),
    )


def _parse_format_c5(data: bytes) -> Reading:
    temperature, humidity, pressure, power, movement, sequence, mac = _FORMAT_C5.unpack_from(data)
    return Reading(
        {**_climate(temperature, humidity, pressure), **_tag(power, movement)},
        None if sequence == 0xFFFF else sequence,
        None if mac == _NO_MAC else mac.hex(":").upper(),
    )


def _parse_format_6(data: bytes) -> Reading:
    temperature, humidity, pressure, pm25, co2, voc, nox, luminosity, sequence, flags = _FORMAT_6.unpack_from(data)
    return Reading(
        {
            **_climate(temperature, humidity, pressure),
            "pm25_ug_m3": _particles(pm25),
            **_gases(co2, voc, nox, flags),
            "illuminance_lux": None if luminosity == 0xFF else round(exp(luminosity * _LUMINOSITY_STEP) - 1, 2),
        },
        sequence,
        model="Ruuvi Air",
    )


def _parse_format_e1(data: bytes) -> Reading:
    (temperature, humidity, pressure, pm1, pm25, pm4, pm10, co2, voc, nox, light, number, flags, mac) = (
        _FORMAT_E1.unpack_from(data)
    )
    luminosity, sequence = int.from_bytes(light), int.from_bytes(number)
    return Reading(
        {
            **_climate(temperature, humidity, pressure),
            "pm1_ug_m3": _particles(pm1),
            "pm25_ug_m3": _particles(pm25),
            "pm4_ug_m3": _particles(pm4),
            "pm10_ug_m3": _particles(pm10),
            **_gases(co2, voc, nox, flags),
            "illuminance_lux": None if luminosity == 0xFFFFFF else luminosity / 100,
        },
        None if sequence == 0xFFFFFF else sequence,
        None if mac == _NO_MAC else mac.hex(":").upper(),
        model="Ruuvi Air",
    )


def _climate(temperature: int, humidity: int, pressure: int) -> dict[str, Value]:
    return {
        "temperature_c": None if temperature == -0x8000 else round(temperature * 0.005, 3),
        "humidity_percent": None if humidity == 0xFFFF else round(humidity * 0.0025, 4),
        "pressure_hpa": None if pressure == 0xFFFF else (pressure + 50_000) / 100,
    }


def _acceleration(*axes: int) -> dict[str, Value]:
    return {
        f"acceleration_{axis}_g": None if value == -0x8000 else value / 1000
        for axis, value in zip("xyz", axes, strict=True)
    }


def _tag(power: int, movement: int) -> dict[str, Value]:
    battery, tx_power = power >> 5, power & 0x1F
    return {
        "battery_mv": None if battery == 0x7FF else battery + 1600,
        "tx_power_dbm": None if tx_power == 0x1F else tx_power * 2 - 40,
        "movement_counter": None if movement == 0xFF else movement,
    }


def _particles(value: int) -> float | None:
    return None if value == 0xFFFF else value / 10


def _gases(co2: int, voc: int, nox: int, flags: int) -> dict[str, Value]:
    """VOC and NOx indices have nine bits; the lowest one is among the flags."""
    voc_index, nox_index = voc << 1 | bool(flags & _FLAG_VOC_LOW_BIT), nox << 1 | bool(flags & _FLAG_NOX_LOW_BIT)
    return {
        "co2_ppm": None if co2 == 0xFFFF else co2,
        "voc_index": None if voc_index == 0x1FF else voc_index,
        "nox_index": None if nox_index == 0x1FF else nox_index,
        "calibrating": None if flags == 0xFF else bool(flags & _FLAG_CALIBRATING),
    }


_FORMATS: Final[dict[int, Callable[[bytes], Reading]]] = {
    0x03: _parse_format_3,
    0x05: _parse_format_5,
    0x06: _parse_format_6,
    0xC5: _parse_format_c5,
    0xE1: _parse_format_e1,
}


def manufacturer_payload(advertisement: bytes) -> bytes:
    """Return the Ruuvi payload within a Bluetooth advertisement.

    Raises:
        DecodeError: There is none.
    """
    at = 0
    while at < len(advertisement):
        length = advertisement[at]
        record = advertisement[at + 1 : at + 1 + length]
        if length == 0 or len(record) < length:
            break
        if record[0] == _MANUFACTURER_DATA and record[1:3] == _COMPANY_ID:
            return record[3:]
        at += 1 + length
    raise DecodeError(Reason.BAD_RUUVI_DATA, "no Ruuvi data in the advertisement")


def is_gateway(message: Mapping[str, Any]) -> bool:
    """Return whether an object is a message of a Ruuvi Gateway: about a sensor, with `data`, or its own status."""
    if is_status(message):
        return True
    if "gw_mac" in message:
        return "data" in message
    return isinstance(data := message.get("data"), str) and _RELAYED.search(data) is not None


def decode_gateway(message: Mapping[str, Any]) -> Message:
    """Decode what a Ruuvi Gateway relays, or its status.

    Raises:
        DecodeError: Its data is not an advertisement in a known format.
    """
    if is_status(message):
        return decode_status(message, KEY)
    return decode_advertisement(
        message.get("data"),
        rssi=message.get("rssi"),
        ts=message.get("ts"),
        gateway=message.get("gw_mac"),
        original=message,
    )


def decode_advertisement(data: Any, *, rssi: Any, ts: Any, gateway: Any, original: Any) -> Message:
    """Decode an advertisement in hexadecimal, as a gateway relays it.

    Raises:
        DecodeError: It is not an advertisement in a known format.
    """
    try:
        advertisement = bytes.fromhex(data)
    except TypeError, ValueError:
        raise DecodeError(Reason.BAD_RUUVI_DATA, "not hexadecimal") from None
    reading = parse_payload(manufacturer_payload(advertisement))
    metrics = reading.metrics
    if isinstance(rssi, int) and not isinstance(rssi, bool):
        metrics["rssi"] = rssi
    return Message(
        metrics,
        ts=parse_time(ts),
        seq=reading.sequence,
        info={} if reading.model == RUUVI.model else {"model": reading.model},
        source=gateway if isinstance(gateway, str) else None,
        original=original,
        device_type=KEY,
    )


def decode_recorded(captured: Any) -> list[tuple[str, Message | DecodeError]] | None:
    """Decode the history of a gateway (by MAC), or a payload or advertisement in hexadecimal; None for other data."""
    match captured:
        case {"data": {"tags": dict() as tags} as data}:
            return [(f"{mac}.", _decode_tag(tag, data.get("gw_mac"))) for mac, tag in tags.items()]
        case str() if _HEX.fullmatch(captured):
            raw = bytes.fromhex(_NOT_HEX.sub("", captured))
            # Bluetooth stacks write the company before the payload, without the length and the type of the record.
            raw = raw.removeprefix(_COMPANY_ID)
            is_payload = raw[:1] and raw[0] in _FORMATS and _MARKER not in raw
            reading = parse_payload(raw if is_payload else manufacturer_payload(raw))
            return [("", Message(reading.metrics, seq=reading.sequence, device_type=KEY))]
    return None


def _decode_tag(tag: Any, gateway: Any) -> Message | DecodeError:
    """Decode a tag in a gateway's history; one in an unknown format does not affect the others."""
    if not isinstance(tag, dict):
        return DecodeError(Reason.BAD_RUUVI_DATA, "not an object")
    try:
        return decode_advertisement(
            tag.get("data"), rssi=tag.get("rssi"), ts=tag.get("timestamp"), gateway=gateway, original=tag
        )
    except DecodeError as err:
        return err


RUUVI: Final = register(
    DeviceType(
        key=KEY,
        is_message=is_gateway,
        decode=decode_gateway,
        capture=decode_recorded,
        topic_systems=frozenset({"ruuvi"}),
        derive=derive,
        sources=SOURCES,
        derived=DERIVED,
        metrics=(
            Metric("absolute_humidity_g_m3", "absolute_humidity", "g/m³", decimals=1),
            Metric("acceleration_x_g", None, "g", decimals=3, diagnostic=True, enabled=False),
            Metric("acceleration_y_g", None, "g", decimals=3, diagnostic=True, enabled=False),
            Metric("acceleration_z_g", None, "g", decimals=3, diagnostic=True, enabled=False),
            Metric("calibrating", "running", kind=Kind.FLAG, diagnostic=True),
            Metric("dew_point_c", "temperature", "°C", decimals=1),
            Metric("movement_counter", None, None, decimals=0, diagnostic=True),
            Metric("nox_index", decimals=0),
            Metric("pm1_ug_m3", "pm1", "μg/m³", decimals=1),
            Metric("pm4_ug_m3", "pm4", "μg/m³", decimals=1),
            Metric("tx_power_dbm", "signal_strength", "dBm", decimals=0, diagnostic=True),
            Metric("vapour_pressure_deficit_kpa", "pressure", "kPa", decimals=2),
            Metric("voc_index", decimals=0),
        ),
        manufacturer="Ruuvi",
        model="RuuviTag",
        sequence_modulus=SEQUENCE_MODULUS,
        # A gateway receives only some of the advertisements.
        reports_losses=False,
        accepts_commands=False,
        gateway_status="gw_status",
    )
)
