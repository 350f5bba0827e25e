"""The types a device family is described with: tables of entity specifications.

A family is data. Each specification names the wire value of an entity, its unit and scale, and the command that
changes it. `evidence` states how a scale is known: MEASURED scales are proven by arithmetic on replies of real
devices (power = voltage x current, sums of ports; tests/ecoflow/test_scales.py), DOCUMENTED ones are taken from
EcoFlow's documentation.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ..errors import OutOfRangeError
from ..units import UNITS, Quantity, to_unit
from ..wire_values import Decoded, Values, as_bool, as_number, is_same, lookup, stored_name

# The maximum length of a Home Assistant state.
MAX_STATE_LENGTH = 255


class Evidence(StrEnum):
    """How a scale is known."""

    MEASURED = "measured"
    DOCUMENTED = "documented"


class CommandFormat(StrEnum):
    """How the commands of a family are addressed."""

    TCP = "tcp"
    MODULE = "module"
    CODE = "code"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Command:
    """A write: the body without serial number and id, and the wire values that confirm it.

    `confirms` returns whether read values confirm the command. It goes through the decoder of the entity, as devices
    report one state in several ways: an output that is on may read 2, 14 or 15.
    """

    body: dict[str, Any]
    expect: dict[str, Any] = field(default_factory=dict)
    confirms: Callable[[Values], bool] | None = field(default=None, compare=False, repr=False)

    def is_confirmed_by(self, values: Values) -> bool:
        """Whether values that were read back show that the device applied the command."""
        if self.confirms is not None:
            return self.confirms(values)
        return all(name in values and is_same(values[name], value) for name, value in self.expect.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySpec:
    """An entity with a state. `source` may list alternative paths; the first one present is used."""

    key: str
    source: str | tuple[str, ...]
    enabled: bool = True
    diagnostic: bool = False
    depends_on: tuple[str, ...] = ()
    # Whether the part of the device that the value belongs to is there.
    present: Callable[[Values], bool] | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The alternative paths, preferred one first."""
        return (self.source,) if isinstance(self.source, str) else self.source

    @property
    def value_names(self) -> tuple[str, ...]:
        """The stored names of all values that the entity depends on."""
        return tuple(stored_name(path) for path in (*self.sources, *self.depends_on))

    def wire_value(self, values: Values) -> Any:
        """Return the first wire value present, None if there is none."""
        for path in self.sources:
            if (value := lookup(values, path)) is not None:
                return value
        return None

    def exists(self, values: Values) -> bool:
        """Whether the device reports the value (null or a missing list item does not count)."""
        return self.wire_value(values) is not None and (self.present is None or self.present(values))

    def _confirmed(self, command: Command, decode: Callable[[Values], Any], wanted: Any) -> Command:
        """Return a command that read values confirm if they decode to what was wanted."""
        own = {stored_name(path) for path in self.sources}
        rest = Command({}, {name: value for name, value in command.expect.items() if name not in own})

        def confirms(values: Values) -> bool:
            return decode(values) == wanted and rest.is_confirmed_by(values)

        return replace(command, confirms=confirms)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSpec(EntitySpec):
    """A sensor."""

    quantity: Quantity
    scale: float = 1.0
    evidence: Evidence = Evidence.DOCUMENTED
    unknown_above: float | None = None
    unknown_values: tuple[float, ...] = ()
    states: Mapping[int, str] | None = None
    # The states that are shown, if they are more than those of `states`.
    options: tuple[str, ...] = ()
    counter: bool = False
    derive: Callable[[Values], Decoded] | None = None
    # Whether the value applies now; a remaining time does only in the direction of the battery's power.
    applies: Callable[[Values], bool] | None = None
    # The amount without its sign: the power of an output.
    magnitude: bool = False
    # A name for people, of a value that has no translation.
    name: str = ""
    # The key under which an earlier version created the entity.
    former_key: str = ""

    @property
    def unit(self) -> str:
        """The unit of the decoded value."""
        return UNITS[self.quantity]

    def decode(self, values: Values) -> Decoded:
        """Return the value in its unit, None if it is unknown or does not apply."""
        if (self.present is not None and not self.present(values)) or (
            self.applies is not None and not self.applies(values)
        ):
            return None
        if self.derive is not None:
            derived = self.derive(values)
            return to_unit(derived, self.quantity, 1.0) if isinstance(derived, float) else derived
        for path in self.sources:
            if (wire_value := lookup(values, path)) is None:
                continue
            value = as_number(wire_value)
            if value is not None and self._is_unknown(value):
                return None
            # A source with a placeholder or an invalid value is as good as an absent one.
            if (decoded := self._decoded(wire_value, value)) is not None:
                return decoded
        return None

    def _is_unknown(self, value: float) -> bool:
        return value in self.unknown_values or (self.unknown_above is not None and value >= self.unknown_above)

    def _decoded(self, wire_value: Any, value: float | None) -> Decoded:
        if self.quantity is Quantity.RAW:
            return _as_state(wire_value)
        if value is None:
            return None
        if self.states is not None:
            return self.states.get(int(value))
        return to_unit(abs(value) if self.magnitude else value, self.quantity, self.scale)


