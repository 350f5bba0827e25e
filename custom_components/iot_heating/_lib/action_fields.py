# Generated from lib/action_fields.py by scripts/build: edit that file, not this one.
"""Validators for the fields of actions, which name a bad value instead of failing at it.

    vol.Required("duration"): vol.All(positive_time_period, vol.Range(max=timedelta(days=1)))
    vol.Optional("entity_id"): entity_ids

Home Assistant's own raise TypeError for a number in place of an entity ID and OverflowError for a huge duration, which
a client of the REST API sees as status 500 and the log as a traceback.
"""

from datetime import timedelta
from typing import Any

from homeassistant.helpers import config_validation as cv
import probatio as vol


def entity_ids(value: Any) -> list[str]:
    """Validate an entity ID or a list of them."""
    if not isinstance(value, str | list):
        raise vol.Invalid("expected an entity ID or a list of entity IDs")
    found: list[str] = cv.entity_ids(value)
    return found


def positive_time_period(value: Any) -> timedelta:
    """Validate a duration that is not negative: seconds, a text such as ``01:30:00``, or an object."""
    try:
        found: timedelta = cv.positive_time_period(value)
    except OverflowError as err:
        raise vol.Invalid("the duration is too long") from err
    return found
