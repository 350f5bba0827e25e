"""Schedules, calendars and presence for the coming days: rooms reach their target in time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from hypothesis import given, strategies as st
import pytest

from custom_components.proof_of_heat.comfort.profiles import ComfortSettings, Override, Profile, Targets, band
from custom_components.proof_of_heat.comfort.spans import Spans
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.data import HeatingSystem
from custom_components.proof_of_heat.engine.demand import preheat_offsets_k
from custom_components.proof_of_heat.engine.engine import RISE_K_H
from custom_components.proof_of_heat.inputs.presence import everyone_away
from custom_components.proof_of_heat.inputs.schedules import parse_events, parse_week

from .ha import OUTDOOR, ROOM, start, system, thermometer, zone

NOW = datetime(2027, 1, 13, 3, 0, tzinfo=UTC)
"""A Wednesday, 4 in the morning in Rome."""
CALENDAR = "calendar.away"
QUARTER = timedelta(minutes=15)

moments = st.integers(0, 10_000).map(lambda minutes: NOW + timedelta(minutes=minutes))


@given(st.lists(st.tuples(moments, moments), max_size=20), moments)
def test_merged_spans_cover_the_same_times(pairs: list[tuple[datetime, datetime]], when: datetime) -> None:
    spans = Spans.of(pairs)
    assert spans.contains(when) == any(begin <= when < end for begin, end in pairs)
    assert all(a < b for a, b in zip(spans.ends, spans.starts[1:], strict=False))
    if (end := spans.end_of(when)) is not None:
        assert not spans.contains(end)


@given(
    st.lists(st.tuples(moments, moments), max_size=6),
    st.lists(st.tuples(moments, moments), max_size=6),
    st.booleans(),
    st.none() | moments,
    st.none() | moments,
)
def test_band_requires_the_target_only_where_it_can_change(
    slots: list[tuple[datetime, datetime]],
    trips: list[tuple[datetime, datetime]],
    away: bool,
    back_at: datetime | None,
    until: datetime | None,
) -> None:
    comfort = Spans.of(slots)
    wishes = ComfortSettings(away=away, back_at=back_at, trips=Spans.of(trips))
    if until is not None:
        wishes.add_override(Override(until=until, target_c=23.0))

    def target(when: datetime) -> float:
        return wishes.target("z", Targets(), comfort.contains(when), when)

    lower, upper = band(target, NOW, [*wishes.changes(), *comfort.moments()])
    each = [target(NOW + index * QUARTER) for index in range(192)]
    assert lower == pytest.approx([value - 0.3 for value in each])
    assert upper == pytest.approx([max(each) + 1.2] * 192), "heat for the next comfort time is not too warm"


def test_calendar_reply_with_times_days_and_invalid_rows() -> None:
    rows = [
        {"start": "2027-01-13T08:00:00+01:00", "end": "2027-01-13T10:00:00+01:00", "summary": "out"},
        {"start": "2027-01-14", "end": "2027-01-15"},
        {"start": "nonsense", "end": None},
        {"end": "2027-01-15"},
        "text",
    ]
    spans = parse_events({CALENDAR: {"events": rows}}, CALENDAR)
    assert [when.isoformat() for when in spans.starts] == ["2027-01-13T07:00:00+00:00", "2027-01-14T00:00:00+00:00"]
    for reply in (None, {}, {CALENDAR: None}, {CALENDAR: {"events": "x"}}):
        assert parse_events(reply, CALENDAR) == Spans()


def test_calendar_with_thousands_of_events_is_truncated() -> None:
    rows = [
        {"start": (NOW + timedelta(hours=2 * i)).isoformat(), "end": (NOW + timedelta(hours=2 * i + 1)).isoformat()}
        for i in range(5000)
    ]
    assert len(parse_events({CALENDAR: {"events": rows}}, CALENDAR).starts) == 200


def test_week_of_a_schedule_helper() -> None:
    week = parse_week(
        {"monday": [{"from": "06:00:00", "to": "08:30:00"}], "sunday": [{"from": "00:00:00", "to": "23:59:59.9"}]}
    )
    assert week.at(datetime(2027, 1, 11, 7, 0, tzinfo=UTC)) is not None
    assert week.at(datetime(2027, 1, 11, 9, 0, tzinfo=UTC)) is None
    assert week.at(datetime(2027, 1, 17, 23, 59, tzinfo=UTC)) is not None


def test_absence_ends_with_the_calendar_event() -> None:
    wishes = ComfortSettings(away=True)
    later = NOW + timedelta(hours=5)
    assert wishes.profile_at("z", True, later) == Profile.AWAY
    wishes.back_at = NOW + timedelta(hours=4)
    assert wishes.profile_at("z", True, NOW) == Profile.AWAY
    assert wishes.profile_at("z", True, later) == Profile.COMFORT
    wishes.away, wishes.trips = False, Spans.of([(later, later + QUARTER)])
    assert wishes.profile_at("z", False, later) == Profile.AWAY
    assert wishes.profile_at("z", False, later + QUARTER) == Profile.ECO


@pytest.fixture
async def here(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> HomeAssistant:
    freezer.move_to(NOW)
    await hass.config.async_set_time_zone("Europe/Rome")
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 19.0)
    thermometer(hass, OUTDOOR, 0.0)
    return hass


async def made(hass: HomeAssistant, **parts: Any) -> HeatingSystem:
    entry = system(
        zone(comfort=21.0, eco=18.0, away=15.0, **parts.get("zone", {})),
        options={"presence": parts.get("presence", {})},
    )
    await start(hass, entry)
    found: HeatingSystem = entry.runtime_data
    await hass.async_block_till_done(wait_background_tasks=True)
    await found.coordinator.async_refresh()
    return found


def target_changes(home: HeatingSystem) -> dict[float, float]:
    """Map hours from now to the target temperature from then on."""
    lower = [round(float(value) + 0.3, 2) for value in home.coordinator.data.snapshot.band.lower_c]
    return {i / 4: value for i, value in enumerate(lower) if i == 0 or value != lower[i - 1]}


async def test_own_week(here: HomeAssistant) -> None:
    week = [{"day": "Mon-Fri", "slots": ["06:00-08:00", "17:00-22:00"]}]
    home = await made(here, zone={"week": week})
    assert target_changes(home) == {0: 18, 2: 21, 4: 18, 13: 21, 18: 18, 26: 21, 28: 18, 37: 21, 42: 18}


async def test_invalid_own_week_is_ignored(here: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    home = await made(here, zone={"week": [{"day": "Mon", "slots": ["25:00-26:00"]}]})
    assert target_changes(home) == {0: 21}
    assert "invalid and ignored" in caplog.text


@pytest.mark.parametrize("expected_lingering_timers", [True])  # the schedule helper's own
async def test_schedule_helper_of_home_assistant(here: HomeAssistant) -> None:
    slots = [{"from": "06:00:00", "to": "08:00:00"}]
    days = dict.fromkeys(("wednesday", "thursday", "friday"), slots)
    assert await async_setup_component(here, "schedule", {"schedule": {"comfort": {"name": "Comfort", **days}}})
    home = await made(here, zone={"schedule": "schedule.comfort"})
    assert target_changes(home) == {0: 18, 2: 21, 4: 18, 26: 21, 28: 18}


async def test_missing_schedule_helper_gives_no_preview(here: HomeAssistant) -> None:
    home = await made(here, zone={"schedule": "schedule.missing"})
    assert target_changes(home) == {0: 21}


def calendar(hass: HomeAssistant, *events: tuple[float, float], calls: list[dict[str, Any]] | None = None) -> None:
    """A calendar by its action, hours from now."""

    async def get_events(call: ServiceCall) -> ServiceResponse:
        if calls is not None:
            calls.append(dict(call.data))
        rows: list[Any] = [
            {"start": (NOW + timedelta(hours=a)).isoformat(), "end": (NOW + timedelta(hours=b)).isoformat()}
            for a, b in events
        ]
        return {str(call.data["entity_id"]): {"events": rows}}

    hass.services.async_register("calendar", "get_events", get_events, supports_response=SupportsResponse.ONLY)
    running = any(a <= 0 < b for a, b in events)
    end = next((NOW + timedelta(hours=b) for a, b in events if a <= 0 < b), None)
    local = None if end is None else dt_util.as_local(end).strftime("%Y-%m-%d %H:%M:%S")
    hass.states.async_set(CALENDAR, "on" if running else "off", {"end_time": local})


async def test_away_calendar_sets_back_and_recovers(here: HomeAssistant) -> None:
    calls: list[dict[str, Any]] = []
    calendar(here, (2, 10), (30, 31), calls=calls)
    home = await made(here, presence={"away_calendar": CALENDAR})
    assert target_changes(home) == {0: 21, 2: 15, 10: 21, 30: 15, 31: 21}
    assert len(calls) == 1, "cached, not queried in each cycle"
    here.states.async_set(CALENDAR, "off", {"message": "changed"})
    await here.async_block_till_done()
    await home.coordinator.async_refresh()
    await here.async_block_till_done(wait_background_tasks=True)
    assert len(calls) == 2


async def test_running_event_applies_before_the_calendar_responds_and_without_a_response(
    here: HomeAssistant,
) -> None:
    here.states.async_set(CALENDAR, "on", {"end_time": "2027-01-13 09:00:00"})
    home = await made(here, presence={"away_calendar": CALENDAR})
    assert target_changes(home) == {0: 15, 5: 21}


async def test_empty_home_is_warm_at_the_end_of_the_trip(here: HomeAssistant) -> None:
    here.states.async_set("person.anna", "not_home")
    calendar(here, (-5, 7))
    home = await made(here, presence={"persons": ["person.anna"], "away_calendar": CALENDAR})
    assert target_changes(home) == {0: 15, 7: 21}


async def test_calendar_as_a_zone_s_schedule(here: HomeAssistant) -> None:
    calendar(here, (3, 5))
    home = await made(here, zone={"schedule": CALENDAR})
    assert target_changes(home) == {0: 18, 3: 21, 5: 18}


async def test_preheating_begins_before_the_time(here: HomeAssistant) -> None:
    """A room that is warm enough for now is heated up in time: the curve asks for more the nearer the time is."""
    flows = []
    for begin in ("22:00", "12:00", "08:00", "05:00"):
        home = await made(here, zone={"week": [{"day": "Daily", "slots": [f"{begin}-23:00"]}]})
        assert home.coordinator.data.snapshot.zones[0].target_c == 18.0
        flows.append(home.coordinator.data.decision.record.flow_c)
        await here.config_entries.async_remove(home.coordinator.config_entry.entry_id)
    assert flows == sorted(flows)
    assert flows[-1] > flows[0] + 5


async def test_anticipation_counts_the_time_until_the_change(here: HomeAssistant) -> None:
    """Without a plan yet, a house is taken to rise by 0.4 K an hour: 3 K take seven hours and a half."""
    home = await made(here, zone={"week": [{"day": "Daily", "slots": ["10:00-22:00"]}]})
    zone = home.coordinator.data.snapshot.zones[0]
    assert zone.target_c == 18.0
    assert zone.band is not None
    (more_k,) = preheat_offsets_k([zone.band], RISE_K_H)
    assert zone.target_c + more_k == pytest.approx(21 - 0.4 * 6, abs=0.05)


async def test_person_in_a_preheat_zone_counts_as_home(here: HomeAssistant) -> None:
    here.states.async_set("zone.on_the_way", "1", {"friendly_name": "On the way"})
    here.states.async_set("person.anna", "not_home")
    here.states.async_set("person.ben", "not_home")
    home = await made(here, presence={"persons": ["person.anna", "person.ben"], "way_zones": ["zone.on_the_way"]})
    assert target_changes(home) == {0: 15}
    here.states.async_set("person.ben", "On the way")
    await home.coordinator.async_refresh()
    assert target_changes(home) == {0: 21}
    here.states.async_set("person.ben", "not_home", {"in_zones": ["zone.on_the_way"]})
    await home.coordinator.async_refresh()
    assert target_changes(home) == {0: 21}


async def test_unknown_presence_is_not_absence(hass: HomeAssistant) -> None:
    assert not everyone_away(hass, ["person.missing"])
    assert not everyone_away(hass, [])
    hass.states.async_set("person.anna", "unknown")
    assert not everyone_away(hass, ["person.anna"])
    hass.states.async_set("person.anna", "Work")
    assert everyone_away(hass, ["person.anna"])
