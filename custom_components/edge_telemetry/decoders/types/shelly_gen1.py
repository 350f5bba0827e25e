"""Shelly, first generation: one value per topic (`shellies/<model>-<id>/relay/0/power`).

Facts: shelly-api-docs.shelly.cloud (Gen1, "MQTT Support" of each device) and recorded topics (docs/edge_telemetry.md).
`energy` of a relay is in watt-minutes since the start; `total` of an energy meter is in Wh. `online` is the last will.
"""

from collections.abc import Mapping
import re
from typing import Any, Final

from ..device_types import DeviceType, register
from ..dialects import Channel, Dialect, Form, Found, Levels, register_dialect
from ..message import Message
from ..metrics import Kind, Metric
from ..reading import MAX_TEXT, add

KEY: Final = "shellies"

BATTERY_TIMEOUT_S: Final = 25 * 3600.0
"""Devices with a battery sleep, and report at least twice a day."""

_WATT_MINUTES: Final = 1 / 60

# Below a channel (relay/0/...) -> metric and factor.
_CHANNEL: Final[dict[str, tuple[str, float]]] = {
    "current": ("current_a", 1.0),
    "energy": ("energy_wh", _WATT_MINUTES),
    "pf": ("power_factor", 1.0),
    "power": ("power_w", 1.0),
    "reactive_power": ("reactive_power_var", 1.0),
    "total": ("energy_wh", 1.0),
    "total_returned": ("returned_energy_wh", 1.0),
    "voltage": ("voltage_v", 1.0),
}
_CHANNELS: Final = frozenset({"relay", "emeter", "light", "color", "white", "roller", "meter"})
# Below `sensor` -> metric.
_SENSOR: Final[dict[str, str]] = {
    "battery": "battery_percent",
    "charger": "charging",
    "flood": "water_leak_detected",
    "gas": "gas_concentration_ppm",
    "humidity": "humidity_percent",
    "illuminance": "illuminance_lux",
    "lux": "illuminance_lux",
    "motion": "motion",
    "smoke": "smoke_detected",
    "temperature": "temperature_c",
    "tilt": "tilt_degrees",
    "vibration": "vibration_detected",
}
_DEVICE: Final[dict[str, str]] = {
    "overpower": "overpower_detected",
    "overtemperature": "overtemperature_detected",
    "temperature": "device_temperature_c",
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
        _read_announcement(message, found)
    elif not isinstance(found, dict | list):
        _read_value(message, kind, found)
    if message.metrics or message.rejected or message.info:
        yield None, message


def _read_announcement(message: Message, found: Mapping[str, Any]) -> None:
    for name, meaning in (("model", "model"), ("fw_ver", "sw_version")):
        if isinstance(text := found.get(name), str) and text:
            message.info[meaning] = text[:MAX_TEXT]


def _read_value(message: Message, kind: str, value: Any) -> None:
    if value == _NO_VALUE and kind.startswith(("ext_", "sensor/")):
        value = None
    levels = kind.split("/")
    if (external := _EXTERNAL.fullmatch(kind)) is not None:
        is_flag = external[1] == "switch"
        add(message, f"external_{external[2]}_{_EXTERNAL_KEYS[external[1]]}", bool(value) if is_flag else value)
    elif levels[0] in _CHANNELS and len(levels) > 1 and levels[1].isdigit():
        _read_channel(message, f"{levels[0]}_{levels[1]}_", levels[2:], value)
    elif levels[0] == "input" and len(levels) == 2 and value in (0, 1):
        add(message, f"input_{levels[1]}_active", bool(value))
    elif levels[0] == "sensor" and len(levels) == 2:
        if levels[1] == "state" and value in ("open", "close"):
            add(message, "door_open", value == "open")
        elif (key := _SENSOR.get(levels[1])) is not None:
            add(message, key, value)
    elif len(levels) == 1 and (key := _DEVICE.get(kind)) is not None:
        add(message, key, bool(value) if key.endswith("_detected") and value in (0, 1) else value)


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
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # The counter of an energy meter's `energy` starts again every minute: `total` is the one that lasts.
        if part.startswith("emeter") and below[0] == "energy":
            return
        add(message, f"{part}{key}", round(value * factor, 3) if is_number and factor != 1.0 else value)


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
