"""The yardstick in the same process: a view that parses JSON and answers JSON, and a probe of the event loop's lag."""

from collections import deque
import gc
import time

from aiohttp import web
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.helpers.typing import ConfigType

DOMAIN = "bench_reference"
_STEP_S = 0.005
_CONFIG = {
    "config": {
        "protocol_version": 1,
        "device_id": "ESP32-001",
        "building_id": 12,
        "iot_enabled": True,
        "curve": {"value": 60, "min_external_temp": 8},
        "schedule": [{"day": "Mon-Fri", "slots": ["06:30-09:30", "18:00-23:00"], "target": "22C", "mode": "Auto"}],
        "updated_at": "2025-12-29T10:45:00Z",
        "server_time": "2025-12-29T10:46:12Z",
    }
}


class BareView(HomeAssistantView):
    """As little as a JSON view of Home Assistant can do."""

    url = "/api/bench/bare"
    name = "api:bench:bare"
    requires_auth = False

    async def post(self, request: web.Request) -> web.Response:
        """Parse and answer."""
        await request.json()
        return self.json(_CONFIG)


class PathView(HomeAssistantView):
    """The same behind an address with an id in it, as the sync API's: what Home Assistant alone takes for that."""

    url = "/api/bench/path/{device_id}/sync/"
    name = "api:bench:path"
    requires_auth = False

    async def post(self, request: web.Request, device_id: str) -> web.Response:
        """Parse and answer."""
        await request.json()
        return self.json(_CONFIG)


class LagView(HomeAssistantView):
    """How late a timer of 5 ms fired since the last query, which is not counted itself.

    Also returns which part of the longest lag was work of the loop itself (the rest is other threads that hold the
    interpreter, and other processes), and the longest pause for Python's garbage collection, which visits all
    objects of Home Assistant.
    """

    url = "/api/bench/lag"
    name = "api:bench:lag"
    requires_auth = False

    def __init__(self, hass: HomeAssistant) -> None:
        self._loop = hass.loop
        self._late: deque[float] = deque(maxlen=200_000)
        self._due = self._loop.time() + _STEP_S
        self._loop.call_at(self._due, self._fire)
        self._spent = time.thread_time()
        self._longest_work_s = 0.0
        self._collecting_since = 0.0
        self._longest_collection_s = 0.0
        gc.callbacks.append(self._collect)

    def _collect(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting_since = time.perf_counter()
        else:
            took_s = time.perf_counter() - self._collecting_since
            self._longest_collection_s = max(self._longest_collection_s, took_s)

    @callback
    def _fire(self) -> None:
        now = self._loop.time()
        self._late.append(now - self._due)
        spent = time.thread_time()
        self._longest_work_s = max(self._longest_work_s, min(now - self._due, spent - self._spent))
        self._spent = spent
        self._due = now + _STEP_S
        self._loop.call_at(self._due, self._fire)

    async def get(self, request: web.Request) -> web.Response:
        """Answer with percentiles in milliseconds, and start again."""
        late = sorted(self._late) or [0.0]
        self._late.clear()
        p99 = late[min(len(late) - 1, int(len(late) * 0.99))]
        work_s, self._longest_work_s = self._longest_work_s, 0.0
        gc_s, self._longest_collection_s = self._longest_collection_s, 0.0
        return self.json(
            {
                "count": len(late),
                "p99_ms": p99 * 1e3,
                "max_ms": late[-1] * 1e3,
                "work_max_ms": work_s * 1e3,
                "gc_max_ms": gc_s * 1e3,
            }
        )


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the views."""
    hass.http.register_view(BareView())
    hass.http.register_view(PathView())
    hass.http.register_view(LagView(hass))
    return True
