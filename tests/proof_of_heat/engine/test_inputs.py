"""Forecasts made whole, cycles gathered into rows, and money per heat."""

from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import Forecast, SourceConfig, SourceKind, SourceSnapshot
from custom_components.proof_of_heat.engine.allocation import DispatchRequest
from custom_components.proof_of_heat.engine.dispatch import dispatch
from custom_components.proof_of_heat.engine.economics import (
    MiningMarket,
    carnot_cop,
)
from custom_components.proof_of_heat.engine.horizon import build_horizon, price_series, resample, surplus_series
from custom_components.proof_of_heat.engine.operating_points import OFF, OperatingPoint, SourceOption
from custom_components.proof_of_heat.engine.row_builder import RowBuilder, Sample
from custom_components.proof_of_heat.engine.sources import heat_output_w

from .homes import Home, band, lived_history, snapshot


def test_finer_forecasts_are_averaged_and_coarser_ones_drawn_as_a_line() -> None:
    assert resample([1, 2, 3, 4, 5, 6], 300).tolist() == [2.0, 5.0]
    assert resample([0.0, 4.0], 3600).tolist() == pytest.approx([0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4])
    assert resample([0.2, 0.4], 3600, hold=True).tolist() == [0.2] * 4 + [0.4] * 4
    assert len(resample([], 900)) == 0


def test_a_short_forecast_continues_with_yesterdays_course_without_a_step() -> None:
    rows = lived_history(2)
    home = Home(time_s=rows[-1].time_s)
    short = Forecast(step_s=3600, outdoor_c=[9.0, 9.0])
    found = build_horizon(replace(snapshot(home), forecast=short), 9.0, rows, band(0), 192)
    assert len(found) == 192
    assert found.outdoor_c[7] == pytest.approx(9.0)
    assert abs(np.diff(found.outdoor_c)).max() < 1.0
    assert found.outdoor_c[100:].mean() == pytest.approx(np.mean([row.outdoor_c for row in rows[-96:]]), abs=1.5)


def test_no_forecast_and_no_history_holds_what_is_now() -> None:
    found = build_horizon(snapshot(Home(), forecast=False), 4.0, [], band(0, 8), 192)
    assert (found.outdoor_c == 4.0).all()
    assert (found.solar_w_m2 == 0.0).all()
    assert len(found.lower_c) == 192


def test_a_forecast_ends_where_it_is_not_a_number() -> None:
    home = Home()
    fc = Forecast(step_s=900, outdoor_c=[5.0, math.nan, 60.0])
    found = build_horizon(replace(snapshot(home), forecast=fc), 5.0, [], band(0), 192)
    assert (found.outdoor_c == 5.0).all()


def test_prices_repeat_their_day_and_carry_the_weight_of_carbon() -> None:
    home = Home()
    fc = Forecast(step_s=3600, price_kwh=[0.1 + 0.01 * k for k in range(24)], emission_kg_kwh=[0.2] * 24)
    found = price_series(replace(snapshot(home), forecast=fc), 192, carbon_price_kg=0.5)
    assert found[0] == pytest.approx(0.2)
    assert found[96] == pytest.approx(found[0])
    assert price_series(snapshot(home, forecast=False, price_kwh=math.nan), 4).tolist() == [0.25] * 4


def test_surplus_ends_with_its_forecast() -> None:
    home = Home()
    fc = Forecast(step_s=900, surplus_w=[500.0, -20.0])
    assert surplus_series(replace(snapshot(home), forecast=fc), 4).tolist() == [500.0, 0.0, 0.0, 0.0]
    assert surplus_series(snapshot(home, forecast=False, surplus_w=700.0), 3).tolist() == [700.0, 0.0, 0.0]


def _sample(time_s: float, heat_w: float = 0.0, room_c: float = 20.0, solar: float = 0.0) -> Sample:
    return Sample(time_s, time_s, room_c, 5.0, solar, 1.0, heat_w, heat_w, heat_w / 3, 0.5, 35.0, 30.0)


def test_rows_are_means_over_their_quarter() -> None:
    intake = RowBuilder()
    assert intake.add(_sample(0.0)) is None
    assert intake.add(_sample(300.0, 3000.0)) is None
    assert intake.add(_sample(600.0, 0.0)) is None
    row = intake.add(_sample(900.0, 6000.0))
    assert row is not None
    assert row.heat_w == pytest.approx(3000.0)
    assert row.water_c == 32.5


