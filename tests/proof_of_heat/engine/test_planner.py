"""Plans: warm at the time, by the cheap hours, within limits; offers and what is done now."""

from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.engine import SourceConfig, Steering, Weights
from custom_components.proof_of_heat.engine.model.network import HouseParameters
from custom_components.proof_of_heat.engine.model.observer import HouseState
from custom_components.proof_of_heat.engine.model.performance_map import PerformanceMap
from custom_components.proof_of_heat.engine.planning.commitment import PlanRequest, PlanResult, _solve, make_plan
from custom_components.proof_of_heat.engine.planning.planner import Horizon, ResponseModel, comfort_on
from custom_components.proof_of_heat.engine.planning.segments import ModulationLimits, modulating_segments
from custom_components.proof_of_heat.engine.planning.time_grid import BLOCKS, time_grid
from custom_components.proof_of_heat.engine.short_cycle import RunLocks
from custom_components.proof_of_heat.engine.sources import full_load

HOUSE = HouseParameters(
    emitter_w_k=1000.0,
    mass_w_k=900.0,
    loss_w_k=150.0,
    mass_loss_w_k=40.0,
    emitter_j_k=14e6,
    room_j_k=4e6,
    mass_j_k=35e6,
    sun_room_m2=2.0,
    sun_mass_m2=2.0,
    sun_clear=0.0,
    sun_noon=0.0,
    sun_late=0.0,
    person_w=80.0,
    base_w=0.0,
    sensor_mass_share=0.1,
    water_k_w=0.0005,
)
PUMP = PerformanceMap(
    heat=np.array([1500.0, -300.0, 200.0, 8000.0, -400.0, 900.0]),
    power=np.array([1500.0, 60.0, 20.0, 1900.0, 250.0, 200.0]),
    samples=200,
    error=0.01,
)
RESPONSES = ResponseModel(HOUSE, 192)
SOURCE = SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP, steering=Steering.LEVEL)
HOURS = np.arange(192) / 4


def _horizon(lower_c: np.ndarray | float = 20.0, **changes: object) -> Horizon:
    values: dict[str, object] = {
        "start_s": 0.0,
        "outdoor_c": np.full(192, 0.0),
        "solar_w_m2": np.zeros(192),
        "people": np.ones(192),
        "lower_c": np.broadcast_to(lower_c, 192).astype(float),
        "upper_c": np.full(192, 25.0),
    }
    return Horizon(**(values | changes))  # type: ignore[arg-type]


def _request(horizon: Horizon | None = None, room_c: float = 20.3, **changes: object) -> PlanRequest:
    values: dict[str, object] = {
        "made_s": 0.0,
        "responses": RESPONSES,
        "pumps": {"pump": PUMP},
        "state": HouseState(room_c + 3.5, room_c, room_c - 0.3, 0.0),
        "horizon": horizon or _horizon(),
        "price_kwh": np.full(192, 0.25),
        "surplus_w": np.zeros(192),
        "quiet": np.zeros(192),
        "weights": Weights(),
        "sources": (SOURCE,),
        "locks": {},
        "running": {},
        "available": frozenset({"pump", "boiler", "miner"}),
        "emitter_c": None,
        "power_cap_w": np.inf,
        "site_limit_w": np.inf,
        "flow_limit_c": 45.0,
        "hashprice_ph_day": np.nan,
        "discomfort_price_kh": 2.0,
        "start_price": 0.01,
    }
    return PlanRequest(**(values | changes))  # type: ignore[arg-type]


def _in_hours(result: PlanResult, begin: float, end: float) -> float:
    """Heat in kWh between two hours from now."""
    cells = result.plan.grid
    middle = (cells.begin + cells.end) / 8
    inside = (middle >= begin) & (middle < end)
    return float((result.plan.heat_w * cells.hours)[inside].sum() / 1000)


def test_grid_covers_two_days_fine_now_and_coarse_later() -> None:
    cells = time_grid(192)
    assert cells.steps == 192
    assert cells.hours[0] == 0.25
    assert cells.hours[-1] == 2.0
    assert len(cells) == sum(count for count, _ in BLOCKS)
    assert len(time_grid(30)) < len(cells)
    assert cells.mean(HOURS)[0] == HOURS[0]


