"""What a kWh of heat costs from each source, running or not."""

from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import (
    ComfortBand,
    ControlMode,
    SensorReading,
    Snapshot,
    SourceConfig,
    SourceKind,
    SourceShare,
    SourceSnapshot,
)
from custom_components.proof_of_heat.engine.heat_price import HeatPrice, heat_prices, why_not_sent
from custom_components.proof_of_heat.engine.messages import MessageCode, message

from ..messages import RECORD

PUMP = SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP)
BOILER = SourceConfig(source_id="boiler", kind=SourceKind.BOILER, fuel_kwh_price=0.09, efficiency=0.9)
HEATER = SourceConfig(source_id="heater", kind=SourceKind.DIRECT_ELECTRIC)
MINER = SourceConfig(
    source_id="miner",
    kind=SourceKind.MINER,
    nominal_power_w=3000.0,
    efficiency=1.0,
    efficiency_j_th=(30.0,),
    pool_fee=0,
)
SOURCES = (PUMP, BOILER, HEATER, MINER)
SNAPSHOT = Snapshot(
    now_s=0.0,
    local_s=0.0,
    zones=(),
    outdoor=SensorReading(0.0),
    band=ComfortBand(np.zeros(1), np.zeros(1)),
    price_kwh=0.25,
    hashprice_ph_day=50.0,
)
IDLE = replace(RECORD, mix=(), limits=(), requested_w=0.0)
REVENUE = 50.0 * 3.6e6 / 30 / 86.4e6


def found(record: object = IDLE, snapshot: Snapshot = SNAPSHOT) -> dict[str, HeatPrice]:
    return {price.source_id: price for price in heat_prices(SOURCES, snapshot, record)}  # type: ignore[arg-type]


def test_every_source_has_a_price_while_nothing_runs() -> None:
    prices = found()
    assert prices["boiler"].price_kwh == pytest.approx(0.1)
    assert prices["heater"].price_kwh == 0.25
    assert 0.25 / 5 < prices["pump"].price_kwh < 0.25 / 2
    assert prices["miner"].price_kwh == pytest.approx(0.25 - REVENUE)
    assert {price.reason for price in prices.values()} == {"no_demand"}


def test_economics_of_a_miner() -> None:
    miner = found()["miner"]
    assert miner.break_even_kwh == pytest.approx(REVENUE)
    assert miner.cope == pytest.approx(1 / (1 - REVENUE / 0.25))
    assert found(snapshot=replace(SNAPSHOT, price_kwh=0.05))["miner"].cope == math.inf
    unknown = found(snapshot=replace(SNAPSHOT, price_kwh=math.nan))
    assert math.isnan(unknown["miner"].cope)
    assert math.isnan(unknown["heater"].price_kwh)
    assert unknown["boiler"].price_kwh == pytest.approx(0.1)
    assert math.isnan(found(snapshot=replace(SNAPSHOT, hashprice_ph_day=math.nan))["miner"].break_even_kwh)


def test_why_a_source_does_not_run() -> None:
    mix = (SourceShare("boiler", 5000.0, 0.0, 0.1),)
    limits = (message(MessageCode.MUST_REST, source="pump"),)
    prices = found(replace(IDLE, mix=mix, limits=limits, requested_w=5000.0))
    assert (prices["boiler"].running, prices["boiler"].reason) == (True, "")
    assert prices["pump"].reason == "must_rest"
    assert prices["heater"].reason == "more_expensive"
    assert found(replace(IDLE, active=False))["heater"].reason == "control_off"
    assert found(replace(IDLE, requested_w=100.0))["heater"].reason == "not_needed"
    site = (message(MessageCode.SITE_LIMIT),)
    assert found(replace(IDLE, requested_w=100.0, limits=site))["heater"].reason == "site_limit"


def test_what_holds_back_one_source_is_not_a_reason_of_another() -> None:
    deferred = (message(MessageCode.WRITE_DEFERRED, source="pump"), message(MessageCode.SITE_LIMIT))
    prices = found(replace(IDLE, requested_w=100.0, limits=deferred))
    assert (prices["pump"].reason, prices["heater"].reason) == ("write_deferred", "site_limit")
    prices = found(replace(IDLE, requested_w=100.0, limits=deferred[:1]))
    assert (prices["pump"].reason, prices["heater"].reason) == ("write_deferred", "not_needed")


@pytest.mark.parametrize(
    ("requested_w", "state", "reason"),
    [
        (0.0002, "idle", "no_demand"),
        (0.9, "idle", "no_demand"),
        (1.0, "limited", "write_deferred"),
        (3000.0, "limited", "write_deferred"),
    ],
)
def test_a_deferred_command_limits_nothing_without_heat_demand(requested_w: float, state: str, reason: str) -> None:
    """A plan that requests nothing has rounding errors."""
    limits = (message(MessageCode.WRITE_DEFERRED, source="pump"),)
    record = replace(IDLE, requested_w=requested_w, limits=limits, control_mode=ControlMode.PLAN)
    assert str(record.state) == state
    assert found(record)["pump"].reason == reason


@pytest.mark.parametrize(
    ("mode", "deferred", "on", "reason"),
    [
        (ControlMode.STARTING, False, False, "just_started"),
        (ControlMode.PLAN, True, False, "write_deferred"),
        (ControlMode.PLAN, False, False, ""),
        (ControlMode.STARTING, False, True, "just_started"),
        (ControlMode.PLAN, True, True, ""),
        (ControlMode.STARTING, True, None, "just_started"),
    ],
)
def test_a_command_may_not_be_sent_yet(mode: ControlMode, deferred: bool, on: bool | None, reason: str) -> None:
    reading = SourceSnapshot(source_id="boiler", available=True, on=on, write_deferred=deferred)
    assert why_not_sent(reading, replace(IDLE, control_mode=mode)) == reason
