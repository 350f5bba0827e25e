"""The schedule as a calendar entity."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from . import entity_id

SCHEDULE = [
    {"day": "Mon-Fri", "slots": ["06:30-09:30", "18:00-23:00"], "target": "22C", "mode": "Auto"},
    {"day": "Sat,Sun", "slots": ["08:00-23:00"], "target": "71.6F", "mode": "eco", "note": "kept"},
]


@pytest.fixture
async def calendar(hass: HomeAssistant, building: MockConfigEntry, freezer: FrozenDateTimeFactory) -> str:
    """The calendar of a building with a schedule, on a Monday at 12:00 in Rome."""
    await hass.config.async_set_time_zone("Europe/Rome")
    freezer.move_to("2026-01-05 11:00:00+00:00")
    await building.runtime_data.building.async_patch_profile({"schedule": SCHEDULE})
    await hass.async_block_till_done()
    return entity_id(hass, "calendar", building.entry_id, "schedule")


def raw(building: MockConfigEntry) -> list[dict[str, Any]]:
    return list(building.runtime_data.building.profile.schedule.raw)


async def test_it_shows_the_next_slot_and_turns_on_in_it(
    hass: HomeAssistant, calendar: str, freezer: FrozenDateTimeFactory
) -> None:
    state = hass.states.get(calendar)
    assert state
    assert (state.state, state.attributes["message"]) == ("off", "22 °C Auto")
    assert state.attributes["start_time"] == "2026-01-05 18:00:00"
    freezer.move_to("2026-01-05 17:00:05+00:00")
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    state = hass.states.get(calendar)
    assert state
    assert state.state == "on"


async def test_an_empty_schedule_has_no_event(hass: HomeAssistant, building: MockConfigEntry, calendar: str) -> None:
    await building.runtime_data.building.async_patch_profile({"schedule": []})
    await hass.async_block_till_done()
    state = hass.states.get(calendar)
    assert state
    assert (state.state, state.attributes.get("message")) == ("off", None)


async def test_the_events_of_a_range(hass: HomeAssistant, calendar: str, hass_client: ClientSessionGenerator) -> None:
    client = await hass_client()
    reply = await client.get(
        f"/api/calendars/{calendar}?start=2026-01-09T00:00:00%2B01:00&end=2026-01-11T00:00:00%2B01:00"
    )
    assert reply.status == HTTPStatus.OK
    events = await reply.json()
    assert [(e["summary"], e["start"]["dateTime"], e["uid"]) for e in events] == [
        ("22 °C Auto", "2026-01-09T06:30:00+01:00", "0-0"),
        ("22 °C Auto", "2026-01-09T18:00:00+01:00", "0-1"),
        ("22 °C Eco", "2026-01-10T08:00:00+01:00", "1-0"),
    ]
    assert events[0]["rrule"] == "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"


async def send(hass_ws_client: WebSocketGenerator, **message: Any) -> dict[str, Any]:
    client = await hass_ws_client()
    await client.send_json_auto_id(message)
    return await client.receive_json()


def event(summary: str, start: str, end: str, rrule: str | None = None) -> dict[str, Any]:
    made = {"summary": summary, "dtstart": start, "dtend": end}
    return made | ({"rrule": rrule} if rrule else {})


async def test_a_slot_is_added(building: MockConfigEntry, calendar: str, hass_ws_client: WebSocketGenerator) -> None:
    made = event("20 °C Eco", "2026-01-07T12:00:00", "2026-01-07T13:30:00", "FREQ=WEEKLY;BYDAY=WE,TH")
    answer = await send(hass_ws_client, type="calendar/event/create", entity_id=calendar, event=made)
    assert answer["success"], answer
    assert raw(building) == [*SCHEDULE, {"day": "Wed,Thu", "slots": ["12:00-13:30"], "target": "20C", "mode": "Eco"}]


async def test_the_action_adds_a_weekly_slot(hass: HomeAssistant, building: MockConfigEntry, calendar: str) -> None:
    data = {
        "entity_id": calendar,
        "summary": "23 °C",
        "start_date_time": "2026-01-07 22:00:00",
        "end_date_time": "2026-01-08 02:00:00",
    }
    await hass.services.async_call("calendar", "create_event", data, blocking=True)
    assert raw(building)[-1] == {"day": "Wed", "slots": ["22:00-02:00"], "target": "23C", "mode": "Auto"}


async def test_a_series_is_deleted(
    building: MockConfigEntry, calendar: str, hass_ws_client: WebSocketGenerator
) -> None:
    answer = await send(hass_ws_client, type="calendar/event/delete", entity_id=calendar, uid="0-1")
    assert answer["success"], answer
    assert raw(building) == [{**SCHEDULE[0], "slots": ["06:30-09:30"]}, SCHEDULE[1]]


async def test_a_series_is_changed(
    building: MockConfigEntry, calendar: str, hass_ws_client: WebSocketGenerator
) -> None:
    made = event("22 °C Eco", "2026-01-10T09:00:00", "2026-01-10T21:00:00", "FREQ=WEEKLY;BYDAY=SA,SU")
    answer = await send(
        hass_ws_client,
        type="calendar/event/update",
        entity_id=calendar,
        uid="1-0",
        recurrence_id="20260110T080000",
        recurrence_range="THISANDFUTURE",
        event=made,
    )
    assert answer["success"], answer
    assert raw(building) == [SCHEDULE[0], {**SCHEDULE[1], "slots": ["09:00-21:00"]}]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"type": "calendar/event/delete", "uid": "0-1", "recurrence_id": "20260105T180000"}, "the same every week"),
        ({"type": "calendar/event/delete", "uid": "7-0"}, "no longer part"),
        ({"type": "calendar/event/delete", "uid": "x"}, "no longer part"),
        ({"type": "calendar/event/delete", "uid": "²-0"}, "no longer part"),
        ({"type": "calendar/event/delete", "uid": "0-" + "9" * 5000}, "no longer part"),
        (
            {
                "type": "calendar/event/create",
                "event": event("party", "2026-01-07T12:00:00", "2026-01-07T13:30:00"),
            },
            "Enter a target temperature",
        ),
        (
            {
                "type": "calendar/event/create",
                "event": event("20C", "2026-01-07T12:00:00", "2026-01-07T13:30:00", "FREQ=DAILY;INTERVAL=2"),
            },
            "every day or every week",
        ),
        (
            {"type": "calendar/event/update", "uid": "0-0", "event": event("20C", "2026-01-07", "2026-01-10")},
            "longer than one day",
        ),
    ],
)
async def test_what_a_week_cannot_hold_is_refused_in_words(
    building: MockConfigEntry, calendar: str, hass_ws_client: WebSocketGenerator, message: dict[str, Any], text: str
) -> None:
    answer = await send(hass_ws_client, entity_id=calendar, **message)
    assert not answer["success"]
    assert text in answer["error"]["message"]
    assert raw(building) == SCHEDULE


async def test_a_schedule_that_is_full_refuses_more(
    hass: HomeAssistant, building: MockConfigEntry, calendar: str
) -> None:
    await building.runtime_data.building.async_patch_profile({"schedule": [SCHEDULE[0]] * 64})
    now = dt_util.now()
    data = {
        "entity_id": calendar,
        "summary": "23 °C",
        "start_date_time": now.isoformat(),
        "end_date_time": (now + timedelta(hours=1)).isoformat(),
    }
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call("calendar", "create_event", data, blocking=True)
    assert caught.value.translation_key == "invalid_value"
