"""Zigbee2MQTT: one message per Zigbee device on `zigbee2mqtt/<device>`.

Facts: zigbee2mqtt.io (MQTT topics and messages, Exposes, Device availability) and recorded messages
(docs/edge_telemetry.md). The voltage of a battery is in mV, that of the mains in V. `last_seen` is when the device
itself reported: Zigbee2MQTT publishes what it remembers when it starts.
"""

from collections.abc import Mapping
import re
from typing import Any, Final

from ..device_types import DeviceType, register
from ..dialects import Channel, Dialect, Form, Found, Levels, register_dialect
from ..message import Message, is_number
from ..metrics import Kind, Metric
from ..reading import add, add_info, leaves
from ..timestamps import parse_time

KEY: Final = "zigbee2mqtt"

# Settings and what only the archive keeps.
_IGNORED: Final = frozenset(
    {"color", "color_options", "device", "elapsed", "last_seen", "update", "update_available"}
)  # fmt: skip
_NAMES: Final[dict[str, str]] = {
    "ac_frequency": "frequency_hz",
    "battery": "battery_percent",
    "carbon_monoxide": "carbon_monoxide_detected",
    "current_heating_setpoint": "setpoint_temperature_c",
    "device_temperature": "device_temperature_c",
    "gas": "gas_detected",
    "linkquality": "link_quality",
    "local_temperature": "local_temperature_c",
    "occupancy": "occupancy_detected",
    "occupied_heating_setpoint": "setpoint_temperature_c",
    "position": "position_percent",
    "presence": "occupancy_detected",
    "produced_energy": "produced_energy_kwh",
    "smoke": "smoke_detected",
    "soil_moisture": "soil_moisture_percent",
    "tamper": "tamper_detected",
    "vibration": "vibration_detected",
    "water_leak": "water_leak_detected",
}
_INFO: Final = {"friendlyName": "name", "model": "model", "softwareBuildID": "sw_version"}
_PHASES: Final = {"a": "l1", "b": "l2", "c": "l3"}
_PHASE: Final = re.compile(r"(current|energy|power|power_factor|voltage)_phase_([abc])")
_ENDPOINT: Final = re.compile(
    r"(current|energy|humidity|power|state|temperature|voltage)_(l\d|left|right|center|top|bottom)"
)
# Units of names that do not carry them; `_a` to `_c` and `_l1` to `_l3` are phases.
_UNITS: Final = tuple(
    (re.compile(f"(?:{names})(?:_phase_[abc]|_[abc]|_l[1-3])?"), unit)
    for names, unit in (
        ("total_power|power|power_active", "W"),
        ("power_apparent|apparent_power", "VA"),
        ("power_reactive|reactive_power", "var"),
        ("current|current_neutral", "A"),
        ("voltage", "V"),
        ("(?:total_)?energy|(?:produced|consumed|exported|imported)_energy|energy_(?:produced|consumed)", "kWh"),
        ("eco2", "ppm"),
        ("dew_point|[a-z]+_temperature|temperature_(?:[0-9]|probe|internal|external|indoor|outdoor|floor)", "°C"),
        ("pm1", "μg/m³"),
        ("hcho|formaldehyde?", "mg/m³"),
        ("pi_heating_demand|valve_(?:position|opening_degree)", "%"),
        ("water_consumed", "m³"),
        ("flow|flow_rate", "m³/h"),
        ("target_distance|detection_distance", "m"),
        ("frequency", "Hz"),
        ("noise", "dB"),
    )
)
# A battery has some volts, the mains some hundred: from here on it is millivolts.
_MILLIVOLTS_FROM: Final = 1000


_WHOLE_PERCENT: Final = 100
_HPA: Final = (300, 1200)
_COMMON: Final = {
    "current": "current_a",
    "energy": "energy_kwh",
    "humidity": "humidity_percent",
    "power": "power_w",
    "temperature": "temperature_c",
    "voltage": "voltage_v",
}


