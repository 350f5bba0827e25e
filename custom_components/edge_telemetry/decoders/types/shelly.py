"""Shelly, second generation and later (Plus, Pro, Gen3, Gen4): `<prefix>/status/<component>`, `<prefix>/events/rpc`.

Facts: shelly-api-docs.shelly.cloud (Gen2: MQTT, Notifications, component pages) and recorded replies of the devices
(docs/edge_telemetry.md). A component is `switch:0` or `em:0`; a notification contains only what changed. Energy is in
Wh. `aenergy` of a switch counts both directions, `ret_aenergy` the part that was returned: the difference was consumed.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..device_types import DeviceType, register
from ..dialects import Channel, Dialect, Form, Found, Levels, register_dialect
from ..message import Message, is_number
from ..reading import add
from ..timestamps import parse_time
from .shelly_gen1 import BATTERY_TIMEOUT_S, KEY as GEN1

KEY: Final = "shelly"

_EVENTS: Final = ("events", "rpc")
_STATUS: Final = "status"

# Member of a component -> metric.
_VALUES: Final[dict[str, str]] = {
    "act_power": "power_w",
    "apower": "power_w",
    "aprt_power": "apparent_power_va",
    "aprtpower": "apparent_power_va",
    "brightness": "dimmer_percent",
    "current": "current_a",
    "current_pos": "position_percent",
    "flood": "water_leak_detected",
    "freq": "frequency_hz",
    "lux": "illuminance_lux",
    "output": "output_on",
    "percent": "value_percent",
    "pf": "power_factor",
    "rh": "humidity_percent",
    "tC": "temperature_c",
    "voltage": "voltage_v",
    "target_C": "setpoint_temperature_c",
    "current_C": "temperature_c",
    "pos": "valve_percent",
}
# Components of which a device has one: their values need no name of the component.
_SINGLE: Final = frozenset({"em", "emdata", "devicepower", "sys", "wifi"})
_SYSTEM: Final[dict[str, str]] = {"ram_free": "heap_bytes", "uptime": "uptime_s"}
_PHASES: Final = {"a": "l1", "b": "l2", "c": "l3", "n": "neutral"}
_EM: Final[dict[str, str]] = {
    "act_power": "power_w",
    "aprt_power": "apparent_power_va",
    "current": "current_a",
    "freq": "frequency_hz",
    "pf": "power_factor",
    "voltage": "voltage_v",
    "total_act_energy": "energy_wh",
    "total_act_ret_energy": "returned_energy_wh",
}
_TOTALS: Final[dict[str, str]] = {
    "total_act": "energy_wh",
    "total_act_ret": "returned_energy_wh",
    "total_act_power": "power_w",
    "total_aprt_power": "apparent_power_va",
    "total_current": "current_a",
}
# Flags of sensors are called `alarm`.
_ALARMS: Final = {"flood": "water_leak_detected", "gas": "gas_detected", "smoke": "smoke_detected"}
_CHANNELS: Final = frozenset({"cover", "light", "em1", "em1data", "pm1", "switch", "cct", "rgb", "rgbw", "rgbcct"})
_SENSORS: Final = frozenset({"humidity", "illuminance", "temperature", "voltmeter", "thermostat", "trv", "input"})


def read(kind: str, found: Any) -> Found:
    """Return the message of a device: the status of a component, or a notification about several."""
    if not isinstance(found, dict):
        return
    if kind == "/".join(_EVENTS):
        message = _read_notification(found)
    else:
        prefix, _, component = kind.partition("/")
        message = _message(found)
        if prefix == _STATUS and component:
            _read_component(message, component, found)
    if message.metrics or message.rejected or message.info:
        yield None, message


def _message(found: Mapping[str, Any]) -> Message:
    return Message({}, original=dict(found), device_type=KEY)


def _read_notification(found: Mapping[str, Any]) -> Message:
    message = _message(found)
    params = found.get("params")
    if found.get("method") not in {"NotifyStatus", "NotifyFullStatus"} or not isinstance(params, dict):
        return message
    message.ts = parse_time(params.get("ts"))
    for component, values in params.items():
        if isinstance(values, dict):
            _read_component(message, component, values)
    return message


def _read_component(message: Message, component: str, values: Mapping[str, Any]) -> None:
    kind, _, number = component.partition(":")
    part = "" if kind in _SINGLE else _part(kind, number)
    match kind:
        case "em" | "emdata":
            _read_meter(message, values)
        case "sys" | "wifi":
            _read_system(message, values)
        case "devicepower":
            _read_battery(message, values)
        case "flood" | "gas" | "smoke":
            if isinstance(alarm := values.get("alarm"), bool):
                add(message, _ALARMS[kind], alarm)
        case "input":
            _read_input(message, part, values)
        case "bthomedevice":
            if is_number(level := values.get("battery")):
                add(message, f"{part}battery_percent", level)
        case _ if kind in _CHANNELS or kind in _SENSORS:
            _read_values(message, part, values)


def _part(kind: str, number: str) -> str:
    """Return what the names of the values of a component begin with: a data component belongs to its meter."""
    return f"{kind.removesuffix('data')}_{number}_" if number else f"{kind}_"


def _read_values(message: Message, part: str, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name in _EM and name.startswith("total_"):
            add(message, f"{part}{_EM[name]}", value)
        elif (key := _VALUES.get(name)) is not None and not isinstance(value, dict | list):
            add(message, f"{part}{key}", value)  # null: the sensor does not answer
        elif name == "temperature" and isinstance(value, dict):
            # That of the device itself, not of its surroundings.
            add(message, f"{part}device_temperature_c", value.get("tC"))
        elif name == "state" and isinstance(value, str):
            add(message, f"{part}state", value)
    _read_energy(message, part, values)


def _read_energy(message: Message, part: str, values: Mapping[str, Any]) -> None:
    total, returned = _total(values.get("aenergy")), _total(values.get("ret_aenergy"))
    if returned is not None:
        add(message, f"{part}returned_energy_wh", returned)
    if total is None:
        return
    if "ret_aenergy" not in values:
        add(message, f"{part}energy_wh", total)
    else:
        message.metrics[f"{part}energy_wh"] = None if returned is None else round(total - returned, 3)


def _total(counter: Any) -> float | None:
    total = counter.get("total") if isinstance(counter, dict) else None
    return total if is_number(total) else None


def _read_meter(message: Message, values: Mapping[str, Any]) -> None:
    """Read a three-phase meter: a member per phase and quantity, and the sums."""
    for name, value in values.items():
        if (key := _TOTALS.get(name)) is not None:
            add(message, key, value)
            continue
        phase, _, quantity = name.partition("_")
        if phase in _PHASES and quantity in _EM:
            add(message, f"{_PHASES[phase]}_{_EM[quantity]}", value)


def _read_system(message: Message, values: Mapping[str, Any]) -> None:
    for name, key in _SYSTEM.items():
        if name in values:
            add(message, key, values[name])
    if "ssid" in values and values.get("rssi") is not None:
        add(message, "rssi", values["rssi"])


def _read_battery(message: Message, values: Mapping[str, Any]) -> None:
    battery = values.get("battery")
    if not isinstance(battery, dict):
        return
    for name, key in (("percent", "battery_percent"), ("V", "battery_v")):
        if name in battery:
            add(message, key, battery[name])


def _read_input(message: Message, part: str, values: Mapping[str, Any]) -> None:
    if isinstance(state := values.get("state"), bool):
        add(message, f"{part}active", state)
    for name, key in (("percent", "value_percent"), ("freq", "frequency_hz")):
        if isinstance(value := values.get(name), int | float):
            add(message, f"{part}{key}", value)
    counts = values.get("counts")
    if isinstance(counts, dict) and isinstance(total := counts.get("total"), int | float):
        add(message, f"{part}count", total)


def _body(levels: Levels) -> Levels:
    if levels[-2:] == _EVENTS:
        return levels[:-2]
    return levels[: levels.index(_STATUS)] if _STATUS in levels[1:] else levels


def _forms(levels: Levels) -> tuple[Form, ...]:
    body = _body(levels)
    return (
        Form((*body, _STATUS, "+"), Channel.DATA, None),
        Form((*body, *_EVENTS), Channel.DATA, None),
        Form((*body, "online"), Channel.AVAILABILITY),
    )


def _recognizes(levels: Levels) -> bool:
    if GEN1 in levels:
        return False
    is_component = levels[-1] in {"+", "sys", "wifi"} or ":" in levels[-1]
    return levels[-2:] == _EVENTS or (len(levels) > 2 and levels[-2] == _STATUS and is_component)


register(
    DeviceType(
        key=KEY,
        manufacturer="Shelly",
        accepts_commands=False,
        trusts_availability=True,
        battery_timeout_s=BATTERY_TIMEOUT_S,
    )
)

register_dialect(
    Dialect(key=KEY, recognizes=_recognizes, body=_body, forms=_forms, read=read, system=KEY),
)
