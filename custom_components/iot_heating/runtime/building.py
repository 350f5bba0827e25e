"""A building: its profile and options, and the setpoints that follow from them."""

from collections.abc import Mapping
from math import inf
from statistics import median
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.util import dt as dt_util

from ..protocol.configuration import active_mode, flow_setpoint_c, room_setpoint_c
from ..protocol.profile import Profile
from ..storage.device_store import DeviceStore
from .controller import Controller, subscribe
from .energy import outdoor_temperature
from .options import BuildingOptions

# From this number of controllers on, their median temperature is calculated once a second, not at every call.
_MANY_CONTROLLERS: Final = 32
_CACHE_S: Final = 1


class Building:
    """The settings of a loaded config entry.

    Attributes:
        options: Of the config entry.
        device_id: The building's device in Home Assistant's device registry.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        *,
        device_id: str,
        options: BuildingOptions,
        store: DeviceStore,
        controllers: Mapping[str, Controller],
    ) -> None:
        """``controllers`` is the live mapping of the building's controllers."""
        self.entry_id = entry_id
        self.device_id = device_id
        self.options = options
        self._hass = hass
        self._store = store
        self._controllers = controllers
        self._profile_listeners: list[CALLBACK_TYPE] = []
        self._outdoor_cache: tuple[float, float | None] = (-inf, None)

    @property
    def building_id(self) -> int:
        """Integer ID that controllers and the user API use."""
        return self._store.buildings[self.entry_id].building_id

    @property
    def profile(self) -> Profile:
        """The control profile."""
        return self._store.buildings[self.entry_id].profile

    @property
    def mode(self) -> str:
        """The active mode; "off" while heating is disabled."""
        return active_mode(self.profile, dt_util.now()).value if self.profile.iot_enabled else "off"

    @property
    def outdoor_c(self) -> float | None:
        """Outdoor temperature: of the selected entity, else the median of what controllers report."""
        if (temperature_c := outdoor_temperature(self._hass, self.options.outdoor_entity)) is not None:
            return temperature_c
        cached_at, cached = self._outdoor_cache
        if len(self._controllers) >= _MANY_CONTROLLERS and self._hass.loop.time() - cached_at < _CACHE_S:
            return cached
        reported = [c.outdoor_c for c in self._controllers.values() if c.online and c.outdoor_c is not None]
        outdoor_c = median(reported) if reported else None
        self._outdoor_cache = (self._hass.loop.time(), outdoor_c)
        return outdoor_c

    @property
    def room_setpoint_c(self) -> float | None:
        """Room temperature setpoint now; None while heating is disabled or manual."""
        return room_setpoint_c(self.profile, self.options.comfort, dt_util.now())

    @property
    def flow_setpoint_c(self) -> float | None:
        """Flow temperature setpoint now; None without an outdoor temperature."""
        return flow_setpoint_c(self.profile, self.options.comfort, self.outdoor_c, dt_util.now())

    async def async_patch_profile(self, patch: dict[str, Any], revision: int | None = None) -> Profile:
        """Change the profile; saved when it returns.

        Raises:
            ProtocolError: A field is invalid.
            StaleRevisionError: ``revision`` is given and not the current one.
        """
        previous, profile = await self._store.async_patch_profile(self.entry_id, patch, revision)
        if profile is not previous:
            for listener in tuple(self._profile_listeners):
                listener()
        return profile

    def subscribe_profile(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``listener`` when the profile changes; returns the function that unsubscribes."""
        return subscribe(self._profile_listeners, listener)
