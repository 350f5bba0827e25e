"""Runs in the measured Home Assistant: delay of the event loop, garbage collections, number of state writes."""

from collections import Counter
import gc
import sys
import threading
import time
import traceback
from typing import Any

from aiohttp import web
from homeassistant.components.http import HomeAssistantView
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.typing import ConfigType

_LAG_STEP_S = 0.005
_LONG_S = 0.05
_OURS = ("custom_components.", "suite_probe")


class Probe:
    """Measurements since the last reset."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.lags: list[float] = []
        self.collections: list[dict[str, float]] = []
        self.changes: Counter[str] = Counter()
        self._due = hass.loop.time()
        self._gc_began = 0.0
        self._began = time.monotonic()
        gc.callbacks.append(self._collected)
        self.stacks: list[dict[str, Any]] = []
        self._loop_thread = threading.get_ident()
        threading.Thread(target=self._watch, daemon=True, name="suite-probe").start()
        self._tick()

    def _watch(self) -> None:
        """Note what the event loop and the other threads do while the loop is late."""
        noted = 0.0
        while True:
            time.sleep(0.01)
            due = self._due
            if due == noted or time.monotonic() - due < _LONG_S or len(self.stacks) > 200:
                continue
            noted = due
            frames = sys._current_frames()  # noqa: SLF001 - the only way to see another thread
            own = threading.get_ident()
            self.stacks.append(
                {
                    "at_s": round(time.monotonic() - self._began, 2),
                    "loop": _where(frames[self._loop_thread]),
                    "others": [
                        where
                        for ident, frame in frames.items()
                        if ident not in (own, self._loop_thread) and not _waits(where := _where(frame))
                    ],
                }
            )

    @callback
    def changed(self, event: Event[Any]) -> None:
        """Count a state write."""
        self.changes[event.data["entity_id"].partition(".")[0]] += 1

    def _collected(self, phase: str, info: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._gc_began = now
        elif (took := now - self._gc_began) > 0.005:
            at = time.monotonic() - self._began
            self.collections.append({"at_s": at, "took_s": took, "generation": info["generation"]})

    def _tick(self) -> None:
        now = self.hass.loop.time()
        self.lags.append(max(0.0, now - self._due))
        self._due = now + _LAG_STEP_S
        self.hass.loop.call_at(self._due, self._tick)


def _where(frame: Any) -> list[str]:
    """Return the innermost places of a thread."""
    return [f"{item.filename[-60:]}:{item.lineno} {item.name}" for item in traceback.extract_stack(frame)[-7:]]


def _waits(where: list[str]) -> bool:
    return any(word in where[-1] for word in ("wait", "select", "_worker", "get", "poll", "sleep", "accept"))


def census() -> dict[str, Any]:
    """Return how many objects the garbage collector follows: all, and by the packages that define their classes."""
    objects = gc.get_objects()
    owners: Counter[str] = Counter()
    for item in objects:
        name = str(type(item).__module__)
        owners[".".join(name.split(".")[:2]) if name.startswith(_OURS) else name.split(".", maxsplit=1)[0]] += 1
    return {"objects": len(objects), "frozen": gc.get_freeze_count(), "by_package": dict(owners.most_common(20))}


class ProbeView(HomeAssistantView):
    """Returns the measurements since the last request."""

    url = "/api/suite_probe"
    name = "api:suite_probe"
    requires_auth = False

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    async def get(self, request: web.Request) -> web.Response:
        """Return the measurements and reset them; with ``census`` in the query, what is in memory as well."""
        probe = self.probe
        lags, probe.lags = sorted(probe.lags), []
        collections, probe.collections = probe.collections, []
        changes, probe.changes = probe.changes, Counter()
        ranks = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        found: dict[str, Any] = {
            "lag_s": {
                name: lags[min(len(lags) - 1, int(len(lags) * rank))] if lags else 0.0 for name, rank in ranks.items()
            },
            "lags_over_50_ms": sum(lag > 0.05 for lag in lags),
            "collections": collections,
            "stacks": probe.stacks[:],
            "changes": sum(changes.values()),
        }
        probe.stacks.clear()
        if "census" in request.query:
            found["census"] = census()
        return self.json(found)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Start the measurement."""
    probe = Probe(hass)
    hass.bus.async_listen("state_changed", probe.changed)
    hass.http.register_view(ProbeView(probe))
    return True
