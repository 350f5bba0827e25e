"""One request at a time over a half-duplex channel that loses, repeats and corrupts frames."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
import random
from typing import Protocol, override

from .errors import FrameError, LinkClosedError, NoAnswerError, RefusedError
from .frame import BROADCAST, Decoder, DecoderStats, Frame
from .messages import ANSWER, Opcode, State, decode_refusal
from .timing import LinkTiming

ROUND_TRIP_WEIGHT = 0.2
"""Weight of the newest value in the mean round-trip time."""

TAIL_READS = 64
"""Reads of the port that are kept for diagnostics."""


@dataclass(slots=True)
class PeerStats:
    """Link quality of one outlet since the start."""

    requests: int = 0
    retries: int = 0
    failures: int = 0
    round_trip_s: float | None = None

    def add_round_trip(self, seconds: float) -> None:
        """Add a measured round-trip time to the mean."""
        mean = self.round_trip_s
        self.round_trip_s = seconds if mean is None else mean + ROUND_TRIP_WEIGHT * (seconds - mean)


@dataclass(slots=True)
class LinkStats:
    """Quality of the channel since the start."""

    sent: int = 0
    unexpected: int = 0
    """Answers without a waiting request: duplicates, late answers, replays."""
    foreign: int = 0
    """Frames for another address."""
    peers: dict[int, PeerStats] = field(default_factory=dict)
    decoder: DecoderStats = field(default_factory=DecoderStats)

    def peer(self, address: int) -> PeerStats:
        """Return the counters of one outlet, created on first use."""
        return self.peers.setdefault(address, PeerStats())


class Port(Protocol):
    """The sending side of a serial port."""

    def write(self, data: bytes, /) -> None:
        """Queue bytes for sending."""

    def close(self) -> None:
        """Close the port."""


@dataclass(slots=True)
class _PendingRequest:
    frame: Frame
    future: asyncio.Future[Frame]


class Link(asyncio.Protocol):
    """The controller's end of the channel; an asyncio protocol for a serial transport.

    ``on_event`` is called with the sender and the state of each EVENT of an outlet. Every EVENT is acknowledged; a
    repeated one is not reported again.
    """

    def __init__(
        self,
        address: int,
        timing: LinkTiming,
        *,
        on_event: Callable[[int, State], None] | None = None,
        rng: random.Random | None = None,
        stats: LinkStats | None = None,
        tail: deque[bytes] | None = None,
    ) -> None:
        """Initialize the link; ``stats`` and ``tail`` continue those of an earlier link."""
        self.address = address
        self.timing = timing
        self.stats = stats or LinkStats()
        self.tail = deque(maxlen=TAIL_READS) if tail is None else tail
        """What was received last, as it came from the port."""
        self.decoder = Decoder(stats=self.stats.decoder)
        self.closed = asyncio.Event()
        self._on_event = on_event
        self._rng = rng or random.Random()
        self._loop = asyncio.get_running_loop()
        self._port: Port | None = None
        self._pending: _PendingRequest | None = None
        self._last_received = 0.0
        self._request_lock = asyncio.Lock()
        self._events: dict[int, int] = {}

    @property
    def connected(self) -> bool:
        """Return whether the port is open."""
        return self._port is not None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.WriteTransport):
            raise TypeError(f"{transport!r} is not writable")
        self._port = transport

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._port = None
        self.closed.set()
        if self._pending is not None and not self._pending.future.done():
            self._pending.future.set_exception(LinkClosedError("the serial port was lost"))

    @override
    def data_received(self, data: bytes) -> None:
        now = self._loop.time()
        self.tail.append(data)
        for frame in self.decoder.feed(data, now):
            self._last_received = now
            self._handle(frame)

    def close(self) -> None:
        """Close the port; a request in progress ends with LinkClosedError."""
        if self._port is not None:
            self._port.close()

    async def request(
        self,
        destination: int,
        command: Opcode,
        sequence: int,
        payload: bytes = b"",
        *,
        attempts: int | None = None,
    ) -> bytes:
        """Send a request until it is answered and return the payload of the answer.

        Args:
            destination: Address of the outlet.
            command: Command.
            sequence: Number that the answer and every retry of the request repeat.
            payload: Payload of the command.
            attempts: Maximum number of attempts, by default that of the timing.

        Raises:
            NoAnswerError: No attempt was answered.
            RefusedError: The outlet answered with a NAK.
            LinkClosedError: The port is closed or was lost.
        """
        frame = Frame(destination, self.address, sequence, command, payload)
        async with self._request_lock:
            answer = await self._exchange(frame, attempts or self.timing.attempts)
        if answer.command == Opcode.NAK | ANSWER:
            raise RefusedError(*decode_refusal(answer.payload))
        return answer.payload

    async def _exchange(self, frame: Frame, attempts: int) -> Frame:
        data = frame.encode()
        peer = self.stats.peer(frame.destination)
        peer.requests += 1
        for attempt in range(attempts):
            if attempt:
                peer.retries += 1
                await asyncio.sleep(self.timing.backoff_s(attempt, self._rng.random()))
            await self._wait_for_silence()
            sent_at = self._loop.time()
            if (answer := await self._attempt(frame, data)) is not None:
                peer.add_round_trip(self._loop.time() - sent_at)
                return answer
        peer.failures += 1
        raise NoAnswerError(f"outlet {frame.destination:02X} did not answer {attempts} requests")

    async def _wait_for_silence(self) -> None:
        """Wait until the channel has been silent for the turnaround time."""
        loop = self._loop
        while (until := self._last_received + self.timing.gap_s) > loop.time():
            silence: asyncio.Future[None] = loop.create_future()
            handle = loop.call_at(until, _set_done, silence)
            try:
                await silence
            finally:
                handle.cancel()

    async def _attempt(self, frame: Frame, data: bytes) -> Frame | None:
        pending = _PendingRequest(frame, self._loop.create_future())
        self._pending = pending
        try:
            self._send(data)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.timing.answer_s):
                    return await pending.future
            return None
        finally:
            self._pending = None

    def _send(self, data: bytes) -> None:
        if self._port is None:
            raise LinkClosedError("the serial port is closed")
        self._port.write(data)
        self.stats.sent += 1

    def _handle(self, frame: Frame) -> None:
        if frame.destination not in (self.address, BROADCAST):
            self.stats.foreign += 1
        elif frame.command == Opcode.EVENT:
            self._handle_event(frame)
        elif self._is_expected(frame):
            assert self._pending is not None
            self._pending.future.set_result(frame)
        else:
            self.stats.unexpected += 1

    def _is_expected(self, frame: Frame) -> bool:
        pending = self._pending
        if pending is None or pending.future.done():
            return False
        request = pending.frame
        if (frame.source, frame.sequence) != (request.destination, request.sequence):
            return False
        if frame.command == request.command | ANSWER:
            return True
        return frame.command == Opcode.NAK | ANSWER and frame.payload[:1] == bytes((request.command,))

    def _handle_event(self, frame: Frame) -> None:
        with suppress(LinkClosedError):
            self._send(Frame(frame.source, self.address, frame.sequence, Opcode.EVENT | ANSWER).encode())
        if self._events.get(frame.source) == frame.sequence:
            self.stats.unexpected += 1
            return
        try:
            state = State.decode(frame.payload)
        except FrameError:
            self.stats.unexpected += 1
            return
        self._events[frame.source] = frame.sequence
        if self._on_event is not None:
            self._on_event(frame.source, state)


def _set_done(future: asyncio.Future[None]) -> None:
    """Complete a future unless its waiter was cancelled at the same time."""
    if not future.done():
        future.set_result(None)
