"""The raw reports of all controllers in the archive, and questions to it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
import logging
from pathlib import Path
from typing import Any, Final

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ._lib.archive import (
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
from ._lib.device_http import RateLimiter
from .const import DOMAIN, Options
from .records import DeviceRecord

_LOGGER = logging.getLogger(__name__)
FILE_NAME: Final = "iot_heating_telemetry.db"
_SPEC: Final = ArchiveSpec("iot_telemetry", ("building", "device"), values_at="")
_QUEUE_ROWS: Final = 20_000


class TelemetryLog:
    """One archive for all buildings; open while a building that wants a log is set up.

    Its limits are the widest that any of these buildings asks for.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._archive: Archive | None = None
        self._wanted: dict[str, Options] = {}
        # The first hundred of a controller at once, then one a second: a controller that calls without
        # pause must not fill the disk.
        self._pace = RateLimiter(rate=1, burst=100)
        self._unsubscribe: CALLBACK_TYPE | None = None

    @property
    def status(self) -> ArchiveStatus | None:
        """How the archive does; None where no building wants a log."""
        return self._archive.status if self._archive is not None else None

    @callback
    def want(self, entry_id: str, options: Options) -> None:
        """A building is set up with these options."""
        if not options.log:
            return
        self._wanted[entry_id] = options
        retention = Retention(
            raw_days=max(o.log_days for o in self._wanted.values()),
            max_bytes=max(o.log_mb for o in self._wanted.values()) * 1_000_000,
        )
        if self._archive is not None:
            self._archive.retention = retention
            return
        path = Path(self._hass.config.path(FILE_NAME))
        self._archive = Archive(f"sqlite:///{path}", _SPEC, retention=retention, queue_rows=_QUEUE_ROWS)
        self._archive.start()
        self._unsubscribe = self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_stop)

    async def async_unwant(self, entry_id: str) -> None:
        """A building is no longer set up; the last one closes the archive."""
        self._wanted.pop(entry_id, None)
        if not self._wanted:
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

    @callback
    def put(self, record: DeviceRecord, report: dict[str, Any], now: datetime) -> None:
        """Log a report as it came."""
        if self._archive is None or record.entry_id not in self._wanted or self._pace.take(record.device_id):
            return
        # JSON numbers are exactly these two; a bool is neither.
        numbers = {name: value for name, value in report.items() if type(value) is float or type(value) is int}
        self._archive.put(Row(now.timestamp(), (record.entry_id, record.device_id), report, numbers))

    async def async_messages(self, what: Range, limit: int) -> list[Message]:
        """The reports of a range, as they came; HomeAssistantError where the archive does not answer."""

        def read(archive: Archive) -> list[Message]:
            found: Iterator[Message] = archive.messages(what, limit)
            return list(islice(found, limit))

        return await self._async_ask(read)

    async def async_buckets(self, what: Range, aggregation: Aggregation, limit: int) -> list[Bucket]:
        """Counts, means and extremes per period; HomeAssistantError where the archive does not answer."""
        zone = dt_util.get_default_time_zone()
        return await self._async_ask(lambda archive: archive.buckets(what, aggregation, zone=zone, limit=limit))

    async def _async_ask[T](self, question: Callable[[Archive], T]) -> T:
        if self._archive is None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="log_off")
        try:
            return await self._hass.async_add_executor_job(question, self._archive)
        except ArchiveUnavailableError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="log_unavailable",
                translation_placeholders={"error": str(err)},
            ) from err


def range_of(entry_id: str, device_id: str, start: datetime, end: datetime, fields: list[str]) -> Range:
    """A controller's reports between two times."""
    return Range(start=start, end=end, keys={"building": entry_id, "device": device_id}, metrics=tuple(fields))


LOG: HassKey[TelemetryLog] = HassKey(f"{DOMAIN}_log")
