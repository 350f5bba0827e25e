"""DELTA 2, DELTA 2 Max and the RIVER 2 line: `bms_bmsStatus`, `bms_emsStatus`, `inv`, `mppt` and `pd`.

Commands name the module. All values are in W, mV and mA, also those of the solar input (38.181 V x 11.819 A =
451.3 W with inWatts 451), except RIVER 2 packs, which are in V and A (`packs.py`).
"""

from dataclasses import replace
from functools import partial
from typing import Any

from ..units import Quantity
from .battery_flow import DISCHARGING_CHARGING, IDLE_DISCHARGING_CHARGING, BatteryFlow
from .builders import (
    ac_current,
    amps,
    battery_level,
    celsius,
    count,
    energy_counter,
    error_code,
    hertz,
    total,
    volts,
    watts,
    wire_names,
)
from .decoders import MIN_GRID_VOLTAGE_MV, greater_than
from .delta_2_controls import (
    ALWAYS_ON_SWITCH,
    BACKUP_SWITCH,
    BEEPER,
    BEEPER_MAX,
    DC_SWITCH,
    DELTA_2_MAX_SELECTS,
    DELTA_2_SELECTS,
    INV,
    LIMITS,
    MPPT,
    RIVER_2_SELECTS,
    SOLAR_FIRST,
    USB_SWITCH,
    ac_switches,
    charge_power,
    generator,
    pause,
    pause_max,
    power_max,
)
from .options import NO_REMAINING_TIME
from .packs import Packs, ignored_pack_values
from .specs import (
    BinarySensorSpec,
    ChargeControl,
    CommandFormat,
    Evidence,
    Family,
    NumberSpec,
    SensorSpec,
)
from .temperatures import without_absent_temperatures

_MAIN = "bms_bmsStatus"
_EMS = "bms_emsStatus"
_PACKS = Packs(
    (_MAIN, "bms_slave_bmsSlaveStatus_1", "bms_slave_bmsSlaveStatus_2"),
    (f"{_EMS}.bmsIsConnt[1]", f"{_EMS}.bmsIsConnt[2]"),
    f"{_EMS}.maxAvailNum",
)
_FLOW = BatteryFlow(
    power=_PACKS.power,
    power_sources=_PACKS.sources,
    state_sources=("pd.chgDsgState",),
    states=DISCHARGING_CHARGING,
)
# The DELTA 2 Max numbers the states differently from the DELTA 2.
_FLOW_MAX = replace(_FLOW, states=IDLE_DISCHARGING_CHARGING)
_MEASURED = Evidence.MEASURED

_SOLAR = (
    watts("solar_power", "mppt.inWatts", evidence=_MEASURED),
    volts("solar_voltage", "mppt.inVol", 0.001, evidence=_MEASURED, diagnostic=True),
    amps("solar_current", "mppt.inAmp", 0.001, evidence=_MEASURED, diagnostic=True),
)
_SOLAR_MAX = (
    SensorSpec(
        key="solar_power",
        source="mppt.inWatts",
        depends_on=("mppt.pv2InWatts",),
        quantity=Quantity.POWER,
        evidence=_MEASURED,
        derive=partial(total, paths=("mppt.inWatts", "mppt.pv2InWatts")),
    ),
    watts("solar_1_power", "mppt.inWatts", evidence=_MEASURED),
    volts("solar_1_voltage", "mppt.inVol", 0.001, evidence=_MEASURED, diagnostic=True),
    amps("solar_1_current", "mppt.inAmp", 0.001, evidence=_MEASURED, diagnostic=True),
    watts("solar_2_power", "mppt.pv2InWatts", evidence=_MEASURED),
    volts("solar_2_voltage", "mppt.pv2InVol", 0.001, evidence=_MEASURED, diagnostic=True),
    amps("solar_2_current", "mppt.pv2InAmp", 0.001, evidence=_MEASURED, diagnostic=True),
)
_SENSORS: tuple[SensorSpec, ...] = (
    battery_level("battery_level", (f"{_EMS}.f32LcdShowSoc", f"{_EMS}.lcdShowSoc", "pd.soc"), evidence=_MEASURED),
    _PACKS.power_sensor(),
    watts("total_input_power", "pd.wattsInSum", evidence=_MEASURED),
    watts("total_output_power", "pd.wattsOutSum", evidence=_MEASURED),
    watts("ac_input_power", "inv.inputWatts", evidence=_MEASURED),
    watts("ac_output_power", "inv.outputWatts", evidence=_MEASURED),
    watts("solar_charger_power", "mppt.outWatts", diagnostic=True, enabled=False),
    volts("solar_charger_voltage", "mppt.outVol", 0.001, evidence=_MEASURED, diagnostic=True, enabled=False),
    amps("solar_charger_current", "mppt.outAmp", 0.001, evidence=_MEASURED, diagnostic=True, enabled=False),
    watts("dc_output_power", "pd.carWatts"),
    watts("anderson_output_power", "mppt.dcdc12vWatts", enabled=False),
    watts("usb_a_1_output_power", "pd.usb1Watts"),
    watts("usb_a_2_output_power", "pd.usb2Watts"),
    watts("usb_qc_1_output_power", "pd.qcUsb1Watts"),
    watts("usb_qc_2_output_power", "pd.qcUsb2Watts"),
    watts("usb_c_1_output_power", "pd.typec1Watts"),
    watts("usb_c_2_output_power", "pd.typec2Watts"),
    watts("usb_c_1_input_power", "pd.typecChaWatts"),
    volts("ac_input_voltage", "inv.acInVol", 0.001, evidence=_MEASURED),
    ac_current("ac_input_current", "inv.acInAmp", "inv.acInVol", "inv.inputWatts", evidence=_MEASURED),
    hertz("ac_input_frequency", "inv.acInFreq", diagnostic=True),
    volts("ac_output_voltage", "inv.invOutVol", 0.001, evidence=_MEASURED, diagnostic=True),
    ac_current("ac_output_current", "inv.invOutAmp", "inv.invOutVol", "inv.outputWatts", evidence=_MEASURED),
    hertz("ac_output_frequency", "inv.invOutFreq", diagnostic=True),
    energy_counter("ac_input_energy", "pd.chgPowerAC", evidence=_MEASURED),
    energy_counter("dc_input_energy", "pd.chgPowerDC"),
    energy_counter("solar_input_energy", "pd.chgSunPower"),
    energy_counter("ac_output_energy", "pd.dsgPowerAC", evidence=_MEASURED),
    energy_counter("dc_output_energy", "pd.dsgPowerDC"),
    celsius("inverter_temperature", "inv.outTemp", diagnostic=True),
    celsius("inverter_dc_temperature", "inv.dcInTemp", diagnostic=True, enabled=False),
    celsius("solar_charger_temperature", "mppt.mpptTemp", diagnostic=True),
    celsius("dc_output_temperature", ("mppt.carTemp", "pd.carTemp"), diagnostic=True, enabled=False),
    celsius("usb_c_1_temperature", "pd.typec1Temp", diagnostic=True, enabled=False),
    celsius("usb_c_2_temperature", "pd.typec2Temp", diagnostic=True, enabled=False),
    count("fan_level", f"{_EMS}.fanLevel", diagnostic=True, enabled=False),
    error_code("system_error", "pd.errCode"),
    error_code("inverter_error", "inv.errCode"),
    error_code("solar_charger_error", "mppt.faultCode"),
    *_PACKS.sensors(),
)


