"""A device is offline only after a silence that Home Assistant could have noticed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
import random
import ssl
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ecoflow.api.client import EcoflowClient, Timing
from custom_components.ecoflow.api.errors import UnreachableError
from custom_components.ecoflow.api.models import Device, QuotaMessage, StatusMessage
from custom_components.ecoflow.api.mqtt import ConnectionState
from custom_components.ecoflow.api.reachability import Reachability
from custom_components.ecoflow.api.state import CLOCK_SET_S, UNCHANGED_VALID_S, UNREACHABLE_VALID_S, DeviceState

SN = "R331ZEB4ZE0042"
MINUTE = 60.0


@dataclass
class FakeRest:
    """A cloud that lists one device as online and repeats its values."""

    reachable: bool = True
    values: dict[str, Any] = field(default_factory=lambda: {"pd.soc": 50, "inv.outputWatts": 0})

    async def device_list(self) -> list[Device]:
        self._check()
        return [Device(SN, "Station", "DELTA 2", online=True)]

    async def quota_all(self, sn: str) -> dict[str, Any]:
        self._check()
        return dict(self.values)

    def _check(self) -> None:
        if not self.reachable:
            raise UnreachableError("no network")


class World:
    """A healthy device whose values never change, a cloud, and Home Assistant with its client."""

    def __init__(self, *, wants_messages: bool = True) -> None:
        self.now = 1000.0
        self.rest = FakeRest()
        self.wants_messages = wants_messages
        self.connected = False
        self.clock_ms = 1_790_000_000_000
        self.client = self.start()

    def start(self) -> EcoflowClient:
        client = EcoflowClient(
            self.rest,  # type: ignore[arg-type]
            ssl.create_default_context(),
            "id",
            timing=Timing(),
            clock=lambda: self.now,
        )
        client._reachability.wants_messages = self.wants_messages
        self.client = client
        self.set_broker(self.wants_messages)
        return client

    def set_broker(self, up: bool) -> None:
        if up is not self.connected or up:
            self.connected = up
            self.client._connection_changed(ConnectionState.CONNECTED if up else ConnectionState.CONNECTING)

    async def minute(self, *, reports: bool = True) -> None:
        """One minute: the device reports by MQTT if it can, and Home Assistant polls."""
        self.now += MINUTE
        self.clock_ms += 60_000
        if reports and self.connected:
            self.client.receive(QuotaMessage(SN, dict(self.rest.values), self.clock_ms))
        with suppress(UnreachableError):
            await self.client.poll()

    def apply(self, step: str, rng: random.Random) -> None:
        match step:
            case "broker away" | "broker back":
                self.set_broker(step == "broker back" and self.rest.reachable)
            case "network away" | "network back":
                self.rest.reachable = step == "network back"
                self.set_broker(self.rest.reachable)
            case "restart":
                self.now += rng.choice([5, 400, 90_000])
                self.start()
                if not self.rest.reachable:
                    self.set_broker(False)
            case "clock":
                self.clock_ms += rng.choice([-3_600_000, 3_600_000, -1_200_000, 1_200_000])

    def online(self) -> bool | None:
        return self.client.is_online(SN)


def run[T](test: Callable[[], Any]) -> None:
    asyncio.run(test())


def test_a_silent_device_is_offline_while_messages_can_be_received() -> None:
    async def check() -> None:
        world = World()
        await world.minute()
        for _ in range(30):
            await world.minute(reports=False)
        assert world.online() is False
        await world.minute()
        assert world.online() is True

    run(check)


def test_a_steady_device_is_not_offline_while_the_broker_is_away() -> None:
    """Its messages cannot be received, and the cloud lists it as online."""

    async def check() -> None:
        world = World()
        for _ in range(20):
            await world.minute()
        world.set_broker(False)
        for _ in range(90):
            await world.minute()
            assert world.online() is True
        world.set_broker(True)
        for _ in range(5):
            await world.minute()
            assert world.online() is True

    run(check)


def test_a_broker_that_is_away_from_the_start_makes_no_device_offline() -> None:
    async def check() -> None:
        world = World()
        world.set_broker(False)
        for _ in range(90):
            await world.minute()
            assert world.online() is True

    run(check)


def test_without_a_network_nothing_is_known() -> None:
    async def check() -> None:
        world = World()
        for _ in range(5):
            await world.minute()
        world.set_broker(False)
        world.rest.reachable = False
        seen = set()
        for _ in range(60):
            await world.minute()
            seen.add(world.online())
        assert seen == {True, None}
        assert not world.client.is_fresh(SN), "the values are not current either"
        # The broker is back before the next poll and the next message: the silence so far does not count.
        world.set_broker(True)
        for _ in range(4):
            await world.minute(reports=False)
            assert world.online() is not False
        world.rest.reachable = True
        await world.minute()
        assert world.online() is True

    run(check)


def test_what_the_cloud_states_counts_at_once() -> None:
    async def check() -> None:
        world = World()
        await world.minute()
        world.client.receive(StatusMessage(SN, online=False))
        assert world.online() is False
        world.client.receive(StatusMessage(SN, online=True))
        await world.minute()
        assert world.online() is True
        assert world.client.is_online("another") is False

    run(check)


@pytest.mark.parametrize("pause_s", [320.0, 1200.0, 90_000.0])
@pytest.mark.parametrize("wants_messages", [True, False])
@pytest.mark.parametrize("polls_first", [True, False])
def test_a_pause_of_home_assistant_is_not_silence_of_a_device(
    pause_s: float, wants_messages: bool, polls_first: bool
) -> None:
    """A blocked event loop or a suspended machine: nothing was received, and the connection seems to live."""

    async def check() -> None:
        world = World(wants_messages=wants_messages)

        async def run_for(seconds: float, *, reports: bool = True) -> set[bool | None]:
            seen = set()
            for step in range(int(seconds / 10)):
                if step % 6:
                    world.now += 10
                else:
                    world.now -= MINUTE - 10
                    if reports:
                        world.rest.values["inv.outputWatts"] = step
                    await world.minute(reports=reports)
                world.client.check_listening()
                seen.add(world.online())
            return seen

        assert await run_for(1800) == {True}
        world.now += pause_s
        world.client.check_listening()
        if polls_first:
            await world.client.poll()
        assert world.online() is not False
        assert False not in await run_for(1800)
        assert False in await run_for(1800, reports=False), "a silence that could be noticed still counts"

    run(check)


STEPS = st.sampled_from(["broker away", "broker back", "network away", "network back", "restart", "clock", "quiet"])


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=40), st.integers(0, 2**32), st.booleans())
def test_a_healthy_device_is_never_offline_for_any_fault_of_home_assistant(
    steps: list[str], seed: int, changes: bool
) -> None:
    """Restarts, outages of broker and network, and steps of the device's clock by up to an hour, as for DST."""
    rng = random.Random(seed)

    async def check() -> None:
        world = World()
        for step in steps:
            world.apply(step, rng)
            for _ in range(rng.randint(1, 25)):
                if changes:
                    world.rest.values["inv.outputWatts"] = rng.randint(0, 9)
                await world.minute()
                if SN in world.client.states:
                    assert world.online() is not False, step
                    assert world.online() is True or not world.rest.reachable, step

    run(check)


