"""Actions for rollouts."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from homeassistant.core import ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..data import OtaConfigEntry
from ..rollout.comparison import Interval, compare
from ..rollout.errors import RolloutError
from ..rollout.plan import Mode, Target
from ..rollout.rollout_manager import RolloutManager
from ..rollout.simulation import Behavior, Simulation, World
from ..serialization import rollout_as_dict
from .action import Action, ActionFunction
from .schema import LIST, PLAN, SECONDS, SHARE, build_rollout

_ROLLOUT: Final = {vol.Required("rollout"): cv.string}


async def _create(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    hub = entry.runtime_data.hub
    rollout = hub.engine.rollouts.create(build_rollout(data, hub.now), hub.now)
    members = hub.state.membership(rollout)
    waves: list[Any] = [len(members.members(number)) for number in range(len(rollout.waves))]
    return {"rollout": rollout.rollout_id, "devices": len(members.wave_of), "waves": waves}


async def _simulate(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    """Simulate the plan with a release that fails with the given probabilities."""
    plan = build_rollout(data, 0.0)
    behavior = Behavior(**data.get("behavior", data.get(_FORMER_BEHAVIOR, {})))
    world = World(devices=data["fleet_size"])

    def run() -> dict[str, Any]:
        waves = tuple(replace(wave, not_before=None, devices=(), groups=()) for wave in plan.waves)
        rollout = replace(plan, waves=waves, target=Target(), mode=Mode.AUTOMATIC)
        result = Simulation(rollout, behavior, world).run(data["hours"])
        return {**asdict(result), "status": result.status.value, "broken_share": result.broken_share}

    return await entry.runtime_data.hub.hass.async_add_executor_job(run)


def _operation(operation: Callable[[RolloutManager, str, float], Any]) -> ActionFunction:
    async def run(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
        hub = entry.runtime_data.hub
        operation(hub.engine.rollouts, data["rollout"], hub.now)
        return None

    return run


async def _retry(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    hub = entry.runtime_data.hub
    retried: list[Any] = [*hub.engine.rollouts.retry(data["rollout"], hub.now, data.get("devices"))]
    return {"devices": retried}


async def _rollback(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    hub = entry.runtime_data.hub
    impossible: list[Any] = [*hub.engine.rollouts.rollback(data["rollout"], hub.now)]
    return {"impossible": impossible}


async def _compare(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    hub = entry.runtime_data.hub
    rollout = hub.engine.rollouts.get(data["rollout"])
    if len(rollout.versions) != 2:
        raise RolloutError("not_two_versions", rollout=rollout.name)
    first, second = rollout.versions
    result = compare((first, second), hub.state.jobs_in(rollout.rollout_id))
    return {
        "versions": [asdict(arm) for arm in result.arms],
        "failure_rate": _interval(result.failure_rate),
        "reboots": _interval(result.reboots),
        "metrics": {name: _interval(interval) for name, interval in result.metrics.items()},
    }


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    return {**asdict(interval), "significant": interval.significant}


async def _list(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    hub = entry.runtime_data.hub
    return {"rollouts": [rollout_as_dict(hub, rollout) for rollout in hub.state.rollouts.values()]}


_BEHAVIOR: Final = vol.Schema(
    {vol.Optional(name): SHARE for name in ("fails", "bricks", "late")} | {vol.Optional("late_s"): SECONDS}
)
_FORMER_BEHAVIOR: Final = "behaviour"
"""The former name of the field; automations that use it keep working."""

ROLLOUT_ACTIONS: Final = {
    "abort": Action(_ROLLOUT, _operation(lambda rollouts, rollout, now: rollouts.abort(rollout, now))),
    "compare": Action(_ROLLOUT, _compare, SupportsResponse.ONLY),
    "create_rollout": Action(PLAN, _create, SupportsResponse.OPTIONAL),
    "list_rollouts": Action({}, _list, SupportsResponse.ONLY),
    "pause": Action(_ROLLOUT, _operation(lambda rollouts, rollout, _: rollouts.pause(rollout))),
    "promote": Action(_ROLLOUT, _operation(lambda rollouts, rollout, now: rollouts.promote(rollout, now))),
    "remove_rollout": Action(_ROLLOUT, _operation(lambda rollouts, rollout, _: rollouts.remove(rollout))),
    "resume": Action(_ROLLOUT, _operation(lambda rollouts, rollout, now: rollouts.resume(rollout, now))),
    "retry": Action({**_ROLLOUT, vol.Optional("devices"): LIST}, _retry, SupportsResponse.OPTIONAL),
    "rollback": Action(_ROLLOUT, _rollback, SupportsResponse.OPTIONAL),
    "simulate_rollout": Action(
        {
            **PLAN,
            vol.Required("fleet_size"): vol.All(vol.Coerce(int), vol.Range(min=1, max=10_000)),
            vol.Optional("hours", default=72.0): vol.All(vol.Coerce(float), vol.Range(min=1, max=720)),
            vol.Optional("behavior"): _BEHAVIOR,
            vol.Optional(_FORMER_BEHAVIOR): _BEHAVIOR,
        },
        _simulate,
        SupportsResponse.ONLY,
    ),
}
