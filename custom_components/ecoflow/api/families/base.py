"""The words in which a device family is described: tables of readings, states and controls.

A family is data. Each line says which wire value is which entity, in what unit and scale, and how it is
written. The scale's `proof` says how we know it: MEASURED ones hold in captures of real devices by arithmetic
(power = V x A, sums of ports, an impossible magnitude otherwise; tests/ecoflow/test_scales.py), DOCUMENTED is
EcoFlow's word.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..errors import OutOfRangeError
from ..quantities import UNITS, Decoded, Quantity, Values, flag, head_of, lookup, number, scaled

# Home Assistant shows no longer state.
MAX_SHOWN = 255


class Proof(StrEnum):
    """How a scale is known."""

    MEASURED = "measured"
    DOCUMENTED = "documented"


class Style(StrEnum):
    """How a family's commands are addressed."""

    TCP = "tcp"
    MODULE = "module"
    CODE = "code"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Command:
    """A write: the body without serial number and id, and the wire values that it should lead to."""

    body: dict[str, Any]
    expect: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What all entities have in common. `source` may name alternatives, the first present one counts."""

    key: str
    source: str | tuple[str, ...]
    enabled: bool = True
    diagnostic: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """The alternatives, best first."""
        return (self.source,) if isinstance(self.source, str) else self.source

    @property
    def heads(self) -> tuple[str, ...]:
        """The stored names that this entity depends on."""
        return tuple(head_of(path) for path in self.sources)

    def raw(self, values: Values) -> Any:
        """Return the first present wire value."""
        for path in self.sources:
            if (value := lookup(values, path)) is not None:
                return value
        return None

    def exists(self, values: Values) -> bool:
        """Whether the device reports this at all (a null or an absent list item is no report)."""
        return self.raw(values) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Point):
    """A sensor."""

    quantity: Quantity
    scale: float = 1.0
    proof: Proof = Proof.DOCUMENTED
    none_above: float | None = None
    none_at: tuple[float, ...] = ()
    states: Mapping[int, str] | None = None
    counter: bool = False
    derive: Callable[[Values], Decoded] | None = None
    needs: tuple[str, ...] = ()

    @property
    def heads(self) -> tuple[str, ...]:
        """The stored names that this entity depends on, those of a derived value included."""
        return tuple(head_of(path) for path in (*self.sources, *self.needs))

    @property
    def unit(self) -> str:
        """The unit of the decoded value."""
        return UNITS[self.quantity]

    def decode(self, values: Values) -> Decoded:
        """Return the value in its unit, None when it is unknown."""
        if self.derive is not None:
            return self.derive(values)
        raw = self.raw(values)
        if self.states is not None:
            return self.states.get(int(number_)) if (number_ := number(raw)) is not None else None
        if self.quantity is Quantity.RAW:
            return _as_it_is(raw)
        if (value := number(raw)) is None or value in self.none_at:
            return None
        if self.none_above is not None and value >= self.none_above:
            return None
        return scaled(value, self.quantity, self.scale)


def _as_it_is(raw: Any) -> Decoded:
    """Return a value that nobody knows the meaning of, None where it cannot be shown."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        return raw if len(raw) <= MAX_SHOWN else None
    return number(raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Point):
    """A binary sensor. `test` turns the wire value into on/off; without it 1/0 and true/false do."""

    kind: str = ""
    test: Callable[[Any], bool | None] = flag
    needs: tuple[str, ...] = ()

    @property
    def heads(self) -> tuple[str, ...]:
        """The stored names that this entity depends on."""
        return tuple(head_of(path) for path in (*self.sources, *self.needs))

    def decode(self, values: Values) -> bool | None:
        """Return on/off, None when it is unknown."""
        return None if (raw := self.raw(values)) is None else self.test(raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toggle(Point):
    """A switch. `on`/`off` are the wire values; `command` builds the write from the wanted wire value."""

    command: Callable[[Any, Values], Command]
    on: Any = 1
    off: Any = 0
    test: Callable[[Any], bool | None] | None = None

    def decode(self, values: Values) -> bool | None:
        """Return on/off, None when it is unknown."""
        raw = self.raw(values)
        if self.test is not None:
            return None if raw is None else self.test(raw)
        if isinstance(self.on, bool) or isinstance(raw, bool):
            state = flag(raw)
            return state if self.on in (1, True) or state is None else not state
        return True if raw == self.on else False if raw == self.off else None

    def write(self, on: bool, values: Values) -> Command:
        """Return the command that switches."""
        return self.command(self.on if on else self.off, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Point):
    """A number. The wire value is the shown value divided by `scale`."""

    quantity: Quantity
    low: float
    high: float
    command: Callable[[Any, Values], Command]
    step: float = 1.0
    scale: float = 1.0
    proof: Proof = Proof.DOCUMENTED

    @property
    def unit(self) -> str:
        """The unit of the shown value."""
        return UNITS[self.quantity]

    def decode(self, values: Values) -> float | int | None:
        """Return the set value, None when it is unknown or outside of what can be set."""
        value = scaled(self.raw(values), self.quantity, self.scale)
        return value if value is not None and self.low <= value <= self.high else None

    def write(self, value: float, values: Values) -> Command:
        """Return the command that sets `value`; raises OutOfRangeError outside of the range."""
        if not self.low <= value <= self.high:
            raise OutOfRangeError(value, self.low, self.high)
        return self.command(round(value / self.scale), values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Point):
    """A select. `options` maps what is shown to the wire value."""

    options: Mapping[str, Any]
    command: Callable[[Any, Values], Command]
    derive: Callable[[Values], str | None] | None = None

    def decode(self, values: Values) -> str | None:
        """Return the chosen option, None when it is none of the known ones."""
        if self.derive is not None:
            return self.derive(values)
        raw = self.raw(values)
        return next((name for name, wire in self.options.items() if wire == raw), None)

    def write(self, option: str, values: Values) -> Command:
        """Return the command that chooses; raises ValueError for an unknown option."""
        if option not in self.options:
            raise ValueError(f"{option} is none of {', '.join(self.options)}")
        return self.command(self.options[option], values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button that sends a command."""

    key: str
    command: Callable[[Values], Command]
    needs: str
    diagnostic: bool = False

    def exists(self, values: Values) -> bool:
        """Whether the device knows what the button is about."""
        return lookup(values, self.needs) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeControl:
    """How AC charging is steered: the Setting with the power, its reading, how to pause if it can."""

    setting: str
    power: str
    pause: Callable[[bool, Values], Command] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """All that is known of one model line."""

    name: str
    model: str
    style: Style
    products: tuple[str, ...]
    prefixes: tuple[str, ...]
    readings: tuple[Reading, ...] = ()
    conditions: tuple[Condition, ...] = ()
    toggles: tuple[Toggle, ...] = ()
    settings: tuple[Setting, ...] = ()
    choices: tuple[Choice, ...] = ()
    actions: tuple[Action, ...] = ()
    charge: ChargeControl | None = None
    # Keys of the readings that make up the Energy dashboard (signed battery power: positive charges).
    battery_power: str | None = None
    solar_power: str | None = None
    # A key only this family reports; tells it where neither product name nor serial number do.
    telltale: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def points(self) -> Iterator[Reading | Condition | Toggle | Setting | Choice]:
        """Everything that has a state."""
        yield from self.readings
        yield from self.conditions
        yield from self.toggles
        yield from self.settings
        yield from self.choices

    def setting(self, key: str) -> Setting | None:
        """Return a number by its key."""
        return next((setting for setting in self.settings if setting.key == key), None)

    def decode(self, values: Values) -> Iterator[tuple[str, Decoded, str]]:
        """Yield (entity key, value, unit) for everything that the device reports."""
        for point in self.points():
            if point.exists(values):
                unit = point.unit if isinstance(point, (Reading, Setting)) else ""
                yield point.key, point.decode(values), unit


def watts(key: str, source: str | tuple[str, ...], scale: float = 1.0, **more: Any) -> Reading:
    """Return a power reading."""
    return Reading(key=key, source=source, quantity=Quantity.POWER, scale=scale, **more)


def volts(key: str, source: str | tuple[str, ...], scale: float = 1.0, **more: Any) -> Reading:
    """Return a voltage reading."""
    return Reading(key=key, source=source, quantity=Quantity.VOLTAGE, scale=scale, **more)


def amps(key: str, source: str | tuple[str, ...], scale: float = 1.0, **more: Any) -> Reading:
    """Return a current reading."""
    return Reading(key=key, source=source, quantity=Quantity.CURRENT, scale=scale, **more)


def celsius(key: str, source: str | tuple[str, ...], scale: float = 1.0, **more: Any) -> Reading:
    """Return a temperature reading."""
    return Reading(key=key, source=source, quantity=Quantity.TEMPERATURE, scale=scale, **more)


def hertz(key: str, source: str | tuple[str, ...], scale: float = 1.0, **more: Any) -> Reading:
    """Return a frequency reading; 0 means that there is no AC."""
    return Reading(key=key, source=source, quantity=Quantity.FREQUENCY, scale=scale, **more)


def percent(key: str, source: str | tuple[str, ...], **more: Any) -> Reading:
    """Return a state-of-charge reading."""
    return Reading(key=key, source=source, quantity=Quantity.LEVEL, **more)


def share(key: str, source: str | tuple[str, ...], **more: Any) -> Reading:
    """Return a percentage that is no battery level."""
    return Reading(key=key, source=source, quantity=Quantity.SHARE, **more)


def amp_hours(key: str, source: str | tuple[str, ...], **more: Any) -> Reading:
    """Return a capacity reading; the wire has mAh."""
    return Reading(key=key, source=source, quantity=Quantity.CHARGE, scale=0.001, **more)


def minutes(key: str, source: str | tuple[str, ...], **more: Any) -> Reading:
    """Return a remaining time in minutes."""
    return Reading(key=key, source=source, quantity=Quantity.DURATION, **more)


def counter_wh(key: str, source: str | tuple[str, ...], **more: Any) -> Reading:
    """Return an energy counter; the wire has Wh."""
    return Reading(key=key, source=source, quantity=Quantity.ENERGY, scale=0.001, counter=True, **more)


def code(key: str, source: str | tuple[str, ...], **more: Any) -> Reading:
    """Return an error code, off by default."""
    return Reading(key=key, source=source, quantity=Quantity.CODE, diagnostic=True, **{"enabled": False, **more})


def count(key: str, source: str | tuple[str, ...], **more: Any) -> Reading:
    """Return a count."""
    return Reading(key=key, source=source, quantity=Quantity.COUNT, **more)


def state(key: str, source: str | tuple[str, ...], states: Mapping[int, str], **more: Any) -> Reading:
    """Return a reading of a few named states."""
    return Reading(key=key, source=source, quantity=Quantity.STATE, states=states, **more)


def total(values: Values, paths: Iterable[str], scale: float = 1.0) -> float | None:
    """Return the scaled sum of those of the paths that are present, None when none is."""
    numbers = [value for path in paths if (value := number(lookup(values, path))) is not None]
    return round(sum(numbers) * scale, 1) if numbers else None


NEVER_TO_24_H: dict[str, int] = {
    "never": 0,
    "30_min": 30,
    "1_h": 60,
    "2_h": 120,
    "4_h": 240,
    "6_h": 360,
    "12_h": 720,
    "24_h": 1440,
}
NEVER_TO_12_H: dict[str, int] = {name: value for name, value in NEVER_TO_24_H.items() if value <= 720}
SCREEN_OFF: dict[str, int] = {
    "never": 0,
    "10_s": 10,
    "30_s": 30,
    "1_min": 60,
    "5_min": 300,
    "30_min": 1800,
}
FLOW_STATES: dict[int, str] = {0: "idle", 1: "discharging", 2: "charging"}
