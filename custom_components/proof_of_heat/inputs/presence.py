"""Presence from persons, device trackers and zones."""

from collections.abc import Iterable

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
