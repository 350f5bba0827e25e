"""The WebSocket API of the week-schedule card: weeks with revisions, conflicts, permissions."""

from typing import Any

from homeassistant.core import HomeAssistant
from hypothesis import given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.iot_heating._lib.week_schedule import Mode, WeekSchedule
from custom_components.iot_heating.protocol.errors import ProtocolError
from custom_components.iot_heating.protocol.week_grid import Block, parse_week, schedule_of, week_of

EMPTY: list[list[Any]] = [[] for _ in range(7)]
HOURS = st.integers(0, 23)


def week(*days: list[tuple[int, int, float | None, str]]) -> list[list[dict[str, Any]]]:
    names = ("start", "end", "target_c", "mode")
    shown = [[dict(zip(names, block, strict=True)) for block in day] for day in days]
    return shown + EMPTY[len(shown) :]


# Weeks


def test_the_entry_that_applies_is_shown() -> None:
    schedule = WeekSchedule.parse(
        [
            {"day": "Mon-Fri", "slots": ["06:00-22:00"], "target": "21C", "mode": "Auto"},
            {"day": "Mon", "slots": ["08:00-12:00"], "target": "17C", "mode": "Eco"},
        ]
    )
    monday, tuesday, *_, sunday = week_of(schedule)
    assert [(b.start, b.end, b.target_c, b.mode) for b in monday] == [
        (360, 480, 21, Mode.AUTO),
        (480, 720, 17, Mode.ECO),
        (720, 1320, 21, Mode.AUTO),
    ]
    assert [(b.start, b.end) for b in tuesday] == [(360, 1320)]
    assert sunday == ()


def test_a_slot_over_midnight_is_two_blocks_also_from_sunday_to_monday() -> None:
    blocks = week_of(WeekSchedule.parse([{"day": "Sun", "slots": ["22:00-06:00"], "target": 18}]))
    assert [(b.start, b.end) for b in blocks[6]] == [(1320, 1440)]
    assert [(b.start, b.end) for b in blocks[0]] == [(0, 360)]


def test_the_schedule_of_a_week_is_short() -> None:
    day = [(390, 540, 22.0, "auto"), (1080, 1380, 22.0, "auto"), (540, 1080, 18.5, "eco")]
    raw = schedule_of(parse_week(week(*[day] * 5, [(480, 1440, None, "manual")])))
    assert raw == [
        {"day": "Mon-Fri", "slots": ["06:30-09:00", "18:00-23:00"], "target": "22C", "mode": "Auto"},
        {"day": "Mon-Fri", "slots": ["09:00-18:00"], "target": "18.5C", "mode": "Eco"},
        {"day": "Sat", "slots": ["08:00-24:00"], "mode": "Manual"},
    ]


