"""Values for other tools: Home Assistant's prometheus exports every number; log lines contain the cycle ID."""

import asyncio
import logging
import re

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.proof_of_heat.const import DOMAIN

from .ha import HEATER, OUTDOOR, ROOM, source, start, system, thermometer, zone


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    thermometer(hass, ROOM, 15.0)
    thermometer(hass, OUTDOOR, 3.0)
    hass.states.async_set(HEATER, "off", {"friendly_name": "Heater"})
    assert await async_setup_component(hass, DOMAIN, {})
    heater = await source(
        hass, "entity", {"entity": HEATER, "source_kind": "direct_electric", "number_is": "power", "nominal_power": 800}
    )
    made = system(zone(), heater)
    await start(hass, made)
    for unit in made.runtime_data.sources.values():
        await unit.source.refresh()
    await made.runtime_data.coordinator.async_refresh()
    made.runtime_data.user_changes.notify()
    await hass.async_block_till_done()
    return made


async def test_every_number_is_exported_by_prometheus(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator, socket_enabled: None
) -> None:
    pytest.importorskip("prometheus_client", reason="Home Assistant's prometheus needs prometheus-client")
    assert await async_setup_component(hass, "prometheus", {"prometheus": {"namespace": ""}})
    await hass.async_block_till_done()
    client = await hass_client()
    text = await (await client.get("/api/prometheus")).text()
    exported = {
        match[1]: float(match[2])
        for line in text.splitlines()
        if not line.startswith(("#", "state_change", "entity_available", "last_"))
        and (match := re.search(r'entity="([^"]+)".*} ([-+.\deNa]+)$', line)) is not None
    }
    numbers = {}
    for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        state = hass.states.get(item.entity_id)
        if state is None or item.domain not in ("sensor", "number"):
            continue
        try:
            numbers[item.entity_id] = float(state.state)
        except ValueError:
            continue
    assert len(numbers) >= 10, numbers
    assert {key: exported.get(key) for key in numbers} == pytest.approx(numbers)


async def test_log_lines_of_a_command_contain_the_cycle_id(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.proof_of_heat")
    running = entry.runtime_data
    await running.user.async_set_active(True)
    (unit,) = running.sources.values()
    for _ in range(40):  # minutes; a source that was just found off rests before it may continue
        freezer.tick(60)
        thermometer(hass, ROOM, 15.0)
        thermometer(hass, OUTDOOR, 3.0)
        await unit.source.refresh()
        await running.coordinator.async_refresh()
        for _ in range(5):  # the clock is frozen: iterate the loop instead of waiting
            await asyncio.sleep(0)
        if unit.last_result is not None:
            break
    found = [re.fullmatch(r"cycle=(\S+) source=(.+) outcome=(\w+) ?(.*)", line) for line in caplog.messages]
    lines = [match for match in found if match is not None]
    assert lines, caplog.messages
    assert {match[2] for match in lines} == {"Heater"}
    ids = {row["id"] for row in running.journal.rows}
    assert {match[1] for match in lines} <= ids, "the decision is found by it"
    commanded = [re.fullmatch(r"cycle=(\S+) source=Heater command=(on=\S+.*)", line) for line in caplog.messages]
    assert {match[1] for match in lines} <= {match[1] for match in commanded if match is not None}
    cycles = [re.fullmatch(r"cycle=(\S+) way=(\w+) room_c=15.0 .*words='.+'", line) for line in caplog.messages]
    assert {match[1] for match in cycles if match is not None} <= ids
    assert len([match for match in cycles if match is not None]) >= len(lines)
