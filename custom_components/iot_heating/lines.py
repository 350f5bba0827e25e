"""What a controller's call needs, found once: nearly every call finds everything as it was."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiohttp import hdrs, web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONTENT_TYPE_JSON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes
from multidict import CIMultiDict

from .controller import Controller
from .coordinator import Building, IotHeatingConfigEntry
from .protocol.control import Override, device_config, steered
from .protocol.profile import utc_text
from .protocol.telemetry import Telemetry
from .protocol.v2 import Extras
from .records import BuildingRecord, DeviceRecord, Kind
from .registry import Registry

# As a parameter of its own the content type would be taken apart for every reply.
_HEADERS: Final = CIMultiDict({hdrs.CONTENT_TYPE: CONTENT_TYPE_JSON})


@dataclass(slots=True, eq=False)
class Line:
    """A controller's line to its building; good for one version of the registry.

    Attributes:
        building: None while its entry is not set up: the controller still gets its configuration.
        controller: None likewise.
        commands_open: Whether a command waits for its answer.
        override: That counts until ``until``.
        head: The reply of protocol 1 up to the time, which is its last value.
        said: The last report as it came, and what it was read as: most controllers say the same for hours.
    """

    version: int
    record: DeviceRecord
    stored: BuildingRecord
    building: Building | None
    controller: Controller | None
    commands_open: bool
    override: Override
    until: datetime | None
    head: bytes
    tail: bytes
    said: tuple[bytes, dict[str, Any], Telemetry, Extras | None] | None = None


class Lines:
    """The lines of all ESP32 controllers, each made at the first call and after every change."""

    def __init__(self, hass: HomeAssistant, registry: Registry) -> None:
        self._hass = hass
        self._registry = registry
        self._lines: dict[str, Line] = {}
        self._second = 0.0
        self._time = b""

    def find(self, device_id: str, now: datetime) -> Line | None:
        """The line of a controller; None of a stranger."""
        line = self._lines.get(device_id)
        if line is None or line.version != self._registry.version or (line.until is not None and now >= line.until):
            line = self._make(device_id, now)
        return line

    def _make(self, device_id: str, now: datetime) -> Line | None:
        record = self._registry.devices.get(device_id)
        if record is None or record.kind is not Kind.ESP32:
            self._lines.pop(device_id, None)
            return None
        stored = self._registry.buildings[record.entry_id]
        entry: IotHeatingConfigEntry | None = self._hass.config_entries.async_get_entry(record.entry_id)
        building = None if entry is None or entry.state is not ConfigEntryState.LOADED else entry.runtime_data
        override = record.override.at(now)
        text = json_bytes(device_config(steered(stored.profile, override), device_id, stored.building_id, now))
        head, _, tail = text.rpartition(utc_text(now).encode())
        line = self._lines[device_id] = Line(
            self._registry.version,
            record,
            stored,
            building,
            building.controllers.get(device_id) if building is not None else None,
            any(command.open for command in record.commands),
            override,
            override.until,
            head,
            tail,
        )
        return line

    def reply(self, line: Line, now: datetime) -> web.Response:
        """The reply of protocol 1."""
        second = now.timestamp() // 1
        if second != self._second:
            self._second, self._time = second, utc_text(now).encode()
        return web.Response(body=line.head + self._time + line.tail, headers=_HEADERS)