@settings(max_examples=40)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "day": st.sampled_from(["Daily", "Mon-Fri", "Fri-Mon", "Sat,Sun", "Wed"]),
                "slots": st.lists(
                    st.tuples(HOURS, HOURS).filter(lambda t: t[0] != t[1]).map(lambda t: f"{t[0]:02}:30-{t[1]:02}:30"),
                    max_size=3,
                ),
                "mode": st.sampled_from(["Auto", "Eco", "Manual"]),
                "target": st.sampled_from([None, 18, 21.5]),
            }
        ),
        max_size=4,
    )
)
def test_a_week_and_its_schedule_have_the_same_effect(raw: list[dict[str, Any]]) -> None:
    before = week_of(WeekSchedule.parse(raw))
    assert week_of(WeekSchedule.parse(schedule_of(before))) == before
    assert parse_week([[block.as_dict() for block in day] for day in before]) == before


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ([], "week"),
        ({"monday": []}, "week"),
        ([*EMPTY[:6], "all day"], "week[6]"),
        ([[{"start": 0, "end": 60}] * 25, *EMPTY[:6]], "week[0]"),
        (week([(60, 180, 20.0, "auto"), (120, 240, 20.0, "auto")]), "week[0]"),
        (week([(60, 60, 20.0, "auto")]), "week[0][0].end"),
        (week([(60, 1441, 20.0, "auto")]), "week[0][0].end"),
        (week([(-1, 60, 20.0, "auto")]), "week[0][0].start"),
        (week([], [(0, 60, 101.0, "auto")]), "week[1][0].target_c"),
        (week([(0, 60, float("nan"), "auto")]), "week[0][0].target_c"),
        (week([(0, 60, 20.0, "party")]), "week[0][0].mode"),
        ([["x"], *EMPTY[:6]], "week[0][0]"),
    ],
)
def test_an_invalid_week_is_refused_by_its_field(raw: Any, field: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        parse_week(raw)
    assert raised.value.field == field


# Commands


class Card:
    """A card in a browser."""

    def __init__(self, client: Any, entry_id: str) -> None:
        self.client = client
        self.entry_id = entry_id

    async def ask(self, command: str, **data: Any) -> Any:
        await self.client.send_json_auto_id({"type": f"iot_heating/{command}", "entry_id": self.entry_id} | data)
        return await self.receive("result")

    async def receive(self, kind: str = "event") -> Any:
        while (message := await self.client.receive_json())["type"] != kind:
            pass
        return message

    async def open(self) -> dict[str, Any]:
        await self.client.send_json_auto_id({"type": "iot_heating/schedule/subscribe", "entry_id": self.entry_id})
        assert (await self.client.receive_json())["success"]
        event: dict[str, Any] = (await self.receive())["event"]
        return event


async def test_the_second_of_two_cards_gets_a_conflict(
    hass: HomeAssistant, building: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    first, second = [Card(await hass_ws_client(), building.entry_id) for _ in range(2)]
    opened = await first.open()
    assert (opened["available"], opened["can_control"], opened["week"]) == (True, True, EMPTY)
    assert (await second.open())["revision"] == opened["revision"]
    monday = week([(360, 540, 22.0, "auto")])
    saved = await first.ask("schedule/set", revision=opened["revision"], week=monday)
    assert saved["result"]["revision"] == opened["revision"] + 1
    seen = (await second.receive())["event"]
    assert (seen["week"], seen["revision"]) == (monday, opened["revision"] + 1)
    late = await second.ask("schedule/set", revision=opened["revision"], week=EMPTY)
    assert late["error"]["code"] == "conflict"
    building_part = building.runtime_data.building
    assert building_part.profile.schedule.raw[0]["slots"] == ["06:00-09:00"]
    assert (await second.ask("schedule/set", revision=seen["revision"], week=EMPTY))["success"]


async def test_an_invalid_change_changes_nothing(building: MockConfigEntry, hass_ws_client: WebSocketGenerator) -> None:
    card = Card(await hass_ws_client(), building.entry_id)
    revision = (await card.open())["revision"]
    refused = await card.ask("schedule/set", revision=revision, week=week([(540, 360, 22.0, "auto")]))
    assert refused["error"] == {"code": "invalid_format", "message": "week[0][0].end: must be after the start"}
    assert building.runtime_data.building.profile.revision == revision


async def test_a_card_follows_a_reload_and_ends(
    hass: HomeAssistant, building: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    card = Card(await hass_ws_client(), building.entry_id)
    revision = (await card.open())["revision"]
    assert await hass.config_entries.async_unload(building.entry_id)
    while (await card.receive())["event"]["available"]:
        pass
    refused = await card.ask("schedule/set", revision=revision, week=EMPTY)
    assert refused["error"]["code"] == "not_found"
    assert await hass.config_entries.async_setup(building.entry_id)
    while not (await card.receive())["event"]["available"]:
        pass
    part = building.runtime_data.building
    before = len(part._profile_listeners)
    await card.client.send_json_auto_id({"type": "unsubscribe_events", "subscription": 1})
    await card.receive("result")
    assert len(part._profile_listeners) == before - 1


async def test_permissions(
    building: MockConfigEntry, hass_ws_client: WebSocketGenerator, hass_read_only_access_token: str
) -> None:
    card = Card(await hass_ws_client(access_token=hass_read_only_access_token), building.entry_id)
    opened = await card.open()
    assert opened["can_control"] is False
    refused = await card.ask("schedule/set", revision=opened["revision"], week=EMPTY)
    assert refused["error"]["code"] == "unauthorized"
    card.entry_id = "gone"
    assert (await card.ask("schedule/subscribe"))["error"]["code"] == "not_found"


async def test_a_building_is_found_by_one_of_its_entities(
    hass: HomeAssistant, building: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client()
    for entity_id, code in ((entity_id_of_calendar(hass), None), ("calendar.none", "not_found")):
        await client.send_json_auto_id({"type": "iot_heating/schedule/subscribe", "entity_id": entity_id})
        while (message := await client.receive_json())["type"] != "result":
            pass
        assert message.get("error", {}).get("code") == code


def entity_id_of_calendar(hass: HomeAssistant) -> str:
    (entity_id,) = hass.states.async_entity_ids("calendar")
    return entity_id


def test_a_block_as_json() -> None:
    assert Block(0, 60, None, Mode.ECO).as_dict() == {"start": 0, "end": 60, "target_c": None, "mode": "eco"}
