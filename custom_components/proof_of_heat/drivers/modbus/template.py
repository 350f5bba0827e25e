"""Device templates: what a register holds, what may be written and how often. Format in docs/proof_of_heat.md.

A template is YAML; `parse` names the place of every mistake.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import math
from pathlib import Path
import struct
from typing import Any, Final

from ..._lib.heat_source import Control, SourceKind
from .checks import TemplateError, choice, integer, known, number, numbers, optional, text
from .connection import AddressError, SerialSettings, parse_serial_settings

FORMAT_VERSION: Final = 1
FOLDER: Final = Path(__file__).parent / "templates"
_WORDS: Final = {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2}
_CODES: Final = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f"}
_REGISTER_KEYS: Final = frozenset({"at", "in", "type", "scale", "offset", "unit", "invalid", "min", "max", "on_values"})
_TOP_KEYS: Final = frozenset(
    {"format", "id", "name", "manufacturer", "kind", "port", "unit_id", "serial", "word_order", "timeout_s"}
    | {"spacing_s", "fuel", "note", "registers", "controls", "fallback", "write"}
)
_WRITE_KEYS: Final = frozenset({"min_interval_s", "max_per_day"})
# A command is verified by reading back: the register that shows each control.
_SHOWN_BY: Final = {
    "on_off": "running",
    "power": "power_limit",
    "flow": "flow_setpoint",
    "room": "room_setpoint",
    "level": "level",
}
_CONTROL_KEYS: Final = frozenset({"register", "min", "max", "step", "value_on", "value_off", "repeat_s"})
# Registers that the controller reckons with: a factor of 1,000 must not go unseen.
_UNIT_OF: Final = {
    **dict.fromkeys(("power", "power_limit", "heat_power"), "W"),
    **dict.fromkeys(("flow_temperature", "flow_setpoint", "return_temperature"), "°C"),
    **dict.fromkeys(("outdoor_temperature", "room_setpoint"), "°C"),
    **dict.fromkeys(("electricity", "heat"), "kWh"),
}


class Space(StrEnum):
    """Where a register lives."""

    HOLDING = "holding"
    INPUT = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One value. `at` is the protocol address, counted from 0."""

    key: str
    at: int
    space: Space = Space.HOLDING
    kind: str = "int16"
    scale: float = 1.0
    offset: float = 0.0
    unit: str | None = None
    invalid: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    on_values: tuple[int, ...] = ()
    """Makes the value a yes or no: yes for these raw values."""
    swapped: bool = False
    """Low word first."""

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return _WORDS[self.kind]

    def decode(self, words: list[int]) -> float | bool | None:
        """Raw registers -> value; None for what is marked invalid, not finite or out of range."""
        ordered = words[::-1] if self.swapped else words
        raw: float = struct.unpack(_CODES[self.kind], struct.pack(f">{len(ordered)}H", *ordered))[0]
        if not math.isfinite(raw) or raw in self.invalid:
            return None
        if self.on_values:
            return raw in self.on_values
        value = raw * self.scale + self.offset
        return round(value, 4) if self.shows(value) else None

    def shows(self, value: float) -> bool:
        """Whether the value would be read as one."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def encode(self, value: float) -> list[int]:
        """Value -> raw registers; TemplateError where it does not fit the type."""
        raw = (value - self.offset) / self.scale
        number = float(raw) if self.kind == "float32" else round(raw)
        try:
            packed = struct.pack(_CODES[self.kind], number)
        except (struct.error, OverflowError) as err:
            raise TemplateError(f"{self.key}: {value:g} does not fit {self.kind}") from err
        words = list(struct.unpack(f">{self.words}H", packed))
        return words[::-1] if self.swapped else words


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """How a control is written."""

    register: Register
    low: float | None = None
    high: float | None = None
    step: float = 0.0
    on: float | None = None
    off: float | None = None
    repeat_s: float = 0.0
    """Written again after this time while a command holds it: the device forgets what is not. 0: it does not forget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTemplate:
    """A device."""

    id: str
    name: str
    manufacturer: str
    kind: SourceKind
    registers: Mapping[str, Register]
    controls: Mapping[Control, Action] = field(default_factory=dict)
    level: Action | None = None
    """The parallel shift of the device's curve, where it has one that is written alone."""
    fallback: tuple[tuple[Register, float], ...] = ()
    """What is written when the lease ends."""
    port: int = 502
    unit_id: int = 1
    line: SerialSettings = field(default_factory=SerialSettings)
    """The serial line as the device leaves the factory."""
    timeout_s: float = 5.0
    spacing_s: float = 0.0
    min_write_interval_s: float = 60.0
    max_writes_per_day: int = 100
    fuel: str = "electricity"
    note: str = ""


