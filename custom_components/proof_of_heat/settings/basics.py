"""Advanced settings of the heating system itself: frost protection, fallback, duration of overrides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..const import CONF_FALLBACK_FLOW, CONF_FROST_ROOM, CONF_OVERRIDE_HOURS, DEFAULT_OVERRIDE_HOURS

DEFAULT_FROST_ROOM_C: Final = 7.0
DEFAULT_FALLBACK_FLOW_C: Final = {"underfloor": 30.0, "radiator": 45.0}
FROST_ROOM_RANGE_C: Final = (5.0, 15.0)
FALLBACK_FLOW_RANGE_C: Final = (20.0, 60.0)
OVERRIDE_RANGE_H: Final = (0.5, 48.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicSettings:
    """The settings."""

    frost_room_c: float = DEFAULT_FROST_ROOM_C
    """A colder room is always heated."""
    fallback_flow_c: float = DEFAULT_FALLBACK_FLOW_C["underfloor"]
    """Flow temperature while neither room nor outdoor temperature is known."""
    override_hours: float = DEFAULT_OVERRIDE_HOURS
    """How long a temperature that a user sets, or the boost, lasts."""


def read(values: Mapping[str, Any], emitter: str) -> BasicSettings:
    """Return the settings of the stored advanced section."""
    fallback_c = DEFAULT_FALLBACK_FLOW_C.get(emitter, DEFAULT_FALLBACK_FLOW_C["radiator"])
    return BasicSettings(
        frost_room_c=float(values.get(CONF_FROST_ROOM, DEFAULT_FROST_ROOM_C)),
        fallback_flow_c=float(values.get(CONF_FALLBACK_FLOW, fallback_c)),
        override_hours=float(values.get(CONF_OVERRIDE_HOURS, DEFAULT_OVERRIDE_HOURS)),
    )
