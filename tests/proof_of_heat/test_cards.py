"""What the cards of a heating system are sent: content, permissions, language, reloads."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import math
from typing import Any
from unittest.mock import patch

from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.proof_of_heat._lib.heat_source import CommandResult, FaultReason, Outcome
from custom_components.proof_of_heat.cards import subscription
from custom_components.proof_of_heat.cards.cop import hourly
from custom_components.proof_of_heat.comfort.profiles import Override, Profile
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.delivery import Amount, Delivery
from custom_components.proof_of_heat.engine.learning import LearnedModel, learn
from custom_components.proof_of_heat.engine.model.history import History, Row
from custom_components.proof_of_heat.engine.savings import SavingsReport
from custom_components.proof_of_heat.runtime.curve_advice import CurveAdvice

from .engine.homes import lived_history
from .flow import device
from .ha import HEATER, OUTDOOR, ROOM, idle, source, start, system, thermometer, zone

OVERVIEW = "proof_of_heat/overview/subscribe"
CURVE = "proof_of_heat/curve/subscribe"
COP = "proof_of_heat/cop/subscribe"
SET_CURVE = "proof_of_heat/curve/set"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "MIN_INTERVAL_S", 0.0)


@pytest.fixture(scope="module")
def learned() -> LearnedModel:
    """A house that was really learned from ten days."""
    history = History()
    for row in lived_history(10):
        history.add(row)
    return learn(history.series(), None, 0.8)


@pytest.fixture
async def entry(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[MockConfigEntry]:
    """A home with an electric heater on a switch."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"heater": {}}})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    data = {"entity": HEATER, "source_kind": "direct_electric", "number_is": "power", "nominal_power": 2000}
    made = system(zone(), await source(hass, "entity", data))
    await start(hass, made)
    yield made
    if hasattr(made, "runtime_data"):
        await idle(made)


type Subscribe = Callable[..., Awaitable[MockHAClientWebSocket]]


@pytest.fixture
def subscribe(hass_ws_client: WebSocketGenerator, hass: HomeAssistant) -> Subscribe:
    async def open_one(token: str | None = None, **message: Any) -> MockHAClientWebSocket:
        client = await hass_ws_client(hass, token) if token else await hass_ws_client(hass)
        await client.send_json_auto_id({"type": OVERVIEW, **message})
        answer = await client.receive_json()
        assert answer["success"], answer
        return client

    return open_one


async def event(client: MockHAClientWebSocket) -> dict[str, Any]:
    message = await client.receive_json()
    assert message["type"] == "event"
    content: dict[str, Any] = message["event"]
    return content


async def test_the_first_message_comes_at_once(entry: MockConfigEntry, subscribe: Subscribe) -> None:
    shown = await event(await subscribe())
    assert shown["entry_id"] == entry.entry_id
    assert (shown["available"], shown["can_control"], shown["name"]) == (True, True, "Home")
    assert (shown["room_c"], shown["outdoor_c"], shown["price_kwh"]) == (20.0, 0.0, 0.25)
    assert shown["zones"][0]["target_c"] == 21.0
    assert not shown["failing"]
    [heater] = shown["sources"]
    assert heater["kind"] == "direct_electric"
    assert heater["price_kwh"] == pytest.approx(0.25)
    assert heater["reason"] == "control_off"
    assert (shown["active"], shown["savings"], shown["learning"]["learned"]) == (False, None, False)
    assert (shown["state"], shown["shadow"]) == ("shadow", True), "control was never on"
    assert shown["learning"]["progress"] == 0
    assert shown["learning"]["expected"] is not None


async def test_in_the_first_minute_nothing_is_shown_as_switched_on(
    hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe
) -> None:
    """Control only reads then: a source that is to heat and is off waits for its command."""
    thermometer(hass, ROOM, 17.0)
    client = await subscribe()
    await event(client)
    await entry.runtime_data.user.async_set_active(True)
    for _ in range(5):
        await entry.runtime_data.coordinator.async_refresh()
        shown = await event(client)
        if shown["control_mode"] == "starting":
            break
    [heater] = shown["sources"]
    assert entry.runtime_data.sources[heater["id"]].heat_price.running, "it is to heat"
    assert (heater["commanded"], heater["heating"]) == (False, False)
    assert heater["reason"] == "just_started"
    assert heater["reason_text"]


