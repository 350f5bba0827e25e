"""Decodes captured bytes of the channel into readable values with the keys of the entities."""

from collections.abc import Iterator

from .errors import FrameError
from .frame import Decoder, Frame
from .messages import ANSWER, OVERLOAD_MA, Identity, Opcode, State, decode_refusal, decode_token

type Line = tuple[str, str | int | bool | None, str | None]

_STATES = frozenset({Opcode.READ | ANSWER, Opcode.RELAY | ANSWER, Opcode.SET_THRESHOLD | ANSWER, Opcode.EVENT})


def decode_capture(data: bytes) -> Iterator[Line]:
    """Yield a line per value: outlet and entity key, value, unit.

    A frame whose payload is too short for its command has the reason as `error`.

    Raises:
        FrameError: There is no complete frame.
    """
    decoder = Decoder()
    frames = [*decoder.feed(data, 0.0), *decoder.feed(b"", 1.0)]
    if not frames:
        wrong = decoder.stats.crc_errors
        raise FrameError("no complete frame found" + (f", {wrong} with a wrong CRC" if wrong else ""))
    for frame in frames:
        try:
            yield from list(_lines(frame))
        except FrameError as err:
            yield f"{frame.source:02X}.error", str(err), None
    yield "radio_crc_errors", decoder.stats.crc_errors, None
    yield "radio_noise_bytes", decoder.stats.noise_bytes, None


def _lines(frame: Frame) -> Iterator[Line]:
    outlet = f"{frame.source:02X}"
    if frame.command in _STATES:
        yield from _state(outlet, State.decode(frame.payload))
    elif frame.command == Opcode.PING | ANSWER:
        identity = Identity.decode(frame.payload)
        yield f"{outlet}.firmware", f"{identity.major}.{identity.minor}", None
    elif frame.command == Opcode.SYNC | ANSWER:
        yield f"{outlet}.token", f"{decode_token(frame.payload):04X}", None
    elif frame.command == Opcode.NAK | ANSWER:
        command, reason = decode_refusal(frame.payload)
        yield f"{outlet}.refused", f"command {command:02X}, reason {reason}", None
    else:
        yield f"{frame.destination:02X}.request", f"{_name(frame.command)} {frame.payload.hex()}".strip(), None


def _state(outlet: str, state: State) -> Iterator[Line]:
    yield f"{outlet}.socket_a", state.relay_a, None
    yield f"{outlet}.socket_b", state.relay_b, None
    yield f"{outlet}.current_a", _current(state.current_a_ma), "mA"
    yield f"{outlet}.current_b", _current(state.current_b_ma), "mA"
    yield f"{outlet}.overload", state.trip_a or state.trip_b, None
    yield f"{outlet}.threshold", state.threshold_ma, "mA"


def _current(current_ma: int) -> int | None:
    """Return a current; None after an overload trip, when there is none."""
    return None if current_ma == OVERLOAD_MA else current_ma


def _name(command: int) -> str:
    try:
        return Opcode(command & ~ANSWER).name.lower() + (" answered" if command & ANSWER else "")
    except ValueError:
        return f"command {command:02X}"
