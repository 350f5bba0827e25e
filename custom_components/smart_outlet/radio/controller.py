"""The radio as controller of the outlets, in place of a Central Control Unit: polls them and delivers their commands.

Commands take precedence over polls, and outlets that respond over those that do not. An unresponsive outlet gets two
attempts from time to time, so it delays the others by one unanswered request at most. Even on a busy channel such
outlets get a share of it, as they could never return otherwise.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
import logging
from math import inf
import random
import time
from typing import assert_never

from .._lib.backoff import Backoff, RetryPolicy
from ..model.ccu_protocol import Ack, Report
from ..model.commands import CommandName, QueuedCommand
from ..model.hub_model import HubModel
from .errors import FrameError, LinkClosedError, NoAnswerError, RefusedError
from .link import TAIL_READS, Link, LinkStats
from .messages import OVERLOAD_MA, State
from .session import OutletSession
from .timing import LinkTiming

_LOGGER = logging.getLogger(__name__)

OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 2.0
RECONNECT_POLICY = RetryPolicy(first_s=1.0, max_s=60.0, jitter=(0.5, 1.0))
POLL_ATTEMPTS = 2
UNRESPONSIVE_POLL_S = 10.0
RESPONSIVE_SHARE = 3.0
"""After a request to an unresponsive outlet the others have the channel for this many times its duration."""
IDLE_S = 0.5
"""Longest pause without a command or a poll."""

type OpenPort = Callable[[Callable[[], Link]], Awaitable[Link]]


@dataclass(frozen=True, slots=True)
class PortState:
    """Whether the serial port is open, and the error if it is not."""

    is_open: bool
    error: str | None = None


def to_report(device_id: str, state: State) -> Report:
    """Convert the state in a frame to a report of the device model."""
    return Report(
        device_id=device_id,
        current_a=OVERLOAD_MA if state.trip_a else state.current_a_ma,
        current_b=OVERLOAD_MA if state.trip_b else state.current_b_ma,
        relay_a=state.relay_a,
        relay_b=state.relay_b,
        is_overload=state.trip_a or state.trip_b,
        threshold=state.threshold_ma,
    )


class RadioController:
    """Serves the outlets of one hub over a serial port, which is reopened whenever it is lost."""

    def __init__(
        self,
        model: HubModel,
        open_port: OpenPort,
        *,
        address: int,
        timing: LinkTiming,
        poll_s: float = 2.0,
        on_port: Callable[[PortState], None] = lambda _state: None,
        on_response: Callable[[str], None] = lambda _device_id: None,
        now: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        """Initialize the controller; nothing is opened before ``run``.

        Args:
            model: Hub whose outlets are served.
            open_port: Opens the port with the link that the given factory creates.
            address: Address of the controller on the channel.
            timing: Timing of the link.
            poll_s: Interval between two readings of an outlet, if the channel allows it.
            on_port: Called when the port opens, is lost, or cannot be opened for a new reason.
            on_response: Called with the device ID of an outlet that responded.
            now: Returns UTC seconds.
            rng: Source of jitter and of the first sequence numbers.
        """
        self.stats = LinkStats()
        self.tail: deque[bytes] = deque(maxlen=TAIL_READS)
        self._model = model
        self._open_port = open_port
        self._address = address
        self._timing = timing
        self._poll_s = poll_s
        self._on_port = on_port
        self._on_response = on_response
        self._now = now
        self._rng = rng or random.Random()
        self._wake = asyncio.Event()
        self._sessions: dict[str, OutletSession] = {}
        self._last_poll: dict[str, float] = {}
        self._last_command: dict[str, float] = {}
        self._last_attempt: dict[str, float] = {}
        self._unresponsive: set[str] = set()
        self._with_event: set[str] = set()
        self._next_unresponsive = 0.0

    def wake(self) -> None:
        """Deliver a new command without waiting for the next poll."""
        self._wake.set()

    async def run(self) -> None:
        """Serve the outlets until cancelled."""
        backoff = Backoff(RECONNECT_POLICY, self._rng.random)
        while True:
            try:
                async with asyncio.timeout(OPEN_TIMEOUT_S):
                    link = await self._open_port(self._make_link)
            except (OSError, TimeoutError, ValueError) as err:
                self._on_port(PortState(is_open=False, error=str(err) or type(err).__name__))
                await asyncio.sleep(backoff.next_s())
                continue
            await self._serve_link(link)
            backoff.reset()
            await asyncio.sleep(RECONNECT_POLICY.delay_s(1, self._rng.random()))

    def _make_link(self) -> Link:
        return Link(
            self._address, self._timing, on_event=self._on_event, rng=self._rng, stats=self.stats, tail=self.tail
        )

    async def _serve_link(self, link: Link) -> None:
        self._sessions.clear()
        self._on_port(PortState(is_open=True))
        self._model.unresponsive = self._unresponsive
        self._model.mark_online(self._now())
        try:
            while link.connected:
                if not await self._do_next(link):
                    await self._wait_for_work(link)
        except LinkClosedError as err:
            self._on_port(PortState(is_open=False, error=str(err)))
        else:
            self._on_port(PortState(is_open=False, error="the serial port was lost"))
        finally:
            self._model.unresponsive = None
            await _close(link)

    async def _wait_for_work(self, link: Link) -> None:
        """Wait for a command, the next poll or the end of the link."""
        self._wake.clear()
        waits = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(link.closed.wait())]
        try:
            await asyncio.wait(waits, timeout=min(IDLE_S, self._poll_s / 4), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _do_next(self, link: Link) -> bool:
        """Send the most urgent request; return False if there is nothing to do."""
        outlets = self._model.outlets
        if self._with_event:
            # More attempts than for a poll, as an event is urgent.
            if (device_id := self._with_event.pop()) in outlets:
                await self._poll(link, device_id, self._timing.attempts)
            return True
        now = time.monotonic()
        responsive = [each for each in outlets if each not in self._unresponsive]
        unresponsive = [each for each in outlets if each in self._unresponsive]
        if await self._deliver_next(link, responsive):
            return True
        if now >= self._next_unresponsive and await self._try_unresponsive(link, unresponsive, now):
            return True
        return await self._poll_next(link, responsive, self._poll_s, now) or await self._try_unresponsive(
            link, unresponsive, now
        )

    async def _try_unresponsive(self, link: Link, device_ids: list[str], now: float) -> bool:
        """Send a request to one of the unresponsive outlets, if one is due."""
        poll_s = max(UNRESPONSIVE_POLL_S, self._poll_s)
        with_commands = self._with_commands(device_ids)
        due = [each for each in device_ids if each in with_commands or self._is_poll_due(each, poll_s, now)]
        if (device_id := _least_recent(self._last_attempt, due)) is None:
            return False
        self._last_attempt[device_id] = now
        await self._deliver_next(link, [device_id]) or await self._poll_next(link, [device_id], poll_s, now)
        end = time.monotonic()
        self._next_unresponsive = end + RESPONSIVE_SHARE * (end - now)
        return True

    async def _deliver_next(self, link: Link, device_ids: list[str]) -> bool:
        """Deliver the commands of one outlet, if there are any."""
        if (device_id := _least_recent(self._last_command, self._with_commands(device_ids))) is None:
            return False
        self._last_command[device_id] = time.monotonic()
        await self._deliver_commands(link, device_id)
        return True

    async def _poll_next(self, link: Link, device_ids: list[str], poll_s: float, now: float) -> bool:
        """Poll one outlet, if one is due."""
        due = [each for each in device_ids if self._is_poll_due(each, poll_s, now)]
        if (device_id := _least_recent(self._last_poll, due)) is None:
            return False
        self._last_poll[device_id] = now
        await self._poll(link, device_id, POLL_ATTEMPTS)
        return True

    def _with_commands(self, device_ids: list[str]) -> list[str]:
        now = self._now()
        return [each for each in device_ids if self._model.commands.has_due(each, now)]

    def _is_poll_due(self, device_id: str, poll_s: float, now: float) -> bool:
        return now - self._last_poll.get(device_id, -inf) >= poll_s

    def _session(self, link: Link, device_id: str) -> OutletSession:
        if (session := self._sessions.get(device_id)) is None:
            session = OutletSession(link, int(device_id, 16), self._rng)
            self._sessions[device_id] = session
        return session

    async def _poll(self, link: Link, device_id: str, attempts: int) -> None:
        try:
            self._apply_state(device_id, await self._session(link, device_id).read(attempts))
        except NoAnswerError:
            self._unresponsive.add(device_id)
        except (RefusedError, FrameError) as err:
            _LOGGER.debug("Outlet %s: invalid answer to a poll: %r", device_id, err)

    def _apply_state(self, device_id: str, state: State) -> None:
        self._unresponsive.discard(device_id)
        if device_id in self._model.outlets:
            self._last_poll[device_id] = time.monotonic()
            self._model.apply_report(to_report(device_id, state), self._now(), trusted=True)
            self._on_response(device_id)

    def _on_event(self, source: int, _state: State) -> None:
        """Poll an outlet that sent an event: an unsolicited frame may be a replay and proves nothing."""
        if (device_id := f"{source:02X}") in self._model.outlets:
            self._with_event.add(device_id)
            self._wake.set()

    async def _deliver_commands(self, link: Link, device_id: str) -> None:
        """Deliver the due commands of an outlet; both relays are switched by one frame."""
        commands = self._model.fetch_commands(device_id, self._now(), acknowledges=True)
        attempts = POLL_ATTEMPTS if device_id in self._unresponsive else None
        relays = [command for command in commands if command.payload.request.relay is not None]
        batches = [relays] if relays else []
        batches += [[command] for command in commands if command.payload.request.relay is None]
        session = self._session(link, device_id)
        for batch in batches:
            try:
                state = await _send_batch(session, batch, attempts)
            except RefusedError as err:
                self._acknowledge(batch, error=str(err))
            except NoAnswerError, FrameError:
                # The queue returns the commands again until their attempts or deadline are over.
                self._unresponsive.add(device_id)
                return
            else:
                self._unresponsive.discard(device_id)
                if state is not None:
                    self._apply_state(device_id, state)
                self._acknowledge(batch)

    def _acknowledge(self, batch: list[QueuedCommand], error: str | None = None) -> None:
        for command in batch:
            if (device_id := command.payload.device_id) in self._model.outlets:
                self._model.acknowledge(device_id, Ack(command.id, error is None, error), self._now())


def _least_recent(times: dict[str, float], device_ids: list[str]) -> str | None:
    return min(device_ids, key=lambda device_id: times.get(device_id, -inf), default=None)


async def _close(link: Link) -> None:
    """Close a link and wait until the port is released."""
    link.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await link.closed.wait()


async def _send_batch(session: OutletSession, batch: list[QueuedCommand], attempts: int | None) -> State | None:
    """Send the commands of one frame; returns the state of the outlet if the answer contains it."""
    request = batch[0].payload.request
    match request.name:
        case CommandName.RELAY_ON | CommandName.RELAY_OFF:
            relays = {command.payload.request.socket: command.payload.request.relay for command in batch}
            return await session.set_relays(
                {socket: on for socket, on in relays.items() if socket is not None and on is not None}, attempts
            )
        case CommandName.SET_THRESHOLD:
            return await session.set_threshold(request.value or 0, attempts)
        case CommandName.READ_SENSORS:
            return await session.read(attempts)
        case CommandName.PING:
            await session.ping(attempts)
            return None
        case _ as never:
            assert_never(never)
