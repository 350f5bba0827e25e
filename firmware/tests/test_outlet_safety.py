"""The outlet's image in gpsim: start, EEPROM, currents, overload trips, watchdog."""

from itertools import pairwise

import pytest

from custom_components.smart_outlet.radio.frame import Frame, crc16
from custom_components.smart_outlet.radio.messages import OVERLOAD_MA, Opcode, Refusal, State
from firmware.outlet.build import PROGRAM_WORDS, Image
from firmware.sim.outlet_bench import CYCLES_PER_S, OutletBench

from .conftest import ADDRESS, PowerOn
from .requester import CONTROLLER, Requester, decode

pytestmark = pytest.mark.slow

REPORT_PERIOD_S = 2.0
DEFAULT_THRESHOLD_MA = 10000


def record(threshold_ma: int) -> bytes:
    """Return a threshold as it is stored in the EEPROM."""
    value = threshold_ma.to_bytes(2)
    return value + crc16(value).to_bytes(2)


def with_socket_on(bench: OutletBench, threshold_ma: int, **relays: bool) -> Requester:
    """Set a threshold and switch sockets on."""
    requester = Requester(bench)
    requester.sync()
    requester.set_threshold(threshold_ma)
    requester.set_relays(**relays)
    return requester


# Start and resets


def test_the_configuration_enables_watchdog_and_brown_out_reset(image: Image) -> None:
    words = dict(_words(image))
    config = words[0x2007]
    assert config & (1 << 2), "watchdog"
    assert not config & (1 << 3), "power-up timer"
    assert config & (1 << 6), "brown-out reset"
    assert not config & (1 << 7), "low-voltage programming"


def _words(image: Image) -> list[tuple[int, int]]:
    found, high = [], 0
    for line in image.hex_path.read_text().splitlines():
        row = bytes.fromhex(line[1:])
        address, kind, data = int.from_bytes(row[1:3]), row[3], row[4:-1]
        if kind == 4:
            high = int.from_bytes(data) << 16
        elif kind == 0:
            pairs = zip(data[::2], data[1::2], strict=True)
            found += [((high + address) // 2 + place, lo | hi << 8) for place, (lo, hi) in enumerate(pairs)]
    return found


def test_the_program_fits(image: Image) -> None:
    assert image.words <= PROGRAM_WORDS // 2  # one page: no call needs PCLATH


def test_a_reset_switches_the_relays_off_and_ends_the_session(bench: OutletBench) -> None:
    requester = with_socket_on(bench, 4000, a=True, b=True)
    assert bench.relays == (True, True)
    seen: set[tuple[bool, bool]] = set()
    old = requester.token
    bench.gpsim.reset(bench.main_address)
    bench.on_step = lambda: seen.add(bench.relays)
    bench.advance(0.2)
    bench.on_step = None
    assert seen == {(False, False)}
    assert requester.refusal(Opcode.RELAY, old + b"\3\3") == Refusal.BAD_TOKEN
    assert requester.sync() != old
    assert requester.set_relays(a=True).threshold_ma == 4000


def test_no_relay_is_driven_during_the_start(bench: OutletBench) -> None:
    bench.gpsim.reset(bench.main_address)
    for _ in range(60):
        bench.gpsim.run_until(bench.gpsim.cycle + 7)
        assert bench.relays == (False, False)


def test_starts_have_different_tokens(bench: OutletBench) -> None:
    tokens = []
    for _ in range(8):
        tokens.append(Requester(bench).sync())
        bench.reset()
    assert len(set(tokens)) == len(tokens)


def test_the_watchdog_restarts_an_outlet_whose_sampling_has_stopped(bench: OutletBench) -> None:
    with_socket_on(bench, 4000, a=True)
    bench.gpsim.set_register("t2con", 0)
    stopped = bench.now_s
    while bench.gpsim.watchdog_resets == 0:
        bench.advance(0.01)
        assert bench.now_s - stopped < 0.4
    bench.advance(0.2)
    assert bench.relays == (False, False)
    assert Requester(bench).read().threshold_ma == 4000


# EEPROM


def test_the_threshold_survives_a_power_outage(bench: OutletBench, power_on: PowerOn) -> None:
    requester = with_socket_on(bench, 3210, a=True)
    bench.advance(0.2)
    content = bench.gpsim.eeprom()
    assert content[:8] == record(3210) * 2
    state = Requester(power_on(content)).read()
    assert state == State(False, False, False, False, 0, 0, 3210)
    assert requester.read().threshold_ma == 3210


@pytest.mark.parametrize("threshold_ma", [0, 1, 255, 256, 65534])
def test_every_threshold_is_stored(bench: OutletBench, threshold_ma: int) -> None:
    requester = Requester(bench)
    requester.sync()
    assert requester.set_threshold(threshold_ma).threshold_ma == threshold_ma
    assert bench.gpsim.eeprom()[:4] == record(threshold_ma)
    bench.reset()
    assert requester.read().threshold_ma == threshold_ma


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (b"\xff" * 4, b"\xff" * 4, DEFAULT_THRESHOLD_MA),
        (b"\0" * 4, b"\0" * 4, DEFAULT_THRESHOLD_MA),
        (record(0xFFFF), b"\xff" * 4, DEFAULT_THRESHOLD_MA),
        (b"\xff" * 4, record(3000), 3000),
        (record(2000), b"\0" * 4, 2000),
        (record(2000), record(3000), 2000),
        (record(2000)[:3] + b"\x55", record(3000), 3000),
        (record(2000)[:3] + b"\x55", record(3000)[:3] + b"\x55", DEFAULT_THRESHOLD_MA),
    ],
)
def test_a_corrupt_eeprom(power_on: PowerOn, first: bytes, second: bytes, expected: int) -> None:
    bench = power_on((first + second).ljust(256, b"\xff"))
    assert Requester(bench).read().threshold_ma == expected
    assert bench.gpsim.eeprom()[:8] == record(expected) * 2


