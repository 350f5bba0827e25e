"""The telemetry archive: raw reports of all controllers."""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .._lib.archive import (
    Aggregation,
    Archive,
    ArchiveSpec,
    ArchiveStatus,
    ArchiveUnavailableError,
    Bucket,
    Message,
    Range,
    Retention,
    Row,
)
from .._lib.device_http import RateLimiter
from .._lib.retried_store import storage_health
from ..const import DOMAIN
from .device_records import DeviceRecord
from .stored_part import StoredPart

FILE_NAME: Final = "iot_heating_telemetry.db"
_SPEC: Final = ArchiveSpec("iot_telemetry", ("building", "device"), values_at="")
_QUEUE_ROWS: Final = 20_000


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How long reports are kept, and how large the file may become."""

    days: int
    size_mb: int


class TelemetryArchive:
    """One archive for all buildings; open while at least one building that uses it is loaded.

    The largest limits of these buildings apply.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._health = storage_health(hass, DOMAIN)
        self._archive: Archive | None = None
        self._limits: dict[str, ArchiveLimits] = {}
        # A hundred reports of a controller at once, then one a second: a controller that calls without a pause
        # must not fill the disk.
        self._rate_limiter = RateLimiter(rate=1, burst=100)
        self._unsubscribe: CALLBACK_TYPE | None = None

    @property
    def status(self) -> ArchiveStatus | None:
        """Status of the archive; None while no building uses it."""
        return self._archive.status if self._archive is not None else None

    @callback
    def add_building(self, entry_id: str, limits: ArchiveLimits) -> None:
        """Start to archive the reports of a building."""
        self._limits[entry_id] = limits
        retention = Retention(
            raw_days=max(limits.days for limits in self._limits.values()),
            max_bytes=max(limits.size_mb for limits in self._limits.values()) * 1_000_000,
        )
        if self._archive is not None:
            self._archive.retention = retention
            return
        path = Path(self._hass.config.path(FILE_NAME))
        self._archive = Archive(
            f"sqlite:///{path}",
            _SPEC,
            retention=retention,
            queue_rows=_QUEUE_ROWS,
            on_change=self._archive_changed,
        )
        self._archive.start()
        self._unsubscribe = self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_stop)

    async def async_remove_building(self, entry_id: str) -> None:
        """Stop to archive the reports of a building; without any building the archive is closed."""
        self._limits.pop(entry_id, None)
        if not self._limits:
            await self._async_close()

    async def _async_stop(self, _: Event) -> None:
        self._unsubscribe = None
        await self._async_close()

    async def _async_close(self) -> None:
        archive, self._archive = self._archive, None
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        if archive is not None:
            await self._hass.async_add_executor_job(archive.close)
            self._health.set_saved(StoredPart.REPORTS)

    def _archive_changed(self) -> None:
        """Report the state of the archive, from its thread."""
        self._hass.loop.call_soon_threadsafe(self._report_status)

    @callback
    def _report_status(self) -> None:
        if (status := self.status) is None or status.last_error is None:
            self._health.set_saved(StoredPart.REPORTS)
        else:
            self._health.set_failed(StoredPart.REPORTS, status.last_error)

    @callback
    def add(self, record: DeviceRecord, report: dict[str, Any], now: datetime, ignored: Container[str] = ()) -> None:
        """Archive a report as it was received; fields with an invalid value are not part of means and extremes."""
        if self._archive is None or record.entry_id not in self._limits or self._rate_limiter.take(record.device_id):
            return
        # The number types of JSON; bool is a subclass of int.
        numbers = {
            name: value
            for name, value in report.items()
            if (type(value) is float or type(value) is int)
            and name not in ignored
            and name.strip().lower() not in ignored
        }
        self._archive.put(Row(now.timestamp(), (record.entry_id, record.device_id), report, numbers))

    async def async_get_messages(self, archive_range: Range, limit: int) -> list[Message]:
        """Return the raw reports of a range; HomeAssistantError if the archive is not available."""

        def read(archive: Archive) -> list[Message]:
            messages: Iterator[Message] = archive.messages(archive_range, limit)
            return list(islice(messages, limit))

        return await self._async_query(read)

    async def async_get_buckets(self, archive_range: Range, aggregation: Aggregation, limit: int) -> list[Bucket]:
        """Return count, mean, minimum and maximum by period; HomeAssistantError if the archive is not available."""
        zone = dt_util.get_default_time_zone()
        return await self._async_query(
            lambda archive: archive.buckets(archive_range, aggregation, zone=zone, limit=limit)
        )

    async def _async_query[T](self, query: Callable[[Archive], T]) -> T:
        if self._archive is None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="log_disabled")
        try:
            return await self._hass.async_add_executor_job(query, self._archive)
        except ArchiveUnavailableError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="log_unavailable",
                translation_placeholders={"error": str(err)},
            ) from err


def device_range(entry_id: str, device_id: str, start: datetime, end: datetime, fields: list[str]) -> Range:
    """Return the range of a controller's reports between two times."""
    return Range(start=start, end=end, keys={"building": entry_id, "device": device_id}, metrics=tuple(fields))


TELEMETRY_ARCHIVE: HassKey[TelemetryArchive] = HassKey(f"{DOMAIN}_log")
