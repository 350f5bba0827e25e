"""Raises and clears the alerts of outlets, the main breaker, commands and the emergency power-off."""

from .alerts import HUB_SOURCE, AlertLog, AlertMessage, AlertSource, AlertType, MessageCode, MessageValues
from .commands import CommandName, FailureReason, OutletCommands, QueuedCommand, failure_reason
from .hub_state import HubSettings
from .outlet import Outlet
from .power_off import EmergencyPowerOff, SocketResult

MISMATCH_AFTER_S = 10.0
"""An outlet that draws more than the threshold for this long without tripping uses another threshold."""


def check_outlet(outlet: Outlet, commands: OutletCommands, alerts: AlertLog, now: float) -> None:
    """Raise and clear the alerts of an outlet after its report.

    A current that could not be read neither raises nor clears an alert, also where none was read since the start.
    """
    device_id = outlet.device_id
    for letter in outlet.sockets:
        _check_socket_overload(outlet, letter, alerts, now)
        _check_socket_threshold(outlet, letter, alerts, now)
    _check_unnamed_overload(outlet, alerts, now)
    alerts.update(AlertType.OFFLINE, AlertSource(device_id), now, None)
    alerts.update(
        AlertType.THRESHOLD_MISMATCH,
        AlertSource(device_id),
        now,
        _threshold_mismatch(outlet, commands, now),
        value=outlet.device_threshold,
        limit=outlet.threshold,
    )


def _check_socket_overload(outlet: Outlet, letter: str, alerts: AlertLog, now: float) -> None:
    socket = outlet.sockets[letter]
    if socket.raw_ma is None:
        return
    message = None
    if socket.is_tripped:
        values: MessageValues = {"outlet": outlet.settings.name, "socket": letter.upper()}
        message = AlertMessage(MessageCode.SOCKET_OVERLOAD, values)
    alerts.update(AlertType.OVERLOAD, AlertSource(outlet.device_id, letter), now, message)


def _check_socket_threshold(outlet: Outlet, letter: str, alerts: AlertLog, now: float) -> None:
    current_ma, limit = outlet.sockets[letter].current_ma, outlet.threshold
    if current_ma is None and not outlet.sockets[letter].is_tripped:
        return
    message = None
    if outlet.is_over_threshold(letter):
        values: MessageValues = {
            "outlet": outlet.settings.name,
            "socket": letter.upper(),
            "current_ma": current_ma,
            "threshold_ma": limit,
        }
        message = AlertMessage(MessageCode.THRESHOLD_EXCEEDED, values)
    source = AlertSource(outlet.device_id, letter)
    alerts.update(AlertType.THRESHOLD, source, now, message, value=current_ma, limit=limit)


def _check_unnamed_overload(outlet: Outlet, alerts: AlertLog, now: float) -> None:
    """Raise and clear the alert of an outlet that reports a trip, but not which socket tripped."""
    is_unnamed = outlet.is_overload and not any(
        socket.is_tripped or alerts.is_active(AlertType.OVERLOAD, AlertSource(outlet.device_id, letter))
        for letter, socket in outlet.sockets.items()
    )
    message = AlertMessage(MessageCode.OUTLET_OVERLOAD, {"outlet": outlet.settings.name}) if is_unnamed else None
    alerts.update(AlertType.OVERLOAD, AlertSource(outlet.device_id), now, message)


def _threshold_mismatch(outlet: Outlet, commands: OutletCommands, now: float) -> AlertMessage | None:
    values: MessageValues = {"outlet": outlet.settings.name, "threshold_ma": outlet.threshold}
    over = any(outlet.is_over_threshold(letter) and socket.relay for letter, socket in outlet.sockets.items())
    if not over or outlet.is_overload:
        outlet.over_threshold_since = None
    elif outlet.over_threshold_since is None:
        outlet.over_threshold_since = now
    if commands.open_for(outlet.device_id, CommandName.SET_THRESHOLD) is not None:
        return None
    if outlet.device_threshold is not None:
        outlet.threshold_not_delivered = False
        if outlet.device_threshold == outlet.threshold:
            return None
        return AlertMessage(MessageCode.THRESHOLD_DIFFERS, {**values, "device_threshold_ma": outlet.device_threshold})
    if outlet.threshold_not_delivered:
        return AlertMessage(MessageCode.THRESHOLD_NOT_DELIVERED, values)
    if outlet.over_threshold_since is not None and now - outlet.over_threshold_since >= MISMATCH_AFTER_S:
        return AlertMessage(MessageCode.OUTLET_DOES_NOT_TRIP, values)
    return None


def check_main_current(
    hub_name: str, current_ma: int | None, threshold_ma: int | None, alerts: AlertLog, now: float
) -> None:
    """Raise and clear the alert of the main current threshold (0 or None: no threshold)."""
    message = None
    if threshold_ma and current_ma is not None and current_ma > threshold_ma:
        values: MessageValues = {"hub": hub_name, "current_ma": current_ma, "threshold_ma": threshold_ma}
        message = AlertMessage(MessageCode.MAIN_THRESHOLD_EXCEEDED, values)
    alerts.update(AlertType.MAIN_THRESHOLD, HUB_SOURCE, now, message, value=current_ma, limit=threshold_ma)


def raise_command_failed(command: QueuedCommand, outlet: Outlet, alerts: AlertLog, now: float) -> None:
    """Raise the alert of a failed command; an emergency power-off has an alert of its own."""
    request, reason = command.payload.request, failure_reason(command)
    if command.payload.power_off_id is not None:
        return
    values: MessageValues = {
        "outlet": outlet.settings.name,
        "command": request.name.value,
        "socket": request.socket,
        "value": request.value,
        "reason": reason.value,
        "detail": command.reason if reason is FailureReason.REFUSED and command.reason != reason else None,
    }
    source = AlertSource(outlet.device_id, request.socket)
    alerts.raise_momentary(AlertType.COMMAND_FAILED, source, now, AlertMessage(MessageCode.COMMAND_FAILED, values))


def raise_power_off_incomplete(hub_name: str, power_off: EmergencyPowerOff, alerts: AlertLog, now: float) -> None:
    """Raise the alert of unreachable sockets after an emergency power-off."""
    if unreachable := power_off.sockets_with(SocketResult.UNREACHABLE):
        sockets = ", ".join(f"{device_id}/{socket}" for device_id, socket in unreachable)
        message = AlertMessage(MessageCode.POWER_OFF_INCOMPLETE, {"hub": hub_name, "sockets": sockets})
        alerts.raise_momentary(AlertType.POWER_OFF_INCOMPLETE, HUB_SOURCE, now, message)


def raise_offline(alerts: AlertLog, source: AlertSource, settings: HubSettings, name: str, now: float) -> None:
    """Raise the alert of a hub or outlet that is offline."""
    message = AlertMessage(MessageCode.OFFLINE, {"device": name, "timeout_s": settings.offline_after_s})
    alerts.update(AlertType.OFFLINE, source, now, message)
