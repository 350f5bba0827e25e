"""The last word: whatever was wanted, these limits hold. It only takes away, but for frost protection.

Numbers and their sources are in docs/control.md, "Safety". Domestic hot water and its legionella cycle stay in the
device and are never commanded here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
import math

from .config import SafetyLimits, SourceConfig
from .decision_record import UNLIMITED, Headroom, SourceCommand
from .input_validation import ValidatedInputs
from .messages import Message, MessageCode, message
from .planning.commitment import full_load
from .short_cycle import ShortCycleProtection
from .snapshot import Snapshot, SourceSnapshot

TOLERANCE_W = 1.0
FLOW_EASE_K = 3.0
"""From this far below the maximum flow temperature on, the level is taken back."""


@dataclass
class Safety:
    """Applies the limits; remembers frost protection and when control began."""

    limits: SafetyLimits
    sources: Mapping[str, SourceConfig]
    cycling: ShortCycleProtection
    began_s: float | None = None
    frost: bool = False

    def apply(
        self,
        wanted: Sequence[SourceCommand],
        snapshot: Snapshot,
        inputs: ValidatedInputs,
        headroom: Headroom = UNLIMITED,
    ) -> tuple[tuple[SourceCommand, ...], tuple[Message, ...]]:
        """The commands that may be given, and what limited them."""
        if self.began_s is None or snapshot.now_s < self.began_s:
            self.began_s = snapshot.now_s
        said: list[Message] = []
        if snapshot.now_s - self.began_s < self.limits.read_only_s:
            held = tuple(replace(self._finite(command), hold=True) for command in wanted)
            return held, (message(MessageCode.JUST_STARTED),)
        states = {source.source_id: source for source in snapshot.sources}
        commands = [self._finite(command) for command in wanted]
        if self.frost:
            commands = self._frost_heat(commands, states, headroom, said)
        checked = [
            self._one(command, states.get(command.source_id), inputs, snapshot.now_s, said) for command in commands
        ]
        final = tuple(self._within(checked, headroom, snapshot.now_s, said))
        if not snapshot.active:
            self._note_own(snapshot)
            return final, tuple(said)
        for command in final:
            if command.hold:
                continue
            self.cycling.note(command.source_id, snapshot.now_s, on=command.on)
        return final, tuple(said)

    def _note_own(self, snapshot: Snapshot) -> None:
        """While nothing is commanded, minimum times go by what sources do of themselves."""
        for state in snapshot.sources:
            if state.source_id in self.sources and state.on is not None:
                self.cycling.note(state.source_id, snapshot.now_s, on=state.on)

    def sense(self, inputs: ValidatedInputs) -> bool:
        """Whether frost protection is on; to be called once a cycle, before anything is wanted.

        Room close to frost, or water that may freeze: on below the limits, off a little above them.
        """
        room_cold = inputs.coldest_c < self.limits.frost_room_c + (0.5 if self.frost else 0.0)
        outside = inputs.outdoor_c < (self.limits.frost_outdoor_off_c if self.frost else self.limits.frost_outdoor_on_c)
        water = inputs.return_c < (8.0 if self.frost else 5.0)
        self.frost = room_cold or (outside and water)
        return self.frost

    def _frost_heat(
        self,
        commands: list[SourceCommand],
        states: Mapping[str, SourceSnapshot],
        headroom: Headroom,
        said: list[Message],
    ) -> list[SourceCommand]:
        """Make sure that something heats."""
        said.append(message(MessageCode.FROST))
        if any(command.on and self._alive(states.get(command.source_id)) for command in commands):
            return commands
        for place, command in enumerate(commands):
            source = self.sources[command.source_id]
            level = max(command.level, source.min_modulation)
            heat_w, power_w = (level * full for full in full_load(source))
            fits = all(power_w * part <= most + TOLERANCE_W for part, most in self._bounds(source, headroom))
            if not command.hold and self._alive(states.get(command.source_id)) and fits:
                flow = max(command.flow_c, min(self.limits.frost_flow_c, self._highest_flow(command.source_id)))
                heating = replace(command, on=True, level=level, flow_c=flow, heat_w=heat_w, power_w=power_w)
                return [*commands[:place], heating, *commands[place + 1 :]]
        said.append(message(MessageCode.FROST_ALONE))
        return commands

    def _one(
        self,
        command: SourceCommand,
        state: SourceSnapshot | None,
        inputs: ValidatedInputs,
        now_s: float,
        said: list[Message],
    ) -> SourceCommand:
        config = self.sources[command.source_id]
        if command.hold:
            return command
        command = self._cycled(command, config, now_s, said)
        command = self._flow(command, config, state, inputs, said)
        lease_s = min(command.lease_s, self.limits.lease_s)
        return replace(command, lease_s=max(lease_s, 0.0))

    def _cycled(self, command: SourceCommand, config: SourceConfig, now_s: float, said: list[Message]) -> SourceCommand:
        locks = self.cycling.locks(config, now_s)
        if locks.must_rest and command.on:
            said.append(message(MessageCode.MUST_REST, source=command.source_id))
            return replace(command, on=False, level=0.0, power_w=0.0, heat_w=0.0)
        if locks.must_run and not command.on:
            said.append(message(MessageCode.MUST_RUN, source=command.source_id))
            return replace(command, on=True, level=max(command.level, config.min_modulation))
        return command

    def _flow(
        self,
        command: SourceCommand,
        config: SourceConfig,
        state: SourceSnapshot | None,
        inputs: ValidatedInputs,
        said: list[Message],
    ) -> SourceCommand:
        """Never hotter water than allowed: a hot flow takes the level back, at the limit the source stops."""
        highest = self._highest_flow(command.source_id)
        flow = state.flow_c if state is not None and math.isfinite(state.flow_c) else inputs.flow_c
        if not command.on or not math.isfinite(flow) or flow <= highest - FLOW_EASE_K:
            return command
        if flow >= highest:
            said.append(message(MessageCode.FLOW_LIMIT, source=command.source_id, flow_c=flow, limit_c=highest))
            return replace(command, on=False, level=0.0, power_w=0.0, heat_w=0.0)
        ease = (highest - flow) / FLOW_EASE_K
        level = min(command.level, config.min_modulation + (1 - config.min_modulation) * ease)
        return replace(command, level=level)

    def _bounds(self, source: SourceConfig, headroom: Headroom) -> Iterator[tuple[float, float]]:
        """For the site and each phase: the part of the source's power that counts, and the limit."""
        yield 1.0, headroom.site_w
        for phase, most_w in enumerate(headroom.phases_w):
            yield source.on_phase(phase), most_w

    def _within(
        self, commands: list[SourceCommand], headroom: Headroom, now_s: float, said: list[Message]
    ) -> list[SourceCommand]:
        """Power limits once more: what does not fit stops, the largest first; what is bound to run on stays."""
        parts = [list(self._bounds(self.sources[command.source_id], headroom)) for command in commands]
        for limit in range(len(headroom.phases_w) + 1):
            while True:
                takes = [
                    c.power_w * p[limit][0] if c.on and not c.hold else 0.0
                    for c, p in zip(commands, parts, strict=True)
                ]
                if not takes or sum(takes) <= parts[0][limit][1] + TOLERANCE_W:
                    break
                free = [i for i, take in enumerate(takes) if take > 0 and not self._bound(commands[i], now_s)]
                if not free:
                    break
                largest = max(free, key=takes.__getitem__)
                said.append(message(MessageCode.NO_POWER, source=commands[largest].source_id))
                commands[largest] = replace(commands[largest], on=False, level=0.0, power_w=0.0, heat_w=0.0)
        return commands

    def _bound(self, command: SourceCommand, now_s: float) -> bool:
        return self.cycling.locks(self.sources[command.source_id], now_s).must_run

    def _highest_flow(self, source_id: str) -> float:
        return min(self.limits.max_flow_c, self.sources[source_id].flow_limit_c or math.inf)

    def _alive(self, state: SourceSnapshot | None) -> bool:
        return state is None or state.available

    def _finite(self, command: SourceCommand) -> SourceCommand:
        """No number that is none ever leaves the engine."""
        level = command.level if math.isfinite(command.level) else 0.0
        level = min(1.0, max(0.0, level))
        on = command.on and level > 0
        flow = command.flow_c if math.isfinite(command.flow_c) else self.limits.fallback_flow_c
        return replace(
            command,
            on=on,
            level=level if on else 0.0,
            flow_c=min(flow, self._highest_flow(command.source_id)),
            power_w=command.power_w if math.isfinite(command.power_w) else 0.0,
            heat_w=command.heat_w if math.isfinite(command.heat_w) else 0.0,
        )
