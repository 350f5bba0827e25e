"""Exceptions of the device model; all derive from OutletError."""


class OutletError(Exception):
    """Base of all device model errors."""


class FieldError(OutletError):
    """A request field has the wrong type or is out of range."""

    def __init__(self, field: str, message: str) -> None:
        """Initialize the error with the path of the invalid field."""
        super().__init__(f"{field} {message}")
        self.field = field


class MissingFieldError(FieldError):
    """A required request field is absent."""

    def __init__(self, field: str) -> None:
        """Initialize the error with the path of the absent field."""
        super().__init__(field, "is required")


class UnknownOutletError(OutletError):
    """No outlet with this device ID is registered."""

    def __init__(self, device_id: str) -> None:
        """Initialize the error with the device ID as it was requested."""
        super().__init__(f"unknown outlet {device_id}")
        self.device_id = device_id


class AmbiguousOutletError(OutletError):
    """Several hubs have an outlet with this device ID."""

    def __init__(self, device_id: str) -> None:
        """Initialize the error with the device ID as it was requested."""
        super().__init__(f"several hubs have an outlet {device_id}: ccu_id is required")


class PowerOffInProgressError(OutletError):
    """A socket cannot be switched on while an emergency power-off is in progress."""
