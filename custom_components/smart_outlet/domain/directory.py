"""The directory of loaded hubs and their outlets, and the clock tick of their models."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval

from ..data import HubData
from ..model.errors import AmbiguousOutletError, UnknownOutletError
from ..model.outlet import Outlet

_TICK: Final = timedelta(seconds=1)


class HubDirectory:
    """All loaded hubs.

    Attributes:
        hubs: Loaded hubs by the ID of their config entry.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self.hubs: dict[str, HubData] = {}
        self._hass = hass
        self._owners: dict[str, list[HubData]] = {}
        self._listeners: list[CALLBACK_TYPE] = []
        self._stop_ticks: CALLBACK_TYPE | None = None

    @callback
    def add(self, hub: HubData) -> None:
        """Add a loaded hub."""
        self.hubs[hub.info.entry_id] = hub
        if self._stop_ticks is None:
            self._stop_ticks = async_track_time_interval(self._hass, self._tick, _TICK, cancel_on_shutdown=True)
        self.update_outlets()

    @callback
    def remove(self, hub: HubData) -> None:
        """Remove an unloaded hub."""
        self.hubs.pop(hub.info.entry_id, None)
        if not self.hubs and self._stop_ticks is not None:
            self._stop_ticks()
            self._stop_ticks = None
        self.update_outlets()

    @callback
    def update_outlets(self) -> None:
        """Update the index after hubs or outlets were added or removed, and call the listeners."""
        self._owners = {}
        for hub in self.hubs.values():
            for device_id in hub.model.outlets:
                self._owners.setdefault(device_id, []).append(hub)
        for listener in tuple(self._listeners):
            listener()

    @callback
    def subscribe(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener after hubs or outlets were added or removed; returns the function that ends it."""
        self._listeners.append(listener)

        @callback
        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    @callback
    def _tick(self, _now: datetime) -> None:
        # While Home Assistant starts or stops, it cannot be reached, and a hub without calls is not offline.
        listening = self._hass.state is CoreState.running
        for hub in tuple(self.hubs.values()):
            hub.model.tick(hub.model.clock(), listening=listening)

    def owners(self, device_id: str) -> Sequence[HubData]:
        """Return the hubs that have an outlet with this device ID."""
        return self._owners.get(device_id, ())

    def find_outlet(self, device_id: str, ccu_id: str | None = None) -> tuple[HubData, Outlet]:
        """Return an outlet and its hub.

        Args:
            device_id: Two upper-case hex digits.
            ccu_id: ID of the CCU, required if several hubs have an outlet with this device ID.

        Raises:
            UnknownOutletError: There is no such outlet.
            AmbiguousOutletError: Several hubs have such an outlet.
        """
        found = [
            (hub, outlet)
            for hub in self.hubs.values()
            if (outlet := hub.model.outlets.get(device_id)) is not None and ccu_id in (None, hub.info.ccu_id)
        ]
        if not found:
            raise UnknownOutletError(device_id)
        if len(found) > 1:
            raise AmbiguousOutletError(device_id)
        return found[0]
