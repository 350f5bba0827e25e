"""Shelly, first generation: one value per topic (`shellies/<model>-<id>/relay/0/power`).

Facts: shelly-api-docs.shelly.cloud/gen1 ("MQTT" of each device), the topics that ioBroker.shelly lists from it for
each model (src/lib/devices/gen1) and recorded topics (docs/edge_telemetry.md). `energy` of a relay is in watt-minutes
since the start; `total` of an energy meter is in Wh. `online` is the last will. `sensor/gas` is the alarm, and
`concentration` the measurement. A Motion, a TRV and lights publish objects (`status`, `info`). An H&T that is set to
°F publishes °F without a unit.
"""

from collections.abc import Mapping
import re
from typing import Any, Final

from ..device_types import DeviceType, register
from ..dialects import Channel, Dialect, Form, Found, Levels, register_dialect
from ..message import Message, is_number
from ..metrics import Kind, Metric
from ..reading import add, add_info
from ..tolerant_json import NOT_A_NUMBER

KEY: Final = "shellies"

BATTERY_TIMEOUT_S: Final = 25 * 3600.0
"""Devices with a battery sleep, and report at least twice a day."""

_WATT_MINUTES: Final = 1 / 60

# Below a channel (relay/0/...) -> metric and factor.
_CHANNEL: Final[dict[str, tuple[str, float]]] = {
    "current": ("current_a", 1.0),
    "energy": ("energy_wh", _WATT_MINUTES),
    "overpower_value": ("overpower_w", 1.0),
    "pf": ("power_factor", 1.0),
    "power": ("power_w", 1.0),
    "reactive_power": ("reactive_power_var", 1.0),
    "total": ("energy_wh", 1.0),
    "total_returned": ("returned_energy_wh", 1.0),
    "voltage": ("voltage_v", 1.0),
}
_CHANNELS: Final = frozenset({"relay", "emeter", "light", "color", "white", "roller", "meter"})
# One meter for both relays of a Shelly 2.
_SHARED_METER: Final = re.compile(r"relay/(power|energy)")
# In the `status` of a light -> metric.
_LIGHT: Final[dict[str, str]] = {"brightness": "brightness_percent", "gain": "gain_percent", "power": "power_w"}
# In the `status` of a Motion -> metric.
_MOTION: Final[dict[str, str]] = {
    "bat": "battery_percent",
    "lux": "illuminance_lux",
    "motion": "motion",
    "tmp": "temperature_c",
    "vibration": "vibration_detected",
}
# A single "none" is read as a value that is missing; here it means that there is no alarm.
_GAS_ALARM: Final = {NOT_A_NUMBER: False, "none": False, "mild": True, "heavy": True}
# Below `sensor` -> metric.
_SENSOR: Final[dict[str, str]] = {
    "battery": "battery_percent",
    "charger": "charging",
    "concentration": "gas_concentration_ppm",
    "ext_power": "external_power",
    "flood": "water_leak_detected",
    "humidity": "humidity_percent",
    "illuminance": "illuminance_lux",
    "illumination": "illuminance_level",
    "lux": "illuminance_lux",
    "motion": "motion",
    "operation": "operation_state",
    "self_test": "self_test",
    "smoke": "smoke_detected",
    "temperature": "temperature_c",
    "tilt": "tilt_degrees",
    "vibration": "vibration_detected",
}
_DEVICE: Final[dict[str, str]] = {
    "overpower": "overpower_detected",
    "overtemperature": "overtemperature_detected",
    "temperature": "device_temperature_c",
    "temperature_status": "temperature_status",
    "voltage": "voltage_v",
}
# What a sensor shows while it has no value.
_NO_VALUE: Final = 999
_STATES: Final = {"on": True, "off": False, "overpower": False}
_EXTERNAL: Final = re.compile(r"ext_(temperature|humidity|switch)/(\d)")
_EXTERNAL_KEYS: Final = {"temperature": "temperature_c", "humidity": "humidity_percent", "switch": "active"}


def read(kind: str, found: Any) -> Found:
    """Return the message of a device: the value of one topic."""
    message = Message({}, original={kind: found}, device_type=KEY)
    if kind == "announce" and isinstance(found, dict):
        add_info(message, found, {"model": "model", "fw_ver": "sw_version"})
    elif isinstance(found, dict):
        _read_object(message, kind.split("/"), found)
    elif not isinstance(found, dict | list):
        _read_value(message, kind, found)
    if message.metrics or message.rejected or message.info:
        yield None, message


def _read_object(message: Message, levels: list[str], found: Mapping[str, Any]) -> None:
    """Add the values of a `status` or `info`: of a light, of a Motion or of a TRV."""
    if len(levels) == 3 and levels[0] in _CHANNELS and levels[1].isdigit() and levels[2] == "status":
        part = f"{levels[0]}_{levels[1]}_"
        if isinstance(is_on := found.get("ison"), bool):
            add(message, f"{part}output_on", is_on)
        for name, key in _LIGHT.items():
            if is_number(value := found.get(name)):
                add(message, f"{part}{key}", value)
    elif levels in (["status"], ["info"]):
        thermostats = found.get("thermostats")
        first = thermostats[0] if isinstance(thermostats, list) and thermostats else found
        if isinstance(first, dict) and "target_t" in first:
            _read_thermostat(message, first)
        for name, key in _MOTION.items():
            value = found.get(name)
            if isinstance(value, dict) and name == "bat":
                value = value.get("value")
            if isinstance(value, int | float):
                add(message, key, bool(value) if key in ("motion", "vibration_detected") else value)


