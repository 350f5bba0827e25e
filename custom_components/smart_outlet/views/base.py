"""Helpers shared by the views."""

from collections.abc import Iterator
from contextlib import contextmanager
import errno
from http import HTTPStatus
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from .._lib.device_http import ApiError, bad_value, conflict, missing, not_found
from ..model.ccu_protocol import parse_device_id
from ..model.errors import (
    AmbiguousOutletError,
    FieldError,
    MissingFieldError,
    OutletError,
    PowerOffInProgressError,
    UnknownOutletError,
)

ERROR_FIELDS: Final = {"success": False}
"""Fields of every error response of this API in addition to the common ones."""


@contextmanager
def api_errors() -> Iterator[None]:
    """Turn errors of the device model into API errors."""
    try:
        yield
    except OutletError as err:
        raise api_error(err) from err


def api_error(err: OutletError) -> ApiError:
    """Return the API error for an error of the device model."""
    match err:
        case MissingFieldError():
            return missing(err.field)
        case FieldError():
            return bad_value(str(err), err.field)
        case UnknownOutletError():
            return not_found(str(err))
        case AmbiguousOutletError():
            return conflict(str(err), "ccu_id")
        case PowerOffInProgressError():
            return conflict(str(err))
    return ApiError(HTTPStatus.BAD_REQUEST, "bad_value", str(err))


_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn a change that could not be stored into an API error: 507 for a full disk, 503 for any other reason."""
    try:
        yield
    except HomeAssistantError as err:
        status = HTTPStatus.INSUFFICIENT_STORAGE if _is_disk_full(err) else HTTPStatus.SERVICE_UNAVAILABLE
        message = "the command could not be saved to disk and was withdrawn"
        raise ApiError(status, "storage_failed", message) from err


def _is_disk_full(err: BaseException | None) -> bool:
    while err is not None:
        if isinstance(err, OSError) and err.errno in _NO_SPACE:
            return True
        err = err.__cause__ or err.__context__
    return False


def path_device_id(device_id: str) -> str:
    """Return the device ID of a path.

    Raises:
        UnknownOutletError: It is not two hex digits.
    """
    try:
        return parse_device_id(device_id)
    except FieldError:
        raise UnknownOutletError(device_id) from None
