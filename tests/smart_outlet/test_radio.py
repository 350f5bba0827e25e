"""The radio over a pseudo-terminal with simulated outlets, which are written from docs/hc12-frame.md."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
import random
import time
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.smart_outlet._lib.backoff import RetryPolicy
from custom_components.smart_outlet.model.commands import CommandName, CommandPolicies, CommandRequest
from custom_components.smart_outlet.model.hub_model import HubModel
from custom_components.smart_outlet.model.hub_state import HubSettings
from custom_components.smart_outlet.model.outlet import Outlet, OutletSettings
from custom_components.smart_outlet.radio.at import AtPort, RadioSettings, read_settings, write_settings
from custom_components.smart_outlet.radio.controller import PortState, RadioController
from custom_components.smart_outlet.radio.errors import (
    AtError,
    LinkClosedError,
    NoAnswerError,
    RefusedError,
)
from custom_components.smart_outlet.radio.frame import Frame
from custom_components.smart_outlet.radio.link import Link
from custom_components.smart_outlet.radio.messages import Opcode, State
from custom_components.smart_outlet.radio.port import PortError, SetPin, check_port, open_at, open_link
from custom_components.smart_outlet.radio.session import CHANGES_PER_TOKEN, MAX_SYNCS, OutletSession
from custom_components.smart_outlet.radio.timing import LinkTiming, Mode
from simulators.framework import running
from simulators.hc12.simulator import Hc12

from .home import LiveCommand
from .recording_observer import RecordingObserver

FAST_RECONNECT = RetryPolicy(first_s=0.02, max_s=0.1, jitter=(0.5, 1.0))
pytestmark = pytest.mark.slow  # skipped by scripts/test --quick

SPEED = "20"
FAST = LinkTiming(answer_s=0.03, gap_s=0.0005, jitter_s=0.002, attempts=8)


@asynccontextmanager
async def radio(*argv: str, timing: LinkTiming = FAST) -> AsyncGenerator[tuple[Hc12, Link]]:
    """Run a channel with the outlets FE and FD, and a link on its serial port."""
    async with running(Hc12, ["--speed", SPEED, *argv]) as simulator:
        link = await open_link(simulator.port, 9600, SetPin.NONE, lambda: Link(1, timing, rng=random.Random(1)))
        try:
            yield simulator, link
        finally:
            link.close()
            await asyncio.sleep(0.05)


async def test_an_outlet_executes_all_commands() -> None:
    async with radio() as (simulator, link):
        session = OutletSession(link, 0xFE)
        assert (await session.ping()).major == 1
        assert not (await session.read()).relay_a
        state = await session.set_relays({"a": True, "b": False})
        assert (state.relay_a, state.current_a_ma) == (True, 1200)
        assert (await session.set_threshold(5000)).threshold_ma == 5000
        assert simulator.outlets["FE"].threshold == 5000
        assert simulator.outlets["FD"].relays == [False, False]
        assert link.stats.peer(0xFE).round_trip_s is not None


async def test_an_unpowered_outlet_raises_after_all_attempts() -> None:
    async with radio("--fault", "dead=FD") as (_, link):
        with pytest.raises(NoAnswerError):
            await OutletSession(link, 0xFD).read(attempts=3)
        peer = link.stats.peer(0xFD)
        assert (peer.requests, peer.retries, peer.failures) == (1, 2, 1)


async def test_cancelling_a_request_at_its_deadline_leaves_no_error() -> None:
    loop = asyncio.get_running_loop()
    errors: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: errors.append(context))
    async with radio(timing=replace(FAST, gap_s=0.2)) as (_, link):
        await OutletSession(link, 0xFE).ping()  # the next request waits for silence on the channel
        request = asyncio.create_task(OutletSession(link, 0xFE).ping())
        await asyncio.sleep(0)
        time.sleep(0.25)  # noqa: ASYNC251  # the wait ends in the same iteration in which the request is cancelled
        loop.call_soon(request.cancel)
        await asyncio.wait([request])
        assert request.cancelled()
    assert errors == []


async def test_a_refusal_raises_with_its_reason() -> None:
    async with radio() as (_, link):
        with pytest.raises(RefusedError) as refused:
            await link.request(0xFE, Opcode.RELAY, 0, b"\0\0")
        assert (refused.value.command, refused.value.reason) == (Opcode.RELAY, 2)


async def test_a_rebooted_outlet_is_synchronized_again() -> None:
    async with radio() as (simulator, link):
        session = OutletSession(link, 0xFE)
        await session.set_relays({"a": True})
        simulator.outlets["FE"].boot()
        assert (await session.set_relays({"b": True})).relay_b


async def test_an_outlet_that_refuses_every_token_raises() -> None:
    async with radio() as (simulator, link):
        outlet, refused = simulator.outlets["FE"], 0
        session = OutletSession(link, 0xFE)
        await session.set_relays({"a": True})
        request = link.request

        async def forgetful(address: int, command: Opcode, *args: Any, **kwargs: Any) -> bytes:
            nonlocal refused
            if command == Opcode.RELAY:
                outlet.boot()
                refused += 1
            return await request(address, command, *args, **kwargs)

        with patch.object(link, "request", forgetful), pytest.raises(NoAnswerError, match="FE refused 3 new tokens"):
            await session.set_relays({"b": True})
        assert refused == MAX_SYNCS
        assert (await session.set_relays({"b": True})).relay_b


async def test_the_token_is_renewed_before_sequence_numbers_repeat() -> None:
    async with radio() as (simulator, link):
        session = OutletSession(link, 0xFE)
        tokens = set()
        for number in range(2 * CHANGES_PER_TOKEN + 1):
            await session.set_relays({"a": bool(number % 2)})
            tokens.add(simulator.outlets["FE"]._token)
        assert len(tokens) == 3


async def test_a_replayed_frame_never_switches() -> None:
    """Frames of the current and of an earlier session are replayed."""
    async with radio() as (simulator, link):
        outlet = simulator.outlets["FE"]
        recorded: list[bytes] = []
        receive = outlet.receive

        def record(data: bytes) -> list[bytes]:
            recorded.append(data)
            return receive(data)

        outlet.receive = record  # type: ignore[method-assign]
        session = OutletSession(link, 0xFE)
        for on in (True, False, True, False):
            await session.set_relays({"a": on})
        executed = outlet.executed
        for frame in recorded.copy():
            receive(frame)
        assert outlet.relays[0] is False
        assert outlet.executed == executed
        await OutletSession(link, 0xFE, random.Random(2)).set_relays({"a": False})
        for frame in recorded.copy():
            receive(frame)
        assert outlet.relays[0] is False


async def test_a_repeated_event_is_reported_once() -> None:
    heard: list[tuple[int, State]] = []
    async with running(Hc12, ["--speed", SPEED, "--threshold", "1000"]) as simulator:
        link = await open_link(
            simulator.port,
            9600,
            SetPin.NONE,
            lambda: Link(1, FAST, on_event=lambda source, state: heard.append((source, state))),
        )
        await OutletSession(link, 0xFE).set_relays({"a": True})
        await until(lambda: bool(heard))
        event = Frame(1, 0xFE, simulator.outlets["FE"]._event_sequence, Opcode.EVENT, heard[0][1].encode())
        link.data_received(event.encode())
        assert [(source, state.trip_a, state.relay_a) for source, state in heard] == [(0xFE, True, False)]
        link.data_received(Frame(1, 0xFE, 77, Opcode.EVENT, b"\1").encode())
        assert len(heard) == 1
        link.close()


async def test_unexpected_answers_are_only_counted() -> None:
    async with radio() as (_, link):
        link.data_received(Frame(1, 0xFE, 9, Opcode.READ | 0x80, b"").encode())
        link.data_received(Frame(9, 0xFE, 9, Opcode.READ | 0x80, b"").encode())
        assert (link.stats.unexpected, link.stats.foreign) == (1, 1)


async def test_a_request_ends_when_the_port_is_lost() -> None:
    async with radio("--fault", "dead=FE", timing=LinkTiming(answer_s=60)) as (simulator, link):
        request = asyncio.create_task(OutletSession(link, 0xFE).read())
        await asyncio.sleep(0.05)
        simulator.faults.set("unplugged")
        with pytest.raises(LinkClosedError):
            await asyncio.wait_for(request, 30)
        with pytest.raises(LinkClosedError):
            await OutletSession(link, 0xFE).read()


async def _storm(commands: int, answer_s: float) -> dict[str, int]:
    """Send random commands over a bad channel; after each answer the state of the outlet must match."""
    faults = ["--fault", "loss=0.2", "--fault", "duplicate=0.05", "--fault", "late=0.03", "--fault", "noise=0.1"]
    faults += ["--fault", "corrupt=0.02"]
    rng = random.Random(7)
    wrong = unanswered = 0
    wanted: dict[str, list[bool | None]] = {"FE": [None, None], "FD": [None, None]}
    timing = LinkTiming(answer_s=answer_s, gap_s=0.0002, jitter_s=0.001, attempts=12)
    async with running(Hc12, ["--speed", "200", "--delay", "0.005", *faults]) as simulator:
        link = await open_link(simulator.port, 9600, SetPin.NONE, lambda: Link(1, timing, rng=rng))
        sessions = {name: OutletSession(link, int(name, 16), rng) for name in wanted}
        for _ in range(commands):
            name, socket, on = rng.choice(("FE", "FD")), rng.choice((0, 1)), rng.random() < 0.5
            try:
                state = await sessions[name].set_relays({"ab"[socket]: on})
            except NoAnswerError:
                unanswered += 1
                wanted[name][socket] = None
                continue
            wanted[name][socket] = on
            wrong += (state.relay_a, state.relay_b)[socket] is not on
            for other, outlet in simulator.outlets.items():
                for which in (0, 1):
                    want = wanted[other][which]
                    wrong += want is not None and outlet.relays[which] is not want
        link.close()
        return {"wrong": wrong, "unanswered": unanswered, **simulator.frames}


async def test_no_wrong_relay_state_in_hundreds_of_commands_on_a_bad_channel() -> None:
    result = await _storm(400, 0.012)
    assert result["wrong"] == 0
    # A busy machine answers late, which costs retries but never a wrong state.
    assert result["unanswered"] <= 20
    assert result["lost"] > 120


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_no_wrong_relay_state_in_ten_thousand_commands_on_a_bad_channel() -> None:
    asyncio.get_running_loop().set_debug(False)  # recording a traceback per callback takes as long as the radio
    result = await _storm(10_000, 0.006)
    print(result)
    assert result["wrong"] == 0
    assert result["unanswered"] <= 500
    assert result["lost"] > 4000
    assert result["repeated"] > 500


async def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)


def submit(model: HubModel, device_id: str, request: CommandRequest, now: float) -> LiveCommand:
    return LiveCommand(model, model.submit(device_id, request, now).id)


def relay_of(model: HubModel, device_id: str) -> bool | None:
    return model.outlets[device_id].sockets["a"].relay


@asynccontextmanager
async def controlled(
    tmp_path: Path, *argv: str, outlets: str = "FE,FD", policies: CommandPolicies | None = None
) -> AsyncGenerator[tuple[Hc12, HubModel, RecordingObserver, RadioController, list[PortState]]]:
    """Run the radio controller of simulated outlets."""
    recorder, ports = RecordingObserver(), list[PortState]()
    model = HubModel(
        HubSettings("Radio", command_policies=policies or CommandPolicies.of(retry_s=0.2)), recorder, recorder.new_id
    )
    for name in outlets.split(","):
        model.add_outlet(OutletSettings(name, name))
    link = tmp_path / "radio"
    async with running(Hc12, ["--speed", SPEED, "--link", str(link), "--outlets", outlets, *argv]) as simulator:
        controller = RadioController(
            model,
            lambda make: open_link(str(link), 9600, SetPin.NONE, make),
            address=1,
            timing=FAST,
            poll_s=0.05,
            on_port=ports.append,
        )
        task = asyncio.create_task(controller.run())
        try:
            yield simulator, model, recorder, controller, ports
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_the_controller_polls_and_delivers_commands(tmp_path: Path) -> None:
    async with controlled(tmp_path) as (simulator, model, _, controller, _):
        await until(lambda: all(outlet.online for outlet in model.outlets.values()))
        assert relay_of(model, "FE") is False
        command = submit(model, "FE", CommandRequest(CommandName.RELAY_ON, "a"), time.time())
        limit = submit(model, "FE", CommandRequest(CommandName.SET_THRESHOLD, value=4000), time.time())
        ping = submit(model, "FD", CommandRequest(CommandName.PING), time.time())
        read = submit(model, "FD", CommandRequest(CommandName.READ_SENSORS), time.time())
        controller.wake()
        done = (command, limit, ping, read)
        await until(lambda: all(each.status.value == "confirmed" for each in done))
        assert simulator.outlets["FE"].relays == [True, False]
        assert relay_of(model, "FE") is True
        assert model.outlets["FE"].device_threshold == 4000
        assert model.outlets["FE"].sockets["a"].current_ma == 1200


async def test_an_unpowered_outlet_does_not_delay_the_power_off(tmp_path: Path) -> None:
    names = "FE,FD,FC,FB"
    async with controlled(tmp_path, "--fault", "dead=FD", outlets=names) as (simulator, model, _, controller, _):
        await until(lambda: sum(outlet.online for outlet in model.outlets.values()) == 3)
        for name in ("FE", "FC", "FB"):
            simulator.outlets[name].relays = [True, True]
        run = model.switch_everything_off(time.time(), include_protected=True)
        controller.wake()
        alive = [(name, socket) for name in ("FE", "FC", "FB") for socket in "ab"]
        await until(lambda: all(run.sockets[target] == "confirmed" for target in alive))
        assert run.sockets["FD", "a"] == "pending"
        assert not any(any(simulator.outlets[name].relays) for name in ("FE", "FC", "FB"))


async def test_an_unpowered_outlet_returns_on_a_busy_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more outlets than can be polled in time, one of them is always due."""
    monkeypatch.setattr("custom_components.smart_outlet.radio.controller.UNRESPONSIVE_POLL_S", 0.1)
    names = [f"{number:02X}" for number in range(0x10, 0x30)]
    async with controlled(tmp_path, "--fault", "dead=10", outlets=",".join(names)) as (simulator, model, _, radio, _):
        await until(lambda: all(model.outlets[name].online for name in names[1:]))
        command = submit(model, "10", CommandRequest(CommandName.RELAY_ON, "a"), time.time())
        polls = radio.stats.peer(0x11).requests
        await until(lambda: radio.stats.peer(0x11).requests > polls + 3)
        assert radio.stats.peer(0x10).failures > 1
        # The other outlets still have the larger share of the channel.
        unanswered = 2 * radio.stats.peer(0x10).failures
        assert radio.stats.sent - unanswered > unanswered
        simulator.faults.clear("dead")

        def is_back() -> bool:
            model.tick(time.time())
            return model.outlets["10"].online and command.status.value != "delivered"

        await until(is_back)


