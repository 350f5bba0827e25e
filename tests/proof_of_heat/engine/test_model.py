"""The house model: its numerics, what it learns, and the gate that decides whether it is used."""

import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine.model.backtest import backtest, gate
from custom_components.proof_of_heat.engine.model.curve_fit import suggest
from custom_components.proof_of_heat.engine.model.history import KEEP_DAYS, History, Row, Series
from custom_components.proof_of_heat.engine.model.house_fit import HouseFit, draw_parameters, fit_house
from custom_components.proof_of_heat.engine.model.network import NAMES, discretise, exponential, inputs, simulate
from custom_components.proof_of_heat.engine.model.observer import Observer, first_state
from custom_components.proof_of_heat.engine.model.performance_map import learn, linear_map

from .homes import Home, lived_history


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return lived_history(9)


@pytest.fixture(scope="module")
def series(rows: list[Row]) -> Series:
    return History(rows).series()


@pytest.fixture(scope="module")
def fitted(series: Series) -> HouseFit:
    return fit_house(series)


def test_matrix_exponential_of_a_rotation() -> None:
    turn = np.array([[[0.0, -1.0], [1.0, 0.0]]]) * math.pi / 3
    expected = [[0.5, -math.sqrt(0.75)], [math.sqrt(0.75), 0.5]]
    assert exponential(turn)[0] == pytest.approx(np.array(expected))


def test_without_heat_and_sun_the_house_ends_at_outdoor_temperature(fitted: HouseFit) -> None:
    vector = fitted.parameters.vector.copy()
    vector[[NAMES.index("base_w"), NAMES.index("person_w")]] = 0.0, 1.0
    steps = 96 * 120
    flat = np.zeros(steps)
    drive = inputs(vector[None], flat, flat, flat + 4.0, flat, flat)
    end = simulate(vector[None], np.array([[25.0, 21.0, 20.0]]), drive, 900)[0, -1]
    assert end == pytest.approx(np.full(3, 4.0), abs=0.05)


def test_folded_simulation_equals_stepping_one_by_one(fitted: HouseFit, series: Series) -> None:
    vector = fitted.parameters.vector[None]
    columns = (series.time_s, series.heat_w, series.outdoor_c, series.solar_w_m2, series.people)
    drive = inputs(vector, *(column[:101] for column in columns))
    start = np.array([[24.0, 20.0, 19.0]])
    a, b = discretise(vector, 900)
    now = start[0]
    for k in range(101):
        now = a[0] @ now + b[0] @ drive[0, k]
    assert simulate(vector, start, drive, 900)[0, -1] == pytest.approx(now, abs=1e-9)


def test_fit_finds_the_heat_loss_of_a_home_it_does_not_know(fitted: HouseFit) -> None:
    assert fitted.parameters.total_loss_w_k == pytest.approx(Home().loss_w_k, rel=0.12)
    assert fitted.room_rmse_k < 0.15


def test_the_fit_reports_its_uncertainty(series: Series, fitted: HouseFit) -> None:
    short = fit_house(series.until(60))
    assert 0 < fitted.relative_error("loss_w_k") < short.relative_error("loss_w_k")


def test_fit_refuses_a_few_hours() -> None:
    with pytest.raises(ValueError, match="too short to learn"):
        fit_house(History(lived_history(0.3)).series())


def test_sampled_parameters_spread_around_the_best_estimate(fitted: HouseFit) -> None:
    draws = draw_parameters(fitted, 200, seed=3)
    assert draws[0] == pytest.approx(fitted.parameters.vector)
    loss = draws[:, NAMES.index("loss_w_k")]
    assert np.std(np.log(loss)) == pytest.approx(fitted.relative_error("loss_w_k"), rel=0.3)
    assert (draws[:, NAMES.index("room_j_k")] > 0).all()


def test_the_observer_estimates_emitter_and_unknown_heat(rows: list[Row], fitted: HouseFit) -> None:
    observer = Observer(fitted.parameters, first_state(fitted.parameters, rows[0].room_c, math.nan))
    for row in rows[:400]:
        state = observer.update(row)
    assert abs(state.innovation_k) < 0.15
    quiet = state.unknown_w
    for row in rows[400:412]:
        warmer = row.room_c + 0.03 * (row.time_s - rows[399].time_s) / 900
        visited = Row(**{name: getattr(row, name) for name in Row.__slots__} | {"room_c": warmer})
        state = observer.update(visited)
    assert state.unknown_w > quiet + 100


