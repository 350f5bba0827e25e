"""The shared vectors of docs/vectors, which the firmware reads too."""

from dataclasses import replace
from datetime import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from lib.heating_curve import HeatingCurve
from lib.week_schedule import ScheduleError, WeekSchedule

VECTORS = Path(__file__).parents[2] / "docs/vectors"
MONDAY = 23
"""Of November 2026."""


def cases(name: str) -> list[dict[str, Any]]:
    return json.loads((VECTORS / name).read_text())["cases"]  # type: ignore[no-any-return]


def test_heating_curve_vectors() -> None:
    for case in cases("heating_curve.json"):
        curve = replace(HeatingCurve.from_value(case["value"], case["min_external_temp"]), room_c=case["room_setpoint"])
        assert curve.flow_c(case["temp_out"]) == pytest.approx(case["flow"], abs=0.001), case


@pytest.mark.parametrize("case", cases("week_schedule.json"), ids=lambda case: case["name"])
def test_week_schedule_vectors(case: dict[str, Any]) -> None:
    if not case["valid"]:
        with pytest.raises(ScheduleError):
            WeekSchedule.parse(case["schedule"])
        return
    schedule = WeekSchedule.parse(case["schedule"])
    assert [entry.mode.value for entry in schedule.entries] == case["modes"]
    assert [entry.target_c for entry in schedule.entries] == pytest.approx(case["targets"])
    for weekday, minute, expected in case["active"]:
        active = schedule.at(datetime(2026, 11, MONDAY + weekday, minute // 60, minute % 60))  # noqa: DTZ001  # local time
        assert (-1 if active is None else active) == expected, (weekday, minute)
