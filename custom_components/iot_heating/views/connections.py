"""Cached connections of controllers: what a call needs is looked up once, because most calls change nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiohttp import hdrs, web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONTENT_TYPE_JSON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes
from multidict import CIMultiDict

from ..data import IotHeatingConfigEntry, IotHeatingData
from ..protocol.configuration import Override, apply_override, device_config
from ..protocol.profile import utc_text
from ..protocol.report import Report
from ..runtime.controller import Controller
from ..storage.device_records import BuildingRecord, ControllerKind, DeviceRecord
from ..storage.device_store import DeviceStore

# As the content_type parameter it would be parsed again for every reply.
_HEADERS: Final = CIMultiDict({hdrs.CONTENT_TYPE: CONTENT_TYPE_JSON})


@dataclass(slots=True, eq=False)
class Connection:
    """The context of a controller's calls; valid for one version of the device store.

    Attributes:
        data: None while the config entry is not loaded; the controller still gets its configuration.
        controller: None likewise.
        has_open_commands: Whether a command is not confirmed yet.
        override: Applies until ``until``.
        head: The reply of protocol 1 up to the server time, which is its last value.
        tail: The rest of the reply.
        last_report: The last body with its decoded forms: most controllers report the same for hours.
    """

    version: int
    record: DeviceRecord
    building_record: BuildingRecord
    data: IotHeatingData | None
    controller: Controller | None
    has_open_commands: bool
    override: Override
    until: datetime | None
    head: bytes
    tail: bytes
    last_report: tuple[bytes, dict[str, Any], Report] | None = None


class ConnectionCache:
    """The connections of all ESP32 controllers, created at the first call and after every change."""

    def __init__(self, hass: HomeAssistant, store: DeviceStore) -> None:
        self._hass = hass
        self._store = store
        self._connections: dict[str, Connection] = {}
        self._server_time: tuple[float, bytes] = (0.0, b"")

    def get(self, device_id: str, now: datetime) -> Connection | None:
        """Return the connection of a controller; None of an unregistered one."""
        cached = self._connections.get(device_id)
        if (
            cached is None
            or cached.version != self._store.version
            or (cached.until is not None and now >= cached.until)
        ):
            return self._create(device_id, now)
        return cached

    def _create(self, device_id: str, now: datetime) -> Connection | None:
        record = self._store.devices.get(device_id)
        if record is None or record.kind is not ControllerKind.ESP32:
            self._connections.pop(device_id, None)
            return None
        building = self._store.buildings[record.entry_id]
        entry: IotHeatingConfigEntry | None = self._hass.config_entries.async_get_entry(record.entry_id)
        data = None if entry is None or entry.state is not ConfigEntryState.LOADED else entry.runtime_data
        override = record.override.at(now)
        profile = apply_override(building.profile, override)
        reply = json_bytes(device_config(profile, device_id, building.building_id, now))
        head, _, tail = reply.rpartition(utc_text(now).encode())
        connection = self._connections[device_id] = Connection(
            self._store.version,
            record,
            building,
            data,
            data.hub.controllers.get(device_id) if data is not None else None,
            any(command.is_open for command in record.commands),
            override,
            override.until,
            head,
            tail,
        )
        return connection

    def reply(self, connection: Connection, now: datetime) -> web.Response:
        """Return the reply of protocol 1."""
        second = now.timestamp() // 1
        if second != self._server_time[0]:
            self._server_time = (second, utc_text(now).encode())
        return web.Response(body=connection.head + self._server_time[1] + connection.tail, headers=_HEADERS)
