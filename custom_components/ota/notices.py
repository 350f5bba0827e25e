"""What people and automations are told: bus events, and repairs for what needs a person."""

from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN, EVENT_RELEASE, EVENT_ROLLOUT, EVENT_UPDATE
from .rollout.job import Timeouts, is_stuck
from .rollout.plan import Rollout, Status
from .rollout.rollouts import FAILURES, ROLLBACK
from .rollout.state import Event, EventKind

if TYPE_CHECKING:
    from .coordinator import OtaCoordinator

NAMED: Final = 5
"""Failed devices that a repair names."""


def stop_facts(coordinator: OtaCoordinator, rollout: Rollout) -> dict[str, str]:
    """What a person has to know to decide about a rollout that stopped."""
    finished = sum(coordinator.engine.rollouts.counts(rollout))
    jobs = [
        job
        for job in coordinator.state.jobs_in(rollout.rollout_id)
        if job.state in FAILURES and not job.excused and job.reason != ROLLBACK
    ]
    jobs.sort(key=lambda job: job.updated_at)
    names = [f"{coordinator.state.devices[job.uid].name} ({job.version}: {job.reason})" for job in jobs[:NAMED]]
    return {
        "name": rollout.name,
        "failed": str(len(jobs)),
        "finished": str(finished),
        "wave": str(rollout.wave + 1),
        "waves": str(len(rollout.waves)),
        "devices": ", ".join(names) + (", …" if len(jobs) > NAMED else ""),
    }


class Notices:
    """Follows the coordinator's events."""

    def __init__(self, coordinator: OtaCoordinator) -> None:
        """Nothing is said before `start`."""
        self._coordinator = coordinator
        self._stuck: set[str] = set()
        self._known: dict[str, tuple[Status, int]] = {}

    def start(self) -> None:
        """Begin with what stands now, without telling it again."""
        coordinator = self._coordinator
        for rollout in coordinator.state.rollouts.values():
            self._known[rollout.rollout_id] = (rollout.status, rollout.wave)
            self._repair(rollout)
        coordinator.entry.async_on_unload(coordinator.listen_events(self._on_event))
        self.check()

    @callback
    def _on_event(self, event: Event) -> None:
        match event.kind:
            case EventKind.JOB if event.job is not None and event.before is not event.job.state:
                self._fire(EVENT_UPDATE, self._update_data(event))
                if rollout := self._coordinator.state.rollouts.get(event.rollout_id or ""):
                    self._repair(rollout)  # its counts
            case EventKind.ROLLOUT_CREATED | EventKind.ROLLOUT_CHANGED:
                self._rollout(event.rollout_id or "")
            case EventKind.ROLLOUT_REMOVED:
                self._known.pop(event.rollout_id or "", None)
                ir.async_delete_issue(self._coordinator.hass, DOMAIN, f"rollout_{event.rollout_id}")
            case EventKind.DEVICE_REMOVED if event.uid in self._stuck:
                self._stuck.discard(event.uid)
                ir.async_delete_issue(self._coordinator.hass, DOMAIN, f"stuck_{event.uid}")
            case EventKind.RELEASE_ADDED:
                release = self._coordinator.state.releases.get(event.release_id or "")
                if release is not None:
                    data = {"product": release.product, "chip": release.chip, "version": release.version}
                    self._fire(EVENT_RELEASE, {**data, "channel": release.channel.value, "signed_by": release.key_id})

    def _update_data(self, event: Event) -> dict[str, Any]:
        job = event.job
        assert job is not None
        device = self._coordinator.state.devices.get(job.uid)
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

    def _rollout(self, rollout_id: str) -> None:
        rollout = self._coordinator.state.rollouts.get(rollout_id)
        if rollout is None:
            return
        before = self._known.get(rollout_id)
        after = (rollout.status, rollout.wave)
        self._repair(rollout)
        if before == after:
            return
        self._known[rollout_id] = after
        data = {
            "rollout": rollout_id,
            "name": rollout.name,
            "status": rollout.status.value,
            "wave": rollout.wave + 1,
            "waves": len(rollout.waves),
            "reason": rollout.pause_reason,
            "versions": list(rollout.versions),
        }
        self._fire(EVENT_ROLLOUT, data)

    def _repair(self, rollout: Rollout) -> None:
        """A rollout that stopped by itself needs a person."""
        hass = self._coordinator.hass
        issue = f"rollout_{rollout.rollout_id}"
        stopped = rollout.pause_reason is not None and rollout.status in (Status.PAUSED, Status.ROLLED_BACK)
        if not stopped:
            ir.async_delete_issue(hass, DOMAIN, issue)
            return
        paused = rollout.status is Status.PAUSED
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue,
            data={"rollout": rollout.rollout_id},
            is_fixable=paused,
            is_persistent=False,
            severity=ir.IssueSeverity.ERROR if paused else ir.IssueSeverity.WARNING,
            translation_key="rollout_stopped" if paused else "rollout_rolled_back",
            translation_placeholders=stop_facts(self._coordinator, rollout),
        )

    @callback
    def check(self) -> None:
        """Name devices whose update does not move."""
        coordinator = self._coordinator
        now, hass = coordinator.now, coordinator.hass
        stuck: set[str] = set()
        for number in coordinator.state.open:
            job = coordinator.state.jobs[number]
            rollout = coordinator.state.rollouts.get(job.rollout_id or "")
            if is_stuck(job, now, rollout.timeouts if rollout else Timeouts()):
                stuck.add(job.uid)
        for uid in self._stuck - stuck:
            ir.async_delete_issue(hass, DOMAIN, f"stuck_{uid}")
        for uid in stuck - self._stuck:
            job_now = coordinator.state.job_of(uid)
            ir.async_create_issue(
                hass,
                DOMAIN,
                f"stuck_{uid}",
                is_fixable=False,
                is_persistent=False,
                severity=ir.IssueSeverity.WARNING,
                translation_key="device_stuck",
                translation_placeholders={
                    "device": coordinator.state.devices[uid].name,
                    "version": job_now.version if job_now else "",
                },
            )
        self._stuck = stuck

    def _fire(self, name: str, data: dict[str, Any]) -> None:
        self._coordinator.hass.bus.async_fire(name, data)
