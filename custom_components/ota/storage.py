"""What survives: sections of the state and the keys, each in a store of its own, on disk before we acknowledge."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.core import HomeAssistant

from ._lib.durable_store import DurableStore
from .const import DOMAIN
from .rollout.state import Section, State

VERSION: Final = 1
MINOR_VERSION: Final = 1


class OtaStore(DurableStore[dict[str, Any]]):
    """A store whose data are immutable records: they are made JSON outside the event loop."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        """`name` is the part after `ota.`."""
        super().__init__(hass, VERSION, f"{DOMAIN}.{name}", minor_version=MINOR_VERSION, domain=DOMAIN)
        self._serialize_in_event_loop = False

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Nothing to do yet: a minor version adds fields with defaults, which reading fills in."""
        if old_major_version != VERSION:
            raise NotImplementedError
        return old_data


class Storage:
    """Saves a state. Callers that wait at the same time share one write."""

    def __init__(self, hass: HomeAssistant, state: State) -> None:
        """Keep a state on disk."""
        self._state = state
        self._stores = {section: OtaStore(hass, section.value) for section in Section}
        self._lock = asyncio.Lock()
        self._wanted = 0
        self._done = 0

    async def async_load(self) -> None:
        """Fill the state.

        Raises:
            DecodeError: What is stored is damaged.
        """
        data: dict[Section, Mapping[str, Any] | None] = {}
        for section, store in self._stores.items():
            data[section] = await store.async_load()
        self._state.restore(data)

    async def async_commit(self) -> None:
        """Bring all changes until now to the disk.

        Raises:
            HomeAssistantError: It could not be written; the changes are written with the next commit.
        """
        self._wanted += 1
        ticket = self._wanted
        async with self._lock:
            if self._done >= ticket:
                return
            upto = self._wanted
            sections, self._state.dirty = self._state.dirty, set()
            try:
                for section in sorted(sections):
                    await self._stores[section].async_save_durably(self._state.snapshot(section))
            except BaseException:
                self._state.dirty |= sections
                raise
            self._done = upto

    async def async_save_all(self) -> None:
        """Write all sections, with what is not worth a write by itself (last seen)."""
        self._state.dirty |= set(Section)
        await self.async_commit()

    async def async_remove(self) -> None:
        """Delete the files."""
        for store in self._stores.values():
            await store.async_remove()
