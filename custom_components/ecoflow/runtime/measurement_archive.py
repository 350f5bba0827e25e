"""The archive of the measurements of an account: optional, in a file or a PostgreSQL database.

A row has the serial number of the device, the values of its entities and the values as the device sent them. A device
has at most one row per half minute, and only while values arrive.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from .. import repairs
from .._lib.archive import Archive, ArchiveSpec, Retention, Row
from .._lib.archive_form import (
    ARCHIVE_OFF,
    ARCHIVE_SQLITE,
    CONF_ARCHIVE,
    CONF_ARCHIVE_TABLE,
    CONF_ARCHIVE_URL,
    CONF_FINE_DAYS,
    CONF_MAX_MEGABYTES,
    CONF_RAW_DAYS,
)
from ..const import DEFAULT_FINE_DAYS, DEFAULT_MAX_MEGABYTES, DEFAULT_RAW_DAYS, DEFAULT_TABLE
from .device import Account

KEYS: Final = ("device_sn",)
ROW_INTERVAL: Final = timedelta(seconds=30)
# A database that only restarts is not worth an issue.
_REPAIR_AFTER_S: Final = 300


class MeasurementArchive:
    """Archives the measurements of an account whose options ask for it."""

    def __init__(self, account: Account) -> None:
        """Create the archive; it writes after `start`."""
        self.archive: Archive | None = None
        self._account = account
        self._received: dict[str, int] = {}
        self._cancel_repair: CALLBACK_TYPE | None = None
        options = account.entry.options
        if (kind := options.get(CONF_ARCHIVE, ARCHIVE_OFF)) == ARCHIVE_OFF:
            return
        url = options[CONF_ARCHIVE_URL]
        if kind == ARCHIVE_SQLITE:
            url = f"sqlite:///{Path(account.hass.config.path(url))}"
        megabytes = options.get(CONF_MAX_MEGABYTES, DEFAULT_MAX_MEGABYTES)
        self.archive = Archive(
            url,
            ArchiveSpec(options.get(CONF_ARCHIVE_TABLE, DEFAULT_TABLE), KEYS),
            retention=Retention(
                raw_days=options.get(CONF_RAW_DAYS, DEFAULT_RAW_DAYS) or None,
                fine_days=options.get(CONF_FINE_DAYS, DEFAULT_FINE_DAYS) or None,
                max_bytes=megabytes * 1_000_000 if megabytes else None,
            ),
            on_change=self._changed_in_thread,
        )

    def start(self) -> None:
        """Start writing."""
        if self.archive is None:
            return
        self.archive.start()
        hass, entry = self._account.hass, self._account.entry
        entry.async_on_unload(async_track_time_interval(hass, self._row_due, ROW_INTERVAL))
        # Entries are not unloaded when Home Assistant stops: the queue is written then, too.
        entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_final_write))

    async def async_stop(self) -> None:
        """Write the queue and close the database."""
        archive, self.archive = self.archive, None
        if self._cancel_repair is not None:
            self._cancel_repair()
            self._cancel_repair = None
        repairs.async_update_archive(self._account.hass, self._account.entry, None)
        if archive is not None:
            await self._account.hass.async_add_executor_job(archive.close)

    async def _async_final_write(self, _event: Event) -> None:
        await self.async_stop()

    @callback
    def _row_due(self, _now: datetime) -> None:
        self.add_rows()

    @callback
    def add_rows(self) -> None:
        """Queue a row for each device that has sent something since its last row."""
        client = self._account.client
        for sn, state in client.states.items():
            received = state.counts.mqtt + state.counts.http
            if self.archive is None or received == self._received.get(sn) or not client.is_fresh(sn):
                continue
            self._received[sn] = received
            metrics = {key: value for key, value, _ in client.family(sn).decode(state.values) if value is not None}
            numbers = {key: float(value) for key, value in metrics.items() if type(value) in (int, float)}
            payload: dict[str, Any] = {"metrics": metrics, "raw": dict(state.values)}
            self.archive.put(Row(dt_util.utcnow().timestamp(), (sn,), payload, numbers))

    def _changed_in_thread(self) -> None:
        hass = self._account.hass
        if not hass.loop.is_closed():
            hass.loop.call_soon_threadsafe(self._changed)

    @callback
    def _changed(self) -> None:
        """Report a database that stays away, until it is back."""
        if self.archive is None:
            return
        if self.archive.status.connected:
            if self._cancel_repair is not None:
                self._cancel_repair()
                self._cancel_repair = None
            repairs.async_update_archive(self._account.hass, self._account.entry, None)
        elif self._cancel_repair is None:
            self._cancel_repair = async_call_later(self._account.hass, _REPAIR_AFTER_S, self._raise_repair)

    @callback
    def _raise_repair(self, _now: datetime) -> None:
        if self.archive is not None and not (status := self.archive.status).connected:
            repairs.async_update_archive(self._account.hass, self._account.entry, status.last_error or "?")
