"""Storage of the state: a journal that is on disk before a change is acknowledged."""

import asyncio
from collections.abc import Iterator
import logging
from pathlib import Path
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR

from ._lib.durable_store import DurableStore
from .const import DOMAIN
from .error_handling import translate_error
from .rollout.errors import StorageError
from .rollout.journal import Journal
from .rollout.models import HISTORY_LENGTH
from .rollout.record_types import RecordChange, RecordKey, RecordType
from .rollout.records import load_state, pop_changes, restore_changes, snapshot
from .rollout.state import State

_LOGGER = logging.getLogger(__name__)

VERSION: Final = 1
MINOR_VERSION: Final = 1
_LEGACY: Final = ("releases", "devices", "rollouts")
"""Stores that contained the state before there was a journal."""


class OtaStore(DurableStore[dict[str, Any]]):
    """A store of immutable records, which are serialized outside the event loop."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        """Create a store; `name` is the part after `ota.`."""
        super().__init__(hass, VERSION, f"{DOMAIN}.{name}", minor_version=MINOR_VERSION, domain=DOMAIN)
        self._serialize_in_event_loop = False

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Accept minor versions, which add fields with defaults."""
        if old_major_version != VERSION:
            raise NotImplementedError
        return old_data


class Storage:
    """Saves the state. Commits that wait at the same time share one write."""

    def __init__(self, hass: HomeAssistant, state: State) -> None:
        """Create the storage of a state; `async_load` fills it."""
        self._hass = hass
        self._state = state
        self._journal = Journal(Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.state")))
        self._next: asyncio.Future[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._compacting: asyncio.Task[None] | None = None
        self._backup_running = False
        self._compact_requested = False

    # -- reading

    async def async_load(self) -> None:
        """Fill the state.

        Raises:
            DecodeError: What is stored is damaged.
            StorageError: It cannot be read.
        """
        run = self._hass.async_add_executor_job
        records = await run(self._journal.load)
        legacy = await self._async_load_legacy()
        migrate = bool(legacy) and not records
        await run(load_state, self._state, legacy if migrate else records)
        if migrate:
            number = await run(self._journal.rotate)
            await run(self._journal.write_base, number, snapshot(self._state))
        if legacy:
            await self._async_remove_legacy()

    async def _async_load_legacy(self) -> dict[RecordKey, Any]:
        """Return the records of the stores that were used before the journal."""
        stored = {name: await OtaStore(self._hass, name).async_load() or {} for name in _LEGACY}
        return dict(_legacy_records(stored))

    async def _async_remove_legacy(self) -> None:
        for name in _LEGACY:
            await OtaStore(self._hass, name).async_remove()

    # -- writing

    async def async_commit(self) -> None:
        """Save all changes made until now.

        Raises:
            HomeAssistantError: They could not be saved; the next commit tries again.
        """
        if self._next is None:
            self._next = self._hass.loop.create_future()
        mine = self._next
        if self._writer is None:
            self._writer = self._hass.async_create_task(self._async_write(), "ota journal", eager_start=False)
        await asyncio.shield(mine)

    async def _async_write(self) -> None:
        """Write as long as commits are waiting. A commit during a write waits for the next one."""
        try:
            while (waiting := self._next) is not None:
                self._next = None
                try:
                    await self._async_append()
                except asyncio.CancelledError:
                    waiting.cancel()
                    raise
                except Exception as err:  # noqa: BLE001 - raised by the commits that wait for it
                    waiting.set_exception(err)
                    waiting.exception()  # retrieved here, because the commits may have been canceled
                else:
                    waiting.set_result(None)
                    await self._async_compact_if_due()
        finally:
            self._writer = None

    async def _async_append(self) -> None:
        if not (changes := pop_changes(self._state)):
            return
        try:
            await self._hass.async_add_executor_job(self._journal.append, changes)
        except StorageError as err:
            restore_changes(self._state, changes)
            raise translate_error(err) from err
        except BaseException:
            restore_changes(self._state, changes)
            raise

    async def async_save_all(self) -> None:
        """Save everything, also what is not worth a write of its own (log events, last contacts)."""
        self._state.flush_deferred(contacts=True)
        await self.async_commit()

    # -- compaction

    async def _async_compact_if_due(self) -> None:
        """Compact the journal between two writes; later changes go to a new log."""
        if self._backup_running or self._compacting is not None:
            return
        if not (self._journal.wants_base or self._compact_requested):
            return
        self._compact_requested = False
        records = snapshot(self._state)
        number = await self._hass.async_add_executor_job(self._journal.rotate)
        self._compacting = self._hass.async_create_background_task(
            self._async_compact(number, records), "ota compaction"
        )

    async def _async_compact(self, number: int, records: Iterator[RecordChange]) -> None:
        try:
            await self._hass.async_add_executor_job(self._journal.write_base, number, records)
        except StorageError as err:
            _LOGGER.warning("Compacting the journal failed, it keeps growing: %s", err)
        finally:
            self._compacting = None

    async def async_prepare_backup(self) -> None:
        """Write all records to a base, because backups omit `*.log` files, and keep all files from now on.

        Raises:
            HomeAssistantError: They could not be saved.
        """
        self._compact_requested = True
        await self.async_save_all()
        if self._writer is not None:
            await asyncio.wait([self._writer])
        if self._compacting is not None:
            await asyncio.wait([self._compacting])
        self._backup_running = True

    def end_backup(self) -> None:
        """Allow deleting files again."""
        self._backup_running = False

    async def async_close(self) -> None:
        """Save everything and close the journal.

        Raises:
            HomeAssistantError: It could not be saved.
        """
        try:
            await self.async_save_all()
        finally:
            if self._compacting is not None:
                await asyncio.wait([self._compacting])
            await self._hass.async_add_executor_job(self._journal.close)

    async def async_remove(self) -> None:
        """Delete all files."""
        await self._hass.async_add_executor_job(self._journal.remove)
        await self._async_remove_legacy()


def _legacy_records(stored: dict[str, dict[str, Any]]) -> Iterator[tuple[RecordKey, Any]]:
    """Return the content of the previous stores as records."""
    for release in stored["releases"].get("releases", ()):
        yield (RecordType.RELEASE, release["release_id"]), release
    for slot, sequence in stored["releases"].get("sequences", {}).items():
        yield (RecordType.SEQUENCE, slot), sequence
    for device in stored["devices"].get("devices", ()):
        yield (RecordType.DEVICE, device["uid"]), device
        for number, event in enumerate(device.get("history", ())[-HISTORY_LENGTH:]):
            yield (RecordType.HISTORY, f"{device['uid']}/{number}"), [number, event]
    for rollout in stored["rollouts"].get("rollouts", ()):
        yield (RecordType.ROLLOUT, rollout["rollout_id"]), rollout
    for job in stored["rollouts"].get("jobs", ()):
        yield (RecordType.JOB, str(job["job_id"])), job
    if "next_job" in stored["rollouts"]:
        yield (RecordType.NEXT_JOB, ""), stored["rollouts"]["next_job"]