def _sensors(flow: BatteryFlow, solar: tuple[SensorSpec, ...]) -> tuple[SensorSpec, ...]:
    """Return the sensors of a model."""
    return without_absent_temperatures(
        (
            *solar,
            *_SENSORS,
            flow.sensor(),
            flow.charge_time(f"{_EMS}.chgRemainTime", unknown_values=NO_REMAINING_TIME),
            flow.discharge_time(f"{_EMS}.dsgRemainTime", unknown_values=NO_REMAINING_TIME),
        )
    )


_BINARY_SENSORS = (
    BinarySensorSpec(
        key="grid_present", source="inv.acInVol", device_class="power", test=greater_than(MIN_GRID_VOLTAGE_MV)
    ),
    *_PACKS.connection_sensors(),
)
_BINARY_SENSORS_MPPT = (
    *_BINARY_SENSORS,
    BinarySensorSpec(key="charging_paused", source="mppt.chgPauseFlag", diagnostic=True),
)
_BINARY_SENSORS_MAX = (
    *_BINARY_SENSORS,
    BinarySensorSpec(key="charging_paused", source="inv.chgPauseFlag", diagnostic=True),
)


_IGNORED = (
    *wire_names(
        """
    bms_emsStatus.bmsModel bms_emsStatus.bmsWarState bms_emsStatus.chgAmp
    bms_emsStatus.chgCmd bms_emsStatus.chgDisCond bms_emsStatus.chgLinePlug bms_emsStatus.chgState
    bms_emsStatus.chgVol bms_emsStatus.dsgCmd bms_emsStatus.dsgDisCond bms_emsStatus.emsIsNormalFlag
    bms_emsStatus.emsVer  bms_emsStatus.openBmsIdx bms_emsStatus.openUpsFlag
    bms_emsStatus.paraVolMax bms_emsStatus.paraVolMin bms_emsStatus.sysChgDsgState
    bms_emsStatus.maxCloseOilEb bms_emsStatus.minOpenOilEb bms_kitInfo.* bms_bmsInfo.* inv.FastChgWatts
    inv.SlowChgWatts inv.acChgRatedPower inv.acDipSwitch inv.acPassbyAutoEn inv.cfgAcEnabled
    inv.cfgAcOutFreq inv.cfgAcOutVol inv.cfgAcWorkMode inv.cfgAcXboost inv.chargerType inv.chgPauseFlag
    inv.dcInAmp inv.dcInVol inv.dischargeType inv.fanState inv.invType inv.prBalanceMode inv.reserved
    inv.standbyMins inv.sysVer mppt.carOutAmp mppt.carOutVol mppt.carOutWatts mppt.carStandbyMin
    mppt.cfgAcOutFreq mppt.cfgAcOutVol mppt.cfgChgType mppt.chgPauseFlag mppt.chgState mppt.chgType
    mppt.dc24vState mppt.dc24vTemp mppt.dcdc12vAmp mppt.dcdc12vVol mppt.dischargeType mppt.powStandbyMin
    mppt.res mppt.scrStandbyMin mppt.swVer mppt.x60ChgType pd.acAutoOnCfg pd.acAutoOutConfig
    pd.acAutoOutPause pd.acEnabled pd.beepMode pd.brightLevel pd.carState pd.carUsedTime pd.chargerType
    pd.dcInUsedTime pd.ext3p8Port pd.ext4p8Port pd.extRj45Port pd.hysteresisAdd pd.icoBytes pd.inWatts
    pd.inputWatts pd.invUsedTime pd.lcdOffSec pd.minAcoutSoc pd.model pd.mpptUsedTime pd.outWatts
    pd.outputWatts pd.relaySwitchCnt pd.remainTime pd.reserved pd.standbyMin pd.sysVer pd.typecUsedTime
    pd.usbUsedTime pd.usbqcUsedTime pd.wifiAutoRcvy pd.wifiRssi pd.wifiVer pd.wireWatts
        """
    ),
    *ignored_pack_values(_PACKS.prefixes),
)


