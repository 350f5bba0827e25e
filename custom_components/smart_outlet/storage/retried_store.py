"""A durable store that tries again until a full or read-only disk accepts the data."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, override

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.util.file import WriteError

from .._lib.backoff import Backoff, RetryPolicy
from .._lib.durable_store import DurableStore
from ..const import DOMAIN
from .health import async_storage_health

_RETRY_POLICY: Final = RetryPolicy(first_s=5.0, max_s=60.0)


class RetriedStore(DurableStore[dict[str, Any]]):
    """Stores the present result of a function.

    What a user asked for is saved by `async_commit`, which raises, so that the change can be reverted. What a device
    did is saved by `async_save_or_retry`: it is kept in memory, and no request waits while the disk is full.
    """

    def __init__(self, hass: HomeAssistant, version: int, key: str, dump: Callable[[], dict[str, Any]]) -> None:
        """Initialize the store; ``dump`` returns the data to store."""
        super().__init__(hass, version, key, domain=DOMAIN)
        self._dump = dump
        self._health = async_storage_health(hass)
        self._backoff = Backoff(_RETRY_POLICY)
        self._is_closed = False
        self._retry: list[CALLBACK_TYPE] = []

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
        if not self._health.is_failing(self.key):
            self.async_delay_save(self._dump, delay_s)

    async def async_commit(self) -> None:
        """Save now; the data is on disk on return.

        Raises:
            HomeAssistantError: The data could not be written.
        """
        await self.async_save_durably(self._dump())

    async def async_save_or_retry(self) -> None:
        """Save now if the disk accepts data, otherwise later."""
        if not self._health.is_failing(self.key):
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
        """Delete the file."""
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
            self._health.set_failed(self.key, str(err))
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