async def test_an_unpowered_outlet_with_commands_does_not_block_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.smart_outlet.radio.controller.UNRESPONSIVE_POLL_S", 0.1)
    policies = CommandPolicies.of(retry_s=0.01, attempts=10_000)
    faults = ("--fault", "dead=FD,FC")
    async with controlled(tmp_path, *faults, outlets="FE,FD,FC", policies=policies) as (
        simulator,
        model,
        _,
        radio,
        _,
    ):
        await until(lambda: model.outlets["FE"].online)
        model.submit("FD", CommandRequest(CommandName.RELAY_ON, "a"), time.time())
        await until(lambda: radio.stats.peer(0xFD).failures > 3)
        simulator.faults.set("dead", "FD")
        await until(lambda: model.outlets["FC"].online)


async def test_setting_the_clock_back_does_not_stop_the_polls(tmp_path: Path) -> None:
    async with controlled(tmp_path) as (_, model, _, radio, _):
        await until(lambda: model.outlets["FE"].online)
        radio._now = lambda: time.time() - 3600
        polls = radio.stats.peer(0xFE).requests
        await until(lambda: radio.stats.peer(0xFE).requests > polls + 2)


async def test_a_replayed_event_raises_no_alert_and_changes_no_state(tmp_path: Path) -> None:
    async with controlled(tmp_path) as (simulator, model, recorder, radio, _):
        await until(lambda: model.outlets["FE"].online)
        model.submit("FE", CommandRequest(CommandName.RELAY_ON, "a"), time.time())
        await until(lambda: relay_of(model, "FE"))
        tripped = State(False, False, True, False, 0xFFFF, 0, 1000)
        relays: list[bool | None] = []

        def record(outlet: Outlet) -> None:
            if outlet.device_id == "FE":
                relays.append(outlet.sockets["a"].relay)

        recorder.outlet_changed = record  # type: ignore[method-assign]
        polls = radio.stats.peer(0xFE).requests
        simulator._write(Frame(1, 0xFE, 9, Opcode.EVENT, tripped.encode()).encode())
        await until(lambda: radio.stats.peer(0xFE).requests > polls + 2)
        assert relays
        assert all(relays)
        assert recorder.alerts == []


