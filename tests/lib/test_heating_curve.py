"""Heating curves against published values."""

from hypothesis import given, strategies as st
import pytest

from lib.heating_curve import MAX_FLOW_C, HeatingCurve, PointsCurve

OUTDOOR = (15, 10, 5, 0, -5, -10, -14, -20)
# Level 0, room 20 degC (computed from the published formula; 74.8 degC at slope 1.6 and -14 degC is also the
# boundary that a Viessmann service manual draws).
TABLE = {
    0.2: (21.3, 22.5, 23.5, 24.5, 25.3, 26.2, 26.8, 27.9),
    0.4: (22.7, 25.0, 27.1, 28.9, 30.6, 32.3, 33.7, 35.9),
    0.6: (24.0, 27.5, 30.6, 33.4, 36.0, 38.5, 40.5, 43.8),
    1.0: (26.7, 32.5, 37.6, 42.3, 46.6, 50.8, 54.2, 59.7),
    1.4: (29.4, 37.5, 44.7, 51.2, 57.3, 63.2, 67.9, 75.5),
    1.6: (30.7, 40.0, 48.2, 55.6, 62.6, 69.3, 74.8, 83.4),
    2.0: (33.4, 45.0, 55.3, 64.6, 73.2, 81.7, 88.5, 99.3),
}


@pytest.mark.parametrize(
    ("slope", "outdoor", "flow"),
    [(slope, outdoor, flow) for slope, row in TABLE.items() for outdoor, flow in zip(OUTDOOR, row, strict=True)],
)
def test_published_table(slope: float, outdoor: float, flow: float) -> None:
    assert HeatingCurve(slope).flow_c(outdoor) == pytest.approx(flow, abs=0.1)


def test_a_curve_value_is_the_share_of_the_lift_at_the_minimum() -> None:
    full = HeatingCurve.from_value(100, -15)
    half = HeatingCurve.from_value(50, -15)
    assert full.slope == pytest.approx(0.997, abs=0.001)
    assert half.slope == pytest.approx(0.50, abs=0.01)
    assert full.flow_c(-15) == pytest.approx(MAX_FLOW_C)
    assert full.flow_c(-25) == pytest.approx(MAX_FLOW_C), "below the minimum the curve is level"
    assert half.flow_c(-15) == pytest.approx(37.5)


@pytest.mark.parametrize("value", [-1, 100.1])
def test_a_curve_value_out_of_range(value: float) -> None:
    with pytest.raises(ValueError, match=r"0\.\.100"):
        HeatingCurve.from_value(value, -15)


def test_a_minimum_warmer_than_the_room_is_held_below_it() -> None:
    assert HeatingCurve.from_value(60, 30).flow_c(0) == HeatingCurve.from_value(60, 15).flow_c(0)


def test_level_and_limits() -> None:
    assert HeatingCurve(1.0, level=3).flow_c(30) == 23
    assert HeatingCurve(1.0, min_flow_c=30).flow_c(20) == 30
    assert HeatingCurve(2.0, max_flow_c=60).flow_c(-20) == 60


@given(st.floats(0, 100), st.floats(-30, 30))
def test_value_there_and_back(value: float, minimum: float) -> None:
    assert HeatingCurve.from_value(value, minimum).value(minimum) == pytest.approx(value, abs=1e-6)


@given(st.floats(0, 3.5), st.floats(-60, 40), st.floats(0, 40))
def test_never_warmer_flow_when_it_is_warmer_outside(slope: float, outdoor: float, warmer: float) -> None:
    curve = HeatingCurve(slope, max_flow_c=1e9)
    assert curve.flow_c(outdoor + warmer) <= curve.flow_c(outdoor) + 1e-9


def test_points() -> None:
    curve = PointsCurve(((-15, 55), (0, 40), (15, 25)))
    assert [curve.flow_c(t) for t in (-30, -15, -7.5, 0, 7.5, 15, 30)] == [55, 55, 47.5, 40, 32.5, 25, 25]


@pytest.mark.parametrize("points", [(), ((0, 40), (-15, 55)), ((-15, 40), (0, 45)), ((0, 40), (0, 30))])
def test_points_that_are_not_a_curve(points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match=r"curve|ordered|fall"):
        PointsCurve(points)
