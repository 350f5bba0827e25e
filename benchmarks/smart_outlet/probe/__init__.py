"""Inside the measured Home Assistant: how late the event loop was, and how many states were written."""

from typing import Any

from aiohttp import web
from homeassistant.components.http import HomeAssistantView
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.typing import ConfigType

_LAG_STEP_S = 0.005


class Probe:
    """What was measured since the last reset."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.lags: list[float] = []
        self.changes = 0
        self._due = hass.loop.time()
        self._tick()

    @callback
    def changed(self, _event: Event[Any]) -> None:
        """A state was written."""
        self.changes += 1

    def _tick(self) -> None:
        now = self.hass.loop.time()
        self.lags.append(max(0.0, now - self._due))
        self._due = now + _LAG_STEP_S
        self.hass.loop.call_at(self._due, self._tick)


class BareView(HomeAssistantView):
    """As little as a JSON view of Home Assistant can do: what the same calls cost without us."""

    url = "/api/suite_probe/bare"
    name = "api:suite_probe:bare"
    requires_auth = False

    async def get(self, _request: web.Request) -> web.Response:
        """Answer."""
        return self.json({"success": True})

    async def post(self, request: web.Request) -> web.Response:
        """Parse and answer."""
        await request.json()
        return self.json({"success": True})


class ProbeView(HomeAssistantView):
    """GET: the result of the time since the last GET."""

    url = "/api/suite_probe"
    name = "api:suite_probe"
    requires_auth = False

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    async def get(self, _request: web.Request) -> web.Response:
        """The result; begins anew."""
        probe = self.probe
        lags, probe.lags = sorted(probe.lags), []
        changes, probe.changes = probe.changes, 0
        ranks = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        told = {name: lags[min(len(lags) - 1, int(len(lags) * rank))] if lags else 0.0 for name, rank in ranks.items()}
        return self.json({"lag_s": told, "changes": changes})


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Begin to watch."""
    probe = Probe(hass)
    hass.bus.async_listen("state_changed", probe.changed)
    hass.http.register_view(ProbeView(probe))
    hass.http.register_view(BareView())
    return True
