"""An outlet: two relays, two current sensors, a trip threshold, and the frame protocol's outlet side."""

from dataclasses import dataclass, field
import random

from .codec import Splitter, build

TRIPPED = 0xFFFF
PING, READ, SYNC, RELAY, THRESHOLD, EVENT, NAK = 0x01, 0x02, 0x03, 0x10, 0x11, 0x40, 0x7F
UNKNOWN, BAD_LENGTH, BAD_TOKEN, STALE, BAD_VALUE = 1, 2, 3, 4, 5


@dataclass
class Outlet:
    """State of an outlet.

    ``loads`` are the currents of the appliances while their socket is on, in mA.
    """

    address: int
    rng: random.Random
    loads: list[int] = field(default_factory=lambda: [0, 0])
    relays: list[bool] = field(default_factory=lambda: [False, False])
    trips: list[bool] = field(default_factory=lambda: [False, False])
    threshold: int = 0
    executed: int = 0
    repeated: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self._splitter = Splitter()
        self.boot()

    def boot(self) -> None:
        """Power on: relays off, no session; the threshold is in the EEPROM."""
        self.relays = [False, False]
        self.trips = [False, False]
        self._token: int | None = None
        self._sequence = 0
        self._sync_sequence: int | None = None
        self._event_sequence = self.rng.randrange(256)

    def receive(self, data: bytes) -> list[bytes]:
        """Handle received bytes; returns the answers."""
        answers = []
        for is_frame, piece in self._splitter.push(data):
            if is_frame and (answer := self._answer(piece)):
                answers.append(answer)
        return answers

    def pause(self) -> None:
        """Drop an incomplete frame after a pause on the channel."""
        self._splitter.flush()

    def currents(self) -> list[int]:
        """Return the reported currents: mA, FFFF after a trip."""
        return [
            TRIPPED if trip else (load if on else 0)
            for load, on, trip in zip(self.loads, self.relays, self.trips, strict=True)
        ]

    def trip_on_overload(self) -> bytes | None:
        """Switch off overloaded sockets; returns the event frame if a socket tripped."""
        has_tripped = False
        for socket in (0, 1):
            if self.relays[socket] and 0 < self.threshold < self.loads[socket]:
                self.relays[socket], self.trips[socket] = False, True
                has_tripped = True
        if not has_tripped:
            return None
        self._event_sequence = (self._event_sequence + 1) % 256
        return build(0x01, self.address, self._event_sequence, EVENT, self._state())

    def _state(self) -> bytes:
        flags = sum(bit for bit, on in zip((1, 2, 4, 8), (*self.relays, *self.trips), strict=True) if on)
        values = (*self.currents(), self.threshold)
        return bytes([flags]) + b"".join(value.to_bytes(2, "big") for value in values)

    def _answer(self, frame: bytes) -> bytes | None:
        destination, source, sequence, command = frame[2:6]
        if destination != self.address or command & 0x80:
            return None
        if command == EVENT:
            return None
        code, payload = self._run(sequence, command, frame[6:-2])
        return build(source, self.address, sequence, code, payload)

    def _run(self, sequence: int, command: int, payload: bytes) -> tuple[int, bytes]:
        if command == PING:
            return PING | 0x80, bytes([1, 0])
        if command == READ:
            return READ | 0x80, self._state()
        if command == SYNC:
            return SYNC | 0x80, self._sync(sequence).to_bytes(2, "big")
        if command in (RELAY, THRESHOLD):
            return self._change(sequence, command, payload)
        return self._refuse(command, UNKNOWN)

    def _refuse(self, command: int, reason: int) -> tuple[int, bytes]:
        self.refused += 1
        return NAK | 0x80, bytes([command, reason])

    def _sync(self, sequence: int) -> int:
        """Return a new token, or the same one for a repeated request without a change since."""
        if self._token is None or sequence != self._sync_sequence or sequence != self._sequence:
            old = self._token
            while self._token == old:
                self._token = self.rng.randrange(0x10000)
            self._sequence = self._sync_sequence = sequence
        assert self._token is not None
        return self._token

    def _change(self, sequence: int, command: int, payload: bytes) -> tuple[int, bytes]:
        if len(payload) != 4:
            return self._refuse(command, BAD_LENGTH)
        if int.from_bytes(payload[:2], "big") != self._token:
            return self._refuse(command, BAD_TOKEN)
        distance = (sequence - self._sequence) % 256
        if distance == 0 and sequence != self._sync_sequence:
            self.repeated += 1
            return command | 0x80, self._state()
        if not 1 <= distance <= 127:
            return self._refuse(command, STALE)
        if command == THRESHOLD and payload[2:] == b"\xff\xff":
            return self._refuse(command, BAD_VALUE)
        if command == RELAY and not 1 <= payload[2] <= 3:
            return self._refuse(command, BAD_VALUE)
        self._sequence = sequence
        self.executed += 1
        if command == THRESHOLD:
            self.threshold = int.from_bytes(payload[2:], "big")
        else:
            self._switch(payload[2], payload[3])
        return command | 0x80, self._state()

    def _switch(self, mask: int, values: int) -> None:
        for socket in (0, 1):
            if mask >> socket & 1:
                self.relays[socket] = bool(values >> socket & 1)
                self.trips[socket] = False
