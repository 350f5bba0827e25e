"""What can go wrong between us and the EcoFlow cloud: one tree, one base."""


class EcoflowError(Exception):
    """Base of every error of this package. Its text never holds a key, a password or a signature."""


class UnreachableError(EcoflowError):
    """The cloud did not answer: no route, TLS failure, time-out or a server-side 5xx."""


class BadReplyError(EcoflowError):
    """The cloud answered something that is not the documented reply."""


class CommandError(EcoflowError):
    """A write was refused, or nobody confirmed it."""


class OutOfRangeError(ValueError):
    """A value that a model does not take."""

    def __init__(self, value: float, low: float, high: float) -> None:
        """Keep the value and what would be taken."""
        super().__init__(f"{value:g} is outside of {low:g} to {high:g}")
        self.value, self.low, self.high = value, low, high


class ApiError(EcoflowError):
    """The cloud refused a request with a code of its own."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the cloud's code and its message."""
        super().__init__(f"{message} (code {code})")
        self.code = code
        self.message = message


class InvalidKeysError(ApiError):
    """Access key or secret key are not (or no longer) accepted."""


class ClockSkewError(ApiError):
    """The signature was refused and our clock differs from the cloud's by `skew_s` seconds."""

    def __init__(self, code: str, message: str, skew_s: float) -> None:
        """Keep how far our clock is off (positive: the cloud is ahead)."""
        super().__init__(code, message)
        self.skew_s = skew_s


class DeviceOfflineError(ApiError):
    """The device is not connected to the cloud."""


class NotAllowedError(ApiError):
    """The keys are good, but this device may not be read through the open API."""


class RateLimitedError(ApiError):
    """Too many requests. Ask again after `retry_after_s`."""

    def __init__(self, code: str, message: str, retry_after_s: float) -> None:
        """Keep how long to stay quiet."""
        super().__init__(code, message)
        self.retry_after_s = retry_after_s


# Codes seen on the open API; anything else is told by its message (`error_from_code`).
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
    """Return the typed error for a reply whose code is not "0"."""
    text = message.casefold()
    if code == "429" or "too many" in text or "frequent" in text or "rate limit" in text:
        return RateLimitedError(code, message, retry_after_s or RATE_LIMIT_PAUSE_S)
    if kind := _BY_CODE.get(code):
        return kind(code, message)
    for words, kind in _BY_TEXT:
        if words in text:
            return kind(code, message)
    return ApiError(code, message)
