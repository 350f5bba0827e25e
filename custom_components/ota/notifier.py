"""Notify users and automations: bus events, and repair issues for what a user has to decide."""

from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from . import repairs
from .const import EVENT_RELEASE, EVENT_ROLLOUT, EVENT_UPDATE
from .hub import OtaHub
from .rollout.contacts import is_stuck
from .rollout.models import Job
from .rollout.plan import Rollout, Status
from .rollout.state import Event, EventKind


class Notifier:
    """Fires bus events and updates repair issues when the state changes."""

    def __init__(self, hass: HomeAssistant, hub: OtaHub) -> None:
        """Create the notifier; `start` subscribes to the changes."""
        self._hass = hass
        self._hub = hub
        self._stuck: set[str] = set()
        self._published: dict[str, tuple[Status, int]] = {}
        """Rollout ID -> status and wave of the last event."""

    @callback
    def start(self) -> CALLBACK_TYPE:
        """Subscribe to changes. The current state fires no events."""
        for rollout in self._hub.state.rollouts.values():
            self._published[rollout.rollout_id] = (rollout.status, rollout.wave)
            self._update_issue(rollout)
        self.check_stuck()
        unsubscribe = (
            self._hub.dispatcher.listen_events(self._on_event),
            self._hub.listen_tick(self.check_stuck),
        )

        def stop() -> None:
            for remove in unsubscribe:
                remove()

        return stop

    @callback
    def _on_event(self, event: Event) -> None:
        rollout_id = event.rollout_id or ""
        rollout = self._hub.state.rollouts.get(rollout_id)
        match event.kind:
            case EventKind.JOB if event.job is not None and event.before is not event.job.state:
                self._hass.bus.async_fire(EVENT_UPDATE, self._update_data(event.job))
                if rollout is not None:
                    self._update_issue(rollout)  # it shows the counts
            case EventKind.ROLLOUT_CREATED | EventKind.ROLLOUT_CHANGED if rollout is not None:
                self._on_rollout_changed(rollout)
            case EventKind.ROLLOUT_REMOVED:
                self._published.pop(rollout_id, None)
                repairs.delete_rollout_issue(self._hass, rollout_id)
            case EventKind.DEVICE_REMOVED if event.uid in self._stuck:
                self._stuck.discard(event.uid)
                repairs.delete_stuck_issue(self._hass, event.uid)
            case EventKind.RELEASE_ADDED:
                self._on_release_added(event.release_id or "")

    def _on_release_added(self, release_id: str) -> None:
        release = self._hub.state.releases.get(release_id)
        if release is None:
            return
        data = {
            "product": release.product,
            "chip": release.chip,
            "version": release.version,
            "channel": release.channel.value,
            "signed_by": release.key_id,
        }
        self._hass.bus.async_fire(EVENT_RELEASE, data)

    def _update_data(self, job: Job) -> dict[str, Any]:
        device = self._hub.state.devices.get(job.uid)
        return {
            "device": job.uid,
            "name": device.name if device else job.uid,
            "state": job.state.value,
            "version": job.version,
            "from_version": job.from_version,
            "reason": job.reason,
            "rollout": job.rollout_id,
            "kind": job.kind.value,
        }

    def _on_rollout_changed(self, rollout: Rollout) -> None:
        self._update_issue(rollout)
        current = (rollout.status, rollout.wave)
        if self._published.get(rollout.rollout_id) == current:
            return
        self._published[rollout.rollout_id] = current
        data = {
            "rollout": rollout.rollout_id,
            "name": rollout.name,
            "status": rollout.status.value,
            "wave": rollout.wave + 1,
            "waves": len(rollout.waves),
            "reason": rollout.pause_reason,
            "versions": list(rollout.versions),
        }
        self._hass.bus.async_fire(EVENT_ROLLOUT, data)

    def _update_issue(self, rollout: Rollout) -> None:
        repairs.update_rollout_issue(self._hass, self._hub, rollout)

    @callback
    def check_stuck(self) -> None:
        """Create an issue for each device whose update makes no progress."""
        state, now = self._hub.state, self._hub.now
        stuck: set[str] = set()
        for number in state.open:
            job = state.jobs[number]
            if is_stuck(state, job, now):
                stuck.add(job.uid)
        for uid in self._stuck - stuck:
            repairs.delete_stuck_issue(self._hass, uid)
        for uid in stuck - self._stuck:
            current = state.job_of(uid)
            repairs.create_stuck_issue(self._hass, state.devices[uid], current.version if current else "")
        self._stuck = stuck
