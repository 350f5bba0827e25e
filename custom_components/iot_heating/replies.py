"""Replies of protocol 1, ready but for the time: most calls find everything as it was."""

from datetime import datetime

from aiohttp import web
from homeassistant.const import CONTENT_TYPE_JSON
from homeassistant.helpers.json import json_bytes

from .protocol.control import Override, device_config, steered
from .protocol.profile import utc_text
from .records import BuildingRecord


class Replies:
    """The last reply of each controller, kept while its building and its override are the same objects."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[BuildingRecord, Override, bytes]] = {}
        self._tail = b""

    def response(self, stored: BuildingRecord, device_id: str, override: Override, now: datetime) -> web.Response:
        """The reply to a call."""
        time = utc_text(now).encode()
        kept = self._kept.get(device_id)
        if kept is None or kept[0] is not stored or kept[1] is not override:
            profile = steered(stored.profile, override)
            whole = json_bytes(device_config(profile, device_id, stored.building_id, now))
            # The time is the last value, and all that differs from call to call.
            head, _, self._tail = whole.rpartition(time)
            self._kept[device_id] = kept = (stored, override, head)
        return web.Response(body=kept[2] + time + self._tail, content_type=CONTENT_TYPE_JSON)
