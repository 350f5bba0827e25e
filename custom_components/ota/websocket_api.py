"""WebSocket API of the rollout card: rollouts with their waves, devices and gates, and one command per operation.

Every user may watch; only administrators may change firmware.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util
import probatio as vol

from .actions.rollouts import ROLLOUT_ACTIONS
from .const import DOMAIN
from .data import OtaConfigEntry
from .error_handling import translate_error
from .hub import OtaHub
from .rollout.errors import OtaError
from .rollout.gate import Verdict, needed_devices
from .rollout.models import JobState
from .rollout.plan import Rollout, Status
from .rollout.rollout_manager import FAILURES
from .rollout.state import Event
from .rollout.versions import version_key
from .serialization import release_as_dict, rollout_as_dict

MIN_INTERVAL_S: Final = 1.0
"""Minimum time between two messages to a subscriber: each counts a whole fleet."""
MAX_ROLLOUTS: Final = 8
MAX_DEVICES: Final = 40
"""Devices of a rollout that are listed; the counts include all."""
VERBS: Final = ("abort", "pause", "promote", "resume", "retry", "rollback")
_ORDER: Final = (
    JobState.FAILED,
    JobState.ROLLED_BACK,
    JobState.DOWNLOADING,
    JobState.INSTALLING,
    JobState.REBOOTING,
    JobState.OFFERED,
    JobState.VERIFIED,
    JobState.CANCELED,
)


@callback
def async_register_commands(hass: HomeAssistant) -> None:
    """Register the commands."""
    websocket_api.async_register_command(hass, ws_subscribe)
    for verb in VERBS:
        websocket_api.async_register_command(hass, _operation(f"ota/rollout/{verb}", verb))
    websocket_api.async_register_command(hass, _operation("ota/rollout/start", "create_rollout"))


def _loaded(hass: HomeAssistant) -> OtaConfigEntry | None:
    entries: list[OtaConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return entries[0] if entries else None


def _operation(command: str, action_name: str) -> Any:
    """Return the command that runs an action."""
    action = ROLLOUT_ACTIONS[action_name]

    @websocket_api.websocket_command({vol.Required("type"): command, **action.schema})
    @websocket_api.require_admin
    @websocket_api.async_response
    async def run(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
        if (entry := _loaded(hass)) is None:
            connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, "the integration is not loaded")
            return
        try:
            response = await action.run(entry, msg)
        except OtaError as err:
            raise translate_error(err) from err
        finally:
            await entry.runtime_data.hub.async_commit()
        connection.send_result(msg["id"], response)

    return run


# The state


def overview(hub: OtaHub, *, is_admin: bool) -> dict[str, Any]:
    """Return the newest rollouts and the releases that can be rolled out."""
    newest_first = sorted(hub.state.rollouts.values(), key=_importance, reverse=True)
    return {
        "available": True,
        "is_admin": is_admin,
        "rollouts": [_rollout(hub, rollout) for rollout in newest_first[:MAX_ROLLOUTS]],
        "releases": _releases(hub),
    }


def _importance(rollout: Rollout) -> tuple[bool, float]:
    return rollout.status in (Status.SCHEDULED, Status.RUNNING, Status.PAUSED), rollout.created


def _releases(hub: OtaHub) -> list[dict[str, Any]]:
    """Return the newest release of each product and chip, with the number of its devices."""
    newest: dict[tuple[str, str], Any] = {}
    for release in hub.state.releases.values():
        if release.withdrawn:
            continue
        key = (release.product, release.chip)
        if key not in newest or version_key(release.version) > version_key(newest[key].version):
            newest[key] = release
    devices = Counter((device.product, device.chip) for device in hub.state.devices.values())
    names = ("release_id", "product", "chip", "version", "channel", "signed_by", "size")
    shown = [(key, release_as_dict(release)) for key, release in sorted(newest.items())]
    return [{**{name: release[name] for name in names}, "devices": devices[key]} for key, release in shown]


def _rollout(hub: OtaHub, rollout: Rollout) -> dict[str, Any]:
    members: Mapping[str, int] = hub.state.membership(rollout).wave_of
    return {
        **rollout_as_dict(hub, rollout),
        "wave_list": _waves(hub, rollout, Counter(members.values())),
        "gate_details": _gate(hub, rollout),
        "device_list": _devices(hub, rollout, members),
        "reasons": dict(_reasons(hub, rollout).most_common(10)),
    }


def _waves(hub: OtaHub, rollout: Rollout, sizes: Mapping[int, int]) -> list[dict[str, Any]]:
    return [
        {
            "percent": wave.percent,
            "devices": sizes.get(number, 0),
            "not_before": _time(wave.not_before),
            "states": {
                state.value: count
                for state, count in hub.state.tally.get((rollout.rollout_id, number), {}).items()
                if count > 0
            },
        }
        for number, wave in enumerate(rollout.waves)
    ]


def _gate(hub: OtaHub, rollout: Rollout) -> dict[str, Any]:
    """Return what the gate of the current wave counts, and when its soak time ends at the earliest."""
    rollouts = hub.engine.rollouts
    policy, outcome = rollouts.gate_for(rollout, rollout.wave), rollouts.outcome(rollout, rollout.wave)
    details: dict[str, Any] = {
        "members": outcome.members,
        "finished": outcome.finished,
        "confirmed": outcome.confirmed,
        "failures": outcome.failures,
        "needed": needed_devices(policy, outcome),
        "soak_s": policy.soak_s,
        "soak_ends": None,
    }
    if rollouts.decision(rollout).verdict is Verdict.WAIT:
        ends = [job.finished_at + policy.soak_s for job in rollouts.soaking(rollout) if job.finished_at is not None]
        details["soak_ends"] = _time(max(ends, default=None))
    return details


def _reasons(hub: OtaHub, rollout: Rollout) -> Counter[str]:
    jobs = hub.state.jobs_in(rollout.rollout_id)
    return Counter(job.reason or "unknown" for job in jobs if job.state in FAILURES)


def _devices(hub: OtaHub, rollout: Rollout, members: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the devices of the rollout, failed and updating ones first."""
    rows: list[tuple[int, dict[str, Any]]] = []
    for uid, wave in members.items():
        job = hub.state.job_in_rollout(rollout.rollout_id, uid)
        if job is None and wave > rollout.wave:
            continue
        device = hub.state.devices[uid]
        row = {
            "device": uid,
            "name": device.name,
            "wave": wave + 1,
            "version": device.installed_version,
            "state": job.state.value if job else None,
            "progress": job.progress if job else None,
            "reason": job.reason if job else None,
        }
        rows.append((_ORDER.index(job.state) if job else len(_ORDER), row))
    rows.sort(key=lambda item: (item[0], item[1]["name"]))
    return [row for _, row in rows[:MAX_DEVICES]]


