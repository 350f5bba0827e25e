"""Whether a template matches a device: what its first reading shows, line by line.

A device that is read with the template of another one answers too: with 0.0 °C, with a return above the boiling point,
with a fault number that is a counter, or with a refusal of most addresses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..._lib.heat_source import Control
from .registers import Register
from .template import DeviceTemplate

_WATER: Final = ("flow_temperature", "return_temperature", "boiler_temperature", "buffer_temperature")
_TEMPERATURES: Final = {
    **dict.fromkeys(_WATER, (5.0, 100.0)),
    "circuit_supply_temperature": (5.0, 100.0),
    "dhw_temperature": (5.0, 95.0),
    "outdoor_temperature": (-45.0, 50.0),
    "room_temperature": (1.0, 45.0),
}
"""Between these, a temperature of a device in a home is plausible."""
_OPPOSITE: Final = {"flow_temperature": "return_temperature", "return_temperature": "flow_temperature"}
_MAX_SPREAD_K: Final = 40.0
_MAX_REVERSE_K: Final = 15.0
"""By so much the return may be warmer than the flow: while the heat pump defrosts or cools."""
_MAX_FAULT: Final = 254.0
"""Faults are small numbers; 255 is a byte without a value."""
_MAX_STATE: Final = 12.0
_OTHER_MODES: Final = 12.0
"""A device has so many modes more than the template knows of."""
_MAX_ABSENT: Final = 0.5
_MIN_TEMPERATURES: Final = 3
_MIN_VALID: Final = 0.75
"""A device of the template has a valid value in so many of the registers that it answers."""
_SHOWN: Final = ("flow_temperature", "return_temperature", "outdoor_temperature", "dhw_temperature", "power")


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """A reading: `plausible` None if the device does not have it."""

    key: str
    value: float | None
    unit: str | None
    plausible: bool | None


@dataclass(frozen=True, slots=True)
class TemplateMatch:
    """The first reading of a device with a template."""

    lines: tuple[ReadingLine, ...]
    is_match: bool
    answered: int = 0
    """Registers that the device has."""
    valid: int = 0
    """Those of them with a valid value."""

    @property
    def is_mostly_valid(self) -> bool:
        """Return whether few registers only have no valid value."""
        return self.valid >= _MIN_VALID * self.answered

    def line(self, key: str) -> ReadingLine | None:
        """Return the line of a reading."""
        return next((line for line in self.lines if line.key == key), None)


def match_template(
    template: DeviceTemplate, values: Mapping[str, float | bool | None], absent: frozenset[str] = frozenset()
) -> TemplateMatch:
    """Check the values of a first reading; `absent`: registers that the device refused."""
    lines = tuple(
        _line(key, values, register, key in absent)
        for key, register in template.registers.items()
        if key in _TEMPERATURES or key in _SHOWN
    )
    status = _status_lines(template, values, absent)
    known = [line for line in lines if line.key in _TEMPERATURES and line.plausible is not None]
    wrong = [line for line in known if not line.plausible]
    water = [line for line in known if line.key in _WATER or line.key == "circuit_supply_temperature"]
    has_water = any(line.plausible for line in water) if water else bool(known)
    is_foreign = any(line.key == "fault" and line.plausible is False for line in status) and bool(wrong)
    answered = len(absent) <= _MAX_ABSENT * len(template.registers)
    here = [key for key in template.registers if key not in absent]
    valid = sum(values.get(key) is not None for key in here)
    mode = next((line for line in status if line.key == "mode"), None)
    if mode is not None and not mode.plausible:  # a device has the mode that the template commands
        is_foreign |= bool(wrong) and 3 * len(wrong) >= len(known)
        is_foreign |= mode.plausible is False and mode.value is None and valid < _MIN_VALID * len(here)
    is_foreign |= _is_one_number(template, values, absent)
    is_match = answered and has_water and 2 * len(wrong) <= len(known) and not is_foreign
    if _is_state_unknown(template, values, absent):
        status = [replace(line, plausible=False) if line is mode else line for line in status]
    return TemplateMatch((*lines, *status), is_match, answered=len(here), valid=valid)


def _is_one_number(template: DeviceTemplate, values: Mapping[str, float | bool | None], absent: frozenset[str]) -> bool:
    """Return whether all temperatures are the same: a device that answers every address with one number."""
    found = [values.get(key) for key in template.registers if key in _TEMPERATURES and key not in absent]
    return len(found) >= _MIN_TEMPERATURES and len({value for value in found if value is not None}) == 1


def _line(key: str, values: Mapping[str, float | bool | None], register: Register, absent: bool) -> ReadingLine:
    value = values.get(key)
    number = None if isinstance(value, bool) else value
    if absent:
        return ReadingLine(key, None, register.unit, None)
    return ReadingLine(key, number, register.unit, number is not None and _is_plausible(key, number, values))


def _is_plausible(key: str, value: float, values: Mapping[str, float | bool | None]) -> bool:
    if key not in _TEMPERATURES:
        return True  # within the range of the template
    low, high = _TEMPERATURES[key]
    if not low <= value <= high:
        return False
    other = values.get(_OPPOSITE.get(key, ""))
    if not isinstance(other, float) or not low <= other <= high:
        return True
    spread_k = value - other if key == "flow_temperature" else other - value
    return -_MAX_REVERSE_K <= spread_k <= _MAX_SPREAD_K


def _status_lines(
    template: DeviceTemplate, values: Mapping[str, float | bool | None], absent: frozenset[str]
) -> Sequence[ReadingLine]:
    """Return the operating mode, as the number in its register, and the fault."""
    found = []
    if (mode := _mode_key(template)) is not None:
        found.append(_number_line("mode", values.get(mode), mode in absent, _max_mode(template, mode)))
    if "fault" in template.registers:
        fault = values.get("fault")
        number = float(fault) if isinstance(fault, bool) else fault
        found.append(_number_line("fault", number, "fault" in absent, _MAX_FAULT))
    return found


def _is_state_unknown(
    template: DeviceTemplate, values: Mapping[str, float | bool | None], absent: frozenset[str]
) -> bool:
    """Return whether a register of a state has a number that the template does not know."""
    return any(
        register.unit is None
        and not register.on_values
        and register.maximum is not None
        and register.maximum <= _MAX_STATE
        and values.get(key) is None
        for key, register in template.registers.items()
        if key not in absent
    )


def _mode_key(template: DeviceTemplate) -> str | None:
    """Return the key of the number that shows whether the device is on."""
    running = template.registers.get("running")
    if running is None:
        return None
    same = (
        key
        for key, register in template.registers.items()
        if (register.space, register.address) == (running.space, running.address) and not register.on_values
    )
    return next(same, None)


def _max_mode(template: DeviceTemplate, key: str) -> float:
    """Return the largest number of an operating mode: that of the template, or a few more than it knows."""
    register, switch = template.registers[key], template.controls.get(Control.ON_OFF)
    if register.maximum is not None:
        return register.maximum
    written = () if switch is None else (switch.on or 0.0, switch.off or 0.0)
    return float(max((*template.registers["running"].on_values, *written))) + _OTHER_MODES


def _number_line(key: str, value: float | bool | None, absent: bool, maximum: float) -> ReadingLine:
    number = None if isinstance(value, bool) else value
    if absent:
        return ReadingLine(key, None, None, None)
    return ReadingLine(key, number, None, number is not None and 0 <= number <= maximum)
