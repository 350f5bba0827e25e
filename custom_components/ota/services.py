"""Actions: rollouts, releases and devices. Administrators only."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import probatio as vol

from .const import (
    CONF_CHANNEL,
    CONF_MAY_ROLL_BACK,
    CONF_MAY_UPDATE,
    CONF_PINNED_VERSION,
    CONF_WINDOW_DAYS,
    CONF_WINDOW_END,
    CONF_WINDOW_START,
    DOMAIN,
)
from .coordinator import OtaCoordinator
from .devices import policy_data, policy_of
from .helpers import translated
from .joining import drop_own
from .listings import device_json, rollout_json
from .plans import LIST, PLAN, SECONDS, SHARE, rollout_of
from .rollout import releases
from .rollout.compare import Interval, compare
from .rollout.engine import Engine
from .rollout.errors import DeviceError, OtaError, RolloutError
from .rollout.manifest import Channel
from .rollout.models import DeviceEventKind
from .rollout.plan import Mode, Target
from .rollout.schedule import DAYS
from .rollout.simulate import Behaviour, Simulation, World
from .rollout.versions import version_key
from .views_release import LINK_LIFE, release_json

type Action = Callable[[OtaCoordinator, Mapping[str, Any]], Awaitable[ServiceResponse]]

LISTED_AT_ONCE: Final = 20

_ROLLOUT: Final = {vol.Required("rollout"): cv.string}
_DEVICE: Final = {vol.Required("device"): cv.string}
_RELEASE: Final = {vol.Required("release"): cv.string}


async def _create(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    rollout = coordinator.engine.rollouts.create(rollout_of(data, coordinator.now), coordinator.now)
    members = coordinator.state.membership(rollout)
    waves: list[Any] = [len(members.members(number)) for number in range(len(rollout.waves))]
    return {"rollout": rollout.rollout_id, "devices": len(members.wave_of), "waves": waves}


async def _simulate(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    """Run the plan in fast time with a release that fails as said."""
    plan = rollout_of(data, 0.0)
    behaviour = Behaviour(**data["behaviour"])
    world = World(devices=data["fleet_size"])

    def run() -> dict[str, Any]:
        waves = tuple(replace(wave, not_before=None, devices=(), groups=()) for wave in plan.waves)
        rollout = replace(plan, waves=waves, target=Target(), mode=Mode.AUTOMATIC)
        result = Simulation(rollout, behaviour, world).run(data["hours"])
        return {**asdict(result), "status": result.status.value, "broken_share": result.broken_share}

    return await coordinator.hass.async_add_executor_job(run)


def _by_rollout(operation: Callable[[Engine, str, float], Any]) -> Action:
    async def act(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
        operation(coordinator.engine, data["rollout"], coordinator.now)
        return None

    return act


async def _retry(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    again: list[Any] = [*coordinator.engine.rollouts.retry(data["rollout"], coordinator.now, data.get("devices"))]
    return {"devices": again}


async def _rollback(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    impossible: list[Any] = [*coordinator.engine.rollouts.rollback(data["rollout"], coordinator.now)]
    return {"impossible": impossible}


async def _compare(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    rollout = coordinator.engine.rollouts.get(data["rollout"])
    if len(rollout.versions) != 2:
        raise RolloutError("not_two_versions", rollout=rollout.name)
    first, second = rollout.versions
    found = compare((first, second), coordinator.state.jobs_in(rollout.rollout_id))
    return {
        "versions": [asdict(arm) for arm in found.arms],
        "failure_rate": _interval(found.failure_rate),
        "reboots": _interval(found.reboots),
        "metrics": {name: _interval(interval) for name, interval in found.metrics.items()},
    }


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    return {**asdict(interval), "significant": interval.significant}


async def _assign(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    job = coordinator.engine.install(data["device"], data["version"], coordinator.now)
    return {"job": str(job.job_id)}


async def _cancel(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    coordinator.engine.cancel(data["device"], coordinator.now)
    return None


async def _rotate(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    """New secrets for a device; for one of a fleet only the URL, its key is its provider's."""
    device = coordinator.engine.device(data["device"])
    issued = await coordinator.keys.async_issue(device.uid, dt_util.utcnow(), header=device.fleet is None)
    coordinator.engine.note(device.uid, coordinator.now, DeviceEventKind.KEY, "rotated")
    reply: dict[str, Any] = {"url_path": f"/api/ota/d/{issued.url_token}/"}
    return {**reply, "key": issued.key} if issued.key else reply