def _as_state(value: Any) -> Decoded:
    """Return a value of unknown meaning as it is, None if it cannot be a state."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if len(value) <= MAX_STATE_LENGTH else None
    number = as_number(value)
    # Devices send single-precision numbers: 52.770000458 is 52.77.
    return float(f"{number:.6g}") if isinstance(number, float) and number != int(number) else number


@dataclass(frozen=True, slots=True, kw_only=True)
class BinarySensorSpec(EntitySpec):
    """A binary sensor. `test` converts the wire value; by default 1, 0, true and false are accepted."""

    device_class: str = ""
    test: Callable[[Any], bool | None] = as_bool
    derive: Callable[[Values], bool | None] | None = None

    def decode(self, values: Values) -> bool | None:
        """Return on/off, None if it is unknown."""
        if self.derive is not None:
            return self.derive(values)
        return None if (value := self.wire_value(values)) is None else self.test(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSpec(EntitySpec):
    """A switch. `on` and `off` are wire values; `command` builds the write from one of them."""

    command: Callable[[Any, Values], Command]
    on: Any = 1
    off: Any = 0
    test: Callable[[Any], bool | None] | None = None
    # False for the outputs that a household switches every day.
    config: bool = True

    def decode(self, values: Values) -> bool | None:
        """Return on/off, None if it is unknown."""
        value = self.wire_value(values)
        if self.test is not None:
            return None if value is None else self.test(value)
        if isinstance(self.on, bool) or isinstance(value, bool) or as_number(value) is None:
            state = as_bool(value)
            return state if self.on in (1, True) or state is None else not state
        return True if is_same(value, self.on) else False if is_same(value, self.off) else None

    def write(self, on: bool, values: Values) -> Command:
        """Return the command that turns the switch on or off."""
        return self._confirmed(self.command(self.on if on else self.off, values), self.decode, on)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSpec(EntitySpec):
    """A number. The wire value is the entity's value divided by `scale`."""

    quantity: Quantity
    min_value: float
    max_value: float
    command: Callable[[Any, Values], Command]
    step: float = 1.0
    scale: float = 1.0
    evidence: Evidence = Evidence.DOCUMENTED
    # The values that may be reported, if they are more than those that can be set.
    reported_range: tuple[float, float] | None = None
    # A lower limit that follows another setting, None while that is unknown.
    lower_limit: Callable[[Values], float | None] | None = None

    @property
    def unit(self) -> str:
        """The unit of the entity's value."""
        return UNITS[self.quantity]

    def decode(self, values: Values) -> float | int | None:
        """Return the value, None if it is unknown or outside the range that is valid."""
        value = to_unit(self.wire_value(values), self.quantity, self.scale)
        low, high = self.reported_range or (self.min_value, self.max_value)
        return value if value is not None and low <= value <= high else None

    def write(self, value: float, values: Values) -> Command:
        """Return the command that sets `value`; raises OutOfRangeError outside the range."""
        lower = self.lower_limit(values) if self.lower_limit is not None else None
        low = self.min_value if lower is None else max(self.min_value, lower)
        if not low <= value <= self.max_value:
            raise OutOfRangeError(value, low, self.max_value)
        wire = round(value / self.scale)
        return self._confirmed(self.command(wire, values), self.decode, to_unit(wire, self.quantity, self.scale))


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectSpec(EntitySpec):
    """A select. `options` maps each option to its wire value."""

    options: Mapping[str, Any]
    command: Callable[[Any, Values], Command]
    derive: Callable[[Values], str | None] | None = None
    # False for the modes that a household changes every day.
    config: bool = True

    def decode(self, values: Values) -> str | None:
        """Return the current option, None if the wire value is none of the known ones."""
        if self.derive is not None:
            return self.derive(values)
        value = self.wire_value(values)
        return next((name for name, wire in self.options.items() if is_same(wire, value)), None)

    def write(self, option: str, values: Values) -> Command:
        """Return the command that selects an option; raises ValueError for an unknown one."""
        if option not in self.options:
            raise ValueError(f"{option} is not one of {', '.join(self.options)}")
        return self._confirmed(self.command(self.options[option], values), self.decode, option)


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonSpec:
    """A button that sends a command. It exists if the device reports the value at `requires`."""

    key: str
    command: Callable[[Values], Command]
    requires: str

    def exists(self, values: Values) -> bool:
        """Whether the device has the function."""
        return lookup(values, self.requires) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeControl:
    """How AC charging is controlled: keys of the power setting and its sensor, and the pause command if any."""

    setting: str
    power: str
    pause: Callable[[bool, Values], Command] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Everything known about one model line.

    `identifying_values` are wire names that only this family reports; they identify a device whose product name
    and serial number are unknown. `ignored_values` are wire names without an entity. `product_types` are the
    numbers a device reports as its `productType`.
    """

    name: str
    model: str
    command_format: CommandFormat
    product_names: tuple[str, ...]
    serial_prefixes: tuple[str, ...]
    product_types: tuple[int, ...] = ()
    sensors: tuple[SensorSpec, ...] = ()
    binary_sensors: tuple[BinarySensorSpec, ...] = ()
    switches: tuple[SwitchSpec, ...] = ()
    numbers: tuple[NumberSpec, ...] = ()
    selects: tuple[SelectSpec, ...] = ()
    buttons: tuple[ButtonSpec, ...] = ()
    charge: ChargeControl | None = None
    # Keys of the sensors that feed the Energy dashboard (battery power is positive while charging).
    battery_power: str | None = None
    solar_power: str | None = None
    identifying_values: tuple[str, ...] = ()
    # The wire name of the battery's design capacity, and the capacities that this family has, in mAh.
    identifying_capacity: tuple[str, tuple[int, ...]] | None = None
    ignored_values: tuple[str, ...] = ()
    # False for a family that only the reported values suggest.
    is_certain: bool = True
    # Whether the values without an entity here are shown as those of an unknown model are.
    shows_other_values: bool = False

    def without_controls(self) -> Family:
        """Return the family with what it shows, but without anything that sends commands."""
        return replace(self, switches=(), numbers=(), selects=(), buttons=(), charge=None)

    def entities(self) -> Iterator[SensorSpec | BinarySensorSpec | SwitchSpec | NumberSpec | SelectSpec]:
        """Yield the specifications of all entities that have a state."""
        yield from self.sensors
        yield from self.binary_sensors
        yield from self.switches
        yield from self.numbers
        yield from self.selects

    @property
    def charge_setting(self) -> NumberSpec | None:
        """The setting of the AC charge power; None if the model has none."""
        return None if self.charge is None else self.number(self.charge.setting)

    def sensor(self, key: str) -> SensorSpec | None:
        """Return a sensor by its key."""
        return next((sensor for sensor in self.sensors if sensor.key == key), None)

    def measured(self, key: str, values: Values) -> float | None:
        """Return the number that a sensor shows; None if it is unknown, or if the model has no such sensor."""
        sensor = self.sensor(key)
        return None if sensor is None else as_number(sensor.decode(values))

    def number(self, key: str) -> NumberSpec | None:
        """Return a number by its key."""
        return next((number for number in self.numbers if number.key == key), None)

    def decode(self, values: Values) -> Iterator[tuple[str, Decoded, str]]:
        """Yield (entity key, value, unit) for everything the device reports."""
        for spec in self.entities():
            if spec.exists(values):
                unit = spec.unit if isinstance(spec, (SensorSpec, NumberSpec)) else ""
                yield spec.key, spec.decode(values), unit


def absent_values(family: Family, values: Values) -> frozenset[str]:
    """Return the wire values of the parts that a device lacks; the entities appear when the parts do."""
    return frozenset(
        name
        for spec in family.entities()
        if spec.present is not None and spec.wire_value(values) is not None and not spec.present(values)
        for name in spec.value_names
    )
