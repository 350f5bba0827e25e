"""Who is told what happens in a hub."""

from typing import Protocol

from .alerts import Alert
from .commands import Command
from .cut import CutRun
from .outlet import Outlet


class Listener(Protocol):
    """Who wants to know what happens in a hub. All calls are made synchronously; none may block."""

    def outlet_changed(self, outlet: Outlet) -> None:
        """An outlet reported, went offline or has another command open."""

    def hub_changed(self) -> None:
        """The hub itself reported or went offline."""

    def alert_raised(self, alert: Alert) -> None:
        """An alert fired."""

    def command_changed(self, command: Command) -> None:
        """A command has a new status."""

    def cut_finished(self, run: CutRun) -> None:
        """A power cut has nothing pending any more."""

    def save(self) -> None:
        """What dump returns has changed."""
