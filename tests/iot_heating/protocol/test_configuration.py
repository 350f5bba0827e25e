"""The configuration of one controller: the profile of the building with overrides and mode."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.iot_heating._lib.week_schedule import Mode
from custom_components.iot_heating.protocol.configuration import (
    NO_OVERRIDE,
    Comfort,
    Force,
    Override,
    active_mode,
    apply_override,
    curve_value_for,
    flow_setpoint_c,
    room_setpoint_c,
)
from custom_components.iot_heating.protocol.profile import Profile

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")
SCHEDULE = [
    {"day": "Mon-Fri", "slots": ["06:00-09:00"], "target": "22C", "mode": "Auto"},
    {"day": "Mon", "slots": ["20:00-22:00"], "target": "22C", "mode": "Eco", "note": "kept"},
    {"day": "Tue", "slots": ["20:00-22:00"], "mode": "Manual"},
]
PROFILE = Profile.initial(NOW).patched({"curve_value": 60, "min_external_temp": -10, "schedule": SCHEDULE}, NOW)


def at(day: int, hour: int) -> datetime:
    """Local time; 5 January 2026 is a Monday."""
    return datetime(2026, 1, day, hour, tzinfo=ROME)


def test_without_an_override_the_profile_is_unchanged() -> None:
    assert apply_override(PROFILE, NO_OVERRIDE) is PROFILE


@pytest.mark.parametrize(("force", "curve", "target"), [(Force.ON, 60, "30C"), (Force.OFF, 0, "5C")])
def test_forcing_is_expressed_in_fields_of_protocol_1(force: Force, curve: float, target: str) -> None:
    later = NOW + timedelta(minutes=1)
    told = apply_override(replace(PROFILE, iot_enabled=False), Override(force=force, since=later))
    assert (told.curve_value, told.iot_enabled, told.updated_at) == (curve, True, later)
    assert list(told.schedule.raw) == [{"day": "Daily", "slots": ["00:00-24:00"], "mode": "Manual", "target": target}]


def test_a_curve_of_its_own_leaves_the_rest() -> None:
    told = apply_override(PROFILE, Override(curve_value=75, since=NOW))
    assert (told.curve_value, told.min_external_temp, told.schedule) == (75, -10, PROFILE.schedule)
    assert apply_override(PROFILE, Override(curve_value=75, min_external_temp=-5)).min_external_temp == -5


@pytest.mark.parametrize(("mode", "word"), [(Mode.ECO, "Eco"), (Mode.MANUAL, "Manual")])
def test_the_mode_of_the_building_overrides_those_of_its_entries(mode: Mode, word: str) -> None:
    told = apply_override(replace(PROFILE, mode=mode), NO_OVERRIDE)
    assert [entry["mode"] for entry in told.schedule.raw] == [word] * 3
    assert told.schedule.raw[1]["note"] == "kept"
    assert PROFILE.schedule.raw[1]["mode"] == "Eco", "what was written is not touched"


def test_an_override_ends_by_itself_and_its_end_dates_the_configuration() -> None:
    override = Override(force=Force.ON, since=NOW, until=NOW + timedelta(hours=1))
    assert override.at(NOW) is override
    ended = override.at(NOW + timedelta(hours=1))
    assert ended.is_empty
    assert apply_override(PROFILE, ended).updated_at == NOW + timedelta(hours=1)
    assert apply_override(PROFILE, ended).schedule == PROFILE.schedule


@pytest.mark.parametrize(
    "override",
    [NO_OVERRIDE, Override(Force.ON, 75, -5, NOW, NOW + timedelta(hours=1)), Override(curve_value=1, since=NOW)],
)
def test_storage_gives_back_the_same_override(override: Override) -> None:
    assert Override.from_dict(override.as_dict()) == override


@pytest.mark.parametrize(
    ("local", "mode", "room"),
    [
        (at(5, 7), Mode.AUTO, 22),
        (at(5, 12), Mode.AUTO, 17),
        (at(5, 21), Mode.ECO, 19),
        (at(6, 21), Mode.MANUAL, None),
        (at(10, 7), Mode.AUTO, 17),
    ],
)
def test_the_room_set_point_follows_the_schedule(local: datetime, mode: Mode, room: float | None) -> None:
    assert active_mode(PROFILE, local) is mode
    assert room_setpoint_c(PROFILE, Comfort(), local) == room


@pytest.mark.parametrize(
    ("changes", "local", "room"),
    [
        ({"mode": Mode.ECO}, at(5, 7), 19),
        ({"mode": Mode.ECO}, at(5, 12), 14),
        ({"mode": Mode.MANUAL}, at(5, 7), None),
        ({"iot_enabled": False}, at(5, 7), None),
        ({"schedule": Profile.initial(NOW).schedule}, at(5, 12), 20),
    ],
)
def test_what_overrides_the_schedule(changes: dict[str, object], local: datetime, room: float | None) -> None:
    assert room_setpoint_c(replace(PROFILE, **changes), Comfort(), local) == room


def test_comfort_can_be_set() -> None:
    assert room_setpoint_c(PROFILE, Comfort(setback_c=15), at(5, 12)) == 15
    assert room_setpoint_c(PROFILE, Comfort(eco_reduction_k=1), at(5, 21)) == 21


def test_the_flow_set_point_needs_an_outdoor_temperature_and_a_room_set_point() -> None:
    assert flow_setpoint_c(PROFILE, Comfort(), None, at(5, 7)) is None
    assert flow_setpoint_c(PROFILE, Comfort(), 0, at(6, 21)) is None


def test_at_the_minimum_external_temperature_the_flow_is_the_curve_values_share() -> None:
    profile = replace(PROFILE, schedule=Profile.initial(NOW).schedule)
    assert flow_setpoint_c(profile, Comfort(), -10, at(5, 12)) == pytest.approx(20 + 0.6 * 35)
    assert flow_setpoint_c(profile, Comfort(), -25, at(5, 12)) == pytest.approx(20 + 0.6 * 35), "level below"


def test_a_cooler_room_takes_a_cooler_flow() -> None:
    warm, cool = (flow_setpoint_c(PROFILE, Comfort(), 0, local) for local in (at(5, 7), at(5, 12)))
    assert warm is not None
    assert cool is not None
    assert warm - cool > 5


@given(flow=st.floats(20, 55), outdoor=st.floats(-30, 15))
def test_a_curve_value_for_a_flow_gives_that_flow_as_near_as_it_can(flow: float, outdoor: float) -> None:
    value = curve_value_for(PROFILE, flow, outdoor)
    given_flow = replace(PROFILE, curve_value=value).curve.flow_c(outdoor)
    highest = replace(PROFILE, curve_value=100).curve.flow_c(outdoor)
    assert given_flow == pytest.approx(min(flow, highest), abs=0.6 * (highest - 20) / 100 + 1e-6)


@pytest.mark.parametrize(("flow", "value"), [(30, 100), (15, 0), (20, 0)])
def test_where_it_is_warm_outside_a_curve_is_all_or_nothing(flow: float, value: float) -> None:
    assert curve_value_for(PROFILE, flow, 25) == value
