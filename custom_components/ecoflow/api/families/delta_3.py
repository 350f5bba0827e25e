"""DELTA Pro 3 and the DELTA 3 line: names without a module, W as floats, commands with function 254.

Powers that leave the station are negative (powGetAcOut -198.39 with powOutSumW 198). Batteries report V and A, or mV
and mA with some firmwares (53.246 V x -0.039 A = -2.1 W with powGetBms -2). The current of the AC input is that of one
part only (118.1 V x 0.354 A with powGetAcIn 198), so it has no sensor.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..units import Quantity
from ..wire_values import Values
from . import cms_battery
from .builders import (
    battery_level,
    celsius,
    count,
    derived_power,
    error_code,
    hertz,
    output_watts,
    total,
    volts,
    watts,
    wire_names,
)
from .decoders import current_value, port_is_on
from .options import NEVER_TO_24_H, NO_REMAINING_TIME, SCREEN_TIMEOUTS
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


def _set(path: str, name: str, convert: Callable[[Any], Any] = int) -> Callable[[Any, Values], Command]:
    """Return a builder for commands that send one value as `name` and report it at `path`."""

    def build(wire: Any, _values: Values) -> Command:
        return Command(envelope({name: convert(wire)}), {path: wire})

    return build


def envelope(params: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a command with these parameters."""
    return {
        "cmdId": 17,
        "dirDest": 1,
        "dirSrc": 1,
        "cmdFunc": 254,
        "dest": 2,
        "needAck": True,
        "params": params,
    }


def _backup_enabled(wire: Any, values: Values) -> Command:
    level = current_value(values, "energyBackupStartSoc", 50)
    body = envelope({"cfgEnergyBackup": {"energyBackupStartSoc": level, "energyBackupEn": bool(wire)}})
    return Command(body, {"energyBackupEn": wire})


def _backup_level(wire: Any, _values: Values) -> Command:
    body = envelope({"cfgEnergyBackup": {"energyBackupStartSoc": wire, "energyBackupEn": True}})
    return Command(body, {"energyBackupStartSoc": wire, "energyBackupEn": 1})


def solar(*paths: str) -> SensorSpec:
    """Return the sensor of the power of all solar inputs."""
    return SensorSpec(
        key="solar_power",
        source=paths,
        depends_on=paths,
        quantity=Quantity.POWER,
        derive=partial(total, paths=paths),
    )


def _port(key: str, source: str, name: str) -> SwitchSpec:
    return SwitchSpec(
        key=key, source=source, on=2, off=0, config=False, test=port_is_on, command=_set(source, name, bool)
    )


def _flag(key: str, source: str, name: str, **more: Any) -> SwitchSpec:
    return SwitchSpec(key=key, source=source, command=_set(source, name, bool), **more)


def _level(key: str, source: str, name: str, low: int, high: int, **more: Any) -> NumberSpec:
    return NumberSpec(
        key=key,
        source=source,
        quantity=Quantity.PERCENTAGE,
        min_value=low,
        max_value=high,
        command=_set(source, name),
        **more,
    )


def _charge_power(low: int, high: int, step: int) -> NumberSpec:
    return NumberSpec(
        key="charge_power",
        source="plugInInfoAcInChgPowMax",
        quantity=Quantity.POWER,
        min_value=low,
        max_value=high,
        step=step,
        command=_set("plugInInfoAcInChgPowMax", "cfgPlugInInfoAcInChgPowMax"),
    )


def _time(key: str, source: str, name: str, options: dict[str, int], **more: Any) -> SelectSpec:
    return SelectSpec(key=key, source=source, options=options, command=_set(source, name), **more)


