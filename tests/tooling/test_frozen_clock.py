"""The frozen clock of the tests shows what that of freezegun would."""

import time
from typing import Any

from freezegun import freeze_time
import pytest

from tests import frozen_clock


@pytest.mark.parametrize("moved_s", [0.0, 0.25, 61.0, 86_400.0])
def test_it_moves_when_the_frozen_time_is_moved(moved_s: float) -> None:
    with freeze_time("2027-01-04 23:00:00.5") as clock:
        assert time.monotonic() == 1_799_103_600.5
        clock.tick(moved_s or 1e-6)
        assert time.monotonic() == pytest.approx(1_799_103_600.5 + moved_s, abs=1e-5)
        clock.move_to("2027-01-01")
        assert time.monotonic() == 1_798_761_600.0


@pytest.mark.parametrize(
    ("module", "levels", "real"),
    [
        ("threading", 0, True),
        ("threading", 3, True),
        ("threading", 4, False),
        ("threading.inner", 0, True),
        ("tests.other", 0, False),
    ],
)
def test_callers_that_freezegun_ignores_have_the_real_time(module: str, levels: int, *, real: bool) -> None:
    """Of the five nearest callers."""
    names: dict[str, Any] = {"__name__": module}
    exec("def call(function, *arguments): return function(*arguments)", names)  # noqa: S102 - of another module

    def called(more: int) -> float:
        return called(more - 1) if more else time.monotonic()

    began = time.monotonic()
    with freeze_time("2027-01-04"):
        read = names["call"](called, levels)
    assert (began <= read <= time.monotonic()) is real


def test_after_the_end_of_the_frozen_time_the_clock_is_real() -> None:
    with freeze_time("2027-01-04"):
        pass
    assert frozen_clock._should_use_real_time()
