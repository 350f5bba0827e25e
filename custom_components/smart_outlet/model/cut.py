"""Cutting all power: every socket at once, and a straight account of which of them obeyed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from .commands import Command, Status

REPORT_S = 15.0
"""A socket that has not confirmed by then counts as unreachable; its command stays queued."""


class CutState(StrEnum):
    """Where a socket stands in a cut."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNREACHABLE = "unreachable"
    PROTECTED = "protected"


@dataclass(slots=True)
class CutRun:
    """One cut of one hub's sockets.

    Attributes:
        id: Unique.
        started: UTC seconds.
        deadline: When pending sockets become unreachable.
        sockets: State by (device id, socket).
        finished: Nothing is pending any more; None until then.
    """

    id: str
    started: float
    deadline: float
    sockets: dict[tuple[str, str], CutState] = field(default_factory=dict)
    finished: float | None = None

    def holds(self, device_id: str, socket: str | None) -> bool:
        """Whether a socket must not be switched on now."""
        if self.finished is not None or socket is None:
            return False
        return self.sockets.get((device_id, socket), CutState.PROTECTED) is not CutState.PROTECTED

    def on_command(self, command: Command) -> None:
        """Follow the command of one of the sockets."""
        if command.cut_id != self.id or command.order.socket is None:
            return
        target = (command.device_id, command.order.socket)
        if command.status is Status.CONFIRMED:
            self.sockets[target] = CutState.CONFIRMED
        elif command.status is Status.FAILED:
            self.sockets[target] = CutState.UNREACHABLE

    def settle(self, now: float) -> bool:
        """Finish where nothing is pending or the deadline has come; True where it finished just now."""
        if self.finished is not None:
            return False
        if now >= self.deadline:
            for target in self.targets(CutState.PENDING):
                self.sockets[target] = CutState.UNREACHABLE
        if self.targets(CutState.PENDING):
            return False
        self.finished = now
        return True

    def targets(self, state: CutState) -> list[tuple[str, str]]:
        """Sockets in a state."""
        return [target for target, is_in in self.sockets.items() if is_in is state]

    def forget(self, device_id: str) -> None:
        """Drop an outlet that is no more."""
        self.sockets = {target: state for target, state in self.sockets.items() if target[0] != device_id}

    def report(self) -> dict[str, Any]:
        """For the action's answer, the event and the card: sockets as ``FE/a``."""
        named: dict[str, Any] = {
            state.value: [f"{device_id}/{socket}" for device_id, socket in self.targets(state)] for state in CutState
        }
        return {"id": self.id, "finished": self.finished is not None} | named

    def as_dict(self) -> dict[str, Any]:
        """For storage."""
        return {
            "id": self.id,
            "started": self.started,
            "sockets": [[*target, state.value] for target, state in self.sockets.items()],
            "finished": self.finished,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], now: float) -> Self:
        """From storage; a run that was interrupted gets its whole time again."""
        sockets = {(device_id, socket): CutState(state) for device_id, socket, state in data["sockets"]}
        return cls(data["id"], data["started"], now + REPORT_S, sockets, data["finished"])


def plan(
    outlets: Iterable[tuple[str, frozenset[str], bool]], *, include_protected: bool
) -> dict[tuple[str, str], CutState]:
    """The sockets of a cut and how they start.

    Args:
        outlets: Device id, protected sockets, whether it is reachable.
        include_protected: Cut those too.
    """
    sockets: dict[tuple[str, str], CutState] = {}
    for device_id, protected, reachable in outlets:
        for socket in ("a", "b"):
            if socket in protected and not include_protected:
                state = CutState.PROTECTED
            else:
                state = CutState.PENDING if reachable else CutState.UNREACHABLE
            sockets[device_id, socket] = state
    return sockets
