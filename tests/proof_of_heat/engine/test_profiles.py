"""What is wanted when: precedence of profiles, pre-heating bounds, overrides with an end, quiet hours."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.proof_of_heat._lib.week_schedule import WeekSchedule, parse_slot
from custom_components.proof_of_heat.engine.profiles import (
    CalendarEvent,
    Levels,
    Override,
    Profile,
    Profiles,
    anticipated_c,
    with_override,
)

ZONE = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=ZONE)
SCHEDULE = WeekSchedule.parse(
    [
        {"day": "Mon-Fri", "slots": ["06:30-09:30", "17:00-22:00"], "target": "22C"},
        {"day": "Sat,Sun", "slots": ["08:00-23:00"], "mode": "Auto"},
        {"day": "Sun", "slots": ["13:00-15:00"], "mode": "Eco"},
    ]
)


def _at(hour: float, day: int = 0) -> datetime:
    return MONDAY.replace(hour=0) + timedelta(days=day, hours=hour)


@pytest.mark.parametrize(
    ("day", "hour", "target"),
    [(0, 7, 22.0), (0, 12, 18.0), (0, 18, 22.0), (0, 23, 18.0), (5, 12, 21.0), (6, 14, 18.0), (6, 16, 21.0)],
)
def test_schedule_gives_slot_target_or_comfort_and_eco_between(day: int, hour: float, target: float) -> None:
    assert Profiles(schedule=SCHEDULE).target_c(_at(hour, day)) == target


@pytest.mark.parametrize(
    ("profile", "target"),
    [
        (Profile.COMFORT, 21.0),
        (Profile.ECO, 18.0),
        (Profile.AWAY, 16.0),
        (Profile.ANTIFREEZE, 7.0),
        (Profile.MANUAL, 20.5),
    ],
)
def test_profiles_without_schedule(profile: Profile, target: float) -> None:
    profiles = Profiles(profile=profile, schedule=SCHEDULE, levels=Levels(manual_c=20.5))
    assert profiles.target_c(_at(7)) == target


def test_antifreeze_beats_override_beats_calendar_beats_away() -> None:
    holiday = CalendarEvent(_at(0), _at(24), Profile.ECO)
    hand = Override(23.5, _at(20))
    everything = {"schedule": SCHEDULE, "present": False}
    assert Profiles(**everything).target_c(_at(7)) == 16.0
    assert Profiles(**everything, calendar=(holiday,)).target_c(_at(7)) == 18.0
    assert Profiles(**everything, calendar=(holiday,), override=hand).target_c(_at(7)) == 23.5
    frozen = Profiles(**everything, calendar=(holiday,), override=hand, profile=Profile.ANTIFREEZE)
    assert frozen.target_c(_at(7)) == 7.0


def test_calendar_event_may_carry_a_temperature_and_the_later_one_counts() -> None:
    guest = CalendarEvent(_at(10), _at(14), target_c=22.5)
    profiles = Profiles(schedule=SCHEDULE, calendar=(CalendarEvent(_at(0), _at(24), Profile.AWAY), guest))
    assert [profiles.target_c(_at(hour)) for hour in (9, 12, 15)] == [16.0, 22.5, 16.0]


def test_override_ends_by_itself_and_survives_a_restart() -> None:
    override = Override.for_time(23.0, MONDAY, timedelta(hours=2))
    again = Override.restored(override.dump())
    assert again == override
    profiles = Profiles(schedule=SCHEDULE, override=again)
    assert profiles.target_c(MONDAY + timedelta(minutes=119)) == 23.0
    assert profiles.target_c(MONDAY + timedelta(minutes=121)) == 18.0


@pytest.mark.parametrize("saved", [{}, {"target_c": "warm", "until": "x"}, {"target_c": 20, "until": None}])
def test_a_broken_saved_override_is_none(saved: dict[str, object]) -> None:
    assert Override.restored(saved) is None


def test_an_override_needs_a_time_to_live() -> None:
    with pytest.raises(ValueError, match="live"):
        Override.for_time(20.0, MONDAY, timedelta(0))


def test_newest_living_override_counts() -> None:
    old, new, dead = Override(19, _at(20)), Override(20, _at(18)), Override(22, _at(11))
    assert with_override([old, new, dead], _at(12)) is new
    assert with_override([old, new, dead], _at(19)) is old
    assert with_override([dead], _at(12)) is None


def test_away_ends_when_somebody_is_expected_back() -> None:
    profiles = Profiles(schedule=SCHEDULE, present=False, back_at=_at(18))
    band = profiles.band(_at(12))
    assert band.lower_c[0] == 16.0
    assert band.lower_c[int(6 / 0.25)] == 22.0


def test_band_asks_for_the_most_within_each_quarter() -> None:
    late = _at(6) + timedelta(minutes=20)
    band = Profiles(schedule=SCHEDULE).band(late)
    assert band.lower_c[0] == 22.0
    assert (band.upper_c - band.lower_c == 3.0).all()


@given(st.integers(0, 14 * 96))
def test_band_never_asks_for_less_than_the_moment(quarter: int) -> None:
    now = MONDAY + timedelta(minutes=15 * quarter)
    profiles = Profiles(schedule=SCHEDULE)
    assert profiles.band(now, 4).lower_c[0] >= profiles.target_c(now)


def test_coming_comfort_is_anticipated_by_the_houses_rise() -> None:
    band = Profiles(schedule=SCHEDULE).band(_at(13))
    assert anticipated_c(band, ramp_k_h=1.0) == pytest.approx(18.25, abs=0.3)
    assert anticipated_c(band, ramp_k_h=0.5) == pytest.approx(20.0, abs=0.2)
    assert anticipated_c(band, ramp_k_h=10.0) == 18.0


def test_quiet_hours_pass_midnight() -> None:
    profiles = Profiles(quiet_slots=(parse_slot("22:00-06:00"),))
    assert [profiles.quiet(_at(hour)) for hour in (21, 23, 3, 7)] == [False, True, True, False]
    ahead = profiles.quiet_ahead(_at(21))
    assert ahead[:4].sum() == 0
    assert ahead[4:36].all()
    assert not ahead[36]
