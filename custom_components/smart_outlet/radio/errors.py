"""Errors of the radio, one tree."""


class RadioError(Exception):
    """Anything that goes wrong on the HC-12 side."""


class FrameError(RadioError):
    """A frame or a payload that cannot be built or read."""


class LinkClosedError(RadioError):
    """The serial port is not open, or went away while a request was under way."""


class NoAnswerError(RadioError):
    """An outlet did not answer, whatever was tried."""


class RefusedError(RadioError):
    """An outlet answered that it does not do what was asked."""

    def __init__(self, command: int, reason: int) -> None:
        """``reason`` is a messages.Refusal, or a number that this version does not know."""
        super().__init__(f"the outlet refused command 0x{command:02X} with reason {reason}")
        self.command = command
        self.reason = reason


class AtError(RadioError):
    """The module did not answer an AT command as its manual says."""
