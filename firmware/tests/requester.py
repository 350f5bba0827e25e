"""Requests of a controller to the outlet on a bench, one frame at a time."""

from custom_components.smart_outlet.radio.frame import Decoder, Frame
from custom_components.smart_outlet.radio.messages import ANSWER, Opcode, State, relay_payload
from firmware.sim.outlet_bench import OutletBench

from .conftest import ADDRESS

CONTROLLER = 0x01


def decode(data: bytes) -> list[Frame]:
    """Return the frames in sent bytes."""
    return Decoder().feed(data, 0.0)


class Requester:
    """Sends requests to an outlet and decodes its answers."""

    def __init__(self, bench: OutletBench) -> None:
        """Initialize the requester; it has no token until ``sync``."""
        self.bench = bench
        self.sequence = 0
        self.token = b"\0\0"

    def ask(self, command: int, payload: bytes = b"", sequence: int | None = None) -> Frame:
        """Send a request and return its only answer; the next number is used unless one is given."""
        self.sequence = (self.sequence + 1) % 256 if sequence is None else sequence
        request = Frame(ADDRESS, CONTROLLER, self.sequence, command, payload)
        answers = decode(self.bench.exchange(request.encode()))
        assert len(answers) == 1, f"{len(answers)} answers to {request}"
        answer = answers[0]
        assert (answer.destination, answer.source, answer.sequence) == (CONTROLLER, ADDRESS, self.sequence)
        return answer

    def refusal(self, command: int, payload: bytes = b"", sequence: int | None = None) -> int:
        """Send a request that is refused and return the reason."""
        answer = self.ask(command, payload, sequence)
        assert answer.command == Opcode.NAK | ANSWER, f"{answer} is not a refusal"
        assert answer.payload[0] == command
        return answer.payload[1]

    def read(self) -> State:
        """Return the state of the outlet."""
        answer = self.ask(Opcode.READ)
        assert answer.command == Opcode.READ | ANSWER
        return State.decode(answer.payload)

    def sync(self, sequence: int | None = None) -> bytes:
        """Start a session and return its token."""
        answer = self.ask(Opcode.SYNC, sequence=sequence)
        assert answer.command == Opcode.SYNC | ANSWER
        self.token = answer.payload
        return self.token

    def change(self, command: int, payload: bytes, sequence: int | None = None) -> State:
        """Send a change with the token and return the new state."""
        answer = self.ask(command, self.token + payload, sequence)
        assert answer.command == command | ANSWER, f"{answer} refuses the change"
        return State.decode(answer.payload)

    def set_relays(self, **relays: bool) -> State:
        """Switch the sockets ``a`` and ``b`` and return the new state."""
        payload = relay_payload(int.from_bytes(self.token), relays)
        return self.change(Opcode.RELAY, payload[2:])

    def set_threshold(self, threshold_ma: int) -> State:
        """Set the trip threshold and return the new state."""
        return self.change(Opcode.SET_THRESHOLD, threshold_ma.to_bytes(2))
