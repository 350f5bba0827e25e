"""The outlet's image in gpsim answers the frames of docs/hc12-frame.md."""

import json
from pathlib import Path
import random
from typing import Any

import pytest

from custom_components.smart_outlet.radio.frame import Frame
from custom_components.smart_outlet.radio.messages import ANSWER, Opcode, Refusal
from firmware.sim.outlet_bench import CYCLES_PER_S, OutletBench

from .conftest import ADDRESS
from .requester import CONTROLLER, Requester, decode

pytestmark = pytest.mark.slow

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/vectors/hc12.json").read_text())
PING = Frame(ADDRESS, CONTROLLER, 9, Opcode.PING)


def test_ping_returns_the_firmware_version(bench: OutletBench) -> None:
    answer = Requester(bench).ask(Opcode.PING)
    assert (answer.command, answer.payload) == (Opcode.PING | ANSWER, b"\1\0")


def test_switching_drives_the_relay_and_is_acknowledged_with_the_new_state(bench: OutletBench) -> None:
    requester = Requester(bench)
    assert bench.relays == (False, False)
    requester.sync()
    state = requester.set_relays(a=True)
    assert (state.relay_a, state.relay_b) == (True, False)
    assert bench.relays == (True, False)
    state = requester.set_relays(a=False, b=True)
    assert (state.relay_a, state.relay_b) == (False, True)
    assert bench.relays == (False, True)
    assert requester.read() == state


def test_the_bytes_on_the_pin_are_those_that_the_program_sent(bench: OutletBench) -> None:
    requester = Requester(bench)
    sent = b"".join(
        bench.exchange(Frame(ADDRESS, CONTROLLER, sequence, command).encode())
        for sequence, command in enumerate((Opcode.PING, Opcode.READ, Opcode.SYNC))
    )
    assert requester.bench.recorded_bytes() == sent
    assert len(sent) == 10 + 15 + 10


@pytest.mark.parametrize("stream", VECTORS["streams"], ids=lambda stream: stream["name"])
def test_streams_of_the_shared_vectors(bench: OutletBench, stream: dict[str, Any]) -> None:
    expected = [frame for text in stream["frames"] for frame in decode(bytes.fromhex(text))]
    answers = decode(bench.exchange(bytes.fromhex(stream["bytes"]), 0.6))
    assert [answer.sequence for answer in answers] == [frame.sequence for frame in expected]
    for answer, frame in zip(answers, expected, strict=True):
        # The vectors' token is not one of this outlet.
        is_refused = frame.command == Opcode.RELAY
        assert answer.command == (Opcode.NAK if is_refused else frame.command) | ANSWER


@pytest.mark.parametrize(
    "frame",
    [
        Frame(0xFF, CONTROLLER, 1, Opcode.PING),
        Frame(0xFD, CONTROLLER, 1, Opcode.PING),
        Frame(ADDRESS, CONTROLLER, 1, Opcode.READ | ANSWER),
        Frame(ADDRESS, CONTROLLER, 1, Opcode.NAK | ANSWER),
        Frame(ADDRESS, CONTROLLER, 1, Opcode.EVENT, bytes(7)),
        Frame(ADDRESS, CONTROLLER, 1, Opcode.EVENT | ANSWER),
        Frame(ADDRESS, 0x00, 1, Opcode.PING),
        Frame(ADDRESS, 0xFF, 1, Opcode.PING),
    ],
    ids=str,
)
def test_frames_that_are_not_answered(bench: OutletBench, frame: Frame) -> None:
    assert bench.exchange(frame.encode()) == b""
    assert decode(bench.exchange(PING.encode()))


@pytest.mark.parametrize(
    ("command", "payload", "reason"),
    [
        (0x2A, b"", Refusal.UNKNOWN_COMMAND),
        (0x00, b"", Refusal.UNKNOWN_COMMAND),
        (Opcode.PING, b"\0", Refusal.BAD_LENGTH),
        (Opcode.READ, bytes(24), Refusal.BAD_LENGTH),
        (Opcode.SYNC, b"\0", Refusal.BAD_LENGTH),
        (Opcode.RELAY, b"\0\0\1", Refusal.BAD_LENGTH),
        (Opcode.SET_THRESHOLD, b"\0\0\1\1\1", Refusal.BAD_LENGTH),
        (Opcode.RELAY, b"\0\0\1\1", Refusal.BAD_TOKEN),
        (Opcode.SET_THRESHOLD, b"\0\0\1\1", Refusal.BAD_TOKEN),
    ],
)
def test_refusals_before_a_session(bench: OutletBench, command: int, payload: bytes, reason: Refusal) -> None:
    assert Requester(bench).refusal(command, payload) == reason
    assert bench.relays == (False, False)


@pytest.mark.parametrize(
    ("command", "values"),
    [
        (Opcode.RELAY, b"\0\1"),
        (Opcode.RELAY, b"\4\4"),
        (Opcode.RELAY, b"\xff\xff"),
        (Opcode.SET_THRESHOLD, b"\xff\xff"),
    ],
)
def test_wrong_values_are_refused(bench: OutletBench, command: Opcode, values: bytes) -> None:
    requester = Requester(bench)
    before = requester.read()
    token = requester.sync()
    assert requester.refusal(command, token + values) == Refusal.BAD_VALUE
    assert requester.read() == before


