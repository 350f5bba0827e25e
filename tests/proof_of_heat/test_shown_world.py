"""Every number that is shown, in a home with three simulated machines: true, or marked as an estimate or unknown."""

import pytest

from .shown import HOURS, RECENT, STEPS, World
from .winter import Winter


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_every_number_is_true_or_marked(winter: Winter) -> None:
    world, wrong = World(winter), []
    begin: dict[str, tuple[float, float]] = {}
    for step in range(HOURS * STEPS):
        await world.step()
        if step < RECENT:
            continue
        winter.system.user_changes.notify()  # what is shown now, not what was published last
        wrong += [f"{step}: {fault}" for fault in world.faults()]
        if step == STEPS:
            begin = world.totals()
    assert not wrong, "\n".join(wrong[:10])
    for name, (shown, true) in world.totals().items():
        begin_shown, begin_true = begin[name]
        assert shown - begin_shown == pytest.approx(
            true - begin_true, rel=0.05, abs=0.25 if name != "cost" else 0.05
        ), name
    # A test in which everything is marked would show nothing.
    assert all(world.unmarked[name] > STEPS for name in ("price", "outdoor", "miner", "pump", "power"))
