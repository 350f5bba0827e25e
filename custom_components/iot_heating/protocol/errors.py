"""What is wrong with something that was sent to us."""


class ProtocolError(ValueError):
    """A field that cannot be accepted.

    Attributes:
        field: Which, e.g. ``schedule[1].slots[0]``.
        message: Why, for people.
        absent: The field is required and not there.
    """

    def __init__(self, field: str, message: str, *, absent: bool = False) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.absent = absent