@pytest.mark.parametrize("bit", range(32))
def test_every_flipped_bit_of_a_record_is_found(power_on: PowerOn, bit: int) -> None:
    damaged = bytearray(record(2000))
    damaged[bit // 8] ^= 1 << bit % 8
    bench = power_on((bytes(damaged) + record(3000)).ljust(256, b"\xff"))
    assert Requester(bench).read().threshold_ma == 3000


@pytest.mark.parametrize("written", range(9))
def test_a_power_cut_while_the_threshold_is_written(power_on: PowerOn, written: int) -> None:
    old, new = record(2000) * 2, record(3000) * 2
    bench = power_on((new[:written] + old[written:]).ljust(256, b"\xff"))
    assert Requester(bench).read().threshold_ma == (3000 if written >= 4 else 2000)


# Currents


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
@pytest.mark.parametrize("load_a", [0.2, 1.0, 4.0, 15.0])
def test_currents_are_measured_as_rms(bench: OutletBench, load_a: float, mains_hz: float) -> None:
    requester = with_socket_on(bench, 0, a=True, b=True)
    bench.mains_hz = mains_hz
    bench.load_a, bench.load_b = load_a, load_a / 2
    bench.advance(0.35)
    state = requester.read()
    assert state.current_a_ma == pytest.approx(1000 * load_a, rel=0.03, abs=20)
    assert state.current_b_ma == pytest.approx(500 * load_a, rel=0.03, abs=20)


def test_without_a_load_the_current_is_zero(bench: OutletBench) -> None:
    requester = with_socket_on(bench, 0, a=True)
    bench.advance(0.3)
    assert (requester.read().current_a_ma, requester.read().current_b_ma) == (0, 0)


def test_a_current_through_welded_contacts_is_reported(bench: OutletBench) -> None:
    bench.has_welded_contacts = True
    bench.load_a = 2.0
    bench.advance(0.35)
    state = Requester(bench).read()
    assert not state.relay_a
    assert state.current_a_ma == pytest.approx(2000, rel=0.03)


# Overload


def test_an_overload_trips_within_one_report_period_and_latches(bench: OutletBench) -> None:
    requester = with_socket_on(bench, 3000, a=True, b=True)
    bench.load_a, bench.load_b = 3.5, 2.5
    start = bench.now_s
    while bench.relays[0]:
        bench.advance(0.02)
        assert bench.now_s - start < REPORT_PERIOD_S
    assert bench.now_s - start > 0.3, "an inrush current must not trip"
    bench.advance(2.0)  # the events
    state = requester.read()
    assert (state.relay_a, state.trip_a, state.current_a_ma) == (False, True, OVERLOAD_MA)
    assert (state.relay_b, state.trip_b) == (True, False)
    assert state.current_b_ma == pytest.approx(2500, rel=0.03)
    assert requester.set_relays(a=False).trip_a, "switching off does not reset a trip"
    bench.load_a = 1.0
    state = requester.set_relays(a=True)
    assert (state.relay_a, state.trip_a) == (True, False)
    bench.advance(0.4)
    assert requester.read().current_a_ma == pytest.approx(1000, rel=0.03)


@pytest.mark.parametrize(("threshold_ma", "load_a"), [(3000, 2.9), (0, 16.0), (65534, 16.0)])
def test_no_trip_below_the_threshold_or_without_one(bench: OutletBench, threshold_ma: int, load_a: float) -> None:
    requester = with_socket_on(bench, threshold_ma, b=True)
    bench.load_b = load_a
    bench.advance(1.5)
    assert bench.relays == (False, True)
    assert not requester.read().trip_b


def test_an_inrush_current_does_not_trip(bench: OutletBench) -> None:
    with_socket_on(bench, 3000, a=True)
    for _ in range(3):
        bench.load_a = 12.0
        bench.advance(0.3)
        bench.load_a = 1.0
        bench.advance(0.3)
    assert bench.relays == (True, False)


def test_a_trip_counts_from_the_moment_of_switching_on(bench: OutletBench) -> None:
    requester = with_socket_on(bench, 3000, a=True)
    bench.load_a = 5.0
    for _ in range(3):
        bench.advance(0.12)
        requester.set_relays(a=True)
    assert bench.relays[0]
    bench.advance(0.7)
    assert not bench.relays[0]


def test_a_trip_sends_an_event_three_times(bench: OutletBench) -> None:
    with_socket_on(bench, 3000, a=True)
    bench.load_a = 5.0
    bench.advance(0.45)
    bench.fetch_sent()
    bench.advance(2.2)
    starts = [cycle for cycle, byte in bench.sent if byte == 0xA5]
    events = decode(bench.fetch_sent())
    assert [event.command for event in events] == [Opcode.EVENT] * 3
    assert len({event.sequence for event in events}) == 1
    assert State.decode(events[0].payload).trip_a
    pauses = [(late - early) / CYCLES_PER_S for early, late in pairwise(starts)]
    assert all(0.05 <= pause <= 0.55 for pause in pauses)


def test_an_acknowledged_event_is_not_repeated(bench: OutletBench) -> None:
    with_socket_on(bench, 3000, a=True)
    bench.load_a = 5.0
    bench.fetch_sent()
    while not (events := decode(bytes(byte for _, byte in bench.sent))):
        bench.advance(0.02)
        assert bench.now_s < 5.0
    bench.exchange(Frame(ADDRESS, CONTROLLER, events[0].sequence, Opcode.EVENT | 0x80).encode(), 0.05)
    bench.advance(2.0)
    assert decode(bench.fetch_sent()) == []


# Timing budget


def longest_cycles(bench: OutletBench, start: int, end: int, runs: int) -> int:
    """Return the longest time in cycles from one program address to another."""
    gpsim = bench.gpsim
    gpsim.command(f"break e {start}")
    gpsim.command(f"break e {end}")
    longest, entered = 0, 0
    for _ in range(runs):
        gpsim.run()
        if f"line_{start:04x}" in gpsim.stop:
            entered = gpsim.cycle
        elif entered and f"line_{end:04x}" in gpsim.stop:
            longest = max(longest, gpsim.cycle - entered)
            entered = 0
    return longest


def test_the_interrupt_routine_stays_within_its_budget(image: Image, bench: OutletBench) -> None:
    with_socket_on(bench, 0, a=True)
    bench.send(bytes(60))
    longest = longest_cycles(bench, 4, image.symbols["isr_end"], 1600)
    assert 100 < longest < 250  # of 780 cycles between two samples and 2080 per received byte


def test_the_measurement_stays_within_its_budget(image: Image, bench: OutletBench) -> None:
    with_socket_on(bench, 3000, a=True, b=True)
    bench.load_a, bench.load_b = 2.9, 2.8
    bench.advance(0.3)
    longest = longest_cycles(bench, image.symbols["measure"], image.symbols["refresh_pins"], 6)
    assert 2000 < longest < 10_000  # of 199,680 cycles per window; interrupts included
