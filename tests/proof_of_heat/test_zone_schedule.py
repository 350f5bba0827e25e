"""The week of a zone, as the week-schedule card shows and changes it."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import Group
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proof_of_heat._lib.week_schedule import WeekSchedule
from custom_components.proof_of_heat.cards import schedule as schedule_card, subscription
from custom_components.proof_of_heat.comfort.week_grid import (
    MAX_BLOCKS,
    WeekError,
    parse_week,
    schedule_of,
    week_of,
)
from custom_components.proof_of_heat.const import DOMAIN

from .ha import OUTDOOR, ROOM, start, system, thermometer, zone

ROOM_CLIMATE = "climate.living_room"
EMPTY: list[list[Any]] = [[] for _ in range(7)]


def blocks(*pairs: tuple[int, int]) -> list[dict[str, int]]:
    return [{"start": begin, "end": end} for begin, end in pairs]


def test_a_slot_over_midnight_belongs_to_both_days_and_overlaps_are_one() -> None:
    rows = [
        {"day": "Sun", "slots": ["22:00-06:00"]},
        {"day": "Mon-Fri", "slots": ["05:00-08:00", "07:30-09:00"], "target": "22C"},
    ]
    week = week_of(WeekSchedule.parse(rows))
    assert week[0] == [(0, 540)]
    assert week[1] == [(300, 540)]
    assert week[5] == []
    assert week[6] == [(1320, 1440)]
    assert week_of(None) == EMPTY


def test_days_with_the_same_times_are_one_entry() -> None:
    work, weekend = [(360, 480), (1020, 1320)], [(480, 1440)]
    assert schedule_of([work, work, [], work, work, weekend, weekend]) == [
        {"day": "Mon,Tue,Thu,Fri", "slots": ["06:00-08:00", "17:00-22:00"]},
        {"day": "Sat,Sun", "slots": ["08:00-24:00"]},
    ]
    assert schedule_of(EMPTY) == []


DAY = st.lists(st.integers(0, 1440), max_size=8, unique=True).map(
    lambda cuts: [{"start": a, "end": b} for a, b in zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False)]
)


@given(st.lists(DAY, min_size=7, max_size=7))
def test_what_is_stored_is_what_was_drawn(week: list[list[dict[str, int]]]) -> None:
    parsed = parse_week(week)
    assert week_of(WeekSchedule.parse(schedule_of(parsed))) == parsed


@pytest.mark.parametrize(
    ("monday", "error"),
    [
        ({}, r"week\[0\]: must be a list"),
        (blocks(*[(i * 10, i * 10 + 5) for i in range(MAX_BLOCKS + 1)]), "at most 24"),
        (["x"], r"week\[0\]\[0\].start: must be a minute"),
        (blocks((60, 1441)), "end: must be a minute"),
        (blocks((-1, 10)), "start: must be a minute"),
        ([{"start": True, "end": 10}], "start: must be a minute"),
        ([{"start": 1.5, "end": 10}], "start: must be a minute"),
        ([{"start": 10}], "end: must be a minute"),
        (blocks((10, 10)), "before end"),
        (blocks((0, 60), (30, 90)), "overlap"),
    ],
)
def test_a_wrong_week_is_refused(monday: Any, error: str) -> None:
    with pytest.raises(WeekError, match=error):
        parse_week([monday, *EMPTY[1:]])
    with pytest.raises(WeekError, match="7 days"):
        parse_week(EMPTY[1:])


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "MIN_INTERVAL_S", 0.0)


@pytest.fixture
def tuesday(freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to("2026-01-13T12:00:00+00:00")


@pytest.mark.usefixtures("tuesday")
async def test_a_card_reads_and_changes_the_week(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, socket_enabled: None
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    hass.states.async_set("schedule.living", "on", {"friendly_name": "Living times"})
    entry = system(zone(schedule="schedule.living"), zone("Office", temperature=OUTDOOR))
    await start(hass, entry)
    client = await hass_ws_client(hass)

    async def ask(kind: str, **values: Any) -> dict[str, Any]:
        message = {"type": f"proof_of_heat/schedule/{kind}", "entity_id": ROOM_CLIMATE, **values}
        await client.send_json_auto_id(message)
        while (answer := await client.receive_json())["type"] != "result":
            pass
        return answer  # type: ignore[no-any-return]  # it is JSON

    await client.send_json_auto_id({"type": "proof_of_heat/schedule/subscribe", "entity_id": ROOM_CLIMATE})
    assert (await client.receive_json())["success"]
    shown = (await client.receive_json())["event"]
    assert (shown["available"], shown["can_control"], shown["name"]) == (True, True, "Living room")
    assert (shown["week"], shown["follows"], shown["comfort_c"]) == (EMPTY, "Living times", 21.0)

    running = entry.runtime_data
    whole = [blocks((0, 1440)), *EMPTY[1:]]
    first = await ask("set", revision=shown["revision"], week=whole)
    assert first["success"], first
    conflict = await ask("set", revision=shown["revision"], week=EMPTY)
    assert conflict["error"]["code"] == "conflict"
    wrong = await ask("set", revision=first["result"]["revision"], week=[blocks((5, 1)), *EMPTY[1:]])
    assert (wrong["error"]["code"], wrong["error"]["message"]) == (
        "invalid_format",
        "week[0][0]: start must be before end",
    )
    await hass.async_block_till_done()
    stored = next(item for item in entry.subentries.values() if item.title == "Living room")
    assert stored.data["week"] == [{"day": "Mon", "slots": ["00:00-24:00"]}]
    assert stored.data["schedule"] == "schedule.living", "nothing else is changed"
    assert entry.runtime_data is running, "heating is not interrupted by a reload"
    assert hass.states.get(ROOM_CLIMATE).attributes["temperature"] == 18.5  # type: ignore[union-attr]
    again = await hass_ws_client(hass)
    await again.send_json_auto_id({"type": "proof_of_heat/schedule/subscribe", "entity_id": ROOM_CLIMATE})
    assert (await again.receive_json())["success"]
    shown = (await again.receive_json())["event"]
    assert shown["revision"] == first["result"]["revision"]
    assert shown["week"][0] == [{"start": 0, "end": 1440, "target_c": 21.0, "mode": "auto"}]

    assert (await ask("set", revision=shown["revision"], week=EMPTY))["success"]
    stored = next(item for item in entry.subentries.values() if item.title == "Living room")
    assert "week" not in stored.data
    await hass.async_block_till_done()
    assert entry.runtime_data is running
    assert hass.states.get(ROOM_CLIMATE).attributes["temperature"] == 21.0  # type: ignore[union-attr]


async def test_only_who_may_control_the_thermostat_changes_its_week(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_access_token: str,
    hass_admin_user: MockUser,
    socket_enabled: None,
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    await start(hass, system(zone()))
    policy = {"entities": {"entity_ids": {ROOM_CLIMATE: {"read": True}}}}
    hass_admin_user.groups = [Group(name="Readers", policy=policy, id="readers")]
    hass_admin_user.invalidate_cache()
    client = await hass_ws_client(hass, hass_access_token)

    async def code(**values: Any) -> str:
        await client.send_json_auto_id(
            {"type": "proof_of_heat/schedule/set", "revision": "", "week": EMPTY, "entity_id": ROOM_CLIMATE, **values}
        )
        answer = await client.receive_json()
        return str(answer["error"]["code"])

    assert await code() == "unauthorized"
    other = er.async_get(hass).async_get_or_create("sensor", "demo", "x").entity_id
    for unknown in ("climate.none", other, "sensor.home_decision"):
        assert await code(entity_id=unknown) == "not_found"


async def test_a_stored_week_that_cannot_be_read_is_shown_empty_and_a_zone_that_does_not_run_is_not_available(
    hass: HomeAssistant,
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    entry = system(zone(week=[{"day": "Someday", "slots": ["25:00-26:00"]}]))
    await start(hass, entry)
    stored = next(item for item in entry.subentries.values() if item.subentry_type == "zone")
    shown = schedule_card.schedule(hass, entry.runtime_data, stored)
    assert (shown["available"], shown["week"], shown["follows"]) == (True, EMPTY, None)
    gone = zone("Attic")
    assert schedule_card.schedule(hass, entry.runtime_data, gone) == {"available": False}


async def test_a_saved_week_is_shown_before_the_answer_to_saving_it(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the card shows the old week for a moment, and what is done to it then is lost."""
    monkeypatch.setattr(subscription, "MIN_INTERVAL_S", 3600.0)
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    await start(hass, system(zone()))
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "proof_of_heat/schedule/subscribe", "entity_id": ROOM_CLIMATE})
    assert (await client.receive_json())["success"]
    revision = (await client.receive_json())["event"]["revision"]
    week = [blocks((0, 60)), *EMPTY[1:]]
    await client.send_json_auto_id(
        {"type": "proof_of_heat/schedule/set", "entity_id": ROOM_CLIMATE, "revision": revision, "week": week}
    )
    shown = await client.receive_json()
    assert shown["type"] == "event"
    assert [(block["start"], block["end"]) for block in shown["event"]["week"][0]] == [(0, 60)]
    saved = await client.receive_json()
    assert saved["result"]["revision"] == shown["event"]["revision"]
