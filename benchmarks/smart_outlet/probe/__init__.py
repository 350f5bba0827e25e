"""Runs in the measured Home Assistant: delay of the event loop and number of state writes."""

from typing import Any

from aiohttp import web
from homeassistant.components.http import HomeAssistantView
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.typing import ConfigType

_LAG_STEP_S = 0.005


class Probe:
    """Measurements since the last reset."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.lags: list[float] = []
        self.changes = 0
        self._due = hass.loop.time()
        self._tick()

    @callback
    def changed(self, _event: Event[Any]) -> None:
        """Count a state write."""
        self.changes += 1

    def _tick(self) -> None:
        now = self.hass.loop.time()
        self.lags.append(max(0.0, now - self._due))
        self._due = now + _LAG_STEP_S
        self.hass.loop.call_at(self._due, self._tick)


class BareView(HomeAssistantView):
    """A minimal JSON view: the cost of the same requests without the integrations."""

    url = "/api/suite_probe/bare"
    name = "api:suite_probe:bare"
    requires_auth = False

    async def get(self, _request: web.Request) -> web.Response:
        """Return a constant."""
        return self.json({"success": True})

    async def post(self, request: web.Request) -> web.Response:
        """Decode the body and return a constant."""
        await request.json()
        return self.json({"success": True})


class ProbeView(HomeAssistantView):
    """Returns the measurements since the last request."""

    url = "/api/suite_probe"
    name = "api:suite_probe"
    requires_auth = False

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    async def get(self, _request: web.Request) -> web.Response:
        """Return the measurements and reset them."""
        probe = self.probe
        lags, probe.lags = sorted(probe.lags), []
        changes, probe.changes = probe.changes, 0
        ranks = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        percentiles = {
            name: lags[min(len(lags) - 1, int(len(lags) * rank))] if lags else 0.0 for name, rank in ranks.items()
        }
        return self.json({"lag_s": percentiles, "changes": changes})


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Start the measurement."""
    probe = Probe(hass)
    hass.bus.async_listen("state_changed", probe.changed)
    hass.http.register_view(ProbeView(probe))
    hass.http.register_view(BareView())
    return True
