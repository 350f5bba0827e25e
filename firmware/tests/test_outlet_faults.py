"""Radio faults on the exact image: no fault ever switches a relay, and every change arrives in the end.

``FIRMWARE_FAULTS`` sets the number of faults; the nightly run uses 10,000.
"""

import os
import random

import pytest

from custom_components.smart_outlet.radio.frame import Decoder, Frame
from custom_components.smart_outlet.radio.messages import ANSWER, Opcode, State, relay_payload
from firmware.sim.outlet_bench import OutletBench
from firmware.sim.radio_channel import FaultRates, RadioChannel

from .conftest import ADDRESS

FAULTS = int(os.environ.get("FIRMWARE_FAULTS", "60"))
RATES = FaultRates(loss=0.2, lost_byte=0.08, flipped_bit=0.08, duplicate=0.15, noise=0.2, replay=0.15)
ANSWER_S = 0.11


class Controller:
    """Sends each request until it is answered, over a channel with faults."""

    def __init__(self, bench: OutletBench, rng: random.Random) -> None:
        self.bench = bench
        self.to_outlet = RadioChannel(RATES, rng)
        self.to_controller = RadioChannel(RATES, rng)
        self.sequence = rng.randrange(256)
        self.allowed = {(False, False)}

    @property
    def faults(self) -> int:
        return self.to_outlet.faults + self.to_controller.faults

    def ask(self, opcode: int, payload: bytes = b"") -> Frame:
        """Return the answer to a request; one that refuses it is an answer too."""
        self.sequence = (self.sequence + 1) % 256
        request = Frame(ADDRESS, 1, self.sequence, opcode, payload)
        decoder = Decoder()
        for _ in range(200):
            sent = self.bench.exchange(self.to_outlet.carry(request.encode()), ANSWER_S)
            assert self.bench.relays in self.allowed
            for answer in decoder.feed(self.to_controller.carry(sent) if sent else b"", self.bench.now_s):
                is_refusal = answer.command == Opcode.NAK | ANSWER and answer.payload[:1] == bytes([opcode])
                if answer.sequence == self.sequence and (is_refusal or answer.command == opcode | ANSWER):
                    return answer
            self.bench.advance(0.11)  # an incomplete frame is dropped
        raise AssertionError("no answer")


@pytest.mark.slow
@pytest.mark.timeout(max(900, 2 * FAULTS))
def test_no_radio_fault_leads_to_a_wrong_relay_state(bench: OutletBench) -> None:
    rng = random.Random(11)
    controller = Controller(bench, rng)
    relays = {"a": False, "b": False}
    changes, token = 0, 0
    while controller.faults < FAULTS:
        socket, on = rng.choice("ab"), rng.random() < 0.5
        wanted = {**relays, socket: on}
        controller.allowed = {bench.relays, (wanted["a"], wanted["b"])}
        answer = controller.ask(Opcode.RELAY, relay_payload(token, {socket: on}))
        while answer.command != Opcode.RELAY | ANSWER:
            # No session yet, or a replayed SYNC has started another one: docs/hc12-frame.md.
            assert answer.payload[1] in {3, 4}
            token = int.from_bytes(controller.ask(Opcode.SYNC).payload)
            answer = controller.ask(Opcode.RELAY, relay_payload(token, {socket: on}))
        state = State.decode(answer.payload)
        assert (state.relay_a, state.relay_b) == bench.relays == (wanted["a"], wanted["b"])
        relays = wanted
        controller.allowed = {bench.relays}
        changes += 1
    assert changes > FAULTS / 10
    print(f"{changes} changes with {controller.faults} radio faults")
