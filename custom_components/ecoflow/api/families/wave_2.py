"""WAVE 2 portable air conditioner: modules `pd`, `motor` and `power`."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..units import Quantity
from ..wire_values import Values, lookup, number_at
from .battery_flow import IDLE_DISCHARGING_CHARGING, BatteryFlow
from .builders import (
    battery_level,
    celsius,
    error_code,
    state,
    watts,
)
from .options import NO_REMAINING_TIME
from .specs import (
    Command,
    CommandFormat,
    Family,
    NumberSpec,
    SelectSpec,
    SensorSpec,
    SwitchSpec,
)


def _set(operation: str, path: str, name: str, **fixed: Any) -> Callable[[Any, Values], Command]:
    def build(wire: Any, _values: Values) -> Command:
        body = {"moduleType": 1, "operateType": operation, "params": {name: wire, **fixed}}
        return Command(body, {path: wire})

    return build


def _room_temperature(values: Values, *, path: str) -> float | None:
    """Return a temperature in °C; its wire unit is that of the display."""
    if (value := number_at(values, path)) is None:
        return None
    if lookup(values, "pd.tempSys") == 1:
        value = (value - 32) / 1.8
    return round(value, 1) if -60 <= value <= 150 else None


def _battery_power(values: Values) -> float | None:
    """Return the power of the attached battery in W, positive while charging."""
    voltage_mv, current_ma = number_at(values, "bms.vol"), number_at(values, "bms.amp")
    if voltage_mv and current_ma is not None:
        return voltage_mv * current_ma / 1_000_000
    output_w = number_at(values, "power.batPwrOut") or number_at(values, "pd.batPwrOut")
    return -abs(output_w) if output_w else None


# Both remaining times hold the same number, regardless of the direction.
_FLOW = BatteryFlow(
    power=_battery_power,
    power_sources=("bms.vol", "bms.amp", "power.batPwrOut", "pd.batPwrOut"),
    state_sources=("bms.bmsChgDsgSts", "pd.batChgStatus"),
    states=IDLE_DISCHARGING_CHARGING,
)

WAVE_2 = Family(
    name="wave_2",
    model="WAVE 2",
    command_format=CommandFormat.MODULE,
    product_names=("WAVE 2",),
    serial_prefixes=("KT21",),
    product_types=(45,),
    sensors=(
        battery_level("battery_level", ("pd.batSoc", "bms.soc")),
        SensorSpec(
            key="ambient_temperature",
            source="pd.envTemp",
            depends_on=("pd.tempSys",),
            quantity=Quantity.TEMPERATURE,
            derive=partial(_room_temperature, path="pd.envTemp"),
        ),
        SensorSpec(
            key="outlet_temperature",
            source="pd.coolTemp",
            depends_on=("pd.tempSys",),
            quantity=Quantity.TEMPERATURE,
            derive=partial(_room_temperature, path="pd.coolTemp"),
        ),
        celsius("condenser_temperature", "pd.condTemp", 0.01, diagnostic=True, enabled=False),
        celsius("evaporator_temperature", "pd.evapTemp", 0.01, diagnostic=True, enabled=False),
        watts("ac_input_power", ("power.acPwrIn", "pd.acPwrIn")),
        watts("solar_power", ("power.mpptPwr", "pd.mpptPwr")),
        watts("battery_output_power", ("power.batPwrOut", "pd.batPwrOut")),
        watts("compressor_power", "motor.power"),
        _FLOW.charge_time("pd.batChgRemain", unknown_values=NO_REMAINING_TIME),
        _FLOW.discharge_time("pd.batDsgRemain", unknown_values=NO_REMAINING_TIME),
        state("water_level", "pd.waterValue", {0: "low", 1: "medium", 2: "full"}),
        error_code("system_error", "pd.errCode"),
    ),
    switches=(SwitchSpec(key="beeper", source="pd.beepEn", command=_set("beepEn", "pd.beepEn", "en")),),
    numbers=(
        NumberSpec(
            key="target_temperature",
            source="pd.setTempCel",
            quantity=Quantity.TEMPERATURE,
            min_value=16,
            max_value=30,
            command=_set("setTemp", "pd.setTempCel", "setTemp"),
        ),
    ),
    selects=(
        SelectSpec(
            key="power_mode",
            config=False,
            source="pd.powerMode",
            options={"on": 1, "standby": 2, "off": 3},
            command=_set("powerMode", "pd.powerMode", "powerMode"),
        ),
        SelectSpec(
            key="climate_mode",
            config=False,
            source=("pd.mainMode", "pd.pdMainMode"),
            options={"cool": 0, "heat": 1, "fan": 2},
            command=_set("mainMode", "pd.mainMode", "mainMode"),
        ),
        SelectSpec(
            key="climate_program",
            config=False,
            source=("pd.subMode", "pd.pdSubMode"),
            options={"max": 0, "sleep": 1, "eco": 2, "manual": 3},
            command=_set("subMode", "pd.subMode", "subMode"),
        ),
        SelectSpec(
            key="fan_speed",
            config=False,
            source="pd.fanValue",
            options={"low": 0, "medium": 1, "high": 2},
            command=_set("fanValue", "pd.fanValue", "fanValue"),
        ),
        SelectSpec(
            key="light_strip",
            source="pd.rgbState",
            options={"follow": 0, "on": 1, "off": 2},
            enabled=False,
            command=_set("rgbState", "pd.rgbState", "rgbState"),
        ),
    ),
    solar_power="solar_power",
    identifying_values=("pd.pdMainMode", "motor.power"),
)

FAMILIES = (WAVE_2,)
