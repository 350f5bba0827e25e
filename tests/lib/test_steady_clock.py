"""A clock that does not jump."""

from collections.abc import Callable
import time

import pytest

from lib.steady_clock import SteadyClock


@pytest.fixture
def clocks() -> tuple[SteadyClock, Callable[[float, float], None]]:
    """A steady clock, and what moves the wall clock and the monotonic one."""
    now = {"wall": 1_700_000_000.0, "monotonic": 50.0}

    def move(wall_s: float, monotonic_s: float) -> None:
        now["wall"] += wall_s
        now["monotonic"] += monotonic_s

    return SteadyClock(lambda: now["wall"], lambda: now["monotonic"]), move


def test_a_changed_system_time_does_not_move_the_steady_clock(
    clocks: tuple[SteadyClock, Callable[[float, float], None]],
) -> None:
    clock, move = clocks
    assert clock() == 1_700_000_000.0
    move(86_400.0, 0.0)
    assert clock() == 1_700_000_000.0
    move(10.0, 10.0)
    assert clock() == 1_700_000_010.0


def test_times_are_stored_in_wall_clock_time(clocks: tuple[SteadyClock, Callable[[float, float], None]]) -> None:
    clock, move = clocks
    deadline = clock() + 60
    move(3600.0, 0.0)
    assert clock.to_wall(deadline) == 1_700_003_660.0
    assert clock.from_wall(1_700_003_660.0) == deadline


def test_the_system_clocks_are_the_default() -> None:
    clock = SteadyClock()
    assert clock.to_wall(clock()) == pytest.approx(time.time(), abs=5)