def test_backtest_beats_standing_still_in_a_lived_home(series: Series) -> None:
    tested = backtest(series)
    assert tested.rmse_k[12] < 0.4 * tested.persistence_k[12]
    assert tested.starts >= 12


def test_backtest_is_empty_with_too_little_history() -> None:
    tested = backtest(History(lived_history(0.5)).series())
    assert tested.rmse_k == {}
    assert tested.error_k == math.inf


@pytest.mark.parametrize(
    ("errors", "was_open", "open_"),
    [
        ((), False, False),
        ((math.inf,), True, False),
        ((0.5,), False, True),
        ((0.7,), False, False),
        ((0.7,), True, True),
        ((0.2, 0.2, 0.2, 0.2, 1.2), True, True),
        ((1.2, 1.2, 1.2, 1.2, 0.2), True, False),
        ((9.0, 0.2, 0.2, 0.2, 0.2, 0.2), False, True),
    ],
    ids=["nothing", "untested", "good", "not yet", "hysteresis", "one odd day", "bad week", "old error forgotten"],
)
def test_gate(errors: tuple[float, ...], was_open: bool, open_: bool) -> None:
    assert gate(errors, 0.8, was_open=was_open) is open_


def test_pump_map_predicts_levels_it_has_not_seen(series: Series) -> None:
    pump = learn(series)
    assert pump is not None
    home = Home(time_s=3600 * 11, flow_c=36.0)
    heat, power = pump.at(np.array(0.85), np.array(36.0), np.array(home.outdoor_c))
    true_heat, true_power = home._pump(0.85)
    assert float(heat) == pytest.approx(true_heat, rel=0.05)
    assert float(power) == pytest.approx(true_power, rel=0.05)


def test_pump_map_needs_some_running_steps() -> None:
    assert learn(History(lived_history(1, levels=(0.0,))).series()) is None


def test_plain_map_goes_with_the_level() -> None:
    heat, power = linear_map(9000.0, 10000.0).at(np.array(0.5), np.array(50.0), np.array(-5.0))
    assert (float(heat), float(power)) == (4500.0, 5000.0)


def test_suggested_curve_holds_the_room(fitted: HouseFit) -> None:
    found = suggest(fitted, 21.0)
    home = Home()
    heat = home.loss_w_k * (21.0 - 0.0) - home.people_w
    needed = 21.0 + heat / home.floor_w_k + heat / 1400
    from lib.heating_curve import HeatingCurve

    assert HeatingCurve(found.slope, found.level_k, 21.0).flow_c(0.0) == pytest.approx(needed, abs=1.0)
    assert 0 < found.confidence <= 1
    slope, level = found.settable
    assert slope * 10 == pytest.approx(round(slope * 10))
    assert level == round(level)


def _row(time_s: float, room_c: float = 20.0, heat_w: float = 0.0) -> Row:
    return Row(time_s, room_c, 5.0, 0.0, 1.0, heat_w, heat_w / 3, 0.5, math.nan, math.nan, heat_w)


def test_history_bridges_a_short_gap() -> None:
    history = History([_row(0), _row(3600, 22.0, 4000.0)])
    assert [row.room_c for row in history.all_rows] == pytest.approx([20.0, 20.5, 21.0, 21.5, 22.0])
    assert history.all_rows[2].heat_w == 4000.0


def test_a_long_gap_begins_a_new_part_and_the_rows_before_stay() -> None:
    history = History([_row(0), _row(86400), _row(87300)])
    assert len(history) == 3
    assert history.series().parts == [(0, 1), (1, 3)]


def test_history_leaves_out_rows_without_a_room_and_rows_from_the_past() -> None:
    history = History([_row(900), _row(1800, math.nan), _row(0)])
    assert len(history) == 1


def test_history_is_bounded() -> None:
    history = History(_row(900.0 * k) for k in range(KEEP_DAYS * 96 + 50))
    assert len(history) == KEEP_DAYS * 96


def test_history_survives_as_json(rows: list[Row]) -> None:
    history, again = History(rows[:50]), History()
    again.restore([*history.dump(), "nonsense", [1, 2], [None] * 3 + ["x"] * 8])
    assert len(again) == 50
    assert again.all_rows[7].room_c == pytest.approx(rows[7].room_c, abs=1e-3)