def _time(value: float | None) -> str | None:
    return dt_util.utc_from_timestamp(value).isoformat() if value else None


# The subscription


class RolloutSubscription:
    """Sends the overview at once and after changes, also after the integration was reloaded."""

    def __init__(
        self, hass: HomeAssistant, connection: ActiveConnection, message_id: int, entry: OtaConfigEntry
    ) -> None:
        self._hass = hass
        self._connection = connection
        self._id = message_id
        self._entry = entry
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self._unsubscribe_entry: Callable[[], None] = entry.async_on_state_change(self.update)
        self._scheduled: CALLBACK_TYPE | None = None
        self._last: dict[str, Any] | None = None

    @callback
    def update(self) -> None:
        """Follow the entry as it is loaded now, and send its state."""
        self._stop_following()
        if self._entry.state is ConfigEntryState.LOADED:
            hub = self._entry.runtime_data.hub
            # The tick covers what no event does: soak times that end.
            self._unsubscribe = [hub.dispatcher.listen_events(self._on_event), hub.listen_tick(self._schedule)]
        self._send()

    @callback
    def close(self) -> None:
        """End the subscription."""
        self._stop_following()
        self._unsubscribe_entry()
        if self._scheduled is not None:
            self._scheduled()
            self._scheduled = None

    def _stop_following(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []

    @callback
    def _on_event(self, _event: Event) -> None:
        self._schedule()

    @callback
    def _schedule(self) -> None:
        if self._scheduled is None:
            self._scheduled = self._hass.loop.call_later(MIN_INTERVAL_S, self._due).cancel

    @callback
    def _due(self) -> None:
        self._scheduled = None
        self._send()

    @callback
    def _send(self) -> None:
        if self._entry.state is ConfigEntryState.LOADED:
            state = overview(self._entry.runtime_data.hub, is_admin=self._connection.user.is_admin)
        else:
            state = {"available": False}
        if state != self._last:
            self._last = state
            self._connection.send_event(self._id, state)


@websocket_api.websocket_command({vol.Required("type"): "ota/rollouts/subscribe"})
@callback
def ws_subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Send the rollouts, and again after each change."""
    entries: list[OtaConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    if not entries:
        connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, "the integration is not set up")
        return
    subscription = RolloutSubscription(hass, connection, msg["id"], entries[0])
    connection.subscriptions[msg["id"]] = subscription.close
    connection.send_result(msg["id"])
    subscription.update()
