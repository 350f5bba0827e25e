"""Heating curves give the published numbers and never rise with the weather."""

from hypothesis import given, strategies as st
import pytest

from custom_components.proof_of_heat.engine import CurveConfig
from custom_components.proof_of_heat.engine.curves import RadiatorCurve, SatCurve, curve_of
from tests.lib.test_heating_curve import OUTDOOR, TABLE

KINDS = ("slope", "points", "value", "radiator", "sat")


@pytest.mark.parametrize("slope", TABLE)
def test_slope_curve_matches_the_published_table(slope: float) -> None:
    curve = curve_of(CurveConfig(slope=slope), 20.0)
    assert [round(curve.flow_c(out), 1) for out in OUTDOOR] == pytest.approx(list(TABLE[slope]), abs=0.1)


def test_radiator_curve_matches_its_law() -> None:
    curve = RadiatorCurve(20.0, -10.0, 70.0, 55.0, 1.3)
    flows = [round(curve.flow_c(out), 1) for out in (15, 10, 5, 0, -5, -10)]
    assert flows == pytest.approx([32.0, 40.8, 48.7, 56.1, 63.2, 70.0], abs=0.1)


@pytest.mark.parametrize(
    ("coefficient", "underfloor", "flows"),
    [
        (2.0, False, (28.6, 30.7, 33.6, 37.2, 41.6, 46.7, 52.6)),
        (1.5, True, (21.0, 22.6, 24.8, 27.5, 30.8, 34.6, 39.0)),
    ],
)
def test_sat_curve_matches_its_published_numbers(
    coefficient: float, underfloor: bool, flows: tuple[float, ...]
) -> None:
    curve = SatCurve(20.0, coefficient, underfloor)
    assert [curve.flow_c(out) for out in (15, 10, 5, 0, -5, -10, -15)] == pytest.approx(list(flows), abs=0.1)


@given(
    st.sampled_from(KINDS),
    st.floats(-40, 40),
    st.floats(-40, 40),
    st.floats(10, 28),
    st.floats(0.05, 3.5),
    st.floats(0, 100),
)
def test_every_curve_is_monotone(kind: str, one: float, other: float, room: float, slope: float, value: float) -> None:
    config = CurveConfig(
        kind=kind, slope=slope, curve_value=value, points=((-15.0, 45.0), (0.0, 35.0), (15.0, 25.0)), coefficient=slope
    )
    curve = curve_of(config, room)
    cold, warm = sorted((one, other))
    assert curve.flow_c(cold) >= curve.flow_c(warm) - 1e-9


@pytest.mark.parametrize(
    ("config", "outdoor_c", "flow_c"),
    [
        (CurveConfig(kind="points", points=((-15.0, 45.0), (0.0, 35.0), (15.0, 25.0))), -7.5, 40.0),
        (CurveConfig(kind="points", points=((-15.0, 45.0), (0.0, 35.0), (15.0, 25.0))), -30.0, 45.0),
        (CurveConfig(kind="sat", coefficient=1.5, underfloor=False), -10.0, SatCurve(20.0, 1.5, False).flow_c(-10.0)),
        (CurveConfig(kind="slope", slope=1.4), -10.0, 63.2),
        (CurveConfig(kind="radiator", design_outdoor_c=-10.0, design_flow_c=70.0), -10.0, 70.0),
    ],
)
def test_each_kind_is_made_of_its_own_settings(config: CurveConfig, outdoor_c: float, flow_c: float) -> None:
    assert curve_of(config, 20.0).flow_c(outdoor_c) == pytest.approx(flow_c, abs=0.1)


def test_a_curve_value_asks_for_more_the_higher_it_is_and_for_nothing_above_its_outdoor_limit() -> None:
    low, high = (
        curve_of(CurveConfig(kind="value", curve_value=value, min_external_c=8.0), 20.0).flow_c(-10.0)
        for value in (20.0, 60.0)
    )
    assert 20.0 < low < high


def test_an_unknown_curve_type_is_rejected() -> None:
    with pytest.raises(ValueError, match="unknown heating curve type"):
        curve_of(CurveConfig(kind="spline"), 20.0)
