"""Source selection: builds the operating points of each source in this cycle, and dispatches the heat among them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
import math

import numpy as np

from .._lib.heat_source import SourceKind
from .allocation import DispatchRequest
from .config import EngineConfig, SourceConfig, Steering
from .decision_record import Headroom, SourceCommand, SourceShare
from .input_validation import ValidatedInputs
from .learning import LearnedModel
from .limit_messages import time_limits, why_unavailable
from .messages import Message, MessageCode, message
from .model.observer import HouseState
from .model.performance_map import PerformanceMap, linear_map
from .near_plan import carry_out
from .operating_points import OFF, OperatingPoint, SourceOption, without_off
from .planning.segments import FLOW_OVER_MEAN
from .short_cycle import RunLocks
from .snapshot import NAN, Snapshot, SourceSnapshot
from .source_constraints import is_needed, keeps_running, rest_point, within_cap
from .sources import full_load, revenue_h, sized

LEVELS = 10
SHORT_W = 50.0
PENALTY_FACTOR = 20.0
"""Penalty of missing heat, and of heat in a home that is too warm, as a multiple of the electricity price."""
QUIET_SLACK = 0.02
"""A level within this distance of the quiet limit is limited by it."""
DESIGN_LIFT_K = 31.0
"""Design temperature difference: 21 degC indoors at -10 degC outdoors."""


@dataclass(frozen=True, slots=True)
class SelectedPoint:
    """The operating point selected for a source."""

    source_id: str
    level: float
    heat_w: float
    power_w: float
    hold: bool = False
    """The source is unavailable: no command is possible, and its lease ends in the device."""
    rest: OperatingPoint = OFF
    """What it makes and draws although it is not needed, because it has no off."""

    def command(self, flow_c: float, lease_s: float) -> SourceCommand:
        """Return the command for this point."""
        return SourceCommand(
            source_id=self.source_id,
            on=self.level > 0,
            level=self.level,
            power_w=self.power_w,
            heat_w=self.heat_w,
            flow_c=flow_c,
            lease_s=lease_s,
            hold=self.hold,
            rest_power_w=self.rest.power_w,
            rest_heat_w=self.rest.heat_w,
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected points of all sources, and messages about limits."""

    parts: tuple[SelectedPoint, ...]
    limits: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class _Context:
    learned: LearnedModel | None
    state: HouseState | None
    frost: bool = False


