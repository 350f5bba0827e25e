"""The decision sensor: one word as its state, texts and codes as attributes that are not recorded."""

from dataclasses import replace
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.decision_record import ControlMode, DecisionState
from custom_components.proof_of_heat.engine.delivery import Delivery
from custom_components.proof_of_heat.engine.messages import MessageCode, message
from custom_components.proof_of_heat.messages.formatter import LANGUAGES
from custom_components.proof_of_heat.messages.shown_decision import ShownDecision

from . import ha
from .messages import RECORD

OFF = replace(RECORD, mix=())
TRANSLATIONS = Path(__file__).parents[2] / "custom_components" / DOMAIN / "translations"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (RECORD, DecisionState.HEATING),
        (replace(RECORD, active=False), DecisionState.OFF),
        (replace(RECORD, control_mode=ControlMode.STARTING), DecisionState.STARTING),
        (replace(RECORD, control_mode=ControlMode.FROST), DecisionState.FROST),
        (replace(RECORD, control_mode=ControlMode.BLIND), DecisionState.BLIND),
        (replace(RECORD, control_mode=ControlMode.COMMISSIONING), DecisionState.COMMISSIONING),
        (replace(OFF, control_mode=ControlMode.COMMISSIONING, limits=()), DecisionState.IDLE),
        (OFF, DecisionState.LIMITED),
        (replace(OFF, requested_w=0.0), DecisionState.IDLE),
        (replace(OFF, requested_w=float("nan")), DecisionState.IDLE),
        (replace(OFF, limits=()), DecisionState.IDLE),
    ],
)
def test_state_is_what_the_control_does(record: Any, expected: DecisionState) -> None:
    assert record.state == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_is_translated(language: str) -> None:
    texts = json.loads((TRANSLATIONS / f"{language}.json").read_text("utf-8"))
    assert set(texts["entity"]["sensor"]["decision"]["state"]) == {str(state) for state in DecisionState}


