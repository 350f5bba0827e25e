"""AT commands of an HC-12 module (V2.4 manual): channel, power, mode, baud rate.

The module accepts AT commands from 40 ms after its SET pin went low. When the pin is released the module restarts
and needs 200 ms. Answers are ``OK`` plus what was set (``AT+C012`` ->
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
WAKE_ATTEMPTS = 3
CHANNELS = range(1, 101)
"""From 433.4 MHz in steps of 400 kHz; the module accepts up to 127, its manual guarantees 100."""
POWERS_DBM = {1: -1, 2: 2, 3: 5, 4: 8, 5: 11, 6: 14, 7: 17, 8: 20}


@dataclass(frozen=True, slots=True)
class RadioSettings:
    """Settings of a module. Modules with equal channel, mode and air rate (by baud rate) can communicate.

    Attributes:
        channel: 1 to 100.
        power: 1 (-1 dBm) to 8 (20 dBm) in steps of 3 dB.
        mode: Transmission mode.
        baud: Baud rate of the serial port.
    """

    channel: int = 1
    power: int = 8
    mode: Mode = Mode.FU3
    baud: int = 9600

    def __post_init__(self) -> None:
        """Validate the settings.

        Raises:
            ValueError: A setting is out of range, or the mode does not support the baud rate.
        """
        if self.channel not in CHANNELS:
            raise ValueError(f"channel {self.channel} is not 1 to 100")
        if self.power not in POWERS_DBM:
            raise ValueError(f"power {self.power} is not 1 to 8")
        if self.baud not in MODE_BAUDS[self.mode]:
            raise ValueError(f"{self.mode} does not support {self.baud} baud")


class AtPort:
    """AT commands over an open serial port."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        write: Callable[[bytes], None],
        set_pin: Callable[[bool], Awaitable[None]] | None,
    ) -> None:
        """Initialize the session.

        Args:
            reader: Reader of the serial port.
            write: Sends bytes.
            set_pin: Pulls SET low (True) or releases it (False); None if a jumper does.
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
        """Leave command mode and wait for the restart of the module."""
        if self._set_pin is not None:
            await self._set_pin(False)
        await asyncio.sleep(LEAVE_S)

    async def send(self, command: str, lines: int = 1) -> list[str]:
        """Send a command and return the lines of the answer.

        Raises:
            AtError: No answer in time, or one that does not start with OK.
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


async def wake_module(port: AtPort) -> None:
    """Wait for a first OK; bytes received before SET went low can corrupt the first command.

    Raises:
        AtError: The module does not answer.
    """
    for _ in range(WAKE_ATTEMPTS - 1):
        with suppress(AtError):
            await port.send("AT")
            return
    await port.send("AT")


_PATTERNS = {
    "mode": re.compile(r"OK\+(FU[1-4])$"),
    "baud": re.compile(r"OK\+B(\d+)$"),
    "channel": re.compile(r"OK\+R?C(\d{3})$"),
    "power": re.compile(r"OK\+RP:([+-]\d+)dBm$"),
}


async def read_settings(port: AtPort) -> RadioSettings:
    """Return the settings of a module.

    Raises:
        AtError: No answer or an invalid one.
    """
    found: dict[str, str] = {}
    for line in await port.send("AT+RX", lines=len(_PATTERNS)):
        found |= {name: match[1] for name, pattern in _PATTERNS.items() if (match := pattern.match(line))}
    try:
        dbm = int(found["power"])
        return RadioSettings(
            channel=int(found["channel"]),
            power=next(level for level, value in POWERS_DBM.items() if value == dbm),
            mode=Mode(found["mode"]),
            baud=int(found["baud"]),
        )
    except (KeyError, ValueError, StopIteration) as err:
        raise AtError(f"invalid module settings: {found}") from err


async def write_settings(port: AtPort, settings: RadioSettings) -> None:
    """Write the settings of a module that differ from its current ones.

    Raises:
        AtError: The module does not answer or confirms another value.
    """
    await wake_module(port)
    current = await read_settings(port)
    # The mode first: FU2 and FU4 restrict the baud rate, and the module refuses an unsupported combination.
    steps = (
        (settings.mode != current.mode, f"{settings.mode}"),
        (settings.baud != current.baud, f"B{settings.baud}"),
        (settings.channel != current.channel, f"C{settings.channel:03}"),
        (settings.power != current.power, f"P{settings.power}"),
    )
    for is_needed, command in steps:
        if is_needed and (answer := (await port.send(f"AT+{command}"))[0].split(",")[0]) != f"OK+{command}":
            raise AtError(f"AT+{command} was answered with {answer!r}")
