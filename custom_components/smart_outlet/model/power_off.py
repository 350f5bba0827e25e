"""The emergency power-off: every socket is switched off at once, and each confirmation is tracked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from .._lib.commands import CommandStatus
from .commands import SOCKETS, QueuedCommand, has_failed

CONFIRM_WITHIN_S = 15.0
"""A socket that has not confirmed by then counts as unreachable; its command stays queued."""

type SocketId = tuple[str, str]
"""Device ID and socket letter."""


class SocketResult(StrEnum):
    """State of a socket in an emergency power-off."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNREACHABLE = "unreachable"
    PROTECTED = "protected"


@dataclass(slots=True)
class EmergencyPowerOff:
    """One emergency power-off of a hub's sockets.

    Attributes:
        id: Unique.
        started: Seconds of the clock.
        deadline: Time at which pending sockets become unreachable.
        sockets: Result by socket.
        finished: Time from which no socket is pending, None until then.
        was_on: Sockets that were on and have not been switched on again by a restore.
    """

    id: str
    started: float
    deadline: float
    sockets: dict[SocketId, SocketResult] = field(default_factory=dict)
    finished: float | None = None
    was_on: tuple[SocketId, ...] = ()

    @property
    def restorable(self) -> tuple[SocketId, ...]:
        """Return the sockets that were switched off and can be switched on again; none while it is in progress."""
        if self.finished is None:
            return ()
        return tuple(target for target in self.was_on if target in self.sockets)

    def forget_restored(self, sockets: Iterable[str]) -> None:
        """Remember that sockets (``FE/a``) were switched on again."""
        restored = set(sockets)
        self.was_on = tuple(target for target in self.was_on if "/".join(target) not in restored)

    def blocks(self, device_id: str, socket: str | None) -> bool:
        """Return whether a socket must not be switched on now."""
        if self.finished is not None or socket is None:
            return False
        return self.sockets.get((device_id, socket), SocketResult.PROTECTED) is not SocketResult.PROTECTED

    def on_command(self, command: QueuedCommand) -> None:
        """Update the result of a socket from the status of its command."""
        payload = command.payload
        if payload.power_off_id != self.id or payload.request.socket is None:
            return
        target = (payload.device_id, payload.request.socket)
        if command.status is CommandStatus.CONFIRMED:
            self.sockets[target] = SocketResult.CONFIRMED
        elif has_failed(command):
            self.sockets[target] = SocketResult.UNREACHABLE

    def finish_if_done(self, now: float) -> bool:
        """Finish once no socket is pending or the deadline has passed; return True if it finished in this call."""
        if self.finished is not None:
            return False
        if now >= self.deadline:
            for target in self.sockets_with(SocketResult.PENDING):
                self.sockets[target] = SocketResult.UNREACHABLE
        if self.sockets_with(SocketResult.PENDING):
            return False
        self.finished = now
        return True

    def sockets_with(self, result: SocketResult) -> list[SocketId]:
        """Return the sockets with a result."""
        return [target for target, current in self.sockets.items() if current is result]

    def remove_outlet(self, device_id: str) -> None:
        """Drop the sockets of a removed outlet."""
        self.sockets = {target: result for target, result in self.sockets.items() if target[0] != device_id}

    def report(self) -> dict[str, Any]:
        """Return the response of the action: sockets (``FE/a``) by result."""
        by_result: dict[str, Any] = {
            result.value: [f"{device_id}/{socket}" for device_id, socket in self.sockets_with(result)]
            for result in SocketResult
        }
        return {"id": self.id, "finished": self.finished is not None} | by_result

    def as_dict(self, to_wall: Callable[[float], float]) -> dict[str, Any]:
        """Return the stored form, with times in UTC."""
        return {
            "id": self.id,
            "started": to_wall(self.started),
            "sockets": [[*target, result.value] for target, result in self.sockets.items()],
            "finished": None if self.finished is None else to_wall(self.finished),
            "was_on": [list(target) for target in self.was_on],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], now: float) -> Self:
        """Restore from the stored form; an interrupted power-off gets the whole confirmation time again."""
        sockets = {(device_id, socket): SocketResult(result) for device_id, socket, result in data["sockets"]}
        was_on = tuple((device_id, socket) for device_id, socket in data.get("was_on", ()))
        return cls(data["id"], data["started"], now + CONFIRM_WITHIN_S, sockets, data["finished"], was_on)


def initial_results(
    outlets: Iterable[tuple[str, frozenset[str], bool]], *, include_protected: bool
) -> dict[SocketId, SocketResult]:
    """Return the sockets of a new power-off with their first result.

    Args:
        outlets: Device ID, protected sockets and whether the outlet is reachable.
        include_protected: Switch off protected sockets too.
    """
    sockets: dict[SocketId, SocketResult] = {}
    for device_id, protected, reachable in outlets:
        for socket in SOCKETS:
            if socket in protected and not include_protected:
                result = SocketResult.PROTECTED
            else:
                result = SocketResult.PENDING if reachable else SocketResult.UNREACHABLE
            sockets[device_id, socket] = result
    return sockets
