"""The recorder's series on a grid of 15 minutes."""

import math

import numpy as np
import pytest

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.engine.config import SourceConfig
from custom_components.proof_of_heat.engine.snapshot import NAN
from custom_components.proof_of_heat.learning.grid import at_ends, counter_means, means, without_jumps
from custom_components.proof_of_heat.learning.rows import HomeSeries, SourceSeries, rows_of

ENDS = 900.0 * np.arange(1, 9)


def test_temperatures_are_interpolated_between_reports_on_change() -> None:
    found = at_ends([(0.0, 20.0), (3600.0, 22.0)], ENDS)
    assert found[:4].tolist() == pytest.approx([20.5, 21.0, 21.5, 22.0])
    assert found[4:].tolist() == pytest.approx([22.0] * 4), "the last report holds"


def test_nothing_is_known_before_the_first_report_and_while_unavailable() -> None:
    found = at_ends([(1000.0, 20.0), (2000.0, math.nan), (5000.0, 21.0)], ENDS)
    assert np.isnan(found[0])
    assert found[1] == 20.0
    assert np.isnan(found[2:5]).all()
    assert found[5] == 21.0


def test_a_report_does_not_hold_for_days() -> None:
    ends = np.array([3600.0, 13 * 3600.0])
    assert np.isnan(at_ends([(0.0, 20.0)], ends)[1])
    assert np.isnan(means([(0.0, 1000.0)], ends)[1])


def test_power_is_the_mean_of_what_held() -> None:
    found = means([(0.0, 1000.0), (450.0, 3000.0), (900.0, 0.0)], ENDS)
    assert found[:3].tolist() == pytest.approx([2000.0, 0.0, 0.0])


def test_a_step_that_was_hardly_measured_has_no_mean() -> None:
    found = means([(0.0, 1000.0), (300.0, math.nan), (900.0, 500.0)], ENDS)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(500.0)


def test_a_counter_gives_the_mean_power_and_its_reset_none() -> None:
    samples = [(0.0, 100.0), (900.0, 100.5), (1800.0, 0.0), (2700.0, 0.25), (3600.0, 900.0), (4500.0, 900.25)]
    found = counter_means(samples, ENDS)
    assert found[0] == pytest.approx(2000.0)
    assert np.isnan(found[1]), "reset"
    assert found[2] == pytest.approx(1000.0)
    assert np.isnan(found[3]), "replaced by another counter"
    assert found[4] == pytest.approx(1000.0)
    assert np.isnan(counter_means([(0.0, 1.0)], ENDS)).all()


def test_readings_of_a_defective_sensor_are_left_out() -> None:
    found = without_jumps(np.array([20.0, 20.1, 85.0, 20.2, math.nan, 20.3]))
    assert np.isnan(found[2])
    assert found[3] == 20.2


def test_a_sensor_that_was_moved_is_used_again() -> None:
    found = without_jumps(np.array([20.0, *[14.0] * 6]))
    assert np.isnan(found[1:5]).all()
    assert found[5:].tolist() == [14.0, 14.0]


def _pump(**changes: object) -> SourceSeries:
    config = SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP)
    values: dict[str, object] = {"config": config, "power_w": [(0.0, 2000.0)], "flow_c": [(0.0, 35.0)]}
    return SourceSeries(**(values | changes))  # type: ignore[arg-type]


def _rows(*sources: SourceSeries, rooms: list[list[tuple[float, float]]] | None = None) -> list[object]:
    home = HomeSeries(
        rooms_c=rooms if rooms is not None else [[(0.0, 20.0)], [(0.0, 22.0)]],
        outdoor_c=[(0.0, 5.0)],
        sources=sources,
    )
    return list(rows_of(home, ENDS, ENDS, np.full(8, 100.0), 0.0))


def test_rows_have_the_mean_room_and_the_heat_of_all_sources() -> None:
    heater = SourceSeries(
        config=SourceConfig(source_id="heater", kind=SourceKind.DIRECT_ELECTRIC), power_w=[(0.0, 1000.0)]
    )
    rows = rows_of(
        HomeSeries(rooms_c=[[(0.0, 20.0)], [(0.0, 22.0)]], outdoor_c=[(0.0, 5.0)], sources=(_pump(), heater)),
        ENDS,
        ENDS,
        np.full(8, 100.0),
        1.0,
    )
    assert len(rows) == 8
    assert rows[0].room_c == 21.0
    assert rows[0].solar_w_m2 == pytest.approx(25.0)
    assert rows[0].power_w == 2000.0
    assert rows[0].heat_w > 6000.0
    assert rows[0].pump_heat_w == pytest.approx(rows[0].heat_w - 1000.0)
    assert rows[0].flow_c == 35.0


def test_measured_heat_takes_precedence_and_standby_makes_no_heat() -> None:
    counted = _pump(heat_kwh=[(0.0, 10.0), (7200.0, 26.0)])
    assert _rows(counted)[0].heat_w == pytest.approx(8000.0)  # type: ignore[attr-defined]
    assert _rows(_pump(power_w=[(0.0, 80.0)]))[0].heat_w == 0.0  # type: ignore[attr-defined]


def test_steps_without_a_room_or_the_heat_of_a_source_are_left_out() -> None:
    assert _rows(_pump(power_w=[])) == []
    assert _rows(_pump(), rooms=[[(0.0, 20.0)], []]) == []
    assert _rows() == []
    assert len(_rows(_pump(power_w=[(0.0, 2000.0), (3600.0, NAN)]))) == 4