def load_builtin() -> dict[str, DeviceTemplate]:
    """The templates that ship; blocking (reads files)."""
    return load_folder(FOLDER)


def load_folder(folder: Path) -> dict[str, DeviceTemplate]:
    """All templates of a folder by id; blocking. Raises TemplateError naming the file."""
    found, mistakes = scan_folder(folder)
    if mistakes:
        raise TemplateError(mistakes[0])
    return found


def scan_folder(folder: Path) -> tuple[dict[str, DeviceTemplate], list[str]]:
    """The good templates of a folder by id, and what is wrong with each of the others; blocking."""
    found: dict[str, DeviceTemplate] = {}
    mistakes: list[str] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            template = _load_file(file)
        except TemplateError as err:
            mistakes.append(str(err))
            continue
        if template.id in found:
            mistakes.append(f"{file.name}: id: {template.id} is that of another file")
        else:
            found[template.id] = template
    return found, mistakes


def find_template(template_id: str, folder: Path) -> DeviceTemplate:
    """The template of that id, the user's before ours; blocking. A mistake in another file is none of its business."""
    mistakes: list[str] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            template = _load_file(file)
        except TemplateError as err:
            mistakes.append(str(err))
            continue
        if template.id == template_id:
            return template
    if (shipped := load_builtin().get(template_id)) is not None:
        return shipped
    raise TemplateError("; ".join([f"no template {template_id}", *mistakes]))


def _load_file(file: Path) -> DeviceTemplate:
    import yaml

    try:
        return parse(_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, TemplateError, UnicodeDecodeError, OSError, RecursionError) as err:
        raise TemplateError(f"{file.name}: {err}") from err


