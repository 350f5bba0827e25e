"""Event entities: what happened to updates and rollouts."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import OtaConfigEntry
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
    """Add the two."""
    coordinator = entry.runtime_data
    async_add_entities([RolloutEvent(coordinator, ROLLOUT), UpdateEvent(coordinator, UPDATE)])


class OtaEvent(HubEntity, EventEntity):
    """An event entity of the whole."""

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the coordinator's events."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.listen_events(self.on_event))

    @callback
    def on_event(self, event: Event) -> None:
        """Take an event, perhaps."""
        raise NotImplementedError


class RolloutEvent(OtaEvent):
    """What rollouts do."""

    @override
    async def async_added_to_hass(self) -> None:
        """Know where each rollout stands, to see what changes."""
        rollouts = self.coordinator.state.rollouts.values()
        self._seen = {rollout.rollout_id: (rollout.status, rollout.wave) for rollout in rollouts}
        await super().async_added_to_hass()

    @callback
    @override
    def on_event(self, event: Event) -> None:
        """Tell a creation, a new status, a new wave."""
        rollout = self.coordinator.state.rollouts.get(event.rollout_id or "")
        if rollout is None or event.kind is EventKind.JOB:
            return
        before = self._seen.get(rollout.rollout_id)
        after = (rollout.status, rollout.wave)
        self._seen[rollout.rollout_id] = after
        if before == after:
            return
        same_status = before is not None and before[0] is rollout.status
        kind = "created" if before is None else WAVE_OPENED if same_status else rollout.status.value
        data = {"rollout": rollout.rollout_id, "name": rollout.name, "wave": rollout.wave + 1}
        self._trigger_event(kind, {**data, "reason": rollout.pause_reason})
        self.async_write_ha_state()


class UpdateEvent(OtaEvent):
    """What updates of devices do."""

    @callback
    @override
    def on_event(self, event: Event) -> None:
        """Tell a new state."""
        job = event.job
        if job is None or event.before is job.state:
            return
        data = {"device": job.uid, "version": job.version, "from_version": job.from_version, "reason": job.reason}
        self._trigger_event(job.state.value, {**data, "rollout": job.rollout_id})
        self.async_write_ha_state()
