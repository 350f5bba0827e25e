"""The dispatcher finds the cheapest mix within every limit."""

from itertools import product
import math
import random

import pytest

from custom_components.proof_of_heat.engine.allocation import DispatchRequest
from custom_components.proof_of_heat.engine.dispatch import dispatch
from custom_components.proof_of_heat.engine.operating_points import OFF, OperatingPoint, SourceOption, without_off

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

CASES = 1000
FINE = 30


def _random_case(rng: random.Random) -> tuple[list[SourceOption], DispatchRequest]:
    options = []
    for i in range(rng.randint(1, 3)):
        continuous = rng.random() < 0.5
        count = rng.randint(2, 4) if continuous else rng.randint(1, 4)
        heats = sorted(rng.uniform(500, 9000) for _ in range(count))
        cop = rng.uniform(0.9, 5)
        points = tuple(
            OperatingPoint(
                level=heat / heats[-1],
                heat_w=heat,
                power_w=heat / cop * rng.uniform(0.9, 1.1),
                other_cost_h=rng.choice([0.0, rng.uniform(-0.3, 0.8)]) * heat / 9000,
            )
            for heat in heats
        )
        options.append(
            SourceOption(
                source_id=f"s{i}",
                points=(OFF, *points),
                continuous=continuous,
                phase=rng.choice([None, 0, 1, 2]),
                now_on=rng.random() < 0.5,
                start_price=rng.choice([0.0, 0.02]),
            )
        )
    total = sum(option.points[-1].heat_w for option in options)
    request = DispatchRequest(
        heat_w=rng.uniform(0, total * 1.1),
        price_kwh=rng.uniform(0.05, 0.5),
        surplus_w=rng.choice([0.0, rng.uniform(0, 4000)]),
        over_price_kwh=0.02,
        site_w=rng.choice([math.inf, rng.uniform(1000, 8000)]),
        phase_w=(rng.choice([math.inf, 2500.0]), math.inf, math.inf),
    )
    return options, request


def _value(options: list[SourceOption], request: DispatchRequest, points: tuple[OperatingPoint, ...]) -> float:
    """Money per hour of a choice, infinite where it breaks a limit; written apart from the product's sum."""
    heat, power = sum(p.heat_w for p in points), sum(p.power_w for p in points)
    phases = [0.0, 0.0, 0.0]
    for option, point in zip(options, points, strict=True):
        for phase in range(3):
            if option.phase is None:
                phases[phase] += point.power_w / 3
            elif option.phase == phase:
                phases[phase] += point.power_w
    if power > request.site_w + 1e-6 or any(p > limit + 1e-6 for p, limit in zip(phases, request.phase_w, strict=True)):
        return math.inf
    bought, own = max(0.0, power - request.surplus_w), min(power, request.surplus_w)
    money = (bought * request.price_kwh + own * request.surplus_price_kwh) / 1000
    money += max(0.0, request.heat_w - heat) / 1000 * request.short_price_kwh
    money += max(0.0, heat - request.heat_w) / 1000 * request.over_price_kwh
    for option, point in zip(options, points, strict=True):
        money += point.other_cost_h
        money += option.start_price if (point.level > 0) != option.now_on else 0.0
    return money


def _all_points(option: SourceOption) -> list[OperatingPoint]:
    if not option.continuous:
        return list(option.points)
    found = [option.points[0], *option.points[1:]]
    for low, high in zip(option.points[1:], option.points[2:], strict=False):
        for k in range(1, FINE):
            s = k / FINE
            found.append(
                OperatingPoint(
                    low.level + s * (high.level - low.level),
                    low.heat_w + s * (high.heat_w - low.heat_w),
                    low.power_w + s * (high.power_w - low.power_w),
                    low.other_cost_h + s * (high.other_cost_h - low.other_cost_h),
                )
            )
    return found


