# Generated from lib/archived_entry.py by scripts/build: edit that file, not this one.
"""The archive of a config entry: written while the entry is loaded, read by an action.

    class MeasurementArchive(ArchivedEntry): ...            # puts the rows

    archive = ArchivedEntry(hass, settings, ("device_sn",), on_outage=partial(update_issue, hass, entry))
    archive.start()
    await archive.async_stop()

    selection = read_range(call, keys, empty_range_error)
    response = await async_query(call, archive.archive, selection, readable)

The settings are those of `archive_form`. An action has the fields of `QUERY_FIELDS`; a user reads what the entities
show (`archive_access`).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util
import probatio as vol

from .action_fields import date_time
from .archive import Aggregation, Archive, ArchiveSpec, ArchiveUnavailableError, Bucket, Message, Range, Retention
from .archive_access import ArchiveReader
from .archive_form import (
    ARCHIVE_OFF,
    ARCHIVE_SQLITE,
    CONF_ARCHIVE,
    CONF_ARCHIVE_TABLE,
    CONF_ARCHIVE_URL,
    CONF_FINE_DAYS,
    CONF_MAX_MEGABYTES,
    CONF_RAW_DAYS,
)

REPAIR_AFTER_S: Final = 300
"""A database that only restarts is not worth an issue."""

ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_AGGREGATION: Final = "aggregation"
ATTR_METRICS: Final = "metrics"
ATTR_LIMIT: Final = "limit"
_MAX_ROWS: Final = 50_000

RANGE_FIELDS: Final[dict[Any, Any]] = {
    vol.Required(ATTR_START): date_time,
    vol.Optional(ATTR_END): date_time,
    vol.Optional(ATTR_METRICS, default=list): vol.All(cv.ensure_list, [cv.string]),
}
QUERY_FIELDS: Final[dict[Any, Any]] = {
    **RANGE_FIELDS,
    vol.Optional(ATTR_AGGREGATION, default=Aggregation.HOUR): vol.Coerce(Aggregation),
    vol.Optional(ATTR_LIMIT, default=10_000): vol.All(vol.Coerce(int), vol.Range(min=1, max=_MAX_ROWS)),
}

type Readable = Mapping[tuple[str, ...], frozenset[str]]
"""Metrics by the keys of a row."""


class ArchivedEntry:
    """The archive of an entry whose settings ask for one.

    Attributes:
        archive: The archive; None without one, and after the end.
        listeners: Called when the connection to the database changes.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        settings: Mapping[str, Any],
        keys: tuple[str, ...],
        *,
        on_outage: Callable[[str | None], None],
    ) -> None:
        """Create the archive; it writes after `start`.

        Args:
            hass: Home Assistant.
            settings: Those of the form, complete if there is an archive.
            keys: Of its rows.
            on_outage: Called with the error of a database that stays away, and with None when it is back.
        """
        self.archive: Archive | None = None
        self.listeners: list[CALLBACK_TYPE] = []
        self._hass = hass
        self._on_outage = on_outage
        self._cancel_repair: CALLBACK_TYPE | None = None
        if settings.get(CONF_ARCHIVE, ARCHIVE_OFF) == ARCHIVE_OFF:
            return
        megabytes = settings[CONF_MAX_MEGABYTES]
        self.archive = Archive(
            archive_url(hass, settings),
            ArchiveSpec(settings[CONF_ARCHIVE_TABLE], keys),
            retention=Retention(
                raw_days=settings[CONF_RAW_DAYS] or None,
                fine_days=settings[CONF_FINE_DAYS] or None,
                max_bytes=megabytes * 1_000_000 if megabytes else None,
            ),
            on_change=self._changed_in_thread,
        )

    def start(self) -> None:
        """Start writing."""
        if self.archive is not None:
            self.archive.start()

    async def async_stop(self) -> None:
        """Write the queue and close the database."""
        archive, self.archive = self.archive, None
        self._end_outage()
        if archive is not None:
            await self._hass.async_add_executor_job(archive.close)

    def _changed_in_thread(self) -> None:
        if not self._hass.loop.is_closed():
            self._hass.loop.call_soon_threadsafe(self._changed)

    @callback
    def _changed(self) -> None:
        """Publish a change of the connection; report a database that stays away, until it is back."""
        if (archive := self.archive) is None:
            return
        for listener in tuple(self.listeners):
            listener()
        if archive.status.connected:
            self._end_outage()
        elif self._cancel_repair is None:
            self._cancel_repair = async_call_later(self._hass, REPAIR_AFTER_S, self._raise_repair)

    def _end_outage(self) -> None:
        if self._cancel_repair is not None:
            self._cancel_repair()
            self._cancel_repair = None
        self._on_outage(None)

    @callback
    def _raise_repair(self, _now: object) -> None:
        if self.archive is not None and not (status := self.archive.status).connected:
            self._on_outage(status.last_error or "?")