@pytest.fixture
async def entry(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> MockConfigEntry:
    """A cold home with a heater."""
    freezer.move_to("2026-11-29T11:00:00+00:00")
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    ha.thermometer(hass, ha.ROOM, 17.0)
    hass.states.async_set(ha.HEATER, "off")
    heater = await ha.source(
        hass,
        "entity",
        {"entity": ha.HEATER, "source_kind": "direct_electric", "nominal_power": 3000.0, "number_is": "power"},
    )
    made = ha.system(ha.zone(), heater)
    await ha.start(hass, made)
    return made


def _decision_id(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    found = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.entry_id}_decision")
    assert found is not None
    return found


async def test_an_unchanged_decision_writes_no_state_each_minute(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    entity_id = _decision_id(hass, entry)
    await entry.runtime_data.user.async_set_active(True)
    events = async_capture_events(hass, "state_changed")
    seen = []
    for minute in range(30):
        ha.thermometer(hass, ha.ROOM, 17.0 + 0.01 * (minute % 3))
        freezer.tick(60)
        async_fire_time_changed(hass)
        await ha.cycles_end(hass)
        seen.append(hass.states.get(entity_id))
    assert seen[-1].state == "heating"
    writes = [event for event in events if event.data["entity_id"] == entity_id]
    assert len(writes) <= 10, "at most every five minutes while the decision stays the same"
    assert {state.state for state in seen} <= {"starting", "heating"}
    recorded = seen[-1].attributes.keys() - seen[-1].state_info["unrecorded_attributes"]
    assert recorded <= {"options", "device_class", "friendly_name", "icon"}
    assert "heater 3.0 kW" in seen[-1].attributes["words"]


async def test_first_minute_is_named_starting(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await entry.runtime_data.user.async_set_active(True)
    await hass.async_block_till_done()
    await entry.runtime_data.coordinator.async_refresh()
    record = entry.runtime_data.coordinator.data.decision.record
    assert (record.control_mode, record.state) == (ControlMode.STARTING, DecisionState.STARTING)
    assert message(MessageCode.JUST_STARTED) in record.limits
    freezer.tick(70)
    async_fire_time_changed(hass)
    await ha.cycles_end(hass)
    record = entry.runtime_data.coordinator.data.decision.record
    assert (record.control_mode, record.state) == (ControlMode.CURVE, DecisionState.HEATING)


async def test_a_plan_without_the_sources_that_are_not_read_yet_reports_no_shortfall(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """In the first minute, what a plan is short of is not known; after it, it is a reason as any other."""
    runtime = entry.runtime_data
    await runtime.user.async_set_active(True)
    cold = message(MessageCode.TOO_COLD, cold_kh=11.4)
    target = runtime.engine._target

    def short(*args: Any) -> Any:
        made = target(*args)
        return replace(made, messages=(*made.messages, cold))

    with patch.object(type(runtime.engine), "_target", side_effect=short):
        await runtime.coordinator.async_refresh()
        first = runtime.coordinator.data.decision.record
        await _minutes(hass, freezer, 2)
        later = runtime.coordinator.data.decision.record
    assert first.control_mode is ControlMode.STARTING
    assert cold not in first.reasons
    assert len(first.reasons) > 0
    assert cold in later.reasons


async def _minutes(hass: HomeAssistant, freezer: FrozenDateTimeFactory, count: int) -> None:
    for _ in range(count):
        freezer.tick(60)
        async_fire_time_changed(hass)
        await ha.cycles_end(hass)


@pytest.mark.parametrize(
    ("entity_id", "value", "attribute"),
    [
        (ha.ROOM, 18.2, "room_c"),
        (ha.OUTDOOR, -6.0, "outdoor_c"),
        (ha.OUTDOOR, 3.0, "demand_w"),
        (ha.ROOM, 20.4, "demand_w"),
        (ha.OUTDOOR, -9.0, "flow_c"),
    ],
)
async def test_attributes_belong_to_the_decision_of_this_minute(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    entity_id: str,
    value: float,
    attribute: str,
) -> None:
    """Numbers that moved are shown, although the state and the codes stay the same."""
    decision = _decision_id(hass, entry)
    await entry.runtime_data.user.async_set_active(True)
    await _minutes(hass, freezer, 4)
    ha.thermometer(hass, entity_id, value)
    for _ in range(3):
        await _minutes(hass, freezer, 1)
        shown, present = hass.states.get(decision), entry.runtime_data.journal.rows[-1]
        assert shown is not None
        assert shown.state == present["state"]
        assert shown.attributes[attribute] == pytest.approx(present[attribute], rel=0.1, abs=0.31)
        assert shown.attributes["mix"][0]["heat_w"] == pytest.approx(present["mix"][0]["heat_w"], rel=0.1, abs=100)


async def test_a_state_written_while_a_cycle_runs_has_the_attributes_of_its_decision(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    system = entry.runtime_data
    await _minutes(hass, freezer, 2)
    before = system.coordinator.data
    system.journal.add("next", replace(RECORD, active=False), {}, "EUR")
    system.user_changes.notify()
    shown = hass.states.get(_decision_id(hass, entry))
    assert shown is not None
    assert shown.state == str(before.decision.record.state)
    assert shown.attributes["id"] == before.cycle_id


@pytest.mark.parametrize(
    ("moved", "is_other"),
    [
        ({"room_c": RECORD.room_c + 0.2}, False),
        ({"room_c": RECORD.room_c + 0.4}, True),
        ({"room_c": float("nan")}, True),
        ({"outdoor_c": RECORD.outdoor_c - 0.29}, False),
        ({"demand_w": RECORD.demand_w * 1.08}, False),
        ({"demand_w": RECORD.demand_w * 1.3 + 150}, True),
        ({"cost_h": RECORD.cost_h + 0.01}, False),
        ({"cost_h": RECORD.cost_h + 1.0}, True),
        ({"flow_c": RECORD.flow_c + 0.9}, False),
        ({"flow_c": RECORD.flow_c - 1.1}, True),
        ({"reasons": ()}, True),
        ({"mix": ()}, True),
        ({"mix": tuple(replace(part, heat_w=part.heat_w + 2000) for part in RECORD.mix)}, True),
        ({"mix": tuple(replace(part, price_kwh=-part.price_kwh - 0.1) for part in RECORD.mix)}, True),
        ({"now_s": RECORD.now_s + 600}, False),
    ],
)
def test_small_movements_are_not_another_decision(moved: dict[str, Any], is_other: bool) -> None:
    shown = ShownDecision()
    first = shown.key(RECORD, Delivery())
    assert (shown.key(replace(RECORD, **moved), Delivery()) != first) is is_other
