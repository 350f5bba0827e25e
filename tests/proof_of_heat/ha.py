"""A heating system in a real Home Assistant for tests."""

import asyncio
from collections.abc import Mapping
import time
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import UnitOfTemperature
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.sources.registry import forms

OUTDOOR = "sensor.outdoor"
ROOM = "sensor.room"
HEATER = "input_boolean.heater"


def thermometer(hass: HomeAssistant, entity_id: str, value: float | str) -> None:
    """A temperature sensor's state."""
    hass.states.async_set(
        entity_id,
        str(value),
        {"unit_of_measurement": UnitOfTemperature.CELSIUS, "device_class": "temperature"},
    )


def zone(name: str = "Living room", **data: Any) -> ConfigSubentry:
    """A zone."""
    values = {"name": name, "temperature": ROOM, "comfort": 21.0, "eco": 18.5, "away": 16.0, **data}
    return ConfigSubentry(data=MappingProxyType(values), subentry_type="zone", title=name, unique_id=f"{ROOM}_{name}")


async def source(hass: HomeAssistant, kind: str, data: Mapping[str, Any], index: int = 0) -> ConfigSubentry:
    """A source as the flow would make it: really connected to."""
    choices = await forms()[kind].connect(hass, {**data, "kind": kind})
    choice = choices[index]
    return ConfigSubentry(
        data=MappingProxyType(choice.data), subentry_type="source", title=choice.title, unique_id=choice.unique_id
    )


def system(*subentries: ConfigSubentry, options: dict[str, Any] | None = None, **data: Any) -> MockConfigEntry:
    """The entry."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Home",
        data={"name": "Home", "outdoor": OUTDOOR, "emitter": "underfloor", **data},
        options=options or {"price": {"fixed_price": 0.25, "fees": 0.0, "tax": 0.0}},
        subentries_data=[item.as_dict() for item in subentries],  # type: ignore[misc]
    )


async def start(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Add it and set it up."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def real_pause() -> None:
    """Give other threads a moment."""
    time.sleep(0.001)  # noqa: ASYNC251  the other threads are waited for
    await asyncio.sleep(0)


async def cycles_end(hass: HomeAssistant) -> None:
    """Wait until no control cycle is running: learning and planning take the machine's time, not the test clock's.

    A cycle is a background task, for which ``async_block_till_done`` does not wait.
    """
    await hass.async_block_till_done()
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            coordinator = entry.runtime_data.coordinator
            while coordinator._lock.locked() or coordinator.cycle.jobs.is_busy:
                await real_pause()
    await hass.async_block_till_done()


async def idle(entry: MockConfigEntry) -> None:
    """Wait until no poller is busy: a call in its thread would outlive the test."""
    for unit in entry.runtime_data.sources.values():
        while unit.poller.is_busy:  # noqa: ASYNC110  threads of other packages set no event
            await asyncio.sleep(0.01)
