"""BTHome v2: Bluetooth sensors whose service data a gateway relays, raw (in hexadecimal) or decoded.

Facts: bthome.io/format (object IDs, sizes, factors and units; byte order is little endian) with its examples. Gateways:
service data under the UUID FCD2 as OpenMQTTGateway and Theengs publish it, and the objects with `BTHome_version` that
Shelly's public example scripts publish. Encrypted data cannot be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from ..device_types import DeviceType, register
from ..dialects import Channel, Dialect, Form, Found, Levels, register_dialect
from ..errors import DecodeError, Reason
from ..events import BUTTON, DIMMER
from ..message import Message, Value
from ..metrics import Kind, Metric
from ..reading import add, add_info

KEY: Final = "bthome"

UUID: Final = "fcd2"
_ENCRYPTED: Final = 0x01
_VERSION_SHIFT: Final = 5
_VERSION: Final = 2
SEQUENCE_MODULUS: Final = 256


@dataclass(frozen=True, slots=True)
class Object:
    """How an object is encoded.

    Attributes:
        name: As the documentation calls it, which is how gateways that decode it publish it; "" for what is skipped.
        size: In bytes.
        factor: One count in the unit.
        metric: Its metric; a flag has no factor.
        signed: Whether it may be negative.
    """

    name: str
    size: int
    factor: float
    metric: str
    signed: bool = False


def _flag(name: str, metric: str) -> Object:
    return Object(name, 1, 0, metric)


_OBJECTS: Final[dict[int, Object]] = {
    0x01: Object("battery", 1, 1, "battery_percent"),
    0x02: Object("temperature", 2, 0.01, "temperature_c", signed=True),
    0x03: Object("humidity", 2, 0.01, "humidity_percent"),
    0x04: Object("pressure", 3, 0.01, "pressure_hpa"),
    0x05: Object("illuminance", 3, 0.01, "illuminance_lux"),
    0x06: Object("mass_kg", 2, 0.01, "weight_kg"),
    0x07: Object("mass_lb", 2, 0.01, "weight_lb"),
    0x08: Object("dewpoint", 2, 0.01, "dew_point_c", signed=True),
    0x09: Object("count", 1, 1, "count"),
    0x0A: Object("energy", 3, 0.001, "energy_kwh"),
    0x0B: Object("power", 3, 0.01, "power_w"),
    0x0C: Object("voltage", 2, 0.001, "voltage_v"),
    0x0D: Object("pm2_5", 2, 1, "pm25_ug_m3"),
    0x0E: Object("pm10", 2, 1, "pm10_ug_m3"),
    0x0F: _flag("generic_boolean", "active"),
    0x10: _flag("power_on", "output_on"),
    0x11: _flag("opening", "opening_open"),
    0x12: Object("co2", 2, 1, "co2_ppm"),
    0x13: Object("tvoc", 2, 1, "tvoc_ug_m3"),
    0x14: Object("moisture", 2, 0.01, "moisture_percent"),
    0x15: _flag("battery_low", "battery_low"),
    0x16: _flag("battery_charging", "charging"),
    0x17: _flag("carbon_monoxide", "carbon_monoxide_detected"),
    0x18: _flag("cold", "cold_detected"),
    0x19: _flag("connectivity", "connected"),
    0x1A: _flag("door", "door_open"),
    0x1B: _flag("garage_door", "garage_door_open"),
    0x1C: _flag("gas_detected", "gas_detected"),
    0x1D: _flag("heat", "heat_detected"),
    0x1E: _flag("light", "light_detected"),
    0x1F: _flag("lock", "unlocked"),
    0x20: _flag("moisture_detected", "water_leak_detected"),
    0x21: _flag("motion", "motion"),
    0x22: _flag("moving", "moving"),
    0x23: _flag("occupancy", "occupancy_detected"),
    0x24: _flag("plug", "plugged_in"),
    0x25: _flag("presence", "occupancy_detected"),
    0x26: _flag("problem", "problem"),
    0x27: _flag("running", "running"),
    0x28: _flag("safety", "unsafe"),
    0x29: _flag("smoke", "smoke_detected"),
    0x2A: _flag("sound", "sound_detected"),
    0x2B: _flag("tamper", "tamper_detected"),
    0x2C: _flag("vibration", "vibration_detected"),
    0x2D: _flag("window", "window_open"),
    0x2E: Object("humidity", 1, 1, "humidity_percent"),
    0x2F: Object("moisture", 1, 1, "moisture_percent"),
    0x3A: Object("button", 1, 0, ""),  # events, see _read_event
    0x3C: Object("dimmer", 2, 0, ""),
    0x3D: Object("count", 2, 1, "count"),
    0x3E: Object("count", 4, 1, "count"),
    0x3F: Object("rotation", 2, 0.1, "rotation_deg", signed=True),
    0x40: Object("distance_mm", 2, 1, "distance_mm"),
    0x41: Object("distance_m", 2, 0.1, "distance_m"),
    0x42: Object("duration", 3, 0.001, "duration_s"),
    0x43: Object("current", 2, 0.001, "current_a"),
    0x44: Object("speed", 2, 0.01, "speed_ms"),
    0x45: Object("temperature", 2, 0.1, "temperature_c", signed=True),
    0x46: Object("uv_index", 1, 0.1, "uv_index"),
    0x47: Object("volume", 2, 0.1, "volume_l"),
    0x48: Object("volume_ml", 2, 1, "volume_ml"),
    0x49: Object("volume_flow_rate", 2, 0.001, "volume_flow_m3_h"),
    0x4A: Object("voltage", 2, 0.1, "voltage_v"),
    0x4B: Object("gas", 3, 0.001, "gas_m3"),
    0x4C: Object("gas", 4, 0.001, "gas_m3"),
    0x4D: Object("energy", 4, 0.001, "energy_kwh"),
    0x4E: Object("volume", 4, 0.001, "volume_l"),
    0x4F: Object("water", 4, 0.001, "water_l"),
    0x50: Object("timestamp", 4, 1, ""),
    0x51: Object("acceleration", 2, 0.001, "acceleration_m_s2"),
    0x52: Object("gyroscope", 2, 0.001, "gyroscope_deg_s"),
    0x55: Object("volume_storage", 4, 0.001, "volume_storage_l"),
    0x56: Object("conductivity", 2, 1, "conductivity_us_cm"),
    0x57: Object("temperature", 1, 1, "temperature_c", signed=True),
    0x58: Object("temperature", 1, 0.35, "temperature_c", signed=True),
    0x59: Object("count", 1, 1, "count", signed=True),
    0x5A: Object("count", 2, 1, "count", signed=True),
    0x5B: Object("count", 4, 1, "count", signed=True),
    0x5C: Object("power", 4, 0.01, "power_w", signed=True),
    0x5D: Object("current", 2, 0.001, "current_a", signed=True),
    0x5E: Object("direction", 2, 0.01, "wind_direction"),
    0x5F: Object("precipitation", 2, 0.1, "rain_mm"),
    0x60: Object("channel", 1, 1, ""),
    0x61: Object("rotational_speed", 2, 1, "rotational_speed_rpm"),
    0x62: Object("speed", 4, 1e-6, "speed_ms", signed=True),
    0x63: Object("acceleration", 4, 1e-6, "acceleration_m_s2", signed=True),
    0x64: Object("light_level", 1, 1, "light_level"),
    0xF0: Object("device_type", 2, 0, ""),
    0xF1: Object("firmware_version", 4, 0, ""),
    0xF2: Object("firmware_version", 3, 0, ""),
}
_PACKET: Final = 0x00
_BUTTON: Final = 0x3A
_DIMMER: Final = 0x3C
_PRESSES: Final[dict[int, str]] = {
    0x01: "press",
    0x02: "double_press",
    0x03: "triple_press",
    0x04: "long_press",
    0x05: "long_double_press",
    0x06: "long_triple_press",
    0x80: "hold_press",
}
_EVENTS: Final = {_BUTTON: BUTTON, _DIMMER: DIMMER}
_TURNS: Final[dict[int, str]] = {0x01: "rotate_left", 0x02: "rotate_right"}
# The length of these is in their first byte.
_SIZED: Final = frozenset({0x53, 0x54})

_UNITS: Final[dict[str, str]] = {
    "acceleration_m_s2": "m/s²",
    "conductivity_us_cm": "μS/cm",
    "gas_m3": "m³",
    "gyroscope_deg_s": "°/s",
    "rotation_deg": "°",
    "speed_ms": "m/s",
    "tvoc_ug_m3": "μg/m³",
    "volume_flow_m3_h": "m³/h",
    "volume_l": "L",
    "volume_ml": "mL",
    "volume_storage_l": "L",
    "water_l": "L",
    "weight_kg": "kg",
    "weight_lb": "lb",
}
# Names that decoding gateways use -> metric and unit.
_BY_NAME: Final = {object_.name: object_ for object_ in reversed(_OBJECTS.values()) if object_.metric}
_NOT_READINGS: Final = frozenset(
    {"address", "bthome_version", "channel", "device_type_id", "encryption", "firmware_version", "gateway",
     "mac", "model", "name", "packet_id", "pid", "service_data", "text", "timestamp", "trigger_based", "ts"}
)  # fmt: skip
_MAC: Final = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2}")


def decode_service_data(data: bytes) -> Message:
    """Decode service data of BTHome v2, after the UUID.

    Raises:
        DecodeError: It is encrypted, of another version, or cut off before its first value.
    """
    if not data or data[0] >> _VERSION_SHIFT != _VERSION:
        raise DecodeError(Reason.BAD_BTHOME_DATA, f"device information {data[:1].hex() or 'missing'}")
    if data[0] & _ENCRYPTED:
        raise DecodeError(Reason.BAD_BTHOME_DATA, "encrypted")
    message = Message({}, device_type=KEY)
    found, is_unreadable = _read_objects(message, data)
    for metric, values in found.items():
        for number, value in enumerate(values, 1):
            # Several objects of one type are those of several sensors.
            if value == "":
                continue
            add(message, metric if number == 1 else f"sensor_{number}_{metric}", value, _UNITS.get(metric))
    if is_unreadable:
        raise DecodeError(Reason.BAD_BTHOME_DATA, "no value")
    return message


def _read_objects(message: Message, data: bytes) -> tuple[dict[str, list[Value]], bool]:
    """Return the values by metric, in their order, and whether no object could be read.

    The packet number goes into the message.
    """
    found: dict[str, list[Value]] = {}
    at, is_unreadable = 1, True
    while at < len(data):
        object_id, at = data[at], at + 1
        if object_id == _PACKET:
            message.seq, at = (data[at] if at < len(data) else None), at + 1
            is_unreadable &= message.seq is None
            continue
        if object_id in _SIZED:
            at += 1 + data[at] if at < len(data) else 1
            continue
        object_ = _OBJECTS.get(object_id)
        if object_ is None or at + object_.size > len(data):
            break  # the length of an unknown object is unknown, too
        raw = int.from_bytes(data[at : at + object_.size], "little", signed=object_.signed)
        at, is_unreadable = at + object_.size, False
        if object_.metric:
            value: Value = bool(raw) if object_.factor == 0 else round(raw * object_.factor, 6)
            found.setdefault(object_.metric, []).append(value)
        elif (event := _read_event(object_id, raw)) is not None:
            found.setdefault(_EVENTS[object_id], []).append(event)
    return found, is_unreadable


def _read_event(object_id: int, raw: int) -> str | None:
    """Return what was done at a button or dimmer, "" for nothing (that of a device with several); None: no event."""
    if object_id == _BUTTON:
        return _PRESSES.get(raw, "")
    if object_id == _DIMMER:
        turn = _TURNS.get(raw & 0xFF)
        return "" if turn is None else f"{turn} {raw >> 8}"
    return None


def service_data(found: Mapping[str, Any]) -> bytes | None:
    """Return the BTHome service data in a message of a gateway; None for other messages."""
    uuid, data = found.get("servicedatauuid"), found.get("servicedata")
    if isinstance(inner := found.get("service_data"), dict):
        uuid, data = next(((uuid, data) for uuid, data in inner.items() if _is_uuid(uuid)), (None, None))
    elif inner is not None and uuid is None:
        uuid, data = found.get("uuid", UUID), inner
    if not _is_uuid(uuid) or not isinstance(data, str):
        return None
    try:
        return bytes.fromhex(data.removeprefix("0x"))
    except ValueError:
        return None


def _is_uuid(uuid: Any) -> bool:
    """Return whether a UUID is BTHome's: short, or written out."""
    return isinstance(uuid, str) and uuid.casefold().removeprefix("0x").removeprefix("0000").startswith(UUID)


