"""AT set-up of an HC-12 module (V2.4 manual): channel, power, mode, baud rate.

The module listens to AT commands while its SET pin is low: 40 ms after it went low; after it is let go the
module restarts, and must be left alone for 200 ms. Answers are ``OK`` plus what was set (``AT+C012`` ->
``OK+C012``).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
import re

from .errors import AtError
from .timing import MODE_BAUDS, Mode

ENTER_S = 0.04
LEAVE_S = 0.2
ANSWER_S = 0.5
WAKE_TRIES = 3
CHANNELS = range(1, 101)
"""400 kHz apart from 433.4 MHz; the module takes up to 127, its manual vouches for 100."""
POWERS_DBM = {1: -1, 2: 2, 3: 5, 4: 8, 5: 11, 6: 14, 7: 17, 8: 20}


@dataclass(frozen=True, slots=True)
class RadioSettings:
    """Settings of a module; two modules hear each other where channel, mode and air rate (by baud) are equal.

    Attributes:
        channel: 1 to 100.
        power: 1 (-1 dBm) to 8 (20 dBm), 3 dB apart.
        mode: Transmission mode.
        baud: Of the serial port.
    """

    channel: int = 1
    power: int = 8
    mode: Mode = Mode.FU3
    baud: int = 9600

    def __post_init__(self) -> None:
        """Refuse what the module would refuse.

        Raises:
            ValueError: a setting is out of range, or the mode does not go with the baud rate.
        """
        if self.channel not in CHANNELS:
            raise ValueError(f"channel {self.channel} is not 1 to 100")
        if self.power not in POWERS_DBM:
            raise ValueError(f"power {self.power} is not 1 to 8")
        if self.baud not in MODE_BAUDS[self.mode]:
            raise ValueError(f"{self.mode} does not go with {self.baud} baud")


class AtPort:
    """A conversation of AT commands over a serial port that somebody else opened."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        write: Callable[[bytes], None],
        set_pin: Callable[[bool], Awaitable[None]] | None,
    ) -> None:
        """Take the port.

        Args:
            reader: Of the serial port.
            write: Sends bytes.
            set_pin: Pulls SET low (True) or lets it go (False); None where a jumper does it.
        """
        self._reader = reader
        self._write = write
        self._set_pin = set_pin

    async def __aenter__(self) -> AtPort:
        """Enter command mode."""
        if self._set_pin is not None:
            await self._set_pin(True)
        await asyncio.sleep(ENTER_S)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Leave command mode and wait until the module runs again."""
        if self._set_pin is not None:
            await self._set_pin(False)
        await asyncio.sleep(LEAVE_S)

    async def ask(self, command: str, lines: int = 1) -> list[str]:
        """Send a command and return the lines of its answer.

        Raises:
            AtError: no answer in time, or one that does not begin with OK.
        """
        self._write(f"{command}\r\n".encode("ascii"))
        answers: list[str] = []
        try:
            async with asyncio.timeout(ANSWER_S):
                while len(answers) < lines:
                    line = (await self._reader.readuntil(b"\n")).decode("ascii", "replace").strip()
                    if line:
                        answers.append(line)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as err:
            raise AtError(f"no answer to {command}") from err
        if not answers[0].startswith("OK"):
            raise AtError(f"{command} was answered with {answers[0]!r}")
        return answers


async def wake(port: AtPort) -> None:
    """Get a first OK; bytes that were on their way when SET went low may spoil the first command.

    Raises:
        AtError: the module does not answer.
    """
    for _ in range(WAKE_TRIES - 1):
        with suppress(AtError):
            await port.ask("AT")
            return
    await port.ask("AT")


_SHOWN = {
    "mode": re.compile(r"OK\+(FU[1-4])$"),
    "baud": re.compile(r"OK\+B(\d+)$"),
    "channel": re.compile(r"OK\+R?C(\d{3})$"),
    "power": re.compile(r"OK\+RP:([+-]\d+)dBm$"),
}


async def read_settings(port: AtPort) -> RadioSettings:
    """Ask a module for its settings.

    Raises:
        AtError: no or an unreadable answer.
    """
    found: dict[str, str] = {}
    for line in await port.ask("AT+RX", lines=len(_SHOWN)):
        found |= {name: match[1] for name, shape in _SHOWN.items() if (match := shape.match(line))}
    try:
        dbm = int(found["power"])
        return RadioSettings(
            channel=int(found["channel"]),
            power=next(level for level, value in POWERS_DBM.items() if value == dbm),
            mode=Mode(found["mode"]),
            baud=int(found["baud"]),
        )
    except (KeyError, ValueError, StopIteration) as err:
        raise AtError(f"the module's settings are not readable: {found}") from err


async def write_settings(port: AtPort, wanted: RadioSettings) -> None:
    """Set a module up; what it already has is not written again.

    Raises:
        AtError: the module does not answer, or answers with something else than what was set.
    """
    await wake(port)
    has = await read_settings(port)
    # The mode first: FU2 and FU4 restrict the baud rate, and the module would refuse the pair otherwise.
    steps = (
        (wanted.mode != has.mode, f"{wanted.mode}"),
        (wanted.baud != has.baud, f"B{wanted.baud}"),
        (wanted.channel != has.channel, f"C{wanted.channel:03}"),
        (wanted.power != has.power, f"P{wanted.power}"),
    )
    for needed, what in steps:
        if needed and (answer := (await port.ask(f"AT+{what}"))[0].split(",")[0]) != f"OK+{what}":
            raise AtError(f"AT+{what} was answered with {answer!r}")
