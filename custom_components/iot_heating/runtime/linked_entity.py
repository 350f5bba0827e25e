"""Linked entities: any entity that is on or off can be used like a controller."""

from collections.abc import Callable
import logging
from typing import Final

from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_RESTORED,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event
import probatio as vol

from .._lib.entity_refs import entity_id_of
from ..protocol.configuration import Force
from ..protocol.fields import STATE
from ..protocol.report import Report
from .controller import Controller

_LOGGER = logging.getLogger(__name__)
# An integration that is being reloaded removes its entities, or restores them without a value, for a while.
_ABSENCE_S: Final = 180.0
SWITCHABLE_DOMAINS: Final = ("climate", "fan", "input_boolean", "light", "switch", "water_heater")
LINKABLE_DOMAINS: Final = (*SWITCHABLE_DOMAINS, "binary_sensor")


def is_switchable(hass: HomeAssistant, reference: str) -> bool:
    """Whether the entity can be switched on and off."""
    entity_id = entity_id_of(hass, reference)
    return entity_id is not None and entity_id.partition(".")[0] in SWITCHABLE_DOMAINS


def is_heating(state: State | None) -> bool | None:
    """Whether a state means that the entity heats; None where it is unavailable."""
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return None
    if (action := state.attributes.get("hvac_action")) is not None:
        return str(action) in ("heating", "preheating")
    if state.domain in ("climate", "water_heater"):
        return state.state != STATE_OFF
    return state.state == STATE_ON


class LinkedEntity:
    """The entity of one linked controller: reports whether it heats, and can be switched.

    Args:
        on_report: Called with each state.
        on_offline: Called when the entity is unavailable.
        clock: Seconds of a clock that does not jump.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        controller: Controller,
        on_report: Callable[[Controller, Report], None],
        on_offline: Callable[[Controller], None],
        clock: Callable[[], float],
    ) -> None:
        self._hass = hass
        self._controller = controller
        self._on_report = on_report
        self._on_offline = on_offline
        self._clock = clock
        self._absent_since: float | None = None
        self._unsubscribe: CALLBACK_TYPE | None = None

    @property
    def entity_id(self) -> str | None:
        """The entity ID now."""
        return entity_id_of(self._hass, self._controller.device_id)

    @callback
    def start(self) -> None:
        """Subscribe to the state."""
        if (entity_id := self.entity_id) is not None:
            self._unsubscribe = async_track_state_change_event(self._hass, entity_id, self._state_changed)
        self.refresh()

    @callback
    def stop(self) -> None:
        """Unsubscribe."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    @callback
    def _state_changed(self, event: Event[EventStateChangedData]) -> None:
        self.refresh()

    @callback
    def refresh(self) -> None:
        """Report the current state, so that the time since the last report is counted."""
        entity_id = self.entity_id
        state = self._hass.states.get(entity_id) if entity_id else None
        heating = is_heating(state)
        if heating is not None:
            self._absent_since = None
            self._on_report(self._controller, Report({STATE: heating}))
        elif self._controller.online and not self._may_return(state):
            self.set_offline()

    def _may_return(self, state: State | None) -> bool:
        """Whether the entity is absent because its integration is not loaded, and does not mean that heating ended."""
        if state is not None and not state.attributes.get(ATTR_RESTORED):
            return False
        if self._absent_since is None:
            self._absent_since = self._clock()
        return self._clock() - self._absent_since < _ABSENCE_S

    @callback
    def set_offline(self) -> None:
        """Report that the entity is unavailable."""
        _LOGGER.warning("Linked entity %s is unavailable", self._controller.name)
        self._on_offline(self._controller)

    async def async_switch(self, force: Force, previous: Force) -> str | None:
        """Switch the entity by a control mode; returns an error text, or None.

        Releasing a forced "on" switches it off, because there may be nothing else that does.
        """
        if force is Force.AUTO and previous is not Force.ON:
            return None
        service = SERVICE_TURN_ON if force is Force.ON else SERVICE_TURN_OFF
        if (entity_id := self.entity_id) is None:
            return "entity not found"
        try:
            await self._hass.services.async_call(
                entity_id.partition(".")[0], service, {ATTR_ENTITY_ID: entity_id}, blocking=True
            )
        except (HomeAssistantError, vol.Invalid) as err:
            return str(err) or type(err).__name__
        return None
