"""Tasmota: sensors, energy meters and relays (`tele/<device>/SENSOR`, `STATE`, `LWT`).

Facts: tasmota.github.io/docs (MQTT, Peripherals, Commands SetOption) and recorded messages (docs/edge_telemetry.md).
`Time` is the device's local time without a zone. Units are stated for the whole message: TempUnit, PressureUnit,
SpeedUnit; the others are fixed. A value per phase is a list.
"""

from collections.abc import Iterator, Mapping
import re
from typing import Any, Final

from ..device_types import DeviceType, register
from ..dialects import Channel, Dialect, Form, Found, Levels, register_dialect
from ..errors import Reason
from ..message import Message, is_number
from ..metrics import Kind, Metric
from ..reading import add, add_info
from ..timestamps import parse_local_time, parse_time

KEY: Final = "tasmota"
ZIGBEE: Final = "tasmota_zigbee"

_ENERGY_ALONE: Final = "ENERGY"
"""Firmware before 5.11 publishes what is the member `ENERGY` of `SENSOR` today."""
_DATA: Final = ("SENSOR", "STATE", _ENERGY_ALONE)
_ENDINGS: Final = frozenset({*_DATA, "LWT", "INFO1"})
_RESULT: Final = "RESULT"

# Settings of the message, and what only the archive keeps.
_IGNORED: Final = frozenset(
    {"Berry", "Color", "Ethernet", "FallbackTopic", "HSBColor", "Hostname", "IPAddress", "LedTable", "POWERONSTATE",
     "PressureUnit", "Scheme", "Sleep", "SleepMode", "SpeedUnit", "TempUnit", "Time", "TotalStartTime", "Uptime",
     "Zigbee"}
)  # fmt: skip

# Name -> metric and factor. A number at the end of a name (Temperature1) is the number of the sensor.
_LEAVES: Final[dict[str, tuple[str, float]]] = {
    "CarbonDioxide": ("co2_ppm", 1.0),
    "DewPoint": ("dew_point_c", 1.0),
    "Dimmer": ("dimmer_percent", 1.0),
    "Distance": ("distance_cm", 1.0),
    "Heap": ("heap_bytes", 1024),
    "Humidity": ("humidity_percent", 1.0),
    "Illuminance": ("illuminance_lux", 1.0),
    "LinkQuality": ("link_quality", 1.0),
    "BatteryPercentage": ("battery_percent", 1.0),
    "BatteryVoltage": ("battery_v", 1.0),
    "Moisture": ("moisture_percent", 1.0),
    "MqttCount": ("mqtt_connections", 1.0),
    "PM1": ("pm1_ug_m3", 1.0),
    "PM10": ("pm10_ug_m3", 1.0),
    "PM2.5": ("pm25_ug_m3", 1.0),
    "Pressure": ("pressure_hpa", 1.0),
    "SeaPressure": ("sea_level_pressure_hpa", 1.0),
    "TVOC": ("tvoc_ppb", 1.0),
    "Temperature": ("temperature_c", 1.0),
    "UptimeSec": ("uptime_s", 1.0),
    "Vcc": ("supply_voltage_v", 1.0),
    "Weight": ("weight_kg", 1.0),
    "aHumidity": ("absolute_humidity_g_m3", 1.0),
    "eCO2": ("equivalent_co2_ppm", 1.0),
}
_ENERGY: Final[dict[str, str]] = {
    "ApparentPower": "apparent_power_va",
    "Current": "current_a",
    "CurrentNeutral": "neutral_current_a",
    "ExportActive": "export_energy_kwh",
    "Factor": "power_factor",
    "Frequency": "frequency_hz",
    "ImportActive": "import_energy_kwh",
    "Period": "energy_period_wh",
    "PhaseAngle": "phase_angle",
    "Power": "power_w",
    "ReactivePower": "reactive_power_var",
    "Today": "energy_today_kwh",
    "Total": "energy_kwh",
    "Voltage": "voltage_v",
    "Yesterday": "energy_yesterday_kwh",
}
_ENERGY_UNITS: Final = {"ExportReactive": "kvarh", "ImportReactive": "kvarh"}
# Values of the phases that add up.
_SUMS: Final = frozenset({"ApparentPower", "ExportActive", "ImportActive", "Power", "ReactivePower", "Today", "Total"})
# Names that scripts of the Smart Meter Interface give to the values of an electricity meter, in lower case.
_METER_ENERGY: Final = re.compile(
    r"(?:total|energy|e)_?(?:in|out)(?:_?t?\d)?|(?:total|sum)_(?:import|export)|bezug|einspeisung|(?:export_)?total_kwh|(?:1|2)_8_\d(?:_\d)?"
)
_METER_UNITS: Final = (
    (_METER_ENERGY, "kWh"),
    (re.compile(r"p|(?:power|watt)(?:_(?:cur|curr|current|total|sum|in|out))?|(?:power|p)_?[pl]?[1-3]|16_7_0"), "W"),
    (re.compile(r"(?:volt|voltage|u)_?[pl]?[1-3]"), "V"),
    (re.compile(r"(?:amp|amps|amperage|current|i)_?[pl]?[1-3]"), "A"),
    (re.compile(r"hz|freq|frequency"), "Hz"),
)
_LEAF_UNITS: Final = {"Battery": "%", "Gas": "kΩ", "CF1": "μg/m³", "CF10": "μg/m³", "CF2.5": "μg/m³"}
# Sensors of a direct current or a battery, and the units of their values.
_DIRECT_CURRENT: Final = re.compile(r"(?:INA|MAX170|LC709|AXP|BQ27)\w*")
_DIRECT_CURRENT_UNITS: Final = {"ChargePercent": "%", "Current": "A", "Power": "W", "Voltage": "V"}
_WIFI: Final[dict[str, str]] = {"RSSI": "wifi_quality_percent", "Signal": "rssi", "LinkCount": "wifi_connections"}

