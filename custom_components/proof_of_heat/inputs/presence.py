"""Presence from persons, device trackers and zones."""

from collections.abc import Iterable
import math

from homeassistant.const import STATE_HOME, STATE_ON
from homeassistant.core import HomeAssistant, State

from .states import UNKNOWN_STATES


def everyone_away(hass: HomeAssistant, entity_ids: Iterable[str], preheat_zones: Iterable[str] = ()) -> bool:
    """Return whether all persons are known to be away; a person in a preheat zone is not."""
    zones = tuple(preheat_zones)
    states = [hass.states.get(entity_id) for entity_id in entity_ids]
    existing = [state for state in states if state is not None]
    return bool(existing) and all(
        state.state not in (STATE_HOME, STATE_ON, *UNKNOWN_STATES) and not _is_in_zone(hass, state, zones)
        for state in existing
    )


class AwayDelay:
    """Delays the away temperature until all persons have been away for some time; a return applies at once.

    The delay begins when someone known to be at home has left, so that a restart does not heat an empty home.
    """

    def __init__(self) -> None:
        self._away_since_s = -math.inf

    def is_over(self, *, away: bool, home: bool, now_s: float, delay_s: float) -> bool:
        """Return whether the home counts as empty. `home`: someone is known to be there; `now_s` is steady time."""
        if home:
            self._away_since_s = math.nan
        if not away:
            return False
        if math.isnan(self._away_since_s):
            self._away_since_s = now_s
        return now_s - self._away_since_s >= delay_s


def people_home(hass: HomeAssistant, entity_ids: Iterable[str]) -> float:
    """Return how many persons are known to be at home."""
    states = [state for entity_id in entity_ids if (state := hass.states.get(entity_id)) is not None]
    return float(sum(state.state in (STATE_HOME, STATE_ON) for state in states))


def _is_in_zone(hass: HomeAssistant, state: State, zones: tuple[str, ...]) -> bool:
    """Return whether a person or tracker is in one of the zones: its state is a zone's name, `in_zones` has ids."""
    inside = state.attributes.get("in_zones") or ()
    for entity_id in zones:
        zone = hass.states.get(entity_id)
        if entity_id in inside or (zone is not None and state.state == zone.name):
            return True
    return False
