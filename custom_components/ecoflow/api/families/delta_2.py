"""DELTA 2, DELTA 2 Max and the RIVER 2 line: `bms_bmsStatus`, `bms_emsStatus`, `inv`, `mppt` and `pd`.

Commands name the module. Everything is W, mV and mA here, the solar side too (38.181 V x 11.819 A =
451.3 W beside inWatts 451), but for River 2 packs, which are V and A (`packs.py`).
"""

from functools import partial
from typing import Any

from ..quantities import Quantity
from .base import (
    FLOW_STATES,
    ChargeControl,
    Condition,
    Family,
    Proof,
    Reading,
    Setting,
    Style,
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
from .common import GRID_PRESENT_MV, above
from .delta_2_controls import (
    ALWAYS_ON_TOGGLE,
    BACKUP_TOGGLE,
    BEEPER,
    BEEPER_MAX,
    DC_TOGGLE,
    DELTA_2_CHOICES,
    DELTA_2_MAX_CHOICES,
    INV,
    LIMITS,
    MPPT,
    RIVER_2_CHOICES,
    SOLAR_FIRST,
    USB_TOGGLE,
    ac_toggles,
    charge_power,
    generator,
    pause,
    pause_max,
    power_max,
)
from .left_out import LEFT_OUT_DELTA_2, LEFT_OUT_RIVER_2
from .packs import battery_power, pack

_MAIN = "bms_bmsStatus"
_SLAVES = ("bms_slave_bmsSlaveStatus_1", "bms_slave_bmsSlaveStatus_2")
_PACKS = (_MAIN, *_SLAVES)
_EMS = "bms_emsStatus"
_NO_TIME = (5939, 5999, 143_999)
_MEASURED = Proof.MEASURED

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
        toggles=(*ac_toggles(MPPT, "mppt"), DC_TOGGLE, BACKUP_TOGGLE, ALWAYS_ON_TOGGLE),
        settings=(charge_power(50, high, 10), *LIMITS),
        choices=RIVER_2_CHOICES,
        charge=ChargeControl(setting="charge_power", power="ac_input_power", pause=pause),
        left_out=LEFT_OUT_RIVER_2,
    )


DELTA_2 = _station(
    "delta_2",
    "DELTA 2",
    ("R331", "R33"),
    readings=(*_SOLAR, *_READINGS),
    conditions=_CONDITIONS_MPPT,
    toggles=(
        *ac_toggles(MPPT, "mppt"),
        DC_TOGGLE,
        USB_TOGGLE,
        BEEPER,
        SOLAR_FIRST,
        BACKUP_TOGGLE,
        ALWAYS_ON_TOGGLE,
    ),
    settings=(charge_power(200, 1200, 10), *LIMITS, *generator("minOpenOilEb", "maxCloseOilEb")),
    choices=DELTA_2_CHOICES,
    charge=ChargeControl(setting="charge_power", power="ac_input_power", pause=pause),
    telltale=("bms_bmsStatus.f32ShowSoc", "mppt.cfgAcEnabled"),
)

DELTA_2_MAX = _station(
    "delta_2_max",
    "DELTA 2 Max",
    ("R351", "R35"),
    readings=(*_SOLAR_MAX, *_READINGS),
    conditions=_CONDITIONS_MAX,
    toggles=(*ac_toggles(INV, "inv"), DC_TOGGLE, USB_TOGGLE, BEEPER_MAX, BACKUP_TOGGLE),
    settings=(
        Setting(
            key="charge_power",
            source="inv.SlowChgWatts",
            quantity=Quantity.POWER,
            low=200,
            high=2400,
            step=100,
            command=power_max,
        ),
        *LIMITS,
        *generator("minOpenOilEbSoc", "maxCloseOilEbSoc"),
    ),
    choices=DELTA_2_MAX_CHOICES,
    charge=ChargeControl(setting="charge_power", power="ac_input_power", pause=pause_max),
    telltale=("mppt.pv2InWatts",),
)

RIVER_2 = _river("river_2", "RIVER 2", ("R601", "R60"), 360)
RIVER_2_MAX = _river("river_2_max", "RIVER 2 Max", ("R611", "R61"), 660)
RIVER_2_PRO = _river("river_2_pro", "RIVER 2 Pro", ("R621", "R62"), 940)
