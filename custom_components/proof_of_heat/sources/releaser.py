"""Releases sources from control: retried with increasing delay until the device confirms it, with a repair issue.

A source of a loaded entry is released with the entry's own objects. The release of a source that was removed or
disabled continues with what was stored for it, also after a restart. The open control period is the only sign of a
release that is due: it is on disk before the first command and is removed by the confirmation.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
import logging
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.start import async_at_started
from homeassistant.util.hass_dict import HassKey

from .._lib.backoff import Backoff, RetryPolicy
from .._lib.heat_source import CommandResult, Outcome
from ..const import DOMAIN, SUBENTRY_SOURCE
from .control_records import ControlRecord, ControlRecords, control_records, device_key
from .managed_source import ManagedSource
from .poller import SourcePoller
from .registry import async_create_source, type_of
from .release_issue import clear_issue, raise_issue
from .source_type import CreatedSource, SourceContext

_LOGGER = logging.getLogger(__name__)

RETRY: Final = RetryPolicy(first_s=30.0, max_s=900.0)
REMOVAL_WAIT_S: Final = 20.0
"""How long the removal of an entry waits for its sources."""
_PATIENCE: Final = 1.5
"""A device that has this share of its settling time and confirms nothing has a problem."""


class Releaser:
    """The releases of all sources of this Home Assistant."""

    def __init__(self, hass: HomeAssistant, records: ControlRecords) -> None:
        self._hass = hass
        self._records = records
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wakers: dict[str, asyncio.Event] = {}
        self._attached: dict[str, tuple[str, ConfigSubentry]] = {}
        """Configured sources by device: the entry's id, and the subentry for the time after its removal."""

    @callback
    def start(self, entry: ConfigEntry, sources: Iterable[ManagedSource], on_result: Callable[..., None]) -> None:
        """Release sources of a loaded entry; its unloading interrupts that, and the next set-up continues it."""
        for managed in sources:
            key = device_key(entry.subentries[managed.subentry_id])
            record = self._records.get(key)
            if record is None or not record.settings.held:
                continue
            self._begin(
                key,
                self._release_attached(record, managed, on_result, entry.entry_id),
                entry,
            )

    @callback
    def cancel(self, entry: ConfigEntry) -> None:
        """Stop releasing the sources of an entry: control resumes."""
        for key, (entry_id, subentry) in self._attached.items():
            if entry_id == entry.entry_id:
                if (task := self._tasks.pop(key, None)) is not None:
                    task.cancel()
                clear_issue(self._hass, subentry.subentry_id)

    @callback
    def retry(self, subentry_id: str) -> None:
        """Try again now."""
        for record in self._records.controlled:
            if record.subentry_id == subentry_id and (waker := self._wakers.get(record.key)) is not None:
                waker.set()

    async def async_forget(self, subentry_id: str) -> None:
        """Give up: the user has restored the settings of the device."""
        for record in self._records.controlled:
            if record.subentry_id == subentry_id:
                await self._async_end(record.key)
                await self._records.async_forget(record.key)
        clear_issue(self._hass, subentry_id)

    async def async_attach(self, entry: ConfigEntry, subentry: ConfigSubentry) -> ControlRecord:
        """Take a source over from an interrupted release; its entry decides what becomes of it."""
        key = device_key(subentry)
        await self._async_end(key)
        self._attached[key] = (entry.entry_id, subentry)
        return await self._records.async_attach(subentry)

    async def async_detach_removed(self, entry: ConfigEntry) -> None:
        """Release sources that were removed from an entry."""
        removed = [
            subentry
            for entry_id, subentry in self._attached.values()
            if entry_id == entry.entry_id and subentry.subentry_id not in entry.subentries
        ]
        await self.async_detach(removed)

    async def async_detach(self, subentries: Iterable[ConfigSubentry], wait_s: float = 0.0) -> None:
        """Release sources that are not configured any more, or disabled, from what is stored of them."""
        keys = []
        for subentry in subentries:
            key = device_key(subentry)
            if subentry.subentry_type != SUBENTRY_SOURCE:
                continue
            self._attached.pop(key, None)
            record = self._records.get(key)
            if record is not None and record.settings.held:
                await self._records.async_detach(key, subentry.data)
                self._begin_detached(record)
                keys.append(key)
        if wait_s and (tasks := [self._tasks[key] for key in keys if key in self._tasks]):
            await asyncio.wait(tasks, timeout=wait_s)

    async def async_resume(self) -> None:
        """Continue the releases of removed sources that a restart interrupted, once Home Assistant has started."""
        await self._records.async_load()

        @callback
        def started(_: HomeAssistant) -> None:
            for record in self._records.controlled:
                if record.key in self._attached or record.key in self._tasks:
                    continue
                if record.detached is not None:
                    self._begin_detached(record)
                elif not self._is_configured(record.key):
                    self._raise_issue(record, "", None)

        async_at_started(self._hass, started)

    def _is_configured(self, key: str) -> bool:
        entries = self._hass.config_entries.async_entries(DOMAIN)
        return any(device_key(item) == key for entry in entries for item in entry.subentries.values())

    @callback
    def _begin_detached(self, record: ControlRecord) -> None:
        self._begin(record.key, self._release_detached(record), None)

    @callback
    def _begin(self, key: str, release: Coroutine[Any, Any, None], entry: ConfigEntry | None) -> None:
        if (task := self._tasks.get(key)) is not None:
            task.cancel()
        name = f"{DOMAIN} release {key}"
        if entry is not None:
            task = entry.async_create_background_task(self._hass, release, name)
        else:
            task = self._hass.async_create_background_task(release, name)
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._tasks.pop(key, None) if self._tasks.get(key) is done else None)

    async def _async_end(self, key: str) -> None:
        if (task := self._tasks.pop(key, None)) is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _release_attached(
        self, record: ControlRecord, managed: ManagedSource, on_result: Callable[..., None], entry_id: str
    ) -> None:
        await self._release(record, managed.poller, lambda result: on_result(managed, result), entry_id)

    async def _release_detached(self, record: ControlRecord) -> None:
        backoff = Backoff(RETRY)
        while True:
            created: CreatedSource | None = None
            try:
                context = SourceContext(self._hass, None, record.subentry)
                created = await async_create_source(context, record.settings)
                interval_s = created.poll_interval_s or type_of(context.data).poll_interval_s
                poller = SourcePoller(self._hass, created.source, interval_s)
                await self._release(record, poller, _ignore, None)
            except Exception as err:
                _LOGGER.exception("%s: the removed heat source could not be set up for its release", record.title)
                self._raise_issue(record, str(err) or type(err).__name__, None)
            else:
                return
            finally:
                if created is not None and created.close is not None:
                    await created.close()
            await self._wait(record, backoff.next_s())

    async def _release(
        self,
        record: ControlRecord,
        poller: SourcePoller,
        on_result: Callable[[CommandResult], None],
        entry_id: str | None,
    ) -> None:
        backoff, since = Backoff(RETRY), time.monotonic()
        while True:
            result = await poller.release()
            on_result(result)
            if result.settled:
                await record.settings.clear()
                clear_issue(self._hass, record.subentry_id)
                _LOGGER.info("%s: control has ended, its own settings are restored", record.title)
                return
            patience_s = _PATIENCE * poller.source.capabilities.settle_s
            waits = result.outcome in (Outcome.PENDING, Outcome.DEFERRED)
            if not (waits and time.monotonic() - since < patience_s):
                self._raise_issue(record, result.detail, entry_id)
            await self._wait(record, backoff.next_s())

    async def _wait(self, record: ControlRecord, delay_s: float) -> None:
        waker = self._wakers[record.key] = asyncio.Event()
        try:
            async with asyncio.timeout(delay_s):
                await waker.wait()
        except TimeoutError:
            return
        finally:
            self._wakers.pop(record.key, None)

    def _raise_issue(self, record: ControlRecord, error: str, entry_id: str | None) -> None:
        raise_issue(self._hass, record.subentry_id, record.title, error, entry_id)


@callback
def _ignore(_: CommandResult) -> None:
    """The results of a removed source are not shown."""


_RELEASER: HassKey[Releaser] = HassKey(f"{DOMAIN}_releaser")


def releaser(hass: HomeAssistant) -> Releaser:
    """Return the releaser of this Home Assistant."""
    if _RELEASER not in hass.data:
        hass.data[_RELEASER] = Releaser(hass, control_records(hass))
    return hass.data[_RELEASER]
