"""What sources do now: measured before counted, counted before commanded; estimates are marked, unknown is unknown."""

from dataclasses import replace
import math
from typing import Any

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
from custom_components.proof_of_heat.engine.delivery import Amount, Delivery, SourceDelivery, delivery, mean_delivery
from custom_components.proof_of_heat.engine.running_cost import cost_of

PUMP = SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP, steering=Steering.LEVEL, nominal_heat_w=8000.0)
BOILER = SourceConfig(source_id="boiler", kind=SourceKind.BOILER, fuel_kwh_price=0.1, efficiency=0.8)
PUMPED_BOILER = replace(BOILER, nominal_power_w=100.0, nominal_heat_w=10_000.0)
MINER = SourceConfig(source_id="miner", kind=SourceKind.MINER, efficiency=0.95, nominal_power_w=3000.0)
HEATER = SourceConfig(source_id="heater", kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=2000.0)


def one(config: SourceConfig, *, active: bool = True, decided: bool = True, **reading: Any) -> SourceDelivery:
    snapshot = Snapshot(
        now_s=0.0,
        local_s=0.0,
        zones=(),
        outdoor=SensorReading(0.0),
        band=ComfortBand(np.zeros(1), np.zeros(1)),
        sources=(SourceSnapshot(source_id=config.source_id, **{"on": True, **reading}),),
        active=active,
    )
    shares = {config.source_id: SourceShare(config.source_id, 8000.0, 2667.0, 0.08)} if decided else {}
    found = delivery({config.source_id: config}, snapshot, 0.0, shares).of(config.source_id)
    assert found is not None
    return found


def is_same(amount: Amount, watts: float, *, estimated: bool) -> bool:
    return amount.watts == pytest.approx(watts, nan_ok=True) and amount.estimated is estimated


@pytest.mark.parametrize(
    ("reading", "watts", "estimated"),
    [
        ({"power_w": 92.0}, 92.0, False),
        ({"power_w": 92.0, "counted_w": 400.0, "counts": True}, 92.0, False),
        ({"power_w": 2500.0, "power_estimated": True}, 2500.0, True),
        ({"power_w": 2500.0, "power_estimated": True, "counted_w": 92.0, "counts": True}, 92.0, True),
        ({"counted_w": 500.0, "counted_enough": True, "counts": True}, 500.0, False),
        ({"counts": True}, math.nan, True),
        ({}, 2667.0, True),
        ({"on": False}, 0.0, False),
    ],
)
def test_power_is_measured_then_counted_then_commanded(reading: dict[str, Any], watts: float, estimated: bool) -> None:
    assert is_same(one(PUMP, **reading).power, watts, estimated=estimated)


TINY = SourceConfig(source_id="tiny", kind=SourceKind.MINER, nominal_power_w=17.0, nominal_heat_w=17.0)


@pytest.mark.parametrize(
    ("config", "reading", "heats_home"),
    [
        (TINY, {"power_w": 17.0, "heat_w": 17.0}, False),
        (TINY, {"power_w": 100.0, "heat_w": 100.0}, True),
        (MINER, {"power_w": 3000.0}, True),
        (PUMP, {"power_w": 900.0, "heat_w": 0.0, "running": True}, True),
        (BOILER, {"running": True}, True),
    ],
)
def test_a_source_of_a_few_watts_runs_and_does_not_heat_the_home(
    config: SourceConfig, reading: dict[str, Any], heats_home: bool
) -> None:
    found = one(config, **reading)
    assert found.is_heating
    assert found.heats_home is heats_home
    assert Delivery((found,)).is_heating is heats_home


def test_nothing_is_commanded_while_control_is_off() -> None:
    off = one(PUMP, active=False)
    assert not off.power.known
    assert not off.heat.known
    assert not off.is_heating


def test_a_commanded_pump_that_idles_does_not_heat() -> None:
    """While a pump is measured at 8 kW of commanded heat, it may draw 92 W for half an hour."""
    idle = one(PUMP, power_w=92.0)
    assert not idle.is_heating
    assert idle.heat.watts < 500
    assert idle.heat.estimated
    assert is_same(one(PUMP, power_w=92.0, running=False).heat, 0.0, estimated=False)
    assert not one(PUMP, power_w=900.0, running=False).is_heating
    assert one(PUMP, power_w=900.0).is_heating
    assert one(PUMP, running=True).is_heating
    assert not one(PUMP, on=False, running=True).is_heating
    assert not one(PUMP, running=True, hot_water=True).is_heating
    assert one(PUMP).is_heating, "without any reading the command is all that is known"
    assert not one(PUMP, counts=True).is_heating
    assert one(PUMP, counts=True, counted_w=1500.0).is_heating


