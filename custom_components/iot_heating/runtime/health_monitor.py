"""Checks every ten seconds which controllers are offline, and updates what depends on time alone."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .._lib.listening import Listening
from .._lib.slices import Slicer
from ..protocol.protocol_2 import poll_jitter_s
from ..repairs import async_create_offline_issue, async_delete_offline_issue
from ..storage.device_records import ControllerKind
from .command_dispatcher import CommandDispatcher
from .controller import MISSED_POLLS, Controller, Topic, subscribe
from .linked_entity import LinkedEntity
from .report_receiver import ReportReceiver

_LOGGER = logging.getLogger(__name__)
_INTERVAL: Final = timedelta(seconds=10)
_ISSUE_AFTER: Final = timedelta(days=1)
# Of that day, Home Assistant itself may have been stopped; it has run for at least this time.
_RUNNING_FOR_S: Final = 3600.0


class HealthMonitor:
    """Monitors the controllers of one building.

    Args:
        building_name: For the repair issue.
        poll_interval_s: How often protocol 2 controllers are to call.
        controllers: The live mapping of the building's controllers.
        linked_entities: The entities of the linked controllers among them.
        clock: Seconds of a clock that does not jump.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        *,
        building_name: str,
        poll_interval_s: int,
        controllers: Mapping[str, Controller],
        linked_entities: Mapping[str, LinkedEntity],
        receiver: ReportReceiver,
        commands: CommandDispatcher,
        slicer: Slicer,
        clock: Callable[[], float],
    ) -> None:
        self._hass = hass
        self._building_name = building_name
        self._poll_interval_s = poll_interval_s
        self._controllers = controllers
        self._linked_entities = linked_entities
        self._receiver = receiver
        self._commands = commands
        self._slicer = slicer
        self._clock = clock
        self._listening = Listening()
        self._started, self._started_s = dt_util.utcnow(), clock()
        self._listeners: list[CALLBACK_TYPE] = []

    @callback
    def start(self) -> CALLBACK_TYPE:
        """Start the checks; returns the function that stops them."""
        self._check_listening()
        cancel = async_track_time_interval(self._hass, self._check_all, _INTERVAL)

        def stop() -> None:
            cancel()
            for device_id in self._controllers:
                async_delete_offline_issue(self._hass, device_id)

        return stop

    def subscribe(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``listener`` after each round of checks; returns the function that unsubscribes."""
        return subscribe(self._listeners, listener)

    def _check_listening(self) -> None:
        # Until it has started, and while it stops, Home Assistant does not accept calls.
        self._listening.check(self._clock(), is_listening=self._hass.state is CoreState.running)

    @callback
    def _check_all(self, _: datetime) -> None:
        self._check_listening()
        now = dt_util.utcnow()

        def check(controller: Controller) -> None:
            # It may have been removed between two slices.
            if controller.device_id in self._controllers:
                self._check(controller, now)

        self._slicer.for_each(self._controllers.values(), check, self._notify)

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _check(self, controller: Controller, now: datetime) -> None:
        if controller.kind is ControllerKind.LINKED:
            self._check_linked(controller, now)
        else:
            self._check_connection(controller, now)
        topics = (Topic.LAST_SEEN, Topic.USAGE) if controller.tracker.running else (Topic.LAST_SEEN,)
        controller.notify(topics)
        self._commands.expire(controller)

    def _check_linked(self, controller: Controller, now: datetime) -> None:
        entity = self._linked_entities[controller.device_id]
        entity.refresh()
        if controller.online is None and self._is_overdue(controller):
            entity.set_offline()
        self._commands.end_expired_override(controller, now)

    def _check_connection(self, controller: Controller, now: datetime) -> None:
        if controller.online is False:
            since = controller.last_seen or self._started
            if now - since >= _ISSUE_AFTER and self._clock() - self._started_s >= _RUNNING_FOR_S:
                async_create_offline_issue(
                    self._hass, controller.device_id, controller.name, self._building_name, since
                )
        elif self._is_overdue(controller):
            _LOGGER.warning("Controller %s is offline: missed %s calls", controller.device_id, MISSED_POLLS)
            self._receiver.set_offline(controller)

    def _is_overdue(self, controller: Controller) -> bool:
        """Whether a controller should have called. After a start it has as long as after a call."""
        interval_s = controller.interval_s
        if controller.protocol >= 2 or controller.online is None:
            # Its calls vary by the jitter: a slow controller must not count as offline.
            interval_s = max(interval_s, self._poll_interval_s + poll_jitter_s(self._poll_interval_s))
        return self._listening.silence_s(controller.received_s, self._clock()) > MISSED_POLLS * interval_s
