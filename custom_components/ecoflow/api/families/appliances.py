"""Smart Plug, WAVE and GLACIER."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..quantities import Quantity, Values, lookup, number
from .base import (
    Action,
    Choice,
    Command,
    Condition,
    Family,
    Reading,
    Setting,
    Style,
    Toggle,
    amps,
    celsius,
    code,
    count,
    hertz,
    minutes,
    percent,
    share,
    state,
    volts,
    watts,
)
from .common import current, positive

_NO_TIME = (5939, 5999, 143_999)


# --- Smart Plug ---------------------------------------------------------------------------------------------


def _plug(path: str, command_code: str, name: str) -> Callable[[Any, Values], Command]:
    def build(wire: Any, _values: Values) -> Command:
        return Command({"cmdCode": command_code, "params": {name: wire}}, {path: wire})

    return build


SMART_PLUG = Family(
    name="smart_plug",
    model="Smart Plug",
    style=Style.CODE,
    products=("Smart Plug",),
    prefixes=("HW52",),
    readings=(
        watts("plug_power", "2_1.watts", 0.1),
        volts("plug_voltage", "2_1.volt", diagnostic=True),
        amps("plug_current", "2_1.current", 0.001, diagnostic=True),
        hertz("plug_frequency", "2_1.freq", diagnostic=True, enabled=False),
        celsius("plug_temperature", "2_1.temp", diagnostic=True),
        code("system_error", "2_1.errCode"),
    ),
    toggles=(
        Toggle(
            key="plug_output",
            source="2_1.switchSta",
            command=_plug("2_1.switchSta", "WN511_SOCKET_SET_PLUG_SWITCH_MESSAGE", "plugSwitch"),
        ),
    ),
    settings=(
        Setting(
            key="indicator_brightness",
            source="2_1.brightness",
            quantity=Quantity.COUNT,
            low=0,
            high=1023,
            enabled=False,
            command=_plug("2_1.brightness", "WN511_SOCKET_SET_BRIGHTNESS_PACK", "brightness"),
        ),
    ),
    telltale=("2_1.switchSta",),
)

# --- WAVE 2 -------------------------------------------------------------------------------------------------


def _module(operation: str, path: str, name: str, **fixed: Any) -> Callable[[Any, Values], Command]:
    def build(wire: Any, _values: Values) -> Command:
        body = {"moduleType": 1, "operateType": operation, "params": {name: wire, **fixed}}
        return Command(body, {path: wire})

    return build


def _room_temperature(values: Values, *, path: str) -> float | None:
    """Return a temperature that follows the display's unit in °C."""
    if (value := number(lookup(values, path))) is None:
        return None
    if lookup(values, "pd.tempSys") == 1:
        value = (value - 32) / 1.8
    return round(value, 1) if -60 <= value <= 150 else None


WAVE_2 = Family(
    name="wave_2",
    model="WAVE 2",
    style=Style.MODULE,
    products=("WAVE 2",),
    prefixes=("KT21", "KT2"),
    readings=(
        percent("battery_level", ("pd.batSoc", "bms.soc")),
        Reading(
            key="ambient_temperature",
            source="pd.envTemp",
            needs=("pd.tempSys",),
            quantity=Quantity.TEMPERATURE,
            derive=partial(_room_temperature, path="pd.envTemp"),
        ),
        Reading(
            key="outlet_temperature",
            source="pd.coolTemp",
            needs=("pd.tempSys",),
            quantity=Quantity.TEMPERATURE,
            derive=partial(_room_temperature, path="pd.coolTemp"),
        ),
        celsius("condenser_temperature", "pd.condTemp", 0.01, diagnostic=True, enabled=False),
        celsius("evaporator_temperature", "pd.evapTemp", 0.01, diagnostic=True, enabled=False),
        watts("ac_input_power", ("power.acPwrIn", "pd.acPwrIn")),
        watts("solar_power", ("power.mpptPwr", "pd.mpptPwr")),
        watts("battery_output_power", ("power.batPwrOut", "pd.batPwrOut")),
        watts("compressor_power", "motor.power"),
        minutes("charge_remaining_time", "pd.batChgRemain", none_at=_NO_TIME),
        minutes("discharge_remaining_time", "pd.batDsgRemain", none_at=_NO_TIME),
        state("water_level", "pd.waterValue", {0: "low", 1: "medium", 2: "full"}),
        code("system_error", "pd.errCode"),
    ),
    toggles=(Toggle(key="beeper", source="pd.beepEn", command=_module("beepEn", "pd.beepEn", "en")),),
    settings=(
        Setting(
            key="target_temperature",
            source="pd.setTempCel",
            quantity=Quantity.TEMPERATURE,
            low=16,
            high=30,
            command=_module("setTemp", "pd.setTempCel", "setTemp"),
        ),
    ),
    choices=(
        Choice(
            key="power_mode",
            source="pd.powerMode",
            options={"on": 1, "standby": 2, "off": 3},
            command=_module("powerMode", "pd.powerMode", "powerMode"),
        ),
        Choice(
            key="climate_mode",
            source=("pd.mainMode", "pd.pdMainMode"),
            options={"cool": 0, "heat": 1, "fan": 2},
            command=_module("mainMode", "pd.mainMode", "mainMode"),
        ),
        Choice(
            key="climate_program",
            source=("pd.subMode", "pd.pdSubMode"),
            options={"max": 0, "sleep": 1, "eco": 2, "manual": 3},
            command=_module("subMode", "pd.subMode", "subMode"),
        ),
        Choice(
            key="fan_speed",
            source="pd.fanValue",
            options={"low": 0, "medium": 1, "high": 2},
            command=_module("fanValue", "pd.fanValue", "fanValue"),
        ),
        Choice(
            key="light_strip",
            source="pd.rgbState",
            options={"follow": 0, "on": 1, "off": 2},
            enabled=False,
            command=_module("rgbState", "pd.rgbState", "rgbState"),
        ),
    ),
    solar_power="solar_power",
    telltale=("pd.pdMainMode", "motor.power"),
)

