"""Storage of the state: a database in which every change is saved before it is acknowledged."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util.hass_dict import HassKey

from ._lib.retried_store import RetriedStore, storage_health
from .const import DOMAIN
from .error_handling import translate_error
from .rollout.errors import StorageError
from .rollout.models import HISTORY_LENGTH
from .rollout.record_store import RecordStore
from .rollout.record_types import RecordKey, RecordType
from .rollout.records import all_records, load_state, pop_changes, restore_changes, stored_form, with_changes
from .rollout.state import State

VERSION: Final = 1
MINOR_VERSION: Final = 1
_LEGACY: Final = ("releases", "devices", "rollouts")
"""Stores that contained the state in the first versions."""
_STATE_KEY: Final = f"{DOMAIN}.state"
"""The key of the database among the files that cannot be written."""
_BACKUP_RUNNING: HassKey[bool] = HassKey(f"{DOMAIN}_backup_running")


class OtaStore(RetriedStore):
    """A store of immutable records, which are serialized outside the event loop."""

    def __init__(self, hass: HomeAssistant, name: str, dump: Callable[[], dict[str, Any]] = dict) -> None:
        """Create a store; `name` is the part after `ota.`, `dump` returns the data to save."""
        super().__init__(hass, VERSION, f"{DOMAIN}.{name}", dump, minor_version=MINOR_VERSION, domain=DOMAIN)
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
    """Saves the state. Commits that wait at the same time share one transaction."""

    def __init__(self, hass: HomeAssistant, state: State) -> None:
        """Create the storage of a state; `async_load` fills it."""
        self._hass = hass
        self._state = state
        self._records = RecordStore(
            Path(hass.config.path(STORAGE_DIR, _STATE_KEY)),
            backup_running=hass.data.get(_BACKUP_RUNNING, False),
        )
        self._database = self._records.database
        self._health = storage_health(hass, DOMAIN)
        self._next: asyncio.Future[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._writing: frozenset[RecordKey] = frozenset()
        self.failure: HomeAssistantError | None = None
        """Why the last write failed; None if it succeeded."""

    # -- reading

    async def async_load(self) -> None:
        """Fill the state.

        Raises:
            NewerFormatError: A newer version wrote what is stored.
            DecodeError: It is damaged.
            StorageError: It cannot be read, or not be stored in the database.
        """
        run = self._hass.async_add_executor_job
        legacy = await self._async_load_legacy()
        unsaved = self._health.unsaved.get(_STATE_KEY, {}).get("changes", ())
        await run(load_state, self._state, with_changes(await run(self._records.read, legacy), unsaved))
        await run(self._records.complete, all_records(self._state))
        restore_changes(self._state, unsaved)
        if legacy:
            await self._async_remove_legacy()

    async def _async_load_legacy(self) -> dict[RecordKey, Any]:
        """Return the records of the stores of the first versions."""
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
            self._writer = self._hass.async_create_task(self._async_write(), "ota database", eager_start=False)
        await asyncio.shield(mine)

    async def _async_write(self) -> None:
        """Write as long as commits are waiting. A commit during a write waits for the next one."""
        try:
            while (waiting := self._next) is not None:
                self._next = None
                try:
                    await self._async_apply()
                except asyncio.CancelledError:
                    waiting.cancel()
                    raise
                except Exception as err:  # noqa: BLE001 - raised by the commits that wait for it
                    waiting.set_exception(err)
                    waiting.exception()  # retrieved here, because the commits may have been canceled
                else:
                    waiting.set_result(None)
        finally:
            self._writer = None

    async def _async_apply(self) -> None:
        if not (changes := pop_changes(self._state)):
            return
        self._writing = frozenset((kind, record_id) for kind, record_id, _ in changes)
        try:
            await self._hass.async_add_executor_job(self._database.apply, changes)
        except StorageError as err:
            restore_changes(self._state, changes)
            self.failure = translate_error(err)
            self._health.set_failed(_STATE_KEY, err.placeholders.get("error") or str(err.__cause__ or err))
            raise self.failure from err
        except BaseException:
            restore_changes(self._state, changes)
            raise
        finally:
            self._writing = frozenset()
        self.failure = None
        self._health.set_saved(_STATE_KEY)

    def has_unsaved(self, uid: str) -> bool:
        """Return whether the job of a device is not saved yet; the rest it sends again after a restart."""
        key = (RecordType.JOB, str(self._state.last_job.get(uid, "")))
        return key in self._state.dirty or key in self._writing

    async def async_save_all(self) -> None:
        """Save everything, also what is not worth a write of its own (log events, last contacts)."""
        self._state.flush_deferred(contacts=True)
        await self.async_commit()

    async def async_begin_backup(self) -> None:
        """Save everything, and keep the database file unchanged while a backup copies it.

        Raises:
            HomeAssistantError: It could not be saved.
        """
        await self.async_save_all()
        try:
            await self._hass.async_add_executor_job(self._database.begin_backup)
        except StorageError as err:
            raise translate_error(err) from err

    async def async_end_backup(self) -> None:
        """Allow changes of the database file again."""
        await self._hass.async_add_executor_job(self._database.end_backup)

    async def async_stop(self) -> None:
        """Save everything and close the database.

        Raises:
            HomeAssistantError: It could not be saved.
        """
        try:
            await self.async_save_all()
        finally:
            await self.async_close()

    async def async_close(self) -> None:
        """Close the database: it is locked as long as it is open. The next load continues with unsaved changes."""
        if changes := pop_changes(self._state):
            unsaved = await self._hass.async_add_executor_job(stored_form, changes)
            self._health.unsaved[_STATE_KEY] = {"changes": unsaved}
        elif _STATE_KEY not in self._health.unsaved:
            self._health.set_saved(_STATE_KEY)
        await self._hass.async_add_executor_job(self._database.close)

    async def async_remove(self) -> None:
        """Delete all files."""
        self._health.set_saved(_STATE_KEY)
        await self._hass.async_add_executor_job(self._records.remove)
        await self._async_remove_legacy()


@callback
def set_backup_running(hass: HomeAssistant, running: bool) -> None:
    """Store whether a backup is running, for entries that are set up meanwhile."""
    hass.data[_BACKUP_RUNNING] = running


def _legacy_records(stored: dict[str, dict[str, Any]]) -> Iterator[tuple[RecordKey, Any]]:
    """Return the content of these stores as records."""
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
