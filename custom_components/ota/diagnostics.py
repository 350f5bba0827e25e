"""Diagnostics: no keys, no hashes of keys, no secret URLs."""

from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant

from .coordinator import OtaConfigEntry, OtaCoordinator
from .rollout.models import Device, Job
from .rollout.plan import Rollout
from .sources import CONF_LOCATION

_MOST = 200
"""Devices that are told in detail."""


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: OtaConfigEntry) -> dict[str, Any]:
    """What helps to find a fault; works for an entry that is not set up too."""
    coordinator: OtaCoordinator | None = getattr(entry, "runtime_data", None)
    subentries = [
        {"type": s.subentry_type, "data": async_redact_data(s.data, {CONF_LOCATION})} for s in entry.subentries.values()
    ]
    data: dict[str, Any] = {"options": dict(entry.options), "subentries": subentries}
    if coordinator is None:
        return data
    state = coordinator.state
    return data | {
        "devices": [_device(coordinator, device) for device in list(state.devices.values())[:_MOST]],
        "device_count": len(state.devices),
        "releases": [_plain(asdict(release), ("manifest", "signature")) for release in state.releases.values()],
        "rollouts": [_rollout(coordinator, rollout) for rollout in state.rollouts.values()],
        "open_jobs": len(state.open),
        "sequences": state.sequences,
        "sources": list(coordinator.sources.last_error.values()),
        "publisher": asdict(coordinator.publisher.counters),
    }


def _device(coordinator: OtaCoordinator, device: Device) -> dict[str, Any]:
    keys = coordinator.keys.devices.get(device.uid)
    job = coordinator.state.job_of(device.uid)
    return {
        **_plain(asdict(device), ("metadata", "attributes")),
        "offer": coordinator.engine.offer(device.uid, coordinator.now).reason.value,
        "job": _job(job) if job else None,
        "has_key": keys is not None and keys.header.current is not None,
        "rotating": keys is not None and keys.header.previous is not None,
    }


def _job(job: Job) -> dict[str, Any]:
    return _plain(asdict(job), ())


def _rollout(coordinator: OtaCoordinator, rollout: Rollout) -> dict[str, Any]:
    verified, failed = coordinator.engine.rollouts.counts(rollout)
    decision = coordinator.engine.rollouts.decision(rollout)
    counts = {"verified": verified, "failed": failed, "gate": decision.verdict.value, "why": decision.reason}
    return _plain(asdict(rollout), ("population",)) | counts


def _plain(data: dict[str, Any], without: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in without}
