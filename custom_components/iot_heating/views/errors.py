"""Errors of the HTTP APIs."""

from .._lib.device_http import ApiError, bad_value, missing
from ..protocol.errors import ProtocolError


def api_error(err: ProtocolError) -> ApiError:
    """Return the HTTP error for an invalid field."""
    return missing(err.field) if err.absent else bad_value(str(err), err.field)