def is_decoded(found: Mapping[str, Any]) -> bool:
    """Return whether a gateway has decoded a message."""
    return any(name.casefold() == "bthome_version" for name in found)


def is_message(found: Mapping[str, Any]) -> bool:
    """Return whether an object is a message of a BTHome gateway."""
    return is_decoded(found) or service_data(found) is not None


def decode_message(found: Mapping[str, Any]) -> Message:
    """Decode a message of a gateway.

    Raises:
        DecodeError: It has no values that can be read.
    """
    if (data := service_data(found)) is not None:
        message = decode_service_data(data)
    elif found.get("encryption") is True:
        raise DecodeError(Reason.BAD_BTHOME_DATA, "encrypted")
    else:
        message = _read_decoded(found)
    if isinstance(rssi := found.get("rssi"), int) and not isinstance(rssi, bool):
        message.metrics["rssi"] = rssi
    add_info(message, found, {"name": "name", "model": "model"})
    message.original = dict(found)
    return message


def _read_decoded(found: Mapping[str, Any]) -> Message:
    message = Message({}, device_type=KEY)
    packet = found.get("pid", found.get("packet_id"))
    if isinstance(packet, int) and not isinstance(packet, bool):
        message.seq = packet
    for name, value in found.items():
        lower = name.casefold()
        if lower in _NOT_READINGS or lower == "rssi":
            continue
        if lower == _OBJECTS[_BUTTON].name:
            _add_presses(message, value)
            continue
        object_ = _BY_NAME.get(lower)
        for number, leaf in enumerate(value if isinstance(value, list) else [value], 1):
            metric = object_.metric if object_ is not None else lower
            if object_ is not None and object_.factor == 0 and isinstance(leaf, int):
                leaf = bool(leaf)  # noqa: PLW2901 flags may be 0 and 1
            if not isinstance(leaf, dict | list):
                add(message, metric if number == 1 else f"sensor_{number}_{metric}", leaf, _UNITS.get(metric))
    return message


