"""Starts and stops the sources of a heating system, follows their reports and sends them commands."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
import logging
import math

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .._lib.heat_source import CommandResult, FaultReason, Health, SourceState
from .._lib.steady_clock import SteadyClock
from ..engine.decision_record import Decision
from ..engine.snapshot import Snapshot
from ..metering.cop_feed import feed_source
from ..metering.system_cop import SystemCop
from ..runtime.events import EventNotifier
from ..runtime.listeners import Listeners
from .managed_source import ManagedSource
from .releaser import releaser
from .source_commands import command_text, source_command
from .user_change import UserChange

_LOGGER = logging.getLogger(__name__)
_DEFAULT_ROOM_C = 20.0


class SourceSupervisor:
    """The sources of one config entry."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        sources: Mapping[str, ManagedSource],
        *,
        cop: SystemCop,
        events: EventNotifier,
        updates: Listeners,
        reason_text: Callable[[FaultReason], str],
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._sources = sources
        self._cop = cop
        self._events = events
        self._updates = updates
        self._reason_text = reason_text
        self.user_change = UserChange(SteadyClock())

    @callback
    def start(self) -> None:
        """Begin to poll all sources."""
        for managed in self._sources.values():
            managed.unsubscribe = managed.source.subscribe(partial(self._on_report, managed))
            managed.poller.first_read = self._updates.notify
            managed.poller.start(self._entry)

    async def async_stop(self) -> None:
        """Stop reading and free connections. Sources keep their state: the next run continues from there."""
        for managed in self._sources.values():
            if managed.unsubscribe is not None:
                managed.unsubscribe()
            await managed.async_close()

    @callback
    def release_all(self) -> None:
        """Return all controlled sources to their own control, in background tasks that end with the confirmation."""
        releaser(self._hass).start(self._entry, self._sources.values(), self._on_result)

    @callback
    def resume_control(self) -> None:
        """Control the sources again: a release that is in progress ends."""
        releaser(self._hass).cancel(self._entry)

    @callback
    def send_commands(self, cycle_id: str, decision: Decision, snapshot: Snapshot, slope: float) -> None:
        """Send a decision to the sources."""
        outdoor_c = decision.record.outdoor_c
        for planned in decision.commands:
            managed = self._sources.get(planned.source_id)
            if managed is None:
                continue
            share = getattr(managed.source, "size_share", 1.0)  # what is set is the power that it had with all boards
            command = source_command(
                replace(planned, power_w=planned.power_w / share),
                managed.source.capabilities,
                managed.source.state,
                cycle_id=cycle_id,
                outdoor_c=outdoor_c if math.isfinite(outdoor_c) else None,
                slope=slope,
                room_c=_room_c(snapshot, managed.config.zones),
                user=managed.user_curve,
            )
            if command is not None:
                command = replace(command, by_user=self.user_change.is_recent)
                _LOGGER.debug("cycle=%s source=%s command=%s", cycle_id, managed.name, command_text(command))
                managed.poller.command(self._entry, command, partial(self._on_result, managed))

    def _text(self, state: SourceState) -> str:
        """Return why a source is not healthy, in the language of Home Assistant."""
        return state.detail if state.reason is None else self._reason_text(state.reason)

    @callback
    def _on_report(self, managed: ManagedSource) -> None:
        state = managed.source.state
        is_failing = managed.is_failing
        if is_failing != managed.reported_failing and managed.poller.failures + managed.poller.restarts > 0:
            managed.reported_failing = is_failing
            event_type = "driver_failed" if is_failing else "driver_recovered"
            self._events.fire(
                event_type,
                {"source": managed.name, "detail": state.detail, "reason": state.reason, "text": self._text(state)},
            )
        if state.health == Health.AUTH and managed.has_credentials:
            self._start_reauth(managed)
        feed_source(self._cop.of(managed.subentry_id), managed)
        self._updates.notify(managed.subentry_id)

    @callback
    def _on_result(self, managed: ManagedSource, result: CommandResult) -> None:
        level = logging.DEBUG if result.settled else logging.INFO
        _LOGGER.log(
            level, "cycle=%s source=%s outcome=%s %s", result.command_id, managed.name, result.outcome, result.detail
        )
        managed.last_result = result
        self._updates.notify(managed.subentry_id)

    def _start_reauth(self, managed: ManagedSource) -> None:
        """Ask for credentials, one form at a time."""
        if next(self._entry.async_get_active_flows(self._hass, {SOURCE_REAUTH}), None) is None:
            self._entry.async_start_reauth(self._hass, data={"subentry_id": managed.subentry_id})


def _room_c(snapshot: Snapshot, zones: frozenset[str]) -> float:
    """Return the room setpoint of a source: the highest one of the zones that it acts for."""
    own = [zone.target_c for zone in snapshot.zones if zone.zone_id in zones]
    return max(own or [zone.target_c for zone in snapshot.zones], default=_DEFAULT_ROOM_C)
