"""The engine's command in the terms of each source type."""

from datetime import UTC, datetime
import math
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.proof_of_heat.engine.decision_record import SourceCommand
from custom_components.proof_of_heat.sources.source_commands import (
    MAX_SHIFT_K,
    UNKNOWN,
    UserCurve,
    can_stop,
    source_command,
)
from lib.heat_source import Capabilities, Command, Control, Health, SourceKind, SourceState
from lib.heating_curve import curve_shape

C = Control


def command_for(
    controls: set[Control],
    target: dict[str, Any],
    *,
    outdoor_c: float | None = 0.0,
    level: float | None = None,
    user: UserCurve = UNKNOWN,
    **caps: Any,
) -> Command | None:
    capabilities = Capabilities(kind=SourceKind.HEAT_PUMP, controls=frozenset(controls), **caps)
    state = SourceState(at=datetime.now(UTC), health=Health.OK, level=level)
    values = {"on": True, "level": 0.5, "power_w": 1500.0, "heat_w": 4000.0, "flow_c": 38.0, "lease_s": 900.0, **target}
    return source_command(
        SourceCommand(source_id="s", **values),
        capabilities,
        state,
        cycle_id="c",
        outdoor_c=outdoor_c,
        slope=0.6,
        room_c=21.0,
        user=user,
    )


def given_values(command: Command | None) -> dict[str, Any]:
    assert command is not None
    names = ("on", "power_w", "mode", "flow_c", "slope", "level", "room_c")
    return {name: value for name in names if (value := getattr(command, name)) is not None}


@pytest.mark.parametrize(
    ("controls", "target", "caps", "values"),
    [
        ({C.ON_OFF}, {}, {}, {"on": True}),
        ({C.ON_OFF}, {"on": False}, {}, {"on": False}),
        ({C.ON_OFF, C.POWER}, {}, {}, {"on": True, "power_w": 1500.0}),
        ({C.ON_OFF, C.POWER}, {"power_w": 0.0}, {}, {"on": True}),
        ({C.POWER}, {"on": False}, {"min_power_w": 100.0}, {"power_w": 100.0}),
        ({C.POWER}, {"on": False}, {}, {"power_w": 0.0}),
        ({C.FLOW}, {"on": False}, {"min_flow_c": 25.0}, {"flow_c": 25.0}),
        ({C.FLOW}, {"on": False}, {}, {"flow_c": 20.0}),
        ({C.ON_OFF, C.FLOW}, {}, {}, {"on": True, "flow_c": 38.0}),
        ({C.ON_OFF, C.FLOW, C.CURVE}, {}, {}, {"on": True, "flow_c": 38.0}),
        ({C.ON_OFF, C.ROOM}, {}, {}, {"on": True, "room_c": 21.0}),
        ({C.CURVE}, {}, {"min_slope": 0.2, "max_slope": 3.5}, {"slope": 0.6, "level": 5.0}),
        ({C.CURVE}, {}, {}, {"level": 5.0}),
    ],
)
def test_command_for_each_set_of_controls(
    controls: set[Control], target: dict[str, Any], caps: dict[str, Any], values: Any
) -> None:
    assert given_values(command_for(controls, target, **caps)) == pytest.approx(values)


def test_no_command_on_hold_or_without_an_off_control() -> None:
    assert command_for({C.ON_OFF}, {"hold": True}) is None
    assert command_for({C.CURVE}, {"on": False}) is None


def test_curve_needs_the_outdoor_temperature() -> None:
    assert given_values(command_for({C.CURVE, C.ON_OFF}, {}, outdoor_c=None)) == {"on": True}


def test_small_level_changes_are_not_written() -> None:
    assert given_values(command_for({C.CURVE}, {}, level=5.2))["level"] == 5.2
    assert given_values(command_for({C.CURVE}, {}, level=3.0))["level"] == 5.0


def test_level_is_clamped_to_the_device_limits() -> None:
    assert given_values(command_for({C.CURVE}, {"flow_c": 80.0}, max_level=10.0))["level"] == 10
    assert given_values(command_for({C.CURVE}, {"flow_c": 20.0}, min_level=-5.0))["level"] == -5


@given(st.floats(20, 60), st.floats(-20, 19))
def test_level_makes_the_device_curve_reach_the_flow_target(flow_c: float, outdoor_c: float) -> None:
    level = given_values(command_for({C.CURVE}, {"flow_c": flow_c}, outdoor_c=outdoor_c))["level"]
    assert math.isclose(20 + level + 0.6 * curve_shape(outdoor_c), flow_c, abs_tol=0.5001)


def test_curve_at_zero_degrees() -> None:
    """Slope 0.6 at 0 degC: 0.6 * 20 * (1.4347 - 0.42 + 0.0992) = 13.4 K over the room of 20 degC."""
    assert 20 + 0.6 * curve_shape(0.0) == pytest.approx(33.37, abs=0.01)


@given(st.floats(20, 70), st.floats(-25, 19), st.floats(0.2, 2.0), st.floats(-10, 10), st.booleans())
def test_a_curve_stays_near_the_users(flow_c: float, outdoor_c: float, slope: float, level: float, on: bool) -> None:
    """If it is the last command, the home is neither cold nor hot at any outdoor temperature."""
    user = UserCurve(slope, level)
    values = given_values(
        command_for({C.CURVE}, {"flow_c": flow_c, "on": on}, outdoor_c=outdoor_c, user=user, min_slope=0.2)
    )
    assert values.get("slope", slope) == slope
    assert abs(values["level"] - level) <= MAX_SHIFT_K + 0.5
    if not on:
        assert values["level"] < level, "a source that cannot be turned off is turned down"


def test_a_source_with_a_room_setpoint_alone_is_turned_down() -> None:
    assert given_values(command_for({C.ROOM}, {"on": False})) == {"room_c": 15.0}
    assert given_values(command_for({C.ROOM, C.ON_OFF}, {"on": False})) == {"on": False}


@pytest.mark.parametrize(
    ("controls", "caps", "stoppable"),
    [
        ({C.ON_OFF}, {}, True),
        ({C.CURVE}, {}, False),
        ({C.CURVE, C.ON_OFF}, {}, True),
        ({C.ROOM}, {}, True),
        ({C.CURVE, C.ROOM}, {}, True),
        ({C.POWER}, {}, True),
        ({C.POWER}, {"min_power_w": 0.0}, True),
        ({C.POWER}, {"min_power_w": 500.0}, False),
        ({C.POWER, C.ON_OFF}, {"min_power_w": 500.0}, True),
        ({C.FLOW}, {}, True),
        ({C.FLOW}, {"min_flow_c": 20.0}, True),
        ({C.FLOW}, {"min_flow_c": 35.0}, False),
        ({C.FLOW, C.ON_OFF}, {"min_flow_c": 35.0}, True),
        ({C.ON_OFF}, {"can_stop": False}, False),
        ({C.MODE}, {}, True),
        (set(), {}, True),
    ],
)
def test_which_sources_can_be_turned_off(controls: set[Control], caps: dict[str, Any], *, stoppable: bool) -> None:
    capabilities = Capabilities(kind=SourceKind.HEAT_PUMP, controls=frozenset(controls), **caps)
    assert can_stop(capabilities) is stoppable