_MEASURED = Evidence.MEASURED
SENSORS: tuple[SensorSpec, ...] = (
    battery_level("battery_level", ("cmsBattSoc", "bmsBattSoc"), evidence=_MEASURED),
    battery_level("main_battery_level", "bmsBattSoc", enabled=False),
    derived_power("battery_power", cms_battery.POWER_SOURCES, cms_battery.power, evidence=_MEASURED),
    cms_battery.FLOW.sensor(),
    watts("total_input_power", "powInSumW", evidence=_MEASURED),
    output_watts("total_output_power", "powOutSumW", evidence=_MEASURED),
    watts("ac_input_power", "powGetAcIn", evidence=_MEASURED),
    volts("ac_input_voltage", "plugInInfoAcInVol", evidence=_MEASURED),
    output_watts("usb_qc_1_output_power", "powGetQcusb1"),
    output_watts("usb_qc_2_output_power", "powGetQcusb2"),
    output_watts("usb_c_1_output_power", "powGetTypec1"),
    output_watts("usb_c_2_output_power", "powGetTypec2"),
    output_watts("usb_c_3_output_power", "powGetTypec3"),
    output_watts("dc_output_power", "powGet12v"),
    output_watts("dc_24v_output_power", "powGet24v"),
    watts("expansion_port_power", "powGet5p8"),
    watts("extra1_battery_power", "powGet4p81"),
    watts("extra2_battery_power", "powGet4p82"),
    hertz("ac_input_frequency", "plugInInfoAcInFeq", diagnostic=True),
    hertz("ac_output_frequency", "acOutFreq", diagnostic=True),
    cms_battery.FLOW.charge_time(("cmsChgRemTime", "bmsChgRemTime"), unknown_values=NO_REMAINING_TIME),
    cms_battery.FLOW.discharge_time(("cmsDsgRemTime", "bmsDsgRemTime"), unknown_values=NO_REMAINING_TIME),
    *cms_battery.sensors(),
    celsius("inverter_temperature", "tempPcsAc", evidence=_MEASURED, diagnostic=True),
    celsius("inverter_dc_temperature", "tempPcsDc", evidence=_MEASURED, diagnostic=True, enabled=False),
    count("fan_level", "pcsFanLevel", diagnostic=True, enabled=False),
    error_code("system_error", ("errcode", "pdErrCode")),
    error_code("inverter_error", "invErrCode"),
)

GRID = (BinarySensorSpec(key="grid_present", source="plugInInfoAcInFlag", device_class="power"),)

_SWITCHES = (
    _port("dc_output", "flowInfo12v", "cfgDc12vOutOpen"),
    _flag("xboost", "xboostEn", "cfgXboostEn"),
    _flag("beeper", "enBeep", "cfgBeepEn"),
    _flag("ac_energy_saving", "acEnergySavingOpen", "cfgAcEnergySavingOpen", enabled=False),
    SwitchSpec(key="backup_reserve_enabled", source="energyBackupEn", command=_backup_enabled),
    _flag("generator_auto_start", "cmsOilSelfStart", "cfgCmsOilSelfStart", enabled=False),
)
_NUMBERS = (
    _level("charge_limit", "cmsMaxChgSoc", "cfgMaxChgSoc", 50, 100),
    _level("discharge_limit", "cmsMinDsgSoc", "cfgMinDsgSoc", 0, 30),
    NumberSpec(
        key="backup_reserve",
        source="energyBackupStartSoc",
        quantity=Quantity.PERCENTAGE,
        min_value=5,
        max_value=100,
        command=_backup_level,
    ),
    _level("generator_start_level", "cmsOilOnSoc", "cfgCmsOilOnSoc", 0, 100, enabled=False),
    _level("generator_stop_level", "cmsOilOffSoc", "cfgCmsOilOffSoc", 0, 100, enabled=False),
)
_SELECTS = (
    _time("ac_standby_time", "acStandbyTime", "cfgAcStandbyTime", NEVER_TO_24_H),
    _time("dc_standby_time", "dcStandbyTime", "cfgDcStandbyTime", NEVER_TO_24_H),
    _time("unit_standby_time", "devStandbyTime", "cfgDevStandbyTime", NEVER_TO_24_H),
    _time("screen_off_time", "screenOffTime", "cfgScreenOffTime", SCREEN_TIMEOUTS),
)

_IGNORED = wire_names(
    """
    acAlwaysOn* accu* actSoc afeSysStatus allBmsFault allErrCode balance* bmsAlarmState* bmsAlmState* bmsBalState
    bmsErrCode bmsFault* bmsFirmVer bmsFltState bmsHeartbeatVer bmsHighTempIcon bmsLimitIcon bmsLowTempIcon
    bmsMinMosTemp bmsOverloadIcon bmsPro* bmsSn bmsWarnIcon bqSysStatReg calendarSoh cellId cellNtcNum cellSeriesNum
    cellTemp cellVol chgDsgState cmsBattFullEnergy cmsBattPow* cmsBattSoh cmsBmsRunState cmsChgReq* curSensor*
    cycleSoh dcdc* devSleepState diffSoc displayProperty* ecloudOcv energyStrategy* env* errCode f32ShowSoc
    fastChargeSwitch flowInfo* heatfilm* hwVer inputWatts invFirmVer iotFirmVer lcdLight maxCellTemp maxCurSensorTemp
    maxEnvTemp maxHeatfilmTemp maxMosTemp maxVolDiff mcuPin* min* mosNtcNum mosState mosTemp num openBmsFlag
    outputPowerOffMemory outputWatts packSn pcsFanErrFlag pdBms* pdDcdc* pdFirmVer pdInv* pdIot* plugInInfo* powGetAc
    powGetDc powGetDcp product* pvDcChg* realSoh remain* runtimeProperty* selfPowered* stormPattern* sys* tagChgAmp
    targetSoc timeTask* touMode* type utc* v1p0* v1p3* waterInFlag wireless* soc soh
    """
)

