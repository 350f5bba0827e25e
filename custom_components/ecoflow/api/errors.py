"""Errors of the EcoFlow API. Those of the cloud and of devices derive from EcoflowError."""


class EcoflowError(Exception):
    """Base of all errors of this package. The text never contains a key, a password or a signature."""


class UnreachableError(EcoflowError):
    """The cloud did not answer: no route, TLS failure, timeout or HTTP 5xx."""


class BadReplyError(EcoflowError):
    """The cloud answered something other than the documented reply."""


class CommandError(EcoflowError):
    """A command was refused or not confirmed."""


class OutOfRangeError(ValueError):
    """A value outside the range of the model."""

    def __init__(self, value: float, min_value: float, max_value: float) -> None:
        """Keep the value and the range."""
        super().__init__(f"{value:g} is outside the range {min_value:g} to {max_value:g}")
        self.value, self.min_value, self.max_value = value, min_value, max_value


class ApiError(EcoflowError):
    """The cloud refused a request with an error code."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the cloud's code and message."""
        super().__init__(f"{message} (code {code})")
        self.code = code
        self.message = message


class InvalidKeysError(ApiError):
    """The access key or secret key is not accepted."""


class ClockSkewError(ApiError):
    """The signature was refused and the local clock differs from the cloud's by `skew_s` seconds."""

    def __init__(self, code: str, message: str, skew_s: float) -> None:
        """Keep the difference in seconds (positive: the cloud's clock is ahead)."""
        super().__init__(code, message)
        self.skew_s = skew_s


class DeviceOfflineError(ApiError):
    """The device is not connected to the cloud."""


class NotAllowedError(ApiError):
    """The keys are valid, but the device cannot be read through the open API."""


class RateLimitedError(ApiError):
    """Too many requests. The next one is allowed after `retry_after_s`."""

    def __init__(self, code: str, message: str, retry_after_s: float) -> None:
        """Keep the time to wait in seconds."""
        super().__init__(code, message)
        self.retry_after_s = retry_after_s


# Codes seen on the open API. Other codes are classified by their message (`error_from_code`).
SIGNATURE_WRONG = "8521"
_BY_CODE: dict[str, type[ApiError]] = {
    "1006": NotAllowedError,
    "6012": DeviceOfflineError,
    "8513": InvalidKeysError,
    SIGNATURE_WRONG: InvalidKeysError,
    "8524": InvalidKeysError,
}
_BY_TEXT: tuple[tuple[str, type[ApiError]], ...] = (
    ("offline", DeviceOfflineError),
    ("not online", DeviceOfflineError),
    ("not allowed", NotAllowedError),
    ("no permission", NotAllowedError),
    ("accesskey", InvalidKeysError),
    ("signature", InvalidKeysError),
)
RATE_LIMIT_PAUSE_S = 60.0


def error_from_code(code: str, message: str, retry_after_s: float | None = None) -> ApiError:
    """Return the error for a reply whose code is not "0"."""
    text = message.casefold()
    if code == "429" or "too many" in text or "frequent" in text or "rate limit" in text:
        return RateLimitedError(code, message, retry_after_s or RATE_LIMIT_PAUSE_S)
    if error := _BY_CODE.get(code):
        return error(code, message)
    for part, error in _BY_TEXT:
        if part in text:
            return error(code, message)
    return ApiError(code, message)
