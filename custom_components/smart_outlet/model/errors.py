"""Errors of the device model, one tree."""


class OutletError(Exception):
    """Anything that the device model refuses."""


class FieldError(OutletError):
    """A field of a request is missing or wrong."""

    def __init__(self, field: str, message: str) -> None:
        """``field`` names what is at fault."""
        super().__init__(f"{field} {message}")
        self.field = field


class MissingFieldError(FieldError):
    """A required field is absent."""

    def __init__(self, field: str) -> None:
        """``field`` names what is absent."""
        super().__init__(field, "is required")


class UnknownOutletError(OutletError):
    """No outlet of that device id is registered here."""

    def __init__(self, device_id: str) -> None:
        """``device_id`` as it was asked for."""
        super().__init__(f"no outlet {device_id}")
        self.device_id = device_id


class CutInProgressError(OutletError):
    """A socket was to be switched on while all power is being cut."""
