"""Runs in the measured Home Assistant: delay of the event loop, garbage collections, state writes and their latency.

GET /api/suite_probe returns the measurements since the last request, with `?census` also what is in memory. With
`stacks: true` in the configuration, it also notes what the threads do while the event loop is late.
"""

from collections import Counter
from dataclasses import dataclass, field
import gc
import sys
import threading
import time
import traceback
from typing import Any, Final

from aiohttp import web
from homeassistant.components.http import HomeAssistantView
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.typing import ConfigType

DOMAIN: Final = "suite_probe"
_LAG_STEP_S: Final = 0.005
_LATE_S: Final = 0.05
_LONG_COLLECTION_S: Final = 0.005
_MOST_STACKS: Final = 200
_OURS: Final = ("custom_components.", DOMAIN)
_RANKS: Final = {"p50": 0.5, "p99": 0.99, "max": 1.0}
_WAITING: Final = ("wait", "select", "_worker", "get", "poll", "sleep", "accept")


@dataclass(slots=True)
class Measurements:
    """What was measured since the last request."""

    lags_s: list[float] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    """From the publishing of a message with the metric `sent`, its time, to the state."""
    changes: int = 0
    collections: list[dict[str, float]] = field(default_factory=list)
    longest_gc_s: float = 0.0
    """The longest garbage collection: it stops every thread."""
    stacks: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return them as JSON values."""
        lags_s = sorted(self.lags_s) or [0.0]
        return {
            "lag_s": {name: lags_s[min(len(lags_s) - 1, int(len(lags_s) * rank))] for name, rank in _RANKS.items()},
            "lags_over_50_ms": sum(lag_s > _LATE_S for lag_s in lags_s),
            "latencies_s": self.latencies_s,
            "changes": self.changes,
            "collections": self.collections,
            "longest_gc_s": self.longest_gc_s,
            "stacks": self.stacks,
        }


class Probe:
    """Measures from its start on."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._measured = Measurements()
        self._began = time.monotonic()
        self._gc_began = 0.0
        self._due = hass.loop.time()
        gc.callbacks.append(self._collected)
        self._tick()

    def take(self) -> Measurements:
        """Return the measurements, and begin again."""
        measured, self._measured = self._measured, Measurements()
        return measured

    def watch_threads(self) -> None:
        """Note from now on what the threads do while the event loop is late."""
        loop_thread = threading.get_ident()
        threading.Thread(target=self._watch, args=(loop_thread,), daemon=True, name=DOMAIN).start()

    def _watch(self, loop_thread: int) -> None:
        noted = 0.0
        while True:
            time.sleep(0.01)
            due, stacks = self._due, self._measured.stacks
            if due == noted or time.monotonic() - due < _LATE_S or len(stacks) > _MOST_STACKS:
                continue
            noted = due
            frames = sys._current_frames()  # noqa: SLF001 - the only way to see another thread
            own = threading.get_ident()
            stacks.append(
                {
                    "at_s": round(time.monotonic() - self._began, 2),
                    "loop": _where(frames[loop_thread]),
                    "others": [
                        where
                        for ident, frame in frames.items()
                        if ident not in (own, loop_thread) and not _waits(where := _where(frame))
                    ],
                }
            )

    @callback
    def changed(self, event: Event[EventStateChangedData]) -> None:
        """Count a state write, and measure the latency of one that holds the time of its message."""
        self._measured.changes += 1
        new = event.data["new_state"]
        if new is not None and "sent" in new.entity_id:
            try:
                self._measured.latencies_s.append(time.time() - float(new.state))
            except ValueError:
                return

    def _collected(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._gc_began = time.perf_counter()
            return
        took_s = time.perf_counter() - self._gc_began
        self._measured.longest_gc_s = max(self._measured.longest_gc_s, took_s)
        if took_s > _LONG_COLLECTION_S:
            at_s = time.monotonic() - self._began
            self._measured.collections.append({"at_s": at_s, "took_s": took_s, "generation": info["generation"]})

    def _tick(self) -> None:
        now = self._hass.loop.time()
        self._measured.lags_s.append(max(0.0, now - self._due))
        self._due = now + _LAG_STEP_S
        self._hass.loop.call_at(self._due, self._tick)


def _where(frame: Any) -> list[str]:
    """Return the innermost places of a thread."""
    return [f"{item.filename[-60:]}:{item.lineno} {item.name}" for item in traceback.extract_stack(frame)[-7:]]


def _waits(where: list[str]) -> bool:
    return any(word in where[-1] for word in _WAITING)


def census() -> dict[str, Any]:
    """Return how many objects the garbage collector follows: all, and by the packages that define their classes."""
    objects = gc.get_objects()
    owners: Counter[str] = Counter()
    for item in objects:
        name = str(type(item).__module__)
        owners[".".join(name.split(".")[:2]) if name.startswith(_OURS) else name.split(".", maxsplit=1)[0]] += 1
    return {"objects": len(objects), "frozen": gc.get_freeze_count(), "by_package": dict(owners.most_common(20))}


def edge_telemetry_counts(hass: HomeAssistant) -> dict[str, int]:
    """Return the counters of edge_telemetry; empty without an entry."""
    for entry in hass.config_entries.async_entries("edge_telemetry"):
        if (hub := getattr(entry, "runtime_data", None)) is not None:
            archive = hub.archive.archive
            return {
                "received": hub.counters.received,
                "accepted": hub.counters.accepted,
                "malformed": hub.malformed.total,
                "devices": len(hub.devices),
                "dropped": archive.status.dropped if archive else 0,
                "archived": archive.status.written if archive else 0,
            }
    return {}


class ProbeView(HomeAssistantView):
    """Returns the measurements since the last request."""

    url = f"/api/{DOMAIN}"
    name = f"api:{DOMAIN}"
    requires_auth = False

    def __init__(self, hass: HomeAssistant, probe: Probe) -> None:
        self._hass = hass
        self._probe = probe

    async def get(self, request: web.Request) -> web.Response:
        """Return the measurements and reset them; with ``census`` in the query, what is in memory as well."""
        found = self._probe.take().as_json() | {"edge_telemetry": edge_telemetry_counts(self._hass)}
        if "census" in request.query:
            found["census"] = census()
        return self.json(found)


class BareView(HomeAssistantView):
    """A minimal JSON view: the cost of the same requests without the integrations."""

    url = f"/api/{DOMAIN}/bare"
    name = f"api:{DOMAIN}:bare"
    requires_auth = False

    async def get(self, _request: web.Request) -> web.Response:
        """Return a constant."""
        return self.json({"success": True})

    async def post(self, request: web.Request) -> web.Response:
        """Decode the body and return a constant."""
        await request.json()
        return self.json({"success": True})


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Start the measurement."""
    probe = Probe(hass)
    if (config[DOMAIN] or {}).get("stacks"):
        probe.watch_threads()
    hass.bus.async_listen("state_changed", probe.changed)
    hass.http.register_view(ProbeView(hass, probe))
    hass.http.register_view(BareView())
    return True
