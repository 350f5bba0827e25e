"""rtl_433: radio sensors that a receiver relays, one event per reading (`rtl_433/<host>/events`).

Facts: docs/DATA_FORMAT.md of merbanan/rtl_433 and recorded events (docs/edge_telemetry.md). A name ends with its unit.
`battery_ok` is 1 for good and 0 for low, or a level in between. `rssi` and `snr` are levels of the receiver in dB.
"""

from collections.abc import Mapping
import re
from typing import Any, Final

from ..device_types import DeviceType, register
from ..dialects import Channel, Dialect, Form, Found, Levels, register_dialect
from ..message import Message
from ..metrics import Metric
from ..reading import add, add_info
from ..timestamps import parse_local_time, parse_time

KEY: Final = "rtl_433"

_EVENTS: Final = "events"
# How a device is identified, what is about the transmission, and what only the archive keeps.
_IGNORED: Final = frozenset(
    {"brand", "button", "channel", "code", "data", "flags", "freq", "freq1", "freq2", "id", "mic", "mod", "model",
     "noise", "protocol", "raw", "raw_msg", "sequence_num", "subtype", "time", "type"}
)  # fmt: skip
# Unit at the end of a name -> the unit, and what the name of the metric ends with instead.
_UNITS: Final[dict[str, tuple[str, str]]] = {
    "c": ("°C", "temperature_c"),
    "f": ("°F", "temperature_c"),
    "hpa": ("hPa", "pressure_hpa"),
    "inhg": ("inHg", "pressure_hpa"),
    # In tires and pipes.
    "kpa": ("kPa", "pressure_kpa"),
    "psi": ("psi", "pressure_psi"),
    "bar": ("bar", "pressure_bar"),
    "mm": ("mm", "mm"),
    "in": ("in", "mm"),
    "mm_h": ("mm/h", "mm_h"),
    "in_h": ("in/h", "mm_h"),
    "m_s": ("m/s", "ms"),
    "km_h": ("km/h", "ms"),
    "mi_h": ("mph", "ms"),
    "km": ("km", "km"),
    "mi": ("mi", "km"),
    "cm": ("cm", "cm"),
    "w": ("W", "power_w"),
    "kw": ("kW", "power_w"),
    "wh": ("Wh", "energy_wh"),
    "kwh": ("kWh", "energy_kwh"),
    "a": ("A", "current_a"),
    "v": ("V", "voltage_v"),
    "mv": ("mV", "voltage_v"),
    "lux": ("lx", "illuminance_lux"),
    "klux": ("klx", "illuminance_lux"),
    "klx": ("klx", "illuminance_lux"),
    "deg": ("°", "direction"),
    "ppm": ("ppm", "ppm"),
    "ppb": ("ppb", "ppb"),
    "ug_m3": ("μg/m³", "ug_m3"),
}
_ENDING: Final = re.compile(rf"(.*?)_({'|'.join(sorted(_UNITS, key=len, reverse=True))})")
# The start of a name and the ending -> metric, where they do not simply follow each other.
_NAMES: Final[dict[str, str]] = {
    "battery_voltage_v": "battery_v",
    "gust_speed_ms": "wind_gust_ms",
    "light_illuminance_lux": "illuminance_lux",
    "pm10_0_ug_m3": "pm10_ug_m3",
    "pm1_0_ug_m3": "pm1_ug_m3",
    "pm2_5_ug_m3": "pm25_ug_m3",
    "pm4_0_ug_m3": "pm4_ug_m3",
    "setpoint_temperature_c": "setpoint_temperature_c",
    "storm_dist_km": "storm_distance_km",
    "wind_avg_ms": "wind_speed_ms",
    "wind_dir_direction": "wind_direction",
    "wind_max_ms": "wind_gust_ms",
    "wind_speed_ms": "wind_speed_ms",
}
_PLAIN: Final[dict[str, str]] = {
    "humidity": "humidity_percent",
    "moisture": "moisture_percent",
    "power_va": "apparent_power_va",
    "rssi": "signal_level_db",
    "snr": "snr_db",
    "uv": "uv_index",
    "uvi": "uv_index",
    "volts": "voltage_v",
}
_FLAGS: Final[dict[str, str]] = {
    "contact_open": "door_open",
    "detect_wet": "water_leak_detected",
    "leak": "water_leak_detected",
    "motion": "motion",
    "opened": "door_open",
    "reed_open": "door_open",
    "tamper": "tamper_detected",
}
_NUMBERED: Final = re.compile(r"(humidity|moisture)_(\d)")
_PART: Final = re.compile(r"(temperature|pressure|current|voltage|power|energy|illuminance)(?:_(.+))?")
_MAX_ID: Final = 64