def _station(
    name: str,
    model: str,
    prefixes: tuple[str, ...],
    product_type: int,
    *,
    ignored: tuple[str, ...] = _IGNORED,
    **parts: Any,
) -> Family:
    """Return a family of this generation; `parts` are its own fields."""
    return Family(
        name=name,
        model=model,
        command_format=CommandFormat.MODULE,
        product_names=(model,),
        serial_prefixes=prefixes,
        product_types=(product_type,),
        battery_power="battery_power",
        solar_power="solar_power",
        ignored_values=ignored,
        **parts,
    )


def _river(name: str, model: str, prefixes: tuple[str, ...], product_type: int, max_charge_w: int) -> Family:
    return _station(
        name,
        model,
        prefixes,
        product_type,
        sensors=_sensors(_FLOW, _SOLAR),
        binary_sensors=_BINARY_SENSORS_MPPT,
        switches=(*ac_switches(MPPT, "mppt"), DC_SWITCH, BACKUP_SWITCH, ALWAYS_ON_SWITCH),
        numbers=(charge_power(50, max_charge_w, 10), *LIMITS),
        selects=RIVER_2_SELECTS,
        charge=ChargeControl(setting="charge_power", power="ac_input_power", pause=pause),
        ignored=(*_IGNORED, "mppt.beepState", "pd.dcOutState"),
    )


DELTA_2 = _station(
    "delta_2",
    "DELTA 2",
    ("R331", "R33"),
    80,
    sensors=_sensors(_FLOW, _SOLAR),
    binary_sensors=_BINARY_SENSORS_MPPT,
    switches=(
        *ac_switches(MPPT, "mppt"),
        DC_SWITCH,
        USB_SWITCH,
        BEEPER,
        SOLAR_FIRST,
        BACKUP_SWITCH,
        ALWAYS_ON_SWITCH,
    ),
    numbers=(charge_power(200, 1200, 10), *LIMITS, *generator("minOpenOilEb", "maxCloseOilEb")),
    selects=DELTA_2_SELECTS,
    charge=ChargeControl(setting="charge_power", power="ac_input_power", pause=pause),
    identifying_values=("bms_bmsStatus.f32ShowSoc", "mppt.cfgAcEnabled"),
    identifying_capacity=("bms_bmsStatus.designCap", (20_000,)),
)

DELTA_2_MAX = _station(
    "delta_2_max",
    "DELTA 2 Max",
    ("R351", "R35"),
    81,
    sensors=_sensors(_FLOW_MAX, _SOLAR_MAX),
    binary_sensors=_BINARY_SENSORS_MAX,
    switches=(*ac_switches(INV, "inv"), DC_SWITCH, USB_SWITCH, BEEPER_MAX, BACKUP_SWITCH),
    numbers=(
        NumberSpec(
            key="charge_power",
            source="inv.SlowChgWatts",
            quantity=Quantity.POWER,
            min_value=200,
            max_value=2400,
            step=100,
            command=power_max,
        ),
        *LIMITS,
        *generator("minOpenOilEbSoc", "maxCloseOilEbSoc"),
    ),
    selects=DELTA_2_MAX_SELECTS,
    charge=ChargeControl(setting="charge_power", power="ac_input_power", pause=pause_max),
    identifying_values=("mppt.pv2InWatts",),
)

RIVER_2 = _river("river_2", "RIVER 2", ("R601", "R60"), 70, 360)
RIVER_2_MAX = _river("river_2_max", "RIVER 2 Max", ("R611", "R61"), 71, 660)
RIVER_2_PRO = _river("river_2_pro", "RIVER 2 Pro", ("R621", "R62"), 72, 940)

FAMILIES = (DELTA_2_MAX, RIVER_2_PRO, RIVER_2_MAX, RIVER_2, DELTA_2)
