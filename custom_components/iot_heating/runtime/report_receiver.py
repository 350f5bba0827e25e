"""Processes what controllers report: values, sessions and events."""

from collections.abc import Callable, Coroutine
from datetime import datetime
import logging
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..protocol.report import Report
from ..protocol.session_tracker import NO_ENERGY_READING, SHORT_BREAK, EnergyReading, Session
from ..repairs import async_delete_offline_issue
from ..storage.device_records import ControllerKind
from ..storage.session_store import SessionStore
from .change_listeners import ChangeListeners
from .controller import ALL_TOPICS, Controller, Topic
from .notifier import Notifier
from .options import BuildingOptions

_LOGGER = logging.getLogger(__name__)

type TaskCreator = Callable[[Coroutine[Any, Any, None], str], object]


class ReportReceiver:
    """Applies reports and losses of connection to controllers.

    Args:
        create_task: Runs a coroutine in the background while the config entry is loaded.
        clock: Seconds of a clock that does not jump.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        options: BuildingOptions,
        *,
        session_store: SessionStore,
        change_listeners: ChangeListeners,
        notifier: Notifier,
        create_task: TaskCreator,
        clock: Callable[[], float],
    ) -> None:
        self._hass = hass
        self._clock = clock
        self._options = options
        self._session_store = session_store
        self._change_listeners = change_listeners
        self._notifier = notifier
        self._create_task = create_task

    @callback
    def receive(self, controller: Controller, report: Report, now: datetime | None = None) -> bool:
        """Process a call of a controller.

        Returns:
            Whether a session started or ended and has to be saved before the reply.
        """
        now = now or dt_util.utcnow()
        controller.mark_seen(now, self._clock())
        if report.ignored:
            controller.count_ignored(report, now)
        refresh = controller.needs_refresh(now)
        if report is controller.last_report and controller.is_idle and not refresh:
            # The usual case: the controller is alive and nothing has changed.
            self._change_listeners.notify_fleet(controller.device_id)
            return False
        changed = controller.apply(report)
        if controller.online is not True:
            self._set_online(controller)
            changed = list(ALL_TOPICS)
        sessions = self._update_sessions(controller, now)
        if sessions:
            changed.append(Topic.USAGE)
        if topics := ALL_TOPICS if refresh else changed:
            self._notifier.notify(controller, topics, now)
        self._change_listeners.notify_fleet(controller.device_id)
        return bool(sessions)

    @callback
    def receive_and_save(self, controller: Controller, report: Report) -> None:
        """Process a report whose sender does not wait for a reply."""
        if self.receive(controller, report):
            self._save_sessions(controller)

    @callback
    def set_offline(self, controller: Controller) -> None:
        """Process that a controller is offline, or that its linked entity is unavailable."""
        controller.set_offline()
        if ended := controller.tracker.end_offline():
            self._fire_session_events(controller, ended)
            self._save_sessions(controller)
        controller.notify(ALL_TOPICS)
        self._change_listeners.notify_fleet(controller.device_id)

    def _set_online(self, controller: Controller) -> None:
        if controller.online is False:
            if controller.kind is ControllerKind.LINKED:
                _LOGGER.info("Linked entity %s is available again", controller.name)
            else:
                _LOGGER.info("Controller %s is back online", controller.device_id)
            async_delete_offline_issue(self._hass, controller.device_id)
        controller.online = True

    def _update_sessions(self, controller: Controller, now: datetime) -> tuple[Session, ...]:
        steady_s = self._clock()
        if not controller.heating and not _applies_to_session(controller, now, steady_s):
            return ()
        reading = self._energy_reading(controller)
        sessions = controller.tracker.report(controller.heating, now, reading, steady_s=steady_s)
        self._fire_session_events(controller, sessions)
        return sessions

    def _energy_reading(self, controller: Controller) -> EnergyReading:
        if not controller.energy.is_configured:
            return NO_ENERGY_READING
        return controller.energy.read(self._hass, self._options)

    def _save_sessions(self, controller: Controller) -> None:
        self._create_task(self._session_store.async_save([controller.number]), "save sessions")

    def _fire_session_events(self, controller: Controller, sessions: tuple[Session, ...]) -> None:
        for session in sessions:
            controller.fire_event("session", "ended" if session.end else "started", session.as_dict())


def _applies_to_session(controller: Controller, now: datetime, steady_s: float) -> bool:
    """Whether a call without "on" concerns a running session.

    After a start a controller may request its configuration before it reports: its session waits for its state.
    """
    tracker = controller.tracker
    if tracker.running is None:
        return False
    return controller.has_reported_state or tracker.since_report(now, steady_s) > SHORT_BREAK
