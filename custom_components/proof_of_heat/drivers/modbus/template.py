"""Device templates: registers, controls and limits of a Modbus device in YAML. Format: docs/proof_of_heat/modbus.md."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ..._lib.heat_source import Control, SourceKind
from ..supported import Evidence, SupportedDevice
from .connection import AddressError, SerialSettings, parse_serial_settings
from .placeholders import placeholders, value_range
from .registers import WORDS, AddressSpace, ControlWrite, Register, Watchdog
from .template_schema import MAX_REGISTERS, POLL_S, TemplateError, validate

_LONGEST_POLL: Final = 1.1
"""Reading is spread by up to a tenth of the interval."""
FOLDER: Final = Path(__file__).parent / "templates"
_CONTROLS: Final = {"on_off": Control.ON_OFF, "power": Control.POWER, "flow": Control.FLOW, "room": Control.ROOM}
# A command is verified by reading back: the register that shows each control.
_SHOWN_BY: Final = {
    "on_off": "running",
    "power": "power_limit",
    "flow": "flow_setpoint",
    "room": "room_setpoint",
    "level": "level",
}
# The engine calculates with these registers: a factor of 1,000 must not remain unnoticed.
_UNIT_OF: Final = {
    **dict.fromkeys(("power", "power_limit", "heat_power"), "W"),
    **dict.fromkeys(("flow_temperature", "flow_setpoint", "return_temperature"), "°C"),
    **dict.fromkeys(("outdoor_temperature", "room_setpoint", "circuit_supply_temperature"), "°C"),
    **dict.fromkeys(("electricity", "heat"), "kWh"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTemplate:
    """A device."""

    id: str
    name: str
    manufacturer: str
    kind: SourceKind
    registers: Mapping[str, Register]
    controls: Mapping[Control, ControlWrite] = field(default_factory=dict)
    level: ControlWrite | None = None
    """The parallel shift of the device's heating curve, if it has a register of its own."""
    fallback: tuple[tuple[Register, float], ...] = ()
    """Values that are written when control is released."""
    watchdog: Watchdog | None = None
    port: int = 502
    unit_id: int = 1
    serial: SerialSettings = field(default_factory=SerialSettings)
    """Factory settings of the serial interface."""
    timeout_s: float = 5.0
    spacing_s: float = 0.0
    max_registers: int = MAX_REGISTERS
    """How many registers the device answers in one request."""
    poll_s: float = POLL_S
    min_write_interval_s: float = 60.0
    max_writes_per_day: int = 100
    fuel: str = "electricity"
    note: str = ""
    models: tuple[str, ...] = ()
    evidence: Evidence = Evidence.EXPERIMENTAL
    sources: tuple[str, ...] = ()

    @property
    def is_experimental(self) -> bool:
        """Return whether neither a capture nor a document of the manufacturer proves the template."""
        return self.evidence is Evidence.EXPERIMENTAL

    @property
    def supported(self) -> SupportedDevice:
        """Return what is read, what is commanded, and what proves it."""
        curve = [Control.CURVE] if self.level is not None else []
        return SupportedDevice(
            key=self.id,
            maker=self.manufacturer,
            models=self.models or (self.name,),
            reads=tuple(
                key for key, register in self.registers.items() if not register.on_values or key == "hot_water"
            ),
            commands=tuple(sorted([*self.controls, *curve])),
            evidence=self.evidence,
            sources=self.sources,
        )

    @property
    def setting_registers(self) -> dict[str, Register]:
        """Registers that commands or the fallback change, by key."""
        actions = [*self.controls.values(), *([self.level] if self.level is not None else [])]
        registers = [*(action.register for action in actions), *(register for register, _ in self.fallback)]
        return {register.key: register for register in registers}


def load_builtin() -> dict[str, DeviceTemplate]:
    """Return the included templates by ID. Blocking: reads files."""
    return load_folder(FOLDER)


def load_folder(folder: Path) -> dict[str, DeviceTemplate]:
    """Return all templates of a folder by ID. Blocking.

    Raises:
        TemplateError: a template is invalid; the text names the file.
    """
    found, errors = scan_folder(folder)
    if errors:
        raise TemplateError(errors[0])
    return found


def scan_folder(folder: Path) -> tuple[dict[str, DeviceTemplate], list[str]]:
    """Return the valid templates of a folder by ID, and an error text for each of the others. Blocking."""
    found: dict[str, DeviceTemplate] = {}
    errors: list[str] = []
    for file, template in _valid_templates(folder, errors):
        if template.id in found:
            errors.append(f"{file.name}: id: {template.id} is already used by another file")
        else:
            found[template.id] = template
    return found, errors