async def test_an_overload_trip_is_reported_at_once(tmp_path: Path) -> None:
    async with controlled(tmp_path) as (simulator, model, recorder, _, _):
        await until(lambda: model.outlets["FE"].online)
        model.submit("FE", CommandRequest(CommandName.SET_THRESHOLD, value=2000), time.time())
        model.submit("FE", CommandRequest(CommandName.RELAY_ON, "a"), time.time())
        await until(lambda: relay_of(model, "FE"))
        simulator.outlets["FE"].loads[0] = 3000
        await until(lambda: "overload" in [alert.type for alert in recorder.alerts])
        assert model.outlets["FE"].sockets["a"].is_tripped
        assert relay_of(model, "FE") is False


async def test_a_refused_command_fails_with_its_reason(tmp_path: Path) -> None:
    async with controlled(tmp_path) as (simulator, model, _, _, _):
        await until(lambda: model.outlets["FE"].online)
        simulator.outlets["FE"]._refuse = lambda command, reason: (0xFF, bytes((command, 5)))  # type: ignore[method-assign]
        simulator.outlets["FE"]._change = lambda sequence, command, payload: (0xFF, bytes((command, 5)))  # type: ignore[method-assign]
        command = submit(model, "FE", CommandRequest(CommandName.RELAY_ON, "a"), time.time())
        await until(lambda: command.status.value == "failed")
        assert command.reason == "refused"