def _read_thermostat(message: Message, found: Mapping[str, Any]) -> None:
    for name, key in (("tmp", "temperature_c"), ("target_t", "target_temperature_c")):
        part = found.get(name)
        if isinstance(part, dict) and part.get("is_valid", True) and is_number(value := part.get("value")):
            add(message, key, value, f"°{part.get('units', 'C')}")
    if is_number(position := found.get("pos")):
        add(message, "valve_position_percent", position)
    if isinstance(is_open := found.get("window_open"), bool):
        add(message, "window_open", is_open)


def _read_value(message: Message, kind: str, value: Any) -> None:
    if value == _NO_VALUE and kind.startswith(("ext_", "sensor/", "temperature")):
        value = None
    levels = kind.split("/")
    if (external := _EXTERNAL.fullmatch(kind)) is not None:
        is_flag = external[1] == "switch"
        add(message, f"external_{external[2]}_{_EXTERNAL_KEYS[external[1]]}", bool(value) if is_flag else value)
    elif (shared := _SHARED_METER.fullmatch(kind)) is not None:
        _read_channel(message, "", [shared[1]], value)
    elif levels[0] in _CHANNELS and len(levels) > 1 and levels[1].isdigit():
        _read_channel(message, f"{levels[0]}_{levels[1]}_", levels[2:], value)
    elif len(levels) == 2:
        _read_part(message, levels[0], levels[1], value)
    elif len(levels) == 1 and (key := _DEVICE.get(kind)) is not None:
        add(message, key, bool(value) if key.endswith("_detected") and value in (0, 1) else value)


def _read_part(message: Message, group: str, name: str, value: Any) -> None:
    """Add a value of an input, of an analog input or of the sensor of a device."""
    if group == "input" and value in (0, 1):
        add(message, f"input_{name}_active", bool(value))
    elif group == "adc":
        add(message, f"adc_{name}_voltage_v", value)
    elif group == "sensor" and name == "state" and value in ("open", "close"):
        add(message, "door_open", value == "open")
    elif group == "sensor" and name == "gas":
        _read_gas(message, value)
    elif group == "sensor" and (key := _SENSOR.get(name)) is not None:
        add(message, key, value)


def _read_gas(message: Message, value: Any) -> None:
    """Add the alarm; a test is none, and the alarm is unknown while the sensor warms up."""
    if value == "unknown":
        add(message, "gas_detected", None)
    elif isinstance(value, str) and (is_alarm := _GAS_ALARM.get(value)) is not None:
        add(message, "gas_detected", is_alarm)


def _read_channel(message: Message, part: str, below: list[str], value: Any) -> None:
    if not below:
        if isinstance(value, str) and value in _STATES:
            add(message, f"{part}output_on", _STATES[value])
        elif isinstance(value, str):
            add(message, f"{part}state", value)  # a cover opens, closes or stops
    elif below == ["pos"]:
        add(message, f"{part}position_percent", value)
    elif len(below) == 1 and (known := _CHANNEL.get(below[0])) is not None:
        key, factor = known
        # The counter of an energy meter's `energy` starts again every minute: `total` is the one that lasts.
        if part.startswith("emeter") and below[0] == "energy":
            return
        add(message, f"{part}{key}", round(value * factor, 3) if is_number(value) and factor != 1.0 else value)


def _body(levels: Levels) -> Levels:
    return levels[: levels.index(KEY) + 2]


def _ignores(levels: list[str]) -> bool:
    """Commands, the last will, and topics to or of all devices."""
    rest = levels[levels.index(KEY) + 1 :] if KEY in levels else levels
    return len(rest) < 2 or rest[-1] in {"command", "online", "set"}


register(
    DeviceType(
        key=KEY,
        manufacturer="Shelly",
        metrics=(
            Metric("external_power", "plug", kind=Kind.FLAG, diagnostic=True),
            Metric("tilt_degrees", None, "°", decimals=0),
            Metric("overpower_detected", "problem", kind=Kind.FLAG, diagnostic=True),
            Metric("overtemperature_detected", "heat", kind=Kind.FLAG, diagnostic=True),
        ),
        accepts_commands=False,
        trusts_availability=True,
        battery_timeout_s=BATTERY_TIMEOUT_S,
    )
)

register_dialect(
    Dialect(
        key=KEY,
        recognizes=lambda levels: KEY in levels[:-1],
        body=_body,
        forms=lambda levels: (
            Form((*_body(levels), "#"), Channel.DATA, None),
            Form((*_body(levels), "online"), Channel.AVAILABILITY),
        ),
        read=read,
        words=frozenset({KEY}),
        system="shelly",
        scalars=True,
        ignores=_ignores,
    )
)