def test_planned_room_is_what_the_house_then_does() -> None:
    from custom_components.proof_of_heat.engine.model.network import inputs, sensor_c, simulate

    request = _request()
    plan = make_plan(request).plan
    heat = np.repeat(plan.heat_w, plan.grid.end - plan.grid.begin)
    vector = HOUSE.vector[None]
    drive = inputs(vector, 900.0 * np.arange(1, 193), heat, np.zeros(192), np.zeros(192), np.ones(192))
    states = simulate(vector, request.state.temperatures[None], drive, 900)
    room = sensor_c(vector, states[:, 1:])[0][plan.grid.end - 1]
    assert plan.room_c == pytest.approx(room, abs=1e-6)


def test_comfort_is_kept_with_its_margin() -> None:
    plan = make_plan(_request()).plan
    assert (plan.room_c >= 20.0).all()
    assert plan.shortfall_kh == pytest.approx(0.0, abs=0.02)


def test_it_heats_before_the_comfort_time_not_from_now_on() -> None:
    later = np.where(HOURS < 10, 17.0, 21.0)
    result = make_plan(_request(_horizon(later), room_c=19.5))
    cells = result.plan.grid
    at_ten = int(np.searchsorted(cells.end, 40))
    assert result.plan.room_c[at_ten] >= 20.9
    assert _in_hours(result, 0, 3) < _in_hours(result, 4, 10)
    assert result.levels["pump"] == 0.0


def test_cheap_hours_take_the_heat() -> None:
    price = np.where((HOURS >= 6) & (HOURS < 12), 0.15, 0.35)
    cheap = make_plan(_request(price_kwh=price))
    flat = make_plan(_request())
    assert _in_hours(cheap, 6, 12) > 1.3 * _in_hours(flat, 6, 12)


def test_doubted_sun_is_not_counted_on_for_warmth() -> None:
    sunny = _horizon(solar_w_m2=np.where((HOURS > 8) & (HOURS < 15), 400.0, 0.0))
    bold = make_plan(_request(sunny, weights=Weights(sun_doubt=0.0)))
    careful = make_plan(_request(sunny, weights=Weights(sun_doubt=0.5)))
    assert careful.plan.heat_w.sum() > bold.plan.heat_w.sum()


def test_too_warm_already_means_no_heat() -> None:
    result = make_plan(_request(_horizon(solar_w_m2=np.full(192, 200.0)), room_c=24.5))
    assert result.heat_w == 0.0


def test_power_cap_is_kept_where_comfort_allows_and_raised_where_not() -> None:
    easy = make_plan(_request(power_cap_w=2600.0))
    assert easy.cap_w == 2600.0
    assert not easy.is_limited
    assert all(segment.power_w.max() <= 2600.0 * 1.001 for segment in easy.plan.segments[:1])
    hard = make_plan(_request(_horizon(23.0), room_c=18.0, power_cap_w=2300.0))
    assert hard.cap_w > 1.05 * 2300.0
    behind = make_plan(_request(_horizon(20.6), room_c=20.4, power_cap_w=1900.0))
    assert math.isfinite(behind.cap_w)
    assert behind.is_limited, "all heat that it allows is of use"


@pytest.mark.parametrize("target_c", [21.1, 21.2])
def test_a_little_discomfort_raises_the_power_cap_a_little(target_c: float) -> None:
    """The room is warm in time for 7 o'clock with 2,415 W, but with 2,300 W too late, or without the margin."""
    at_seven = np.where(HOURS < 7, 17.0, target_c)
    request = _request(_horizon(at_seven), power_cap_w=2300.0)
    _, low = _solve(request, 2300.0)
    assert low.near_shortfall_kh < 0.7
    assert low.near_doubt_kh > max(0.03, low.near_shortfall_kh)
    result = make_plan(request)
    assert result.cap_w == pytest.approx(1.05 * 2300.0)
    assert result.plan.near_shortfall_kh == pytest.approx(0.0, abs=1e-6)
    assert result.plan.near_doubt_kh < low.near_doubt_kh - 0.0075