async def test_a_reconnected_port_recovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.smart_outlet.radio.controller.RECONNECT_POLICY", FAST_RECONNECT)
    async with controlled(tmp_path) as (simulator, model, _, _, ports):
        await until(lambda: model.outlets["FE"].online)
        simulator.faults.set("unplugged")
        await until(lambda: ports[-1].is_open is False)
        await asyncio.sleep(0.2)
        simulator.faults.clear("unplugged")
        await until(lambda: ports[-1].is_open)
        command = submit(model, "FE", CommandRequest(CommandName.RELAY_ON, "b"), time.time())
        await until(lambda: command.status.value == "confirmed")
        assert any(state.error for state in ports)


async def test_a_missing_port_raises_a_port_error() -> None:
    with pytest.raises(PortError):
        await open_link("/dev/there-is-no-such-port", 9600, SetPin.NONE, lambda: Link(1, FAST))
    with pytest.raises(PortError):
        async with open_at("/dev/there-is-no-such-port", 9600, SetPin.NONE):
            pass


# AT commands


async def test_module_settings_are_written_and_read_back() -> None:
    wanted = RadioSettings(channel=12, power=4, mode=Mode.FU1, baud=19200)
    async with running(Hc12, ["--fault", "set_low"]) as simulator:
        async with open_at(simulator.port, 9600, SetPin.NONE) as port:
            assert await read_settings(port) == RadioSettings()
            await write_settings(port, wanted)
            assert await read_settings(port) == wanted
        assert (simulator.module.channel, simulator.module.power) == ("012", 4)


