"""Whether a template fits a device: what its first reading shows, line by line.

A device that is read with the template of another one answers too: with 0.0 °C, with a return above the boiling point,
with a fault number that is a counter, or with a refusal of most addresses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .registers import Register
from .template import DeviceTemplate

_WATER: Final = ("flow_temperature", "return_temperature", "boiler_temperature", "buffer_temperature")
_TEMPERATURES: Final = {
    **dict.fromkeys(_WATER, (3.0, 100.0)),
    "circuit_supply_temperature": (3.0, 100.0),
    "dhw_temperature": (3.0, 95.0),
    "outdoor_temperature": (-45.0, 50.0),
    "room_temperature": (1.0, 45.0),
}
"""Between these, a temperature of a device in a home is plausible."""
_OPPOSITE: Final = {"flow_temperature": "return_temperature", "return_temperature": "flow_temperature"}
_MAX_SPREAD_K: Final = 40.0
_MAX_STATE: Final = 255.0
"""Operating modes and faults are small numbers."""
_MAX_ABSENT: Final = 0.5
_SHOWN: Final = ("flow_temperature", "return_temperature", "outdoor_temperature", "dhw_temperature", "power")


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """A reading: `plausible` None if the device does not have it."""

    key: str
    value: float | None
    unit: str | None
    plausible: bool | None


@dataclass(frozen=True, slots=True)
class TemplateFit:
    """The first reading of a device with a template."""

    lines: tuple[ReadingLine, ...]
    fits: bool

    def line(self, key: str) -> ReadingLine | None:
        """Return the line of a reading."""
        return next((line for line in self.lines if line.key == key), None)


def judge(
    template: DeviceTemplate, values: Mapping[str, float | bool | None], absent: frozenset[str] = frozenset()
) -> TemplateFit:
    """Judge the values of a first reading; `absent`: registers that the device refused."""
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
    half_is_wrong = bool(wrong) and 2 * len(wrong) >= len(known)
    is_foreign |= half_is_wrong and any(line.key == "mode" and line.plausible is False for line in status)
    fits = answered and has_water and 2 * len(wrong) <= len(known) and not is_foreign
    return TemplateFit((*lines, *status), fits)


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
    other = values.get(
        {"flow_temperature": "return_temperature", "return_temperature": "flow_temperature"}.get(key, "")
    )
    return not isinstance(other, float) or not low <= other <= high or abs(value - other) <= _MAX_SPREAD_K


def _status_lines(
    template: DeviceTemplate, values: Mapping[str, float | bool | None], absent: frozenset[str]
) -> Sequence[ReadingLine]:
    """Return the operating mode, as the number in its register, and the fault."""
    found = []
    if (mode := _mode_key(template)) is not None:
        found.append(_number_line("mode", values.get(mode), mode in absent))
    if "fault" in template.registers:
        fault = values.get("fault")
        found.append(_number_line("fault", float(fault) if isinstance(fault, bool) else fault, "fault" in absent))
    return found


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


def _number_line(key: str, value: float | bool | None, absent: bool) -> ReadingLine:
    number = None if isinstance(value, bool) else value
    if absent:
        return ReadingLine(key, None, None, None)
    return ReadingLine(key, number, None, number is not None and 0 <= number <= _MAX_STATE)
