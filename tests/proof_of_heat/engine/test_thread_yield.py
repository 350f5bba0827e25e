"""Learning leaves the interpreter and the cores to others."""

from collections.abc import Iterator
import math
from pathlib import Path
import threading
import tracemalloc

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import blas_threads
from custom_components.proof_of_heat.engine.blas_threads import libraries, one_thread, paths_in
from custom_components.proof_of_heat.engine.jobs import learning
from custom_components.proof_of_heat.engine.learning import learn
from custom_components.proof_of_heat.engine.model.history import History, Row
from custom_components.proof_of_heat.engine.thread_yield import PAUSE_S, ThreadYield

from .homes import Home

DAYS = 60


@pytest.fixture(scope="module")
def history() -> History:
    """Two months of a home with a heat pump that is on or off."""
    home, found, on = Home(), History(), False
    for step in range(DAYS * 96):
        on = home.air_c < 20.6 if not on else home.air_c < 21.4
        home.run(1.0 if on else 0.0, 900)
        flow_c = 35.0 if on else math.nan
        row = Row(
            time_s=900.0 * step,
            room_c=home.air_c,
            outdoor_c=home.outdoor_c,
            solar_w_m2=0.0,
            people=0.0,
            heat_w=home.heat_w,
            power_w=home.power_w,
            level=float(on),
            water_c=flow_c - 2.0,
            flow_c=flow_c,
            pump_heat_w=home.heat_w,
        )
        found.add(row)
    return found


class FakeClock:
    """A clock that passes 0.1 ms with each look at it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        self.now_s += 1e-4
        return self.now_s

    def pause(self, seconds: float) -> None:
        self.pauses.append(self.now_s)
        self.now_s += seconds


def test_a_pause_follows_each_slice() -> None:
    clock = FakeClock()
    yield_thread = ThreadYield(0.001, clock=clock, pause=clock.pause)
    for _ in range(100):
        yield_thread()
    assert yield_thread.slices == len(clock.pauses) == pytest.approx(10, abs=1)
    assert min(np.diff(clock.pauses)) >= 0.001 + PAUSE_S


@pytest.mark.slow
def test_no_piece_of_learning_from_two_months_is_long(history: History) -> None:
    """Counted, not timed: between two yields at most a few hundred steps are simulated."""
    calls = 0

    def yield_thread() -> None:
        nonlocal calls
        calls += 1

    learned = learn(history.series_later(yield_thread)(), None, 0.8, None, yield_thread)
    assert learned.fitted.steps == 14 * 96, "the house of the last two weeks"
    assert learned.pump is not None
    assert learned.pump.samples > 14 * 96, "the performance map of two months"
    assert calls > 1000


def test_learning_from_two_months_needs_little_memory(history: History) -> None:
    job = learning(history, None, 0.8, {})
    tracemalloc.start()
    try:
        assert job().learned is not None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60e6


def test_history_holds_two_months_and_restores_them(history: History) -> None:
    assert history.hours == DAYS * 24
    again = History()
    again.restore([[None if math.isnan(value) else value for value in row] for row in history.dump()])
    assert again.dump()[-1][:8] == history.dump()[-1][:8]
    assert again.hours == DAYS * 24


def test_threads_of_the_matrix_library_are_limited_while_learning(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, seen = [4], []

    def limit(count: int) -> None:
        threads[0] = count

    def learned(*_: object) -> None:
        seen.append(threads[0])

    monkeypatch.setattr(blas_threads, "libraries", lambda: ((lambda: threads[0], limit),))
    monkeypatch.setattr("custom_components.proof_of_heat.engine.jobs.learn", learned)
    learning(history, None, 0.8, {})()
    assert seen == [1]
    assert threads == [4], "others have their threads again"


def test_limit_lasts_until_the_last_of_several_jobs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = [8]

    def limit(count: int) -> None:
        threads[0] = count

    monkeypatch.setattr(blas_threads, "libraries", lambda: ((lambda: threads[0], limit),))
    first, second = one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert threads == [1]
    second.__exit__(None, None, None)
    assert threads == [8]


def test_limit_is_removed_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = [8]

    def limit(count: int) -> None:
        threads[0] = count

    monkeypatch.setattr(blas_threads, "libraries", lambda: ((lambda: threads[0], limit),))
    with pytest.raises(ValueError, match="too short"), one_thread():
        raise ValueError("too short")
    assert threads == [8]


@pytest.fixture
def uncached() -> Iterator[None]:
    libraries.cache_clear()
    yield
    libraries.cache_clear()


@pytest.mark.usefixtures("uncached")
def test_the_loaded_library_of_numpy_is_found() -> None:
    np.ones((4, 4)) @ np.ones((4, 4))
    (first, *_) = libraries()
    before = first[0]()
    with one_thread():
        assert first[0]() == 1
    assert first[0]() == before >= 1


@pytest.mark.usefixtures("uncached")
def test_system_without_a_memory_map_has_no_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(blas_threads, "_MAPS", tmp_path / "absent")
    assert libraries() == ()
    with one_thread():
        assert threading.active_count() >= 1


@pytest.mark.usefixtures("uncached")
def test_library_that_cannot_be_opened_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (maps := tmp_path / "maps").write_text(
        f"7f-80 r-xp 0 0 1 {tmp_path}/libopenblas.so.3\n7f-80 r-xp 0 0 1 /lib/x86_64-linux-gnu/libc.so.6\n"
    )
    monkeypatch.setattr(blas_threads, "_MAPS", maps)
    assert libraries() == ()
    (tmp_path / "libopenblas.so.3").symlink_to("/proc/self/exe")
    libraries.cache_clear()
    assert libraries() == ()


def test_matrix_libraries_in_a_memory_map() -> None:
    maps = """55d0-55d1 r--p 00000000 08:01 1 /usr/bin/python3.14
7f01-7f02 r-xp 00001000 08:01 2 /venv/numpy.libs/libscipy_openblas64_-8fb3d286.so
7f02-7f03 rw-p 00001000 08:01 2 /venv/numpy.libs/libscipy_openblas64_-8fb3d286.so
7f03-7f04 r-xp 00001000 08:01 3 /opt/openblas/bin/helper
7f05-7f06 r-xp 00001000 08:01 4 /usr/lib/libopenblas.so.3
7f07-7f08 rw-p 00000000 00:00 0
"""
    assert paths_in(maps) == ["/usr/lib/libopenblas.so.3", "/venv/numpy.libs/libscipy_openblas64_-8fb3d286.so"]
