"""A kill of Home Assistant: a new one begins with the files as they were on disk at that moment."""

from contextlib import AsyncExitStack
import json
from pathlib import Path
import shutil
from typing import Any

from homeassistant import loader
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import restore_state
from homeassistant.helpers.json import json_bytes
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.proof_of_heat.const import DOMAIN

from .ha import start
from .winter import Winter, weather_service


class Disk:
    """What Home Assistant has written: its folder, and the states that it writes every quarter of an hour."""

    def __init__(self, winter: Winter) -> None:
        self._winter = winter
        self._states: list[dict[str, Any]] = []
        self._steps = 0
        winter.each_step.append(self._look)

    def _look(self) -> None:
        self._steps += 1
        if self._steps % 3 == 0:
            stored = restore_state.async_get(self._winter.hass).async_get_stored_states()
            self._states = json.loads(json_bytes([item.as_dict() for item in stored]))

    def copy(self) -> tuple[Path, dict[str, restore_state.StoredState]]:
        """Return a copy of the folder as it is now, and the states that were written last."""
        folder = Path(self._winter.hass.config.config_dir)
        copied = folder.with_name(f"{folder.name}k")
        shutil.copytree(folder, copied)
        states = [restore_state.StoredState.from_dict(item) for item in self._states]
        return copied, {item.state.entity_id: item for item in states}


async def kill(winter: Winter, disk: Disk, stack: AsyncExitStack) -> None:
    """Replace the home's Home Assistant: nothing of the old one's memory is left, nor what it would still write."""
    folder, states = disk.copy()
    old, entry = winter.hass, winter.entry
    new = await stack.enter_async_context(async_test_home_assistant(config_dir=str(folder)))
    stack.push_async_callback(_end, new)
    new.data.pop(loader.DATA_CUSTOM_COMPONENTS)
    new.config.latitude, new.config.longitude = old.config.latitude, old.config.longitude
    await new.config.async_set_time_zone("Europe/Rome")
    restore_state.async_get(new).last_states.update(states)
    # The old process has ended: its sockets and tasks end, its files are no longer read.
    await old.config_entries.async_unload(entry.entry_id)
    await old.async_block_till_done()
    weather_service(new, winter.gone)
    winter.hass = new
    winter.publish()
    assert await async_setup_component(new, DOMAIN, {})
    winter.entry = MockConfigEntry(
        domain=DOMAIN,
        title=entry.title,
        entry_id=entry.entry_id,
        data=dict(entry.data),
        options=dict(entry.options),
        subentries_data=[item.as_dict() for item in entry.subentries.values()],  # type: ignore[misc]
    )
    await start(new, winter.entry)
    await winter.quiet()


async def _end(hass: HomeAssistant) -> None:
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_stop(force=True)
