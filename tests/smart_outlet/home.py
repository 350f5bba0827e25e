"""A hub model with outlets and a manually advanced clock, for tests of the device model."""

from dataclasses import dataclass, replace
from typing import Any

from custom_components.smart_outlet._lib.commands import CommandStatus
from custom_components.smart_outlet.model.ccu_protocol import Report
from custom_components.smart_outlet.model.commands import (
    CommandName,
    CommandRequest,
    FailureReason,
    QueuedCommand,
    failure_reason,
)
from custom_components.smart_outlet.model.hub_model import HubModel
from custom_components.smart_outlet.model.hub_state import HubSettings
from custom_components.smart_outlet.model.outlet import OutletSettings

from .recording_observer import RecordingObserver

ON_A = CommandRequest(CommandName.RELAY_ON, "a")
OFF_A = CommandRequest(CommandName.RELAY_OFF, "a")
REPORT = Report("FE", 0, 0, None, None, is_overload=False)


@dataclass(frozen=True)
class LiveCommand:
    """A command by its ID, with its current values."""

    model: HubModel
    id: str

    @property
    def _current(self) -> QueuedCommand:
        command = self.model.commands.find(self.id)
        assert command is not None
        return command

    @property
    def request(self) -> CommandRequest:
        return self._current.payload.request

    @property
    def status(self) -> CommandStatus:
        return self._current.status

    @property
    def attempts(self) -> int:
        return self._current.attempts

    @property
    def is_open(self) -> bool:
        return self._current.is_open

    @property
    def reason(self) -> FailureReason:
        return failure_reason(self._current)


class Home:
    """A hub model with outlets, and a clock that the test advances."""

    def __init__(self, *outlets: str, **settings: Any) -> None:
        self.observer = RecordingObserver()
        self.model = HubModel(HubSettings("Main house", **settings), self.observer, self.observer.new_id)
        for device_id in outlets or ("FE",):
            self.model.add_outlet(OutletSettings(device_id, f"Outlet {device_id}"))
        self.now = 1000.0

    def wait(self, seconds: float) -> None:
        """Advance the clock second by second."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 1)
            self.model.tick(self.now)

    def report(self, a: bool | None = None, device_id: str = "FE", *, trusted: bool = False, **fields: Any) -> None:
        self.model.apply_report(replace(REPORT, device_id=device_id, relay_a=a, **fields), self.now, trusted=trusted)

    def live(self, command: QueuedCommand) -> LiveCommand:
        return LiveCommand(self.model, command.id)

    def poll(self, device_id: str = "FE", *, acknowledges: bool = False) -> tuple[LiveCommand, ...]:
        commands = self.model.fetch_commands(device_id, self.now, acknowledges=acknowledges)
        return tuple(self.live(command) for command in commands)

    def submit(self, request: CommandRequest, device_id: str = "FE") -> LiveCommand:
        return self.live(self.model.submit(device_id, request, self.now))

    def relay(self, socket: str = "a", device_id: str = "FE") -> bool | None:
        return self.model.outlets[device_id].sockets[socket].relay

    def alert_types(self) -> list[str]:
        return [alert.type.value for alert in self.observer.alerts]

    def confirm_relay(self, *, on: bool) -> None:
        """Bring socket A to a confirmed state."""
        self.submit(ON_A if on else OFF_A)
        self.poll()
        self.report(a=on)
        assert self.relay() is on


def two_outlets() -> Home:
    """Return two outlets that are on; socket B of FD is protected."""
    home = Home("FE", "FD")
    home.model.outlets["FD"].settings = OutletSettings("FD", "Freezer", protected=frozenset("b"))
    for device_id in ("FE", "FD"):
        home.report(a=True, device_id=device_id, relay_b=True)
    return home
