"""What actions tell of devices and rollouts: everything that is known, by names that other actions take."""

from typing import Any

from homeassistant.util import dt as dt_util

from .coordinator import OtaCoordinator
from .devices import policy_data
from .rollout.models import Device
from .rollout.plan import Rollout


def device_json(coordinator: OtaCoordinator, device: Device) -> dict[str, Any]:
    """A device, what it is offered and where its update stands."""
    names = ("name", "fleet", "product", "chip", "model", "group", "zone", "installed_version", "boot_count", "busy")
    offer = coordinator.engine.offer(device.uid, coordinator.now)
    job = coordinator.state.job_of(device.uid)
    return {
        "device": device.uid,
        **{name: getattr(device, name) for name in names},
        "tags": list(device.tags),
        "metadata": dict(device.metadata),
        "attributes": dict(device.attributes),
        "metrics": dict(device.metrics),
        "last_seen": _time(device.last_seen),
        "policy": policy_data(device.policy),
        "offer": offer.reason.value,
        "offered_version": offer.visible.version if offer.visible else None,
        "update": job.state.value if job else None,
        "version": job.version if job else None,
        "progress": job.progress if job else None,
        "reason": job.reason if job else None,
    }


def rollout_json(coordinator: OtaCoordinator, rollout: Rollout) -> dict[str, Any]:
    """A rollout, how it stands and what its gate says."""
    state, rollouts = coordinator.state, coordinator.engine.rollouts
    verified, failed = rollouts.counts(rollout)
    decision = rollouts.decision(rollout)
    names = ("name", "product", "auto_rollback", "late_joiners", "pause_reason")
    return {
        "rollout": rollout.rollout_id,
        **{name: getattr(rollout, name) for name in names},
        "versions": list(rollout.versions),
        "status": rollout.status.value,
        "mode": rollout.mode.value,
        "wave": rollout.wave + 1,
        "waves": len(rollout.waves),
        "devices": len(state.membership(rollout).wave_of),
        "verified": verified,
        "failed": failed,
        "in_flight": len(state.open_in.get(rollout.rollout_id, ())),
        "gate": decision.verdict.value,
        "gate_reason": decision.reason,
        "created": _time(rollout.created),
        "finished": _time(rollout.finished_at),
    }


def _time(value: float | None) -> str | None:
    return dt_util.utc_from_timestamp(value).isoformat() if value else None
