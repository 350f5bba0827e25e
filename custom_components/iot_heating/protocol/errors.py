"""Errors of the device-sync protocol."""


class ProtocolError(ValueError):
    """A field with an invalid value.

    Attributes:
        field: Path of the field, such as ``schedule[1].slots[0]``.
        message: What is wrong, without the field: "must be a number".
        absent: The field is required and missing.
    """

    def __init__(self, field: str, message: str, *, absent: bool = False) -> None:
        super().__init__(f"{field} {message}")
        self.field = field
        self.message = message
        self.absent = absent


class OutOfRangeError(ProtocolError):
    """A number outside its limits.

    Attributes:
        low: The lowest valid value.
        high: The highest one.
    """

    def __init__(self, field: str, low: float, high: float) -> None:
        super().__init__(field, f"must be between {low} and {high}")
        self.low = low
        self.high = high