# What a message states about its units -> the unit of a leaf.
_UNIT_OF: Final = {
    "DewPoint": "TempUnit",
    "Pressure": "PressureUnit",
    "SeaPressure": "PressureUnit",
    "Temperature": "TempUnit",
}
_RELAY: Final = re.compile(r"POWER(\d*)")
_NUMBERED: Final = re.compile(r"([A-Za-z]+)(\d+)")
_UPTIME: Final = re.compile(r"(\d+)T(\d+):(\d\d):(\d\d)")


def read(kind: str, found: Mapping[str, Any]) -> Found:
    """Return the messages of the device, and of the Zigbee devices behind it."""
    if kind == "INFO1":
        yield None, _read_info(found)
        return
    message = _message(found)
    if kind == _ENERGY_ALONE:
        found = {_ENERGY_ALONE: found}
    for name, value in found.items():
        if (relay := _RELAY.fullmatch(name)) is not None:
            add(message, f"channel_{relay[1]}_output_on" if relay[1] else "output_on", _as_flag(value))
        elif name == "ZbReceived" and isinstance(value, dict):
            yield from _read_zigbee(found, value)
        elif (
            kind != _RESULT and name not in _IGNORED
        ):  # an answer to a command reports settings: only relays are states
            _read_member(message, name, value, found)
    if "uptime_s" not in message.metrics and (seconds := _duration(found.get("Uptime"))) is not None:
        message.metrics["uptime_s"] = seconds
    if message.metrics or message.rejected:
        yield None, message


def _read_member(message: Message, name: str, value: Any, found: Mapping[str, Any]) -> None:
    if isinstance(value, dict):
        if name == "ENERGY":
            _read_energy(message, value)
        elif name == "Wifi":
            _read_wifi(message, value)
        else:
            _read_sensor(message, name, value, found)
    elif not isinstance(value, list):
        _read_leaf(message, "", name, value, found)


def _message(found: Mapping[str, Any]) -> Message:
    message = Message({}, original=found, device_type=KEY)
    if (local := parse_local_time(found.get("Time"))) is not None:
        message.local_time = local
    else:
        message.ts = parse_time(found.get("Time"))
    return message


def _read_info(found: Mapping[str, Any]) -> Message:
    inner = found.get("Info1", found)
    message = Message({}, original=found, device_type=KEY)
    if isinstance(inner, dict):
        add_info(message, inner, {"Module": "model", "Version": "sw_version"})
    return message


