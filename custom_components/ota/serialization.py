"""Releases, devices and rollouts as the HTTP API and the actions return them."""

from typing import Any

from homeassistant.util import dt as dt_util

from .devices.policy import policy_as_dict
from .hub import OtaHub
from .rollout.models import Device, Release
from .rollout.plan import Rollout


def release_as_dict(release: Release) -> dict[str, Any]:
    """Return a release without its manifest."""
    names = ("release_id", "product", "chip", "version", "sequence", "size", "sha256", "known_good", "withdrawn")
    return {
        **{name: getattr(release, name) for name in names},
        "channel": release.channel.value,
        "signed_by": release.key_id,
        "factory": release.factory_sha256 is not None,
    }


def device_as_dict(hub: OtaHub, device: Device) -> dict[str, Any]:
    """Return a device with its offer and the state of its update."""
    names = ("name", "fleet", "product", "chip", "model", "group", "zone", "installed_version", "boot_count", "busy")
    offer = hub.engine.offer(device.uid, hub.now)
    job = hub.state.job_of(device.uid)
    return {
        "device": device.uid,
        **{name: getattr(device, name) for name in names},
        "tags": list(device.tags),
        "metadata": dict(device.metadata),
        "attributes": dict(device.attributes),
        "metrics": dict(device.metrics),
        "last_seen": _time(device.last_seen),
        "policy": policy_as_dict(device.policy),
        "offer": offer.reason.value,
        "offered_version": offer.visible.version if offer.visible else None,
        "update": job.state.value if job else None,
        "version": job.version if job else None,
        "progress": job.progress if job else None,
        "reason": job.reason if job else None,
    }


def rollout_as_dict(hub: OtaHub, rollout: Rollout) -> dict[str, Any]:
    """Return a rollout with its counts and the decision of its gate."""
    state, rollouts = hub.state, hub.engine.rollouts
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
