"""One request at a time over a half-duplex channel that loses, repeats and garbles frames."""

import asyncio
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
"""Weight of the newest value in the mean round trip."""


@dataclass(slots=True)
class PeerStats:
    """Link quality of one outlet, counted since the start."""

    requests: int = 0
    retries: int = 0
    failures: int = 0
    round_trip_s: float | None = None

    def answered(self, seconds: float) -> None:
        """Take a measured round trip into the mean."""
        old = self.round_trip_s
        self.round_trip_s = seconds if old is None else old + ROUND_TRIP_WEIGHT * (seconds - old)


@dataclass(slots=True)
class LinkStats:
    """Quality of the channel, counted since the start."""

    sent: int = 0
    strays: int = 0
    """Answers that nobody waited for: duplicates, late ones, replays."""
    foreign: int = 0
    """Frames for another address."""
    peers: dict[int, PeerStats] = field(default_factory=dict)
    decoder: DecoderStats = field(default_factory=DecoderStats)

    def peer(self, address: int) -> PeerStats:
        """Statistics of one outlet, made when first asked for."""
        return self.peers.setdefault(address, PeerStats())


class Port(Protocol):
    """Where bytes go out."""

    def write(self, data: bytes, /) -> None:
        """Queue bytes for sending."""

    def close(self) -> None:
        """Close the port."""


@dataclass(slots=True)
class _Waiting:
    request: Frame
    future: asyncio.Future[Frame]


class Link(asyncio.Protocol):
    """The controller's end of the channel; an asyncio protocol for a serial transport.

    ``on_event`` is called with the sender and the state for each EVENT of an outlet; every EVENT is
    acknowledged, a repeated one is not handed on again.
    """

    def __init__(
        self,
        address: int,
        timing: LinkTiming,
        *,
        on_event: Callable[[int, State], None] | None = None,
        rng: random.Random | None = None,
        stats: LinkStats | None = None,
    ) -> None:
        """``address`` is the controller's own; ``stats`` go on from an earlier link."""
        self.address = address
        self.timing = timing
        self.stats = stats or LinkStats()
        self.decoder = Decoder(stats=self.stats.decoder)
        self.closed = asyncio.Event()
        self._on_event = on_event
        self._rng = rng or random.Random()
        self._loop = asyncio.get_running_loop()
        self._port: Port | None = None
        self._waiting: _Waiting | None = None
        self._last_heard = 0.0
        self._turn = asyncio.Lock()
        self._events: dict[int, int] = {}

    @property
    def connected(self) -> bool:
        """Whether the port is open."""
        return self._port is not None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.WriteTransport):
            raise TypeError(f"{transport!r} cannot be written to")
        self._port = transport

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._port = None
        self.closed.set()
        if self._waiting is not None and not self._waiting.future.done():
            self._waiting.future.set_exception(LinkClosedError("the serial port went away"))

    @override
    def data_received(self, data: bytes) -> None:
        now = self._loop.time()
        for frame in self.decoder.feed(data, now):
            self._last_heard = now
            self._take(frame)

    def close(self) -> None:
        """Close the port; requests under way end with LinkClosedError."""
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
        """Send a request until it is answered; returns the answer's payload.

        Args:
            destination: Address of the outlet.
            command: What to do.
            sequence: Number that the answer repeats; a repetition of the request carries the same.
            payload: Of the command.
            attempts: How often to send at most, the timing's number where None.

        Raises:
            NoAnswerError: no answer to any attempt.
            RefusedError: the outlet answered with a NAK.
            LinkClosedError: the port is not open or went away.
        """
        frame = Frame(destination, self.address, sequence, command, payload)
        async with self._turn:
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
            await self._quiet()
            sent_at = self._loop.time()
            if (answer := await self._attempt(frame, data)) is not None:
                peer.answered(self._loop.time() - sent_at)
                return answer
        peer.failures += 1
        raise NoAnswerError(f"outlet {frame.destination:02X} did not answer {attempts} requests")

    async def _quiet(self) -> None:
        """Wait until the channel has been silent for the turn-around time."""
        loop = self._loop
        while (until := self._last_heard + self.timing.gap_s) > loop.time():
            silence: asyncio.Future[None] = loop.create_future()
            handle = loop.call_at(until, _settle, silence)
            try:
                await silence
            finally:
                handle.cancel()

    async def _attempt(self, frame: Frame, data: bytes) -> Frame | None:
        waiting = _Waiting(frame, self._loop.create_future())
        self._waiting = waiting
        try:
            self._send(data)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.timing.answer_s):
                    return await waiting.future
            return None
        finally:
            self._waiting = None

    def _send(self, data: bytes) -> None:
        if self._port is None:
            raise LinkClosedError("the serial port is not open")
        self._port.write(data)
        self.stats.sent += 1

    def _take(self, frame: Frame) -> None:
        if frame.destination not in (self.address, BROADCAST):
            self.stats.foreign += 1
        elif frame.command == Opcode.EVENT:
            self._take_event(frame)
        elif self._answers(frame):
            assert self._waiting is not None
            self._waiting.future.set_result(frame)
        else:
            self.stats.strays += 1

    def _answers(self, frame: Frame) -> bool:
        waiting = self._waiting
        if waiting is None or waiting.future.done():
            return False
        request = waiting.request
        if (frame.source, frame.sequence) != (request.destination, request.sequence):
            return False
        if frame.command == request.command | ANSWER:
            return True
        return frame.command == Opcode.NAK | ANSWER and frame.payload[:1] == bytes((request.command,))

    def _take_event(self, frame: Frame) -> None:
        with suppress(LinkClosedError):
            self._send(Frame(frame.source, self.address, frame.sequence, Opcode.EVENT | ANSWER).encode())
        if self._events.get(frame.source) == frame.sequence:
            self.stats.strays += 1
            return
        try:
            state = State.decode(frame.payload)
        except FrameError:
            self.stats.strays += 1
            return
        self._events[frame.source] = frame.sequence
        if self._on_event is not None:
            self._on_event(frame.source, state)


def _settle(waited_for: asyncio.Future[None]) -> None:
    """The time has come; whoever waited may have been cancelled in this very moment."""
    if not waited_for.done():
        waited_for.set_result(None)
