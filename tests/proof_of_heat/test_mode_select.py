"""The power modes of a source as a select entity: the selected mode is verified and kept."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from lib.heat_source import Outcome

from . import ha
from .flow import device


@pytest.fixture(autouse=True)
def outdoor(hass: HomeAssistant) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)


async def choose(hass: HomeAssistant, entity_id: str, option: str) -> None:
    data = {"entity_id": entity_id, "option": option}
    await hass.services.async_call("select", "select_option", data, blocking=True)


def mode_of(hass: HomeAssistant, subentry_id: str) -> str | None:
    return er.async_get(hass).async_get_entity_id("select", DOMAIN, f"{subentry_id}_mode")


@pytest.mark.parametrize("kind", ["nicehash", "hiveos", "miner"])
async def test_mode_is_selected_verified_and_kept(hass: HomeAssistant, loopback: Callable[[], str], kind: str) -> None:
    async with device(kind, loopback) as (_, values):
        entry = ha.system(await ha.source(hass, kind, values))
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        await unit.source.refresh()
        entity_id = mode_of(hass, unit.subentry_id)
        assert entity_id is not None
        state = hass.states.get(entity_id)
        assert state is not None
        wanted = next(option for option in state.attributes["options"] if option != unit.source.state.mode)
        await choose(hass, entity_id, wanted)
        assert unit.source.state.mode == wanted
        assert hass.states.get(entity_id).state == wanted
        assert not unit.source.leased, "nothing takes it back after a while"
        assert (await unit.source.choose_mode(wanted)).outcome == Outcome.UNCHANGED
        assert (await unit.source.choose_mode("turbo")).outcome == Outcome.REFUSED
        await hass.config_entries.async_unload(entry.entry_id)


async def test_mode_rejected_by_the_device_is_reported(hass: HomeAssistant, loopback: Callable[[], str]) -> None:
    async with device("nicehash", loopback) as (cloud, values):
        entry = ha.system(await ha.source(hass, "nicehash", values))
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        await unit.source.refresh()
        entity_id = mode_of(hass, unit.subentry_id)
        assert entity_id is not None
        wanted = next(option for option in unit.source.capabilities.modes if option != unit.source.state.mode)
        cloud.faults.set("declined")
        with pytest.raises(HomeAssistantError, match=r"could not be set to .*: rejected by the device"):
            await choose(hass, entity_id, wanted)
        cloud.faults.set("refused")
        with pytest.raises(HomeAssistantError, match=r"could not be set to .*: not responding"):
            await choose(hass, entity_id, wanted)
        assert hass.states.get(entity_id).state == "unavailable"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_modes_used_by_the_controller_cannot_be_selected(
    hass: HomeAssistant, loopback: Callable[[], str]
) -> None:
    hass.states.async_set("select.heater", "Off", {"options": ["Off", "1 kW", "2 kW"]})
    stepped = {"entity": "select.heater", "source_kind": "direct_electric", "number_is": "power"}
    entry = ha.system(await ha.source(hass, "entity", stepped))
    await ha.start(hass, entry)
    (unit,) = entry.runtime_data.sources.values()
    assert unit.config.steps_w == (1000.0, 2000.0)
    assert mode_of(hass, unit.subentry_id) is None
    await hass.config_entries.async_unload(entry.entry_id)
