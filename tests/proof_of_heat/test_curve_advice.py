"""The heating curve suggested for the learned house, applied by a repair or an action."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.learning import LearnedModel, learn
from custom_components.proof_of_heat.engine.model.curve_fit import CurveSuggestion
from custom_components.proof_of_heat.engine.model.history import History
from custom_components.proof_of_heat.runtime.curve_advice import advise
from custom_components.proof_of_heat.system_config import read_config

from .engine.homes import lived_history
from .ha import OUTDOOR, ROOM, start, system, thermometer, zone

SURE = CurveSuggestion(slope=0.83, level_k=2.4, slope_sd=0.01, level_sd_k=0.1, room_c=21.0)


def test_fit_in_steps_and_limits_of_devices() -> None:
    config = read_config(system(zone()))
    advice = advise(SURE, config)
    assert (advice.slope, advice.level, advice.is_significant) == (0.8, 2, True)
    assert advice.confidence > 0.9
    odd = advise(replace(SURE, slope=9.0, level_k=-40.0), config)
    assert (odd.slope, odd.level) == (3.5, -13)


def test_uncertain_or_small_difference_is_not_suggested() -> None:
    config = read_config(system(zone()))
    assert not advise(replace(SURE, slope_sd=0.5), config).is_significant
    near = advise(replace(SURE, slope=0.62, level_k=0.9), config)
    assert (near.difference_k, near.is_significant) == (1.0, False)


@pytest.fixture(scope="module")
def learned() -> LearnedModel:
    """A house that was really learned from ten days."""
    history = History()
    for row in lived_history(10):
        history.add(row)
    return learn(history.series(), None, 0.8)


@pytest.fixture
async def entry(hass: HomeAssistant) -> AsyncGenerator[MockConfigEntry]:
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    made = system(zone(), options={"curve": {"slope": 2.0, "level": 10.0, "max_flow": 40.0}})
    await start(hass, made)
    return made


async def test_nothing_is_suggested_before_the_model_is_learned(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert entry.runtime_data.curve_advisor.advice() is None
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(DOMAIN, "apply_curve_suggestion", {}, blocking=True)
    assert error.value.translation_key == "no_curve_suggestion"


def know(entry: MockConfigEntry, learned: LearnedModel) -> Any:
    home = entry.runtime_data
    home.engine.learned = replace(learned, trusted=True)
    home.coordinator.check_health(dt_util.utcnow())
    return home


async def test_learned_house_raises_a_repair_whose_fix_sets_the_curve(
    hass: HomeAssistant, entry: MockConfigEntry, learned: LearnedModel, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    assert await async_setup_component(hass, "http", {})
    home = know(entry, learned)
    advice = home.curve_advisor.advice()
    assert 0.2 < advice.slope < 1.5
    issue_id = f"curve_suggestion_{entry.entry_id}"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.translation_placeholders["slope"] == f"{advice.slope:g}"
    client = await hass_client()
    reply = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id})
    flow = await reply.json()
    assert flow["step_id"] == "confirm"
    reply = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert (await reply.json())["type"] == "create_entry"
    await hass.async_block_till_done()
    assert entry.options["curve"] == {"slope": advice.slope, "level": advice.level, "max_flow": 40.0}
    assert entry.runtime_data.config.slope == advice.slope
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None


async def test_action_sets_the_curve_and_answers(
    hass: HomeAssistant, entry: MockConfigEntry, learned: LearnedModel
) -> None:
    home = know(entry, learned)
    advice = home.curve_advisor.advice()
    reply = await hass.services.async_call(DOMAIN, "apply_curve_suggestion", {}, blocking=True, return_response=True)
    await hass.async_block_till_done()
    assert reply == {
        "slope": advice.slope,
        "level": advice.level,
        "confidence": advice.confidence,
        "before": {"slope": 2.0, "level": 10.0},
    }
    assert entry.runtime_data.config.level == advice.level
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"curve_suggestion_{entry.entry_id}") is None


async def test_repair_is_removed_when_the_suggestion_no_longer_applies(
    hass: HomeAssistant, entry: MockConfigEntry, learned: LearnedModel
) -> None:
    home = know(entry, learned)
    issue_id = f"curve_suggestion_{entry.entry_id}"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None
    home.engine.learned = replace(learned, trusted=False)
    home.coordinator.check_health(dt_util.utcnow())
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None
