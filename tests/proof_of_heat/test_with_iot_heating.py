"""Both integrations set up: a controller that calls iot_heating is a source of proof_of_heat, found, added, steered."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.iot_heating.heat_source import ControllerHeatSource
from custom_components.proof_of_heat.const import DOMAIN
from lib.heat_source import Command
from tests.iot_heating import add_controller, building_entry

from .flow import add, begin, go_on
from .ha import OUTDOOR, ROOM, start, system, thermometer, zone

PATH = "/api/iot/device/ESP32-001/sync/"


async def test_controller_of_a_building_is_found_added_read_and_commanded(
    hass: HomeAssistant, tmp_path: Path, hass_client_no_auth: ClientSessionGenerator
) -> None:
    hass.config.config_dir = str(tmp_path)
    thermometer(hass, ROOM, 17.0)
    thermometer(hass, OUTDOOR, 0.0)
    assert await async_setup_component(hass, DOMAIN, {})
    entry = system(zone())
    await start(hass, entry)
    # Nothing offers a source yet.
    result = await begin(hass, entry, "source")
    result = await go_on(hass, result, {"next_step_id": "external"})
    assert result["reason"] == "nothing_offered"
    # A building with a controller comes later: no restart is needed.
    building = building_entry()
    building.add_to_hass(hass)
    assert await hass.config_entries.async_setup(building.entry_id)
    await hass.async_block_till_done()
    key = await add_controller(hass, building)
    client = await hass_client_no_auth()

    async def call(**report: Any) -> dict[str, Any]:
        body = {"state": "off", "temp_out": 0.0, "supply_temp": 40.0, **report}
        reply = await client.post(PATH, headers={"X-Device-Key": key}, json=body)
        assert reply.status == HTTPStatus.OK
        await hass.async_block_till_done()
        answer: dict[str, Any] = await reply.json()
        return answer

    before = await call()
    result = await begin(hass, entry, "source")
    result = await go_on(hass, result, {"next_step_id": "external"})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "external")
    (option,) = result["data_schema"].schema["reference"].config["options"]
    assert option["label"] == "Cellar"
    result = await go_on(hass, result, {"reference": option["value"], "nominal_heat": 6000})
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Cellar")
    await hass.async_block_till_done()
    # The same once more is refused.
    result = await add(hass, entry, "external", {"reference": option["value"]})
    assert result["reason"] == "already_configured"
    (unit,) = entry.runtime_data.sources.values()
    assert unit.source.source_id == option["value"]
    assert isinstance(unit.source._source, ControllerHeatSource)
    state = await unit.source.refresh()
    assert (str(state.health), state.on, state.flow_c) == ("ok", False, 40.0)
    # A command goes through to the configuration that the controller gets with its next call.
    outcome = await unit.source.apply(Command(id="c", on=True, lease_s=900))
    assert str(outcome.outcome) == "pending"
    after = await call()
    assert after["config"] != before["config"]
    await call(state="on")
    assert (await unit.source.refresh()).on is True
    # The building goes: the source fails, the system goes on.
    assert await hass.config_entries.async_unload(building.entry_id)
    await hass.async_block_till_done()
    state = await unit.source.refresh()
    assert (str(state.health), state.detail) == ("failing", "no longer offered by its integration")
    await entry.runtime_data.coordinator.async_refresh()
    assert entry.runtime_data.coordinator.last_update_success
    assert await hass.config_entries.async_unload(entry.entry_id)
