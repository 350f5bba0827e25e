"""Our own radio in the place of a Central Control Unit: polls the outlets and carries their commands.

Commands go before polls, and outlets that answered before those that did not, which get two requests now and
then: a dead outlet holds nobody up for longer than its first unanswered request. However full the channel is, they
get a share of it: else none of them could ever come back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
import logging
from math import inf
import random
import time
from typing import assert_never

from ..model.commands import Command, CommandName
from ..model.hub import Hub
from ..model.wire import Ack, Report
from .errors import FrameError, LinkClosedError, NoAnswerError, RefusedError
from .link import Link, LinkStats
from .messages import OVERLOAD_MA, State
from .session import OutletSession
from .timing import LinkTiming

_LOGGER = logging.getLogger(__name__)

OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 2.0
BACKOFF_S = (1.0, 60.0)
POLL_ATTEMPTS = 2
DEAD_POLL_S = 10.0
LIVE_SHARE = 3.0
"""After a request to an outlet that does not answer the others have the channel for so many times as long."""
IDLE_S = 0.5
"""Without anything to do we look again after this time at the latest."""

type OpenPort = Callable[[Callable[[], Link]], Awaitable[Link]]


@dataclass(frozen=True, slots=True)
class PortState:
    """Whether the serial port is open, and why not."""

    is_open: bool
    error: str | None = None


def report_of(device_id: str, state: State) -> Report:
    """An outlet's frame as the report that the device model takes."""
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
    """Serves one hub's outlets over one serial port, which it opens again whenever it is lost."""

    def __init__(
        self,
        hub: Hub,
        open_port: OpenPort,
        *,
        address: int,
        timing: LinkTiming,
        poll_s: float = 2.0,
        on_port: Callable[[PortState], None] = lambda _state: None,
        on_heard: Callable[[str], None] = lambda _device_id: None,
        now: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        """Prepare; nothing is opened before run.

        Args:
            hub: Whose outlets are served.
            open_port: Opens the port with the protocol that the given factory makes.
            address: Our own on the channel.
            timing: Of the link.
            poll_s: Between two readings of an outlet, where the channel allows it.
            on_port: Called when the port opens, is lost, or cannot be opened for a new reason.
            on_heard: Called with the device id of an outlet that answered.
            now: UTC seconds.
            rng: For jitter and the first sequence numbers.
        """
        self.stats = LinkStats()
        self._hub = hub
        self._open_port = open_port
        self._address = address
        self._timing = timing
        self._poll_s = poll_s
        self._on_port = on_port
        self._on_heard = on_heard
        self._now = now
        self._rng = rng or random.Random()
        self._wake = asyncio.Event()
        self._sessions: dict[str, OutletSession] = {}
        self._polled: dict[str, float] = {}
        self._served: dict[str, float] = {}
        self._tried: dict[str, float] = {}
        self._silent: set[str] = set()
        self._alarmed: set[str] = set()
        self._dead_turn = 0.0
        self._link: Link | None = None

    def wake(self) -> None:
        """There is a new command: do not wait for the next poll."""
        self._wake.set()

    async def run(self) -> None:
        """Serve until cancelled."""
        backoff_s = BACKOFF_S[0]
        while True:
            try:
                async with asyncio.timeout(OPEN_TIMEOUT_S):
                    link = await self._open_port(self._make_link)
            except (OSError, TimeoutError, ValueError) as err:
                self._on_port(PortState(is_open=False, error=str(err) or type(err).__name__))
                await asyncio.sleep(backoff_s * self._rng.uniform(0.5, 1.0))
                backoff_s = min(2 * backoff_s, BACKOFF_S[1])
                continue
            backoff_s = BACKOFF_S[0]
            await self._use(link)
            await asyncio.sleep(backoff_s * self._rng.uniform(0.5, 1.0))

    def _make_link(self) -> Link:
        return Link(self._address, self._timing, on_event=self._on_event, rng=self._rng, stats=self.stats)

    async def _use(self, link: Link) -> None:
        self._link = link
        self._sessions.clear()
        self._on_port(PortState(is_open=True))
        self._hub.unanswered = self._silent
        self._hub.touch(self._now())
        try:
            while link.connected:
                if not await self._step(link):
                    await self._rest(link)
        except LinkClosedError as err:
            self._on_port(PortState(is_open=False, error=str(err)))
        else:
            self._on_port(PortState(is_open=False, error="the serial port went away"))
        finally:
            self._link = None
            self._hub.unanswered = None
            await _closed(link)

    async def _rest(self, link: Link) -> None:
        """Wait for a command, the next poll or the end of the link."""
        self._wake.clear()
        waits = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(link.closed.wait())]
        try:
            await asyncio.wait(waits, timeout=min(IDLE_S, self._poll_s / 4), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _step(self, link: Link) -> bool:
        """Do the most urgent thing; False where there is nothing to do."""
        outlets = self._hub.outlets
        if self._alarmed:
            # Read more often than in a poll: what it has to say is urgent.
            if (alarmed := self._alarmed.pop()) in outlets:
                await self._poll(link, alarmed, self._timing.attempts)
            return True
        now = time.monotonic()
        live = [ident for ident in outlets if ident not in self._silent]
        dead = [ident for ident in outlets if ident in self._silent]
        if await self._serve(link, live):
            return True
        if now >= self._dead_turn and await self._try_dead(link, dead, now):
            return True
        return await self._read(link, live, self._poll_s, now) or await self._try_dead(link, dead, now)

    async def _try_dead(self, link: Link, ids: list[str], now: float) -> bool:
        """Ask one of those that did not answer, where one is due."""
        poll_s = max(DEAD_POLL_S, self._poll_s)
        with_commands = self._with_commands(ids)
        due = [ident for ident in ids if ident in with_commands or self._is_due(ident, poll_s, now)]
        if (device_id := self._longest_ago(self._tried, due)) is None:
            return False
        self._tried[device_id] = now
        await self._serve(link, [device_id]) or await self._read(link, [device_id], poll_s, now)
        end = time.monotonic()
        self._dead_turn = end + LIVE_SHARE * (end - now)
        return True

    async def _serve(self, link: Link, ids: list[str]) -> bool:
        """Carry the commands of one outlet, where one has some."""
        if (device_id := self._longest_ago(self._served, self._with_commands(ids))) is None:
            return False
        self._served[device_id] = time.monotonic()
        await self._command(link, device_id)
        return True

    async def _read(self, link: Link, ids: list[str], poll_s: float, now: float) -> bool:
        """Read one outlet, where one is due."""
        due = [ident for ident in ids if self._is_due(ident, poll_s, now)]
        if (device_id := self._longest_ago(self._polled, due)) is None:
            return False
        self._polled[device_id] = now
        await self._poll(link, device_id, POLL_ATTEMPTS)
        return True

    def _with_commands(self, ids: list[str]) -> list[str]:
        now = self._now()
        return [ident for ident in ids if self._hub.queue.has_due(ident, now)]

    def _is_due(self, ident: str, poll_s: float, now: float) -> bool:
        return now - self._polled.get(ident, -inf) >= poll_s

    @staticmethod
    def _longest_ago(when: dict[str, float], ids: list[str]) -> str | None:
        return min(ids, key=lambda ident: when.get(ident, -inf), default=None)

    def _session(self, link: Link, device_id: str) -> OutletSession:
        if (session := self._sessions.get(device_id)) is None:
            session = OutletSession(link, int(device_id, 16), self._rng)
            self._sessions[device_id] = session
        return session

    async def _poll(self, link: Link, device_id: str, attempts: int) -> None:
        try:
            self._take(device_id, await self._session(link, device_id).read(attempts))
        except NoAnswerError:
            self._silent.add(device_id)
        except (RefusedError, FrameError) as err:
            _LOGGER.debug("Outlet %s answered a reading with %r", device_id, err)

    def _take(self, device_id: str, state: State) -> None:
        self._silent.discard(device_id)
        if device_id in self._hub.outlets:
            self._polled[device_id] = time.monotonic()
            self._hub.report(report_of(device_id, state), self._now(), trusted=True)
            self._on_heard(device_id)

    def _on_event(self, source: int, _state: State) -> None:
        """Read the outlet that calls: a frame that nobody asked for may be a recorded one, and proves nothing."""
        if (device_id := f"{source:02X}") in self._hub.outlets:
            self._alarmed.add(device_id)
            self._wake.set()

    async def _command(self, link: Link, device_id: str) -> None:
        """Carry what is due to an outlet; both sockets go in one frame."""
        commands = self._hub.fetch(device_id, self._now(), acknowledges=True)
        attempts = POLL_ATTEMPTS if device_id in self._silent else None
        relays = [command for command in commands if command.order.relay is not None]
        batches = [relays] if relays else []
        batches += [[command] for command in commands if command.order.relay is None]
        session = self._session(link, device_id)
        for batch in batches:
            try:
                state = await _carry(session, batch, attempts)
            except RefusedError as err:
                self._acknowledge(batch, error=str(err))
            except NoAnswerError, FrameError:
                # The queue hands it out again until its attempts or its time are over.
                self._silent.add(device_id)
                return
            else:
                self._silent.discard(device_id)
                if state is not None:
                    self._take(device_id, state)
                self._acknowledge(batch)

    def _acknowledge(self, batch: list[Command], error: str | None = None) -> None:
        for command in batch:
            if command.device_id in self._hub.outlets:
                self._hub.acknowledge(command.device_id, Ack(command.id, error is None, error), self._now())


async def _closed(link: Link) -> None:
    """Close a link and wait until the port is free for somebody else."""
    link.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await link.closed.wait()


async def _carry(session: OutletSession, batch: list[Command], attempts: int | None) -> State | None:
    """Send commands of one kind; returns the outlet's state where the answer tells it."""
    order = batch[0].order
    match order.name:
        case CommandName.RELAY_ON | CommandName.RELAY_OFF:
            relays = {c.order.socket: c.order.relay for c in batch}
            return await session.set_relays(
                {socket: on for socket, on in relays.items() if socket is not None and on is not None}, attempts
            )
        case CommandName.SET_THRESHOLD:
            return await session.set_threshold(order.value or 0, attempts)
        case CommandName.READ_SENSORS:
            return await session.read(attempts)
        case CommandName.PING:
            await session.ping(attempts)
            return None
        case _ as never:
            assert_never(never)