async def test_a_source_of_a_few_watts_runs_and_does_not_heat(
    hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe
) -> None:
    client = await subscribe()
    await event(client)
    coordinator = entry.runtime_data.coordinator
    [part] = coordinator.data.delivery.sources
    for watts, heats in ((17.0, False), (1700.0, True)):
        amount = Amount(watts, estimated=False)
        running = Delivery((replace(part, power=amount, heat=amount, is_heating=True),))
        coordinator.async_set_updated_data(replace(coordinator.data, delivery=running))
        [heater] = (await event(client))["sources"]
        assert (heater["running"], heater["heating"]) == (True, heats)


async def test_the_next_day_without_a_plan(entry: MockConfigEntry, subscribe: Subscribe) -> None:
    day = (await event(await subscribe()))["next_day"]
    assert day["plan"] is None
    assert {len(day[key]) for key in ("price_kwh", "outdoor_c", "lower_c", "upper_c", "solar_w_m2")} == {96}
    assert day["lower_c"][0] == 20.7
    assert day["known_steps"] == 1


async def test_unknown_temperatures_are_null(hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe) -> None:
    client = await subscribe()
    await event(client)
    thermometer(hass, OUTDOOR, "unavailable")
    thermometer(hass, ROOM, "unavailable")
    for _ in range(3):
        await entry.runtime_data.coordinator.async_refresh()
    shown = await event(client)
    assert shown["next_day"] is not None
    assert shown["zones"][0]["room_c"] is None or shown["room_c"] is None


async def test_a_learned_house_shows_its_plan(
    hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe, learned: LearnedModel
) -> None:
    engine = entry.runtime_data.engine
    engine.learned = replace(learned, trusted=True)
    engine._observer = learned.observer([])
    engine._plan_due = True
    await entry.runtime_data.user.async_set_active(True)
    for _ in range(3000):
        if engine.plan is not None:
            break
        await entry.runtime_data.coordinator.async_refresh()
        await asyncio.sleep(0.02)  # the plan is made in a thread
    assert engine.plan is not None
    shown = await event(await subscribe())
    plan = shown["next_day"]["plan"]
    count = len(plan["begin"])
    assert count > 30
    assert {len(plan["end"]), len(plan["room_c"]), len(plan["power_w"])} == {count}
    assert list(plan["heat_w"]) == [shown["sources"][0]["id"]]
    assert all(len(values) == count for values in plan["heat_w"].values())
    assert sum(plan["heat_w"][shown["sources"][0]["id"]]) > 0, "it is freezing"
    assert plan["begin"][0] <= plan["age_steps"] < plan["end"][0]
    assert plan["begin"][-1] < 96 + plan["age_steps"] <= plan["end"][-1] + 1
    assert shown["learning"] | {"error_k": None} == shown["learning"] | {"error_k": None, "trusted": True}


async def test_before_the_first_savings_their_time_is_shown(
    hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe, learned: LearnedModel
) -> None:
    """While control is simulated, while it is on, and not while the sources run on their own."""
    home = entry.runtime_data
    client = await subscribe()
    assert (await event(client))["savings_progress"] is None, "the house is not learned"

    async def shown() -> dict[str, Any] | None:
        await home.coordinator.async_refresh()
        message = await event(await subscribe())
        assert message["savings"] is None
        now = dt_util.parse_datetime(message["time"])
        progress: dict[str, Any] | None = message["savings_progress"]
        if progress is not None:
            expected = dt_util.parse_datetime(progress["expected"])
            assert now is not None
            assert expected is not None
            progress["hours"] = (expected - now) / timedelta(hours=1)
        return progress

    engine = home.engine
    engine.learned = replace(learned, trusted=True)
    engine._observer = learned.observer([])
    simulated = await shown()
    assert simulated is not None
    assert (simulated["progress"], 0 < simulated["hours"] <= 48) == (0, True)
    assert learned.pump is not None
    engine.savings.update_model(learned.fitted, learned.pump, engine._observer.state)
    await home.user.async_set_active(True)
    controlled = await shown()
    assert controlled is not None
    assert 24 < controlled["hours"] <= 72, "the reference settles for a day"
    await home.user.async_set_active(False)
    assert await shown() is None


async def test_a_change_by_the_user_is_sent(entry: MockConfigEntry, subscribe: Subscribe) -> None:
    client = await subscribe()
    assert (await event(client))["overrides"] == []
    until = dt_util.utcnow() + timedelta(hours=3)
    user, [zone_id] = entry.runtime_data.user, [item.zone_id for item in entry.runtime_data.config.zones]
    await user.async_override(Override(until=until, zone_id=zone_id, target_c=23.0))
    await user.async_override(Override(until=until, profile=Profile.ECO))
    while len((shown := await event(client))["overrides"]) < 2:
        pass
    own, whole = shown["overrides"]
    assert own["entity_id"].startswith("climate.")
    assert (own["zone"], own["target_c"], own["until"]) == ("Living room", 23.0, until.isoformat())
    assert (whole["zone_id"], whole["entity_id"], whole["profile"]) == (None, None, "eco")


