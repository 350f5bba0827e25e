"""A heat pump is measured only while rooms need heat."""

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import ComfortBand, ControlMode, SensorReading, ZoneSnapshot
from custom_components.proof_of_heat.engine.decision_record import Decision

from .homes import Home, new_engine, snapshot as home_snapshot


def decide(room_c: float, target_c: float = 21.0, *, steps: int = 8) -> list[Decision]:
    engine, home = new_engine(), Home()
    decisions = []
    for _ in range(steps):
        band = ComfortBand(np.full(192, target_c - 0.3), np.full(192, target_c + 1.2))
        zone = ZoneSnapshot(zone_id="room", room=SensorReading(room_c), target_c=target_c, band=band)
        seen = home_snapshot(home, zones=(zone,), band=band)
        engine.observe(seen)
        decisions.append(engine.decide(seen))
        home.run(0.0, 900)
    return decisions


def test_cold_rooms_are_heated_at_varied_levels() -> None:
    records = [decision.record for decision in decide(19.0)]
    assert records[-1].control_mode is ControlMode.COMMISSIONING
    assert any(part.heat_w > 0 for record in records for part in record.mix)
    assert {record.requested_w for record in records} != {record.demand_w for record in records}


@pytest.mark.parametrize(("room_c", "target_c"), [(25.0, 21.0), (21.5, 21.0), (20.0, 16.0), (19.0, 7.0)])
def test_rooms_at_their_target_are_not_heated_for_a_measurement(room_c: float, target_c: float) -> None:
    for decision in decide(room_c, target_c):
        assert decision.record.control_mode is not ControlMode.COMMISSIONING


@pytest.mark.parametrize("above_k", [1.3, 4.0])
def test_rooms_far_above_their_target_get_no_heat_by_the_curve(above_k: float) -> None:
    for decision in decide(21.0 + above_k):
        assert decision.record.demand_w == 0
        assert not any(command.on for command in decision.commands)
