"""AT commands of an HC-12 module (V2.4 manual): channel, power, mode, baud rate, reset to the factory settings.

The module accepts AT commands from 40 ms after its SET pin went low. When the pin is released the module restarts
and needs 200 ms. Answers are ``OK`` plus what was set (``AT+C012`` ->
``OK+C012``). A new baud rate applies once the pin is released.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import InitVar, dataclass
import re

from .errors import AtError
from .timing import BAUDS, MODE_BAUDS, Mode

ENTER_S = 0.04
LEAVE_S = 0.2
ANSWER_S = 0.5
WAKE_ANSWER_S = 0.25
"""An OK takes 70 ms at 1200 baud, and some more over a network."""
WAKE_ATTEMPTS = 3
SEARCH_ATTEMPTS = 2
"""At each baud rate other than the expected one."""
FACTORY_BAUD = 9600
QUIET_S = 0.05
"""No byte for this long: nothing more will follow."""
CHANNELS = range(1, 101)
"""Channels that are set: from 433.4 MHz in steps of 400 kHz; the manual of the module guarantees 100."""
READABLE_CHANNELS = range(1, 128)
"""Channels that a module may have been set to."""
POWERS_DBM = {1: -1, 2: 2, 3: 5, 4: 8, 5: 11, 6: 14, 7: 17, 8: 20}


@dataclass(frozen=True, slots=True)
class RadioSettings:
    """Settings of a module. Modules with equal channel, mode and air rate (by baud rate) can communicate.

    Attributes:
        channel: 1 to 100; 1 to 127 as read from a module.
        power: 1 (-1 dBm) to 8 (20 dBm) in steps of 3 dB.
        mode: Transmission mode.
        baud: Baud rate of the serial port.
        as_read: The settings are those of a module: it may be set up in a way that is not supported.
    """

    channel: int = 1
    power: int = 8
    mode: Mode = Mode.FU3
    baud: int = 9600
    as_read: InitVar[bool] = False

    def __post_init__(self, as_read: bool) -> None:
        """Validate the settings.

        Raises:
            ValueError: A setting is out of range, or the mode does not support the baud rate.
        """
        if as_read:
            if self.channel not in READABLE_CHANNELS or self.baud not in BAUDS:
                raise ValueError(f"channel {self.channel} or baud rate {self.baud} does not exist")
            return
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

    async def send(self, command: str, lines: int = 1, timeout_s: float = ANSWER_S) -> list[str]:
        """Send a command and return the lines of the answer.

        Raises:
            AtError: No answer in time, or one that does not start with OK.
        """
        self._write(f"{command}\r\n".encode("ascii"))
        answers: list[str] = []
        try:
            async with asyncio.timeout(timeout_s):
                while len(answers) < lines:
                    line = (await self._reader.readuntil(b"\n")).decode("ascii", "replace").strip()
                    if line:
                        answers.append(line)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as err:
            raise AtError(f"no answer to {command}") from err
        if not answers[0].startswith("OK"):
            raise AtError(f"{command} was answered with {answers[0]!r}")
        return answers

    async def discard_input(self) -> None:
        """Discard late answers and noise until no byte follows."""
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(QUIET_S):
                    if not await self._reader.read(4096):
                        return


async def wake_module(port: AtPort, attempts: int = WAKE_ATTEMPTS) -> None:
    """Wait for a first OK; bytes received before SET went low can corrupt the first command.

    Raises:
        AtError: The module does not answer.
    """
    error: AtError | None = None
    for _ in range(attempts):
        try:
            await port.send("AT", timeout_s=WAKE_ANSWER_S)
        except AtError as err:
            error = err
            await port.discard_input()
        else:
            if error is not None:
                # This may be the late answer to an earlier attempt, with another one to follow.
                await port.discard_input()
            return
    raise error or AtError("no answer to AT")


# The spelling differs by the firmware of the module: "OK+RC001" and "OK+C001", "RP:+20dBm" and "RP: 20dBm".
_PATTERNS = {
    "mode": re.compile(r"OK\+R?(FU[1-4])$"),
    "baud": re.compile(r"OK\+R?B(\d+)$"),
    "channel": re.compile(r"OK\+R?C(\d{1,3})$"),
    "power": re.compile(r"OK\+R?P:?\s*([+-]?\d+)\s*dBm$", re.IGNORECASE),
}


async def read_settings(port: AtPort) -> RadioSettings:
    """Return the settings of a module; they may be ones that are not supported, such as channel 120.

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
            as_read=True,
        )
    except (KeyError, ValueError, StopIteration) as err:
        raise AtError(f"invalid module settings: {found}") from err


async def write_settings(port: AtPort, settings: RadioSettings) -> None:
    """Write the settings of a module that differ from its current ones.

    A module whose settings cannot be read or changed is reset to its factory settings first.

    Raises:
        AtError: The module does not answer or confirms another value.
    """
    await wake_module(port)
    try:
        await _write_difference(port, settings)
    except AtError as err:
        try:
            await port.discard_input()
            await port.send("AT+DEFAULT")
        except AtError:
            raise err from None
        await _write_difference(port, settings)


async def _write_difference(port: AtPort, settings: RadioSettings) -> None:
    current = await read_settings(port)
    # The mode first: FU2 and FU4 restrict the baud rate, and the module changes an unsupported one by itself.
    if settings.mode != current.mode:
        await _set(port, f"{settings.mode}")
        current = await read_settings(port)
    steps = (
        (settings.baud != current.baud, f"B{settings.baud}"),
        (settings.channel != current.channel, f"C{settings.channel:03}"),
        (settings.power != current.power, f"P{settings.power}"),
    )
    for is_needed, command in steps:
        if is_needed:
            await _set(port, command)


async def _set(port: AtPort, command: str) -> None:
    answer = (await port.send(f"AT+{command}"))[0].split(",")[0]
    if answer != f"OK+{command}":
        raise AtError(f"AT+{command} was answered with {answer!r}")


type OpenAt = Callable[[int], AbstractAsyncContextManager[AtPort]]


async def set_up_module(open_at: OpenAt, settings: RadioSettings) -> int:
    """Find the baud rate of a module and write its settings; return the baud rate that it had.

    Args:
        open_at: Opens the serial port with a baud rate, with the module in command mode.
        settings: Settings to write.

    Raises:
        AtError: The module does not answer at any baud rate, or refuses the settings.
    """
    for baud in sorted(BAUDS, key=lambda each: (each != settings.baud, each != FACTORY_BAUD, -each)):
        async with open_at(baud) as port:
            try:
                await wake_module(port, WAKE_ATTEMPTS if baud == settings.baud else SEARCH_ATTEMPTS)
            except AtError:
                continue
            await write_settings(port, settings)
            return baud
    raise AtError("the module does not answer at any baud rate")