def test_power_cap_is_not_raised_for_cold_that_the_plan_prefers_to_warmth() -> None:
    """A sunny day follows a cool morning, whose heat would last; the cap binds in the next, cold night."""
    comfort = _horizon(
        np.where((HOURS < 6) | ((HOURS >= 36) & (HOURS < 44)), 21.0, 17.0),
        upper_c=np.where((HOURS >= 6) & (HOURS < 24), 21.5, 25.0),
        solar_w_m2=np.where((HOURS >= 7) & (HOURS < 16), 1100.0, 0.0),
        outdoor_c=np.where(HOURS < 24, 10.0, -5.0),
    )
    request = _request(comfort, room_c=20.5, power_cap_w=2000.0, weights=Weights(upper_price_share=2.0))
    plans = [_solve(request, 2000.0 * relief)[1] for relief in (1.0, 1.15, 1.3, math.inf)]
    assert [plan.near_shortfall_kh for plan in plans] == pytest.approx([1.0] * 4, abs=0.1), "unavoidable"
    assert plans[1].shortfall_kh < plans[0].shortfall_kh - 5, "but some of tomorrow's, for which there is time"
    assert make_plan(request).cap_w == 2000.0


def test_quiet_hours_lower_the_level() -> None:
    quiet = np.where(HOURS < 8, 1.0, 0.0)
    source = replace(SOURCE, quiet_level=0.5)
    result = make_plan(_request(room_c=19.0, quiet=quiet, sources=(source,)))
    assert result.levels["pump"] <= 0.5
    silent = make_plan(_request(room_c=19.0, quiet=quiet, sources=(replace(SOURCE, quiet_level=0.0),)))
    assert silent.levels.get("pump", 0.0) == 0.0
    assert _in_hours(silent, 0, 7.9) == pytest.approx(0.0, abs=1e-3)


def test_locks_bind_the_first_step() -> None:
    must = make_plan(_request(room_c=24.0, locks={"pump": RunLocks(must_run=True)}))
    rest = make_plan(_request(room_c=18.0, locks={"pump": RunLocks(must_rest=True)}))
    assert must.levels["pump"] > 0
    assert rest.levels["pump"] == 0.0


FLAT = ResponseModel(
    replace(
        HOUSE,
        emitter_w_k=400.0,
        mass_w_k=300.0,
        loss_w_k=40.0,
        mass_loss_w_k=20.0,
        emitter_j_k=1e5,
        room_j_k=4e5,
        mass_j_k=8e6,
    ),
    192,
)
"""A small flat: a quarter of an hour of its air-to-air unit warms the air by more than the band is wide."""
SPLIT = SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP, nominal_heat_w=2600.0, nominal_power_w=720.0)
FILLER = SourceConfig(source_id="boiler", kind=SourceKind.DIRECT_ELECTRIC, nominal_heat_w=800, nominal_power_w=800)


def _flat_request(room_c: float, sources: tuple[SourceConfig, ...], **changes: object) -> PlanRequest:
    values: dict[str, object] = {"pumps": {}, "discomfort_price_kh": 0.5, "start_price": 0.03}
    return _request(
        _horizon(21.0, upper_c=np.full(192, 22.5), outdoor_c=np.full(192, 10.0)),
        responses=FLAT,
        state=HouseState(room_c, room_c, room_c, 0.0),
        sources=sources,
        **(values | changes),
    )


@pytest.mark.parametrize("room_c", [20.3, 20.7])
def test_a_small_home_gets_a_short_run_that_overheats_it_instead_of_none(room_c: float) -> None:
    assert make_plan(_flat_request(room_c, (SPLIT,))).levels["pump"] == 1.0
    assert make_plan(_flat_request(22.3, (SPLIT,))).levels["pump"] == 0.0, "no more than needed"


@pytest.mark.parametrize("sources", [(SPLIT, FILLER), (FILLER, SPLIT)], ids=["first", "second"])
@pytest.mark.parametrize("room_c", [20.3, 20.5, 20.7])
def test_a_dearer_source_does_not_put_off_the_start_of_a_cheaper_one(
    sources: tuple[SourceConfig, ...], room_c: float
) -> None:
    assert make_plan(_flat_request(room_c, sources)).levels == {"pump": 1.0, "boiler": 0.0}


def test_what_a_source_that_has_to_rest_does_not_deliver_is_left_to_the_next() -> None:
    rests = make_plan(_flat_request(20.5, (SPLIT, FILLER), locks={"pump": RunLocks(must_rest=True)}))
    assert rests.levels == {"pump": 0.0, "boiler": 1.0}


def test_site_limit_bounds_all_sources_together() -> None:
    heater = SourceConfig(
        source_id="boiler", kind=SourceKind.DIRECT_ELECTRIC, nominal_heat_w=6000, nominal_power_w=6000
    )
    result = make_plan(_request(_horizon(21.5), room_c=19.0, sources=(SOURCE, heater), site_limit_w=4000.0))
    assert result.plan.power_w.max() <= 4000.0 * 1.01


