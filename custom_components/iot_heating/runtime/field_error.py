"""The error for an invalid field of an action or entity, in the language of the user."""

from homeassistant.exceptions import ServiceValidationError

from ..const import DOMAIN
from ..protocol.errors import OutOfRangeError, ProtocolError


def field_error(err: ProtocolError, field: str) -> ServiceValidationError:
    """Return the error. What is wrong in a schedule is in English: it names the parts of the schedule's own syntax."""
    if isinstance(err, OutOfRangeError):
        return ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="out_of_range",
            translation_placeholders={"field": field, "low": f"{err.low:g}", "high": f"{err.high:g}"},
        )
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="invalid_value",
        translation_placeholders={"field": field, "error": err.message},
    )
