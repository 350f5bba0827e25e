"""A heat source that Home Assistant knows already: any entity that is on or off gets sessions and commands."""

from datetime import datetime
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.const import (
    ATTR_ENTITY_ID,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
import probatio as vol

from .book import BOOK
from .controller import Controller
from .protocol.control import Force
from .protocol.telemetry import Telemetry

if TYPE_CHECKING:
    from .coordinator import Building

_LOGGER = logging.getLogger(__name__)
COMMANDABLE: Final = ("climate", "fan", "input_boolean", "light", "switch", "water_heater")
LINKABLE: Final = (*COMMANDABLE, "binary_sensor")


def entity_of(hass: HomeAssistant, reference: str) -> str | None:
    """The entity id now of a reference (registry id, or entity id where it has none)."""
    return er.async_resolve_entity_id(er.async_get(hass), reference)


def commandable(hass: HomeAssistant, reference: str) -> bool:
    """Whether the entity can be switched."""
    entity_id = entity_of(hass, reference)
    return entity_id is not None and entity_id.partition(".")[0] in COMMANDABLE


def heats(state: State | None) -> bool | None:
    """Whether a state means heating; None where it says nothing."""
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return None
    if (action := state.attributes.get("hvac_action")) is not None:
        return str(action) in ("heating", "preheating")
    if state.domain in ("climate", "water_heater"):
        return state.state != STATE_OFF
    return state.state == STATE_ON


class LinkedFollower:
    """Follows the entity of one linked controller, and switches it when it is told to."""

    def __init__(self, building: Building, controller: Controller) -> None:
        self._building = building
        self._hass = building.hass
        self._controller = controller
        self._unsubscribe: CALLBACK_TYPE | None = None

    @property
    def entity_id(self) -> str | None:
        """The entity now."""
        return entity_of(self._hass, self._controller.device_id)

    @callback
    def start(self) -> None:
        """Begin to follow."""
        if (entity_id := self.entity_id) is not None:
            self._unsubscribe = async_track_state_change_event(self._hass, entity_id, self._changed)
        self._look(write=True)

    @callback
    def stop(self) -> None:
        """End following."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        self._look(write=True)

    @callback
    def tick(self, now: datetime) -> None:
        """Count the time that passes, end an override whose time is over."""
        self._look(write=False)
        if self._controller.online is None and self._building.overdue(self._controller, now):
            self._lose()
        record = self._building.registry.devices.get(self._controller.device_id)
        if record is not None and not record.override.empty and record.override.at(now).empty:
            self._building.entry.async_create_background_task(
                self._hass, self._building.commands.async_release(self._controller.device_id), "end of override"
            )

    def _look(self, *, write: bool) -> None:
        controller = self._controller
        entity_id = self.entity_id
        heating = heats(self._hass.states.get(entity_id) if entity_id else None)
        if heating is None:
            if controller.online:
                self._lose()
            return
        turned = self._building.receive(controller, Telemetry({"heating": heating}))
        self._building.registry.mark_seen(controller.device_id, dt_util.utcnow())
        if turned and write:
            self._building.entry.async_create_background_task(
                self._hass, self._hass.data[BOOK].async_write([controller.number]), "write session"
            )
        self._building.commands.observe(controller)

    def _lose(self) -> None:
        _LOGGER.warning("The entity linked as %s is not available", self._controller.name)
        self._building.receive_loss(self._controller)

    async def async_switch(self, force: Force, before: Force) -> str | None:
        """Make the entity as an override wants it; returns why it could not, None where it could.

        Taking back a forced "on" switches off: nobody else may be there to do it.
        """
        if force is Force.AUTO and before is not Force.ON:
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
