"""Silence counts only while Home Assistant could receive calls: restarts, pauses and clock steps change no verdict."""

from math import inf

from hypothesis import given, strategies as st

from lib.listening import MAX_PAUSE_S, Listening

CHECK_S = 10.0
LIMIT_S = 180.0
EVENTS = st.lists(
    st.tuples(st.sampled_from(["run", "restart", "blocked", "not listening"]), st.floats(1, 4000)), max_size=12
)


@given(EVENTS, st.floats(30, 60), st.floats(0, 60))
def test_a_healthy_controller_is_never_silent_for_long(
    events: list[tuple[str, float]], interval_s: float, phase_s: float
) -> None:
    now, next_call, heard = 1000.0, 1000.0 + phase_s, None
    listening = Listening()

    def calls(until: float, *, are_heard: bool) -> None:
        nonlocal next_call, heard
        while next_call <= until:
            if are_heard:
                heard = next_call
            next_call += interval_s

    for event, length_s in events:
        end = now + length_s
        match event:
            case "restart":
                calls(end, are_heard=False)
                listening, heard = Listening(), None
            case "blocked":
                calls(end, are_heard=False)
                now = end
                listening.check(now)
                for _ in range(6):
                    now += CHECK_S
                    calls(now, are_heard=True)
                    listening.check(now)
                end = now
            case "run" | "not listening":
                while now < end:
                    now += CHECK_S
                    calls(now, are_heard=event == "run")
                    listening.check(now, is_listening=event == "run")
                    assert listening.silence_s(heard, now) <= interval_s + CHECK_S + MAX_PAUSE_S
        now = max(now, end)
        listening.check(now)
        assert listening.silence_s(heard, now) <= interval_s + CHECK_S + MAX_PAUSE_S


@given(st.floats(0, 1000), st.booleans())
def test_a_dead_controller_is_noticed_while_home_assistant_listens(died_s: float, was_heard: bool) -> None:
    listening, now = Listening(), 0.0
    heard = died_s if was_heard else None
    while now < died_s + LIMIT_S + CHECK_S:
        listening.check(now)
        now += CHECK_S
    assert listening.silence_s(heard, now) > LIMIT_S


@given(st.lists(st.floats(MAX_PAUSE_S, 40_000), min_size=2, max_size=3))
def test_pauses_one_after_another_are_not_silence(pauses_s: list[float]) -> None:
    listening, now = Listening(), 0.0
    listening.check(now)
    for pause_s in pauses_s:
        now += pause_s
        listening.check(now)
    assert listening.silence_s(0.0, now) <= (len(pauses_s) - 1) * MAX_PAUSE_S + 1e-6


@given(st.floats(MAX_PAUSE_S, 4000))
def test_where_every_check_is_late_a_dead_controller_is_noticed(interval_s: float) -> None:
    listening = Listening()
    for number in range(round(LIMIT_S / MAX_PAUSE_S) + 3):
        listening.check(number * interval_s)
    assert listening.silence_s(0.0, number * interval_s) > LIMIT_S


def test_a_clock_set_back_begins_the_time_again() -> None:
    listening = Listening()
    for now_s in (1000, 1100, 400, 410):
        listening.check(now_s)
    assert (listening.since_s, listening.silence_s(None, 410)) == (400, 10)


def test_before_the_start_nothing_is_silent() -> None:
    listening = Listening()
    assert (listening.since_s, listening.silence_s(None, 5000)) == (inf, 0)
    listening.check(5000, is_listening=False)
    assert listening.silence_s(0, 9000) == 0


def test_a_pause_is_a_gap_once() -> None:
    listening = Listening(max_pause_s=10)
    assert listening.gap_s(100) == 0, "nothing was checked before"
    assert (listening.silence_s(None, 100), listening.silence_s(40, 100)) == (0, 60)
    listening.check(100)
    assert [listening.gap_s(now) for now in (101, 109.9, 110, 400, 90)] == [0, 0, 10, 300, -10]
    listening.restart(400)
    assert (listening.gap_s(401), listening.since_s) == (0, 400)
    assert (listening.silence_s(99, 405), listening.silence_s(None, 405)) == (5, 5)


def test_a_gap_while_calls_are_not_accepted_begins_nothing() -> None:
    listening = Listening(max_pause_s=10)
    listening.check(0, is_listening=False)
    listening.restart(500)
    assert (listening.since_s, listening.silence_s(0, 900)) == (inf, 0)
    listening.check(501)
    assert listening.silence_s(0, 511) == 10
