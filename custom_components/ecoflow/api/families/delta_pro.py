"""DELTA Pro and DELTA Max: the generation with `bmsMaster`, `ems`, `inv`, `mppt` and `pd`.

Commands have ids. The values of the `mppt` module are in 0.1 W, 0.1 V and 0.01 A (69.1 V x 4.28 A = 295.7 W with
inWatts 2960), all others in W, mV and mA (50.064 V x 2.295 A = 114.9 W with inputWatts 114).
"""

from collections.abc import Callable
from typing import Any

from ..units import Quantity
from ..wire_values import Values
from .battery_flow import IDLE_DISCHARGING_CHARGING, BatteryFlow
from .builders import (
    ac_current,
    amps,
    battery_level,
    celsius,
    count,
    energy_counter,
    error_code,
    hertz,
    volts,
    watts,
    wire_names,
)
from .decoders import MIN_GRID_VOLTAGE_MV, current_value, greater_than
from .options import NEVER_TO_12_H, NEVER_TO_24_H, NO_REMAINING_TIME, SCREEN_TIMEOUTS
from .packs import Packs, ignored_pack_values
from .specs import (
    BinarySensorSpec,
    ChargeControl,
    Command,
    CommandFormat,
    Evidence,
    Family,
    NumberSpec,
    SelectSpec,
    SensorSpec,
    SwitchSpec,
)
from .temperatures import without_absent_temperatures

_PACKS = Packs(("bmsMaster", "bmsSlave1", "bmsSlave2"), ("ems.bms1Online", "ems.bms2Online"), "ems.maxAvailableNum")
_FLOW = BatteryFlow(
    power=_PACKS.power,
    power_sources=_PACKS.sources,
    state_sources=("pd.sysChgDsgState",),
    states=IDLE_DISCHARGING_CHARGING,
)
# 143999 means "none"; a station that charges as fast as it discharges reports values just below.
_NO_TIME = 100_000
_MEASURED = Evidence.MEASURED


def _set(command_id: int, path: str, name: str, **fixed: Any) -> Callable[[Any, Values], Command]:
    """Return a builder for commands that send one value as `name` and report it at `path`."""

    def build(wire: Any, _values: Values) -> Command:
        return Command({"params": {"cmdSet": 32, "id": command_id, name: wire, **fixed}}, {path: wire})

    return build


def _ac_output(wire: Any, values: Values) -> Command:
    params = {"cmdSet": 32, "id": 66, "enabled": wire, "xboost": current_value(values, "inv.cfgAcXboost")}
    return Command({"params": params}, {"inv.cfgAcEnabled": wire})


def _xboost(wire: Any, values: Values) -> Command:
    params = {"cmdSet": 32, "id": 66, "enabled": current_value(values, "inv.cfgAcEnabled"), "xboost": wire}
    return Command({"params": params}, {"inv.cfgAcXboost": wire})


def _ac_always_on(wire: Any, values: Values) -> Command:
    minimum = current_value(values, "pd.minAcoutSoc", 20)
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
    return _backup(wire, current_value(values, "pd.bppowerSoc", 50), {"pd.watthisconfig": wire})


def _backup_level(wire: Any, _values: Values) -> Command:
    return _backup(1, wire, {"pd.bppowerSoc": wire, "pd.watthisconfig": 1})


