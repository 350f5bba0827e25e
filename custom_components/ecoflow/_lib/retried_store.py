# Generated from lib/retried_store.py by scripts/build: edit that file, not this one.
"""A durable store that tries again until a full or read-only disk accepts the data, with one repair issue.

    store = RetriedStore(hass, STORE_VERSION, f"{DOMAIN}.pending", dump, domain=DOMAIN)
    await store.async_load()
    await store.async_save_or_retry()   # never raises: kept in memory, and saved once the disk accepts it
    await store.async_commit()          # raises: for a change that is reverted if it cannot be saved
    await store.async_close()           # at an unload: the next load continues with what could not be saved

`dump` returns the present data; each attempt stores what it returns then. While a file of the integration cannot be
written, the repair issue `storage_failed` of its domain is shown (its text has the placeholder `error`).
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
import logging
from typing import Any, Final, override

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.util.file import WriteError
from homeassistant.util.hass_dict import HassKey

from .backoff import Backoff, RetryPolicy
from .durable_store import DurableStore

_LOGGER = logging.getLogger(__name__)

STORAGE_ISSUE: Final = "storage_failed"
_RETRY_POLICY: Final = RetryPolicy(first_s=5.0, max_s=60.0)


class StorageHealth:
    """The files of one integration that cannot be written at the moment.

    Attributes:
        unsaved: Data of unloaded parts by the key of their file; the next load continues with it.
    """

    def __init__(self, hass: HomeAssistant, domain: str) -> None:
        self.unsaved: dict[str, dict[str, Any]] = {}
        self._hass = hass
        self._domain = domain
        self._failing: set[str] = set()

    def is_failing(self, key: str) -> bool:
        """Return whether the last attempt to write a file failed."""
        return key in self._failing

    @callback
    def set_failed(self, key: str, error: str) -> None:
        """Record that a file could not be written."""
        if not self._failing:
            ir.async_create_issue(
                self._hass,
                self._domain,
                STORAGE_ISSUE,
                is_fixable=False,
                severity=ir.IssueSeverity.ERROR,
                translation_key=STORAGE_ISSUE,
                translation_placeholders={"error": error},
            )
        if key not in self._failing:
            _LOGGER.warning("%s: could not be written, retrying: %s", key, error)
        self._failing.add(key)

    @callback
    def set_saved(self, key: str) -> None:
        """Record that a file was written, or is no longer used."""
        self.unsaved.pop(key, None)
        if key not in self._failing:
            return
        self._failing.remove(key)
        _LOGGER.info("%s: written again", key)
        # The issue does not outlive the process, and a write on shutdown is too late to change the issues.
        if not self._failing and not self._hass.is_stopping:
            ir.async_delete_issue(self._hass, self._domain, STORAGE_ISSUE)


_HEALTH: Final[HassKey[dict[str, StorageHealth]]] = HassKey("suite_storage_health")


@callback
def storage_health(hass: HomeAssistant, domain: str) -> StorageHealth:
    """Return which files of an integration cannot be written."""
    known = hass.data.setdefault(_HEALTH, {})
    if domain not in known:
        known[domain] = StorageHealth(hass, domain)
    return known[domain]


class RetriedStore(DurableStore[dict[str, Any]]):
    """Stores the present result of a function, again and again until that succeeds."""

    def __init__(
        self,
        hass: HomeAssistant,
        version: int,
        key: str,
        dump: Callable[[], dict[str, Any]],
        *,
        domain: str,
        minor_version: int = 1,
    ) -> None:
        """Initialize the store; ``dump`` returns the data, ``domain`` has the texts of errors and of the issue."""
        super().__init__(hass, version, key, minor_version=minor_version, domain=domain)
        self._dump = dump
        self._health = storage_health(hass, domain)
        self._backoff = Backoff(_RETRY_POLICY)
        self._is_closed = False
        self._retry: list[CALLBACK_TYPE] = []

    @property
    def is_failing(self) -> bool:
        """Return whether the last write failed: the present data is not on disk."""
        return self._health.is_failing(self.key)

    @override
    async def async_load(self) -> dict[str, Any] | None:
        """Return the stored data, or newer data that could not be stored before an unload."""
        if (unsaved := self._health.unsaved.get(self.key)) is not None:
            self._schedule_retry()
            return unsaved
        return await super().async_load()

    @callback
    def schedule_save(self, delay_s: float) -> None:
        """Save later; a pending retry saves the change too."""
        if not self.is_failing:
            self.async_delay_save(self._dump, delay_s)

    async def async_commit(self) -> None:
        """Save now; the data is on disk on return.

        Raises:
            HomeAssistantError: The data could not be written.
        """
        await self.async_save_durably(self._dump())

    async def async_save_or_retry(self) -> None:
        """Save now if the disk accepts data, otherwise later; never raises."""
        if not self.is_failing:
            with suppress(HomeAssistantError):  # logged, reported as a repair issue, and retried
                await self.async_commit()

    async def async_close(self) -> None:
        """Save before an unload; data that cannot be written is kept for the next load."""
        self._is_closed = True
        self._stop_retry()
        data = self._dump()
        try:
            await self.async_save_durably(data)
        except HomeAssistantError:
            self._health.unsaved[self.key] = data

    @override
    async def async_remove(self) -> None:
        """Delete the file; a write that is still under way and fails is not tried again."""
        self._is_closed = True
        self._stop_retry()
        self._health.set_saved(self.key)
        await super().async_remove()

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        """Write, and record whether it succeeded: every write ends here."""
        try:
            await super()._async_write_data(data)
        except Exception as err:
            self._health.set_failed(self.key, str(err) or type(err).__name__)
            self._schedule_retry()
            # Home Assistant's Store logs this error, and raises others into a timer.
            raise WriteError(str(err)) from err
        self._health.set_saved(self.key)
        self._backoff.reset()
        self._stop_retry()

    @callback
    def _schedule_retry(self) -> None:
        self._stop_retry()
        if self._is_closed:
            return
        retry: HassJob[[datetime], Any] = HassJob(self._async_retry, cancel_on_shutdown=True)
        self._retry = [
            async_call_later(self.hass, self._backoff.next_s(), retry),
            self.hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_retry),
        ]

    async def _async_retry(self, _: datetime | Event) -> None:
        with suppress(HomeAssistantError):  # logged, and retried again
            await self.async_commit()

    @callback
    def _stop_retry(self) -> None:
        for stop in self._retry:
            stop()
        self._retry = []
