"""What survives: the state in its journal and the keys in a store, on disk before we acknowledge."""

import asyncio
from collections.abc import Iterator
import logging
from pathlib import Path
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR

from ._lib.durable_store import DurableStore
from .const import DOMAIN
from .helpers import translated
from .rollout.errors import StorageError
from .rollout.journal import Journal, Key, Op
from .rollout.state import Kind, State

_LOGGER = logging.getLogger(__name__)

VERSION: Final = 1
MINOR_VERSION: Final = 1
_LEGACY: Final = ("releases", "devices", "rollouts")
"""Stores that held the state before it had a journal."""


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
        self._hass = hass
        self._state = state
        self._journal = Journal(Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.state")))
        self._next: asyncio.Future[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._compacting: asyncio.Task[None] | None = None
        self._held = False

    # -- reading

    async def async_load(self) -> None:
        """Fill the state.

        Raises:
            DecodeError: What is stored is damaged.
            StorageError: The disk refuses.
        """
        run = self._hass.async_add_executor_job
        records = await run(self._journal.load)
        legacy = await self._async_legacy()
        took_over = bool(legacy) and not records
        await run(self._state.restore, legacy if took_over else records)
        if took_over:
            number = await run(self._journal.rotate)
            await run(self._journal.write_base, number, self._state.capture())
        if legacy:
            await self._async_remove_legacy()

    async def _async_legacy(self) -> dict[Key, Any]:
        """The records of the stores that were before the journal."""
        stored = {name: await OtaStore(self._hass, name).async_load() or {} for name in _LEGACY}
        return dict(_records(stored))

    async def _async_remove_legacy(self) -> None:
        for name in _LEGACY:
            await OtaStore(self._hass, name).async_remove()

    # -- writing

    async def async_commit(self) -> None:
        """Bring all changes until now to the disk.

        Raises:
            HomeAssistantError: It could not be written; the changes are written with the next commit.
        """
        if self._next is None:
            self._next = self._hass.loop.create_future()
        mine = self._next
        if self._writer is None:
            self._writer = self._hass.async_create_task(self._async_write(), "ota journal", eager_start=False)
        await asyncio.shield(mine)

    async def _async_write(self) -> None:
        """Write as long as somebody waits. Who comes during a write waits for the next one."""
        try:
            while (waiting := self._next) is not None:
                self._next = None
                try:
                    await self._async_append()
                except asyncio.CancelledError:
                    waiting.cancel()
                    raise
                except Exception as err:  # noqa: BLE001 - it is raised where it is waited for
                    waiting.set_exception(err)
                    waiting.exception()  # those who wait may have gone away
                else:
                    waiting.set_result(None)
                    await self._async_compact_if_due()
        finally:
            self._writer = None

    async def _async_append(self) -> None:
        if not (ops := self._state.take()):
            return
        try:
            await self._hass.async_add_executor_job(self._journal.append, ops)
        except StorageError as err:
            self._state.put_back(ops)
            raise translated(err) from err
        except BaseException:
            self._state.put_back(ops)
            raise

    async def async_save_all(self) -> None:
        """Write all, with what is not worth a write by itself (log lines, last seen)."""
        self._state.settle(all_seen=True)
        await self.async_commit()

    # -- compaction

    async def _async_compact_if_due(self) -> None:
        """Between two writes: what changes from here on is in the next log."""
        if self._held or self._compacting is not None or not self._journal.wants_base:
            return
        everything = self._state.capture()
        number = await self._hass.async_add_executor_job(self._journal.rotate)
        self._compacting = self._hass.async_create_background_task(
            self._async_compact(number, everything), "ota compaction"
        )

    async def _async_compact(self, number: int, everything: Iterator[Op]) -> None:
        try:
            await self._hass.async_add_executor_job(self._journal.write_base, number, everything)
        except StorageError as err:
            _LOGGER.warning("The journal could not be compacted, and grows: %s", err)
        finally:
            self._compacting = None

    def hold(self, *, held: bool) -> None:
        """No file is deleted while a backup copies them."""
        self._held = held

    async def async_close(self) -> None:
        """Write all, and leave the folder to whoever comes next.

        Raises:
            HomeAssistantError: It could not be written.
        """
        try:
            await self.async_save_all()
        finally:
            if self._compacting is not None:
                await asyncio.wait([self._compacting])
            await self._hass.async_add_executor_job(self._journal.close)

    async def async_remove(self) -> None:
        """Delete the files."""
        await self._hass.async_add_executor_job(self._journal.remove)
        await self._async_remove_legacy()


def _records(stored: dict[str, dict[str, Any]]) -> Iterator[tuple[Key, Any]]:
    """The old stores' content as the journal has it."""
    for release in stored["releases"].get("releases", ()):
        yield (Kind.RELEASE, release["release_id"]), release
    for line, sequence in stored["releases"].get("sequences", {}).items():
        yield (Kind.SEQUENCE, line), sequence
    for device in stored["devices"].get("devices", ()):
        yield (Kind.DEVICE, device["uid"]), device
        yield (Kind.HISTORY, device["uid"]), device.get("history", [])
    for rollout in stored["rollouts"].get("rollouts", ()):
        yield (Kind.ROLLOUT, rollout["rollout_id"]), rollout
    for job in stored["rollouts"].get("jobs", ()):
        yield (Kind.JOB, str(job["job_id"])), job
    if "next_job" in stored["rollouts"]:
        yield (Kind.NEXT_JOB, ""), stored["rollouts"]["next_job"]
