"""Diagnostics without keys, hashes of keys and secret URLs."""

from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant

from .const import CONF_LOCATION
from .data import OtaConfigEntry, OtaData
from .hub import OtaHub
from .rollout.models import Device
from .rollout.plan import Rollout

_MAX_DEVICES = 200


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: OtaConfigEntry) -> dict[str, Any]:
    """Return diagnostics for a config entry, also for one that is not loaded."""
    runtime_data: OtaData | None = getattr(entry, "runtime_data", None)
    subentries = [
        {"type": s.subentry_type, "data": async_redact_data(s.data, {CONF_LOCATION})} for s in entry.subentries.values()
    ]
    data: dict[str, Any] = {"options": dict(entry.options), "subentries": subentries}
    if runtime_data is None:
        return data
    hub, state = runtime_data.hub, runtime_data.hub.state
    return data | {
        "devices": [_device(runtime_data, device) for device in list(state.devices.values())[:_MAX_DEVICES]],
        "device_count": len(state.devices),
        "releases": [_without(asdict(release), ("manifest", "signature")) for release in state.releases.values()],
        "rollouts": [_rollout(hub, rollout) for rollout in state.rollouts.values()],
        "open_jobs": len(state.open),
        "sequences": state.sequences,
        "sources": list(runtime_data.sources.last_error.values()),
        "publisher": asdict(hub.publisher.counters),
    }


def _device(runtime_data: OtaData, device: Device) -> dict[str, Any]:
    hub = runtime_data.hub
    keys = runtime_data.keys.devices.get(device.uid)
    job = hub.state.job_of(device.uid)
    return {
        **_without(asdict(device), ("metadata", "attributes")),
        "offer": hub.engine.offer(device.uid, hub.now).reason.value,
        "job": asdict(job) if job else None,
        "has_key": keys is not None and keys.header.current is not None,
        "rotating": keys is not None and keys.header.previous is not None,
    }


def _rollout(hub: OtaHub, rollout: Rollout) -> dict[str, Any]:
    verified, failed = hub.engine.rollouts.counts(rollout)
    decision = hub.engine.rollouts.decision(rollout)
    counts = {"verified": verified, "failed": failed, "gate": decision.verdict.value, "why": decision.reason}
    return _without(asdict(rollout), ("population",)) | counts


def _without(data: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in keys}
