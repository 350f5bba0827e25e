"""Setting up an HC-12 module in the state in which it is found: any channel, any baud rate, confused."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import override

import pytest

from custom_components.smart_outlet.radio import at
from custom_components.smart_outlet.radio.at import AtPort, RadioSettings, read_settings, set_up_module
from custom_components.smart_outlet.radio.errors import AtError
from custom_components.smart_outlet.radio.port import SetPin, open_at
from custom_components.smart_outlet.radio.timing import BAUDS, Mode
from simulators.hc12.module import Module
from simulators.hc12.simulator import Hc12

from .test_radio import running

SEVEN = RadioSettings(channel=7)


PATIENCE_S = 30.0
WAITING: set[asyncio.Timeout] = set()
"""Waits for an answer of the module."""


def end_waits_in(seconds: float) -> None:
    for wait in WAITING:
        wait.reschedule(asyncio.get_running_loop().time() + seconds)


class KnownSilence(Hc12):
    """A module that has handled a command without an answer: waiting for one ends at once instead of in time."""

    answers = 0

    @override
    def _write(self, data: bytes) -> None:
        self.answers += len(data)
        super()._write(data)

    @override
    def _on_serial(self) -> None:
        before = self.answers
        super()._on_serial()
        is_clear = not (self.module.is_confused or self.module.is_garbled(self._host_baud()))
        end_waits_in(0.0 if self.answers == before else PATIENCE_S if is_clear else at.ANSWER_S)


@pytest.fixture(autouse=True)
def quick_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulated module answers in milliseconds, or its silence is known; a busy machine may take longer."""
    for name in ("ENTER_S", "LEAVE_S", "QUIET_S"):
        monkeypatch.setattr(at, name, 0.005)
    timeout = asyncio.timeout

    @asynccontextmanager
    async def patience() -> AsyncGenerator[asyncio.Timeout]:
        async with timeout(PATIENCE_S) as wait:
            WAITING.add(wait)
            try:
                yield wait
            finally:
                WAITING.discard(wait)

    waits_for_answer = (at.ANSWER_S, at.WAKE_ANSWER_S)
    monkeypatch.setattr(asyncio, "timeout", lambda delay: patience() if delay in waits_for_answer else timeout(delay))


@asynccontextmanager
async def module(*argv: str) -> AsyncGenerator[Hc12]:
    async with running(KnownSilence, ["--fault", "set_low", *argv]) as simulator:
        yield simulator


async def set_up(simulator: Hc12, settings: RadioSettings) -> int:
    """Write the settings, release the SET pin, and read them back at their baud rate."""
    found = await set_up_module(lambda baud: open_at(simulator.port, baud, SetPin.NONE), settings)
    simulator.faults.clear("set_low")
    simulator._leave_command_mode()
    simulator.faults.set("set_low")
    async with open_at(simulator.port, settings.baud, SetPin.NONE) as port:
        assert await read_settings(port) == settings
    return found


@pytest.mark.parametrize("channel", [1, 7, 100, 101, 120, 127])
async def test_a_module_on_any_channel_is_read_and_set(channel: int) -> None:
    async with module("--channel", str(channel)) as simulator:
        async with open_at(simulator.port, 9600, SetPin.NONE) as port:
            assert (await read_settings(port)).channel == channel
        assert await set_up(simulator, SEVEN) == 9600
        assert simulator.module.channel == "007"


@pytest.mark.parametrize("baud", BAUDS)
async def test_a_module_at_another_baud_rate_is_found(baud: int) -> None:
    async with module("--baud", str(baud), "--channel", "120") as simulator:
        assert await set_up(simulator, SEVEN) == baud


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("FU3", 115200), RadioSettings(mode=Mode.FU4, baud=1200)),
        (("FU1", 9600), RadioSettings(mode=Mode.FU2, baud=4800)),
        (("FU1", 9600), RadioSettings(mode=Mode.FU2, baud=1200)),
        (("FU4", 1200), RadioSettings(mode=Mode.FU3, baud=9600)),
        (("FU2", 4800), RadioSettings(mode=Mode.FU1, baud=57600)),
        # Set up by other software in a way that its manual excludes.
        (("FU4", 9600), RadioSettings(channel=3)),
    ],
)
async def test_the_mode_changes_the_baud_rate_by_itself(before: tuple[str, int], after: RadioSettings) -> None:
    mode, baud = before
    async with module("--mode", mode, "--baud", str(baud)) as simulator:
        assert await set_up(simulator, after) == baud


@pytest.mark.parametrize("baud", [9600, 2400])
async def test_a_confused_module_is_reset_to_its_factory_settings(baud: int) -> None:
    async with module("--confused", "--channel", "120", "--baud", str(baud)) as simulator:
        assert await set_up(simulator, SEVEN) == baud
        assert not simulator.module.is_confused


async def test_a_module_that_does_not_answer_at_any_baud_rate() -> None:
    async with module("--fault", "mute_module") as simulator:
        with pytest.raises(AtError, match="at any baud rate"):
            await set_up(simulator, SEVEN)


async def test_noise_before_the_first_command_costs_nothing() -> None:
    async with module("--channel", "120") as simulator:
        simulator.module.push(b"\xa5\x05half a frame")
        assert await set_up(simulator, SEVEN) == 9600


async def test_a_late_answer_is_not_used_for_the_next_command() -> None:
    reader, real, sent = asyncio.StreamReader(), Module(), list[bytes]()

    def push(data: bytes) -> None:
        """Answer the first command together with the second one."""
        sent.append(data)
        if len(sent) == 1:
            asyncio.get_running_loop().call_soon(end_waits_in, 0.0)
        else:
            reader.feed_data(b"".join(map(real.push, sent[-2:] if len(sent) == 2 else sent[-1:])))

    port = AtPort(reader, push, None)
    await at.wake_module(port)
    assert (await read_settings(port)).channel == 1