SENSORS: tuple[SensorSpec, ...] = (
    battery_level("battery_level", ("ems.f32LcdShowSoc", "ems.lcdShowSoc", "pd.soc"), evidence=_MEASURED),
    _PACKS.power_sensor(),
    _FLOW.sensor(),
    watts("total_input_power", "pd.wattsInSum", evidence=_MEASURED),
    watts("total_output_power", "pd.wattsOutSum", evidence=_MEASURED),
    watts("ac_input_power", "inv.inputWatts", evidence=_MEASURED),
    watts("ac_output_power", "inv.outputWatts", evidence=_MEASURED),
    watts("solar_power", "mppt.inWatts", 0.1, evidence=_MEASURED),
    volts("solar_voltage", "mppt.inVol", 0.1, evidence=_MEASURED, diagnostic=True),
    amps("solar_current", "mppt.inAmp", 0.01, evidence=_MEASURED, diagnostic=True),
    watts("solar_charger_power", "mppt.outWatts", 0.1, evidence=_MEASURED, diagnostic=True, enabled=False),
    volts("solar_charger_voltage", "mppt.outVol", 0.1, evidence=_MEASURED, diagnostic=True, enabled=False),
    amps("solar_charger_current", "mppt.outAmp", 0.01, evidence=_MEASURED, diagnostic=True, enabled=False),
    watts("dc_output_power", "mppt.carOutWatts", 0.1),
    watts("anderson_output_power", "mppt.dcdc12vWatts", 0.1),
    watts("usb_a_1_output_power", "pd.usb1Watts"),
    watts("usb_a_2_output_power", "pd.usb2Watts"),
    watts("usb_qc_1_output_power", "pd.qcUsb1Watts"),
    watts("usb_qc_2_output_power", "pd.qcUsb2Watts"),
    watts("usb_c_1_output_power", "pd.typec1Watts"),
    watts("usb_c_2_output_power", "pd.typec2Watts"),
    volts("ac_input_voltage", "inv.acInVol", 0.001, evidence=_MEASURED),
    ac_current("ac_input_current", "inv.acInAmp", "inv.acInVol", "inv.inputWatts"),
    hertz("ac_input_frequency", "inv.acInFreq", diagnostic=True),
    volts("ac_output_voltage", "inv.invOutVol", 0.001, evidence=_MEASURED, diagnostic=True),
    ac_current("ac_output_current", "inv.invOutAmp", "inv.invOutVol", "inv.outputWatts", evidence=_MEASURED),
    hertz("ac_output_frequency", "inv.invOutFreq", diagnostic=True),
    _FLOW.charge_time("ems.chgRemainTime", unknown_above=_NO_TIME, unknown_values=NO_REMAINING_TIME),
    _FLOW.discharge_time("ems.dsgRemainTime", unknown_above=_NO_TIME, unknown_values=NO_REMAINING_TIME),
    energy_counter("ac_input_energy", "pd.chgPowerAc", evidence=_MEASURED),
    energy_counter("dc_input_energy", "pd.chgPowerDc"),
    energy_counter("solar_input_energy", "pd.chgSunPower", evidence=_MEASURED),
    energy_counter("ac_output_energy", "pd.dsgPowerAc", evidence=_MEASURED),
    energy_counter("dc_output_energy", "pd.dsgPowerDc"),
    celsius("inverter_temperature", "inv.outTemp", diagnostic=True),
    celsius("inverter_dc_temperature", "inv.dcInTemp", diagnostic=True, enabled=False),
    celsius("solar_charger_temperature", "mppt.mpptTemp", diagnostic=True),
    celsius("usb_c_1_temperature", "pd.typec1Temp", diagnostic=True, enabled=False),
    celsius("usb_c_2_temperature", "pd.typec2Temp", diagnostic=True, enabled=False),
    volts("charge_voltage_target", "ems.chgVol", 0.001, diagnostic=True, enabled=False, evidence=_MEASURED),
    count("fan_level", "ems.fanLevel", diagnostic=True, enabled=False),
    error_code("system_error", "pd.errCode"),
    error_code("inverter_error", "inv.errCode"),
    error_code("solar_charger_error", "mppt.faultCode"),
    *_PACKS.sensors(),
)
SENSORS = without_absent_temperatures(SENSORS)

_NUMBERS = (
    NumberSpec(
        key="charge_power",
        source="inv.cfgSlowChgWatts",
        quantity=Quantity.POWER,
        min_value=200,
        max_value=2900,
        step=100,
        command=_set(69, "inv.cfgSlowChgWatts", "slowChgPower"),
    ),
    NumberSpec(
        key="charge_limit",
        source="ems.maxChargeSoc",
        quantity=Quantity.PERCENTAGE,
        min_value=50,
        max_value=100,
        command=_set(49, "ems.maxChargeSoc", "maxChgSoc"),
    ),
    NumberSpec(
        key="discharge_limit",
        source="ems.minDsgSoc",
        quantity=Quantity.PERCENTAGE,
        min_value=0,
        max_value=30,
        command=_set(51, "ems.minDsgSoc", "minDsgSoc"),
    ),
    NumberSpec(
        key="backup_reserve",
        source="pd.bppowerSoc",
        quantity=Quantity.PERCENTAGE,
        min_value=5,
        max_value=100,
        command=_backup_level,
    ),
    NumberSpec(
        key="generator_start_level",
        source="ems.minOpenOilEbSoc",
        quantity=Quantity.PERCENTAGE,
        min_value=0,
        max_value=30,
        enabled=False,
        command=_set(52, "ems.minOpenOilEbSoc", "openOilSoc"),
    ),
    NumberSpec(
        key="generator_stop_level",
        source="ems.maxCloseOilEbSoc",
        quantity=Quantity.PERCENTAGE,
        min_value=50,
        max_value=100,
        enabled=False,
        command=_set(53, "ems.maxCloseOilEbSoc", "closeOilSoc"),
    ),
)

_SWITCHES = (
    SwitchSpec(key="ac_output", config=False, source="inv.cfgAcEnabled", command=_ac_output),
    SwitchSpec(key="dc_output", config=False, source="mppt.carState", command=_set(81, "mppt.carState", "enabled")),
    SwitchSpec(key="xboost", source="inv.cfgAcXboost", command=_xboost),
    # The wire value is inverted: 1 means quiet.
    SwitchSpec(key="beeper", source="pd.beepState", on=0, off=1, command=_set(38, "pd.beepState", "enabled")),
    SwitchSpec(key="ac_always_on", source="pd.acautooutConfig", command=_ac_always_on, enabled=False),
    SwitchSpec(
        key="ac_bypass_start",
        source="inv.acPassByAutoEn",
        command=_set(84, "inv.acPassByAutoEn", "enabled"),
        enabled=False,
    ),
    SwitchSpec(key="backup_reserve_enabled", source="pd.watthisconfig", command=_backup_enabled),
)

