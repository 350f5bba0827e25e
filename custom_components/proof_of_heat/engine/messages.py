"""Messages of the engine: a stable code with values, and their English text for the log.

The codes and the names of their values are a public contract: automations read them. The text that people see is made
from them in the language of Home Assistant (`messages/formatter.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from string import Formatter
from typing import Final

type Value = float | str | tuple[str, ...]
"""A number, an id, or several ids and words ("bath", "schedule")."""

VALUE_SEPARATOR: Final = ": "
DURATION: Final = "duration"
"""Format of a number of hours that is written as a duration."""


class MessageCode(StrEnum):
    """All messages. The value of a member is its code."""

    # Who controls the sources, where it is not this integration.
    SHADOW = auto()
    CONTROL_OFF = auto()
    # The reason for the demand.
    CURVE_AND_ROOM = auto()
    CURVE_ONLY = auto()
    WARM_OUTSIDE = auto()
    NO_ZONE_ASKS = auto()
    LEARNING = auto()
    NOTHING_KNOWN = auto()
    PLAN = auto()
    PLAN_BEGINS = auto()
    COMING = auto()
    COMING_FOR = auto()
    POWER_CAP = auto()
    TOO_COLD = auto()
    NO_PLAN = auto()
    # The dispatch.
    HEATS = auto()
    NOTHING_HEATS = auto()
    # Restrictions.
    LIMITED = auto()
    JUST_STARTED = auto()
    FROST = auto()
    FROST_ALONE = auto()
    MUST_REST = auto()
    MUST_RUN = auto()
    CANNOT_STOP = auto()
    FLOW_LIMIT = auto()
    NO_POWER = auto()
    NO_ANSWER = auto()
    NOT_READ = auto()
    WRITE_DEFERRED = auto()
    ONLY_READ = auto()
    SITE_LIMIT = auto()
    SIZE_ASSUMED = auto()
    QUIET_HOURS = auto()
    SITE_METER_LOST = auto()
    SITE_LOAD_UNKNOWN = auto()
    SOURCES_SHORT = auto()
    # Rejected inputs.
    ROOM_IMPLAUSIBLE = auto()
    ROOM_STALE = auto()
    ROOM_JUMPS = auto()
    OUTDOOR_LOST = auto()
    # What prevents learning.
    HEAT_UNKNOWN = auto()


_ENGLISH: Final[Mapping[MessageCode, str]] = {
    MessageCode.SHADOW: "simulation only, nothing is controlled",
    MessageCode.CONTROL_OFF: "heating control is off",
    MessageCode.CURVE_AND_ROOM: "heating curve with room correction",
    MessageCode.CURVE_ONLY: "heating curve only, no room temperature",
    MessageCode.WARM_OUTSIDE: "warm enough outside",
    MessageCode.NO_ZONE_ASKS: "no zone needs heat",
    MessageCode.LEARNING: "measuring the heat source",
    MessageCode.NOTHING_KNOWN: "no valid temperature, fixed flow temperature",
    MessageCode.PLAN: "cheapest plan for {hours:.0f} h with {heat_kwh:.0f} kWh of heat",
    MessageCode.PLAN_BEGINS: "heating starts in {begin_h:duration}",
    MessageCode.COMING: "at least {lower_c:.1f} °C in {in_h:duration}",
    MessageCode.COMING_FOR: "at least {lower_c:.1f} °C in {in_h:duration} ({why})",
    MessageCode.POWER_CAP: "electric power limited to {cap_kw:.1f} kW",
    MessageCode.TOO_COLD: "{cold_kh:.1f} K·h below the comfort band",
    MessageCode.NO_PLAN: "the thermal model is not accurate enough yet, the heating curve is used",
    MessageCode.HEATS: "{source} {heat_kw:.1f} kW at {price_kwh:.3f}/kWh",
    MessageCode.NOTHING_HEATS: "No heat source is heating",
    MessageCode.LIMITED: "Limited: {limits}",
    MessageCode.JUST_STARTED: "starting, read-only for the first minute",
    MessageCode.FROST: "frost protection is active",
    MessageCode.FROST_ALONE: "no heat source is available, frost protection is left to the devices",
    MessageCode.MUST_REST: "{source}: minimum off time not reached",
    MessageCode.MUST_RUN: "{source}: minimum on time not reached",
    MessageCode.CANNOT_STOP: "{source}: cannot be turned off, continues at its minimum output",
    MessageCode.FLOW_LIMIT: "{source}: flow temperature {flow_c:.1f} °C has reached the maximum of {limit_c:.1f} °C",
    MessageCode.NO_POWER: "{source}: no power left within the power limit",
    MessageCode.NO_ANSWER: "{source}: not responding",
    MessageCode.NOT_READ: "{source}: not read yet",
    MessageCode.WRITE_DEFERRED: "{source}: command deferred, the device was written to recently or calls are limited",
    MessageCode.ONLY_READ: "{source}: cannot be controlled",
    MessageCode.SITE_LIMIT: "power limit of the home",
    MessageCode.SIZE_ASSUMED: "{source}: rated power unknown, the assumed {power_kw:.1f} kW exceed the available power",
    MessageCode.QUIET_HOURS: "{source}: at most {percent:.0f}% in quiet hours",
    MessageCode.SITE_METER_LOST: "the grid power sensor does not report, {load_kw:.1f} kW of other loads assumed",
    MessageCode.SITE_LOAD_UNKNOWN: "the grid power sensor has not reported yet, no power is available for heating",
    MessageCode.SOURCES_SHORT: "heat sources are {missing_kw:.1f} kW short of the demand",
    MessageCode.ROOM_IMPLAUSIBLE: "{zone}: no valid room temperature",
    MessageCode.ROOM_STALE: "{zone}: room temperature is outdated",
    MessageCode.ROOM_JUMPS: "{zone}: room temperature changes too fast",
    MessageCode.OUTDOOR_LOST: "no valid outdoor temperature",
    MessageCode.HEAT_UNKNOWN: "{source}: heat and power are not measured, the house cannot be learned",
}


@dataclass(frozen=True, slots=True)
class Template:
    """The English text of a code. `text` has plain placeholders; `formats`: the number format of each of them."""

    text: str
    formats: Mapping[str, str]

    @classmethod
    def parse(cls, english: str) -> Template:
        """Split a format string into its text and the formats of its values."""
        parts = list(Formatter().parse(english))
        text = "".join(text + (f"{{{name}}}" if name else "") for text, name, *_ in parts)
        return cls(text, {name: spec or "" for _, name, spec, _ in parts if name})


TEMPLATES: Final[Mapping[MessageCode, Template]] = {code: Template.parse(text) for code, text in _ENGLISH.items()}


def format_number(value: float, spec: str, hour: str = "h", minute: str = "min") -> str:
    """Return a number in its format; the units are those of a duration: "50 min", "2 h 15 min", "9 h".

    Durations are rounded to 5 minutes; to a quarter from one hour on, and to hours from six hours on.
    """
    if spec != DURATION:
        return format(value, spec)
    minutes = value * 60
    step = 5 if minutes < 57.5 else 15 if minutes < 352.5 else 60
    hours, rest = divmod(max(step, round(minutes / step) * step), 60)
    return " ".join(f"{number} {unit}" for number, unit in ((hours, hour), (rest, minute)) if number)


@dataclass(frozen=True, slots=True)
class Message:
    """A code with its values."""

    code: MessageCode
    values: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the English text, with ids in place of names."""
        template = TEMPLATES[self.code]
        return template.text.format(
            **{
                name: VALUE_SEPARATOR.join(value)
                if isinstance(value, tuple)
                else value
                if isinstance(value, str)
                else format_number(value, template.formats.get(name, ""))
                for name, value in self.values.items()
            }
        )


def message(code: MessageCode, **values: Value) -> Message:
    """Return a message."""
    return Message(code, values)
