"""The outlets of a hub: kept in line with the subentries of its config entry."""

from collections.abc import Callable, Mapping
from functools import partial

from homeassistant.core import CALLBACK_TYPE, callback

from ..model.hub_model import HubModel
from ..model.outlet import Outlet, OutletSettings

type OutletListener = Callable[[Outlet], None]


class HubOutlets:
    """Adds and removes outlets without a reload.

    Attributes:
        subentry_ids: Subentry ID by device ID.
    """

    def __init__(self, model: HubModel) -> None:
        self.subentry_ids: dict[str, str] = {}
        self._model = model
        self._listeners: list[OutletListener] = []

    @callback
    def sync(self, settings: Mapping[str, tuple[str, OutletSettings]]) -> list[str]:
        """Apply the settings of all outlets; returns the device IDs of removed ones."""
        removed = [device_id for device_id in self.subentry_ids if device_id not in settings]
        for device_id in removed:
            del self.subentry_ids[device_id]
            self._model.remove_outlet(device_id)
        for device_id, (subentry_id, outlet_settings) in settings.items():
            is_new = device_id not in self.subentry_ids
            self.subentry_ids[device_id] = subentry_id
            outlet = self._model.add_outlet(outlet_settings)
            if is_new:
                for listener in tuple(self._listeners):
                    listener(outlet)
        return removed

    @callback
    def subscribe(self, listener: OutletListener) -> CALLBACK_TYPE:
        """Call a listener with all present and future outlets; returns the function that ends it."""
        for outlet in self._model.outlets.values():
            listener(outlet)
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)
