"""Every displayed number in a home with three simulated machines is true, or marked as an estimate or unknown."""

import pytest

from .shown import HOURS, RECENT, STEPS, World
from .winter import Winter

COMPARED = ("price", "outdoor", "miner", "pump", "power")
"""What is shown as measured or counted."""


@pytest.mark.slow
@pytest.mark.parametrize("counter_digits", [1, 3])
@pytest.mark.timeout(600)
async def test_every_number_is_true_or_marked(winter: Winter, counter_digits: int) -> None:
    """With counters in steps of 0.1 kWh, as most pumps have, the heat is an estimate; with finer ones it is counted."""
    winter.cloud.pump.counter_digits = counter_digits
    world, wrong = World(winter), []
    begin: dict[str, tuple[float, float]] = {}
    for step in range(HOURS * STEPS):
        await world.step()
        if step < RECENT:
            continue
        winter.system.user_changes.notify()  # what is shown now, not what was published last
        wrong += [f"{step}: {fault}" for fault in world.faults()]
        if step == STEPS:
            await world.publish()
            begin = world.totals()
    assert not wrong, "\n".join(wrong[:10])
    await world.publish()
    for name, (shown, true) in world.totals().items():
        begin_shown, begin_true = begin[name]
        assert shown - begin_shown == pytest.approx(true - begin_true, rel=0.05, abs=0.05), name
    # A test in which everything is marked would show nothing.
    compared = (*COMPARED, "heat", "cost", "pump_price") if counter_digits > 1 else COMPARED
    assert {name: world.unmarked[name] for name in compared if world.unmarked[name] <= STEPS} == {}
    print(world.summary())
