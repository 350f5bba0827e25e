"""The built-in house simulators of the control benchmark keep their energy and their published values."""

from datetime import UTC, datetime

import pytest

from benchmarks.control.ha.house_boiler import HouseBoiler
from benchmarks.control.houses import flat, radiators
from benchmarks.control.houses.plant import STEP_S, Building, Plant
from benchmarks.control.houses.run import PROGRAMS, Thermostat, table
from simulators.framework import parser_of
from simulators.world.weather import weather_at

START = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("building", [radiators.BUILDING, flat.BUILDING], ids=["radiators", "flat"])
def test_heat_that_goes_in_is_stored_or_lost(building: Building) -> None:
    plant = Plant(building, START)
    plant.emitter_w, plant.direct_w = 1500.0, 300.0
    begin, gained = plant.stored_kwh, 0.0
    for _ in range(2 * 120):
        weather = weather_at(plant.now)
        lost = building.air_loss_w_k * (plant.room_c - weather.outdoor_c)
        lost += building.mass_loss_w_k * (plant.mass_c - weather.outdoor_c)
        gains = 1800.0 + 4.0 * building.area_m2 + building.window_m2 * weather.solar_w_m2
        gained += (gains - lost) * STEP_S / 3.6e6
        plant.advance(STEP_S)
    assert plant.stored_kwh - begin == pytest.approx(gained, abs=1e-6)


def test_radiators_give_their_design_heat() -> None:
    assert radiators.BUILDING.emission(50.0, 20.0) == pytest.approx(8400 * 1.1)
    assert radiators.BUILDING.emission(18.0, 20.0) == 0.0
    assert (radiators.efficiency(25), radiators.efficiency(70)) == (0.97, 0.87)
    assert 0.87 < radiators.efficiency(45) < 0.97


@pytest.mark.parametrize(("outdoor_c", "heat_w", "cop"), [(7, 2600, 3.6), (-7, 1900, 2.6)])
def test_split_unit_has_its_rated_values(outdoor_c: float, heat_w: float, cop: float) -> None:
    heat, power = flat.split_unit(outdoor_c)
    assert (heat, heat / power) == pytest.approx((heat_w, cop))


def test_miner_earns_by_its_hashrate() -> None:
    assert flat.revenue_h() == pytest.approx(37.5 / 1000 * 45 / 24 * 0.98, rel=0.01)


def test_thermostat_that_is_programmed_earlier_heats_earlier() -> None:
    plant = Plant(radiators.BUILDING, datetime(2026, 1, 5, 5, 15, tzinfo=UTC), room_c=19.0)
    levels = {}
    for name, program in PROGRAMS.items():
        house = radiators.Radiators()
        Thermostat(*program).control(house, plant)
        levels[name] = house.level
    assert levels["deep_setback"] == 0.0 < levels["thermostat"] < levels["deep_setback_early"]


def test_table_has_a_row_for_each_control() -> None:
    one = {"cost_eur": 90.0, "discomfort_kh": 1.0, "starts_per_h_max": 2.0}
    one |= {"room_c": 20.25, "heat_kwh": 800.0, "eur_per_kwh": 0.1125}
    lines = table({"home": {"engine": one, "thermostat": {**one, "cost_eur": 100.0}}}).splitlines()
    assert "| home | thermostat, setback by 0.5 K | 100.0 | -10.0 % | 1.0 | 20.25 | 800 | 11.25 | 2 |" in lines


def test_boiler_keeps_the_requested_flow_temperature() -> None:
    plant = Plant(radiators.BUILDING, START)
    boiler = HouseBoiler(parser_of(HouseBoiler).parse_args([]), plant)
    boiler.switch, boiler.setpoint_c = 1, 50.0
    gas, heat, starts = (sum(part) for part in zip(*(boiler.advance(300) for _ in range(24)), strict=True))
    assert boiler.flow_c == pytest.approx(50, abs=0.5)
    assert starts == 1
    assert 0.87 < heat / gas < 0.97
    boiler.switch = 0
    assert boiler.advance(300) == (0.0, 0.0, 0)


def test_boiler_cycles_when_its_minimum_is_too_much() -> None:
    plant = Plant(radiators.BUILDING, START)
    boiler = HouseBoiler(parser_of(HouseBoiler).parse_args([]), plant)
    boiler.switch, boiler.setpoint_c = 1, 24.0
    for _ in range(12):
        boiler.advance(300)
    _, heat, starts = (sum(part) for part in zip(*(boiler.advance(300) for _ in range(96)), strict=True))
    assert 2 <= starts <= 96
    assert 500 < heat / (96 * 300) < 3000
