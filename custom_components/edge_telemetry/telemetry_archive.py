"""The archive of a config entry; a repair issue reports when it cannot be written for long."""

from pathlib import Path
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
import orjson

from ._lib.archive import Archive, ArchiveSpec, Retention, Row
from .const import (
    ARCHIVE_OFF,
    ARCHIVE_SQLITE,
    CONF_ARCHIVE,
    CONF_ARCHIVE_TABLE,
    CONF_ARCHIVE_URL,
    CONF_FINE_DAYS,
    CONF_MAX_MEGABYTES,
    CONF_RAW_DAYS,
    DEFAULT_TABLE,
)
from .decoders import Address, Message, Value
from .repairs import create_archive_issue, delete_archive_issue

# A database that only restarts is not worth an issue.
_REPAIR_AFTER_S: Final = 300


def archive_url(hass: HomeAssistant, data: Any) -> str:
    """Return the address of the database; a relative file is in the configuration folder."""
    if data[CONF_ARCHIVE] == ARCHIVE_SQLITE:
        return f"sqlite:///{Path(hass.config.path(data[CONF_ARCHIVE_URL]))}"
    return str(data[CONF_ARCHIVE_URL])


class TelemetryArchive:
    """Archives the messages of an entry that has an archive."""

    def __init__(self, hass: HomeAssistant, entry_id: str, title: str, data: Any, options: Any) -> None:
        self.archive: Archive | None = None
        self._hass = hass
        self._entry_id = entry_id
        self._title = title
        self._cancel_repair: CALLBACK_TYPE | None = None
        self.listeners: list[CALLBACK_TYPE] = []
        if data.get(CONF_ARCHIVE, ARCHIVE_OFF) == ARCHIVE_OFF:
            return
        megabytes = options[CONF_MAX_MEGABYTES]
        self.archive = Archive(
            archive_url(hass, data),
            ArchiveSpec(data.get(CONF_ARCHIVE_TABLE, DEFAULT_TABLE)),
            retention=Retention(
                raw_days=options[CONF_RAW_DAYS] or None,
                fine_days=options[CONF_FINE_DAYS] or None,
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
        if self._cancel_repair is not None:
            self._cancel_repair()
            self._cancel_repair = None
        delete_archive_issue(self._hass, self._entry_id)
        if archive is not None:
            await self._hass.async_add_executor_job(archive.close)

    @callback
    def put(self, address: Address, ts: float, payload: bytes, message: Message, derived: dict[str, Value]) -> None:
        """Queue a message: as received where it uses the suite's names, otherwise together with the decoded metrics."""
        if self.archive is None:
            return
        if message.original is None:
            text = payload.decode()
        else:
            text = orjson.dumps({"metrics": message.metrics, "raw": message.original}).decode()
        numbers = {key: value for key, value in message.metrics.items() if type(value) is float or type(value) is int}
        if derived:
            numbers |= {key: value for key, value in derived.items() if type(value) is float}
        self.archive.put(Row(ts, address, text, numbers))

    def _changed_in_thread(self) -> None:
        if not self._hass.loop.is_closed():
            self._hass.loop.call_soon_threadsafe(self._changed)

    @callback
    def _changed(self) -> None:
        """Publish a change of the connection."""
        if (archive := self.archive) is None:
            return
        for listener in tuple(self.listeners):
            listener()
        if archive.status.connected:
            if self._cancel_repair is not None:
                self._cancel_repair()
                self._cancel_repair = None
            delete_archive_issue(self._hass, self._entry_id)
        elif self._cancel_repair is None:
            self._cancel_repair = async_call_later(self._hass, _REPAIR_AFTER_S, self._raise_repair)

    @callback
    def _raise_repair(self, _now: object) -> None:
        if self.archive is None or self.archive.status.connected:
            return
        create_archive_issue(self._hass, self._entry_id, self._title, self.archive.status.last_error)