async def test_the_set_pin_is_pulled_low_and_released() -> None:
    pulled: list[bool] = []

    async def pull(low: bool) -> None:
        pulled.append(low)

    reader = asyncio.StreamReader()
    reader.feed_data(b"OK\r\n")
    async with AtPort(reader, lambda _: None, pull) as port:
        assert await port.send("AT") == ["OK"]
    assert pulled == [True, False]


@pytest.mark.parametrize("pin", [SetPin.RTS, SetPin.DTR])
async def test_a_module_with_its_set_pin_on_the_port_is_written(pin: SetPin) -> None:
    async with running(Hc12, ["--fault", "set_low"]) as simulator:
        await check_port(simulator.port, 9600)
        async with open_at(simulator.port, 9600, pin) as port:
            assert await read_settings(port) == RadioSettings()


async def test_a_module_that_does_not_answer_is_an_error() -> None:
    async with (
        running(Hc12, ["--fault", "set_low", "--fault", "mute_module"]) as simulator,
        open_at(simulator.port, 9600, SetPin.NONE) as port,
    ):
        with pytest.raises(AtError, match="no answer"):
            await port.send("AT")


@pytest.mark.parametrize(
    ("answer", "what"),
    [(b"ERROR\r\n" * 4, "ERROR"), (b"OK+FU9\r\nOK+B1\r\nOK+C1\r\nOK+RP:+1dBm\r\n", "invalid module settings")],
)
async def test_an_invalid_module_answer_is_an_error(answer: bytes, what: str) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(answer)
    with pytest.raises(AtError, match=what):
        await read_settings(AtPort(reader, lambda _: None, None))