async def _history(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    device = coordinator.engine.device(data["device"])
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


async def _list_devices(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    """In slices: what a thousand devices are offered is not said in one turn of the loop."""
    listed: list[Any] = []
    for number, device in enumerate(list(coordinator.state.devices.values())):
        if data.get("product") in (None, device.product) and data.get("group") in (None, device.group):
            listed.append(device_json(coordinator, device))
        if number % LISTED_AT_ONCE == LISTED_AT_ONCE - 1:
            await asyncio.sleep(0)
    return {"devices": listed}


async def _list_rollouts(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    return {"rollouts": [rollout_json(coordinator, rollout) for rollout in coordinator.state.rollouts.values()]}


async def _set_policy(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    """Change what a device may; what is left out stays, an empty text takes a limit away."""
    device = coordinator.engine.device(data["device"])
    changes = {name: value for name, value in data.items() if name != "device"}
    subentry = coordinator.entry.subentries.get(coordinator.subentries.get(device.uid, ""))
    before = policy_data(device.policy) if subentry is None else dict(subentry.data)
    after = {name: value for name, value in {**before, **changes}.items() if value not in ("", None, [])}
    policy = policy_of(after)
    if policy.pinned_version is not None:
        version_key(policy.pinned_version)
    if subentry is None:
        coordinator.engine.set_policy(device.uid, policy)
    else:
        coordinator.hass.config_entries.async_update_subentry(coordinator.entry, subentry, data=after)
    return None


async def _remove_device(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    """Forget a device of a fleet that its provider does not offer any more."""
    device = coordinator.engine.device(data["device"])
    fleet = coordinator.fleets.get(device.fleet)
    if device.fleet is None or (fleet is not None and device.device_id in fleet.devices()):
        raise DeviceError("still_there", device=device.name)
    coordinator.engine.remove(device.uid)
    await coordinator.keys.async_drop(device.uid)
    drop_own(coordinator.hass, coordinator.entry, device.uid)
    return None


async def _list_releases(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    return {"releases": [release_json(release) for release in coordinator.state.releases.values()]}


async def _withdraw(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    releases.withdraw(coordinator.state, data["release"])
    return None


async def _remove_release(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    releases.remove(coordinator.state, data["release"])
    await coordinator.async_clean()
    return None


async def _installer(coordinator: OtaCoordinator, data: Mapping[str, Any]) -> ServiceResponse:
    """A link for ESP Web Tools, good for an hour."""
    release = releases.get(coordinator.state, data["release"])
    path = async_sign_path(coordinator.hass, f"/api/ota/web/{release.release_id}/manifest.json", LINK_LIFE)
    return {"path": path}


_ACTIONS: Final[dict[str, tuple[dict[Any, Any], Action, SupportsResponse]]] = {
    "abort": (_ROLLOUT, _by_rollout(lambda e, r, now: e.rollouts.abort(r, now)), SupportsResponse.NONE),
    "assign": ({**_DEVICE, vol.Required("version"): cv.string}, _assign, SupportsResponse.OPTIONAL),
    "cancel": (_DEVICE, _cancel, SupportsResponse.NONE),
    "compare": (_ROLLOUT, _compare, SupportsResponse.ONLY),
    "create_rollout": (PLAN, _create, SupportsResponse.OPTIONAL),
    "device_history": (_DEVICE, _history, SupportsResponse.ONLY),
    "installer_link": (_RELEASE, _installer, SupportsResponse.ONLY),
    "list_devices": (
        {vol.Optional("product"): cv.string, vol.Optional("group"): cv.string},
        _list_devices,
        SupportsResponse.ONLY,
    ),
    "list_releases": ({}, _list_releases, SupportsResponse.ONLY),
    "list_rollouts": ({}, _list_rollouts, SupportsResponse.ONLY),
    "pause": (_ROLLOUT, _by_rollout(lambda e, r, _: e.rollouts.pause(r)), SupportsResponse.NONE),
    "promote": (_ROLLOUT, _by_rollout(lambda e, r, now: e.rollouts.promote(r, now)), SupportsResponse.NONE),
    "remove_device": (_DEVICE, _remove_device, SupportsResponse.NONE),
    "remove_release": (_RELEASE, _remove_release, SupportsResponse.NONE),
    "remove_rollout": (_ROLLOUT, _by_rollout(lambda e, r, _: e.rollouts.remove(r)), SupportsResponse.NONE),
    "resume": (_ROLLOUT, _by_rollout(lambda e, r, now: e.rollouts.resume(r, now)), SupportsResponse.NONE),
    "retry": ({**_ROLLOUT, vol.Optional("devices"): LIST}, _retry, SupportsResponse.OPTIONAL),
    "rollback": (_ROLLOUT, _rollback, SupportsResponse.OPTIONAL),
    "rotate_key": (_DEVICE, _rotate, SupportsResponse.ONLY),
    "set_policy": (
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
        SupportsResponse.NONE,
    ),
    "simulate_rollout": (
        {
            **PLAN,
            vol.Required("fleet_size"): vol.All(vol.Coerce(int), vol.Range(min=1, max=10_000)),
            vol.Optional("hours", default=72.0): vol.All(vol.Coerce(float), vol.Range(min=1, max=720)),
            vol.Optional("behaviour", default=dict): vol.Schema(
                {vol.Optional(name): SHARE for name in ("fails", "bricks", "late")} | {vol.Optional("late_s"): SECONDS}
            ),
        },
        _simulate,
        SupportsResponse.ONLY,
    ),
    "withdraw_release": (_RELEASE, _withdraw, SupportsResponse.NONE),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, (schema, action, response) in _ACTIONS.items():
        hass.services.async_register(
            DOMAIN, name, _handler(hass, action), schema=vol.Schema(schema), supports_response=response
        )


def _handler(hass: HomeAssistant, action: Action) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        await _async_require_admin(hass, call)
        coordinator = _coordinator(hass)
        try:
            response = await action(coordinator, call.data)
        except OtaError as err:
            raise translated(err) from err
        finally:
            await coordinator.async_settle()
        return response

    return handle


async def _async_require_admin(hass: HomeAssistant, call: ServiceCall) -> None:
    """Automations have no user; a user has to be an administrator."""
    if call.context.user_id is None:
        return
    user: User | None = await hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    if not user.is_admin:
        raise Unauthorized(context=call.context)


def _coordinator(hass: HomeAssistant) -> OtaCoordinator:
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        found: OtaCoordinator = entry.runtime_data
        return found
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_loaded")
