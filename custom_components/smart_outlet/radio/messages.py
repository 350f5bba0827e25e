"""Payloads of frames: commands of a controller, answers and events of an outlet.

An answer has the command of its request with bit 7 set. Commands that change something (relays, threshold)
carry the 16-bit token that the outlet returned to the last SYNC. A replayed frame of an earlier session carries
an old token and is refused; a repeated sequence number within the session is answered but not executed again.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from .errors import FrameError

ANSWER = 0x80
OVERLOAD_MA = 0xFFFF
"""Reported instead of a current after an overload trip of the socket."""


class Opcode(IntEnum):
    """Commands; ``| ANSWER`` is the answer."""

    PING = 0x01
    READ = 0x02
    SYNC = 0x03
    RELAY = 0x10
    SET_THRESHOLD = 0x11
    EVENT = 0x40
    NAK = 0x7F


class Refusal(IntEnum):
    """Reasons of a refusal (second byte of a NAK payload; the first is the refused command)."""

    UNKNOWN_COMMAND = 1
    BAD_LENGTH = 2
    BAD_TOKEN = 3
    STALE = 4
    BAD_VALUE = 5


SOCKET_A = 0x01
SOCKET_B = 0x02
TRIP_A = 0x04
TRIP_B = 0x08


@dataclass(frozen=True, slots=True)
class State:
    """State of an outlet, the payload of answers to READ, RELAY and SET_THRESHOLD and of EVENT (7 bytes).

    Attributes:
        relay_a: Socket A is on.
        relay_b: Socket B is on.
        trip_a: Socket A tripped on overload and was not switched on since.
        trip_b: Socket B tripped on overload and was not switched on since.
        current_a_ma: 0 to 65534, or 65535 after a trip.
        current_b_ma: 0 to 65534, or 65535 after a trip.
        threshold_ma: Trip threshold, 0 for none.
    """

    relay_a: bool
    relay_b: bool
    trip_a: bool
    trip_b: bool
    current_a_ma: int
    current_b_ma: int
    threshold_ma: int

    def encode(self) -> bytes:
        """Return the payload: flags, current A, current B, threshold; 16-bit values with the high byte first."""
        flags = (
            (SOCKET_A if self.relay_a else 0)
            | (SOCKET_B if self.relay_b else 0)
            | (TRIP_A if self.trip_a else 0)
            | (TRIP_B if self.trip_b else 0)
        )
        values = (self.current_a_ma, self.current_b_ma, self.threshold_ma)
        return bytes((flags,)) + b"".join(value.to_bytes(2) for value in values)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Decode a payload; bytes after the seventh belong to a later version and are ignored.

        Raises:
            FrameError: The payload is too short.
        """
        if len(payload) < 7:
            raise FrameError(f"state payload has {len(payload)} bytes instead of 7")
        flags = payload[0]
        return cls(
            relay_a=bool(flags & SOCKET_A),
            relay_b=bool(flags & SOCKET_B),
            trip_a=bool(flags & TRIP_A),
            trip_b=bool(flags & TRIP_B),
            current_a_ma=int.from_bytes(payload[1:3]),
            current_b_ma=int.from_bytes(payload[3:5]),
            threshold_ma=int.from_bytes(payload[5:7]),
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """Answer to PING: firmware version of the outlet."""

    major: int
    minor: int

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Decode the payload of an answer to PING.

        Raises:
            FrameError: The payload is too short.
        """
        if len(payload) < 2:
            raise FrameError(f"PING answer has {len(payload)} bytes instead of 2")
        return cls(payload[0], payload[1])


def decode_token(payload: bytes) -> int:
    """Return the token of an answer to SYNC.

    Raises:
        FrameError: The payload is too short.
    """
    if len(payload) < 2:
        raise FrameError(f"SYNC answer has {len(payload)} bytes instead of 2")
    return int.from_bytes(payload[:2])


def decode_refusal(payload: bytes) -> tuple[int, int]:
    """Return the refused command and the reason of a NAK.

    Raises:
        FrameError: The payload is too short.
    """
    if len(payload) < 2:
        raise FrameError(f"NAK payload has {len(payload)} bytes instead of 2")
    return payload[0], payload[1]


def relay_payload(token: int, relays: dict[str, bool]) -> bytes:
    """Return the payload of RELAY: token, mask of the sockets, their new states.

    Args:
        token: Token of the session, 0 to 65535.
        relays: New state by socket, "a" and/or "b".
    """
    bits = {"a": SOCKET_A, "b": SOCKET_B}
    mask = sum(bits[socket] for socket in relays)
    values = sum(bits[socket] for socket, on in relays.items() if on)
    return token.to_bytes(2) + bytes((mask, values))


def threshold_payload(token: int, threshold_ma: int) -> bytes:
    """Return the payload of SET_THRESHOLD: token, threshold in mA (0 to 65534, 0 = never trip)."""
    return token.to_bytes(2) + threshold_ma.to_bytes(2)
