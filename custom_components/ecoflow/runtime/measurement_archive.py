"""The archive of the measurements of an account: optional, in a file or a PostgreSQL database.

A row has the serial number of the device, the values of its entities and the values as the device sent them. A device
has at most one row per half minute, and only while values arrive.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, override

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Event, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .. import repairs
from .._lib.archive import Row
from .._lib.archive_form import CONF_ARCHIVE_TABLE, CONF_FINE_DAYS, CONF_MAX_MEGABYTES, CONF_RAW_DAYS
from .._lib.archived_entry import ArchivedEntry
from ..const import DEFAULT_FINE_DAYS, DEFAULT_MAX_MEGABYTES, DEFAULT_RAW_DAYS, DEFAULT_TABLE
from .device import Account

KEYS: Final = ("device_sn",)
ROW_INTERVAL: Final = timedelta(seconds=30)
_DEFAULTS: Final = {
    CONF_ARCHIVE_TABLE: DEFAULT_TABLE,
    CONF_RAW_DAYS: DEFAULT_RAW_DAYS,
    CONF_FINE_DAYS: DEFAULT_FINE_DAYS,
    CONF_MAX_MEGABYTES: DEFAULT_MAX_MEGABYTES,
}


class MeasurementArchive(ArchivedEntry):
    """Archives the measurements of an account whose options ask for it."""

    def __init__(self, account: Account) -> None:
        """Create the archive; it writes after `start`."""
        hass, entry = account.hass, account.entry
        on_outage = partial(repairs.async_update_archive, hass, entry)
        super().__init__(hass, {**_DEFAULTS, **entry.options}, KEYS, on_outage=on_outage)
        self._account = account
        self._received: dict[str, int] = {}

    @override
    def start(self) -> None:
        """Start writing."""
        if self.archive is None:
            return
        super().start()
        hass, entry = self._account.hass, self._account.entry
        entry.async_on_unload(async_track_time_interval(hass, self._row_due, ROW_INTERVAL))
        # Entries are not unloaded when Home Assistant stops: the queue is written then, too.
        entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_final_write))

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
