"""The fields of actions: a bad value is named, and never fails in Home Assistant's own validators."""

from datetime import timedelta
from typing import Any

import probatio as vol
import pytest

from lib.action_fields import entity_ids, positive_time_period


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