# --- GLACIER ------------------------------------------------------------------------------------------------

_ZONES = {"tmpR": "pd.tmpRSet", "tmpL": "pd.tmpLSet", "tmpM": "pd.tmpMSet"}


def _zone(wire: Any, values: Values, *, name: str) -> Command:
    """The three set points travel together."""
    params = {zone: current(values, path) for zone, path in _ZONES.items()} | {name: wire}
    return Command({"moduleType": 1, "operateType": "temp", "params": params}, {_ZONES[name]: wire})


def _zone_setting(key: str, name: str) -> Setting:
    return Setting(
        key=key,
        source=_ZONES[name],
        quantity=Quantity.TEMPERATURE,
        low=-25,
        high=25,
        command=partial(_zone, name=name),
    )


def _ice(params: dict[str, int], _values: Values) -> Command:
    return Command({"moduleType": 1, "operateType": "iceMake", "params": params})


def _detach(_values: Values) -> Command:
    return Command({"moduleType": 1, "operateType": "deIce", "params": {"enable": 1}})


GLACIER = Family(
    name="glacier",
    model="GLACIER",
    style=Style.MODULE,
    products=("GLACIER",),
    prefixes=("BX11", "BX1"),
    readings=(
        percent("battery_level", ("pd.batPct", "bms_emsStatus.lcdSoc", "bms_bmsStatus.soc")),
        celsius("left_zone_temperature", "pd.tmpL", 0.1),
        celsius("right_zone_temperature", "pd.tmpR", 0.1),
        celsius("single_zone_temperature", "pd.tmpAver", 0.1),
        celsius("ambient_temperature", "pd.ambientTmp", diagnostic=True),
        celsius("main_battery_temperature", "bms_bmsStatus.tmp", diagnostic=True),
        volts("main_battery_voltage", "bms_bmsStatus.vol", 0.001, diagnostic=True),
        watts("battery_input_power", "bms_bmsStatus.inWatts"),
        watts("battery_output_power", "bms_bmsStatus.outWatts"),
        watts("compressor_power", "pd.motorWat"),
        Reading(
            key="compressor_speed",
            source="pd.motorSpeed",
            quantity=Quantity.SPEED,
            diagnostic=True,
            enabled=False,
        ),
        minutes("charge_remaining_time", "bms_emsStatus.chgRemain", none_at=_NO_TIME),
        minutes("discharge_remaining_time", "bms_emsStatus.dsgRemain", none_at=_NO_TIME),
        share("ice_progress", "pd.icePercent"),
        share("main_battery_health", "bms_bmsStatus.soh", none_at=(0,), diagnostic=True),
        count("main_battery_cycles", "bms_bmsStatus.cycles", diagnostic=True),
        code("system_error", "pd.errCode"),
    ),
    conditions=(
        Condition(key="lid_open", source="pd.doorStat", kind="door"),
        Condition(key="two_zones", source="pd.flagTwoZone", diagnostic=True, test=positive),
        Condition(key="battery_inserted", source="pd.batFlag", kind="connectivity", diagnostic=True),
    ),
    toggles=(
        Toggle(key="eco_mode", source="pd.coolMode", command=_module("ecoMode", "pd.coolMode", "mode")),
        Toggle(key="beeper", source="pd.beepEn", command=_module("beepEn", "pd.beepEn", "flag")),
    ),
    settings=(
        _zone_setting("left_zone_target", "tmpL"),
        _zone_setting("right_zone_target", "tmpR"),
        _zone_setting("single_zone_target", "tmpM"),
    ),
    choices=(
        Choice(
            key="screen_off_time",
            source="pd.blTime",
            options={"never": 0, "10_s": 10, "30_s": 30, "1_min": 60, "5_min": 300, "30_min": 1800},
            command=_module("blTime", "pd.blTime", "time"),
        ),
    ),
    actions=(
        Action(key="make_small_ice", needs="pd.iceMkMode", command=partial(_ice, {"enable": 1, "iceShape": 0})),
        Action(key="make_large_ice", needs="pd.iceMkMode", command=partial(_ice, {"enable": 1, "iceShape": 1})),
        Action(key="stop_ice", needs="pd.iceMkMode", command=partial(_ice, {"enable": 0, "iceShape": 0})),
        Action(key="detach_ice", needs="pd.iceMkMode", command=_detach),
    ),
    telltale=("pd.iceMkMode",),
)