_SELECTS = (
    SelectSpec(
        key="ac_standby_time",
        source="inv.cfgStandbyMin",
        options=NEVER_TO_24_H,
        command=_set(153, "inv.cfgStandbyMin", "standByMins"),
    ),
    SelectSpec(
        key="unit_standby_time",
        source="pd.standByMode",
        options=NEVER_TO_12_H,
        command=_set(33, "pd.standByMode", "standByMode"),
    ),
    SelectSpec(
        key="screen_off_time",
        source="pd.lcdOffSec",
        options=SCREEN_TIMEOUTS,
        command=_set(39, "pd.lcdOffSec", "lcdTime"),
    ),
    SelectSpec(
        key="dc_input_current",
        source="mppt.cfgDcChgCurrent",
        options={"4_a": 4000, "6_a": 6000, "8_a": 8000},
        command=_set(71, "mppt.cfgDcChgCurrent", "currMa"),
    ),
    SelectSpec(
        key="dc_input_type",
        source="mppt.cfgChgType",
        options={"auto": 0, "solar": 1, "adapter": 2},
        enabled=False,
        command=_set(82, "mppt.cfgChgType", "chgType"),
    ),
)

BINARY_SENSORS = (
    BinarySensorSpec(
        key="grid_present", source="inv.acInVol", device_class="power", test=greater_than(MIN_GRID_VOLTAGE_MV)
    ),
    *_PACKS.connection_sensors(),
)

_IGNORED = (
    *wire_names(
        """
    ems.bms0Online ems.bmsModel ems.bmsWarningState ems.chgAmp ems.chgCmd ems.chgState ems.dsgCmd
    ems.emsIsNormalFlag  ems.openBmsIdx ems.openUpsFlag ems.paraVolMax ems.paraVolMin
    inv.acDipSwitch inv.cfgAcOutFreq inv.cfgAcOutVoltage inv.cfgAcWorkMode inv.cfgFastChgWatts
    inv.chargerType inv.chgPauseFlag inv.dcInAmp inv.dcInVol inv.dischargeType inv.fanState inv.invType
    inv.sysVer kit.availableDataLen kit.maxKitNum kit.productInfoDetails kit.protocolVersion
    latestTimeStamp mppt.beepState mppt.carOutAmp mppt.carOutVol mppt.carTemp mppt.chgPauseFlag
    mppt.chgState mppt.chgType mppt.dc24vState mppt.dc24vTemp mppt.dcdc12vAmp mppt.dcdc12vVol mppt.swVer
    mppt.xt60ChgType pd.acautooutPause pd.carState pd.carTemp pd.carUsedTime pd.carWatts pd.dcInUsedTime
    pd.dcOutState pd.ext3p8Port pd.ext4p8Port pd.extRj45Port pd.hysteresisAdd pd.icon* pd.invUsedTime
    pd.kit0 pd.kit1 pd.kit2 pd.lcdBrightness pd.minAcoutSoc pd.model pd.mpptUsedTime pd.relayswitchcnt
    pd.remainTime pd.sysVer pd.typccUsedTime pd.usbUsedTime pd.usbqcUsedTime pd.wifiAutoRcvy pd.wifiRssi
    pd.wifiVer pd.wirelessWatts
        """
    ),
    *ignored_pack_values(_PACKS.prefixes),
)

DELTA_PRO = Family(
    name="delta_pro",
    model="DELTA Pro",
    command_format=CommandFormat.TCP,
    product_names=("DELTA Pro",),
    serial_prefixes=("DCABZ", "DCEBZ", "DCEB", "DCAB"),
    product_types=(14,),
    sensors=SENSORS,
    binary_sensors=BINARY_SENSORS,
    switches=_SWITCHES,
    numbers=_NUMBERS,
    selects=_SELECTS,
    charge=ChargeControl(setting="charge_power", power="ac_input_power"),
    battery_power="battery_power",
    solar_power="solar_power",
    identifying_values=("bmsMaster.f32ShowSoc", "ems.lcdShowSoc"),
    identifying_capacity=("bmsMaster.designCap", (80_000,)),
    ignored_values=_IGNORED,
)

DELTA_MAX = Family(
    name="delta_max",
    model="DELTA Max",
    command_format=CommandFormat.TCP,
    product_names=("DELTA Max",),
    serial_prefixes=("DAEB", "DAAB"),
    product_types=(13,),
    sensors=SENSORS,
    binary_sensors=BINARY_SENSORS,
    switches=_SWITCHES,
    numbers=(
        NumberSpec(
            key="charge_power",
            source="inv.cfgSlowChgWatts",
            quantity=Quantity.POWER,
            min_value=100,
            max_value=2000,
            step=100,
            command=_set(69, "inv.cfgSlowChgWatts", "slowChgPower"),
        ),
        *_NUMBERS[1:],
    ),
    selects=_SELECTS,
    charge=ChargeControl(setting="charge_power", power="ac_input_power"),
    battery_power="battery_power",
    solar_power="solar_power",
    ignored_values=_IGNORED,
)

FAMILIES = (DELTA_MAX, DELTA_PRO)
