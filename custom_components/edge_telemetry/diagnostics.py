"""Diagnostics: counters, devices and the archive, without positions, secrets and database credentials."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.core import HomeAssistant

from ._lib.last_messages import RawMessage, shown_messages
from ._lib.redaction import Redactor
from .const import CONF_ARCHIVE_URL
from .data import EdgeConfigEntry
from .device import EdgeDevice

_REDACT = {CONF_ARCHIVE_URL}
_MAX_MESSAGES: Final = 100
_POSITION_KEYS = ("latitude", "longitude", "_lat", "_lon")


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: EdgeConfigEntry) -> dict[str, Any]:
    """Return the diagnostics, also of an entry that is not set up."""
    shown: dict[str, Any] = {"data": async_redact_data(dict(entry.data), _REDACT), "options": dict(entry.options)}
    data = getattr(entry, "runtime_data", None)
    if data is None:
        return shown
    archive, redactor = data.archive.archive, Redactor()
    return shown | {
        "last_messages": await hass.async_add_executor_job(shown_messages, _last_messages(data.devices.values())),
        "counters": asdict(data.counters),
        "publisher": asdict(data.publisher.counters) | {"pending": data.publisher.pending},
        "malformed": data.malformed.as_list(),
        "broker": {"gaps": data.broker.gaps, "last_gap_s": data.broker.last_gap_s},
        "archive": None if archive is None else asdict(archive.status),
        "devices": [
            {
                **device.record.as_dict(),
                "online": device.online,
                "messages": device.messages,
                "last_seen": device.last_seen,
                "duplicates": device.tracker.duplicates,
                "lost": device.tracker.lost,
                "malformed": data.malformed.of(device.id),
                "values": {
                    key: REDACTED if key.endswith(_POSITION_KEYS) else redactor.data(value, key)
                    for key, value in device.values.items()
                },
            }
            for device in data.devices.values()
        ],
    }


def _last_messages(devices: Iterable[EdgeDevice]) -> list[RawMessage]:
    """Return the last message of the devices that reported last."""
    newest = sorted(devices, key=lambda device: device.last_seen or 0.0, reverse=True)
    return [
        RawMessage(device.newest_topic, device.last_seen or 0.0, device.newest, len(device.newest))
        for device in newest[:_MAX_MESSAGES]
        if device.newest is not None
    ]