def test_a_repeated_change_is_answered_and_not_executed_again(bench: OutletBench) -> None:
    requester = Requester(bench)
    requester.sync(sequence=20)
    assert requester.change(Opcode.RELAY, b"\1\1", sequence=21).relay_a
    assert not requester.change(Opcode.RELAY, b"\1\0", sequence=22).relay_a
    assert not requester.change(Opcode.RELAY, b"\1\1", sequence=22).relay_a
    assert bench.relays == (False, False)


def test_a_duplicate_on_the_channel_is_answered_twice_and_executed_once(bench: OutletBench) -> None:
    requester = Requester(bench)
    token = requester.sync(sequence=20)
    frame = Frame(ADDRESS, CONTROLLER, 21, Opcode.RELAY, token + b"\1\1").encode()
    answers = decode(bench.exchange(frame + frame, 0.3))
    assert len(answers) == 2
    assert answers[0] == answers[1]
    assert bench.relays == (True, False)


@pytest.mark.parametrize(
    ("distance", "reason"),
    [(0, Refusal.STALE), (1, None), (127, None), (128, Refusal.STALE), (255, Refusal.STALE)],
)
@pytest.mark.parametrize("start", [3, 250])
def test_sequence_numbers(bench: OutletBench, start: int, distance: int, reason: Refusal | None) -> None:
    requester = Requester(bench)
    token = requester.sync(sequence=start)
    answer = requester.ask(Opcode.RELAY, token + b"\1\1", sequence=(start + distance) % 256)
    assert bench.relays == (reason is None, False)
    if reason is not None:
        assert answer.payload == bytes((Opcode.RELAY, reason))


def test_a_repeated_sync_returns_the_same_token_until_a_change(bench: OutletBench) -> None:
    requester = Requester(bench)
    first = requester.sync(sequence=5)
    assert requester.sync(sequence=5) == first
    second = requester.sync(sequence=6)
    assert second != first
    requester.change(Opcode.RELAY, b"\1\1", sequence=7)
    assert requester.sync(sequence=7) != second


def test_a_frame_of_an_earlier_session_is_never_executed(bench: OutletBench) -> None:
    requester = Requester(bench)
    old = requester.sync(sequence=5)
    new = requester.sync(sequence=10)
    assert requester.refusal(Opcode.RELAY, old + b"\1\1", sequence=11) == Refusal.BAD_TOKEN
    assert bench.relays == (False, False)
    assert requester.change(Opcode.RELAY, b"\1\1", sequence=11).relay_a
    assert new != old


def test_tokens_of_many_sessions_differ(bench: OutletBench) -> None:
    requester = Requester(bench)
    tokens = [requester.sync() for _ in range(40)]
    assert len(set(tokens)) >= 39


def test_noise_between_frames_costs_no_frame(bench: OutletBench) -> None:
    rng = random.Random(7)
    requester = Requester(bench)
    requester.sync()
    for _ in range(25):
        noise = bytes(byte for byte in rng.randbytes(rng.randrange(1, 12)) if byte != 0xA5)
        bench.send(noise)
        on = rng.random() < 0.5
        assert requester.set_relays(b=on).relay_b == on


def test_an_incomplete_frame_is_dropped_after_100_ms(bench: OutletBench) -> None:
    bench.send(PING.encode()[:-1])
    bench.advance(0.12)
    assert len(decode(bench.exchange(PING.encode()))) == 1


def test_a_flood_of_bytes_ends_with_the_silence(bench: OutletBench) -> None:
    rng = random.Random(3)
    bench.send(bytes(rng.choice((0xA5, 0x1C, 0x04, 0xFE, 0x01)) for _ in range(400)))
    bench.advance(0.6)
    bench.fetch_sent()
    assert len(decode(bench.exchange(PING.encode()))) == 1
    assert bench.relays == (False, False)
    assert bench.gpsim.watchdog_resets == 0


def test_random_bytes_never_switch_a_relay(bench: OutletBench) -> None:
    rng = random.Random(11)
    requester = Requester(bench)
    token = requester.sync()
    good = Frame(ADDRESS, CONTROLLER, requester.sequence + 1, Opcode.RELAY, token + b"\3\3").encode()
    for _ in range(60):
        damaged = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        if bytes(damaged) != good:
            bench.exchange(bytes(damaged), 0.14)
        assert bench.relays == (False, False)


def test_the_answer_starts_after_a_pause_of_20_ms(bench: OutletBench) -> None:
    bench.fetch_sent()
    start = bench.gpsim.cycle
    bench.send(PING.encode())
    bench.advance(0.1)
    received = start + len(PING.encode()) * 10 * CYCLES_PER_S / 9600
    pause_s = (bench.sent[0][0] - received) / CYCLES_PER_S
    assert 0.0195 <= pause_s <= 0.030