DELTA_PRO_3 = Family(
    name="delta_pro_3",
    model="DELTA Pro 3",
    command_format=CommandFormat.FUNCTION,
    product_names=("DELTA Pro 3",),
    serial_prefixes=("MR51",),
    product_types=(28,),
    sensors=without_absent_temperatures(
        (
            solar("powGetPvH", "powGetPvL"),
            watts("solar_high_voltage_power", "powGetPvH"),
            watts("solar_low_voltage_power", "powGetPvL"),
            output_watts("ac_output_power", "powGetAcHvOut"),
            output_watts("ac_low_voltage_output_power", "powGetAcLvOut"),
            output_watts("ac_tt30_output_power", "powGetAcLvTt30Out", enabled=False),
            celsius("solar_1_temperature", "tempPvH", diagnostic=True, enabled=False),
            celsius("solar_2_temperature", "tempPvL", diagnostic=True, enabled=False),
            *SENSORS,
        )
    ),
    binary_sensors=GRID,
    switches=(
        _port("ac_output", "flowInfoAcHvOut", "cfgHvAcOutOpen"),
        _port("ac_low_voltage_output", "flowInfoAcLvOut", "cfgLvAcOutOpen"),
        *_SWITCHES,
    ),
    numbers=(_charge_power(400, 2900, 50), *_NUMBERS),
    selects=_SELECTS,
    charge=ChargeControl(setting="charge_power", power="ac_input_power"),
    battery_power="battery_power",
    solar_power="solar_power",
    identifying_values=("powGetPvH", "powGetAcHvOut"),
    ignored_values=_IGNORED,
)


def _delta_3(
    name: str, model: str, prefixes: tuple[str, ...], product_types: tuple[int, ...], high: int, *aliases: str
) -> Family:
    return Family(
        name=name,
        model=model,
        command_format=CommandFormat.FUNCTION,
        product_names=(model, *aliases),
        serial_prefixes=prefixes,
        product_types=product_types,
        sensors=without_absent_temperatures(
            (
                solar("powGetPv", "powGetPv2"),
                watts("solar_1_power", "powGetPv", enabled=False),
                watts("solar_2_power", "powGetPv2"),
                volts("solar_1_voltage", "plugInInfoPvVol", evidence=_MEASURED, diagnostic=True, enabled=False),
                volts("solar_2_voltage", "plugInInfoPv2Vol", evidence=_MEASURED, diagnostic=True, enabled=False),
                celsius("solar_1_temperature", "tempPv", evidence=_MEASURED, diagnostic=True, enabled=False),
                celsius("solar_2_temperature", "tempPv2", evidence=_MEASURED, diagnostic=True, enabled=False),
                output_watts("ac_output_power", "powGetAcOut", evidence=_MEASURED),
                *SENSORS,
            )
        ),
        binary_sensors=GRID,
        switches=(
            _port("ac_output", "flowInfoAcOut", "cfgAcOutOpen"),
            _port("ac_output_2", "flowInfoAc2Out", "cfgAc2OutOpen"),
            _flag("ac_bypass_disabled", "bypassOutDisable", "cfgBypassOutDisable", enabled=False),
            *_SWITCHES,
        ),
        numbers=(
            _charge_power(100, high, 50),
            *_NUMBERS,
            _level("backup_floor", "backupReverseSoc", "cfgBackupReverseSoc", 0, 100),
        ),
        selects=_SELECTS,
        charge=ChargeControl(setting="charge_power", power="ac_input_power"),
        battery_power="battery_power",
        solar_power="solar_power",
        ignored_values=_IGNORED,
    )


DELTA_3 = _delta_3("delta_3", "DELTA 3", ("P331", "P351"), (77, 79, 102), 1500, "DELTA 3 Plus", "DELTA 3 Classic")
DELTA_3_MAX = _delta_3("delta_3_max", "DELTA 3 Max", ("D3N1", "D3M1"), (89,), 2400, "DELTA 3 Max Plus")

FAMILIES = (DELTA_PRO_3, DELTA_3_MAX, DELTA_3)
