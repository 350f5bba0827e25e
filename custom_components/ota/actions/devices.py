"""Actions for devices."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import probatio as vol

from .._lib.slices import in_slices
from ..const import (
    CONF_CHANNEL,
    CONF_MAY_ROLL_BACK,
    CONF_MAY_UPDATE,
    CONF_PINNED_VERSION,
    CONF_WINDOW_DAYS,
    CONF_WINDOW_END,
    CONF_WINDOW_START,
)
from ..data import OtaConfigEntry
from ..devices.policy import policy_as_dict, policy_from_data
from ..rollout.errors import DeviceError
from ..rollout.manifest import Channel
from ..rollout.models import DeviceEventKind
from ..rollout.schedule import DAYS
from ..rollout.versions import version_key
from ..serialization import device_as_dict
from .action import Action

_DEVICE: Final = {vol.Required("device"): cv.string}


async def _assign(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    hub = entry.runtime_data.hub
    job = hub.engine.install(data["device"], data["version"], hub.now)
    return {"job": str(job.job_id)}


async def _cancel(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    hub = entry.runtime_data.hub
    hub.engine.cancel(data["device"], hub.now)
    return None


async def _rotate_key(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    """Create new secrets for a device; for a fleet's device only the URL, because its provider manages its key."""
    hub, keys = entry.runtime_data.hub, entry.runtime_data.keys
    device = hub.engine.device(data["device"])
    issued = await keys.async_issue(device.uid, dt_util.utcnow(), header=device.fleet is None)
    hub.engine.log_event(device.uid, hub.now, DeviceEventKind.KEY, "rotated")
    response: dict[str, Any] = {"url_path": f"/api/ota/d/{issued.url_token}/"}
    return {**response, "key": issued.key} if issued.key else response


async def _history(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    device = entry.runtime_data.hub.engine.device(data["device"])
    return {
        "device": device.uid,
        "events": [
            {
                "at": dt_util.utc_from_timestamp(event.at).isoformat(),
                "kind": event.kind.value,
                "version": event.version,
                "detail": event.detail,
            }
            for event in device.history
        ],
    }


async def _list(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    """List the devices, in slices because the offers of a thousand devices take long."""
    hub = entry.runtime_data.hub
    listed: list[Any] = [
        device_as_dict(hub, device)
        async for device in in_slices(hub.state.devices.values())
        if data.get("product") in (None, device.product) and data.get("group") in (None, device.group)
    ]
    return {"devices": listed}


async def _set_policy(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    """Change the update policy of a device; omitted fields keep their value, an empty text removes a restriction."""
    hub = entry.runtime_data.hub
    device = hub.engine.device(data["device"])
    changes = {name: value for name, value in data.items() if name != "device"}
    subentry = entry.subentries.get(entry.runtime_data.devices.subentries.get(device.uid, ""))
    before = policy_as_dict(device.policy) if subentry is None else dict(subentry.data)
    after = {name: value for name, value in {**before, **changes}.items() if value not in ("", None, [])}
    if bool(after.get(CONF_WINDOW_START)) != bool(after.get(CONF_WINDOW_END)):
        raise DeviceError("bad_window")
    policy = policy_from_data(after)
    if policy.pinned_version is not None:
        version_key(policy.pinned_version)
    if subentry is None:
        hub.engine.set_policy(device.uid, policy)
    else:
        hub.hass.config_entries.async_update_subentry(entry, subentry, data=after)
    return None


async def _remove(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    """Remove a device of a fleet that its provider no longer lists."""
    fleets = entry.runtime_data.fleets
    device = entry.runtime_data.hub.engine.device(data["device"])
    fleet = fleets.get(device.fleet)
    if device.fleet is None or (fleet is not None and device.device_id in fleet.devices()):
        raise DeviceError("still_there", device=device.name)
    await fleets.async_remove(device.uid)
    return None


DEVICE_ACTIONS: Final = {
    "assign": Action({**_DEVICE, vol.Required("version"): cv.string}, _assign, SupportsResponse.OPTIONAL),
    "cancel": Action(_DEVICE, _cancel),
    "device_history": Action(_DEVICE, _history, SupportsResponse.ONLY),
    "list_devices": Action(
        {vol.Optional("product"): cv.string, vol.Optional("group"): cv.string}, _list, SupportsResponse.ONLY
    ),
    "remove_device": Action(_DEVICE, _remove),
    "rotate_key": Action(_DEVICE, _rotate_key, SupportsResponse.ONLY),
    "set_policy": Action(
        {
            **_DEVICE,
            vol.Optional(CONF_MAY_UPDATE): cv.boolean,
            vol.Optional(CONF_MAY_ROLL_BACK): cv.boolean,
            vol.Optional(CONF_CHANNEL): vol.In([channel.value for channel in Channel]),
            vol.Optional(CONF_PINNED_VERSION): cv.string,
            vol.Optional(CONF_WINDOW_START): cv.string,
            vol.Optional(CONF_WINDOW_END): cv.string,
            vol.Optional(CONF_WINDOW_DAYS): vol.All(cv.ensure_list, [vol.In(DAYS)]),
        },
        _set_policy,
    ),
}
