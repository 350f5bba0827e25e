"""The radio controller of smart_outlet and the outlet's image in gpsim, over a pseudo terminal with a bad channel."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
import random
import time

import pytest

from custom_components.smart_outlet.model.alerts import Alert
from custom_components.smart_outlet.model.commands import (
    CommandName,
    CommandPolicies,
    CommandRequest,
)
from custom_components.smart_outlet.model.hub_model import HubModel
from custom_components.smart_outlet.model.hub_state import HubSettings
from custom_components.smart_outlet.model.outlet import Outlet, OutletSettings
from custom_components.smart_outlet.model.power_off import EmergencyPowerOff
from custom_components.smart_outlet.radio import controller
from custom_components.smart_outlet.radio.controller import RadioController
from custom_components.smart_outlet.radio.errors import NoAnswerError
from custom_components.smart_outlet.radio.link import Link
from custom_components.smart_outlet.radio.port import SetPin, open_link
from custom_components.smart_outlet.radio.session import OutletSession
from custom_components.smart_outlet.radio.timing import LinkTiming, Mode
from firmware.outlet.build import Image
from firmware.sim.radio_channel import FaultRates
from firmware.sim.radio_outlet import RadioOutlet

from .conftest import ADDRESS

pytestmark = pytest.mark.slow

# The simulation runs at twice real time and without the transfer delay of the modules.
TIMING = replace(LinkTiming.of(Mode.FU3, 9600), answer_s=0.15, jitter_s=0.02)
CLEAN = FaultRates()
LOSSY = FaultRates(loss=0.2)
BAD = FaultRates(loss=0.12, lost_byte=0.05, flipped_bit=0.05, duplicate=0.15, noise=0.2, replay=0.15)


@pytest.fixture(autouse=True)
def unresponsive_outlets_are_polled_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pause after requests that were not answered."""
    monkeypatch.setattr(controller, "UNRESPONSIVE_POLL_S", 0.3)