class SourceSelector:
    """Selects an operating point for every source."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.sources = {source.source_id: source for source in config.sources}
        self._last_power: dict[str, float] = {}

    def available(self, snapshot: Snapshot) -> frozenset[str]:
        """Return the IDs of the available sources."""
        unavailable = {source.source_id for source in snapshot.sources if not source.available}
        return frozenset(self.sources) - unavailable

    def needed(self, inputs: ValidatedInputs) -> frozenset[str]:
        """Return the IDs of the sources whose zones need heat."""
        too_warm_k = self.config.curve.too_warm_k
        return frozenset(name for name, source in self.sources.items() if is_needed(source, inputs.zones, too_warm_k))

    def unstoppable(self, snapshot: Snapshot) -> frozenset[str]:
        """Return the IDs of the sources that continue at their lowest heat when they are not needed."""
        readings = {source.source_id: source for source in snapshot.sources}
        return frozenset(
            name
            for name, source in self.sources.items()
            if keeps_running(source, readings.get(name, SourceSnapshot(source_id=name)))
        )

    def design_heat_w(self, learned: LearnedModel | None) -> float:
        """Return the design heat load of the home in W.

        A single source is assumed to fit the home. Several sources often back up each other: before the house is
        learned, the largest of them, or half of their sum, is assumed to suffice; afterwards the heat loss is used.
        """
        full = [self._full_load(source, learned)[0] for source in self.config.sources]
        if len(full) < 2:
            return sum(full)
        if learned is not None:
            return min(sum(full), learned.fitted.parameters.total_loss_w_k * DESIGN_LIFT_K)
        return max(*full, sum(full) / 2)

    def full_heat_w(self, source_id: str, learned: LearnedModel | None) -> float:
        """Return the heat of a source at full load in W."""
        return self._full_load(self.sources[source_id], learned)[0]

    def min_heat_w(self, learned: LearnedModel | None) -> float:
        """Return the lowest minimum output of all sources in W."""
        least = [self._min_heat_w(source, learned) for source in self.config.sources]
        return min(least, default=0.0)

    def reference_map(self) -> PerformanceMap | None:
        """Return the map of the first source for the reference control; None if it has to be learned."""
        if not self.config.sources or self.config.sources[0].kind == SourceKind.HEAT_PUMP:
            return None
        source = self.config.sources[0]
        heat, power = full_load(source)
        fuel = source.fuel_kwh_price is not None
        return linear_map(heat, heat / source.efficiency if fuel else power)

    def reference_price(self, snapshot: Snapshot) -> float:
        """Return the price of a kWh of the first source's input (fuel or electricity)."""
        first = self.config.sources[0] if self.config.sources else None
        return first.fuel_kwh_price if first and first.fuel_kwh_price is not None else snapshot.price_kwh

    def maps(self, learned: LearnedModel | None) -> dict[str, PerformanceMap]:
        """Return the learned performance maps of modulating sources."""
        if learned is None:
            return {}
        maps = {name: found for name, found in learned.others.items() if name in self.sources}
        first = next((source.source_id for source in self.config.sources if source.has_performance_map), None)
        if first is not None and learned.pump is not None:
            maps[first] = learned.pump
        return maps

    def _full_load(self, source: SourceConfig, learned: LearnedModel | None) -> tuple[float, float]:
        pump = self.maps(learned).get(source.source_id)
        if pump is not None:
            heat, power = pump.at(np.array(1.0), np.array(35.0), np.array(2.0))
            return float(heat), float(power)
        return full_load(source)

    def _min_heat_w(self, source: SourceConfig, learned: LearnedModel | None) -> float:
        full, _ = self._full_load(source, learned)
        if source.steering is Steering.LEVEL:
            return full * source.min_modulation
        if source.steps_w:
            return full * min(source.steps_w) / max(source.steps_w)
        return full

    def choose(
        self,
        snapshot: Snapshot,
        inputs: ValidatedInputs,
        heat_w: float,
        *,
        learned: LearnedModel | None,
        state: HouseState | None,
        locks: Mapping[str, RunLocks],
        power_cap_w: float = math.inf,
        frost: bool = False,
        too_warm: bool = False,
        planned: Collection[str] | None = None,
    ) -> Selection:
        """Dispatch ``heat_w``, with modulating sources up to the power cap.

        With ``too_warm``, no source runs for its revenue. ``planned``: the sources that a plan uses for this heat.
        Unavailable sources count with the power they may still draw.
        """
        config = self.config
        limits: list[Message] = []
        options = []
        readings, needed = {source.source_id: source for source in snapshot.sources}, self.needed(inputs)
        for source in config.sources:
            reading = readings.get(source.source_id, SourceSnapshot(source_id=source.source_id))
            if not reading.available:
                limits.append(message(why_unavailable(reading), source=source.source_id))
                continue
            option = self._option(sized(source, reading), reading, snapshot, inputs, _Context(learned, state, frost))
            if source.steering is Steering.LEVEL:
                option = within_cap(option, power_cap_w)
            lock = locks.get(source.source_id, RunLocks())
            if lock.must_rest or not (frost or lock.must_run or source.source_id in needed):
                option = replace(option, points=option.points[:1])
            elif lock.must_run:
                option = without_off(option)
            options.append(option)
        request = self._request(snapshot, heat_w, self.headroom(snapshot, learned), too_warm=too_warm)
        allocation = carry_out(options, request, planned)
        chosen = dict(zip((option.source_id for option in options), allocation.points, strict=True))
        rests = {option.source_id: option.points[0] for option in options if option.points[0].level <= 0}
        limits += self._quiet_limits(snapshot, chosen, frost=frost) if heat_w > 0 else ()
        if allocation.limited:
            limits += self._power_limits(options, request) or [message(MessageCode.SITE_LIMIT)]
        elif allocation.short_w > SHORT_W and not any(limit.code is MessageCode.NOT_READ for limit in limits):
            # While a source was not read yet, how much is missing is not known.
            limits.append(message(MessageCode.SOURCES_SHORT, missing_kw=allocation.short_w / 1000))
        limits += time_limits(chosen, locks, readings, heat_w)
        parts = []
        for source in config.sources:
            point, rest = chosen.get(source.source_id, OFF), rests.get(source.source_id, OFF)
            hold = source.source_id not in chosen
            if rest.heat_w > 0 and point.level <= 0:
                limits.append(message(MessageCode.CANNOT_STOP, source=source.source_id))
            parts.append(SelectedPoint(source.source_id, point.level, point.heat_w, point.power_w, hold, rest))
        return Selection(tuple(parts), tuple(limits))

    def _power_limits(self, options: Sequence[SourceOption], request: DispatchRequest) -> list[Message]:
        """Return which sources do not fit only because their size is not known."""
        return [
            message(MessageCode.SIZE_ASSUMED, source=option.source_id, power_kw=option.points[1].power_w / 1000)
            for option in options
            if self.sources[option.source_id].size_assumed
            and len(option.points) > 1
            and option.points[1].power_w > request.site_w
        ]

    def _quiet_limits(self, snapshot: Snapshot, chosen: Mapping[str, OperatingPoint], *, frost: bool) -> list[Message]:
        """Return which sources would give more heat outside of the quiet hours."""
        if not snapshot.quiet or frost:
            return []
        limited = []
        for source_id, point in chosen.items():
            quiet_level, least = self.sources[source_id].quiet_level, self._min_level(self.sources[source_id])
            is_limited = quiet_level < 1 and (quiet_level < least or point.level >= quiet_level - QUIET_SLACK)
            if is_limited:
                limited.append(message(MessageCode.QUIET_HOURS, source=source_id, percent=100 * quiet_level))
        return limited

    def _min_level(self, source: SourceConfig) -> float:
        """Return the lowest level of a source that is on."""
        if source.steering is Steering.LEVEL:
            return source.min_modulation
        return min(source.steps_w) / max(source.steps_w) if source.steps_w else 1.0

    def record(self, commands: Sequence[SourceCommand]) -> None:
        """Record the final commands."""
        for command in commands:
            if not command.hold:
                self._last_power[command.source_id] = command.drawn_w

    def _request(self, snapshot: Snapshot, heat_w: float, headroom: Headroom, *, too_warm: bool) -> DispatchRequest:
        price = snapshot.price_kwh if math.isfinite(snapshot.price_kwh) else 0.25
        price += self.config.weights.carbon_price_kg * snapshot.emission_kg_kwh
        return DispatchRequest(
            heat_w=heat_w,
            price_kwh=price,
            surplus_w=max(0.0, snapshot.surplus_w),
            surplus_price_kwh=_finite_or_zero(snapshot.surplus_price_kwh),
            over_price_kwh=PENALTY_FACTOR * max(abs(price), 0.05) if too_warm else 0.1 * abs(price),
            short_price_kwh=PENALTY_FACTOR * max(abs(price), 0.05),
            site_w=headroom.site_w,
            phase_w=headroom.phases_w,
        )

    def headroom(self, snapshot: Snapshot, learned: LearnedModel | None) -> Headroom:
        """Return the power available for heating, after other loads and what unavailable sources may draw."""
        site = self.config.site
        left = [site.power_w - snapshot.other_load_w, *(site.phase_w - load for load in snapshot.other_phase_load_w)]
        for reading in snapshot.sources:
            source = self.sources.get(reading.source_id)
            if source is None or reading.available:
                continue
            draw = self._possible_draw(source, reading, learned)
            for place, part in enumerate((1.0, *(source.on_phase(phase) for phase in range(3)))):
                left[place] -= part * draw
        site_w, a, b, c = (max(0.0, most) for most in left)
        return Headroom(site_w, (a, b, c))

    def _possible_draw(self, source: SourceConfig, reading: SourceSnapshot, learned: LearnedModel | None) -> float:
        """Return the power of an unavailable source: it is assumed to be on at its last power, or at full input."""
        if reading.on is False:
            return 0.0
        last = self._last_power.get(source.source_id, 0.0)
        return max(last, 0.0 if math.isnan(reading.power_w) else reading.power_w) or self._full_load(source, learned)[1]

    def _option(
        self,
        source: SourceConfig,
        reading: SourceSnapshot,
        snapshot: Snapshot,
        inputs: ValidatedInputs,
        now: _Context,
    ) -> SourceOption:
        highest = source.quiet_level if snapshot.quiet and not now.frost else 1.0
        on = bool(reading.on) if reading.on is not None else self._last_power.get(source.source_id, 0.0) > 0
        points, continuous = self._operating_points(source, snapshot, inputs, now), source.steering is Steering.LEVEL
        rest = rest_point(source, reading, points)
        points = tuple(point for point in points if point.level <= highest + 1e-9)
        points = self._while_settling(source, reading, self._within_ramp(source, points))
        return SourceOption(
            source_id=source.source_id,
            points=(rest, *points),
            continuous=continuous,
            phase=source.phase,
            now_on=on,
            start_price=0.0,
            bonus_kwh=source.priority,
        )

    def _within_ramp(self, source: SourceConfig, points: tuple[OperatingPoint, ...]) -> tuple[OperatingPoint, ...]:
        """Return the points within the maximum change per cycle; the lowest one if there are none."""
        if math.isinf(source.ramp_w) or not points:
            return points
        last = self._last_power.get(source.source_id, 0.0)
        near = tuple(p for p in points if abs(p.power_w - last) <= source.ramp_w)
        return near or points[:1]

    def _while_settling(
        self, source: SourceConfig, reading: SourceSnapshot, points: tuple[OperatingPoint, ...]
    ) -> tuple[OperatingPoint, ...]:
        """Return only the commanded point while a miner reboots after a change."""
        if reading.settled or source.reboot_s <= 0 or not points:
            return points
        last = self._last_power.get(source.source_id, 0.0)
        if last <= 0:
            return points
        return (min(points, key=lambda p: abs(p.power_w - last)),)

    def _operating_points(
        self,
        source: SourceConfig,
        snapshot: Snapshot,
        inputs: ValidatedInputs,
        now: _Context,
    ) -> tuple[OperatingPoint, ...]:
        learned, state = now.learned, now.state
        heat, power = full_load(source)
        if source.steering is Steering.STEPS and source.steps_w:
            return tuple(self._step(source, watts, snapshot) for watts in source.steps_w)
        pump = self.maps(learned).get(source.source_id)
        is_switch = source.steering is Steering.SWITCH
        if is_switch and pump is None:
            return (self._point(source, 1.0, heat, power, snapshot),)
        levels = np.ones(1) if is_switch else np.linspace(source.min_modulation, 1.0, LEVELS)
        if pump is None or learned is None:
            return tuple(self._point(source, float(x), heat * float(x), power * float(x), snapshot) for x in levels)
        emitter = state.emitter_c if state else inputs.flow_c if math.isfinite(inputs.flow_c) else 30.0
        outdoor, flow = np.full(len(levels), inputs.outdoor_c), emitter + 5.0 * levels
        for _ in range(3):
            heats, powers = pump.at(levels, flow, outdoor)
            flow = emitter + FLOW_OVER_MEAN * learned.fitted.parameters.water_k_w * heats
        return tuple(
            self._point(source, float(level), float(heat), float(power), snapshot)
            for level, heat, power in zip(levels, heats, powers, strict=True)
        )

    def _step(self, source: SourceConfig, watts: float, snapshot: Snapshot) -> OperatingPoint:
        heat = watts * source.efficiency if source.kind == SourceKind.MINER else watts
        return self._point(source, watts / max(source.steps_w), heat, watts, snapshot)

    def _point(
        self, source: SourceConfig, level: float, heat: float, power: float, snapshot: Snapshot
    ) -> OperatingPoint:
        other = 0.0
        if source.fuel_kwh_price is not None:
            other = source.fuel_kwh_price / source.efficiency * heat / 1000
        elif source.kind == SourceKind.MINER:
            other = -revenue_h(source, power, snapshot.hashprice_ph_day)
        return OperatingPoint(level, heat, power, other)

    def shares(self, commands: Sequence[SourceCommand], snapshot: Snapshot) -> tuple[SourceShare, ...]:
        """Return each command's contribution with the cost of its heat; surplus is shared in proportion to power."""
        drawn = sum(command.drawn_w for command in commands)
        own = min(1.0, max(0.0, snapshot.surplus_w) / drawn) if drawn > 0 else 0.0
        price = snapshot.price_kwh if math.isfinite(snapshot.price_kwh) else 0.25
        mean_price = price + own * (_finite_or_zero(snapshot.surplus_price_kwh) - price)
        return tuple(self._share(command, snapshot, mean_price) for command in commands)

    def _share(self, command: SourceCommand, snapshot: Snapshot, price: float) -> SourceShare:
        source = self.sources[command.source_id]
        heat_w = command.heat_w if command.on else command.rest_heat_w
        if heat_w <= 0:
            return SourceShare(command.source_id, 0.0, command.drawn_w, NAN)
        point = self._point(source, command.level, heat_w, command.drawn_w, snapshot)
        cost_h = point.other_cost_h + point.power_w * price / 1000
        return SourceShare(command.source_id, point.heat_w, point.power_w, cost_h / point.heat_w * 1000)


def _finite_or_zero(value: float) -> float:
    return value if math.isfinite(value) else 0.0
