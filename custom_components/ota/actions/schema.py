"""The schema of a rollout plan, and the rollout that it describes."""

from collections.abc import Mapping
from datetime import datetime
import re
import secrets
from typing import Any, Final

from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import probatio as vol

from .._lib.action_fields import date_time
from ..rollout.errors import RolloutError
from ..rollout.gate import GatePolicy
from ..rollout.job import Timeouts
from ..rollout.plan import Mode, Rollout, Target, Wave

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
LIST: Final = vol.All(cv.ensure_list, [cv.string])
_PERCENT: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=100))
SECONDS: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=31 * 86_400))
_COUNT: Final = vol.All(vol.Coerce(int), vol.Range(min=1))
SHARE: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=1))

_GATE: Final = {
    vol.Optional("coverage"): SHARE,
    vol.Optional("failure_rate"): SHARE,
    vol.Optional("failures"): _COUNT,
    vol.Optional("max_failures"): _COUNT,
    vol.Optional("min_sample"): _COUNT,
    vol.Optional("soak_s"): SECONDS,
    vol.Optional("success_rate"): SHARE,
}
_WAVE: Final = vol.Schema(
    {
        vol.Optional("percent", default=0.0): _PERCENT,
        vol.Optional("devices", default=list): LIST,
        vol.Optional("groups", default=list): LIST,
        vol.Optional("not_before"): date_time,
        vol.Optional("gate"): vol.Schema(_GATE),
    }
)
PLAN: Final = {
    vol.Required("product"): cv.string,
    vol.Required("version"): vol.All(LIST, vol.Length(min=1)),
    vol.Optional("name"): vol.All(cv.string, str.strip, vol.Length(max=255)),
    vol.Optional("rollout"): vol.All(cv.string, vol.Match(_ID.pattern + r"\Z")),
    vol.Optional("strategy", default="canary"): vol.In(["all", "canary", "waves"]),
    vol.Optional("percent", default=10.0): _PERCENT,
    vol.Optional("waves"): vol.All(cv.ensure_list, vol.Length(min=1, max=50), [_WAVE]),
    vol.Optional("shares"): vol.All(cv.ensure_list, [vol.Coerce(float)]),
    vol.Optional("devices", default=list): LIST,
    vol.Optional("groups", default=list): LIST,
    vol.Optional("tags", default=list): LIST,
    vol.Optional("models", default=list): LIST,
    vol.Optional("start"): date_time,
    vol.Optional("mode", default=Mode.AUTOMATIC.value): vol.In([mode.value for mode in Mode]),
    vol.Optional("auto_rollback", default=False): cv.boolean,
    vol.Optional("allow_without_rollback", default=False): cv.boolean,
    vol.Optional("late_joiners", default=True): cv.boolean,
    vol.Optional("max_in_flight"): _COUNT,
    vol.Optional("salt"): cv.string,
    vol.Optional("gate", default=dict): vol.Schema(_GATE),
    vol.Optional("timeouts", default=dict): vol.Schema(
        {vol.Optional(name): SECONDS for name in ("stall_s", "reboot_s", "silence_s", "stuck_s")}
    ),
}


def build_rollout(data: Mapping[str, Any], now: float) -> Rollout:
    """Return the rollout that a validated plan describes.

    Raises:
        RolloutError: `bad_waves` or `bad_arms`.
    """
    versions = tuple(data["version"])
    rollout_id = data.get("rollout") or secrets.token_hex(4)
    target = Target(**{name: tuple(data[name]) for name in ("devices", "groups", "tags", "models")})
    shares = tuple(data.get("shares") or [1.0] * len(versions))
    if min(shares, default=0) <= 0 or len(set(versions)) < len(versions):
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
        allow_without_rollback=data["allow_without_rollback"],
        late_joiners=data["late_joiners"],
        max_in_flight=data.get("max_in_flight"),
    )


def _waves(data: Mapping[str, Any]) -> tuple[Wave, ...]:
    start = _time(data.get("start"))
    match data["strategy"]:
        case "all":
            return (Wave(percent=100, not_before=start),)
        case "canary" if not data["percent"]:
            raise RolloutError("bad_waves")
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
    """Return the Unix time; a time without zone is in the zone of Home Assistant."""
    if value is None:
        return None
    return dt_util.as_utc(value).timestamp()
