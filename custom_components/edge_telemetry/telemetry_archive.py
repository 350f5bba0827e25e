"""The archive of the messages of a config entry."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
import orjson

from ._lib.archive import ArchiveSpec, Row
from ._lib.archived_entry import ArchivedEntry
from .const import CONF_ARCHIVE_TABLE, DEFAULT_TABLE
from .decoders import Address, Message, Value
from .repairs import update_archive_issue

KEYS: Final = ArchiveSpec().keys


class TelemetryArchive(ArchivedEntry):
    """Archives the messages of an entry that has an archive."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, title: str, data: Mapping[str, Any], options: Mapping[str, Any]
    ) -> None:
        """Create the archive; it writes after `start`."""
        settings = {CONF_ARCHIVE_TABLE: DEFAULT_TABLE, **data, **options}
        super().__init__(hass, settings, KEYS, on_outage=partial(update_archive_issue, hass, entry_id, title))

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
