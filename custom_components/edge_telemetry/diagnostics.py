"""Diagnostics: what the hub has seen and how the archive does; no addresses with passwords."""

from dataclasses import asdict
import re
from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.core import HomeAssistant

from .const import CONF_ARCHIVE_URL
from .coordinator import EdgeConfigEntry

_REDACT = {CONF_ARCHIVE_URL}
_PLACES = ("latitude", "longitude", "_lat", "_lon")
_PLACE_IN_TEXT = re.compile(r"((?:lat|lon)[a-z]*\W{1,4})[-+]?\d[\d.]*", re.IGNORECASE)


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: EdgeConfigEntry) -> dict[str, Any]:
    """Return them, also of an entry that could not be set up."""
    shown: dict[str, Any] = {"data": async_redact_data(dict(entry.data), _REDACT), "options": dict(entry.options)}
    hub = getattr(entry, "runtime_data", None)
    if hub is None:
        return shown
    archive = hub.archive.archive
    return shown | {
        "counters": asdict(hub.counters),
        "publisher": asdict(hub.publisher.counters) | {"pending": hub.publisher.pending},
        "malformed": [
            {**found, "sample": _PLACE_IN_TEXT.sub(rf"\1{REDACTED}", found["sample"] or "")}
            for found in hub.malformed.as_list()
        ],
        "broker": {"gaps": hub.broker.gaps, "last_gap_s": hub.broker.last_gap_s},
        "archive": None if archive is None else asdict(archive.status),
        "devices": [
            {
                **device.record.as_dict(),
                "online": device.online,
                "messages": device.messages,
                "last_heard": device.last_heard,
                "duplicates": device.tracker.duplicates,
                "lost": device.tracker.lost,
                "malformed": hub.malformed.of(device.id),
                "values": {key: REDACTED if key.endswith(_PLACES) else value for key, value in device.values.items()},
            }
            for device in hub.devices.values()
        ],
    }
