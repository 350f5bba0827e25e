"""PowerStream micro-inverter: all values under `20_1`, in tenths; commands have codes.

In a capture 29.0 V x 0.3 A = 8.7 W correspond to pv1InputWatts 90, and solar 21.0 W + battery 150.0 W to
invOutputWatts 1710. Powers are therefore in 0.1 W, and the battery power is positive while discharging.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..units import Quantity
from ..wire_values import Values, number_at
from .battery_flow import BatteryFlow
from .builders import (
    amps,
    battery_level,
    celsius,
    error_code,
    hertz,
    total,
    volts,
    watts,
    wire_names,
)
from .decoders import is_positive
from .options import NO_REMAINING_TIME
from .specs import (
    BinarySensorSpec,
    Command,
    CommandFormat,
    Evidence,
    Family,
    NumberSpec,
    SelectSpec,
    SensorSpec,
)
from .temperatures import without_absent_temperatures

_MEASURED = Evidence.MEASURED
_P = "20_1"


def _set(path: str, command_code: str, name: str) -> Callable[[Any, Values], Command]:
    def build(wire: Any, _values: Values) -> Command:
        return Command({"cmdCode": command_code, "params": {name: wire}}, {path: wire})

    return build


def _setting(key: str, name: str, command_code: str, low: int, high: int, **more: Any) -> NumberSpec:
    path = f"{_P}.{name}"
    wire_name = more.pop("wire_name", name)
    return NumberSpec(
        key=key,
        source=path,
        quantity=more.pop("quantity", Quantity.PERCENTAGE),
        min_value=low,
        max_value=high,
        command=_set(path, command_code, wire_name),
        **more,
    )


def _battery_power(values: Values) -> float | None:
    """Return the battery power in W, positive while charging; the device reports it positive while discharging."""
    value = number_at(values, f"{_P}.batInputWatts")
    return None if value is None else -value / 10


_FLOW = BatteryFlow(power=_battery_power, power_sources=(f"{_P}.batInputWatts",))

_SENSORS: tuple[SensorSpec, ...] = (
    battery_level("battery_level", f"{_P}.batSoc"),
    watts("battery_power", f"{_P}.batInputWatts", -0.1, evidence=_MEASURED),
    SensorSpec(
        key="solar_power",
        source=(f"{_P}.pv1InputWatts", f"{_P}.pv2InputWatts"),
        depends_on=(f"{_P}.pv1InputWatts", f"{_P}.pv2InputWatts"),
        quantity=Quantity.POWER,
        evidence=_MEASURED,
        derive=partial(total, paths=(f"{_P}.pv1InputWatts", f"{_P}.pv2InputWatts"), scale=0.1),
    ),
    *(
        reading
        for n in (1, 2)
        for reading in (
            watts(f"solar_{n}_power", f"{_P}.pv{n}InputWatts", 0.1, evidence=_MEASURED),
            volts(f"solar_{n}_voltage", f"{_P}.pv{n}InputVolt", 0.1, evidence=_MEASURED, diagnostic=True),
            amps(f"solar_{n}_current", f"{_P}.pv{n}InputCur", 0.1, evidence=_MEASURED, diagnostic=True),
            celsius(f"solar_{n}_temperature", f"{_P}.pv{n}Temp", 0.1, evidence=_MEASURED, diagnostic=True),
            error_code(f"solar_{n}_error", f"{_P}.pv{n}ErrCode"),
        )
    ),
    watts("inverter_output_power", f"{_P}.invOutputWatts", 0.1, evidence=_MEASURED),
    watts("inverter_demand_power", f"{_P}.invDemandWatts", 0.1, diagnostic=True),
    watts("smart_plug_power", f"{_P}.invToPlugWatts", 0.1),
    watts("other_loads_power", f"{_P}.invToOtherWatts", 0.1),
    watts("plug_total_power", f"{_P}.plugTotalWatts", 0.1),
    watts("grid_consumption_power", f"{_P}.gridConsWatts", 0.1),
    watts("dynamic_load_power", f"{_P}.dynamicWatts", 0.1, enabled=False),
    watts("rated_power", f"{_P}.ratedPower", 0.1, evidence=_MEASURED, diagnostic=True, enabled=False),
    hertz("ac_output_frequency", f"{_P}.invFreq", 0.1, evidence=_MEASURED, diagnostic=True),
    volts("inverter_dc_voltage", f"{_P}.invInputVolt", 0.1, evidence=_MEASURED, diagnostic=True, enabled=False),
    # Documented as 0.1 A, but an 800 W inverter cannot deliver 112.6 A, so it is mA.
    amps(
        "inverter_output_current",
        f"{_P}.invOutputCur",
        0.001,
        evidence=_MEASURED,
        diagnostic=True,
        enabled=False,
    ),
    volts("main_battery_voltage", f"{_P}.batInputVolt", 0.1, evidence=_MEASURED, diagnostic=True),
    celsius("main_battery_temperature", f"{_P}.batTemp", 0.1, evidence=_MEASURED, diagnostic=True),
    celsius("converter_temperature", f"{_P}.llcTemp", 0.1, evidence=_MEASURED, diagnostic=True, enabled=False),
    celsius("inverter_temperature", f"{_P}.invTemp", 0.1, diagnostic=True),
    _FLOW.charge_time(f"{_P}.chgRemainTime", unknown_values=NO_REMAINING_TIME),
    _FLOW.discharge_time(f"{_P}.dsgRemainTime", unknown_values=NO_REMAINING_TIME),
    SensorSpec(
        key="wifi_signal",
        source=f"{_P}.wifiRssi",
        quantity=Quantity.SIGNAL_STRENGTH,
        evidence=_MEASURED,
        diagnostic=True,
        enabled=False,
    ),
    error_code("inverter_error", f"{_P}.invErrCode"),
    error_code("battery_error", f"{_P}.batErrCode"),
    error_code("converter_error", f"{_P}.llcErrCode"),
)
_SENSORS = without_absent_temperatures(_SENSORS)

_IGNORED = wire_names(
    """
    2_1* 2_2* 20_134.* 20_1.acOffFlag 20_1.acSetWatts 20_1.antiBackFlowFlag 20_1.batErrorInvLoadLimit
    20_1.batInputCur 20_1.batLoadLimitFlag 20_1.batOffFlag 20_1.batOpVolt 20_1.batOutputLoadLimit
    20_1.batStatue 20_1.batSystem 20_1.batWarningCode 20_1.bmsReqChgAmp 20_1.bmsReqChgVol 20_1.bpType
    20_1.consNum 20_1.consWatt 20_1.espTempsensor 20_1.feedProtect 20_1.fisoRxyz 20_1.floadLimitOut
    20_1.geneNum 20_1.geneWatt 20_1.heartbeatFrequency 20_1.history* 20_1.installCountry
    20_1.installTown 20_1.interfaceConnFlag 20_1.invLoadLimitFlag 20_1.invOpVolt 20_1.invOutputLoadLimit
    20_1.invRelayStatus 20_1.invStatue 20_1.invWarnCode 20_1.llcInputVolt 20_1.llcOffFlag 20_1.llcOpVolt
    20_1.llcStatue 20_1.llcWarningCode 20_1.meshId 20_1.meshLayel 20_1.mqtt* 20_1.noiseFloor
    20_1.parentMac 20_1.pv1CtrlMpptOffFlag 20_1.pv1OpVolt 20_1.pv1RelayStatus 20_1.pv1Statue
    20_1.pv1WarnCode 20_1.pv2CtrlMpptOffFlag 20_1.pv2OpVolt 20_1.pv2RelayStatus 20_1.pv2Statue
    20_1.pv2WarningCode 20_1.pvPowerLimitAcPower 20_1.pvToInvWatts 20_1.resetCount 20_1.resetReason
    20_1.selfMac 20_1.spaceDemandWatts 20_1.staIpAddr 20_1.stackFree 20_1.stackMinFree 20_1.updateTime
    20_1.uwloadLimitFlag 20_1.uwlowLightFlag 20_1.uwsocFlag 20_1.wifiConnectChannel 20_1.wifiEncryptMode
    20_1.wifiErr 20_1.wifiErrTime 20_1.wifiFirmwareVersion 20_1.wirelessErrCode 20_1.wirelessWarnCode
    """
)

POWERSTREAM = Family(
    name="powerstream",
    model="PowerStream",
    command_format=CommandFormat.CODE,
    product_names=(
        "PowerStream",
        "PowerStream Microinverter",
        "PowerStream Micro-inverter",
        *(f"PowerStream {power}{unit}" for power in (600, 800) for unit in ("", "W")),
    ),
    serial_prefixes=("HW51",),
    sensors=_SENSORS,
    binary_sensors=(
        # Without a grid the inverter has no frequency to follow.
        BinarySensorSpec(key="grid_present", source=f"{_P}.invFreq", device_class="power", test=is_positive),
        BinarySensorSpec(key="inverter_on", source=f"{_P}.invOnOff", device_class="running", diagnostic=True),
    ),
    numbers=(
        _setting(
            "custom_load_power",
            "permanentWatts",
            "WN511_SET_PERMANENT_WATTS_PACK",
            0,
            800,
            quantity=Quantity.POWER,
            scale=0.1,
        ),
        _setting("discharge_limit", "lowerLimit", "WN511_SET_BAT_LOWER_PACK", 1, 30),
        _setting("charge_limit", "upperLimit", "WN511_SET_BAT_UPPER_PACK", 70, 100),
        _setting(
            "indicator_brightness",
            "invBrightness",
            "WN511_SET_BRIGHTNESS_PACK",
            0,
            1023,
            quantity=Quantity.COUNT,
            wire_name="brightness",
            enabled=False,
        ),
    ),
    selects=(
        SelectSpec(
            key="supply_priority",
            config=False,
            source=f"{_P}.supplyPriority",
            options={"supply": 0, "storage": 1},
            command=_set(f"{_P}.supplyPriority", "WN511_SET_SUPPLY_PRIORITY_PACK", "supplyPriority"),
        ),
    ),
    battery_power="battery_power",
    solar_power="solar_power",
    identifying_values=("20_1.invOutputWatts",),
    ignored_values=_IGNORED,
)

FAMILIES = (POWERSTREAM,)