def read(_kind: str, found: Mapping[str, Any]) -> Found:
    """Return the message of a device."""
    message = Message({}, original=found, device_type=KEY, ts=parse_time(found.get("last_seen")))
    for name, value in found.items():
        if name in _IGNORED:
            continue
        for inner, leaf, unit in leaves(name, value):
            _add(message, inner, leaf, unit)
    if isinstance(device := found.get("device"), dict):  # with the setting `include_device_information`
        add_info(message, device, _INFO)
    yield None, message


def _add(message: Message, name: str, value: Any, unit: Any) -> None:
    part = ""
    if (phase := _PHASE.fullmatch(name)) is not None:
        name, part = phase[1], f"{_PHASES[phase[2]]}_"
    elif (endpoint := _ENDPOINT.fullmatch(name)) is not None:
        name, part = endpoint[1], f"{endpoint[2]}_"
    if name == "voltage" and is_number(value) and value >= _MILLIVOLTS_FROM:
        add(message, f"{part}battery_v", round(value / 1000, 3))
    elif name == "pressure" and is_number(value) and _HPA[0] <= value <= _HPA[1]:
        add(message, f"{part}pressure_hpa", value)  # some devices report kPa
    elif name == "contact" and isinstance(value, bool):
        add(message, "door_open", not value)  # closed is contact
    elif name == "state":
        is_on = {"ON": True, "OFF": False}.get(value) if isinstance(value, str) else None
        # Otherwise it is the state of a cover or a lock.
        add(message, f"{part}state" if is_on is None else f"{part}output_on", value if is_on is None else is_on)
    elif name in {"current", "energy", "humidity", "power", "temperature", "voltage"} and part:
        add(message, f"{part}{_COMMON[name]}", value, unit)
    elif name.startswith("power_factor") and is_number(value) and 1 < abs(value) <= _WHOLE_PERCENT:
        add(message, f"{part}{name}", value / 100)  # some devices report percent
    else:
        add(message, f"{part}{_NAMES.get(name, name)}", value, unit or _unit(name, value))


def _unit(name: str, value: Any) -> str | None:
    """Return the unit of a number whose name does not carry it."""
    if isinstance(value, str | bool):
        return None
    return next((unit for names, unit in _UNITS if names.fullmatch(name)), None)


def _forms(levels: Levels) -> tuple[Form, ...]:
    """Return the topics: those of the devices, and that of the bridge, which every installation publishes."""
    bridge = levels[: levels.index(KEY) + 1] if KEY in levels else levels[:1] if len(levels) == 1 else levels[:-1]
    return (
        Form(levels, Channel.DATA),
        Form((*levels, "availability"), Channel.AVAILABILITY),
        Form((*bridge, "bridge", "state"), Channel.GATEWAY),
    )


def _ignores(levels: list[str]) -> bool:
    """Topics of the bridge itself, and the commands to devices."""
    return "bridge" in levels or levels[-1] in {"availability", "get", "set"}


register(
    DeviceType(
        key=KEY,
        metrics=(
            Metric("carbon_monoxide_detected", "carbon_monoxide", kind=Kind.FLAG),
            Metric("gas_detected", "gas", kind=Kind.FLAG),
            Metric("occupancy_detected", "occupancy", kind=Kind.FLAG),
            Metric("smoke_detected", "smoke", kind=Kind.FLAG),
            Metric("tamper_detected", "tamper", kind=Kind.FLAG, diagnostic=True),
            Metric("vibration_detected", "vibration", kind=Kind.FLAG),
            Metric("water_leak_detected", "moisture", kind=Kind.FLAG),
        ),
        accepts_commands=False,
        trusts_availability=True,
        # Zigbee2MQTT's own limit for devices with a battery, which report on change.
        timeout_s=25 * 3600,
        time_is_age=True,
    )
)

register_dialect(
    Dialect(
        key=KEY,
        recognizes=lambda levels: KEY in levels[:-1],
        body=lambda levels: levels,
        forms=_forms,
        read=read,
        ignores=_ignores,
    )
)
