"""DELTA Pro and DELTA Max: the generation with `bmsMaster`, `ems`, `inv`, `mppt` and `pd`.

Commands have ids. The `mppt` module counts in 0.1 W, 0.1 V and 0.01 A (69.1 V x 4.28 A = 295.7 W beside
inWatts 2960), everything else in W, mV and mA (50.064 V x 2.295 A = 114.9 W beside inputWatts 114).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..quantities import Quantity, Values
from .base import (
    FLOW_STATES,
    NEVER_TO_12_H,
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
    volts,
    watts,
)
from .common import GRID_PRESENT_MV, above, current
from .left_out import LEFT_OUT_DELTA_PRO
from .packs import battery_power, pack

_PACKS = ("bmsMaster", "bmsSlave1", "bmsSlave2")
# 143999 is "none"; a station that charges as fast as it discharges reports values just below.
_NO_TIME = 100_000
# DELTA Max says it so (a capture has it for both directions at once).
_NO_TIME_MAX = (5999, 143_999)
_MEASURED = Proof.MEASURED


def _set(command_id: int, path: str, name: str, **fixed: Any) -> Callable[[Any, Values], Command]:
    """Return a builder for the commands that carry one value under `name` and show it under `path`."""

    def build(wire: Any, _values: Values) -> Command:
        return Command({"params": {"cmdSet": 32, "id": command_id, name: wire, **fixed}}, {path: wire})

    return build


def _ac_output(wire: Any, values: Values) -> Command:
    params = {"cmdSet": 32, "id": 66, "enabled": wire, "xboost": current(values, "inv.cfgAcXboost")}
    return Command({"params": params}, {"inv.cfgAcEnabled": wire})


def _xboost(wire: Any, values: Values) -> Command:
    params = {"cmdSet": 32, "id": 66, "enabled": current(values, "inv.cfgAcEnabled"), "xboost": wire}
    return Command({"params": params}, {"inv.cfgAcXboost": wire})


def _ac_always_on(wire: Any, values: Values) -> Command:
    minimum = current(values, "pd.minAcoutSoc", 20)
    params = {
        "cmdSet": 32,
        "id": 95,
        "acautooutConfig": wire,
        "minAcoutSoc": 20 if minimum == 255 else minimum,
    }
    return Command({"params": params}, {"pd.acautooutConfig": wire})


def _backup(enabled: Any, soc: Any, expect: dict[str, Any]) -> Command:
    params = {"cmdSet": 32, "id": 94, "isConfig": enabled, "bpPowerSoc": soc, "minDsgSoc": 0, "maxChgSoc": 0}
    return Command({"params": params}, expect)


def _backup_enabled(wire: Any, values: Values) -> Command:
    return _backup(wire, current(values, "pd.bppowerSoc", 50), {"pd.watthisconfig": wire})


def _backup_level(wire: Any, _values: Values) -> Command:
    return _backup(1, wire, {"pd.bppowerSoc": wire, "pd.watthisconfig": 1})


_READINGS: tuple[Reading, ...] = (
    percent("battery_level", ("ems.f32LcdShowSoc", "ems.lcdShowSoc", "pd.soc"), proof=_MEASURED),
    battery_power(_PACKS),
    state("battery_state", "pd.sysChgDsgState", FLOW_STATES),
    watts("total_input_power", "pd.wattsInSum", proof=_MEASURED),
    watts("total_output_power", "pd.wattsOutSum", proof=_MEASURED),
    watts("ac_input_power", "inv.inputWatts", proof=_MEASURED),
    watts("ac_output_power", "inv.outputWatts", proof=_MEASURED),
    watts("solar_power", "mppt.inWatts", 0.1, proof=_MEASURED),
    volts("solar_voltage", "mppt.inVol", 0.1, proof=_MEASURED, diagnostic=True),
    amps("solar_current", "mppt.inAmp", 0.01, proof=_MEASURED, diagnostic=True),
    watts("solar_charger_power", "mppt.outWatts", 0.1, proof=_MEASURED, diagnostic=True, enabled=False),
    volts("solar_charger_voltage", "mppt.outVol", 0.1, proof=_MEASURED, diagnostic=True, enabled=False),
    amps("solar_charger_current", "mppt.outAmp", 0.01, proof=_MEASURED, diagnostic=True, enabled=False),
    watts("dc_output_power", "mppt.carOutWatts", 0.1),
    watts("anderson_output_power", "mppt.dcdc12vWatts", 0.1),
    watts("usb_a_1_output_power", "pd.usb1Watts"),
    watts("usb_a_2_output_power", "pd.usb2Watts"),
    watts("usb_qc_1_output_power", "pd.qcUsb1Watts"),
    watts("usb_qc_2_output_power", "pd.qcUsb2Watts"),
    watts("usb_c_1_output_power", "pd.typec1Watts"),
    watts("usb_c_2_output_power", "pd.typec2Watts"),
    volts("ac_input_voltage", "inv.acInVol", 0.001, proof=_MEASURED),
    amps("ac_input_current", "inv.acInAmp", 0.001, diagnostic=True),
    hertz("ac_input_frequency", "inv.acInFreq", diagnostic=True),
    volts("ac_output_voltage", "inv.invOutVol", 0.001, proof=_MEASURED, diagnostic=True),
    amps("ac_output_current", "inv.invOutAmp", 0.001, proof=_MEASURED, diagnostic=True),
    hertz("ac_output_frequency", "inv.invOutFreq", diagnostic=True),
    minutes("charge_remaining_time", "ems.chgRemainTime", none_above=_NO_TIME),
    minutes("discharge_remaining_time", "ems.dsgRemainTime", none_above=_NO_TIME),
    counter_wh("ac_input_energy", "pd.chgPowerAc", proof=_MEASURED),
    counter_wh("dc_input_energy", "pd.chgPowerDc"),
    counter_wh("solar_input_energy", "pd.chgSunPower", proof=_MEASURED),
    counter_wh("ac_output_energy", "pd.dsgPowerAc", proof=_MEASURED),
    counter_wh("dc_output_energy", "pd.dsgPowerDc"),
    celsius("inverter_temperature", "inv.outTemp", diagnostic=True),
    celsius("inverter_dc_temperature", "inv.dcInTemp", diagnostic=True, enabled=False),
    celsius("solar_charger_temperature", "mppt.mpptTemp", diagnostic=True),
    celsius("usb_c_1_temperature", "pd.typec1Temp", diagnostic=True, enabled=False),
    celsius("usb_c_2_temperature", "pd.typec2Temp", diagnostic=True, enabled=False),
    volts("charge_voltage_target", "ems.chgVol", 0.001, diagnostic=True, enabled=False, proof=_MEASURED),
    count("fan_level", "ems.fanLevel", diagnostic=True, enabled=False),
    code("system_error", "pd.errCode"),
    code("inverter_error", "inv.errCode"),
    code("solar_charger_error", "mppt.faultCode"),
    *pack("bmsMaster", "main"),
    *pack("bmsSlave1", "extra1"),
    *pack("bmsSlave2", "extra2"),
)

_SETTINGS = (
    Setting(
        key="charge_power",
        source="inv.cfgSlowChgWatts",
        quantity=Quantity.POWER,
        low=200,
        high=2900,
        step=100,
        command=_set(69, "inv.cfgSlowChgWatts", "slowChgPower"),
    ),
    Setting(
        key="charge_limit",
        source="ems.maxChargeSoc",
        quantity=Quantity.SHARE,
        low=50,
        high=100,
        command=_set(49, "ems.maxChargeSoc", "maxChgSoc"),
    ),
    Setting(
        key="discharge_limit",
        source="ems.minDsgSoc",
        quantity=Quantity.SHARE,
        low=0,
        high=30,
        command=_set(51, "ems.minDsgSoc", "minDsgSoc"),
    ),
    Setting(
        key="backup_reserve",
        source="pd.bppowerSoc",
        quantity=Quantity.SHARE,
        low=5,
        high=100,
        command=_backup_level,
    ),
    Setting(
        key="generator_start_level",
        source="ems.minOpenOilEbSoc",
        quantity=Quantity.SHARE,
        low=0,
        high=30,
        enabled=False,
        command=_set(52, "ems.minOpenOilEbSoc", "openOilSoc"),
    ),
    Setting(
        key="generator_stop_level",
        source="ems.maxCloseOilEbSoc",
        quantity=Quantity.SHARE,
        low=50,
        high=100,
        enabled=False,
        command=_set(53, "ems.maxCloseOilEbSoc", "closeOilSoc"),
    ),
)

_TOGGLES = (
    Toggle(key="ac_output", source="inv.cfgAcEnabled", command=_ac_output),
    Toggle(key="dc_output", source="mppt.carState", command=_set(81, "mppt.carState", "enabled")),
    Toggle(key="xboost", source="inv.cfgAcXboost", command=_xboost),
    # The wire value is "silent".
    Toggle(key="beeper", source="pd.beepState", on=0, off=1, command=_set(38, "pd.beepState", "enabled")),
    Toggle(key="ac_always_on", source="pd.acautooutConfig", command=_ac_always_on, enabled=False),
    Toggle(
        key="ac_bypass_start",
        source="inv.acPassByAutoEn",
        command=_set(84, "inv.acPassByAutoEn", "enabled"),
        enabled=False,
    ),
    Toggle(key="backup_reserve_enabled", source="pd.watthisconfig", command=_backup_enabled),
)

_CHOICES = (
    Choice(
        key="ac_standby_time",
        source="inv.cfgStandbyMin",
        options=NEVER_TO_24_H,
        command=_set(153, "inv.cfgStandbyMin", "standByMins"),
    ),
    Choice(
        key="unit_standby_time",
        source="pd.standByMode",
        options=NEVER_TO_12_H,
        command=_set(33, "pd.standByMode", "standByMode"),
    ),
    Choice(
        key="screen_off_time",
        source="pd.lcdOffSec",
        options=SCREEN_OFF,
        command=_set(39, "pd.lcdOffSec", "lcdTime"),
    ),
    Choice(
        key="dc_input_current",
        source="mppt.cfgDcChgCurrent",
        options={"4_a": 4000, "6_a": 6000, "8_a": 8000},
        command=_set(71, "mppt.cfgDcChgCurrent", "currMa"),
    ),
    Choice(
        key="dc_input_type",
        source="mppt.cfgChgType",
        options={"auto": 0, "solar": 1, "adapter": 2},
        enabled=False,
        command=_set(82, "mppt.cfgChgType", "chgType"),
    ),
)

_CONDITIONS = (
    Condition(key="grid_present", source="inv.acInVol", kind="power", test=above(GRID_PRESENT_MV)),
    Condition(key="extra1_connected", source="ems.bms1Online", kind="connectivity", diagnostic=True, test=above(2)),
    Condition(key="extra2_connected", source="ems.bms2Online", kind="connectivity", diagnostic=True, test=above(2)),
)

DELTA_PRO = Family(
    name="delta_pro",
    model="DELTA Pro",
    style=Style.TCP,
    products=("DELTA Pro",),
    prefixes=("DCABZ", "DCEBZ", "DCEB", "DCAB"),
    readings=_READINGS,
    conditions=_CONDITIONS,
    toggles=_TOGGLES,
    settings=_SETTINGS,
    choices=_CHOICES,
    charge=ChargeControl(setting="charge_power", power="ac_input_power"),
    battery_power="battery_power",
    solar_power="solar_power",
    telltale=("bmsMaster.f32ShowSoc", "ems.lcdShowSoc"),
    ignored=LEFT_OUT_DELTA_PRO,
)

DELTA_MAX = Family(
    name="delta_max",
    model="DELTA Max",
    style=Style.TCP,
    products=("DELTA Max",),
    prefixes=("DAEB", "DAAB"),
    readings=tuple(
        replace(reading, none_at=_NO_TIME_MAX) if reading.quantity is Quantity.DURATION else reading
        for reading in _READINGS
    ),
    conditions=_CONDITIONS,
    toggles=_TOGGLES,
    settings=(
        Setting(
            key="charge_power",
            source="inv.cfgSlowChgWatts",
            quantity=Quantity.POWER,
            low=100,
            high=2000,
            step=100,
            command=_set(69, "inv.cfgSlowChgWatts", "slowChgPower"),
        ),
        *_SETTINGS[1:],
    ),
    choices=_CHOICES,
    charge=ChargeControl(setting="charge_power", power="ac_input_power"),
    battery_power="battery_power",
    solar_power="solar_power",
    ignored=LEFT_OUT_DELTA_PRO,
)