def _add_presses(message: Message, presses: Any) -> None:
    """Add what a gateway reports of one button or of several: numbers as they are coded."""
    for number, press in enumerate(presses if isinstance(presses, list) else [presses], 1):
        if isinstance(press, int) and (event := _read_event(_BUTTON, press)):
            add(message, BUTTON if number == 1 else f"sensor_{number}_{BUTTON}", event)


def device_id(found: Mapping[str, Any]) -> str | None:
    """Return the address of a sensor in a message, without separators; None where there is none."""
    for name in ("mac", "id", "address"):
        if isinstance(text := found.get(name), str) and _MAC.fullmatch(text):
            return re.sub("[:-]", "", text).upper()
    return None


def read(_kind: str, found: Mapping[str, Any]) -> Found:
    """Return the message of a sensor; none for what is not BTHome data."""
    if is_message(found):
        yield device_id(found), decode_message(found)


register(
    DeviceType(
        key=KEY,
        is_message=is_message,
        decode=decode_message,
        metrics=(
            Metric("conductivity_us_cm", "conductivity", "μS/cm", decimals=0),
            Metric("window_open", "window", kind=Kind.FLAG),
            Metric("garage_door_open", "garage_door", kind=Kind.FLAG),
            Metric("opening_open", "opening", kind=Kind.FLAG),
        ),
        sequence_modulus=SEQUENCE_MODULUS,
        # A gateway receives only some of the advertisements.
        reports_losses=False,
        accepts_commands=False,
        # Door sensors report on change.
        timeout_s=25 * 3600,
    )
)


def _body(levels: Levels) -> Levels:
    return levels


register_dialect(
    Dialect(
        key=KEY,
        recognizes=lambda levels: KEY in levels[:-1],
        body=_body,
        forms=lambda levels: (Form(levels, Channel.DATA),),
        read=read,
        is_fixed=True,
    )
)