@pytest.mark.parametrize(
    "answer",
    [
        b"OK+FU3\r\nOK+B9600\r\nOK+C007\r\nOK+RP:+20dBm\r\n",
        b"OK+B9600\r\nOK+RC007\r\nOK+RP:+20dBm\r\nOK+FU3\r\n",
        b"OK+FU3\r\nOK+B9600\r\nOK+C7\r\nOK+RP: 20dBm\r\n",
        b"OK+RFU3\nOK+RB9600\nOK+RC007\nOK+RP:20 dbm\n",
    ],
)
async def test_settings_are_read_in_the_spelling_of_other_module_firmware(answer: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(answer)
    found = await read_settings(AtPort(reader, lambda _: None, None))
    assert found == RadioSettings(channel=7, power=8, mode=Mode.FU3, baud=9600, as_read=True)


async def test_a_module_that_confirms_another_value_is_an_error() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"OK\r\nOK+FU3\r\nOK+B9600\r\nOK+C001\r\nOK+RP:+20dBm\r\nOK+C003\r\n")
    with pytest.raises(AtError, match=r"AT\+C002"):
        await write_settings(AtPort(reader, lambda _: None, None), RadioSettings(channel=2))


@pytest.mark.parametrize(
    "wrong", [{"channel": 0}, {"channel": 101}, {"power": 9}, {"mode": Mode.FU4}, {"mode": Mode.FU2}]
)
def test_unsupported_module_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"."):
        RadioSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("mode", "baud", "least", "most"), [(Mode.FU3, 9600, 0.2, 0.3), (Mode.FU4, 1200, 2.0, 3.0)])
def test_the_answer_timeout_depends_on_mode_and_baud_rate(mode: Mode, baud: int, least: float, most: float) -> None:
    timing = LinkTiming.of(mode, baud)
    assert least < timing.answer_s < most
    assert timing.backoff_s(3, 1.0) == 4 * timing.jitter_s
