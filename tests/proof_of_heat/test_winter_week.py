"""A winter week in Home Assistant: miner, heat pump and boiler on their wires, under a dynamic tariff."""

from copy import copy
from datetime import datetime

import pytest

from .winter import COMFORT, Bill, Winter, stored_kwh, target, thermostat_week

WARM_UP_DAYS = 2
DAYS = 7
STEP_S = 450.0
"""Fewer cycles than in a home: control that decides twice in a row of the history has to be cheaper all the same."""


def reference_setpoint(when: datetime) -> float:
    """Of the engine's reference control: comfort + 0.2 K, set back by 0.5 K, on the lower edge of the band."""
    lower = target(when) - 0.3
    return lower + 0.2 if target(when) == COMFORT else COMFORT - 0.3 - 0.5


@pytest.mark.slow
@pytest.mark.timeout(2400)
async def test_a_winter_week_is_cheaper_than_its_own_reference_control(winter: Winter) -> None:
    steps = round(86400 / STEP_S)
    for _ in range(WARM_UP_DAYS * steps):
        await winter.step(STEP_S)
    print(f"\nafter the warm-up: {winter.bill}")
    twin, programmed = copy(winter.home.house), copy(winter.home.house)
    twin.water_w = programmed.water_w = 0.0
    begin_kwh = stored_kwh(twin)
    winter.bill = Bill()
    bills: dict[int, tuple[float, float]] = {}
    for day in range(DAYS):
        before = winter.bill.cost, winter.bill.electricity_kwh
        number = int((winter.now.timestamp() + 3600 + STEP_S) // 86400)  # of the local day
        for _ in range(steps):
            await winter.step(STEP_S)
        bills[number] = winter.bill.cost - before[0], winter.bill.electricity_kwh - before[1]
        print(f"day {day + 1}: {winter.bill}", flush=True)
    own = winter.bill
    reference, reference_house = thermostat_week(twin, DAYS, reference_setpoint)
    plain, plain_house = thermostat_week(programmed, DAYS, target)
    price = reference.cost / reference.heat_kwh["heat pump"]
    left = stored_kwh(winter.home.house) - begin_kwh
    own_cost = own.cost - price * left
    reference_cost = reference.cost - price * (stored_kwh(reference_house) - begin_kwh)
    plain_cost = plain.cost - price * (stored_kwh(plain_house) - begin_kwh)
    saved = 100 * (1 - own_cost / reference_cost)
    engine, proof = winter.system.engine, winter.system.engine.savings_report()
    print(f"\nours:       {own}\nreference:  {reference}\nby the clock: {plain}")
    print(f"heat left counted: ours {own_cost:.2f}, reference {reference_cost:.2f}, by the clock {plain_cost:.2f}")
    print(f"saved {saved:.1f} %; proof {proof}; errors {engine.learned and engine.learned.errors_k}")
    print(f"calls of the heat pump's cloud: {winter.cloud.total_calls}, over the limit: {winter.cloud.over_limit}")
    assert own_cost < reference_cost
    assert own.below_kh <= reference.below_kh
    assert engine.predicting
    assert proof is not None
    assert not proof.estimated
    found = [day for day in engine.savings.days if day.steps >= 95 and day.day in bills]
    print([(day.day, day.steps, round(day.cost, 2), round(day.energy_kwh, 1), bills[day.day]) for day in found])
    assert len(found) >= DAYS - 1
    assert sum(day.cost for day in found) == pytest.approx(sum(bills[day.day][0] for day in found), rel=0.05)
    assert sum(day.energy_kwh for day in found) == pytest.approx(sum(bills[day.day][1] for day in found), rel=0.05)
    assert winter.cloud.over_limit == 0
