"""Writes that a device needs again and again during a command: what it forgets, and its watchdog.

They stop with the lease, also when Home Assistant stops: then the device returns to its own control. They are volatile
in the device, and therefore not counted against its daily limit of writes.
"""

from collections.abc import Callable, Mapping
import math

from ..._lib.heat_source import Command, Control
from .registers import ControlWrite, Register, Watchdog

type Writes = list[tuple[Register, float]]


def value_of(command: Command, control: Control) -> float | None:
    """Return the value that a command sets for a control with a number."""
    return {Control.POWER: command.power_w, Control.FLOW: command.flow_c, Control.ROOM: command.room_c}.get(control)


class RepeatedWrites:
    """The repeated writes of one device."""

    def __init__(
        self, controls: Mapping[Control, ControlWrite], watchdog: Watchdog | None, clock: Callable[[], float]
    ) -> None:
        self._controls = controls
        self._watchdog = watchdog
        self._clock = clock
        self._held: dict[Control, float] = {}
        """Values of the last command in registers that the device forgets."""
        self._written_at: dict[Control, float] = {}
        self._beats = 0
        self._beat_at = -math.inf

    def hold(self, command: Command) -> None:
        """Note the values of a command."""
        values = {control: value_of(command, control) for control, action in self._controls.items() if action.repeat_s}
        self._held = {control: value for control, value in values.items() if value is not None}

    def sent(self, command: Command) -> None:
        """Note that values were written now."""
        self._written_at |= {control: self._clock() for control in self._held if value_of(command, control) is not None}

    def clear(self) -> None:
        """Stop: control ends."""
        self._held.clear()

    def beat(self) -> Writes:
        """Return the write of the watchdog if it is due; a command to a device that had fallen back needs it first."""
        if self._watchdog is None or self._clock() - self._beat_at < self._watchdog.every_s:
            return []
        return [(self._watchdog.register, self._watchdog.values[self._beats % len(self._watchdog.values)])]

    def due(self) -> Writes:
        """Return the values that must be written again now."""
        now = self._clock()
        return [
            (self._controls[control].register, value)
            for control, value in self._held.items()
            if now - self._written_at.get(control, -math.inf) >= self._controls[control].repeat_s
        ]

    def confirm(self, register: Register) -> None:
        """Note that a repeated write was accepted."""
        if self._watchdog is not None and register.key == self._watchdog.register.key:
            self._beats += 1
            self._beat_at = self._clock()
        for control in self._held:
            if self._controls[control].register.key == register.key:
                self._written_at[control] = self._clock()
