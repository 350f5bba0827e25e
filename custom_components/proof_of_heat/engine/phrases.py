"""What the engine says: a code with values, in English for its own log.

The codes and the names of their values are stable. Whoever shows a phrase to people makes it in their language out of
these; the digits of a number are those of the English text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from string import Formatter
from typing import Final

type Value = float | str | tuple[str, ...]
"""A number, an id, or words that explain each other ("bath", "schedule")."""

WORDS_BETWEEN: Final = ": "


@unique
class Saying(Enum):
    """All that can be said. The name in small letters is the code."""

    # What is wanted, and why.
    CURVE_AND_ROOM = "curve and room"
    CURVE_ONLY = "curve only: no room temperature"
    WARM_OUTSIDE = "warm enough outside"
    NO_ZONE_ASKS = "no zone asks for heat"
    LEARNING = "learning what the source gives"
    NOTHING_KNOWN = "no temperature is known: fixed flow"
    PLAN = "plan over {hours:.0f} h: {heat_kwh:.0f} kWh of heat"
    PLAN_BEGINS = "beginning in {begin_h:.1f} h"
    COMING = "to be at {lower_c:.1f} °C in {in_h:.1f} h"
    COMING_FOR = "to be at {lower_c:.1f} °C in {in_h:.1f} h ({why})"
    POWER_CAP = "electric power up to {cap_kw:.1f} kW"
    TOO_COLD = "{cold_kh:.1f} K·h too cold cannot be avoided"
    NO_PLAN = "the house is not known well enough yet: the heating curve is in charge"
    # What heats.
    HEATS = "{source} {heat_kw:.1f} kW at {price_kwh:.3f}/kWh"
    NOTHING_HEATS = "Nothing heats"
    # What kept the engine from what it wanted.
    LIMITED = "Limited: {limits}"
    JUST_STARTED = "nothing is written yet (just started)"
    FROST = "frost protection heats"
    FROST_ALONE = "no source can heat: frost protection is left to the devices"
    MUST_REST = "{source}: has to rest"
    MUST_RUN = "{source}: has to run on"
    FLOW_LIMIT = "{source}: flow of {flow_c:.1f} °C at its limit of {limit_c:.1f} °C"
    NO_POWER = "{source}: no power left for it"
    NO_ANSWER = "{source} does not answer"
    ONLY_READ = "{source} can only be read"
    SITE_LIMIT = "the power limit of the home"
    SOURCES_SHORT = "{missing_kw:.1f} kW more than the sources can give now"
    # What was not believed.
    ROOM_IMPLAUSIBLE = "{zone}: no plausible room temperature"
    ROOM_STALE = "{zone}: room temperature is stale"
    ROOM_JUMPS = "{zone}: room temperature jumps"
    OUTDOOR_LOST = "outdoor temperature is missing, stale or implausible"

    def __init__(self, english: str) -> None:
        parts = list(Formatter().parse(english))
        self.english = english
        self.template = "".join(text + (f"{{{name}}}" if name else "") for text, name, *_ in parts)
        """The English words alone, as translations have them."""
        self.formats: Mapping[str, str] = {name: spec or "" for _, name, spec, _ in parts if name}
        """The names of its values, and how each is written."""

    @property
    def code(self) -> str:
        """Stable, for machines."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Phrase:
    """One thing said."""

    saying: Saying
    values: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        """In English, with ids."""
        values = {name: WORDS_BETWEEN.join(v) if isinstance(v, tuple) else v for name, v in self.values.items()}
        return self.saying.english.format(**values)


def say(saying: Saying, **values: Value) -> Phrase:
    """A phrase."""
    return Phrase(saying, values)
