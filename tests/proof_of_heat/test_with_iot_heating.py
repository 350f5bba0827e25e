"""Both integrations set up: a controller that calls iot_heating is a source of proof_of_heat, found, added, steered."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
import shutil
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.iot_heating.heat_source import ControllerHeatSource
from custom_components.proof_of_heat._lib.backoff import RetryPolicy
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.sources import releaser
from lib.heat_source import Command
from tests.iot_heating import add_controller, building_entry

from .flow import add, begin, go_on
from .ha import OUTDOOR, ROOM, start, system, thermometer, zone
from .test_hand_over import forget_memory

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
    # The building goes: the source fails, the system continues.
    assert await hass.config_entries.async_unload(building.entry_id)
    await hass.async_block_till_done()
    state = await unit.source.refresh()
    assert (str(state.health), state.detail) == ("failing", "no longer offered by its integration")
    await entry.runtime_data.coordinator.async_refresh()
    assert entry.runtime_data.coordinator.last_update_success
    assert await hass.config_entries.async_unload(entry.entry_id)


async def _until(holds: Callable[[], bool], hass: HomeAssistant) -> None:
    for _ in range(600):
        await hass.async_block_till_done()
        if holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("never")


async def _kill(hass: HomeAssistant, tmp_path: Path, *entries: MockConfigEntry) -> None:
    """Home Assistant dies and starts again with its files as they were."""
    kept = tmp_path.with_name(f"{tmp_path.name}_kept")
    shutil.copytree(tmp_path, kept)
    for entry in entries:
        await hass.config_entries.async_unload(entry.entry_id)
    forget_memory(hass)
    shutil.rmtree(tmp_path)
    shutil.move(kept, tmp_path)
    for entry in reversed(entries):
        assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


@pytest.mark.parametrize("protocol", [1, 2])
async def test_a_controller_has_its_own_profile_at_the_end(
    hass: HomeAssistant,
    tmp_path: Path,
    hass_client_no_auth: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
    protocol: int,
) -> None:
    """It does not report in a command and at the end of control, and Home Assistant is killed both times."""
    monkeypatch.setattr(releaser, "RETRY", RetryPolicy(first_s=0.1, max_s=0.2))
    hass.config.config_dir = str(tmp_path)
    thermometer(hass, ROOM, 17.0)
    thermometer(hass, OUTDOOR, 0.0)
    assert await async_setup_component(hass, DOMAIN, {})
    building = building_entry()
    building.add_to_hass(hass)
    assert await hass.config_entries.async_setup(building.entry_id)
    await hass.async_block_till_done()
    key = await add_controller(hass, building)
    client = await hass_client_no_auth()

    async def call(state: str) -> dict[str, Any]:
        body = {"state": state, "temp_out": 0.0, "supply_temp": 40.0, "protocol_version": protocol}
        reply = await client.post(PATH, headers={"X-Device-Key": key}, json=body)
        assert reply.status == HTTPStatus.OK
        await hass.async_block_till_done()
        config: dict[str, Any] = (await reply.json())["config"]
        return {name: value for name, value in config.items() if name not in ("server_time", "updated_at")}

    def heating_of(config: dict[str, Any]) -> dict[str, Any]:
        """What decides how the controller heats."""
        return {name: config[name] for name in ("curve", "schedule", "iot_enabled")} | {
            "override": config.get("override")
        }

    users = heating_of(await call("off"))
    entry = system(zone())
    await start(hass, entry)
    result = await begin(hass, entry, "source")
    result = await go_on(hass, result, {"next_step_id": "external"})
    (option,) = result["data_schema"].schema["reference"].config["options"]
    await go_on(hass, result, {"reference": option["value"], "nominal_heat": 6000})
    await hass.async_block_till_done()

    def source() -> Any:
        (managed,) = entry.runtime_data.sources.values()
        return managed.source

    await entry.runtime_data.user.async_set_active(True)
    await source().apply(Command(id="on", on=True, flow_c=48.0, lease_s=900))
    assert heating_of(await call("off")) != users, "it is commanded"
    await call("on")
    await _kill(hass, tmp_path, entry, building)
    assert heating_of(await call("on")) != users, "the lease of the command continues"
    await entry.runtime_data.user.async_set_active(False)  # the controller does not report now
    await _kill(hass, tmp_path, entry, building)
    config: dict[str, Any] = {}

    async def called() -> bool:
        config.update(await call("off"))
        return heating_of(config) == users and not releaser.releaser(hass)._tasks

    for _ in range(600):
        if await called():
            break
        await asyncio.sleep(0.1)
    assert heating_of(config) == users
    await _until(lambda: not releaser.releaser(hass)._tasks, hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
