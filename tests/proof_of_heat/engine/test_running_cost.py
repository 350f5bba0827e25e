"""What heating costs now: measured, where sources measure."""

from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import (
    ComfortBand,
    SensorReading,
    Snapshot,
    SourceConfig,
    SourceKind,
    SourceShare,
    SourceSnapshot,
    Steering,
)
from custom_components.proof_of_heat.engine.arrays import Array
from custom_components.proof_of_heat.engine.delivery import Delivery, delivery
from custom_components.proof_of_heat.engine.running_cost import RunningCost, RunningCostMeter, cost_of, running_cost

from .homes import Home, new_engine, snapshot as home_snapshot

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

PUMP = SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP, steering=Steering.LEVEL)
BOILER = SourceConfig(source_id="boiler", kind=SourceKind.BOILER, fuel_kwh_price=0.1, efficiency=0.8)
MINER = SourceConfig(source_id="miner", kind=SourceKind.MINER, efficiency_j_th=(25.0,), pool_fee=0.0)
CONFIGS = {config.source_id: config for config in (PUMP, BOILER, MINER)}


def now(*sources: SourceSnapshot, surplus_w: float = 0.0, price: float = 0.3, hashprice: float = 50.0) -> Snapshot:
    flat: Array = np.zeros(1)
    return Snapshot(
        now_s=0.0,
        local_s=0.0,
        zones=(),
        outdoor=SensorReading(0.0),
        band=ComfortBand(flat, flat),
        sources=sources,
        price_kwh=price,
        surplus_w=surplus_w,
        hashprice_ph_day=hashprice,
    )


def reading(source_id: str, power_w: float = math.nan, heat_w: float = math.nan) -> SourceSnapshot:
    return SourceSnapshot(source_id=source_id, on=True, power_w=power_w, heat_w=heat_w)


def test_electricity_fuel_and_revenue() -> None:
    found = running_cost(
        CONFIGS, now(reading("pump", 2000), reading("boiler", 100, 4000), reading("miner", 3000)), 0.0, {}
    )
    mined = 3.0 * 50 * 3.6e6 / 25 / 86.4e6
    assert found.power_w == 5100
    assert found.cost_h == pytest.approx(5.1 * 0.3 + 4 * 0.1 / 0.8 - mined)


def test_own_surplus_is_free_and_an_unknown_price_is_a_usual_one() -> None:
    assert running_cost(CONFIGS, now(reading("pump", 2000), surplus_w=1500), 0.0, {}).cost_h == pytest.approx(0.15)
    assert running_cost(CONFIGS, now(reading("pump", 2000), surplus_w=9000), 0.0, {}).cost_h == 0
    assert running_cost(CONFIGS, now(reading("pump", 2000), price=math.nan), 0.0, {}).cost_h == pytest.approx(0.5)


def test_source_that_does_not_measure_counts_as_decided() -> None:
    decided = {"pump": SourceShare("pump", 6000.0, 1800.0, 0.1)}
    assert running_cost(CONFIGS, now(reading("pump")), 0.0, decided).power_w == 1800
    assert running_cost(CONFIGS, now(reading("pump", 500)), 0.0, decided).power_w == 500
    assert running_cost(CONFIGS, now(reading("pump")), 0.0, {}).power_w == 0
    assert running_cost(CONFIGS, now(reading("stranger", 500)), 0.0, {}) == RunningCost()


def test_mean_between_two_rows() -> None:
    meter = RunningCostMeter()
    meter.add(RunningCost(1.0, 1000.0), 600)
    meter.add(RunningCost(0.0, 0.0), 300)
    assert meter.take() == RunningCost(pytest.approx(2 / 3), pytest.approx(2000 / 3))
    assert meter.take() == RunningCost()


def test_savings_are_not_counted_while_control_is_off() -> None:
    engine, home = new_engine(), Home()
    for step in range(5 * 96):
        seen = home_snapshot(home, active=step >= 2 * 96)
        engine.observe(seen)
        while (job := engine.job(seen)) is not None:
            engine.adopt(job())
        command = engine.decide(seen).command("pump")
        home.run(command.level if command.on and not command.hold else 0.0, 900)
        if step == 2 * 96 - 1:
            assert engine.savings.days == []
    assert 2 <= len(engine.savings.days) <= 3, "its first day settles"


@pytest.mark.parametrize(("rate_ths", "share"), [(120.0, 1.0), (60.0, 0.5), (0.0, 0.0)])
def test_revenue_is_that_of_the_reported_hash_rate(rate_ths: float, share: float) -> None:
    """A miner that starts, or runs less efficiently than usual, earns what it hashes."""
    mining = replace(reading("miner", 3000), hashrate_ths=rate_ths)
    found = running_cost(CONFIGS, now(mining), 0.0, {})
    assert found.cost_h == pytest.approx(3 * 0.3 - share * 3.0 * 50 * 3.6e6 / 25 / 86.4e6)


@pytest.mark.parametrize(("estimated_s", "marked"), [(0.0, False), (60.0, False), (120.0, True), (900.0, True)])
def test_a_mean_is_an_estimate_if_a_tenth_of_it_is_one(estimated_s: float, marked: bool) -> None:
    meter = RunningCostMeter()
    meter.add(RunningCost(1.0, 1000.0), 900.0 - estimated_s)
    meter.add(RunningCost(1.0, 1000.0, estimated=True), estimated_s)
    assert meter.take().estimated is marked
    assert meter.take() == RunningCost()


def test_consumption_has_the_price_of_the_time_in_which_it_was_consumed() -> None:
    meter = RunningCostMeter()
    prices = [meter.since_last(now(price=price), Delivery())[0].price_kwh for price in (0.1, 0.3, math.nan, 0.2, 0.4)]
    assert prices[:3] == [0.1, 0.1, 0.3]
    assert prices[3:] == [0.2, 0.2], "unknown: the present one"


def test_between_two_moments_means_apply() -> None:
    """A miner that starts: neither the power before nor the hash rate after applied all the time."""
    meter = RunningCostMeter()
    before = now(replace(reading("miner", 0.0), hashrate_ths=0.0), surplus_w=1000.0)
    after = now(replace(reading("miner", 3000.0), hashrate_ths=120.0), surplus_w=0.0)
    first, _ = meter.since_last(before, delivery(CONFIGS, before, 0.0, {}))
    assert first == before
    meanwhile, mean = meter.since_last(after, delivery(CONFIGS, after, 0.0, {}))
    found = cost_of(mean, CONFIGS, meanwhile)
    assert found.power_w == 1500
    assert found.cost_h == pytest.approx(1.0 * 0.3 - 0.060 * 50 / 24)
    unknown, _ = meter.since_last(now(replace(reading("miner"), hashrate_ths=math.nan)), mean)
    assert math.isnan(unknown.sources[0].hashrate_ths)


def test_an_assumed_price_is_assumed_for_the_time_in_which_it_applied() -> None:
    meter = RunningCostMeter()
    assumed = replace(now(reading("pump", 1000)), price_assumed=True)
    meter.since_last(assumed, delivery(CONFIGS, assumed, 0.0, {}))
    known = now(reading("pump", 1000))
    meanwhile, mean = meter.since_last(known, delivery(CONFIGS, known, 0.0, {}))
    assert cost_of(mean, CONFIGS, meanwhile).estimated
    meanwhile, mean = meter.since_last(known, delivery(CONFIGS, known, 0.0, {}))
    assert not cost_of(mean, CONFIGS, meanwhile).estimated