def archive_url(hass: HomeAssistant, settings: Mapping[str, Any]) -> str:
    """Return the address of the database; a relative file is in the configuration folder."""
    url: str = settings[CONF_ARCHIVE_URL]
    return f"sqlite:///{Path(hass.config.path(url))}" if settings[CONF_ARCHIVE] == ARCHIVE_SQLITE else url


def read_range(call: ServiceCall, keys: Mapping[str, str], domain: str, empty_range_key: str) -> Range:
    """Return the range of a call; times without a zone are local.

    Raises:
        ServiceValidationError: It is empty; `empty_range_key` is the message.
    """
    start, end = _instant(call.data[ATTR_START]), _instant(call.data.get(ATTR_END) or dt_util.now())
    if start >= end:
        raise ServiceValidationError(translation_domain=domain, translation_key=empty_range_key)
    return Range(start=start, end=end, keys=dict(keys), metrics=tuple(call.data[ATTR_METRICS]))


def _instant(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=dt_util.get_default_time_zone())


async def async_query(
    call: ServiceCall, archive: Archive, selection: Range, readable: Readable | None, domain: str
) -> dict[str, Any]:
    """Return the response of a query: rows, their number, and whether there are more.

    Args:
        call: Of the action.
        archive: To read.
        selection: The range.
        readable: What the user may read; None: everything.
        domain: Of the integration.

    Raises:
        HomeAssistantError: The database cannot be read.
    """
    limit, aggregation, zone = call.data[ATTR_LIMIT], call.data[ATTR_AGGREGATION], dt_util.get_default_time_zone()

    def query() -> list[dict[str, Any]]:
        if readable is None:
            return list(islice(archive_rows(archive, selection, aggregation, zone, limit + 1), limit + 1))
        found = archive_rows(archive, selection, aggregation, zone, None)
        return list(islice(readable_rows(found, readable, archive.spec.keys), limit + 1))

    rows = await async_run(call.hass, query, domain)
    return {"rows": rows[:limit], "count": min(len(rows), limit), "truncated": len(rows) > limit}


async def async_run[T](hass: HomeAssistant, job: Callable[[], T], domain: str) -> T:
    """Read the archive in a thread.

    Raises:
        HomeAssistantError: `archive_unavailable`.
    """
    try:
        return await hass.async_add_executor_job(job)
    except ArchiveUnavailableError as err:
        raise HomeAssistantError(
            translation_domain=domain,
            translation_key="archive_unavailable",
            translation_placeholders={"error": str(err)},
        ) from err


def archive_rows(
    archive: Archive, selection: Range, aggregation: Aggregation, zone: Any, limit: int | None
) -> Iterator[dict[str, Any]]:
    """Yield messages, or count, mean and extremes per period. Blocking: for the executor."""
    if aggregation is Aggregation.RAW:
        # Messages without any of the requested metrics are skipped: only the caller can count the rows.
        for message in archive.messages(selection, None if selection.metrics else limit):
            row = _message_row(message, zone, selection.metrics)
            if row["metrics"] or not selection.metrics:
                yield row
        return
    for bucket in islice(archive.each_bucket(selection, aggregation, zone=zone), limit):
        yield _bucket_row(bucket)


def readable_rows(
    rows: Iterator[dict[str, Any]], readable: Readable, keys: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Yield what a user may read of the rows: metrics of whose entities the user may read the states."""
    for row in rows:
        allowed = readable.get(tuple(row[key] for key in keys), frozenset())
        if "metric" in row:
            if row["metric"] in allowed:
                yield row
        elif metrics := {key: value for key, value in row["metrics"].items() if key in allowed}:
            yield {**row, "metrics": metrics}


def readable_unique_ids(hass: HomeAssistant, entry_id: str, reader: ArchiveReader) -> frozenset[str]:
    """Return the unique IDs of the entities of an entry whose states may be read."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry_id)
    return frozenset(entity.unique_id for entity in entities if reader.may_read(entity.entity_id))


def _message_row(message: Message, zone: Any, metrics: tuple[str, ...]) -> dict[str, Any]:
    found = message.payload.get("metrics") if isinstance(message.payload, dict) else None
    values = found if isinstance(found, dict) else {}
    if metrics:
        values = {key: value for key, value in values.items() if key in metrics}
    return {"ts": message.ts.astimezone(zone).isoformat(), **message.keys, "metrics": values}


def _bucket_row(bucket: Bucket) -> dict[str, Any]:
    return {
        "ts": bucket.ts.isoformat(),
        **bucket.keys,
        "metric": bucket.metric,
        "n": bucket.n,
        "mean": bucket.mean,
        "min": bucket.minimum,
        "max": bucket.maximum,
    }
