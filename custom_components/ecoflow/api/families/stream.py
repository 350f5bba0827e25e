"""STREAM: batteries for balcony solar systems, which share one system of several units.

Facts: the names in EcoFlow's document (developer-eu.ecoflow.com/us/document/bkw: AC sockets, backup reserve, limits)
and the recorded values of a STREAM Ultra in a system of two (battery 20.161 V x 44.671 A = 900.6 W with inputWatts
900; solar 2051 W = batteries 1915 W + export 135 W). Values are those of the unit, but the grid is that of the system.

Programs written from that document disagree on the ranges of the limits: what can be set here is what all of them
allow, and 100 % for the charge limit, which the recorded device has. What a device reports is shown in any case. A
backup reserve below the discharge limit + 3 % is refused by the device (evcc, meter/ecoflow.go). The feed-in mode has
no control: owners report the opposite of the document. The direction of `gridConnectionPower` is unproved, so it has
no sensor. A STREAM Microinverter is another device.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from ..units import Quantity
from ..wire_values import Values, number_at, without_minus_zero
from . import cms_battery
from .battery_flow import IDLE_DISCHARGING_CHARGING, BatteryFlow
from .builders import (
    amp_hours,
    battery_level,
    celsius,
    derived_power,
    hertz,
    output_watts,
    total,
    volts,
    watts,
    wire_names,
)
from .delta_3 import envelope
from .options import NO_REMAINING_TIME
from .specs import Command, CommandFormat, Evidence, Family, NumberSpec, SwitchSpec
from .temperatures import without_absent_temperatures

_MEASURED: Final = Evidence.MEASURED
# The inputs of this unit; `powGetPvSum` is that of the whole system.
_SOLAR: Final = ("powGetPv", "powGetPv2", "powGetPv3", "powGetPv4")
_GRID: Final = "powGetSysGrid"
_OWN: Final = ("vol", "amp")
_DISCHARGE_LIMIT: Final = "cmsMinDsgSoc"
_RESERVE_MARGIN: Final = 3


def _set(path: str, name: str, wire: Any, _values: Values) -> Command:
    return Command(envelope({name: wire}), {path: wire})


def _socket(key: str, source: str, name: str) -> SwitchSpec:
    return SwitchSpec(
        key=key, source=source, config=False, command=lambda wire, values: _set(source, name, bool(wire), values)
    )


def _level(
    key: str,
    source: str,
    name: str,
    limits: tuple[int, int],
    lower_limit: Callable[[Values], float | None] | None = None,
) -> NumberSpec:
    return NumberSpec(
        key=key,
        source=source,
        quantity=Quantity.PERCENTAGE,
        min_value=limits[0],
        max_value=limits[1],
        reported_range=(0, 100),
        lower_limit=lower_limit,
        command=partial(_set, source, name),
    )


def _lowest_reserve(values: Values) -> float | None:
    limit = number_at(values, _DISCHARGE_LIMIT)
    return None if limit is None else limit + _RESERVE_MARGIN


def _own_power(values: Values) -> float | None:
    """Return the power of this unit's battery in W (positive while charging)."""
    voltage, current = (number_at(values, path) for path in _OWN)
    if voltage is None or voltage <= 0 or current is None:
        return None
    return without_minus_zero(round(voltage * current / 1e6, 1))


_FLOW = BatteryFlow(
    power=_own_power,
    power_sources=_OWN,
    state_sources=("cmsChgDsgState", "bmsChgDsgState"),
    states=IDLE_DISCHARGING_CHARGING,
)

_IGNORED = wire_names(
    """
    accu* actSoc backup* balance* bms* bqSysStatReg brightness busbar* calendarSoh cell* chgDsgState cloudMetter* cms*
    curSensor* cycleSoh cycles designCap devCtrlStatus devSleepState diffSoc displayProperty* distributed* ecloudOcv
    energyBackup* energyStrategy* f32ShowSoc feedGrid* fullCap grid* heatfilm* hwVer inputWatts invNtcTemp3 max* mcuPin*
    min* module* mos* num openBmsFlag outputWatts pack* plugInInfo* powConsumption* powGet* powSys* product* realSoh
    relay1Onoff relay4Onoff remain* runtimeProperty* series* socket* soc soh stormPattern* sys* tagChgAmp targetSoc temp
    v1p0* v1p3* waterInFlag
    """
)

STREAM = Family(
    name="stream",
    model="STREAM",
    command_format=CommandFormat.FUNCTION,
    product_names=(
        "STREAM Ultra",
        "STREAM Ultra X",
        "STREAM Pro",
        "STREAM Max",
        "STREAM AC",
        "STREAM AC Pro",
    ),
    serial_prefixes=(),
    product_types=(),
    sensors=without_absent_temperatures(
        (
            derived_power("solar_power", _SOLAR, partial(total, paths=_SOLAR)),
            watts("solar_1_power", "powGetPv"),
            watts("solar_2_power", "powGetPv2"),
            volts("solar_1_voltage", "plugInInfoPvVol", diagnostic=True, enabled=False),
            volts("solar_2_voltage", "plugInInfoPv2Vol", diagnostic=True, enabled=False),
            battery_level("battery_level", ("bmsBattSoc", "cmsBattSoc"), evidence=_MEASURED),
            derived_power("battery_power", _OWN, _own_power, evidence=_MEASURED),
            _FLOW.sensor(),
            watts("grid_power", _GRID, evidence=_MEASURED),
            hertz("grid_frequency", "gridConnectionFreq", evidence=_MEASURED, diagnostic=True),
            volts("grid_voltage", "gridConnectionVol", evidence=_MEASURED, diagnostic=True),
            output_watts("ac_output_power", "powGetSchuko1"),
            output_watts("ac_output_2_power", "powGetSchuko2", evidence=_MEASURED),
            _FLOW.charge_time(("bmsChgRemTime", "cmsChgRemTime"), unknown_values=NO_REMAINING_TIME),
            _FLOW.discharge_time(("bmsDsgRemTime", "cmsDsgRemTime"), unknown_values=NO_REMAINING_TIME),
            # `bmsDesignCap` is in Wh here, `designCap` in mAh.
            *(spec for spec in cms_battery.sensors() if spec.key != "main_battery_design_capacity"),
            amp_hours("main_battery_design_capacity", "designCap", diagnostic=True, enabled=False),
            celsius("inverter_temperature", "invNtcTemp3", diagnostic=True),
        )
    ),
    switches=(
        _socket("ac_output", "relay2Onoff", "cfgRelay2Onoff"),
        _socket("ac_output_2", "relay3Onoff", "cfgRelay3Onoff"),
    ),
    numbers=(
        _level("backup_reserve", "backupReverseSoc", "cfgBackupReverseSoc", (3, 95), _lowest_reserve),
        _level("charge_limit", "cmsMaxChgSoc", "cfgMaxChgSoc", (50, 100)),
        _level("discharge_limit", _DISCHARGE_LIMIT, "cfgMinDsgSoc", (3, 30)),
    ),
    battery_power="battery_power",
    solar_power="solar_power",
    ignored_values=_IGNORED,
)

FAMILIES = (STREAM,)