def read(_kind: str, found: Mapping[str, Any]) -> Found:
    """Return the message of an event; none for one without a reading."""
    message = read_event(found)
    if message is not None:
        yield device_id(found), message


def read_event(found: Mapping[str, Any]) -> Message | None:
    """Return the readings of an event; None where it has none."""
    message = Message({}, original=dict(found), device_type=KEY)
    if (local := parse_local_time(found.get("time"))) is not None:
        message.local_time = local
    else:
        message.ts = parse_time(found.get("time"))
    add_info(message, found, {"model": "model"})
    for name, value in found.items():
        # Next to the index, `uv` is what the sensor measured.
        if name not in _IGNORED and not isinstance(value, dict | list) and not (name == "uv" and "uvi" in found):
            _read(message, name, value)
    known = {key for key, value in message.metrics.items() if value is not None} - {"signal_level_db", "snr_db"}
    return message if known or message.rejected else None


def device_id(found: Mapping[str, Any]) -> str:
    """Return what identifies a sensor: model, subtype, channel and ID, as rtl_433 names its topics."""
    parts = (found.get(name) for name in ("model", "subtype", "channel", "id"))
    text = "-".join(str(part) for part in parts if isinstance(part, str | int) and not isinstance(part, bool))
    return re.sub(r"[/#+\s]+", "_", text)[:_MAX_ID] or "unknown"


def _read(message: Message, name: str, value: Any) -> None:
    lower = name.casefold()
    if lower == "battery_ok":
        _read_battery(message, value)
    elif lower == "battery" and isinstance(value, str):
        # Before version 19.08.
        message.metrics["battery_low"] = {"ok": False, "low": True}.get(value.strip().casefold())
    elif lower in _FLAGS:
        # A door with two contacts is open if one of them is.
        if message.metrics.get(_FLAGS[lower]) is not True:
            add(message, _FLAGS[lower], value)
    elif lower in _PLAIN:
        add(message, _PLAIN[lower], value)
    elif (numbered := _NUMBERED.fullmatch(lower)) is not None:
        add(message, f"sensor_{numbered[2]}_{numbered[1]}_percent", value)
    else:
        key, unit = metric_of(lower)
        add(message, key, value, unit)


def _read_battery(message: Message, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        add(message, "battery_low", {True: False, False: True}.get(value) if isinstance(value, bool) else "bad")
    elif value in (0, 1):
        message.metrics["battery_low"] = value == 0
    else:
        message.metrics["battery_percent"] = round(value * 100, 1)


def metric_of(name: str) -> tuple[str, str | None]:
    """Return the metric and the unit of a name that ends with its unit, in lower case."""
    if (found := _ENDING.fullmatch(name)) is None or not found[1]:
        return name, None
    unit, ending = _UNITS[found[2]]
    head = found[1]
    if (known := _NAMES.get(f"{head}_{ending}")) is not None:
        return known, unit
    quantity = ending.split("_")[0]
    if (part := _PART.fullmatch(head)) is not None and part[1] == quantity:
        # temperature_2_C is that of the second sensor.
        return (f"sensor_{part[2]}_{ending}" if part[2] else ending), unit
    return f"{head}_{ending}", unit


def _forms(levels: Levels) -> tuple[Form, ...]:
    body = levels[:-1] if levels[-1] in {_EVENTS, "+", "#"} else levels
    return (
        Form((*body, _EVENTS), Channel.DATA),
        Form((*body, "availability"), Channel.GATEWAY),
    )


register(
    DeviceType(
        key=KEY,
        metrics=(
            Metric("radiation_w_m2", "irradiance", "W/m²", decimals=0),
            Metric("rain_rate_mm_h", "precipitation_intensity", "mm/h", decimals=1),
            Metric("signal_level_db", None, "dB", decimals=1, diagnostic=True, enabled=False),
            Metric("storm_distance_km", "distance", "km", decimals=0),
            Metric("uv_index", decimals=1),
            Metric("wind_direction", "wind_direction", "°", decimals=0),
            Metric("wind_gust_ms", "wind_speed", "m/s", decimals=1),
        ),
        accepts_commands=False,
        # Sensors with a battery send every few minutes, some only on change.
        timeout_s=3 * 3600,
        reports_losses=False,
    )
)

register_dialect(
    Dialect(
        key=KEY,
        recognizes=lambda levels: KEY in levels and levels[-1] in {_EVENTS, "+", "#"},
        body=lambda levels: levels[:-1] if levels[-1] in {_EVENTS, "+", "#"} else levels,
        forms=_forms,
        read=read,
        words=frozenset({_EVENTS, KEY}),
        system=KEY,
        is_fixed=True,
    )
)
