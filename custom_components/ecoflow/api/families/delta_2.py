"""DELTA 2, DELTA 2 Max and the RIVER 2 line: `bms_bmsStatus`, `bms_emsStatus`, `inv`, `mppt` and `pd`.

Commands name the module. Everything is W, mV and mA here, the solar side too (38.181 V x 11.819 A =
451.3 W beside inWatts 451), but for River 2 packs, which are V and A (`packs.py`).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..quantities import Quantity, Values
from .base import (
    FLOW_STATES,
    NEVER_TO_24_H,
    SCREEN_OFF,
    ChargeControl,
    Choice,
    Command,
    Condition,
    Family,
    Proof,
    Reading,
    Setting,
    Style,
    Toggle,
    amps,
    celsius,
    code,
    count,
    counter_wh,
    hertz,
    minutes,
    percent,
    state,
    total,
    volts,
    watts,
)
from .common import GRID_PRESENT_MV, above, current
from .left_out import LEFT_OUT_DELTA_2, LEFT_OUT_RIVER_2
from .packs import battery_power, pack

_MAIN = "bms_bmsStatus"
_SLAVES = ("bms_slave_bmsSlaveStatus_1", "bms_slave_bmsSlaveStatus_2")
_PACKS = (_MAIN, *_SLAVES)
_EMS = "bms_emsStatus"
_NO_TIME = (5939, 5999, 143_999)
_MEASURED = Proof.MEASURED

# Modules of the device, as its commands name them.
_PD, _BMS, _INV, _MPPT = 1, 2, 3, 5
# "Leave as it is", in a command that carries several settings.
_KEEP = 255


def _set(module: int, operation: str, path: str, name: str, **fixed: Any) -> Callable[[Any, Values], Command]:
    """Return a builder for the commands that carry one value under `name` and show it under `path`."""

    def build(wire: Any, _values: Values) -> Command:
        params = {name: wire, **fixed}
        return Command({"moduleType": module, "operateType": operation, "params": params}, {path: wire})

    return build


def _ac(wire: Any, _values: Values, *, module: int, name: str, path: str) -> Command:
    params = {"enabled": _KEEP, "xboost": _KEEP, "out_voltage": -1, "out_freq": _KEEP, name: wire}
    return Command({"moduleType": module, "operateType": "acOutCfg", "params": params}, {path: wire})


def _always_on(wire: Any, values: Values) -> Command:
    level = int(current(values, f"{_EMS}.minDsgSoc", 0)) + 5
    params = {"acAutoOutConfig": wire, "minAcOutSoc": level}
    return Command(
        {"moduleType": _PD, "operateType": "acAutoOutConfig", "params": params}, {"pd.acAutoOutConfig": wire}
    )


def _backup(enabled: Any, soc: Any, expect: dict[str, Any]) -> Command:
    params = {"isConfig": enabled, "bpPowerSoc": soc, "minDsgSoc": 0, "minChgSoc": 0}
    return Command({"moduleType": _PD, "operateType": "watthConfig", "params": params}, expect)


def _backup_enabled(wire: Any, values: Values) -> Command:
    return _backup(wire, current(values, "pd.bpPowerSoc", 50), {"pd.watchIsConfig": wire})


def _backup_level(wire: Any, _values: Values) -> Command:
    return _backup(1, wire, {"pd.bpPowerSoc": wire, "pd.watchIsConfig": 1})


def _pause(paused: bool, values: Values) -> Command:
    """Pause or resume AC charging at the power that is set (Delta 2, River 2)."""
    params = {"chgWatts": current(values, "mppt.cfgChgWatts", _KEEP), "chgPauseFlag": int(paused)}
    body = {"moduleType": _MPPT, "operateType": "acChgCfg", "params": params}
    return Command(body, {"mppt.chgPauseFlag": int(paused)})


def _pause_max(paused: bool, values: Values) -> Command:
    """Pause or resume AC charging at the power that is set (Delta 2 Max)."""
    params = {
        "slowChgWatts": current(values, "inv.SlowChgWatts", _KEEP),
        "fastChgWatts": current(values, "inv.FastChgWatts", _KEEP),
        "chgPauseFlag": int(paused),
    }
    return Command({"moduleType": _INV, "operateType": "acChgCfg", "params": params}, {"inv.chgPauseFlag": int(paused)})


def _power_max(wire: Any, values: Values) -> Command:
    params = {
        "slowChgWatts": wire,
        "fastChgWatts": current(values, "inv.FastChgWatts", 2000),
        "chgPauseFlag": 0,
    }
    return Command({"moduleType": _INV, "operateType": "acChgCfg", "params": params}, {"inv.SlowChgWatts": wire})


_SOLAR = (
    watts("solar_power", "mppt.inWatts", proof=_MEASURED),
    volts("solar_voltage", "mppt.inVol", 0.001, proof=_MEASURED, diagnostic=True),
    amps("solar_current", "mppt.inAmp", 0.001, proof=_MEASURED, diagnostic=True),
)
_SOLAR_MAX = (
    Reading(
        key="solar_power",
        source="mppt.inWatts",
        needs=("mppt.pv2InWatts",),
        quantity=Quantity.POWER,
        proof=_MEASURED,
        derive=partial(total, paths=("mppt.inWatts", "mppt.pv2InWatts")),
    ),
    watts("solar_1_power", "mppt.inWatts", proof=_MEASURED),
    volts("solar_1_voltage", "mppt.inVol", 0.001, proof=_MEASURED, diagnostic=True),
    amps("solar_1_current", "mppt.inAmp", 0.001, proof=_MEASURED, diagnostic=True),
    watts("solar_2_power", "mppt.pv2InWatts", proof=_MEASURED),
    volts("solar_2_voltage", "mppt.pv2InVol", 0.001, proof=_MEASURED, diagnostic=True),
    amps("solar_2_current", "mppt.pv2InAmp", 0.001, proof=_MEASURED, diagnostic=True),
)
_READINGS: tuple[Reading, ...] = (
    percent("battery_level", (f"{_EMS}.f32LcdShowSoc", f"{_EMS}.lcdShowSoc", "pd.soc"), proof=_MEASURED),
    battery_power(_PACKS),
    state("battery_state", "pd.chgDsgState", FLOW_STATES),
    watts("total_input_power", "pd.wattsInSum", proof=_MEASURED),
    watts("total_output_power", "pd.wattsOutSum", proof=_MEASURED),
    watts("ac_input_power", "inv.inputWatts", proof=_MEASURED),
    watts("ac_output_power", "inv.outputWatts", proof=_MEASURED),
    watts("solar_charger_power", "mppt.outWatts", diagnostic=True, enabled=False),
    volts("solar_charger_voltage", "mppt.outVol", 0.001, proof=_MEASURED, diagnostic=True, enabled=False),
    amps("solar_charger_current", "mppt.outAmp", 0.001, proof=_MEASURED, diagnostic=True, enabled=False),
    watts("dc_output_power", "pd.carWatts"),
    watts("anderson_output_power", "mppt.dcdc12vWatts", enabled=False),
    watts("usb_a_1_output_power", "pd.usb1Watts"),
    watts("usb_a_2_output_power", "pd.usb2Watts"),
    watts("usb_qc_1_output_power", "pd.qcUsb1Watts"),
    watts("usb_qc_2_output_power", "pd.qcUsb2Watts"),
    watts("usb_c_1_output_power", "pd.typec1Watts"),
    watts("usb_c_2_output_power", "pd.typec2Watts"),
    watts("usb_c_1_input_power", "pd.typecChaWatts"),
    volts("ac_input_voltage", "inv.acInVol", 0.001, proof=_MEASURED),
    amps("ac_input_current", "inv.acInAmp", 0.001, proof=_MEASURED, diagnostic=True),
    hertz("ac_input_frequency", "inv.acInFreq", diagnostic=True),
    volts("ac_output_voltage", "inv.invOutVol", 0.001, proof=_MEASURED, diagnostic=True),
    amps("ac_output_current", "inv.invOutAmp", 0.001, proof=_MEASURED, diagnostic=True),
    hertz("ac_output_frequency", "inv.invOutFreq", diagnostic=True),
    minutes("charge_remaining_time", f"{_EMS}.chgRemainTime", none_at=_NO_TIME),
    minutes("discharge_remaining_time", f"{_EMS}.dsgRemainTime", none_at=_NO_TIME),
    counter_wh("ac_input_energy", "pd.chgPowerAC", proof=_MEASURED),
    counter_wh("dc_input_energy", "pd.chgPowerDC"),
    counter_wh("solar_input_energy", "pd.chgSunPower"),
    counter_wh("ac_output_energy", "pd.dsgPowerAC", proof=_MEASURED),
    counter_wh("dc_output_energy", "pd.dsgPowerDC"),
    celsius("inverter_temperature", "inv.outTemp", diagnostic=True),
    celsius("inverter_dc_temperature", "inv.dcInTemp", diagnostic=True, enabled=False),
    celsius("solar_charger_temperature", "mppt.mpptTemp", diagnostic=True),
    celsius("dc_output_temperature", ("mppt.carTemp", "pd.carTemp"), diagnostic=True, enabled=False),
    celsius("usb_c_1_temperature", "pd.typec1Temp", diagnostic=True, enabled=False),
    celsius("usb_c_2_temperature", "pd.typec2Temp", diagnostic=True, enabled=False),
    count("fan_level", f"{_EMS}.fanLevel", diagnostic=True, enabled=False),
    code("system_error", "pd.errCode"),
    code("inverter_error", "inv.errCode"),
    code("solar_charger_error", "mppt.faultCode"),
    *pack(_MAIN, "main"),
    *pack(_SLAVES[0], "extra1"),
    *pack(_SLAVES[1], "extra2"),
)

_LIMITS = (
    Setting(
        key="charge_limit",
        source=f"{_EMS}.maxChargeSoc",
        quantity=Quantity.SHARE,
        low=50,
        high=100,
        command=_set(_BMS, "upsConfig", f"{_EMS}.maxChargeSoc", "maxChgSoc"),
    ),
    Setting(
        key="discharge_limit",
        source=f"{_EMS}.minDsgSoc",
        quantity=Quantity.SHARE,
        low=0,
        high=30,
        command=_set(_BMS, "dsgCfg", f"{_EMS}.minDsgSoc", "minDsgSoc"),
    ),
    Setting(
        key="backup_reserve",
        source="pd.bpPowerSoc",
        quantity=Quantity.SHARE,
        low=5,
        high=100,
        command=_backup_level,
    ),
)


def _generator(start: str, stop: str) -> tuple[Setting, Setting]:
    return (
        Setting(
            key="generator_start_level",
            source=f"{_EMS}.{start}",
            quantity=Quantity.SHARE,
            low=0,
            high=30,
            enabled=False,
            command=_set(_BMS, "openOilSoc", f"{_EMS}.{start}", "openOilSoc"),
        ),
        Setting(
            key="generator_stop_level",
            source=f"{_EMS}.{stop}",
            quantity=Quantity.SHARE,
            low=50,
            high=100,
            enabled=False,
            command=_set(_BMS, "closeOilSoc", f"{_EMS}.{stop}", "closeOilSoc"),
        ),
    )


def _charge_power(low: int, high: int, step: int) -> Setting:
    return Setting(
        key="charge_power",
        source="mppt.cfgChgWatts",
        quantity=Quantity.POWER,
        low=low,
        high=high,
        step=step,
        command=_set(_MPPT, "acChgCfg", "mppt.cfgChgWatts", "chgWatts", chgPauseFlag=_KEEP),
    )


def _ac_toggles(module: int, prefix: str) -> tuple[Toggle, Toggle]:
    enabled, xboost = f"{prefix}.cfgAcEnabled", f"{prefix}.cfgAcXboost"
    return (
        Toggle(key="ac_output", source=enabled, command=partial(_ac, module=module, name="enabled", path=enabled)),
        Toggle(key="xboost", source=xboost, command=partial(_ac, module=module, name="xboost", path=xboost)),
    )


_DC_TOGGLE = Toggle(
    key="dc_output",
    source=("mppt.carState", "pd.carState"),
    command=_set(_MPPT, "mpptCar", "mppt.carState", "enabled"),
)
_USB_TOGGLE = Toggle(
    key="usb_output", source="pd.dcOutState", command=_set(_PD, "dcOutCfg", "pd.dcOutState", "enabled")
)
_BACKUP_TOGGLE = Toggle(key="backup_reserve_enabled", source="pd.watchIsConfig", command=_backup_enabled)
_ALWAYS_ON_TOGGLE = Toggle(key="ac_always_on", source="pd.acAutoOutConfig", command=_always_on, enabled=False)
# The wire value is "quiet".
_BEEPER = Toggle(
    key="beeper",
    source="mppt.beepState",
    on=0,
    off=1,
    command=_set(_MPPT, "quietMode", "mppt.beepState", "enabled"),
)
_BEEPER_MAX = Toggle(
    key="beeper", source="pd.beepMode", on=0, off=1, command=_set(_PD, "quietCfg", "pd.beepMode", "enabled")
)


def _choice(key: str, source: str, options: dict[str, int], write: tuple[int, str, str]) -> Choice:
    module, operation, name = write
    return Choice(key=key, source=source, options=options, command=_set(module, operation, source, name))


_DC_CURRENT = _choice(
    "dc_input_current",
    "mppt.dcChgCurrent",
    {"4_a": 4000, "6_a": 6000, "8_a": 8000},
    (_MPPT, "dcChgCfg", "dcChgCfg"),
)
_SCREEN = Choice(
    key="screen_off_time",
    source="pd.lcdOffSec",
    options=SCREEN_OFF,
    command=_set(_PD, "lcdCfg", "pd.lcdOffSec", "delayOff", brighLevel=_KEEP),
)
_DELTA_2_CHOICES = (
    _choice("unit_standby_time", "pd.standbyMin", NEVER_TO_24_H, (_PD, "standbyTime", "standbyMin")),
    _choice("ac_standby_time", "mppt.acStandbyMins", NEVER_TO_24_H, (_MPPT, "standbyTime", "standbyMins")),
    _choice("dc_standby_time", "mppt.carStandbyMin", NEVER_TO_24_H, (_MPPT, "carStandby", "standbyMins")),
    _SCREEN,
    _DC_CURRENT,
)
_DELTA_2_MAX_CHOICES = (
    _choice("unit_standby_time", "inv.standbyMin", NEVER_TO_24_H, (_PD, "standbyTime", "standbyMin")),
    _choice("dc_standby_time", "mppt.carStandbyMin", NEVER_TO_24_H, (_MPPT, "standbyTime", "standbyMins")),
    _SCREEN,
)
_RIVER_2_CHOICES = (
    _choice("unit_standby_time", "mppt.powStandbyMin", NEVER_TO_24_H, (_MPPT, "standby", "standbyMins")),
    _choice("ac_standby_time", "mppt.acStandbyMins", NEVER_TO_24_H, (_MPPT, "acStandby", "standbyMins")),
    Choice(
        key="screen_off_time",
        source="mppt.scrStandbyMin",
        options=SCREEN_OFF,
        command=_set(_MPPT, "lcdCfg", "mppt.scrStandbyMin", "delayOff", brighLevel=_KEEP),
    ),
    _DC_CURRENT,
    _choice(
        "dc_input_type",
        "mppt.cfgChgType",
        {"auto": 0, "solar": 1, "adapter": 2},
        (_MPPT, "chaType", "chaType"),
    ),
)
_SOLAR_FIRST = Toggle(
    key="solar_priority",
    source="pd.pvChgPrioSet",
    command=_set(_PD, "pvChangePrio", "pd.pvChgPrioSet", "pvChangeSet"),
)

_CONDITIONS = (
    Condition(key="grid_present", source="inv.acInVol", kind="power", test=above(GRID_PRESENT_MV)),
    Condition(
        key="extra1_connected",
        source=f"{_EMS}.bmsIsConnt[1]",
        kind="connectivity",
        diagnostic=True,
        test=above(2),
    ),
    Condition(
        key="extra2_connected",
        source=f"{_EMS}.bmsIsConnt[2]",
        kind="connectivity",
        diagnostic=True,
        test=above(2),
    ),
)
_CONDITIONS_MPPT = (
    *_CONDITIONS,
    Condition(key="charging_paused", source="mppt.chgPauseFlag", diagnostic=True),
)
_CONDITIONS_MAX = (
    *_CONDITIONS,
    Condition(key="charging_paused", source="inv.chgPauseFlag", diagnostic=True),
)


def _station(
    name: str, model: str, prefixes: tuple[str, ...], *, left_out: tuple[str, ...] = LEFT_OUT_DELTA_2, **parts: Any
) -> Family:
    """Return a family of this generation; `parts` is what differs."""
    return Family(
        name=name,
        model=model,
        style=Style.MODULE,
        products=(model,),
        prefixes=prefixes,
        battery_power="battery_power",
        solar_power="solar_power",
        ignored=left_out,
        **parts,
    )


def _river(name: str, model: str, prefixes: tuple[str, ...], high: int) -> Family:
    return _station(
        name,
        model,
        prefixes,
        readings=(*_SOLAR, *_READINGS),
        conditions=_CONDITIONS_MPPT,
        toggles=(*_ac_toggles(_MPPT, "mppt"), _DC_TOGGLE, _BACKUP_TOGGLE, _ALWAYS_ON_TOGGLE),
        settings=(_charge_power(50, high, 10), *_LIMITS),
        choices=_RIVER_2_CHOICES,
        charge=ChargeControl(setting="charge_power", power="ac_input_power", pause=_pause),
        left_out=LEFT_OUT_RIVER_2,
    )


DELTA_2 = _station(
    "delta_2",
    "DELTA 2",
    ("R331", "R33"),
    readings=(*_SOLAR, *_READINGS),
    conditions=_CONDITIONS_MPPT,
    toggles=(
        *_ac_toggles(_MPPT, "mppt"),
        _DC_TOGGLE,
        _USB_TOGGLE,
        _BEEPER,
        _SOLAR_FIRST,
        _BACKUP_TOGGLE,
        _ALWAYS_ON_TOGGLE,
    ),
    settings=(_charge_power(200, 1200, 10), *_LIMITS, *_generator("minOpenOilEb", "maxCloseOilEb")),
    choices=_DELTA_2_CHOICES,
    charge=ChargeControl(setting="charge_power", power="ac_input_power", pause=_pause),
    telltale=("bms_bmsStatus.f32ShowSoc", "mppt.cfgAcEnabled"),
)

DELTA_2_MAX = _station(
    "delta_2_max",
    "DELTA 2 Max",
    ("R351", "R35"),
    readings=(*_SOLAR_MAX, *_READINGS),
    conditions=_CONDITIONS_MAX,
    toggles=(*_ac_toggles(_INV, "inv"), _DC_TOGGLE, _USB_TOGGLE, _BEEPER_MAX, _BACKUP_TOGGLE),
    settings=(
        Setting(
            key="charge_power",
            source="inv.SlowChgWatts",
            quantity=Quantity.POWER,
            low=200,
            high=2400,
            step=100,
            command=_power_max,
        ),
        *_LIMITS,
        *_generator("minOpenOilEbSoc", "maxCloseOilEbSoc"),
    ),
    choices=_DELTA_2_MAX_CHOICES,
    charge=ChargeControl(setting="charge_power", power="ac_input_power", pause=_pause_max),
    telltale=("mppt.pv2InWatts",),
)

RIVER_2 = _river("river_2", "RIVER 2", ("R601", "R60"), 360)
RIVER_2_MAX = _river("river_2_max", "RIVER 2 Max", ("R611", "R61"), 660)
RIVER_2_PRO = _river("river_2_pro", "RIVER 2 Pro", ("R621", "R62"), 940)