def _read_energy(message: Message, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name in _IGNORED:
            continue
        key, unit = _ENERGY.get(name) or f"energy_{name}", _ENERGY_UNITS.get(name)
        if not isinstance(value, list):
            add(message, key, value, unit)
            continue
        for phase, part in enumerate(value, 1):
            if not isinstance(part, dict | list):
                add(message, f"l{phase}_{key}", part, unit)
        if name in _SUMS:
            message.metrics[key] = _sum(value)


def _sum(values: list[Any]) -> float | None:
    """Return a sum; unknown where a part is missing."""
    numbers = [value for value in values if is_number(value)]
    return round(sum(numbers), 6) if numbers and len(numbers) == len(values) else None


def _read_wifi(message: Message, values: Mapping[str, Any]) -> None:
    for name, key in _WIFI.items():
        if name in values:
            add(message, key, values[name])
    if (seconds := _duration(values.get("Downtime"))) is not None:
        message.metrics["wifi_downtime_s"] = seconds


def _read_sensor(message: Message, name: str, values: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Read the values of a sensor: it is known by its ID, since numbers change when another one is connected."""
    id_ = values.get("Id")
    part = f"{name.partition('-')[0]}_{id_}_" if isinstance(id_, str) and id_ else f"{name}_"
    is_meter = any(_METER_ENERGY.fullmatch(leaf.lower()) for leaf in values)
    for leaf, value in values.items():
        if is_meter and (unit := _meter_unit(leaf, value)) is not None:
            add(message, f"{part}{leaf}", value, unit)
        elif leaf in _DIRECT_CURRENT_UNITS and _DIRECT_CURRENT.fullmatch(name.partition("-")[0]):
            for channel, each in enumerate(value if isinstance(value, list) else [value], 1):
                number = f"{channel}_" if isinstance(value, list) else ""
                add(message, f"{part}{number}{leaf}", each, _DIRECT_CURRENT_UNITS[leaf])
        elif leaf == "Distance" and name.startswith("VL53"):
            add(message, f"{part}distance_mm", value)
        elif leaf != "Id" and not isinstance(value, dict | list):
            _read_leaf(message, part, leaf, value, found)


def _meter_unit(leaf: str, value: Any) -> str | None:
    """Return the unit of a meter's value; None for what is not a value or has another name."""
    if isinstance(value, str | bool | dict | list):
        return None
    return next((unit for names, unit in _METER_UNITS if names.fullmatch(leaf.lower())), None)


def _read_leaf(message: Message, part: str, name: str, value: Any, found: Mapping[str, Any]) -> None:
    if name not in _LEAVES and (numbered := _NUMBERED.fullmatch(name)) is not None and numbered[1] in _LEAVES:
        name, part = numbered[1], f"{part}{numbered[2]}_"
    if (known := _LEAVES.get(name)) is None:
        add(message, f"{part}{name}", _as_flag(value), None if isinstance(value, str) else _LEAF_UNITS.get(name))
        return
    key, factor = known
    if factor != 1 and is_number(value):
        value *= factor
    add(message, f"{part}{key}", value, _unit(name, found))


def _unit(name: str, found: Mapping[str, Any]) -> Any:
    unit = found.get(_UNIT_OF[name]) if name in _UNIT_OF else None
    return unit if isinstance(unit, str) else None


def _as_flag(value: Any) -> Any:
    """Return ON and OFF, as switches report them, as an on/off value."""
    return {"ON": True, "OFF": False}.get(value, value) if isinstance(value, str) else value


def _duration(value: Any) -> int | None:
    """Return the seconds of `27T00:20:09`; None for anything else."""
    found = _UPTIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    days, hours, minutes, seconds = map(int, found.groups())
    return days * 86_400 + hours * 3600 + minutes * 60 + seconds


def _read_zigbee(found: Mapping[str, Any], devices: Mapping[str, Any]) -> Iterator[tuple[str, Message]]:
    """Return the messages of Zigbee devices that a Tasmota bridge relays."""
    for address, values in devices.items():
        if not isinstance(values, dict):
            continue
        message = _message(found)
        message.original, message.device_type = values, ZIGBEE
        for name, value in values.items():
            if name not in {"Device", "Endpoint", "Group", "IEEEAddr", "ModelId", "Manufacturer", "Name"}:
                if isinstance(value, dict | list):
                    message.rejected[name[:64]] = Reason.BAD_VALUE
                elif name == "Occupancy" and value in (0, 1):
                    add(message, "occupancy_detected", bool(value))
                else:
                    _read_leaf(message, "", name, value, found)
        if message.metrics:
            name = values.get("Name")
            yield name if isinstance(name, str) and name else address, message


def _recognizes(levels: Levels) -> bool:
    return len(levels) > 1 and (levels[-1] in _ENDINGS or ("tele" in levels and levels[-1] == "+"))


def _forms(levels: Levels) -> tuple[Form, ...]:
    body = levels[:-1]
    data = tuple(Form((*body, kind), Channel.DATA, kind) for kind in (*_DATA, "INFO1"))
    forms = (*data, Form((*body, "LWT"), Channel.AVAILABILITY))
    if "tele" not in body:
        return forms
    answers = tuple("stat" if level == "tele" else level for level in body)
    return (*forms, Form((*answers, _RESULT), Channel.DATA, _RESULT))


TASMOTA: Final = register(
    DeviceType(
        key=KEY,
        manufacturer="Tasmota",
        metrics=(
            Metric("apparent_power_va", "apparent_power", "VA", decimals=0),
            Metric("dimmer_percent", None, "%", decimals=0),
            Metric("energy_period_wh", "energy", "Wh", Kind.PERIOD, decimals=0, enabled=False),
            Metric("energy_today_kwh", "energy", "kWh", Kind.TOTAL, decimals=2),
            Metric("energy_yesterday_kwh", "energy", "kWh", Kind.PERIOD, decimals=2),
            Metric("link_quality", None, "lqi", decimals=0, diagnostic=True),
            Metric("output_on", "power", kind=Kind.FLAG),
            Metric("phase_angle", None, "°", decimals=0, diagnostic=True),
            Metric("power_factor", "power_factor", decimals=2),
            Metric("reactive_power_var", "reactive_power", "var", decimals=0),
            Metric("tvoc_ppb", "volatile_organic_compounds_parts", "ppb", decimals=0),
            Metric("wifi_quality_percent", None, "%", decimals=0, diagnostic=True),
        ),
        accepts_commands=False,
        trusts_availability=True,
    )
)

register(
    # Devices behind a Zigbee bridge report on change.
    DeviceType(key=ZIGBEE, accepts_commands=False, timeout_s=25 * 3600)
)

register_dialect(
    Dialect(
        key=KEY,
        recognizes=_recognizes,
        body=lambda levels: levels[:-1],
        forms=_forms,
        read=read,
        words=frozenset({"tele", "stat", "cmnd"}),
        system=KEY,
    )
)