@dataclass
class Observer:
    """Receives the changes of the hub."""

    alerts: list[Alert] = field(default_factory=list)
    ids: int = 0

    def new_id(self) -> str:
        self.ids += 1
        return f"id{self.ids}"

    def outlet_changed(self, outlet: Outlet) -> None:
        """Ignore the change: tests read the model."""

    def hub_changed(self) -> None:
        """Ignore the change: tests read the model."""

    def alert_raised(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def power_off_finished(self, power_off: EmergencyPowerOff) -> None:
        """Ignore the result: tests read the model."""

    def save(self) -> None:
        """Save nothing."""


@dataclass
class Installation:
    """A hub model with its radio controller and one outlet."""

    outlet: RadioOutlet
    model: HubModel
    radio: RadioController

    @property
    def state(self) -> Outlet:
        """Return the outlet as the hub knows it."""
        return self.model.outlets["FE"]

    async def carry_out(self, name: CommandName, socket: str | None = None, value: int | None = None) -> None:
        """Submit a command and wait until it is confirmed.

        Radio and outlet run in real time: on a busy machine a command may be given up before the outlet had the time to
        answer. It is submitted again then, at most five times.
        """
        for _ in range(5):
            command_id = self.model.submit("FE", CommandRequest(name, socket, value), time.time()).id
            self.radio.wake()
            await until(lambda: self._status(command_id) in {"confirmed", "failed", "expired"})  # noqa: B023 - called at once
            if self._status(command_id) == "confirmed":
                return
        raise AssertionError(self.model.commands.find(command_id))

    def _status(self, command_id: str) -> str:
        command = self.model.commands.find(command_id)
        assert command is not None
        return command.status.value


async def until(condition: Callable[[], bool], timeout_s: float = 120.0) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110  # the simulation is a thread
            await asyncio.sleep(0.01)


@asynccontextmanager
async def installed(image: Image, folder: Path, rates: FaultRates, seed: int = 1) -> AsyncGenerator[Installation]:
    """Run the controller with one outlet until it has answered once."""
    observer = Observer()
    settings = HubSettings("Radio", offline_after_s=60.0, command_policies=CommandPolicies.of(retry_s=0.5))
    model = HubModel(settings, observer, observer.new_id)
    model.add_outlet(OutletSettings("FE", "Outlet"))
    loop = asyncio.get_running_loop()
    outlet = await loop.run_in_executor(None, RadioOutlet(image, folder, rates, seed=seed).__enter__)
    radio = RadioController(
        model,
        lambda make: open_link(outlet.port, 9600, SetPin.NONE, make),
        address=1,
        timing=TIMING,
        poll_s=0.5,
        rng=random.Random(seed),
    )
    task = asyncio.create_task(radio.run())
    try:
        await until(lambda: model.outlets["FE"].online)
        yield Installation(outlet, model, radio)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await loop.run_in_executor(None, outlet.__exit__, None, None, None)


async def test_a_command_switches_the_relay_and_is_confirmed(image: Image, tmp_path: Path) -> None:
    async with installed(image, tmp_path, CLEAN) as home:
        await home.carry_out(CommandName.RELAY_ON, "a")
        assert home.outlet.relays == (True, False)
        assert home.state.sockets["a"].relay is True
        await home.carry_out(CommandName.SET_THRESHOLD, value=2500)
        assert home.state.device_threshold == 2500
        await home.carry_out(CommandName.PING)
        await home.carry_out(CommandName.RELAY_OFF, "a")
        assert home.outlet.relays == (False, False)


@pytest.mark.parametrize("rates", [LOSSY, BAD], ids=["20 % lost frames", "all faults"])
async def test_commands_arrive_over_a_bad_channel(image: Image, tmp_path: Path, rates: FaultRates) -> None:
    rng = random.Random(5)
    async with installed(image, tmp_path, rates) as home:
        expected = {"a": False, "b": False}
        for _ in range(12):
            socket, on = rng.choice("ab"), rng.random() < 0.5
            await home.carry_out(CommandName.RELAY_ON if on else CommandName.RELAY_OFF, socket)
            expected[socket] = on
            assert home.outlet.relays == (expected["a"], expected["b"])
        assert home.outlet.to_outlet.faults + home.outlet.to_controller.faults > 5


async def test_every_change_is_executed_exactly_once(image: Image, tmp_path: Path) -> None:
    switched: list[tuple[bool, bool]] = []
    loop = asyncio.get_running_loop()
    outlet = RadioOutlet(image, tmp_path, BAD, seed=8)
    outlet.on_relays = switched.append
    await loop.run_in_executor(None, outlet.__enter__)
    try:
        link = await open_link(outlet.port, 9600, SetPin.NONE, lambda: Link(1, TIMING, rng=random.Random(2)))
        session = OutletSession(link, ADDRESS, random.Random(3))
        changes = 0
        while changes < 25:
            on = changes % 2 == 0
            try:
                state = await session.set_relays({"a": on})
            except NoAnswerError:
                continue
            assert state.relay_a == on
            changes += 1
        await until(lambda: outlet.relays == (True, False))
        link.close()
        await asyncio.sleep(0.1)
    finally:
        await loop.run_in_executor(None, outlet.__exit__, None, None, None)
    # Each change inverts the relay: an execution more or less would break the alternation or its length.
    assert switched == [(place % 2 == 0, False) for place in range(25)]


async def test_an_overload_reaches_the_hub(image: Image, tmp_path: Path) -> None:
    async with installed(image, tmp_path, LOSSY) as home:
        await home.carry_out(CommandName.SET_THRESHOLD, value=3000)
        await home.carry_out(CommandName.RELAY_ON, "a")
        home.outlet.load_a = 6.0
        await until(lambda: home.state.is_overload)
        assert home.state.sockets["a"].is_tripped
        assert home.state.sockets["a"].relay is False
        assert home.outlet.relays == (False, False)
        home.outlet.load_a = 0.0
        await home.carry_out(CommandName.RELAY_ON, "a")
        await until(lambda: not home.state.is_overload)
        assert home.outlet.relays == (True, False)


async def test_after_a_power_outage_the_outlet_is_off_and_obeys_again(image: Image, tmp_path: Path) -> None:
    async with installed(image, tmp_path, LOSSY) as home:
        await home.carry_out(CommandName.RELAY_ON, "b")
        home.outlet.cut_power()
        await until(lambda: home.state.sockets["b"].relay is False)
        assert home.outlet.relays == (False, False)
        await home.carry_out(CommandName.RELAY_ON, "b")
        assert home.outlet.relays == (False, True)
