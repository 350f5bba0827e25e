"""Several zones are one house to the planner, and each is served."""

from dataclasses import replace
import json
import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import ComfortBand, ControlMode, SensorReading, ZoneSnapshot
from custom_components.proof_of_heat.engine.zones import ZoneOffsets, weights_of

from .homes import PUMP, Home, new_engine, snapshot

STEPS = 192


def _zone(name: str, room_c: float = 20.0, **changes: object) -> ZoneSnapshot:
    return ZoneSnapshot(zone_id=name, room=SensorReading(room_c), target_c=20.0, **changes)  # type: ignore[arg-type]


def _band(lower_c: float | np.ndarray, reason: str = "") -> ComfortBand:
    lower = np.broadcast_to(lower_c, STEPS).astype(float)
    return ComfortBand(lower, lower + 3, (reason,) * STEPS if reason else ())


def _watched(*zones: ZoneSnapshot, hours: float = 48) -> ZoneOffsets:
    """Zones with these offsets for some hours."""
    known = ZoneOffsets()
    for _ in range(int(hours * 4)):
        known.room_c(zones, 900.0)
    return known


WHOLE = _band(15.0)


def test_the_mean_goes_by_the_zones_weights() -> None:
    zones = (_zone("big", 21.0, weight=60.0), _zone("small", 18.0, weight=20.0))
    assert ZoneOffsets().room_c(zones, 0.0) == pytest.approx(20.25)


@pytest.mark.parametrize("weight", [0.0, -3.0, math.nan, math.inf])
def test_weights_that_cannot_be_used_count_as_none(weight: float) -> None:
    assert weights_of([_zone("a", weight=weight), _zone("b", weight=2.0)]) == [0.0, 1.0]
    assert weights_of([_zone("a", weight=weight), _zone("b", weight=weight)]) == [0.5, 0.5]
    assert weights_of([]) == []


def test_no_known_zone_means_no_mean() -> None:
    assert math.isnan(ZoneOffsets().room_c([_zone("a", math.nan)], 60.0))
    assert math.isnan(ZoneOffsets().room_c([], 60.0))


def test_rooms_above_their_own_bounds_need_no_heat_from_the_first_cycle() -> None:
    zones = (_zone("living", 22.1, band=_band(21.1)), _zone("bedroom", 19.5, band=_band(18.6)))
    known = ZoneOffsets()
    room_c = known.room_c(zones, 0.0)
    assert room_c == pytest.approx(20.8)
    assert known.band(zones, WHOLE).lower_c.max() < room_c - 0.8


def test_a_zone_that_appears_later_does_not_move_the_mean() -> None:
    warm, cold = _zone("living", 21.5), _zone("bath", 18.5)
    known = _watched(warm, cold)
    assert known.room_c([warm, cold, _zone("attic", 15.0)], 900.0) == pytest.approx(20.0, abs=0.05)


@pytest.mark.parametrize("gone", [{"room": SensorReading()}, {"room": SensorReading(12.0), "window_open": True}])
def test_the_mean_does_not_jump_when_a_zone_drops_out(gone: dict[str, object]) -> None:
    warm, cold = _zone("living", 21.5), _zone("bath", 18.5)
    known = _watched(warm, cold)
    assert known.room_c([warm, replace(cold, **gone)], 900.0) == pytest.approx(20.0, abs=0.05)  # type: ignore[arg-type]


def test_a_house_with_all_windows_open_still_has_a_mean() -> None:
    assert ZoneOffsets().room_c([_zone("a", 15.0, window_open=True)], 60.0) == 15.0


def test_offsets_survive_a_restart_and_invalid_data_is_ignored() -> None:
    zones = (_zone("a", 22.0), _zone("b", 19.0))
    known, again = _watched(*zones), ZoneOffsets()
    again.restore(json.loads(json.dumps(known.dump())))
    alone = [zones[0], replace(zones[1], room=SensorReading())]
    assert again.room_c(alone, 900.0) == pytest.approx(known.room_c(alone, 900.0), abs=0.01)
    again.restore({"seen_s": "long", "stands": {"a": [1], "b": ["x", 2], "c": [99.0, 0.0]}})
    again.restore({"stands": 7})
    assert set(again.dump()["stands"]) == {"a", "b"}


def test_without_bands_of_their_own_the_homes_band_counts() -> None:
    assert ZoneOffsets().band([_zone("a"), _zone("b")], WHOLE) is WHOLE


def test_one_zones_own_band_counts_as_it_is() -> None:
    own = _band(21.0)
    assert ZoneOffsets().band([_zone("a", band=own)], WHOLE) is own


