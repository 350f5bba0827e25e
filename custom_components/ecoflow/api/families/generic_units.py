"""Units of an unknown model's values that their names alone do not carry, and the direction of its remaining times.

EcoFlow names a voltage `vol` and a current `amp` in any scale. Across all captures, a voltage of 1000 or more is in mV,
the current of the same place in mA, and so are the others of the same module; the power of the module has to agree with
voltage x current where there is one. What nothing proves has no unit.
"""

from collections.abc import Callable, Mapping
import re
from typing import Any, Final

from ..units import Quantity
from ..wire_values import Values, as_number, number_at
from .battery_flow import IDLE_W, difference
from .wire_names import WireUnit, is_remaining_time, is_temperature, unit_of, words_of

_MILLI_FROM: Final = 1000.0
_MILLI_TO: Final = 1_500_000.0
"""1500 V: a home has no higher voltage."""
_MAINS_HZ: Final = (40.0, 70.0)
_TEMPERATURE_C: Final = (-60.0, 150.0)
_AGREES: Final = 0.1
_AGREES_W: Final = 20.0
# The word of a voltage in a wire name, and that of the current of the same place.
_VOLTAGE: Final = re.compile(r"(?i)(vol(?:t(?:age)?)?)(l[123])?$")
_VOLTAGE_WORDS: Final = frozenset({"vol", "volt", "voltage"})
_PHASE_WORDS: Final = frozenset({"l1", "l2", "l3"})
_CURRENT_WORDS: Final = ("amp", "cur", "current")
_DURATION_WORDS: Final = frozenset({"standby", "timeout", "delay", "off"})
_CHARGE_WORDS: Final = frozenset({"chg", "charge"})
_DISCHARGE_WORDS: Final = frozenset({"dsg", "discharge"})
# What shows the direction of the battery's power, the best first: positive while charging, or input and output.
_SIGNED_POWERS: Final = ("powGetBpCms", "powGetBms")
_INPUT_OUTPUT: Final = (
    ("inputWatts", "outputWatts"),
    ("bmsMaster.inputWatts", "bmsMaster.outputWatts"),
    ("bms_bmsStatus.inputWatts", "bms_bmsStatus.outputWatts"),
    ("pd.wattsInSum", "pd.wattsOutSum"),
    ("powInSumW", "powOutSumW"),
)


def context_units(values: Values) -> dict[str, WireUnit]:
    """Return units of plain values by wire name, as the other values of the device and their size show them."""
    numbers = {name: number for name, value in values.items() if (number := _number(value)) is not None}
    units = {name: unit for name, value in numbers.items() if (unit := _own_unit(name, value)) is not None}
    currents_of = {name: found for name in numbers if (found := _currents_of(name, numbers)) is not None}
    scales: dict[str, set[float]] = {}
    for name in currents_of:
        if (proved := _voltage_scale(numbers[name])) is not None:
            scales.setdefault(name.rpartition(".")[0], set()).add(proved)
    for name, currents in currents_of.items():
        volts = numbers[name]
        scale = _voltage_scale(volts)
        if scale is None and len(shared := scales.get(name.rpartition(".")[0], set())) == 1:
            (scale,) = shared
        if scale is None:
            continue
        if unit_of(name) is None:
            units[name] = WireUnit(Quantity.VOLTAGE, scale)
        for current in currents:
            watts = abs(volts * scale * numbers[current] * scale)
            if unit_of(current) is None and not _is_contradicted(current, watts, numbers):
                units[current] = WireUnit(Quantity.CURRENT, scale)
    return units


def _number(value: Any) -> float | None:
    return None if isinstance(value, (bool, str)) else as_number(value)


def _own_unit(name: str, value: float) -> WireUnit | None:
    """Return the unit of a value that its name and size show."""
    words = words_of(name.rpartition(".")[2])
    if not words or unit_of(name) is not None:
        return None
    if is_remaining_time(name):
        return WireUnit(Quantity.DURATION)
    if is_temperature(name) and words[-1] != "ntc":
        return WireUnit(Quantity.TEMPERATURE) if _TEMPERATURE_C[0] <= value <= _TEMPERATURE_C[1] else None
    if words[0] in ("humi", "humidity") and 0 <= value <= 100:
        return WireUnit(Quantity.PERCENTAGE)
    if words[-1] in ("freq", "feq", "frequency") and _MAINS_HZ[0] <= value <= _MAINS_HZ[1]:
        return WireUnit(Quantity.FREQUENCY)
    if words[-1] == "min" and _DURATION_WORDS & set(words):
        return WireUnit(Quantity.DURATION)
    return None


def _currents_of(name: str, numbers: Mapping[str, float]) -> list[str] | None:
    """Return the wire names of the currents that flow at a voltage; None where the name is not that of a voltage."""
    words = words_of(name.rpartition(".")[2])
    if words and words[-1] in _PHASE_WORDS:
        words.pop()
    if not words or words[-1] not in _VOLTAGE_WORDS or (match := _VOLTAGE.search(name)) is None:
        return None
    stem, word, phase = name[: match.start()], match[1], match[2] or ""
    styled = (each.capitalize() if word[:1].isupper() else each for each in _CURRENT_WORDS)
    return [found for each in styled if (found := f"{stem}{each}{phase}") in numbers]


def _voltage_scale(value: float) -> float | None:
    """Return the scale of a voltage, None if its size does not show it."""
    if _MILLI_FROM <= abs(value) <= _MILLI_TO:
        return 0.001
    # A part of a volt is reported by devices that report V.
    return 1.0 if value != int(value) else None


def _is_contradicted(current: str, watts: float, numbers: Mapping[str, float]) -> bool:
    """Whether all powers of the module contradict voltage x current; an apparent power may be above a real one."""
    module = current.rpartition(".")[0]
    powers = [
        abs(value)
        for name, value in numbers.items()
        if name.rpartition(".")[0] == module and (unit := unit_of(name)) and unit.quantity is Quantity.POWER and value
    ]
    return bool(powers) and watts > 0 and all(watts * (1 + _AGREES) + _AGREES_W < power for power in powers)


def battery_power(values: Values) -> float | None:
    """Return the power of the battery in W, positive while charging, as far as its direction is certain."""
    for name in _SIGNED_POWERS:
        if (power := number_at(values, name)) is not None:
            return power
    for charge, discharge in _INPUT_OUTPUT:
        if (power := difference(charge, discharge)(values)) is not None:
            return power
    return None


def direction_of(wire_name: str) -> Callable[[Values], bool] | None:
    """Return when a remaining time applies: while the battery charges, or discharges; None if its name has neither."""
    words = set(words_of(wire_name.rpartition(".")[2]))
    if words & _CHARGE_WORDS:
        return _charges
    return _discharges if words & _DISCHARGE_WORDS else None


def _charges(values: Values) -> bool:
    power = battery_power(values)
    return power is not None and power > IDLE_W


def _discharges(values: Values) -> bool:
    power = battery_power(values)
    return power is not None and power < -IDLE_W


DIRECTION_SOURCES: Final = (*_SIGNED_POWERS, *(name for pair in _INPUT_OUTPUT for name in pair))
