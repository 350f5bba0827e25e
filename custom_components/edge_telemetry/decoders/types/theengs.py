"""OpenMQTTGateway and Theengs Gateway: Bluetooth and radio sensors (`home/<gateway>/BTtoMQTT/<address>`).

Facts: docs.openmqttgateway.com and decoder.theengs.io (names and units of the properties) and recorded messages
(docs/edge_telemetry.md). The address in a topic has no separators. Both publish every Bluetooth device in range: one
without readings, such as a phone, is not added. Radio sensors (`RTL_433toMQTT`) have the names of rtl_433.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..device_types import DeviceType, register
from ..dialects import Channel, Dialect, Form, Found, Levels, register_dialect
from ..errors import DecodeError
from ..message import Message, is_number
from ..metrics import Metric
from ..reading import MAX_TEXT, add, add_info
from . import bthome, rtl_433

KEY: Final = "theengs"
GATEWAY: Final = "theengs_gateway"

_BLUETOOTH: Final = "BTtoMQTT"
_RADIO: Final = "RTL_433toMQTT"
_SYSTEM: Final = "SYStoMQTT"
_SUFFIX: Final = "toMQTT"
_LWT: Final = "LWT"

# Property -> metric and unit.
_PROPERTIES: Final[dict[str, tuple[str, str | None]]] = {
    "tempc": ("temperature_c", "°C"),
    "tempf": ("temperature_c", "°F"),
    "hum": ("humidity_percent", "%"),
    "batt": ("battery_percent", "%"),
    "lux": ("illuminance_lux", "lx"),
    "moi": ("moisture_percent", "%"),
    "fer": ("conductivity_us_cm", "μS/cm"),
    "co2": ("co2_ppm", "ppm"),
    "pm1": ("pm1_ug_m3", "μg/m³"),
    "pm25": ("pm25_ug_m3", "μg/m³"),
    "pm10": ("pm10_ug_m3", "μg/m³"),
    "for": ("formaldehyde_mg_m3", "mg/m³"),
    "voc": ("tvoc_ppb", "ppb"),
    "uv": ("uv_index", None),
    "position": ("position", "%"),
    "power": ("power_w", "W"),
    "current": ("current_a", "A"),
    "energy": ("energy_kwh", "kWh"),
    "distance": ("distance_m", "m"),
    "rssi": ("rssi", "dBm"),
    "motion": ("motion", None),
    "open": ("door_open", None),
    "door": ("door_open", None),
    "presence": ("occupancy_detected", None),
    "present": ("occupancy_detected", None),
    "smoke": ("smoke_detected", None),
    "leak": ("water_leak_detected", None),
    "wet": ("water_leak_detected", None),
    "lowbatt": ("battery_low", None),
    "steps": ("steps", None),
    "imp": ("impedance_ohm", "Ω"),
}
_WEIGHTS: Final = {"kg": "kg", "lb": "lb", "lbs": "lb", "g": "g"}
# How a device is identified, what is about the transmission, and what only the archive keeps.
_IGNORED: Final = frozenset(
    {"acts", "adv_type", "brand", "cidc", "cont", "encr", "id", "ip", "mac", "mac_type", "manufacturerdata", "mjid",
     "mnid", "model", "model_id", "name", "servicedata", "servicedatauuid", "track", "txpower", "type", "unit", "uuid",
     "volt", "pres", "weight"}
)  # fmt: skip
_NOT_READINGS: Final = frozenset({"rssi", "distance_m"})
# A lower voltage of a sensor that measures no power is that of a battery.
_MAINS_FROM_V: Final = 60.0
# Air pressure in hPa; the pressure of tires is in bar.
_AIR_HPA: Final = (300.0, 1200.0)


def read(kind: str, found: Mapping[str, Any]) -> Found:
    """Return the message of a sensor, or of the gateway itself."""
    if kind == _SYSTEM:
        yield None, _read_gateway(found)
    elif kind == _BLUETOOTH:
        yield from _read_bluetooth(found)
    elif kind == _RADIO or "model" in found:
        yield from rtl_433.read(kind, found)


def _read_bluetooth(found: Mapping[str, Any]) -> Found:
    message = Message({}, original=dict(found), device_type=KEY)
    if bthome.service_data(found) is not None and "model_id" not in found:
        try:
            message = bthome.decode_message(found)
        except DecodeError:
            return
    else:
        _read_properties(message, found)
    names = [text for name in ("brand", "model") if isinstance(text := found.get(name), str) and text]
    if names:
        message.info["model"] = " ".join(names)[:MAX_TEXT]
    add_info(message, found, {"name": "name"})
    if message.rejected or message.metrics.keys() - _NOT_READINGS:
        yield bthome.device_id(found), message


def _read_properties(message: Message, found: Mapping[str, Any]) -> None:
    for name, value in found.items():
        if name in _IGNORED or isinstance(value, dict | list):
            continue
        if name.startswith("tempf") and f"tempc{name.removeprefix('tempf')}" in found:
            continue
        key, unit = _metric(name)
        add(message, key, value, unit)
    _read_voltage(message, found)
    _read_pressure(message, found)
    unit = _WEIGHTS.get(str(found.get("unit", "")).casefold())
    if "weight" in found and unit is not None:
        add(message, "weight_kg" if unit == "kg" else "weight", found["weight"], unit)


def _metric(name: str) -> tuple[str, str | None]:
    """Return the metric of a property; a number at its end is that of a probe (`tempc2`)."""
    if (known := _PROPERTIES.get(name)) is not None:
        return known
    base = name.rstrip("0123456789")
    number = name[len(base) :]
    if number and (known := _PROPERTIES.get(base)) is not None:
        return f"sensor_{number}_{known[0]}", known[1]
    return name, None


def _read_voltage(message: Message, found: Mapping[str, Any]) -> None:
    """Read the voltage: of a battery, or of the mains where the sensor measures power."""
    if "volt" not in found:
        return
    value = found["volt"]
    is_measured = not {"power", "current", "energy"}.isdisjoint(found)
    is_high = is_number(value) and value >= _MAINS_FROM_V
    add(message, "voltage_v" if is_measured or is_high else "battery_v", value, "V")


def _read_pressure(message: Message, found: Mapping[str, Any]) -> None:
    """Read a pressure: of the air in hPa, of a tire in bar."""
    if "pres" not in found:
        return
    value = found["pres"]
    is_air = is_number(value) and _AIR_HPA[0] <= value <= _AIR_HPA[1]
    add(message, "pressure_hpa" if is_air else "pressure_bar", value, "hPa" if is_air else "bar")


def _read_gateway(found: Mapping[str, Any]) -> Message:
    message = Message({}, original=dict(found), device_type=GATEWAY)
    for name, key in (("uptime", "uptime_s"), ("freemem", "heap_bytes"), ("rssi", "rssi"), ("tempc", "temperature_c")):
        if (value := next((found[key] for key in found if key.casefold() == name), None)) is not None:
            add(message, key, value)
    add_info(message, found, {"version": "sw_version"})
    return message


def _split(levels: Levels) -> tuple[Levels, Levels]:
    """Return the levels of the gateway, and what follows them."""
    at = next((index for index, level in enumerate(levels) if level.endswith(_SUFFIX)), len(levels))
    return levels[:at], levels[at:]


def _forms(levels: Levels) -> tuple[Form, ...]:
    gateway, rest = _split(levels)
    kind = rest[0] if rest else _BLUETOOTH
    return (
        Form(levels if rest else (*levels, _BLUETOOTH, "+"), Channel.DATA, kind),
        Form((*gateway, _SYSTEM), Channel.DATA, _SYSTEM),
        Form((*gateway, _LWT), Channel.GATEWAY),
    )


_SENSORS: Final = (
    Metric("formaldehyde_mg_m3", None, "mg/m³", decimals=2),
    Metric("steps", decimals=0),
)

register(
    DeviceType(
        key=KEY,
        metrics=_SENSORS,
        accepts_commands=False,
        reports_losses=False,
        # Door sensors report on change.
        timeout_s=3 * 3600,
    )
)
register(DeviceType(key=GATEWAY, model="OpenMQTTGateway", accepts_commands=False, trusts_availability=True))

register_dialect(
    Dialect(
        key=KEY,
        recognizes=lambda levels: any(level.endswith(_SUFFIX) for level in levels),
        body=lambda levels: levels,
        forms=_forms,
        read=read,
        words=frozenset({_BLUETOOTH, _RADIO, _SYSTEM}),
        system=KEY,
        is_fixed=True,
    )
)
