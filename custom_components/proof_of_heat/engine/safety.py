"""Safety: the final limits of every command. They only restrict, except for frost protection.

Values and their sources are in docs/control.md, "Safety". Domestic hot water and its legionella cycle remain under the
device's own control and are never commanded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
import math

from .config import SafetyLimits, SourceConfig
from .decision_record import UNLIMITED, Headroom, SourceCommand
from .input_validation import ValidatedInputs
from .messages import Message, MessageCode, message
from .short_cycle import ShortCycleProtection
from .snapshot import Snapshot, SourceSnapshot
from .sources import full_load

TOLERANCE_W = 1.0
FLOW_EASE_K = 3.0
"""From this distance below the maximum flow temperature on, the level is reduced."""


@dataclass
class Safety:
    """Applies the limits; holds the state of frost protection and the time when control started."""

    limits: SafetyLimits
    sources: Mapping[str, SourceConfig]
    short_cycle: ShortCycleProtection
    started_s: float | None = None
    frost: bool = False

    def apply(
        self,
        requested: Sequence[SourceCommand],
        snapshot: Snapshot,
        inputs: ValidatedInputs,
        headroom: Headroom = UNLIMITED,
    ) -> tuple[tuple[SourceCommand, ...], tuple[Message, ...]]:
        """Return the commands within the limits, and messages about what was limited."""
        if self.started_s is None or snapshot.now_s < self.started_s:
            self.started_s = snapshot.now_s
        messages: list[Message] = []
        if snapshot.now_s - self.started_s < self.limits.read_only_s:
            return tuple(replace(self._sanitize(command), hold=True) for command in requested), (
                message(MessageCode.JUST_STARTED),
            )
        states = {source.source_id: source for source in snapshot.sources}
        commands = [self._sanitize(command) for command in requested]
        if self.frost:
            commands = self._ensure_frost_heat(commands, states, headroom, messages)
        checked = [
            self._limit_command(command, states.get(command.source_id), snapshot.now_s, messages)
            for command in commands
        ]
        final = tuple(self._limit_power(checked, headroom, snapshot.now_s, messages))
        if not snapshot.active:
            self._record_own_switching(snapshot)
            return final, tuple(messages)
        for command in final:
            if command.hold:
                continue
            self.short_cycle.record(command.source_id, snapshot.now_s, on=command.on)
        return final, tuple(messages)

    def _record_own_switching(self, snapshot: Snapshot) -> None:
        """Record how sources switch under their own control, so that minimum times are right when control resumes."""
        for state in snapshot.sources:
            if state.source_id in self.sources and state.on is not None:
                self.short_cycle.record(state.source_id, snapshot.now_s, on=state.on)

    def update_frost(self, inputs: ValidatedInputs) -> bool:
        """Return whether frost protection is on; call once a cycle, before ``apply``.

        It is on if a room or the water is close to freezing, and off with a hysteresis above these limits.
        """
        room_cold = inputs.coldest_c < self.limits.frost_room_c + (0.5 if self.frost else 0.0)
        outside = inputs.outdoor_c < (self.limits.frost_outdoor_off_c if self.frost else self.limits.frost_outdoor_on_c)
        water = inputs.return_c < (8.0 if self.frost else 5.0)
        self.frost = room_cold or (outside and water)
        return self.frost

    def _ensure_frost_heat(
        self,
        commands: list[SourceCommand],
        states: Mapping[str, SourceSnapshot],
        headroom: Headroom,
        messages: list[Message],
    ) -> list[SourceCommand]:
        """Return the commands, with one source switched on if none is."""
        messages.append(message(MessageCode.FROST))
        if any(command.on and self._is_available(states.get(command.source_id)) for command in commands):
            return commands
        for place, command in enumerate(commands):
            source = self.sources[command.source_id]
            level = max(command.level, source.min_modulation)
            heat_w, power_w = (level * full for full in full_load(source))
            fits = all(power_w * part <= most + TOLERANCE_W for part, most in self._bounds(source, headroom))
            if not command.hold and self._is_available(states.get(command.source_id)) and fits:
                flow = max(command.flow_c, min(self.limits.frost_flow_c, self._max_flow_c(command.source_id)))
                heating = replace(command, on=True, level=level, flow_c=flow, heat_w=heat_w, power_w=power_w)
                return [*commands[:place], heating, *commands[place + 1 :]]
        messages.append(message(MessageCode.FROST_ALONE))
        return commands

    def _limit_command(
        self,
        command: SourceCommand,
        state: SourceSnapshot | None,
        now_s: float,
        messages: list[Message],
    ) -> SourceCommand:
        config = self.sources[command.source_id]
        if command.hold:
            return command
        command = self._apply_minimum_times(command, config, now_s, messages)
        command = self._limit_flow(command, config, state, messages)
        lease_s = min(command.lease_s, self.limits.lease_s)
        return replace(command, lease_s=max(lease_s, 0.0))

    def _apply_minimum_times(
        self, command: SourceCommand, config: SourceConfig, now_s: float, messages: list[Message]
    ) -> SourceCommand:
        locks = self.short_cycle.locks(config, now_s)
        if locks.must_rest and command.on:
            messages.append(message(MessageCode.MUST_REST, source=command.source_id))
            return replace(command, on=False, level=0.0, power_w=0.0, heat_w=0.0)
        if locks.must_run and not command.on:
            messages.append(message(MessageCode.MUST_RUN, source=command.source_id))
            return replace(command, on=True, level=max(command.level, config.min_modulation))
        return command

    def _limit_flow(
        self,
        command: SourceCommand,
        config: SourceConfig,
        state: SourceSnapshot | None,
        messages: list[Message],
    ) -> SourceCommand:
        """Reduce the level near the maximum flow temperature, and switch off at it."""
        highest, flow = self._max_flow_c(command.source_id), _circuit_c(state)
        if not command.on or not math.isfinite(flow) or flow <= highest - FLOW_EASE_K:
            return command
        if flow >= highest:
            messages.append(message(MessageCode.FLOW_LIMIT, source=command.source_id, flow_c=flow, limit_c=highest))
            return replace(command, on=False, level=0.0, power_w=0.0, heat_w=0.0)
        ease = (highest - flow) / FLOW_EASE_K
        level = min(command.level, config.min_modulation + (1 - config.min_modulation) * ease)
        return replace(command, level=level)

    def _bounds(self, source: SourceConfig, headroom: Headroom) -> Iterator[tuple[float, float]]:
        """Yield for the site and each phase: the share of the source's power on it, and the limit."""
        yield 1.0, headroom.site_w
        for phase, most_w in enumerate(headroom.phases_w):
            yield source.on_phase(phase), most_w

    def _limit_power(
        self, commands: list[SourceCommand], headroom: Headroom, now_s: float, messages: list[Message]
    ) -> list[SourceCommand]:
        """Switch off sources until all power limits are met, the largest first; minimum on times are kept."""
        parts = [list(self._bounds(self.sources[command.source_id], headroom)) for command in commands]
        for limit in range(len(headroom.phases_w) + 1):
            while True:
                takes = [0.0 if c.hold else c.drawn_w * p[limit][0] for c, p in zip(commands, parts, strict=True)]
                if not takes or sum(takes) <= parts[0][limit][1] + TOLERANCE_W:
                    break
                free = [i for i, command in enumerate(commands) if takes[i] > 0 and self._may_stop(command, now_s)]
                if not free:
                    break
                largest = max(free, key=takes.__getitem__)
                messages.append(message(MessageCode.NO_POWER, source=commands[largest].source_id))
                commands[largest] = replace(commands[largest], on=False, level=0.0, power_w=0.0, heat_w=0.0)
        return commands

    def _may_stop(self, command: SourceCommand, now_s: float) -> bool:
        return command.on and not self.short_cycle.locks(self.sources[command.source_id], now_s).must_run

    def _max_flow_c(self, source_id: str) -> float:
        return min(self.limits.max_flow_c, self.sources[source_id].flow_limit_c or math.inf)

    def _is_available(self, state: SourceSnapshot | None) -> bool:
        return state is None or state.available

    def _sanitize(self, command: SourceCommand) -> SourceCommand:
        """Return the command with finite values and its level in 0..1."""
        level = command.level if math.isfinite(command.level) else 0.0
        level = min(1.0, max(0.0, level))
        on = command.on and level > 0
        flow = command.flow_c if math.isfinite(command.flow_c) else self.limits.fallback_flow_c
        return replace(
            command,
            on=on,
            level=level if on else 0.0,
            flow_c=min(flow, self._max_flow_c(command.source_id)),
            power_w=command.power_w if math.isfinite(command.power_w) else 0.0,
            heat_w=command.heat_w if math.isfinite(command.heat_w) else 0.0,
        )


def _circuit_c(state: SourceSnapshot | None) -> float:
    """Return the temperature in the heating circuit of a source; NaN if it is unknown.

    It is never that of another source: a heat pump that heats hot water must not stop a miner. While the source itself
    heats hot water, its water does not flow in the heating circuit.
    """
    if state is None or state.hot_water:
        return math.nan
    return next((value for value in (state.circuit_c, state.flow_c) if math.isfinite(value)), math.nan)
