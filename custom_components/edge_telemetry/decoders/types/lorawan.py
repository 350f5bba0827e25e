"""LoRaWAN devices, as The Things Stack (v3) and ChirpStack (v4) publish their messages over MQTT.

Facts: thethingsindustries.com/docs (topic `v3/<application>/devices/<device>/up`, the normalized payload and its units)
and chirpstack.io/docs (topic `application/<application>/device/<device>/event/up`). The values are those that the
payload formatter of the device decodes; without one, only the reception is known.
"""

from collections.abc import Iterable, Mapping
import re
from typing import Any, Final

from ..device_types import DeviceType, register
from ..message import Message, is_number
from ..reading import add, add_info, is_placeholder, leaves, split_unit
from ..timestamps import parse_time

KEY: Final = "lorawan"

# Names that payload formatters use -> metric and unit. A number at the end is a channel, a word is that of a probe.
_NAMES: Final[dict[str, tuple[str, str | None]]] = {
    "temp": ("temperature_c", "°C"),
    "tempc": ("temperature_c", "°C"),
    "temperature": ("temperature_c", "°C"),
    "hum": ("humidity_percent", "%"),
    "humidity": ("humidity_percent", "%"),
    "relative_humidity": ("humidity_percent", "%"),
    "relativehumidity": ("humidity_percent", "%"),
    "pressure": ("pressure_hpa", "hPa"),
    "barometric_pressure": ("pressure_hpa", "hPa"),
    "bat_v": ("battery_v", "V"),
    "batv": ("battery_v", "V"),
    "battery_voltage": ("battery_v", "V"),
    "vbat": ("battery_v", "V"),
    "lightintensity": ("illuminance_lux", "lx"),
    "luminosity": ("illuminance_lux", "lx"),
    "illuminance": ("illuminance_lux", "lx"),
    "co2": ("co2_ppm", "ppm"),
    "moisture": ("moisture_percent", "%"),
    "soil_moisture": ("moisture_percent", "%"),
    "power": ("power_w", "W"),
    "energy": ("energy_kwh", "kWh"),
    "leak": ("water_leak_detected", None),
}
_PART: Final = re.compile(r"(?P<name>[a-z0-9_]*?[a-z0-9])_(?P<part>\d{1,3}|[a-z][a-z0-9]{0,15})")
_BATTERY: Final = frozenset({"bat", "batt", "battery", "battery_level"})
_BATTERY_V: Final = 5.0
"""A battery above this is in percent, one up to it in V. From 1 to it, a whole number can be both: 3 % or 3 V."""


def is_message(found: Mapping[str, Any]) -> bool:
    """Return whether an object is a message of a LoRaWAN network server."""
    return isinstance(found.get("end_device_ids"), dict) or isinstance(found.get("deviceInfo"), dict)


def decode(found: Mapping[str, Any]) -> Message:
    """Decode an uplink. Other messages, such as joins, contain no values."""
    message = Message({}, original=dict(found), device_type=KEY)
    if "end_device_ids" in found:
        _read_things_stack(message, found)
    else:
        _read_chirpstack(message, found)
    return message


def _read_things_stack(message: Message, found: Mapping[str, Any]) -> None:
    message.ts = parse_time(found.get("received_at"))
    uplink = found.get("uplink_message")
    if not isinstance(uplink, dict):
        return
    message.seq = _count(uplink.get("f_cnt", 0))  # a zero is not in the message
    _read_reception(message, uplink.get("rx_metadata"))
    _read_values(message, uplink.get("decoded_payload"))
    normalized = uplink.get("normalized_payload")
    for part in normalized if isinstance(normalized, list) else [normalized]:
        for group in part.values() if isinstance(part, dict) else ():
            _read_values(message, group)
    # The answer to the server's question; what the device itself sends in its payload is newer.
    if isinstance(battery := uplink.get("last_battery_percentage"), dict):
        message.metrics.setdefault("battery_percent", None)
        if message.metrics["battery_percent"] is None:
            add(message, "battery_percent", battery.get("value", 0), "%")  # a zero is not in the message


def _read_chirpstack(message: Message, found: Mapping[str, Any]) -> None:
    message.ts = parse_time(found.get("time"))
    message.seq = _count(found.get("fCnt"))
    add_info(message, found["deviceInfo"], {"deviceName": "name", "deviceProfileName": "model"})
    _read_reception(message, found.get("rxInfo"))
    _read_values(message, found.get("object"))
    # A server that does not know the battery reports nothing of it: the device may in its payload.
    is_known = found.get("batteryLevelUnavailable") is not True and found.get("externalPowerSource") is not True
    if "batteryLevel" in found and is_known:
        add(message, "battery_percent", found["batteryLevel"], "%")


def _read_reception(message: Message, gateways: Any) -> None:
    """Read the signal at the gateway that received the message best."""
    received = [item for item in gateways if isinstance(item, dict)] if isinstance(gateways, list) else []
    for name, key in (("rssi", "rssi"), ("snr", "snr_db")):
        if values := [item[name] for item in received if is_number(item.get(name))]:
            add(message, key, max(values))


def _read_values(message: Message, payload: Any) -> None:
    for name, value, unit in _leaves(payload):
        lower = name.casefold()
        key, own = _metric(lower)
        if lower in _BATTERY and unit is not None:
            key, own = ("battery_percent", "%") if unit == "%" else ("battery_v", "V")
        elif lower in _BATTERY and is_number(value):
            is_small = 0 < value <= _BATTERY_V
            if is_small and value == int(value):
                continue
            key, own = ("battery_v", "V") if is_small else ("battery_percent", "%")
        add(message, key, value, unit or (own if not isinstance(value, str) else None))


def _leaves(payload: Any) -> Iterable[tuple[str, Any, Any]]:
    """Yield name, value and unit; formatters also write a number as a text with its unit, and no value as a word."""
    for name, value in payload.items() if isinstance(payload, dict) else ():
        for inner, leaf, unit in leaves(name, value):
            if unit is None and isinstance(leaf, str):
                number, its_unit = split_unit(leaf)
                if its_unit is not None:
                    yield inner, float(number.replace(",", ".")), its_unit
                    continue
                leaf = None if is_placeholder(leaf) else leaf  # noqa: PLW2901
            yield inner, leaf, unit


def _metric(name: str) -> tuple[str, str | None]:
    """Return metric and unit of a name: `temperature_2` -> `sensor_2_temperature_c`, `tempc_sht` with `sht_`."""
    if (known := _NAMES.get(name)) is not None:
        return known
    if (found := _PART.fullmatch(name)) is not None and (known := _NAMES.get(found["name"])) is not None:
        part = f"sensor_{found['part']}" if found["part"].isdigit() else found["part"]
        return f"{part}_{known[0]}", known[1]
    return name, None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


register(
    DeviceType(
        key=KEY,
        is_message=is_message,
        decode=decode,
        accepts_commands=False,
        # Many devices report once or twice a day.
        timeout_s=25 * 3600,
    )
)
