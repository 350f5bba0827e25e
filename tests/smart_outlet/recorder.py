"""A listener that remembers what a hub told it."""

from dataclasses import dataclass, field
from itertools import count

from custom_components.smart_outlet.model.alerts import Alert
from custom_components.smart_outlet.model.commands import Command
from custom_components.smart_outlet.model.cut import CutRun
from custom_components.smart_outlet.model.outlet import Outlet


@dataclass
class Recorder:
    """What happened, in order."""

    alerts: list[Alert] = field(default_factory=list)
    commands: list[tuple[str, str]] = field(default_factory=list)
    cuts: list[CutRun] = field(default_factory=list)
    outlets: list[str] = field(default_factory=list)
    hub: int = 0
    saves: int = 0
    numbers: count[int] = field(default_factory=lambda: count(1))

    def new_id(self) -> str:
        return f"id{next(self.numbers)}"

    def outlet_changed(self, outlet: Outlet) -> None:
        self.outlets.append(outlet.device_id)

    def hub_changed(self) -> None:
        self.hub += 1

    def alert_raised(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def command_changed(self, command: Command) -> None:
        self.commands.append((command.id, command.status.value))

    def cut_finished(self, run: CutRun) -> None:
        self.cuts.append(run)

    def save(self) -> None:
        self.saves += 1