def test_a_compressor_that_rests_gives_no_heat_also_after_an_hour_of_heating() -> None:
    counted = {"counts": True, "counted_w": 1500.0, "counted_enough": True}
    heat = {"counted_heat_w": 5000.0, "counted_heat_enough": True}
    rests = one(PUMP, running=False, **counted, **heat)
    assert is_same(rests.heat, 0.0, estimated=False)
    assert is_same(rests.power, 150.0, estimated=True), "its standby is not measured"
    assert is_same(one(PUMP, running=True, **counted, **heat).heat, 5000.0, estimated=False)
    assert is_same(one(PUMP, running=None, **counted, **heat).heat, 5000.0, estimated=False)
    rod = one(PUMP, running=False, power_w=3000.0, **heat)
    assert is_same(rod.heat, 5000.0, estimated=False), "a heater rod runs instead of the compressor"
    assert is_same(one(BOILER, running=False, **heat).heat, 5000.0, estimated=False)


def test_a_compressor_that_runs_never_shows_no_heat() -> None:
    """Until its counters move, its heat is unknown, or follows from its power and is marked as an estimate."""
    assert not one(PUMP, running=True, counts=True).heat.known
    assert not one(PUMP, running=True, counts=True).power.known
    by_power = one(PUMP, running=True, counts=True, power_w=1500.0).heat
    assert by_power.watts > 1500
    assert by_power.estimated
    assert one(PUMP, running=True, counts=True, counted_w=1500.0).heat.estimated
    assert not one(PUMP, running=True, counts=True, counted_w=8.0).heat.known, "its standby of before"
    assert is_same(one(PUMP, counts=True, counted_w=8.0).heat, 0.0, estimated=True)


def test_the_mean_of_two_moments() -> None:
    off, on = one(HEATER, power_w=0.0), one(HEATER, power_w=2000.0)
    (mean,) = mean_delivery(Delivery((off,)), Delivery((on,))).sources
    assert is_same(mean.power, 1000.0, estimated=False)
    assert is_same(mean.heat, 1000.0, estimated=False)
    (first,) = mean_delivery(Delivery(), Delivery((on,))).sources
    assert is_same(first.power, 2000.0, estimated=True)
    (gone,) = mean_delivery(Delivery((on,)), Delivery((one(HEATER, decided=False),))).sources
    assert not gone.power.known


def test_heat_by_reading_counter_and_kind() -> None:
    assert is_same(one(PUMP, heat_w=5000.0).heat, 5000.0, estimated=False)
    assert one(PUMP, heat_w=5000.0).is_heating
    assert not one(PUMP, heat_w=20.0).is_heating
    assert is_same(one(PUMP, counted_heat_w=3000.0).heat, 3000.0, estimated=True)
    assert is_same(one(PUMP, counted_heat_w=3000.0, counted_heat_enough=True).heat, 3000.0, estimated=False)
    assert is_same(one(MINER, power_w=3000.0).heat, 2850.0, estimated=False)
    assert is_same(one(HEATER, power_w=2000.0).heat, 2000.0, estimated=False)
    assert is_same(one(HEATER, power_w=2e3, heat_w=2e3, power_estimated=True).heat, 2000.0, estimated=True)
    assert one(HEATER, power_w=2000.0).is_heating
    assert not one(HEATER, power_w=3.0).is_heating
    assert not one(HEATER, decided=False).power.known
    assert is_same(one(PUMP).heat, 8000.0, estimated=True)
    assert not one(PUMP, counts=True).heat.known


def test_a_boiler_by_its_level() -> None:
    assert is_same(one(BOILER).power, 0.0, estimated=False)
    assert is_same(one(PUMPED_BOILER, level=0.5).power, 50.0, estimated=True)
    assert is_same(one(PUMPED_BOILER).power, 100.0, estimated=True)
    assert is_same(one(PUMPED_BOILER, decided=False).power, 0.0, estimated=True)
    assert is_same(one(PUMPED_BOILER, level=0.5).heat, 5000.0, estimated=True)
    assert is_same(one(PUMPED_BOILER).heat, 8000.0, estimated=True)
    assert one(PUMPED_BOILER).is_heating


def test_a_sum_with_an_unknown_part_is_an_estimate() -> None:
    measured, unknown = one(HEATER, power_w=2000.0), one(PUMP, counts=True)
    assert is_same(Delivery((measured,)).power, 2000.0, estimated=False)
    assert is_same(Delivery((measured, unknown)).power, 2000.0, estimated=True)
    assert not Delivery((unknown,)).power.known
    assert Delivery((measured, one(PUMP))).power.estimated
    assert not Delivery().heat.known
    assert Delivery((measured, unknown)).is_heating
    assert Delivery().of("pump") is None


def test_cost_of_an_unknown_part_is_incomplete() -> None:
    snapshot = Snapshot(
        now_s=0.0,
        local_s=0.0,
        zones=(),
        outdoor=SensorReading(0.0),
        band=ComfortBand(np.zeros(1), np.zeros(1)),
        price_kwh=0.3,
    )
    configs = {config.source_id: config for config in (PUMP, HEATER)}
    measured = one(HEATER, power_w=2000.0)
    cost = cost_of(Delivery((measured,)), configs, snapshot)
    assert (cost.cost_h, cost.estimated, cost.complete) == (pytest.approx(0.6), False, True)
    assert not cost_of(Delivery((measured, one(PUMP, counts=True))), configs, snapshot).complete
    assert cost_of(Delivery((one(PUMP),)), configs, snapshot).estimated
    assert cost_of(Delivery((measured,)), configs, replace(snapshot, price_kwh=math.nan)).estimated