def _load(text: str) -> object:
    """YAML in which no key is given twice."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Says where a key is repeated, instead of taking the last."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if twice := sorted({key for key in keys if keys.count(key) > 1}):
                raise TemplateError(f"line {node.start_mark.line + 1}: {', '.join(twice)} given twice")
            return super().construct_mapping(node, deep)

    return yaml.load(text, Loader)  # noqa: S506  a safe loader


def parse(data: object) -> DeviceTemplate:
    """Checked template; raises TemplateError."""
    if not isinstance(data, Mapping):
        raise TemplateError("not a mapping")
    if data.get("format") != FORMAT_VERSION:
        raise TemplateError(f"format must be {FORMAT_VERSION}")
    known(data, _TOP_KEYS, "")
    swapped = choice(data, "word_order", ("big", "little"), "big") == "little"
    rows = data.get("registers")
    if not isinstance(rows, Mapping) or not rows:
        raise TemplateError("registers: none given")
    registers = {str(key): _register(str(key), row, swapped) for key, row in rows.items()}
    controls, level = _controls(data.get("controls") or {}, registers)
    fallback = _fallback(data.get("fallback") or {}, registers)
    if (controls or level) and not fallback:
        raise TemplateError("fallback: what is controlled needs values for when control ends")
    write = data.get("write") or {}
    known(write, _WRITE_KEYS, "write")
    return DeviceTemplate(
        id=text(data, "id"),
        name=text(data, "name"),
        manufacturer=text(data, "manufacturer"),
        kind=SourceKind(choice(data, "kind", tuple(SourceKind), "boiler")),
        registers=registers,
        controls=controls,
        level=level,
        fallback=fallback,
        port=integer(data, "port", 1, 65535, 502),
        unit_id=integer(data, "unit_id", 0, 255, 1),
        line=_line(data),
        timeout_s=number(data, "timeout_s", 0.1, 60, 5.0),
        spacing_s=number(data, "spacing_s", 0, 10, 0.0),
        min_write_interval_s=number(write, "min_interval_s", 0, 86400, 60.0, where="write"),
        max_writes_per_day=integer(write, "max_per_day", 1, 100_000, 100, where="write"),
        fuel=str(data.get("fuel", "electricity")),
        note=str(data.get("note", "")),
    )


def _line(data: Mapping[Any, Any]) -> SerialSettings:
    try:
        return parse_serial_settings(str(data.get("serial", "9600 8N1")))
    except AddressError as err:
        raise TemplateError(f"serial: {err}") from err


def _register(key: str, row: object, swapped: bool) -> Register:
    where = f"registers.{key}"
    known(row, _REGISTER_KEYS, where)
    assert isinstance(row, Mapping)
    kind = choice(row, "type", tuple(_WORDS), "int16", where)
    at = integer(row, "at", 0, 65536 - _WORDS[kind], None, where=where)
    scale = number(row, "scale", -1e6, 1e6, 1.0, where=where)
    if scale == 0:
        raise TemplateError(f"{where}.scale: 0")
    unit = None if row.get("unit") is None else str(row["unit"])
    if unit is not None and unit != _UNIT_OF.get(key, unit):
        raise TemplateError(f"{where}.unit: {unit} must be {_UNIT_OF[key]} (scale converts)")
    low, high = optional(row, "min", where), optional(row, "max", where)
    if low is not None and high is not None and low > high:
        raise TemplateError(f"{where}: min {low:g} is above max {high:g}")
    return Register(
        key=key,
        at=at,
        space=Space(choice(row, "in", tuple(Space), "holding", where)),
        kind=kind,
        scale=scale,
        offset=number(row, "offset", -1e6, 1e6, 0.0, where=where),
        unit=unit,
        invalid=tuple(numbers(row, "invalid", where)),
        low=low,
        high=high,
        on_values=tuple(int(value) for value in numbers(row, "on_values", where)),
        swapped=swapped and kind in ("int32", "uint32", "float32"),
    )


def _controls(rows: object, registers: Mapping[str, Register]) -> tuple[dict[Control, Action], Action | None]:
    if not isinstance(rows, Mapping):
        raise TemplateError("controls: not a mapping")
    actions = {str(name): _action(str(name), row, registers) for name, row in rows.items()}
    level = actions.pop("level", None)
    known = {"on_off": Control.ON_OFF, "power": Control.POWER, "flow": Control.FLOW, "room": Control.ROOM}
    if unknown := set(actions) - set(known):
        raise TemplateError(f"controls: unknown {', '.join(sorted(unknown))}")
    return {known[name]: action for name, action in actions.items()}, level


def _action(name: str, row: object, registers: Mapping[str, Register]) -> Action:
    where = f"controls.{name}"
    known(row, _CONTROL_KEYS, where)
    assert isinstance(row, Mapping)
    register = registers.get(str(row.get("register")))
    if register is None or register.space != Space.HOLDING:
        raise TemplateError(f"{where}.register: {row.get('register')} is not a holding register")
    if name == "on_off" and (row.get("value_on") is None or row.get("value_off") is None):
        raise TemplateError(f"{where}: value_on and value_off must be given")
    if name in _SHOWN_BY and _SHOWN_BY[name] not in registers:
        raise TemplateError(f"{where}: registers.{_SHOWN_BY[name]} is missing, which shows what was commanded")
    if name == "on_off" and not registers["running"].on_values:
        raise TemplateError("registers.running.on_values: not given, so nothing shows whether the device is on")
    limits = [optional(row, key, where) for key in ("min", "max")]
    if name != "on_off" and None in limits:
        raise TemplateError(f"{where}: min and max must be given")
    if limits[0] is not None and limits[1] is not None and limits[0] > limits[1]:
        raise TemplateError(f"{where}: min {limits[0]:g} is above max {limits[1]:g}")
    on, off = optional(row, "value_on", where), optional(row, "value_off", where)
    for value in (*limits, on, off):
        _fits(register, value, where)
    step = number(row, "step", 0, 1e6, 0.0, where=where)
    repeat_s = number(row, "repeat_s", 0, 86400, 0.0, where=where)
    return Action(register=register, low=limits[0], high=limits[1], step=step, on=on, off=off, repeat_s=repeat_s)


def _fits(register: Register, value: float | None, where: str) -> None:
    """What the register cannot hold is found when the template is read, not when the house is cold."""
    if value is None:
        return
    try:
        register.encode(value)
    except TemplateError as err:
        raise TemplateError(f"{where}: {err}") from err


def _fallback(rows: object, registers: Mapping[str, Register]) -> tuple[tuple[Register, float], ...]:
    if not isinstance(rows, Mapping):
        raise TemplateError("fallback: not a mapping")
    writes = []
    for key in rows:
        register = registers.get(str(key))
        if register is None or register.space != Space.HOLDING:
            raise TemplateError(f"fallback.{key}: not a holding register")
        value = number(rows, str(key), -1e9, 1e9, None, where="fallback")
        _fits(register, value, f"fallback.{key}")
        if not register.shows(value):
            raise TemplateError(f"fallback.{key}: {value:g} is outside of what registers.{key} shows (min, max)")
        writes.append((register, value))
    return tuple(writes)