def test_a_zone_that_stays_behind_asks_the_others_for_more() -> None:
    zones = (_zone("living", 21.0, band=_band(20.0)), _zone("north", 19.0, band=_band(20.0)))
    combined = _watched(*zones).band(zones, WHOLE)
    assert combined.lower_c == pytest.approx(21.0, abs=0.1)
    assert (combined.upper_c >= combined.lower_c + 0.5).all()


def test_the_zone_with_the_earliest_need_determines_the_band_and_is_named() -> None:
    morning = np.where(np.arange(STEPS) < 20, 17.0, 21.0)
    evening = np.where(np.arange(STEPS) < 60, 17.0, 22.0)
    zones = (
        _zone("bath", band=ComfortBand(morning, morning + 3, ("schedule",) * STEPS)),
        _zone("study", band=ComfortBand(evening, evening + 3, ("calendar: home again",) * STEPS)),
    )
    combined = ZoneOffsets().band(zones, WHOLE)
    assert combined.lower_c[[19, 20, 59, 60]] == pytest.approx([17.0, 21.0, 21.0, 22.0])
    assert (combined.zones[20], combined.why(20)) == ("bath", "schedule")
    assert (combined.zones[60], combined.why(60)) == ("study", "calendar: home again")
    assert combined.why(STEPS) == ""
    rise = combined.next_rise()
    assert rise is not None
    assert (rise.zone_id, rise.reason, rise.in_h) == ("bath", "schedule", 5.0)


@pytest.mark.parametrize("paused", [{"window_open": True}, {"wants_heat": False}])
def test_a_paused_zone_has_no_demand(paused: dict[str, object]) -> None:
    zones = (_zone("a", band=_band(18.0)), replace(_zone("b", band=_band(23.0)), **paused))  # type: ignore[arg-type]
    assert ZoneOffsets().band(zones, WHOLE).lower_c == pytest.approx(18.0)


def test_a_zone_set_back_for_now_goes_back_to_its_usual_stand() -> None:
    usual = (_zone("a", 20.0, band=_band(20.0)), _zone("b", 20.0, band=_band(20.0)))
    known = _watched(*usual)
    for _ in range(8):
        known.room_c((usual[0], replace(usual[1], room=SensorReading(18.0))), 900.0)
    lower = known.band(usual, WHOLE).lower_c
    assert lower[0] > 20.6
    assert lower[-1] < 20.3


def test_a_far_off_stand_is_bounded() -> None:
    zones = (_zone("a", 30.0, band=_band(20.0)), _zone("cellar", 10.0, band=_band(20.0)))
    assert _watched(*zones).band(zones, WHOLE).lower_c.max() <= 22.5 + 1e-9


def _away_then_home(time_s: float, back_s: float) -> ComfortBand:
    """Away until a calendar event ends."""
    away = time_s + 900.0 * np.arange(STEPS) < back_s
    return ComfortBand(
        np.where(away, 16.0, 20.5), np.full(STEPS, 25.0), tuple("away" if a else "home again" for a in away)
    )


@pytest.mark.slow
def test_it_is_warm_when_the_calendar_ends_and_the_record_names_it() -> None:
    engine, home = new_engine(), Home()
    back_s = 4.75 * 86400
    seen, text = {}, ""
    while home.time_s < 5 * 86400:
        late = home.time_s > 3 * 86400
        own = _away_then_home(home.time_s, back_s) if late else _away_then_home(home.time_s, 0.0)
        zone = ZoneSnapshot(zone_id="home", room=SensorReading(home.air_c), target_c=float(own.lower_c[0]), band=own)
        now = snapshot(home, zones=(zone,))
        engine.observe(now)
        while (job := engine.job(now)) is not None:
            engine.adopt(job())
        decision = engine.decide(now)
        command = decision.command(PUMP)
        home.run(command.level if command.on and not command.hold else 0.0, 900)
        seen[home.time_s] = home.air_c
        if back_s - 6 * 3600 < home.time_s < back_s - 5 * 3600:
            assert decision.record.control_mode is ControlMode.PLAN
            assert decision.record.next_rise is not None
            assert decision.record.next_rise.reason == "home again"
            text = decision.record.text
    assert "at least 20.5 °C in 5 h " in text
    assert "(home again)" in text
    assert min(seen[t] for t in seen if t >= back_s) > 20.3, "warm at the time"
    assert min(seen[t] for t in seen if 3.5 * 86400 < t < back_s) < 19.5, "and not before"