@pytest.mark.parametrize(
    ("language", "expected"),
    [("de-CH", "Heizungsregelung"), ("fi", "Lämmityksen"), ("sv", "Heating"), ("zz9", "Heating")],
)
async def test_texts_are_in_the_language_of_the_user(
    entry: MockConfigEntry, subscribe: Subscribe, language: str, expected: str
) -> None:
    german = await event(await subscribe(language="de"))
    shown = await event(await subscribe(language=language))
    assert shown["text"]
    assert (shown["text"] == german["text"]) is language.startswith("de")
    assert expected


async def test_messages_are_bounded(
    hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reports in quick succession become one message, with the last state."""
    monkeypatch.setattr(subscription, "MIN_INTERVAL_S", 0.05)
    client = await subscribe()
    await event(client)
    for _ in range(20):
        entry.runtime_data.source_updates.notify()
    await entry.runtime_data.user.async_set_profile(Profile.AWAY)
    shown = await event(client)
    assert shown["profile"] == "away"


async def test_the_subscription_survives_a_reload(
    hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe
) -> None:
    client = await subscribe()
    await event(client)
    await hass.config_entries.async_unload(entry.entry_id)
    assert await event(client) == {"available": False}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    while not (shown := await event(client))["available"]:
        pass
    assert shown["name"] == "Home"
    await hass.config_entries.async_remove(entry.entry_id)
    while (await event(client))["available"]:
        pass


async def test_a_pending_message_is_dropped_when_the_system_is_unloaded(
    hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "MIN_INTERVAL_S", 5.0)
    client = await subscribe()
    await event(client)
    entry.runtime_data.source_updates.notify()
    await hass.config_entries.async_unload(entry.entry_id)
    assert await event(client) == {"available": False}


async def test_changed_options_are_sent_and_other_entries_ignored(
    hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe
) -> None:
    client = await subscribe()
    await event(client)
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    hass.config_entries.async_update_entry(other, title="Changed")
    hass.config_entries.async_update_entry(entry, options={"price": {"fixed_price": 0.4}})
    await hass.async_block_till_done()
    while (await event(client)).get("price_kwh") != 0.4:
        await entry.runtime_data.coordinator.async_refresh()


async def test_limits_of_a_source_and_savings(
    hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    hass.states.async_set(HEATER, "unavailable")
    home = entry.runtime_data
    await home.user.async_set_active(True)
    report = SavingsReport(
        days=7,
        cost=20.0,
        reference_cost=30.0,
        saved=10.0,
        saved_low=7.5,
        saved_high=12.5,
        saved_pct=33.3,
        energy_kwh=80.0,
        reference_energy_kwh=100.0,
        below_kh=0.0,
        reference_below_kh=1.0,
    )
    monkeypatch.setattr(home.engine, "savings_report", lambda _days=None: report)
    (managed,) = home.sources.values()
    await managed.source.refresh()
    await home.coordinator.async_refresh()
    shown = await event(await subscribe())
    assert shown["savings"] == {
        "simulated": False,
        "days": 7,
        "saved": 10.0,
        "low": 7.5,
        "high": 12.5,
        "percent": 33.3,
        "cost": 20.0,
    }
    [heater] = shown["sources"]
    assert heater["health"] == "failing"
    assert heater["reason"] == "no_answer"
    assert "Heater" in heater["reason_text"] or "not responding" in heater["reason_text"]
    assert heater["limits"]


async def test_the_subscription_ends_with_the_card(
    hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe
) -> None:
    before = len(entry.runtime_data.source_updates._listeners)
    client = await subscribe()
    await event(client)
    assert len(entry.runtime_data.source_updates._listeners) == before + 1
    await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": 1})
    assert (await client.receive_json())["success"]
    assert len(entry.runtime_data.source_updates._listeners) == before


async def test_users_who_may_not_read_get_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
) -> None:
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({"entities": {"domains": {"light": True}}})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": OVERVIEW})
    assert (await client.receive_json())["error"]["code"] == "not_found"
    await client.send_json_auto_id({"type": "proof_of_heat/systems"})
    assert (await client.receive_json())["result"] == {"systems": []}


async def test_read_only_users_see_everything_and_control_nothing(
    entry: MockConfigEntry, subscribe: Subscribe, hass_read_only_access_token: str
) -> None:
    shown = await event(await subscribe(hass_read_only_access_token))
    assert shown["sources"]
    assert shown["can_control"] is False


async def test_without_zones_only_administrators_control(
    hass: HomeAssistant, subscribe: Subscribe, socket_enabled: None
) -> None:
    thermometer(hass, OUTDOOR, 0.0)
    made = system()
    await start(hass, made)
    shown = await event(await subscribe())
    assert (shown["can_control"], shown["sources"], shown["zones"]) == (True, [], [])


async def test_systems_and_unknown_ones(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "proof_of_heat/systems"})
    assert (await client.receive_json())["result"] == {"systems": [{"entry_id": entry.entry_id, "name": "Home"}]}
    for bad, code in (
        ({"entry_id": "other"}, "not_found"),
        ({"entry_id": 5}, "invalid_format"),
        ({"language": "x"}, "invalid_format"),
    ):
        await client.send_json_auto_id({"type": OVERVIEW, **bad})
        assert (await client.receive_json())["error"]["code"] == code


async def test_the_cards_are_a_lovelace_resource(hass: HomeAssistant, socket_enabled: None) -> None:
    assert await async_setup_component(hass, "frontend", {})
    thermometer(hass, OUTDOOR, 0.0)
    made = system(zone())
    await start(hass, made)
    items = hass.data[LOVELACE_DATA].resources.async_items()
    assert [item["url"].partition("?")[0] for item in items] == ["/proof_of_heat_static/proof_of_heat-cards.js"]
    await hass.config_entries.async_remove(made.entry_id)
    await hass.async_block_till_done()
    assert not hass.data[LOVELACE_DATA].resources.async_items()


async def test_the_curve_shows_values_ranges_and_last_weeks_measured_points(
    entry: MockConfigEntry, subscribe: Subscribe, learned: LearnedModel
) -> None:
    home = entry.runtime_data
    for row in lived_history(10):
        home.engine.history.add(row)
    home.engine.learned = replace(learned, trusted=True)
    shown = await event(await subscribe(type=CURVE))
    assert (shown["slope"], shown["level"], shown["max_flow_c"]) == (0.6, 0.0, 40.0)
    assert shown["ranges"]["slope"] == [0.1, 3.5]
    assert 50 < len(shown["measured"]) <= 224
    assert all(-15 < outdoor < 20 and 18 < flow < 60 for outdoor, flow in shown["measured"])
    assert 0.2 < shown["suggestion"]["slope"] < 1.5
    assert 0.5 <= shown["suggestion"]["confidence"] <= 1
    assert shown["setpoint_c"] is None or shown["setpoint_c"] <= 40.0
    assert shown["devices"] == [], "an electric heater follows no curve"


@pytest.mark.parametrize(("confidence", "is_shown"), [(0.02, False), (0.49, False), (0.5, True), (0.9, True)])
async def test_a_curve_is_suggested_only_with_confidence(
    entry: MockConfigEntry, subscribe: Subscribe, confidence: float, is_shown: bool
) -> None:
    advice = CurveAdvice(slope=0.8, level=-3.0, confidence=confidence, difference_k=4.0)
    with patch.object(entry.runtime_data.curve_advisor, "advice", return_value=advice):
        shown = await event(await subscribe(type=CURVE))
    assert (shown["suggestion"] is not None) is is_shown


async def test_the_curve_is_set_once_per_revision(
    hass: HomeAssistant, entry: MockConfigEntry, subscribe: Subscribe, hass_ws_client: WebSocketGenerator
) -> None:
    first, second = await subscribe(type=CURVE), await hass_ws_client(hass)
    shown = await event(first)
    values = {"slope": 0.85, "level": 2, "max_flow_c": 42.0}
    change = {"type": SET_CURVE, "revision": shown["revision"], **values}
    await second.send_json_auto_id(change)
    answer = await second.receive_json()
    assert answer["success"], answer
    while (shown := await event(first))["revision"] != answer["result"]["revision"]:
        pass
    assert {key: shown[key] for key in values} == values
    assert entry.options["curve"] == {"slope": 0.85, "level": 2.0, "max_flow": 42.0}
    assert entry.runtime_data.config.slope == 0.85
    await second.send_json_auto_id(change | {"slope": 1.5})
    assert (await second.receive_json())["error"]["code"] == "conflict"
    assert entry.runtime_data.config.slope == 0.85


@pytest.mark.parametrize(
    "bad", [{"slope": 0.0}, {"slope": "1"}, {"slope": True}, {"level": 41}, {"max_flow_c": 24.9}, {"max_flow_c": None}]
)
async def test_a_curve_out_of_range_is_rejected(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator, bad: dict[str, Any]
) -> None:
    client = await hass_ws_client(hass)
    change = {"revision": "any", "slope": 0.8, "level": 0.0, "max_flow_c": 40.0}
    await client.send_json_auto_id({"type": SET_CURVE, **change, **bad})
    assert (await client.receive_json())["error"]["code"] == "invalid_format"
    assert "curve" not in entry.options


async def test_the_curve_is_changed_with_permission_and_a_loaded_system_only(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    change = {"type": SET_CURVE, "revision": "any", "slope": 0.8, "level": 0.0, "max_flow_c": 40.0}
    reader, admin = await hass_ws_client(hass, hass_read_only_access_token), await hass_ws_client(hass)
    await reader.send_json_auto_id(change)
    assert (await reader.receive_json())["error"]["code"] == "unauthorized"
    for message in (change, {"type": CURVE}):
        await admin.send_json_auto_id({**message, "entry_id": "other"})
        assert (await admin.receive_json())["error"]["code"] == "not_found"
    await hass.config_entries.async_unload(entry.entry_id)
    await admin.send_json_auto_id(change)
    assert (await admin.receive_json())["error"]["code"] == "not_found"


async def test_a_device_that_follows_the_curve_shows_what_it_confirmed(
    hass: HomeAssistant, socket_enabled: None, loopback: Callable[[], str], subscribe: Subscribe
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 18.0)
    thermometer(hass, OUTDOOR, 0.0)
    async with device("modbus", loopback) as (_, values):
        made = system(zone(), await source(hass, "modbus", values))
        await start(hass, made)
        (managed,) = made.runtime_data.sources.values()
        await managed.source.refresh()
        client = await subscribe(type=CURVE)
        [follower] = (await event(client))["devices"]
        assert (follower["name"], follower["status"], follower["command_id"]) == (managed.name, None, None)
        managed.last_result = CommandResult(command_id="c1", outcome=Outcome.FAILED, reason=FaultReason.NOT_CONFIRMED)
        made.runtime_data.source_updates.notify()
        [follower] = (await event(client))["devices"]
        assert (follower["status"], follower["reason"]) == ("failed", "not confirmed by the device")
        assert follower["command_id"] == "c1"
        await idle(made)
        await hass.config_entries.async_unload(made.entry_id)


def hour_of_rows(heat_w: float = 4000.0, power_w: float = 1000.0, flow_c: float = 35.0, count: int = 4) -> list[Row]:
    return [
        Row(900.0 * step, 21.0, 2.0, 0.0, 1.0, heat_w, power_w, 0.5, 33.0, flow_c, pump_heat_w=heat_w)
        for step in range(count)
    ]


def test_the_cop_of_an_hour_is_its_heat_by_its_electricity() -> None:
    first, second = hour_of_rows(), hour_of_rows(power_w=2000.0)
    mixed = [*first[:2], *second[2:]]
    assert hourly(mixed) == [(2.0, round(16000 / 6000, 2), 35.0)]
    assert hourly(hour_of_rows(flow_c=math.nan)) == [(2.0, 4.0, None)]


@pytest.mark.parametrize(
    "rows",
    [
        hour_of_rows(count=3),
        hour_of_rows(power_w=60.0),
        hour_of_rows(heat_w=0.0),
        hour_of_rows(heat_w=14000.0),
        hour_of_rows(power_w=math.nan),
        [replace(row, outdoor_c=math.nan) for row in hour_of_rows()],
    ],
    ids=["not a whole hour", "standby", "no heat", "implausible", "not measured", "no outdoor temperature"],
)
def test_hours_without_a_cop(rows: list[Row]) -> None:
    assert hourly(rows) == []


async def test_the_cop_card_shows_hours_and_the_learned_line(
    entry: MockConfigEntry, subscribe: Subscribe, learned: LearnedModel
) -> None:
    shown = await event(await subscribe(type=COP))
    assert (shown["hours"], shown["line"], shown["day"], shown["season"]) == ([], [], None, None)
    home = entry.runtime_data
    for row in lived_history(10):
        home.engine.history.add(row)
    home.engine.learned = learned
    shown = await event(await subscribe(type=COP))
    assert len(shown["hours"]) > 50
    assert all(1 < cop < 8 for _, cop, _ in shown["hours"])
    assert learned.pump is not None
    line = dict(shown["line"])
    assert line[10.0] > line[-5.0], "it is more efficient when it is mild"
    client = await subscribe(type=COP)
    assert (await event(client))["outdoor_c"] == 0.0


async def test_the_cop_of_an_unknown_system(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": COP, "entry_id": "other"})
    assert (await client.receive_json())["error"]["code"] == "not_found"
