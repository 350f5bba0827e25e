"""ESPurna: one value per topic (`<root>/temperature`), or all in one object (`<root>/data`).

Facts: github.com/xoseperez/espurna: the wiki (MQTT), the names of all magnitudes (code/espurna/config/progmem.h) and
recorded messages (docs/edge_telemetry.md). Numbers may be text. `status` is the last will: 1 or 0. Units are settings
of the device that it does not publish: those of `energy` are J or kWh as often, so it has none here until one is set in
the options; power is in W and temperature in °C unless the user chose kW or °F. Use `espurna: {device_id}` as the
pattern.
"""

import re
from typing import Any, Final

from ..device_types import DeviceType, register
from ..dialects import Channel, Dialect, Form, Found, Levels, register_dialect
from ..message import Message
from ..metrics import Metric
from ..reading import MAX_TEXT, add

KEY: Final = "espurna"

_DATA: Final = "data"
_MAGNITUDES: Final[dict[str, str]] = {
    "apparent": "apparent_power_va",
    "co": "co_ppm",
    "co2": "co2_ppm",
    "current": "current_a",
    "distance": "distance_m",
    "energy": "energy_counter",
    "factor": "power_factor_percent",
    "freeheap": "heap_bytes",
    "frequency": "frequency_hz",
    "hcho": "formaldehyde_ppm",
    "humidity": "humidity_percent",
    "ldr_cpm": "radiation_cpm",
    "ldr_uSvh": "radiation_usv_h",
    "lux": "illuminance_lux",
    "no2": "no2_ppm",
    "ph": "ph",
    "pm10": "pm10_ug_m3",
    "pm1dot0": "pm1_ug_m3",
    "pm2dot5": "pm25_ug_m3",
    "power": "power_w",
    "pressure": "pressure_hpa",
    "reactive": "reactive_power_var",
    "resistance": "resistance_ohm",
    "rssi": "rssi",
    "temperature": "temperature_c",
    "uptime": "uptime_s",
    "uvi": "uv_index",
    "vcc": "supply_voltage_mv",
    "voltage": "voltage_v",
}
_INFO: Final = {"board": "model", "version": "sw_version"}
# What is not a reading; "energy_delta" is part of the total.
_OTHER: Final = frozenset(
    {"app", "build", "datetime", "desc", "heartbeat", "host", "id", "interval", "ip", "loadavg", "mac", "ssid",
     "status", "time", "timestamp", "energy_delta"}
)  # fmt: skip
_RELAY: Final = re.compile(r"relay/(\d+)")
_NUMBERED: Final = re.compile(r"([A-Za-z0-9_]+)[/_](\d+)")


def read(kind: str, found: Any) -> Found:
    """Return the message of a device."""
    message = Message({}, original={kind: found}, device_type=KEY)
    if isinstance(found, dict):
        for name, value in found.items():
            _read(message, name.replace("relay", "relay/") if re.fullmatch(r"relay\d+", name) else name, value)
    else:
        _read(message, kind, found)
    if message.metrics or message.rejected or message.info:
        yield None, message


def _read(message: Message, kind: str, value: Any) -> None:
    if isinstance(value, dict | list) or kind in _OTHER:
        return
    if (meaning := _INFO.get(kind)) is not None:
        message.info[meaning] = str(value)[:MAX_TEXT]
    elif (relay := _RELAY.fullmatch(kind)) is not None:
        if (is_on := {"0": False, "1": True}.get(str(value))) is not None:
            add(message, f"channel_{relay[1]}_output_on", is_on)
    elif (key := _MAGNITUDES.get(kind)) is not None:
        _add(message, key, value)
    elif (numbered := _NUMBERED.fullmatch(kind)) is not None and numbered[1] in _MAGNITUDES:
        _add(message, f"sensor_{numbered[2]}_{_MAGNITUDES[numbered[1]]}", value)
    elif "/" not in kind:
        _add(message, kind, value)


def _add(message: Message, key: str, value: Any) -> None:
    """Add a value; a number may be a text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            if key.partition("_")[0] != "sensor" and key not in _MAGNITUDES.values():
                return
    add(message, key, value)


def _body(levels: Levels) -> Levels:
    """Return the levels of the root: up to the placeholder of the device, or the name that a device has at first."""
    for index, level in enumerate(levels):
        if level in {"{device_id}", "{device}"} or level.casefold().startswith(f"{KEY}-"):
            return levels[: index + 1]
    return levels[:-1] if levels[-1] in {_DATA, "#"} and len(levels) > 1 else levels


def _ignores(levels: list[str]) -> bool:
    """Commands, and the last will."""
    return levels[-1] in {"set", "status"} or "set" in levels


register(
    DeviceType(
        key=KEY,
        manufacturer="ESPurna",
        metrics=(
            Metric("power_factor_percent", "power_factor", "%", decimals=0),
            Metric("radiation_usv_h", None, "μSv/h", decimals=2),
            Metric("resistance_ohm", None, "Ω", decimals=0),
        ),
        accepts_commands=False,
        trusts_availability=True,
    )
)


def _forms(levels: Levels) -> tuple[Form, ...]:
    body = _body(levels)
    return Form((*body, "#"), Channel.DATA, None), Form((*body, "status"), Channel.AVAILABILITY)


register_dialect(
    Dialect(
        key=KEY,
        recognizes=lambda levels: any(level.casefold().startswith(KEY) for level in levels),
        body=_body,
        forms=_forms,
        read=read,
        system=KEY,
        scalars=True,
        ignores=_ignores,
    )
)
