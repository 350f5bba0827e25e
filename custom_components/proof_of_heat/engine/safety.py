"""The last word: whatever was wanted, these limits hold. It only takes away, but for frost protection.

Numbers and their sources are in docs/control.md, "Safety". Domestic hot water and its legionella cycle stay in the
device and are never commanded here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import math

from .config import SafetyLimits, SourceConfig
from .cycling import Cycling
from .decision import SourceCommand
from .plausible import Senses
from .snapshot import Snapshot, SourceSnapshot

FLOW_EASE_K = 3.0
"""From this far below the maximum flow temperature on, the level is taken back."""


@dataclass
class Safety:
    """Applies the limits; remembers frost protection and when control began."""

    limits: SafetyLimits
    sources: Mapping[str, SourceConfig]
    cycling: Cycling
    began_s: float | None = None
    frost: bool = False

    def apply(
        self, wanted: Sequence[SourceCommand], snapshot: Snapshot, senses: Senses
    ) -> tuple[tuple[SourceCommand, ...], tuple[str, ...]]:
        """The commands that may be given, and what limited them."""
        if self.began_s is None or snapshot.now_s < self.began_s:
            self.began_s = snapshot.now_s
        words: list[str] = []
        if snapshot.now_s - self.began_s < self.limits.read_only_s:
            return tuple(replace(command, hold=True) for command in wanted), ("just started: nothing is written yet",)
        self._frost(senses)
        states = {source.source_id: source for source in snapshot.sources}
        commands = [self._finite(command) for command in wanted]
        if self.frost:
            commands = self._frost_heat(commands, states, words)
        final = tuple(
            self._one(command, states.get(command.source_id), senses, snapshot.now_s, words) for command in commands
        )
        for command in final:
            self.cycling.note(command.source_id, snapshot.now_s, on=command.on)
        return final, tuple(words)

    def _frost(self, senses: Senses) -> None:
        """Room close to frost, or water that may freeze: on below the limits, off a little above them."""
        room_cold = senses.coldest_c < self.limits.frost_room_c + (0.5 if self.frost else 0.0)
        outside = senses.outdoor_c < (self.limits.frost_outdoor_off_c if self.frost else self.limits.frost_outdoor_on_c)
        water = senses.return_c < (8.0 if self.frost else 5.0)
        self.frost = room_cold or (outside and water)

    def _frost_heat(
        self, commands: list[SourceCommand], states: Mapping[str, SourceSnapshot], words: list[str]
    ) -> list[SourceCommand]:
        """Make sure that something heats."""
        words.append("frost protection heats")
        if any(command.on and self._alive(states.get(command.source_id)) for command in commands):
            return commands
        for place, command in enumerate(commands):
            if self._alive(states.get(command.source_id)):
                level = max(command.level, self.sources[command.source_id].lowest_level)
                heating = replace(command, on=True, level=level, flow_c=max(command.flow_c, self.limits.frost_flow_c))
                return [*commands[:place], heating, *commands[place + 1 :]]
        words.append("no source answers: frost protection is left to the devices")
        return commands

    def _one(
        self,
        command: SourceCommand,
        state: SourceSnapshot | None,
        senses: Senses,
        now_s: float,
        words: list[str],
    ) -> SourceCommand:
        config = self.sources[command.source_id]
        command = self._cycled(command, config, now_s, words)
        command = self._flow(command, config, state, senses, words)
        lease_s = min(command.lease_s, self.limits.lease_s)
        return replace(command, lease_s=max(lease_s, 0.0))

    def _cycled(self, command: SourceCommand, config: SourceConfig, now_s: float, words: list[str]) -> SourceCommand:
        locks = self.cycling.locks(config, now_s)
        if locks.must_rest and command.on:
            words.append(f"{command.source_id}: has to rest")
            return replace(command, on=False, level=0.0, power_w=0.0, heat_w=0.0)
        if locks.must_run and not command.on:
            words.append(f"{command.source_id}: has to run on")
            return replace(command, on=True, level=max(command.level, config.lowest_level))
        return command

    def _flow(
        self,
        command: SourceCommand,
        config: SourceConfig,
        state: SourceSnapshot | None,
        senses: Senses,
        words: list[str],
    ) -> SourceCommand:
        """Never hotter water than allowed: the set point is capped, a hot flow takes the level back or stops."""
        highest = min(self.limits.max_flow_c, config.flow_limit_c or math.inf)
        capped = replace(command, flow_c=min(command.flow_c, highest))
        flow = state.flow_c if state is not None and math.isfinite(state.flow_c) else senses.flow_c
        if not capped.on or not math.isfinite(flow) or flow <= highest - FLOW_EASE_K:
            return capped
        if flow >= highest:
            words.append(f"{command.source_id}: flow {flow:.1f} at its limit of {highest:.1f}")
            return replace(capped, on=False, level=0.0, power_w=0.0, heat_w=0.0)
        ease = (highest - flow) / FLOW_EASE_K
        level = min(capped.level, config.lowest_level + (1 - config.lowest_level) * ease)
        return replace(capped, level=level)

    def _alive(self, state: SourceSnapshot | None) -> bool:
        return state is None or state.available

    def _finite(self, command: SourceCommand) -> SourceCommand:
        """No number that is none ever leaves the engine."""
        level = command.level if math.isfinite(command.level) else 0.0
        level = min(1.0, max(0.0, level))
        on = command.on and level > 0
        flow = command.flow_c if math.isfinite(command.flow_c) else self.limits.blind_flow_c
        return replace(
            command,
            on=on,
            level=level if on else 0.0,
            flow_c=flow,
            power_w=command.power_w if math.isfinite(command.power_w) else 0.0,
            heat_w=command.heat_w if math.isfinite(command.heat_w) else 0.0,
        )
