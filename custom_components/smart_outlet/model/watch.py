"""Which alerts an outlet's and a hub's state give reason for."""

from .alerts import HUB, AlertKind, AlertLog, Place
from .commands import CommandName, CommandQueue
from .outlet import Outlet

MISMATCH_EVIDENCE_S = 10.0
"""An outlet that draws more than the threshold for so long without tripping has another threshold than we
think.
"""


def watch_outlet(outlet: Outlet, queue: CommandQueue, alerts: AlertLog, now: float) -> None:
    """Raise and clear the alerts of an outlet that has just reported."""
    name, device_id = outlet.config.name, outlet.device_id
    for letter, socket in outlet.sockets.items():
        place = Place(device_id, letter)
        told = f"{name}: socket {letter.upper()} tripped on overload" if socket.tripped else None
        alerts.update(AlertKind.OVERLOAD, place, now, told)
        told, over = None, outlet.over_threshold(letter)
        if over:
            told = f"{name}: socket {letter.upper()} draws {socket.current_ma} mA, over {outlet.threshold} mA"
        alerts.update(AlertKind.THRESHOLD, place, now, told, value=socket.current_ma, limit=outlet.threshold)
    # The outlet says that it tripped but not which socket.
    unnamed = outlet.is_overload and not any(socket.tripped for socket in outlet.sockets.values())
    told = f"{name}: tripped on overload" if unnamed else None
    alerts.update(AlertKind.OVERLOAD, Place(device_id), now, told)
    alerts.update(AlertKind.OFFLINE, Place(device_id), now, None)
    alerts.update(
        AlertKind.THRESHOLD_MISMATCH,
        Place(device_id),
        now,
        _mismatch(outlet, queue, now),
        value=outlet.device_threshold,
        limit=outlet.threshold,
    )


def _mismatch(outlet: Outlet, queue: CommandQueue, now: float) -> str | None:
    """The message of a threshold mismatch, None where nothing speaks for one."""
    name = outlet.config.name
    over = any(outlet.over_threshold(letter) and socket.relay for letter, socket in outlet.sockets.items())
    if not over or outlet.is_overload:
        outlet.over_since = None
    elif outlet.over_since is None:
        outlet.over_since = now
    if queue.open_for(outlet.device_id, CommandName.SET_THRESHOLD) is not None:
        return None
    if outlet.device_threshold is not None:
        outlet.threshold_failed = False
        if outlet.device_threshold == outlet.threshold:
            return None
        return f"{name}: trips at {outlet.device_threshold} mA, Home Assistant expects {outlet.threshold} mA"
    if outlet.threshold_failed:
        return f"{name}: the threshold of {outlet.threshold} mA did not reach the outlet"
    if outlet.over_since is not None and now - outlet.over_since >= MISMATCH_EVIDENCE_S:
        return f"{name}: draws more than {outlet.threshold} mA and does not trip"
    return None


def watch_main(current_ma: int | None, threshold_ma: int | None, alerts: AlertLog, now: float) -> None:
    """Raise and clear the alert of the main threshold (0 or None: no threshold)."""
    over = bool(threshold_ma) and current_ma is not None and current_ma > (threshold_ma or 0)
    told = f"Main: {current_ma} mA, over {threshold_ma} mA" if over else None
    alerts.update(AlertKind.MAIN_THRESHOLD, HUB, now, told, value=current_ma, limit=threshold_ma)
