"""The repair flow of a missing linked entity."""

from typing import Any

from homeassistant.components.repairs import ConfirmRepairFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from lib.entity_fix import FindProblem, ReplaceEntityFlow, fix_flow
from lib.entity_refs import LinkedEntities


@pytest.fixture
def replaced(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> list[tuple[str, str, str]]:
    """The replacements of a missing meter."""
    entry = MockConfigEntry(domain="sample", title="Home", entry_id="e1")
    entry.add_to_hass(hass)
    meter = entity_registry.async_get_or_create("sensor", "other", "m1", suggested_object_id="meter")
    hass.states.async_set(meter.entity_id, "5")
    found: list[tuple[str, str, str]] = []
    links = LinkedEntities(
        hass, entry, {"meter": meter.entity_id}, domain="sample", on_replaced=lambda *args: found.append(args)
    )
    links.async_start()
    entity_registry.async_remove(meter.entity_id)
    hass.states.async_remove(meter.entity_id)
    return found


async def flow_of(hass: HomeAssistant, find_problem: FindProblem | None = None) -> Any:
    await hass.async_block_till_done()
    (issue_id,) = (issue_id for domain, issue_id in ir.async_get(hass).issues if domain == "sample")
    flow = fix_flow("sample", issue_id, find_problem)
    assert isinstance(flow, ReplaceEntityFlow)
    flow.hass, flow.handler, flow.issue_id = hass, "sample", issue_id  # type: ignore[assignment]
    return flow


async def test_another_entity_is_chosen(hass: HomeAssistant, replaced: list[tuple[str, str, str]]) -> None:
    flow = await flow_of(hass)
    form = await flow.async_step_init({"issue_id": flow.issue_id})
    assert form["type"] == "form"
    assert form["description_placeholders"]["entity"] == "sensor.meter"
    (selector,) = form["data_schema"].schema.values()
    assert selector.config["domain"] == ["sensor"]
    for missing in ("sensor.meter", "sensor.never_there"):
        form = await flow.async_step_init({"entity": missing})
        assert form["errors"] == {"entity": "entity_missing"}
    assert replaced == []
    hass.states.async_set("sensor.own", "6")
    flow = await flow_of(hass, lambda _, entity_id: "own" if entity_id == "sensor.own" else None)
    assert (await flow.async_step_init({"entity": "sensor.own"}))["errors"] == {"entity": "own"}
    assert (await flow.async_step_init({"entity": "sensor.meter"}))["errors"] == {"entity": "entity_missing"}
    assert replaced == []
    hass.states.async_set("sensor.other", "6")
    assert (await flow.async_step_init({"entity": "sensor.other"}))["type"] == "create_entry"
    assert replaced == [("meter", "sensor.meter", "sensor.other")]


async def test_the_flow_ends_where_the_entity_is_back(
    hass: HomeAssistant, replaced: list[tuple[str, str, str]]
) -> None:
    flow = await flow_of(hass)
    flow.issue_id = "entity_missing_other"
    assert (await flow.async_step_init())["reason"] == "entity_back"
    assert replaced == []


def test_other_issues_are_only_confirmed() -> None:
    assert isinstance(fix_flow("sample", "another_issue"), ConfirmRepairFlow)
