"""The decision sensor: one word as its state, texts and codes as attributes that are not recorded."""

from dataclasses import replace
import json
from pathlib import Path
from typing import Any

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
from custom_components.proof_of_heat.engine.messages import MessageCode, message
from custom_components.proof_of_heat.messages.formatter import LANGUAGES

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
        await hass.async_block_till_done()
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
    await hass.async_block_till_done()
    record = entry.runtime_data.coordinator.data.decision.record
    assert (record.control_mode, record.state) == (ControlMode.CURVE, DecisionState.HEATING)