def test_messages_of_a_device_whose_clock_was_set_back_are_accepted_again() -> None:
    state = DeviceState(Device(SN, "Station", "DELTA 2", online=True))
    state.apply_message(QuotaMessage(SN, {"a": 1}, 1_790_000_000_000), 0)
    for number in range(1, 10):
        # 20 minutes are less than what is taken for a set clock at once.
        state.apply_message(QuotaMessage(SN, {"a": number}, 1_789_998_800_000 + number * 15_000), number * 15)
    assert state.values["a"] == 9
    assert state.age(135) == 0
    assert state.counts.late <= CLOCK_SET_S / 15 + 1


def test_unchanged_replies_count_longer_while_messages_cannot_be_received() -> None:
    state = DeviceState(Device(SN, "Station", "DELTA 2", online=True))
    for now in range(0, int(UNREACHABLE_VALID_S) + 3600, 600):
        state.apply_reply({"a": 1}, now, now, online=True, reachable_since=None)
    assert state.last_seen == UNREACHABLE_VALID_S
    state = DeviceState(Device(SN, "Station", "DELTA 2", online=True))
    for now in range(0, 4000, 100):
        state.apply_reply({"a": 1}, now, now, online=True, reachable_since=1500.0)
    assert state.last_seen == 1500 + UNCHANGED_VALID_S


@pytest.mark.parametrize(("now", "verdict"), [(100.0, None), (400.0, None), (401.0, False)])
def test_silence_counts_from_the_moment_of_the_connection(now: float, verdict: bool | None) -> None:
    reachability = Reachability()
    assert reachability.is_silent_since(None, now, 300) is None
    reachability.set_messages(True, 100, 300)
    assert reachability.is_silent_since(50, now, 300) is verdict


def test_a_cloud_that_hangs_does_not_make_a_device_offline() -> None:
    """The connection dies without notice: it is found by a missing reply to a ping, 90 s later."""
    reachability = Reachability(wants_messages=True)
    reachability.set_messages(True, 0, 300)
    reachability.set_messages(False, 1090, 300)
    for now in (1100.0, 1301.0, 1390.0, 1391.0, 5000.0):
        assert reachability.is_silent_since(1000, now, 300) is None
    # Replies of the cloud that continue while the device sends nothing are evidence.
    reachability.received(1400, 300)
    reachability.received(1690, 300)
    assert reachability.is_silent_since(1000, 1690, 300) is None
    reachability.received(1701, 300)
    assert reachability.is_silent_since(1000, 1701, 300) is False


@pytest.mark.parametrize("check_s", [40.0, 1800.0])
def test_where_home_assistant_is_always_late_an_offline_device_is_noticed(check_s: float) -> None:
    reachability = Reachability(wants_messages=True)
    reachability.set_messages(True, 0, 300)
    for number in range(14):
        reachability.check(number * check_s)
    assert reachability.is_silent_since(1, 13 * check_s, 300) is False


def test_two_pauses_one_after_another_do_not_make_a_device_offline() -> None:
    reachability = Reachability(wants_messages=True)
    reachability.set_messages(True, 0, 300)
    for now in (0.0, 2000.0, 9000.0):
        reachability.check(now)
        assert reachability.is_silent_since(1, now, 300) is None