def test_dispatch_is_within_one_percent_of_exact_enumeration() -> None:
    rng = random.Random(20261121)
    for case in range(CASES):
        options, request = _random_case(rng)
        tables = [_all_points(option) for option in options]
        while math.prod(len(table) for table in tables) > 4_000:
            tables = [table if len(table) < 20 else table[:1] + table[1::3] for table in tables]
        best = min(_value(options, request, points) for points in product(*tables))
        found = dispatch(options, request)
        value = _value(options, request, found.points)
        assert value <= best + 0.01 * abs(best) + 1e-3, f"case {case}: {value} against {best}"


def test_miner_heats_first_where_its_revenue_beats_the_heat_pump() -> None:
    miner = SourceOption("miner", (OFF, OperatingPoint(1.0, 3000, 3000, -0.54)))
    pump = SourceOption("pump", (OFF, OperatingPoint(1.0, 9000, 3000)), continuous=True)
    found = dispatch([miner, pump], DispatchRequest(heat_w=3000, price_kwh=0.25))
    assert found.points[0].level == 1.0
    assert found.points[1] is OFF


def test_heat_pump_heats_first_where_mining_pays_little() -> None:
    miner = SourceOption("miner", (OFF, OperatingPoint(1.0, 3000, 3000, -0.15)))
    pump = SourceOption(
        "pump", (OFF, OperatingPoint(0.3, 3000, 1000), OperatingPoint(1.0, 9000, 3000)), continuous=True
    )
    found = dispatch([miner, pump], DispatchRequest(heat_w=3000, price_kwh=0.25))
    assert found.points[0] is OFF
    assert found.heat_w == pytest.approx(3000)


def test_own_surplus_is_used_before_fuel() -> None:
    boiler = SourceOption("boiler", (OFF, OperatingPoint(1.0, 4000, 50, 0.4)))
    heater = SourceOption(
        "heater", (OFF, OperatingPoint(0.1, 400, 400), OperatingPoint(1.0, 4000, 4000)), continuous=True
    )
    with_sun = dispatch([boiler, heater], DispatchRequest(heat_w=4000, price_kwh=0.3, surplus_w=4500))
    without = dispatch([boiler, heater], DispatchRequest(heat_w=4000, price_kwh=0.3))
    assert [point.level > 0 for point in with_sun.points] == [False, True]
    assert [point.level > 0 for point in without.points] == [True, False]


def test_the_site_limit_restricts_heat_and_is_reported() -> None:
    heater = SourceOption(
        "heater", (OFF, OperatingPoint(0.1, 500, 500), OperatingPoint(1.0, 5000, 5000)), continuous=True
    )
    found = dispatch([heater], DispatchRequest(heat_w=5000, price_kwh=0.3, site_w=2200))
    assert found.power_w == pytest.approx(2200)
    assert found.limited
    assert found.short_w == pytest.approx(2800)


def test_a_source_that_must_run_runs_at_its_least_even_above_the_limit() -> None:
    heater = without_off(
        SourceOption("heater", (OFF, OperatingPoint(0.4, 2000, 2000), OperatingPoint(1.0, 5000, 5000)))
    )
    found = dispatch([heater], DispatchRequest(heat_w=0, price_kwh=0.3, site_w=1000))
    assert found.power_w == 2000


def test_nothing_runs_without_demand_and_revenue() -> None:
    found = dispatch(
        [SourceOption("pump", (OFF, OperatingPoint(1.0, 9000, 3000)))], DispatchRequest(heat_w=0, price_kwh=0.25)
    )
    assert found.heat_w == 0


def test_no_sources_at_all_is_an_empty_choice() -> None:
    found = dispatch([], DispatchRequest(heat_w=1000, price_kwh=0.25))
    assert found.points == ()
    assert found.short_w == 1000


def test_many_sources_are_pruned_but_still_used() -> None:
    options = [
        SourceOption(f"m{i}", (OFF, *(OperatingPoint(k / 8, 300 * k, 300 * k, -0.01 * i * k) for k in range(1, 9))))
        for i in range(8)
    ]
    found = dispatch(options, DispatchRequest(heat_w=9000, price_kwh=0.2))
    assert found.heat_w == pytest.approx(9000, rel=0.03)
