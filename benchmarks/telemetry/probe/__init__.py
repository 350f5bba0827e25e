"""Inside the measured Home Assistant: state writes, delay of the event loop, counters of the hub."""

import gc
import time
from typing import Any

from aiohttp import web
from homeassistant.components.http import HomeAssistantView
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.typing import ConfigType

_LAG_STEP_S = 0.005


class Probe:
    """Measurements since the last reset."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.latencies: list[float] = []
        self.changes = 0
        self.lags: list[float] = []
        # The longest garbage collection: it stops every thread.
        self.longest_gc = 0.0
        self._gc_began = 0.0
        gc.callbacks.append(self._collected)
        self._due = hass.loop.time()
        self._tick()

    @callback
    def changed(self, event: Event[EventStateChangedData]) -> None:
        """A state was written; the value of a `sent` metric is the time at which its message was published."""
        self.changes += 1
        new = event.data["new_state"]
        if new is not None and "sent" in new.entity_id:
            try:
                self.latencies.append(time.time() - float(new.state))
            except ValueError:
                return

    def _tick(self) -> None:
        now = self.hass.loop.time()
        self.lags.append(max(0.0, now - self._due))
        self._due = now + _LAG_STEP_S
        self.hass.loop.call_at(self._due, self._tick)

    def _collected(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._gc_began = time.perf_counter()
        else:
            self.longest_gc = max(self.longest_gc, time.perf_counter() - self._gc_began)

    def reset(self) -> None:
        """Start a measurement."""
        self.longest_gc = 0.0
        self.latencies, self.lags, self.changes = [], [], 0

    def result(self) -> dict[str, Any]:
        """Return the measurements."""
        seen: dict[str, Any] = {}
        for entry in self.hass.config_entries.async_entries("edge_telemetry"):
            if (hub := getattr(entry, "runtime_data", None)) is not None:
                archive = hub.archive.archive
                seen = {
                    "received": hub.counters.received,
                    "accepted": hub.counters.accepted,
                    "malformed": hub.malformed.total,
                    "devices": len(hub.devices),
                    "dropped": archive.status.dropped if archive else 0,
                    "archived": archive.status.written if archive else 0,
                }
        return {
            "latencies": self.latencies,
            "lags": self.lags,
            "longest_gc_s": self.longest_gc,
            "changes": self.changes,
            "hub": seen,
        }


class ProbeView(HomeAssistantView):
    """GET: the result; POST: start a new measurement."""

    url = "/api/telemetry_probe"
    name = "api:telemetry_probe"
    requires_auth = False

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    async def get(self, _request: web.Request) -> web.Response:
        """The result."""
        return self.json(self.probe.result())

    async def post(self, _request: web.Request) -> web.Response:
        """Start a new measurement."""
        self.probe.reset()
        return self.json({})


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Begin to watch."""
    probe = Probe(hass)
    hass.bus.async_listen("state_changed", probe.changed)
    hass.http.register_view(ProbeView(probe))
    return True
