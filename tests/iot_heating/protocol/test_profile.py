"""The control profile: valid changes, and what controllers receive."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.iot_heating.protocol.configuration import device_config
from custom_components.iot_heating.protocol.errors import ProtocolError
from custom_components.iot_heating.protocol.profile import Profile, utc_text

NOW = datetime(2025, 12, 29, 10, 45, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
SCHEDULE = [{"day": "Mon-Fri", "slots": ["06:30-09:30", "18:00-23:00"], "target": "22C", "mode": "Auto"}]


def test_a_controller_gets_the_documents_configuration() -> None:
    profile = Profile.initial(NOW).patched({"curve_value": 60, "min_external_temp": 8, "schedule": SCHEDULE}, NOW)
    assert device_config(profile, "ESP32-001", 12, NOW + timedelta(seconds=72)) == {
        "config": {
            "protocol_version": 1,
            "device_id": "ESP32-001",
            "building_id": 12,
            "iot_enabled": True,
            "curve": {"value": 60, "min_external_temp": 8},
            "schedule": tuple(SCHEDULE),
            "updated_at": "2025-12-29T10:45:00Z",
            "server_time": "2025-12-29T10:46:12Z",
        }
    }


def test_a_change_counts_up_the_revision_and_is_dated() -> None:
    profile = Profile.initial(NOW).patched({"curve_value": 60}, LATER)
    assert (profile.curve_value, profile.revision, profile.updated_at) == (60, 2, LATER)


def test_what_is_the_same_is_not_a_change() -> None:
    profile = Profile.initial(NOW).patched({"curve_value": 60, "schedule": SCHEDULE}, NOW)
    assert profile.patched({"curve_value": 60.0, "schedule": SCHEDULE, "iot_enabled": True}, LATER) is profile


def test_whole_numbers_have_no_fraction() -> None:
    assert repr(Profile.initial(NOW).patched({"curve_value": 60.0}, NOW).curve_value) == "60"


def test_keys_that_are_not_settings_are_passed_over() -> None:
    profile = Profile.initial(NOW)
    assert profile.patched({"building_id": 5, "revision": 9, "updated_at": "x"}, LATER) is profile


@pytest.mark.parametrize(
    ("patch", "field", "absent"),
    [
        ({"curve_value": -0.1}, "curve_value", False),
        ({"curve_value": 100.1}, "curve_value", False),
        ({"curve_value": "60"}, "curve_value", False),
        ({"curve_value": None}, "curve_value", False),
        ({"curve_value": True}, "curve_value", False),
        ({"curve_value": float("nan")}, "curve_value", False),
        ({"min_external_temp": -30.5}, "min_external_temp", False),
        ({"min_external_temp": 31}, "min_external_temp", False),
        ({"iot_enabled": 1}, "iot_enabled", False),
        ({"iot_enabled": "yes"}, "iot_enabled", False),
        ({"schedule": {}}, "schedule", False),
        ({"schedule": [{"day": "Mon"}]}, "schedule[0].slots", True),
        ({"schedule": [SCHEDULE[0], {"day": "Mon", "slots": ["25:00-26:00"]}]}, "schedule[1].slots[0]", False),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_changes(patch: dict[str, Any], field: str, absent: bool) -> None:
    profile = Profile.initial(NOW)
    with pytest.raises(ProtocolError) as caught:
        profile.patched({"min_external_temp": 3, **patch}, LATER)
    assert (caught.value.field, caught.value.absent) == (field, absent)
    assert profile == Profile.initial(NOW)


@given(
    value=st.floats(0, 100),
    coldest=st.floats(-30, 30),
    enabled=st.booleans(),
    day=st.sampled_from(["Daily", "mon", "Sat,Sun", "Fri-Mon"]),
    target=st.sampled_from(["22", "22C", "71.6F", 21.5, None]),
)
def test_storage_gives_back_the_same_profile(
    value: float, coldest: float, enabled: bool, day: str, target: object
) -> None:
    schedule = [{"day": day, "slots": ["22:00-06:00"], "target": target, "note": "kept"}]
    patch = {"curve_value": value, "min_external_temp": coldest, "iot_enabled": enabled, "schedule": schedule}
    profile = Profile.initial(NOW).patched(patch, LATER)
    assert Profile.from_dict(profile.as_dict()) == profile
    assert profile.as_dict()["schedule"] == schedule


def test_times_are_formatted_in_utc_with_seconds() -> None:
    assert utc_text(datetime(2025, 6, 1, 12, 0, 0, 999_999, tzinfo=UTC)) == "2025-06-01T12:00:00Z"


def test_a_mode_is_a_word() -> None:
    assert Profile.initial(NOW).patched({"mode": "Eco"}, NOW).mode.value == "eco"
    with pytest.raises(ProtocolError) as caught:
        Profile.initial(NOW).patched({"mode": "warm"}, NOW)
    assert caught.value.field == "mode"


def test_times_of_other_zones_are_formatted_in_utc() -> None:
    assert utc_text(datetime.fromisoformat("2026-01-05T13:00:00+01:00")) == "2026-01-05T12:00:00Z"