def test_cheaper_fuel_takes_over_in_dear_hours() -> None:
    boiler = SourceConfig(
        source_id="boiler", kind=SourceKind.BOILER, nominal_heat_w=12000, fuel_kwh_price=0.10, efficiency=0.95
    )
    price = np.where(HOURS < 12, 0.60, 0.20)
    plan = make_plan(_request(sources=(SOURCE, boiler), price_kwh=price)).plan
    heat = {segment.source_id: np.zeros(len(plan.grid)) for segment in plan.segments}
    for segment, use in zip(plan.segments, plan.use, strict=True):
        heat[segment.source_id] += use * segment.heat_w
    early = plan.grid.end <= 48
    assert heat["boiler"][early].sum() > 5 * heat["pump"][early].sum()
    assert heat["pump"][~early].sum() > 5 * heat["boiler"][~early].sum()


def test_a_miner_that_earns_runs_before_the_heat_pump() -> None:
    miner = SourceConfig(
        source_id="miner",
        kind=SourceKind.MINER,
        steering=Steering.STEPS,
        steps_w=(1500.0, 3000.0),
        efficiency_j_th=(15.0, 17.0),
    )
    plan = make_plan(_request(sources=(SOURCE, miner), hashprice_ph_day=110.0)).plan
    idle = make_plan(_request(sources=(SOURCE, miner), hashprice_ph_day=20.0)).plan
    assert plan.use[2].mean() > 0.5
    assert idle.use[2].mean() < 0.1


def test_own_surplus_draws_the_heat_to_it() -> None:
    sun = np.where((HOURS >= 9) & (HOURS < 14), 3500.0, 0.0)
    with_sun, without = make_plan(_request(surplus_w=sun)), make_plan(_request())
    assert _in_hours(with_sun, 9, 14) > 1.3 * _in_hours(without, 9, 14)


def test_hull_uses_the_best_level_first() -> None:
    cells = len(RESPONSES.grid)
    flat = np.full(cells, 25.0)
    first, more = modulating_segments(
        "pump", PUMP, HOUSE, emitter_c=flat, outdoor_c=flat * 0 + 2, price_kwh=flat / 100, limits=ModulationLimits()
    )
    assert (first.heat_w / first.power_w >= 0.999 * (first.heat_w + more.heat_w) / (first.power_w + more.power_w)).all()
    levels = np.linspace(0.25, 1, 31)
    flows = 25 + 1.5 * HOUSE.water_k_w * 9000 * levels
    heat, power = PUMP.at(levels, flows, np.full(31, 2.0))
    assert first.heat_w[0] / first.power_w[0] == pytest.approx((heat / power).max(), rel=0.02)


def test_flow_limit_takes_levels_away() -> None:
    flat = np.full(4, 40.0)
    kwargs = {"emitter_c": flat, "outdoor_c": flat * 0, "price_kwh": flat / 100}
    first, more = modulating_segments("pump", PUMP, HOUSE, limits=ModulationLimits(flow_limit_c=43.0), **kwargs)
    reached = np.maximum(first.level_to, more.level_to)
    assert (reached < 0.7).all()


def test_comfort_bounds_of_a_cell_are_the_stricter_ones_around_its_end() -> None:
    lower = np.where(HOURS < 1.0, 18.0, 21.0)
    low, _ = comfort_on(time_grid(192), _horizon(lower))
    assert low[2] == 18.0
    assert low[3] == 21.0


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (SOURCE, (10_000.0, 10_000.0 / 3)),
        (replace(SOURCE, nominal_power_w=2000.0, typical_cop=4.0), (8000.0, 2000.0)),
        (
            SourceConfig(
                source_id="m", kind=SourceKind.MINER, steering=Steering.STEPS, steps_w=(1000.0, 3000.0), efficiency=0.9
            ),
            (2700.0, 3000.0),
        ),
        (
            SourceConfig(source_id="h", kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=2000.0, typical_cop=1),
            (2000, 2000),
        ),
        (SourceConfig(source_id="b", kind=SourceKind.BOILER, nominal_heat_w=12000, fuel_kwh_price=0.1), (12000.0, 0.0)),
    ],
    ids=["pump", "pump by input", "miner", "heater", "boiler"],
)
def test_sizes(source: SourceConfig, expected: tuple[float, float]) -> None:
    assert full_load(source) == pytest.approx(expected)