def _valid_templates(folder: Path, errors: list[str]) -> Iterator[tuple[Path, DeviceTemplate]]:
    """Yield the valid templates of a folder with their files; the others add a text to `errors`."""
    for file in sorted(folder.glob("*.yaml")):
        try:
            template = load_file(file)
        except TemplateError as err:
            errors.append(str(err))
        else:
            yield file, template


def find_template(template_id: str, folder: Path) -> DeviceTemplate:
    """Return the template with this ID; those in ``folder`` take precedence over the included ones. Blocking.

    Raises:
        TemplateError: there is none, or it is invalid. Invalid templates in other files are ignored.
    """
    errors: list[str] = []
    for _, template in _valid_templates(folder, errors):
        if template.id == template_id:
            return template
    if template_id in {file.stem for file in FOLDER.glob("*.yaml")}:
        return load_file(FOLDER / f"{template_id}.yaml")
    raise TemplateError("; ".join([f"no template {template_id}", *errors]))


def load_file(file: Path) -> DeviceTemplate:
    """Return the template of a file. Blocking.

    Raises:
        TemplateError: it cannot be read or is invalid; the text names the file.
    """
    import yaml

    try:
        return _parse_text(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, TemplateError, UnicodeDecodeError, OSError, RecursionError) as err:
        raise TemplateError(f"{file.name}: {err}") from err


@lru_cache(maxsize=256)
def _parse_text(text: str) -> DeviceTemplate:
    """Return the template of a text; kept, as each form shows all templates and YAML takes 30 ms a file."""
    return parse(_load_yaml(text))


