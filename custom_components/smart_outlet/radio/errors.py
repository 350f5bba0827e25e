"""Exceptions of the radio; all derive from RadioError."""


class RadioError(Exception):
    """Base of all radio errors."""


class FrameError(RadioError):
    """A frame or payload cannot be encoded or decoded."""


class LinkClosedError(RadioError):
    """The serial port is closed, or was lost during a request."""


class NoAnswerError(RadioError):
    """An outlet did not answer any attempt."""


class RefusedError(RadioError):
    """An outlet refused a command."""

    def __init__(self, command: int, reason: int) -> None:
        """Initialize the error; ``reason`` is a ``messages.Refusal`` or an unknown number."""
        super().__init__(f"the outlet refused command 0x{command:02X} with reason {reason}")
        self.command = command
        self.reason = reason


class AtError(RadioError):
    """The module gave no valid answer to an AT command."""
