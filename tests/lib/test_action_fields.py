"""The fields of actions: a bad value is named, and never fails in Home Assistant's own validators."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from homeassistant.components.number import NumberEntity
from homeassistant.exceptions import ServiceValidationError
import probatio as vol
import pytest

from lib.action_fields import date_time, entity_ids, positive_time_period, require_finite


@pytest.mark.parametrize("value", [5, 1e308, True, None, {"a": 1}, [5], "no entity", ["climate.x", ""]])
def test_no_entity_ids(value: Any) -> None:
    with pytest.raises(vol.Invalid):
        vol.Schema({"entity_id": entity_ids})({"entity_id": value})


@pytest.mark.parametrize("value", ["climate.living_room", ["climate.living_room"], "Climate.Living_Room"])
def test_entity_ids(value: Any) -> None:
    assert entity_ids(value) == ["climate.living_room"]


@pytest.mark.parametrize(
    "value", [1e308, 10**400, 10**15, -1, "x", "", None, [1], {"a": 1}, {"hours": 1e300}, float("nan")]
)
def test_no_duration(value: Any) -> None:
    with pytest.raises(vol.Invalid):
        vol.Schema({"duration": positive_time_period})({"duration": value})


@pytest.mark.parametrize("value", [5400, "01:30:00", {"hours": 1, "minutes": 30}])
def test_duration(value: Any) -> None:
    assert positive_time_period(value) == timedelta(hours=1, minutes=30)


@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01 00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31 23:59:59",
        "9999-12-31T23:59:59-12:00",
        datetime(1, 1, 1, tzinfo=UTC),
    ],
)
def test_times_at_the_ends_of_the_calendar_exist_in_every_zone(value: Any) -> None:
    moment = date_time(value)
    for hours in (-12, 14):
        zone = timezone(timedelta(hours=hours))
        assert moment.replace(tzinfo=zone).astimezone(UTC) - timedelta(days=31)
        assert moment.astimezone(zone) + timedelta(days=31)


@pytest.mark.parametrize("value", ["2026-13-01", "x", 5, None, [], {"a": 1}, "24:00:00", True])
def test_no_time(value: Any) -> None:
    with pytest.raises(vol.Invalid):
        vol.Schema({"start": date_time})({"start": value})


def test_time() -> None:
    assert date_time("2026-03-29 02:30:00").replace(tzinfo=UTC) == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
    assert date_time("1900-01-01T00:00:00Z") == datetime(1900, 1, 1, tzinfo=UTC)


class _Number(NumberEntity):
    entity_id = "number.power_limit"
    _attr_native_min_value = 0.0
    _attr_native_max_value = 5000.0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_has_to_be_finite(value: float) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        require_finite(_Number(), value)
    assert refused.value.translation_placeholders is not None
    assert refused.value.translation_placeholders["entity_id"] == "number.power_limit"


def test_any_finite_number_is_left_to_home_assistant() -> None:
    require_finite(_Number(), 9000.0)
