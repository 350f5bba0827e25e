"""Victron Venus OS (GX devices): one value of a D-Bus path per topic (`N/<portal>/<service>/<instance>/<path>`).

Facts: README of victronenergy/dbus-flashmq (topics, keep-alive, values that disappear) and the D-Bus paths of
github.com/victronenergy/venus/wiki/dbus. Nothing is published without a request every minute: the integration sends one
every 30 seconds. A value that the device does not have is null; an empty message means that the device is offline.
"""

from collections.abc import Mapping
import re
from typing import Any, Final

from ..device_types import DeviceType, register
from ..dialects import Channel, Dialect, Form, Found, Levels, register_dialect
from ..message import Message
from ..metrics import Kind, Metric
from ..reading import MAX_TEXT, add

KEY: Final = "victron"

_NOTIFY: Final = "N"
_REQUEST: Final = "R"
_DEPTH: Final = 4
KEEPALIVE_TIMEOUT_S: Final = 300.0
"""All values are published again every two minutes: without any for that long, the device does not answer."""

# Whole paths -> metric.
_PATHS: Final[dict[str, str]] = {
    "Capacity": "capacity_ah",
    "ConsumedAmphours": "consumed_ah",
    "DailyYield": "yield_today_kwh",
    "Dc/Battery/ConsumedAmphours": "consumed_ah",
    "Dc/Battery/Current": "battery_current_a",
    "Dc/Battery/Power": "battery_power_w",
    "Dc/Battery/Soc": "soc_percent",
    "Dc/Battery/TimeToGo": "time_to_go_s",
    "Dc/Battery/Voltage": "battery_voltage_v",
    "Dc/Pv/Current": "solar_current_a",
    "Dc/Pv/Power": "solar_power_w",
    "Dc/System/Power": "dc_load_power_w",
    "Ac/ActiveIn/Connected": "grid_connected",
    "History/Daily/0/Yield": "yield_today_kwh",
    "History/Daily/1/Yield": "yield_yesterday_kwh",
    "History/ChargedEnergy": "charged_energy_kwh",
    "History/DischargedEnergy": "discharged_energy_kwh",
    "History/EnergyIn": "input_energy_kwh",
    "History/EnergyOut": "output_energy_kwh",
    "History/TotalAhDrawn": "total_drawn_ah",
    "Humidity": "humidity_percent",
    "Info/BatteryLowVoltage": "low_limit_voltage_v",
    "Info/MaxChargeCurrent": "charge_limit_current_a",
    "Info/MaxChargeVoltage": "charge_limit_voltage_v",
    "Info/MaxDischargeCurrent": "discharge_limit_current_a",
    "InstalledCapacity": "installed_capacity_ah",
    "Irradiance": "radiation_w_m2",
    "Level": "level_percent",
    "Position/Latitude": "latitude",
    "Position/Longitude": "longitude",
    "Altitude": "altitude_m",
    "Speed": "speed_ms",
    "Pressure": "pressure_hpa",
    "Remaining": "remaining_m3",
    "Runtime": "runtime_s",
    "Pv/I": "solar_current_a",
    "Pv/V": "solar_voltage_v",
    "Soc": "soc_percent",
    "Soh": "health_percent",
    "State": "state_code",
    "Mode": "mode_code",
    "ErrorCode": "error_code",
    "Load/State": "load_output_on",
    "System/MaxCellTemperature": "maximum_cell_temperature_c",
    "System/MaxCellVoltage": "maximum_cell_voltage_v",
    "System/MinCellTemperature": "minimum_cell_temperature_c",
    "System/MinCellVoltage": "minimum_cell_voltage_v",
    "Temperature": "temperature_c",
    "TimeToGo": "time_to_go_s",
    "Yield/Power": "solar_power_w",
    "Yield/System": "yield_kwh",
    "Yield/User": "yield_since_reset_kwh",
    "Energy/InverterToAcOut": "inverter_to_output_energy_kwh",
    "Energy/AcIn1ToAcOut": "input_to_output_energy_kwh",
    "Energy/AcIn1ToInverter": "input_to_battery_energy_kwh",
    "Energy/AcIn2ToAcOut": "input_2_to_output_energy_kwh",
    "Energy/AcIn2ToInverter": "input_2_to_battery_energy_kwh",
    "Energy/AcOutToAcIn1": "output_to_input_energy_kwh",
    "Energy/InverterToAcIn1": "inverter_to_input_energy_kwh",
    "Energy/OutToInverter": "output_to_battery_energy_kwh",
    "Energy/SolarToAcIn1": "solar_to_input_energy_kwh",
    "Energy/SolarToAcOut": "solar_to_output_energy_kwh",
    "Energy/SolarToBattery": "solar_to_battery_energy_kwh",
    "WindSpeed": "wind_speed_ms",
}
# The last level of a path -> what the name of the metric ends with.
_ENDINGS: Final[dict[str, str]] = {
    "Current": "current_a",
    "Energy/Forward": "energy_kwh",
    "Energy/Reverse": "returned_energy_kwh",
    "F": "frequency_hz",
    "Frequency": "frequency_hz",
    "I": "current_a",
    "P": "power_w",
    "Power": "power_w",
    "S": "apparent_power_va",
    "Temperature": "temperature_c",
    "V": "voltage_v",
    "Voltage": "voltage_v",
}
# The levels before it -> the start of the name; "" adds nothing.
_PARTS: Final[dict[str, str]] = {
    "Ac": "",
    "ActiveIn": "input",
    "Battery": "battery",
    "Consumption": "consumption",
    "ConsumptionOnInput": "input_consumption",
    "ConsumptionOnOutput": "output_consumption",
    "Dc": "dc",
    "Genset": "generator",
    "Grid": "grid",
    "In": "input",
    "L1": "l1",
    "L2": "l2",
    "L3": "l3",
    "Load": "load",
    "Out": "output",
    "Pv": "solar",
    "PvOnGenset": "solar_on_generator",
    "PvOnGrid": "solar_on_grid",
    "PvOnOutput": "solar_on_output",
    "System": "system",
    "Total": "",
}
_TANK: Final = {"Capacity": "capacity_m3"}
"""Paths that mean something else at a tank."""
_UNITS: Final = {
    "capacity_m3": "m³",
    "capacity_ah": "Ah",
    "consumed_ah": "Ah",
    "installed_capacity_ah": "Ah",
    "remaining_m3": "m³",
    "speed_ms": "m/s",
    "total_drawn_ah": "Ah",
}
_FLAGS: Final = frozenset({"grid_connected", "load_output_on"})
_NUMBER: Final = re.compile(r"\d+")
_NAMES: Final = {"CustomName": "name", "ProductName": "model", "FirmwareVersion": "sw_version"}


