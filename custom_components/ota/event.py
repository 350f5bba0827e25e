"""Event entities of updates and rollouts."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import OtaConfigEntry
from .entity import HubEntity
from .rollout.models import JobState
from .rollout.plan import Status
from .rollout.state import Event, EventKind

PARALLEL_UPDATES = 0

WAVE_OPENED: Final = "wave_opened"
ROLLOUT: Final = EventEntityDescription(
    key="rollout", event_types=["created", WAVE_OPENED, *(status.value for status in Status)]
)
UPDATE: Final = EventEntityDescription(key="update", event_types=[state.value for state in JobState])


async def async_setup_entry(
    hass: HomeAssistant, entry: OtaConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the event entities."""
    hub = entry.runtime_data.hub
    async_add_entities([RolloutEvent(hub, ROLLOUT), UpdateEvent(hub, UPDATE)])


class OtaEvent(HubEntity, EventEntity):
    """An event entity of the whole."""

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to events."""
        await super().async_added_to_hass()
        self.async_on_remove(self.hub.dispatcher.listen_events(self.on_event))

    @callback
    def on_event(self, event: Event) -> None:
        """Handle an event."""
        raise NotImplementedError


class RolloutEvent(OtaEvent):
    """Events of rollouts."""

    @override
    async def async_added_to_hass(self) -> None:
        """Store status and wave of each rollout to detect changes."""
        rollouts = self.hub.state.rollouts.values()
        self._last = {rollout.rollout_id: (rollout.status, rollout.wave) for rollout in rollouts}
        await super().async_added_to_hass()

    @callback
    @override
    def on_event(self, event: Event) -> None:
        """Trigger an event for a new rollout, a new status or a new wave."""
        rollout = self.hub.state.rollouts.get(event.rollout_id or "")
        if rollout is None:
            self._last.pop(event.rollout_id or "", None)
            return
        if event.kind is EventKind.JOB:
            return
        before = self._last.get(rollout.rollout_id)
        after = (rollout.status, rollout.wave)
        self._last[rollout.rollout_id] = after
        if before == after:
            return
        same_status = before is not None and before[0] is rollout.status
        event_type = "created" if before is None else WAVE_OPENED if same_status else rollout.status.value
        data = {"rollout": rollout.rollout_id, "name": rollout.name, "wave": rollout.wave + 1}
        self._trigger_event(event_type, {**data, "reason": rollout.pause_reason})
        self.async_write_ha_state()


class UpdateEvent(OtaEvent):
    """Events of device updates."""

    @callback
    @override
    def on_event(self, event: Event) -> None:
        """Trigger an event for a new job state."""
        job = event.job
        if job is None or event.before is job.state:
            return
        data = {"device": job.uid, "version": job.version, "from_version": job.from_version, "reason": job.reason}
        self._trigger_event(job.state.value, {**data, "rollout": job.rollout_id})
        self.async_write_ha_state()
