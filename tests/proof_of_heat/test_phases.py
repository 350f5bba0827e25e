"""The power limit per phase: its form, and heating that keeps it in all faults of the meters."""

import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.base import SourceBase
from custom_components.proof_of_heat.flows.phases import phases_problems

from .ha import HEATER, OUTDOOR, ROOM, source, start, system, thermometer, zone
from .test_init import advance

METERS = ("sensor.l1", "sensor.l2", "sensor.l3")
LIMIT_W = 5750.0


def meter(hass: HomeAssistant, entity_id: str, value: float | str) -> None:
    attributes = {"unit_of_measurement": "W", "device_class": "power"}
    hass.states.async_set(entity_id, str(value), attributes, force_update=True)


@pytest.fixture
async def home(hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> MockConfigEntry:
    """A cold room and a single-phase heater of 3 kW on L1."""
    monkeypatch.setitem(SourceBase.__init__.__kwdefaults__, "clock", time.monotonic)
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"heater": {"name": "Heater"}}})
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 17.0)
    thermometer(hass, OUTDOOR, 0.0)
    data = {"entity": HEATER, "source_kind": "direct_electric", "nominal_power": 3000.0, "number_is": "power"}
    heat = await source(hass, "entity", {**data, "advanced": {"phase": "l1"}})
    values = {"phase_power": LIMIT_W, "phase_meter_1": METERS[0], "phase_meter_2": METERS[1]}
    return system(zone(), heat, options={"phases": {**values, "phase_meter_3": METERS[2]}})


async def run(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, loads: dict[str, float], minutes: int
) -> bool:
    """Let minutes pass; return whether the heater is on at their end."""
    for _ in range(minutes):
        own = 3000.0 if hass.states.is_state(HEATER, "on") else 0.0
        for entity_id, load in loads.items():
            meter(hass, entity_id, load + (own if entity_id == METERS[0] else 0.0))
        await advance(hass, freezer, 61)
    return hass.states.is_state(HEATER, "on")


@pytest.mark.parametrize(("phase", "heats"), [(0, False), (1, True), (2, True)])
async def test_a_heater_keeps_the_limit_of_its_phase(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory, phase: int, heats: bool
) -> None:
    loads = {entity_id: 3500.0 if index == phase else 200.0 for index, entity_id in enumerate(METERS)}
    for entity_id, load in loads.items():
        meter(hass, entity_id, load)
    await start(hass, home)
    await home.runtime_data.user.async_set_active(True)
    assert await run(hass, home, freezer, loads, 6) is heats, "3.5 kW and 3 kW are more than the limit"
    # Its own power is not counted twice.
    assert await run(hass, home, freezer, dict.fromkeys(METERS, 2000.0), 14)


@pytest.mark.parametrize("lost", ["unavailable", "removed"])
async def test_a_silent_phase_meter_fails_safe_and_is_reported(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory, lost: str
) -> None:
    loads = {**dict.fromkeys(METERS, 200.0), METERS[0]: 3500.0}
    for entity_id, load in loads.items():
        meter(hass, entity_id, load)
    await start(hass, home)
    await home.runtime_data.user.async_set_active(True)
    assert not await run(hass, home, freezer, loads, 4)
    if lost == "removed":
        hass.states.async_remove(METERS[0])
    else:
        meter(hass, METERS[0], lost)
    assert not await run(hass, home, freezer, dict.fromkeys(METERS[1:], 200.0), 10), "the recent maximum is assumed"
    found = [key for domain, key in ir.async_get(hass).issues if domain == DOMAIN]
    kind = "entity_missing" if lost == "removed" else "phase_meter_lost"
    (issue_id,) = [key for key in found if "phase" in key]
    assert issue_id.startswith(kind)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert (issue.translation_placeholders or {})["entity"] == METERS[0]  # type: ignore[union-attr]
    assert await run(hass, home, freezer, dict.fromkeys(METERS, 200.0), 14)
    assert not [key for domain, key in ir.async_get(hass).issues if domain == DOMAIN and "phase" in key]


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({}, {}),
        ({"phase_power": 5750}, {}),
        ({"phase_power": 5750, "phase_meter_1": "sensor.a", "phase_meter_2": "sensor.b"}, {}),
        (
            {"phase_power": 5750, "phase_meter_1": "sensor.a", "phase_meter_3": "sensor.a"},
            {"base": "phase_meters_equal"},
        ),
        ({"phase_meter_2": "sensor.a"}, {"phase_power": "phase_power_missing"}),
    ],
)
def test_the_form_is_validated(values: dict[str, Any], errors: dict[str, str]) -> None:
    assert phases_problems(values) == errors


async def test_the_form_stores_the_limit(hass: HomeAssistant, home: MockConfigEntry) -> None:
    await start(hass, home)
    form = await hass.config_entries.options.async_init(home.entry_id)
    form = await hass.config_entries.options.async_configure(form["flow_id"], {"next_step_id": "phases"})
    values = {"phase_power": 4000.0, "phase_meter_1": METERS[0]}
    result = await hass.config_entries.options.async_configure(form["flow_id"], values)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    engine = home.runtime_data.engine
    assert engine.config.site.phase_w == 4000.0
    assert home.runtime_data.config.phases.meters == (METERS[0], None, None)
