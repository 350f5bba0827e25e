# Generated from lib/action_fields.py by scripts/build: edit that file, not this one.
"""Validators for the fields of actions, which name a bad value instead of failing at it.

    vol.Required("duration"): vol.All(positive_time_period, vol.Range(max=timedelta(days=1)))
    vol.Optional("entity_id"): entity_ids
    vol.Optional("start"): date_time

    async def async_set_native_value(self, value: float) -> None:
        require_finite(self, value)

Home Assistant's own raise TypeError for a number in place of an entity ID and OverflowError for a huge duration, and
accept times that no other time zone has. A client of the REST API sees this as status 500 and the log as a traceback.
"""

from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final

from homeassistant.components.number import DOMAIN as NUMBER_DOMAIN, NumberEntity
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import probatio as vol

_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9998, 12, 31, tzinfo=UTC)


def entity_ids(value: Any) -> list[str]:
    """Validate an entity ID or a list of them."""
    if not isinstance(value, str | list):
        raise vol.Invalid("expected an entity ID or a list of entity IDs")
    found: list[str] = cv.entity_ids(value)
    return found


def date_time(value: Any) -> datetime:
    """Validate a date and time; without a zone it is local time.

    Times before 1900 and after 9998, as a request for everything has them, are moved to these years: a conversion to
    another time zone or a step of a day must not leave the years that Python knows.
    """
    found: datetime = cv.datetime(value)
    if found.year < _EARLIEST.year:
        return _EARLIEST
    return _LATEST if found.year > _LATEST.year else found


def positive_time_period(value: Any) -> timedelta:
    """Validate a duration that is not negative: seconds, a text such as ``01:30:00``, or an object."""
    try:
        found: timedelta = cv.positive_time_period(value)
    except OverflowError as err:
        raise vol.Invalid("the duration is too long") from err
    return found


def require_finite(entity: NumberEntity, value: float) -> None:
    """Refuse NaN, the result of a template, for a number: Home Assistant finds it neither below nor above the range.

    Raises:
        ServiceValidationError: The error of Home Assistant for a value out of range.
    """
    if not isfinite(value):
        raise ServiceValidationError(
            translation_domain=NUMBER_DOMAIN,
            translation_key="out_of_range",
            translation_placeholders={
                "value": str(value),
                "entity_id": entity.entity_id,
                "min_value": str(entity.min_value),
                "max_value": str(entity.max_value),
            },
        )
