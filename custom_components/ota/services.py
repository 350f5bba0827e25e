"""Actions: rollouts, releases and devices. Administrators only."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import asdict
from datetime import datetime
import re
import secrets
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
from .rollout import releases
from .rollout.compare import Interval, compare
from .rollout.engine import Engine
from .rollout.errors import DeviceError, OtaError, RolloutError
from .rollout.gate import GatePolicy
from .rollout.job import Timeouts
from .rollout.manifest import Channel
from .rollout.models import DeviceEventKind
from .rollout.plan import Mode, Rollout, Target, Wave
from .rollout.schedule import DAYS
from .rollout.simulate import Behaviour, Simulation, World
from .rollout.versions import version_key
from .views_release import LINK_LIFE, release_json

type Action = Callable[[OtaCoordinator, Mapping[str, Any]], Awaitable[ServiceResponse]]

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_LIST: Final = vol.All(cv.ensure_list, [cv.string])
_PERCENT: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=100))
_SECONDS: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=31 * 86_400))
_COUNT: Final = vol.All(vol.Coerce(int), vol.Range(min=1))
_SHARE: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=1))

_GATE: Final = {
    vol.Optional("coverage"): _SHARE,
    vol.Optional("failure_rate"): _SHARE,
    vol.Optional("failures"): _COUNT,
    vol.Optional("max_failures"): _COUNT,
    vol.Optional("min_sample"): _COUNT,
    vol.Optional("soak_s"): _SECONDS,
    vol.Optional("success_rate"): _SHARE,
}
_WAVE: Final = vol.Schema(
    {
        vol.Optional("percent", default=0.0): _PERCENT,
        vol.Optional("devices", default=list): _LIST,
        vol.Optional("groups", default=list): _LIST,
        vol.Optional("not_before"): cv.datetime,
        vol.Optional("gate"): vol.Schema(_GATE),
    }
)
_PLAN: Final = {
    vol.Required("product"): cv.string,
    vol.Required("version"): _LIST,
    vol.Optional("name"): cv.string,
    vol.Optional("rollout"): vol.All(cv.string, vol.Match(_ID.pattern + r"\Z")),
    vol.Optional("strategy", default="canary"): vol.In(["all", "canary", "waves"]),
    vol.Optional("percent", default=10.0): _PERCENT,
    vol.Optional("waves"): vol.All(cv.ensure_list, vol.Length(min=1, max=50), [_WAVE]),
    vol.Optional("shares"): vol.All(cv.ensure_list, [vol.Coerce(float)]),
    vol.Optional("devices", default=list): _LIST,
    vol.Optional("groups", default=list): _LIST,
    vol.Optional("tags", default=list): _LIST,
    vol.Optional("models", default=list): _LIST,
    vol.Optional("start"): cv.datetime,
    vol.Optional("mode", default=Mode.AUTOMATIC.value): vol.In([mode.value for mode in Mode]),
    vol.Optional("auto_rollback", default=False): cv.boolean,
    vol.Optional("late_joiners", default=True): cv.boolean,
    vol.Optional("max_in_flight"): _COUNT,
    vol.Optional("salt"): cv.string,
    vol.Optional("gate", default=dict): vol.Schema(_GATE),
    vol.Optional("timeouts", default=dict): vol.Schema(
        {vol.Optional(name): _SECONDS for name in ("stall_s", "reboot_s", "silence_s", "stuck_s")}
    ),
}
_ROLLOUT: Final = {vol.Required("rollout"): cv.string}
_DEVICE: Final = {vol.Required("device"): cv.string}
_RELEASE: Final = {vol.Required("release"): cv.string}


def rollout_of(data: Mapping[str, Any], now: float) -> Rollout:
    """A rollout as an action describes it.

    Raises:
        RolloutError: `bad_waves` or `bad_arms`.
    """
    versions = tuple(data["version"])
    rollout_id = data.get("rollout") or secrets.token_hex(4)
    target = Target(**{name: tuple(data[name]) for name in ("devices", "groups", "tags", "models")})
    shares = tuple(data.get("shares") or [1.0] * len(versions))
    if min(shares, default=0) <= 0:
        raise RolloutError("bad_arms")
    return Rollout(
        rollout_id=rollout_id,
        name=data.get("name") or f"{data['product']} {' / '.join(versions)}",
        product=data["product"],
        versions=versions,
        shares=shares,
        target=target,
        waves=_waves(data),
        gate=GatePolicy(**data["gate"]),
        timeouts=Timeouts(**data["timeouts"]),
        mode=Mode(data["mode"]),
        salt=data.get("salt") or rollout_id,
        created=now,
        auto_rollback=data["auto_rollback"],
        late_joiners=data["late_joiners"],
        max_in_flight=data.get("max_in_flight"),
    )


def _waves(data: Mapping[str, Any]) -> tuple[Wave, ...]:
    start = _time(data.get("start"))
    match data["strategy"]:
        case "all":
            return (Wave(percent=100, not_before=start),)
        case "canary":
            return Wave(percent=data["percent"], not_before=start), Wave(percent=100)
        case _ if not data.get("waves"):
            raise RolloutError("bad_waves")
        case _:
            return tuple(_wave(raw, start if number == 0 else None) for number, raw in enumerate(data["waves"]))


def _wave(raw: Mapping[str, Any], start: float | None) -> Wave:
    return Wave(
        percent=raw["percent"],
        devices=tuple(raw["devices"]),
        groups=tuple(raw["groups"]),
        not_before=_time(raw.get("not_before")) or start,
        gate=GatePolicy(**raw["gate"]) if "gate" in raw else None,
    )


def _time(value: datetime | None) -> float | None:
    """A time without zone is Home Assistant's own."""
    if value is None:
        return None
    return dt_util.as_utc(value).timestamp()


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
        import dataclasses

        waves = tuple(dataclasses.replace(wave, not_before=None, devices=(), groups=()) for wave in plan.waves)
        rollout = dataclasses.replace(plan, waves=waves, target=Target(), mode=Mode.AUTOMATIC)
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
    "create_rollout": (_PLAN, _create, SupportsResponse.OPTIONAL),
    "device_history": (_DEVICE, _history, SupportsResponse.ONLY),
    "installer_link": (_RELEASE, _installer, SupportsResponse.ONLY),
    "list_releases": ({}, _list_releases, SupportsResponse.ONLY),
    "pause": (_ROLLOUT, _by_rollout(lambda e, r, _: e.rollouts.pause(r)), SupportsResponse.NONE),
    "promote": (_ROLLOUT, _by_rollout(lambda e, r, now: e.rollouts.promote(r, now)), SupportsResponse.NONE),
    "remove_device": (_DEVICE, _remove_device, SupportsResponse.NONE),
    "remove_release": (_RELEASE, _remove_release, SupportsResponse.NONE),
    "remove_rollout": (_ROLLOUT, _by_rollout(lambda e, r, _: e.rollouts.remove(r)), SupportsResponse.NONE),
    "resume": (_ROLLOUT, _by_rollout(lambda e, r, now: e.rollouts.resume(r, now)), SupportsResponse.NONE),
    "retry": ({**_ROLLOUT, vol.Optional("devices"): _LIST}, _retry, SupportsResponse.OPTIONAL),
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
            **_PLAN,
            vol.Required("fleet_size"): vol.All(vol.Coerce(int), vol.Range(min=1, max=10_000)),
            vol.Optional("hours", default=72.0): vol.All(vol.Coerce(float), vol.Range(min=1, max=720)),
            vol.Optional("behaviour", default=dict): vol.Schema(
                {vol.Optional(name): _SHARE for name in ("fails", "bricks", "late")}
                | {vol.Optional("late_s"): _SECONDS}
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