def _load_yaml(text: str) -> object:
    """Return the data of a YAML text in which no key is repeated."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Reports repeated keys instead of using the last one."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if repeated := sorted({key for key in keys if keys.count(key) > 1}):
                raise TemplateError(f"line {node.start_mark.line + 1}: repeated keys: {', '.join(repeated)}")
            return super().construct_mapping(node, deep)

    return yaml.load(text, Loader)  # noqa: S506  a safe loader


def parse(data: object) -> DeviceTemplate:
    """Return the template for the data of a template file.

    Raises:
        TemplateError: the data is invalid; the text names the field.
    """
    values = validate(data)
    registers = {key: _register(key, row, values["word_order"]) for key, row in values["registers"].items()}
    controls = {name: _control(name, row, registers) for name, row in values["controls"].items()}
    level = controls.pop("level", None)
    fallback = tuple(_fallback(key, value, registers) for key, value in values["fallback"].items())
    if values["controls"] and not fallback:
        raise TemplateError("fallback: values for when control is released are required")
    _check_poll(values)
    return DeviceTemplate(
        id=values["id"],
        name=values["name"],
        manufacturer=values["manufacturer"],
        kind=SourceKind(values["kind"]),
        registers=registers,
        controls={_CONTROLS[name]: control for name, control in controls.items()},
        level=level,
        fallback=fallback,
        watchdog=None if values["watchdog"] is None else _watchdog(values["watchdog"], registers),
        port=values["port"],
        unit_id=values["unit_id"],
        serial=_serial(values["serial"]),
        timeout_s=values["timeout_s"],
        spacing_s=values["spacing_s"],
        max_registers=values["max_registers"],
        poll_s=values["poll_s"],
        min_write_interval_s=values["write"]["min_interval_s"],
        max_writes_per_day=values["write"]["max_per_day"],
        fuel=values["fuel"],
        note=values["note"],
        models=values["models"],
        evidence=Evidence(values["evidence"]),
        sources=values["sources"],
    )


def _check_poll(values: Mapping[str, Any]) -> None:
    """Check that reading is frequent enough for the writes that are repeated with it."""
    poll_s, watchdog = values["poll_s"], values["watchdog"]
    if watchdog is not None and 2 * _LONGEST_POLL * poll_s > watchdog["expires_s"]:
        raise TemplateError("poll_s: must be less than half of watchdog.expires_s, a write may be lost")
    for name, row in values["controls"].items():
        if row["repeat_s"] and poll_s > max(row["repeat_s"], POLL_S):
            raise TemplateError(f"poll_s: must be at most controls.{name}.repeat_s")


def _serial(text: str) -> SerialSettings:
    try:
        return parse_serial_settings(text)
    except AddressError as err:
        raise TemplateError(f"serial: {err}") from err


def _register(key: str, row: Mapping[str, Any], word_order: str) -> Register:
    where = f"registers.{key}"
    if row["at"] + WORDS[row["type"]] > 65536:
        raise TemplateError(f"{where}.at: a value of {WORDS[row['type']]} registers does not fit at {row['at']}")
    if row["scale"] == 0:
        raise TemplateError(f"{where}.scale: must not be 0")
    unit = row["unit"]
    if unit is not None and unit != _UNIT_OF.get(key, unit):
        raise TemplateError(f"{where}.unit: {unit} must be {_UNIT_OF[key]} (scale converts)")
    _check_order(row, where)
    lowest, highest = (None, None) if row["on_values"] else value_range(key, unit or _UNIT_OF.get(key))
    return Register(
        key=key,
        address=row["at"],
        space=AddressSpace(row["in"]),
        data_type=row["type"],
        scale=row["scale"],
        offset=row["offset"],
        unit=unit,
        invalid=(*row["invalid"], *placeholders(row["type"], unit, row["scale"], (*row["on_values"], *row["zero"]))),
        zero=row["zero"],
        minimum=lowest if row["min"] is None else row["min"],
        maximum=highest if row["max"] is None else row["max"],
        on_values=row["on_values"],
        low_word_first=word_order == "little" and WORDS[row["type"]] > 1,
        any_word_order=word_order == "auto" and row["type"] in {"int32", "uint32"},
    )


def _control(name: str, row: Mapping[str, Any], registers: Mapping[str, Register]) -> ControlWrite:
    where = f"controls.{name}"
    if name not in _SHOWN_BY:
        raise TemplateError(f"{where}: unknown control, must be one of {', '.join(_SHOWN_BY)}")
    register = _holding_register(row["register"], registers, f"{where}.register")
    if name == "on_off" and (row["value_on"] is None or row["value_off"] is None):
        raise TemplateError(f"{where}: value_on and value_off are required")
    if _SHOWN_BY[name] not in registers:
        raise TemplateError(f"{where}: registers.{_SHOWN_BY[name]} is required, it shows the commanded value")
    if name == "on_off" and not registers["running"].on_values:
        raise TemplateError("registers.running.on_values: required, it shows whether the device is on")
    if name != "on_off" and (row["min"] is None or row["max"] is None):
        raise TemplateError(f"{where}: min and max are required")
    _check_order(row, where)
    for key in row["requires"]:
        if key not in registers or registers[key].on_values:
            raise TemplateError(f"{where}.requires: {key} is not a register with a number")
    for key in ("min", "max", "value_on", "value_off"):
        _check_fits(register, row[key], where)
    return ControlWrite(
        register=register,
        minimum=row["min"],
        maximum=row["max"],
        step=row["step"],
        on=row["value_on"],
        off=row["value_off"],
        requires=tuple(row["requires"].items()),
        repeat_s=row["repeat_s"],
    )


def _watchdog(row: Mapping[str, Any], registers: Mapping[str, Register]) -> Watchdog:
    register = _holding_register(row["register"], registers, "watchdog.register")
    if not row["values"]:
        raise TemplateError("watchdog.values: at least one value is required")
    for value in row["values"]:
        _check_fits(register, value, "watchdog.values")
    if 2 * row["every_s"] > row["expires_s"]:
        raise TemplateError("watchdog.every_s: must be at most half of expires_s, a write may be lost")
    return Watchdog(register=register, values=row["values"], every_s=row["every_s"], expires_s=row["expires_s"])


def _fallback(key: str, value: float, registers: Mapping[str, Register]) -> tuple[Register, float]:
    where = f"fallback.{key}"
    register = _holding_register(key, registers, where)
    _check_fits(register, value, where)
    if not register.is_in_range(value):
        raise TemplateError(f"{where}: {value:g} is outside the range (min, max) of registers.{key}")
    return register, value


def _holding_register(key: str, registers: Mapping[str, Register], where: str) -> Register:
    register = registers.get(key)
    if register is None or register.space != AddressSpace.HOLDING:
        raise TemplateError(f"{where}: {key} is not a holding register")
    return register


def _check_order(row: Mapping[str, Any], where: str) -> None:
    if row["min"] is not None and row["max"] is not None and row["min"] > row["max"]:
        raise TemplateError(f"{where}: min {row['min']:g} is above max {row['max']:g}")


def _check_fits(register: Register, value: float | None, where: str) -> None:
    """Find a value that the register cannot hold when the template is read, not when it is written."""
    if value is None:
        return
    try:
        register.encode(value)
    except TemplateError as err:
        raise TemplateError(f"{where}: {err}") from err