def metric_of(path: str) -> str | None:
    """Return the metric of a D-Bus path; None for one that is a setting, or that is not known."""
    if (known := _PATHS.get(path)) is not None:
        return known
    head, _, last = path.rpartition("/")
    before, _, middle = head.rpartition("/")
    if (ending := _ENDINGS.get(f"{middle}/{last}")) is not None:
        head = before
    elif (ending := _ENDINGS.get(last)) is None:
        return None
    parts: list[str] = []
    for level in head.split("/") if head else []:
        if _NUMBER.fullmatch(level):
            if level != "0":
                parts.append(level)
        elif (part := _PARTS.get(level)) is None:
            return None
        elif part:
            parts.append(part)
    if parts == ["dc"] and ending == "temperature_c":
        return "battery_temperature_c"
    return "_".join([*parts, ending])


def read(kind: str, found: Mapping[str, Any]) -> Found:
    """Return the message of a device: the value of one path."""
    if "value" not in found:
        return
    value = found["value"]
    service = ""
    if kind[:1].islower():  # the service and its instance; a path begins with a capital letter
        service, _, kind = kind.split("/", 2)
    message = Message({}, original={kind: value}, device_type=KEY)
    if (meaning := _NAMES.get(kind)) is not None:
        if isinstance(value, str | int) and str(value):
            message.info[meaning] = str(value)[:MAX_TEXT]
    elif (
        metric := _TANK.get(kind) if service == "tank" and kind in _TANK else metric_of(kind)
    ) is not None and not isinstance(value, dict):
        is_flag = metric in _FLAGS and value in (0, 1)
        unit = _UNITS.get(metric)
        # An empty list is how the older service writes that there is no value.
        add(message, metric, None if isinstance(value, list) else bool(value) if is_flag else value, unit)
    if message.metrics or message.rejected or message.info:
        yield None, message


def _keepalive(levels: list[str]) -> str | None:
    """Return the topic of the requests to a portal; None while its ID is not known."""
    at = levels.index(_NOTIFY) if _NOTIFY in levels else 0
    portal = levels[at + 1] if len(levels) > at + 1 else "+"
    if portal == "+" or portal.startswith("{"):
        return None
    return "/".join([*levels[:at], _REQUEST, portal, "keepalive"])


def _body(levels: Levels) -> Levels:
    return levels[: levels.index(_NOTIFY) + _DEPTH] if _NOTIFY in levels else levels


def _ignores(levels: list[str]) -> bool:
    """Answers to the requests, and settings."""
    rest = levels[levels.index(_NOTIFY) + 2 :] if _NOTIFY in levels else levels
    return len(rest) < 3 or rest[0] in {"settings", "platform", "logger", "hub4"}


register(
    DeviceType(
        key=KEY,
        manufacturer="Victron Energy",
        metrics=(
            Metric("yield_today_kwh", "energy", "kWh", Kind.TOTAL, decimals=2),
            Metric("yield_yesterday_kwh", "energy", "kWh", Kind.PERIOD, decimals=2),
        ),
        accepts_commands=False,
        answers_within_s=KEEPALIVE_TIMEOUT_S,
    )
)

register_dialect(
    Dialect(
        key=KEY,
        # Bridges between brokers put a prefix in front: venus-home/N/…
        recognizes=lambda levels: _NOTIFY in levels and len(levels) - levels.index(_NOTIFY) >= _DEPTH,
        body=_body,
        forms=lambda levels: (Form((*_body(levels), "#"), Channel.DATA, None),),
        read=read,
        words=frozenset({_NOTIFY}),
        ignores=_ignores,
        keepalive=_keepalive,
        empty_is_offline=True,
        context=lambda levels: 2 if _NOTIFY in levels else 0,
    )
)
