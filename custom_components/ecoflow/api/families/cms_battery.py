"""The battery of the newer generation: values without a module, from its management systems `cms` and `bms`.

The units differ by firmware: V and A, or mV and mA. A voltage of 1000 or more is in mV, and its current in mA.
"""

from functools import partial
from typing import Final

from ..units import Quantity
from ..wire_values import Values, number_at, without_minus_zero
from .battery_flow import IDLE_DISCHARGING_CHARGING, BatteryFlow
from .builders import amp_hours, celsius, count, percentage, volts
from .specs import Evidence, SensorSpec

# Voltage and current: of all packs, of the main pack.
_SYSTEM: Final = ("cmsBattVol", "cmsBattAmp")
_MAIN: Final = (("bmsBattVol", "bmsBattAmp"), ("vol", "amp"))
_MEASURED_POWER: Final = "powGetBms"
POWER_SOURCES: Final = (_MEASURED_POWER, *_SYSTEM, *(name for pair in _MAIN for name in pair))
_MILLI_FROM: Final = 1000.0
# Below this power the sign of voltage x current is noise.
_CLEAR_W: Final = 20.0


def voltage(values: Values, path: str) -> float | None:
    """Return a battery voltage in V."""
    value = number_at(values, path)
    if value is None or value <= 0:
        return None
    return round(value / 1000 if value >= _MILLI_FROM else value, 3)


def current(values: Values, voltage_path: str, path: str) -> float | None:
    """Return a battery current in A (positive while charging); its unit follows that of the voltage."""
    volts_on_wire, value = number_at(values, voltage_path), number_at(values, path)
    if volts_on_wire is None or volts_on_wire <= 0 or value is None:
        return None
    return without_minus_zero(round(value / 1000 if volts_on_wire >= _MILLI_FROM else value, 3))


def _product(values: Values, paths: tuple[str, str]) -> float | None:
    volts_v, amps_a = voltage(values, paths[0]), current(values, *paths)
    return None if volts_v is None or amps_a is None else volts_v * amps_a


def power(values: Values) -> float | None:
    """Return the measured battery power in W (positive while charging), None if the device does not measure it.

    The reported power counts unless voltage x current clearly have the other sign.
    """
    calculated = next(
        (found for paths in (_SYSTEM, *_MAIN) if (found := _product(values, paths)) is not None),
        None,
    )
    measured = number_at(values, _MEASURED_POWER)
    if measured is None or (
        calculated is not None and measured * calculated < 0 and min(abs(measured), abs(calculated)) > _CLEAR_W
    ):
        measured = calculated
    return None if measured is None else without_minus_zero(round(measured, 1))


FLOW: Final = BatteryFlow(
    power=power,
    power_sources=POWER_SOURCES,
    state_sources=("cmsChgDsgState", "bmsChgDsgState"),
    states=IDLE_DISCHARGING_CHARGING,
)


def _main_voltage(values: Values) -> float | None:
    return next((found for path, _ in _MAIN if (found := voltage(values, path)) is not None), None)


def _main_current(values: Values) -> float | None:
    return next((found for paths in _MAIN if (found := current(values, *paths)) is not None), None)


def sensors() -> tuple[SensorSpec, ...]:
    """Return the sensors of the main pack."""
    hidden = {"diagnostic": True, "enabled": False}
    proved = partial(SensorSpec, evidence=Evidence.MEASURED, diagnostic=True)
    names = tuple(name for pair in _MAIN for name in pair)
    measured = Evidence.MEASURED
    return (
        proved(
            key="main_battery_voltage",
            source=tuple(path for path, _ in _MAIN),
            quantity=Quantity.VOLTAGE,
            derive=_main_voltage,
        ),
        proved(
            key="main_battery_current",
            source=tuple(path for _, path in _MAIN),
            depends_on=names,
            quantity=Quantity.CURRENT,
            derive=_main_current,
        ),
        celsius("main_battery_temperature", "temp", evidence=measured, diagnostic=True),
        celsius("main_cell_temperature_max", ("bmsMaxCellTemp", "maxCellTemp"), evidence=measured, diagnostic=True),
        celsius("main_cell_temperature_min", ("bmsMinCellTemp", "minCellTemp"), evidence=measured, **hidden),
        celsius("main_mos_temperature_max", ("bmsMaxMosTemp", "maxMosTemp"), evidence=measured, **hidden),
        volts("main_cell_voltage_max", ("bmsMaxCellVol", "maxCellVol"), 0.001, evidence=measured, **hidden),
        volts("main_cell_voltage_min", ("bmsMinCellVol", "minCellVol"), 0.001, evidence=measured, **hidden),
        amp_hours("main_battery_full_capacity", ("bmsFullCap", "fullCap"), evidence=measured, **hidden),
        amp_hours("main_battery_remaining_capacity", ("bmsRemainCap", "remainCap"), evidence=measured, **hidden),
        amp_hours(
            "main_battery_design_capacity",
            ("bmsDesignCap", "designCap"),
            unknown_values=(0,),
            evidence=measured,
            **hidden,
        ),
        count("main_battery_cycles", "cycles", diagnostic=True),
        percentage("main_battery_health", ("bmsBattSoh", "soh"), unknown_values=(0,), diagnostic=True),
    )