@pytest.mark.parametrize(
    ("flow_c", "return_c", "water_c"), [(35.0, 30.0, 32.5), (35.0, math.nan, 35.0), (math.nan, 30.0, math.nan)]
)
def test_a_device_without_return_temperature_has_a_water_temperature(
    flow_c: float, return_c: float, water_c: float
) -> None:
    intake = RowBuilder()
    intake.add(_sample(0.0))
    row = intake.add(replace(_sample(900.0, 6000.0), flow_c=flow_c, return_c=return_c))
    assert row is not None
    assert row.water_c == pytest.approx(water_c, nan_ok=True)


def test_no_water_temperature_while_nothing_runs() -> None:
    intake = RowBuilder()
    intake.add(_sample(0.0))
    row = intake.add(_sample(900.0))
    assert row is not None
    assert math.isnan(row.water_c)


def test_a_clock_that_stops_or_goes_back_is_ignored() -> None:
    intake = RowBuilder()
    intake.add(_sample(900.0))
    assert intake.add(_sample(900.0)) is None
    assert intake.add(_sample(0.0)) is None


def test_missing_sun_counts_as_none() -> None:
    intake = RowBuilder()
    intake.add(_sample(0.0, solar=math.nan))
    row = intake.add(_sample(900.0, solar=math.nan))
    assert row is not None
    assert row.solar_w_m2 == 0.0


def test_revenue_of_a_miner_by_hand() -> None:
    # 20 J/TH: 1 kWh makes 180,000 TH; at 48 per PH/s and day (86.4 million TH) that is 0.10, less the fee.
    assert MiningMarket(48.0, pool_fee=0.0).revenue_kwh(20.0) == pytest.approx(0.10)
    assert MiningMarket(48.0, pool_fee=0.02).revenue_kwh(20.0) == pytest.approx(0.098)
    with pytest.raises(ValueError, match="above 0"):
        MiningMarket(48.0).revenue_kwh(0.0)


def test_best_miner_step_follows_tariff_and_coin() -> None:
    """Dispatch without any demand for heat: the step that earns most, or none."""
    market, steps = MiningMarket(50.0, pool_fee=0.0), ((1000.0, 15.0), (2000.0, 18.0), (3400.0, 22.0))
    points = tuple(
        OperatingPoint(watts / 3400, watts, watts, -market.revenue_kwh(efficiency) * watts / 1000)
        for watts, efficiency in steps
    )

    def step(tariff: float, heat_w: float = 0.0) -> float:
        request = DispatchRequest(heat_w=heat_w, price_kwh=tariff, over_price_kwh=0.0)
        return dispatch([SourceOption("miner", (OFF, *points))], request).power_w

    assert step(0.30) == 0
    assert step(0.13) == 1000
    assert step(0.05) == 3400
    assert step(0.30, heat_w=3400.0) == 3400


def test_cop_falls_with_lift() -> None:
    assert 2.5 < carnot_cop(35.0, 2.0) < 4.0
    assert carnot_cop(35.0, 7.0) > carnot_cop(35.0, -7.0) > carnot_cop(55.0, -7.0)
    assert carnot_cop(20.0, 30.0) == 7.0


def _reading(**changes: object) -> SourceSnapshot:
    return SourceSnapshot(source_id="s", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "reading", "low", "high"),
    [
        (SourceKind.HEAT_PUMP, {"heat_w": 5000.0, "power_w": 1000.0}, 5000, 5000),
        (SourceKind.HEAT_PUMP, {"power_w": 1000.0, "flow_c": 35.0}, 2500, 4500),
        (SourceKind.HEAT_PUMP, {"power_w": 40.0, "flow_c": 35.0}, 0, 0),
        (SourceKind.HEAT_PUMP, {"power_w": 1000.0, "on": False}, 0, 0),
        (SourceKind.HEAT_PUMP, {}, 0, 0),
        (SourceKind.MINER, {"power_w": 3000.0}, 2700, 2700),
        (SourceKind.DIRECT_ELECTRIC, {"power_w": 3000.0}, 3000, 3000),
    ],
    ids=["metered", "by carnot", "standby", "off", "unknown", "miner", "heater"],
)
def test_heat_is_measured_or_estimated_from_the_power(
    kind: SourceKind, reading: dict[str, object], low: float, high: float
) -> None:
    assert low <= heat_output_w(SourceConfig(source_id="s", kind=kind), _reading(**reading), 5.0) <= high


def test_the_heat_of_a_boiler_is_estimated_from_its_level() -> None:
    boiler = SourceConfig(source_id="s", kind=SourceKind.BOILER, nominal_heat_w=12000.0, fuel_kwh_price=0.1)
    assert heat_output_w(boiler, _reading(level=0.5, on=True), 5.0) == 6000.0
    assert heat_output_w(boiler, _reading(on=True), 5.0) == 12000.0
    assert heat_output_w(boiler, _reading(), 5.0) == 0.0
