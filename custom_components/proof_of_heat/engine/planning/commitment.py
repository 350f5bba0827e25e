"""Unit commitment: from a plan over two days to the on/off decisions of its first cell.

The linear program may use a source partially, but a compressor is either on or off. For each source that the plan uses
partially, both are tried in the next cells, and the rest is planned again. The cheaper one is selected. A start has a
cost, so that the decision is not reversed 15 minutes later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Array
from ..config import SourceConfig, Steering, Weights
from ..messages import Message, MessageCode, message
from ..model.observer import HouseState
from ..model.performance_map import PerformanceMap
from ..short_cycle import RunLocks
from ..snapshot import SetpointRise
from ..sources import full_load, revenue_h
from .planner import Horizon, Plan, PlanCriteria, PlanProblem, PowerLimit, ResponseModel, Surplus
from .segments import (
    ModulationLimits,
    PowerStep,
    Segment,
    constant_segment,
    limit_level,
    modulating_segments,
    step_segments,
)
from .time_grid import STEP_S

type Fixes = dict[int, tuple[float, ...]]

WHOLE, UNUSED = 0.97, 0.03
SAME = 5e-4
"""Uses of a segment that differ by less are the same."""
BOUND_CELLS = 2
SOON_START_H = 1.0
"""A start within this time, while another source heats, is not avoided."""
SMALL_RELIEF, SMALL_DOUBT_KH = 1.05, 0.03
"""If the power cap costs more of the margin of comfort (K·h) than this in the next hours, it is raised by this factor.
On a mild day, the lower cap costs nothing."""
CAP_RELIEF = (1.15, 1.3, np.inf)
"""If it causes more discomfort than the following, it is raised by these factors, one after the other."""
CAP_SHORTFALL_KH = 0.7
GAIN_SHARE = 0.25
"""Share of these that the higher cap has to avoid."""


@dataclass(frozen=True)
class PlanRequest:
    """The input of a plan; immutable while the plan is calculated."""

    made_s: float
    responses: ResponseModel
    pumps: Mapping[str, PerformanceMap]
    """Performance maps of modulating sources, as far as learned."""
    state: HouseState
    horizon: Horizon
    price_kwh: Array
    surplus_w: Array
    quiet: Array
    weights: Weights
    sources: tuple[SourceConfig, ...]
    locks: Mapping[str, RunLocks]
    running: Mapping[str, bool]
    available: frozenset[str]
    emitter_c: Array | None
    """Emitter temperature per cell of the last plan."""
    power_cap_w: float
    site_limit_w: float
    flow_limit_c: float
    hashprice_ph_day: float
    discomfort_price_kh: float
    start_price: float
    phase_limits_w: tuple[float, float, float] = (np.inf, np.inf, np.inf)
    surplus_price_kwh: float = 0.0
    next_rise: SetpointRise | None = None
    """The next rise of the comfort band, for the messages."""
    unstoppable: frozenset[str] = frozenset()
    """Sources that run and have no off: in the next cells they make their lowest heat at least."""


@dataclass(frozen=True)
class PlanResult:
    """The plan, and the level of each source in the next 15 minutes."""

    made_s: float
    plan: Plan
    levels: Mapping[str, float]
    heat_w: float
    emitter_c: Array
    cap_w: float
    """The power cap that was used; infinite if comfort required more."""
    messages: tuple[Message, ...]
    """Description of the plan, for the record."""
    is_limited: bool = False
    """Whether the power cap takes from the margin of comfort, so that all heat that it allows is of use now."""

    @property
    def used(self) -> frozenset[str]:
        """The sources that run in the next 15 minutes."""
        return frozenset(source_id for source_id, level in self.levels.items() if level > 0)


def make_plan(request: PlanRequest) -> PlanResult:
    """Return the plan. It takes about 10 ms: call it in an executor thread."""
    problem, plan, cap = _solve_within_cap(request)
    first = _commit(request, problem, plan)
    levels: dict[str, float] = {}
    heat = 0.0
    for place, segment in enumerate(plan.segments):
        use = first[place]
        heat += use * float(segment.heat_w[0])
        reached = float(segment.level_from[0] + use * (segment.level_to[0] - segment.level_from[0]))
        if use > UNUSED:
            levels[segment.source_id] = max(levels.get(segment.source_id, 0.0), reached)
        else:
            levels.setdefault(segment.source_id, 0.0)
    emitter = np.concatenate([[request.state.emitter_c], plan.emitter_c[:-1]])
    plan = _as_committed(problem, plan, first)
    messages = _messages(plan, heat, cap, request.next_rise)
    is_limited = bool(np.isfinite(cap)) and heat > 0 and plan.near_doubt_kh > SMALL_DOUBT_KH
    return PlanResult(request.made_s, plan, levels, heat, emitter, cap, messages, is_limited)


def _solve_within_cap(request: PlanRequest) -> tuple[PlanProblem, Plan, float]:
    """Return the plan within the power cap, or a higher one if comfort needs it, and the cap."""
    cap = request.power_cap_w
    problem, plan = _solve(request, cap)
    if np.isfinite(cap) and plan.near_doubt_kh > SMALL_DOUBT_KH:
        raised, raised_plan = _solve(request, cap * SMALL_RELIEF)
        if raised_plan.near_doubt_kh < plan.near_doubt_kh - GAIN_SHARE * SMALL_DOUBT_KH:
            problem, plan, cap = raised, raised_plan, cap * SMALL_RELIEF
    for relief in CAP_RELIEF:
        if not np.isfinite(cap) or plan.near_shortfall_kh <= CAP_SHORTFALL_KH:
            break
        raised, raised_plan = _solve(request, request.power_cap_w * relief)
        # Only discomfort that more power avoids counts: a plan may prefer a cold morning to a hot afternoon.
        if raised_plan.near_shortfall_kh < plan.near_shortfall_kh - GAIN_SHARE * CAP_SHORTFALL_KH:
            problem, plan, cap = raised, raised_plan, request.power_cap_w * relief
    return problem, plan, cap


def _as_committed(problem: PlanProblem, plan: Plan, first: Sequence[float]) -> Plan:
    """Return the plan whose first cell is what is carried out: a compressor is on or off, not partially on."""
    if all(abs(use - plan.use[place, 0]) <= SAME for place, use in enumerate(first)):
        return plan
    committed = problem.solve({place: (use,) for place, use in enumerate(first)})
    return replace(committed, heat_value_kwh=plan.heat_value_kwh)


def _solve(request: PlanRequest, cap_w: float) -> tuple[PlanProblem, Plan]:
    segments = _build_segments(request, cap_w)
    weights, cells = request.weights, request.responses.grid
    surplus = None
    if (request.surplus_w > 0).any():
        saves = cells.mean(request.price_kwh) - request.surplus_price_kwh
        surplus = Surplus(cells.mean(request.surplus_w), saves)
    criteria = PlanCriteria(
        margin_k=weights.margin_k,
        sun_doubt=weights.sun_doubt,
        discomfort_price_kh=request.discomfort_price_kh,
        upper_price_share=weights.upper_price_share,
        stored_heat_share=weights.stored_heat_share,
        limits=_limits(request, segments, cap_w),
        surplus=surplus,
    )
    problem = PlanProblem(request.responses, request.state, request.horizon, criteria, segments)
    return problem, _with_unstoppable(request, problem, problem.solve())


def _with_unstoppable(request: PlanRequest, problem: PlanProblem, plan: Plan) -> Plan:
    """Return the plan in which sources without an off run now; the others then have less to do."""
    cells = min(BOUND_CELLS, len(plan.grid))
    fixed: Fixes = {}
    for place, segment in enumerate(plan.segments):
        if segment.source_id not in request.unstoppable or segment.level_from[0] > 0:
            continue
        config = next(source for source in request.sources if source.source_id == segment.source_id)
        least = _lowest_use(config, segment)
        if plan.use[place, 0] < least:
            fixed[place] = (least,) * cells
    return problem.solve(fixed) if fixed else plan


def _limits(request: PlanRequest, segments: Sequence[Segment], cap_w: float) -> tuple[PowerLimit, ...]:
    """Return the limits of the site, of each phase, and the cap if several modulating sources share it.

    Limits with the same sources in the same proportion (the phases of three-phase sources) are merged.
    """
    configs = [source for segment in segments for source in request.sources if source.source_id == segment.source_id]
    counted = [([1.0] * len(segments), request.site_limit_w)]
    for phase, most_w in enumerate(request.phase_limits_w):
        counted.append(([source.on_phase(phase) for source in configs], most_w))
    if len(request.pumps) > 1:
        counted.append(([float(segment.source_id in request.pumps) for segment in segments], cap_w))
    strictest: dict[tuple[float, ...], float] = {}
    for shares, most_w in counted:
        largest = max(shares, default=0.0)
        if largest > 0 and np.isfinite(most_w):
            key = tuple(share / largest for share in shares)
            strictest[key] = min(strictest.get(key, np.inf), most_w / largest)
    return tuple(PowerLimit(np.array(key), most_w) for key, most_w in strictest.items())


def _build_segments(request: PlanRequest, cap_w: float) -> list[Segment]:
    cells = request.responses.grid
    outdoor, price = cells.mean(request.horizon.outdoor_c), cells.mean(request.price_kwh)
    quiet = cells.mean(request.quiet) > 0.5
    emitter = request.emitter_c
    if emitter is None or len(emitter) != len(cells):
        emitter = np.full(len(cells), request.state.emitter_c + 3.0)
    segments: list[Segment] = []
    for source in request.sources:
        if source.source_id not in request.available:
            continue
        highest = np.where(quiet, source.quiet_level, 1.0)
        pump = request.pumps.get(source.source_id)
        if source.has_performance_map and pump is not None:
            limits = ModulationLimits(
                min_modulation=source.least_level,
                highest_level=highest,
                power_limit_w=cap_w,
                flow_limit_c=min(request.flow_limit_c, source.flow_limit_c or np.inf),
            )
            built: Sequence[Segment] = modulating_segments(
                source.source_id,
                pump,
                request.responses.house,
                emitter_c=emitter,
                outdoor_c=outdoor,
                price_kwh=price,
                limits=limits,
            )
        else:
            built = [limit_level(segment, highest) for segment in _configured_segments(source, request, price)]
        segments += [_apply_priority(segment, source.priority) for segment in built]
    return segments


def _apply_priority(segment: Segment, priority_kwh: float) -> Segment:
    """Return the segment with its cost reduced by the source's priority, in money per kWh of heat."""
    return replace(segment, cost_h=segment.cost_h - priority_kwh * segment.heat_w / 1000) if priority_kwh else segment


def _configured_segments(source: SourceConfig, request: PlanRequest, price: Array) -> list[Segment]:
    """Return the segments of a source from its configuration alone."""
    heat, power = full_load(source)
    if source.fuel_kwh_price is not None:
        cost_h = source.fuel_kwh_price / source.efficiency * heat / 1000 + price * power / 1000
        return [constant_segment(source.source_id, heat, power, cost_h)]
    if source.steering is Steering.STEPS and source.steps_w:
        steps = [
            PowerStep(heat * watts / power, watts, revenue_h(source, watts, request.hashprice_ph_day))
            for watts in source.steps_w
        ]
        return step_segments(source.source_id, steps, price)
    cost_h = power * price / 1000 - revenue_h(source, power, request.hashprice_ph_day)
    return [constant_segment(source.source_id, heat, power, cost_h)]


def _commit(request: PlanRequest, problem: PlanProblem, plan: Plan) -> list[float]:
    """Return the use of each segment now.

    Locks are applied first. Sources used below their minimum are then tried on and off; what a source does not deliver
    is left to the next ones.
    """
    configs = {source.source_id: source for source in request.sources}
    fixed: Fixes = {}
    first = [0.0] * len(plan.segments)
    cells = min(BOUND_CELLS, len(plan.grid))
    for place, segment in enumerate(plan.segments):
        first[place] = float(plan.use[place, 0])
        if segment.level_from[0] > 0 or configs[segment.source_id].steering is Steering.STEPS:
            continue
        first[place], plan = _first_use(request, problem, plan, fixed, place)
        fixed[place] = (first[place],) * cells
        if first[place] < float(plan.use[place, 0]) - UNUSED and place + 1 < len(plan.segments):
            plan = problem.solve(fixed)
    for place, segment in enumerate(plan.segments):
        if segment.level_from[0] > 0:
            base = next(p for p, other in enumerate(plan.segments) if other.source_id == segment.source_id)
            first[place] = first[place] if first[base] > 0 else 0.0
    return first


def _first_use(request: PlanRequest, problem: PlanProblem, plan: Plan, fixed: Fixes, place: int) -> tuple[float, Plan]:
    """Return the use of a source's first segment now, and the plan after that decision."""
    segment, use = plan.segments[place], float(plan.use[place, 0])
    config = next(source for source in request.sources if source.source_id == segment.source_id)
    least, locks = _min_use(config, request), request.locks.get(segment.source_id, RunLocks())
    if segment.source_id in request.unstoppable:
        return max(use, _lowest_use(config, segment)), plan
    if locks.must_rest:
        return 0.0, plan
    if locks.must_run or use >= least * WHOLE:
        return max(use, least), plan
    return (0.0, plan) if use <= UNUSED else _on_or_off(request, problem, fixed, place, least)


def _on_or_off(
    request: PlanRequest, problem: PlanProblem, fixed: Fixes, place: int, least: float
) -> tuple[float, Plan]:
    """Return the use of a source in the next cells that is cheaper, on or off, and the plan with it.

    On is as long as off. Rooms that need heat now may be overheated by that: then on is at most one cell. A small
    home with a large air-to-air unit needs short runs, and would wait, too cold, until a longer one is worth it.
    """
    cells = min(BOUND_CELLS, len(problem.model.grid))
    runs, rests = (problem.solve({**fixed, place: (use,) * cells}) for use in (least, 0.0))
    needs_heat = (problem.free_room[:cells] < problem.lower[:cells]).any()
    if needs_heat and (runs.room_c[:cells] > problem.upper[:cells]).any():
        runs = problem.solve({**fixed, place: (least,)})
    if _with_switching(request, runs) < _with_switching(request, rests):
        return least, runs
    return 0.0, rests


def _with_switching(request: PlanRequest, plan: Plan) -> float:
    """Return the objective of a plan with the cost of its starts: now, and later of what stops now.

    While another source heats instead, a start in the next hour is only put off: it counts as well.
    """
    uses = {segment.source_id: np.zeros(len(plan.grid), dtype=bool) for segment in plan.segments}
    for segment, use in zip(plan.segments, plan.use, strict=True):
        uses[segment.source_id] |= use > UNUSED
    heating = {name for name, used in uses.items() if used[0]}
    soon = np.cumsum(plan.grid.hours) <= SOON_START_H
    starts = 0
    for name, used in uses.items():
        if request.running.get(name, False):
            starts += name not in heating
        else:
            starts += name in heating or bool(heating and used[soon].any())
    return plan.objective + request.start_price * starts


def _min_use(source: SourceConfig, request: PlanRequest) -> float:
    """Return the minimum use of a source's first segment: 1, or the minimum level of a modulating burner."""
    if source.steering is Steering.LEVEL and source.source_id not in request.pumps:
        return source.min_modulation
    return 1.0


def _lowest_use(source: SourceConfig, segment: Segment) -> float:
    """Return the use of a source's first segment at its lowest output, without pauses."""
    if source.steering is not Steering.LEVEL:
        return 1.0
    return min(1.0, source.least_level / max(float(segment.level_to[0]), source.least_level))


def _messages(plan: Plan, now_w: float, cap_w: float, next_rise: SetpointRise | None) -> tuple[Message, ...]:
    """Return the messages that describe the plan, of whose first cell only ``now_w`` is carried out."""
    heat_w = [now_w, *plan.heat_w[1:]]
    first_use = next((i for i, heat in enumerate(heat_w) if heat > 1.0), None)
    kwh = float((plan.heat_w * plan.grid.hours).sum() / 1000)
    messages = [message(MessageCode.PLAN, hours=plan.grid.steps * STEP_S / 3600, heat_kwh=kwh)]
    if first_use is not None and first_use > 0:
        messages.append(message(MessageCode.PLAN_BEGINS, begin_h=float(plan.grid.begin[first_use]) * STEP_S / 3600))
    if next_rise is not None:
        messages.append(_rise_message(next_rise))
    if np.isfinite(cap_w):
        messages.append(message(MessageCode.POWER_CAP, cap_kw=cap_w / 1000))
    if plan.shortfall_kh > 0.05:
        messages.append(message(MessageCode.TOO_COLD, cold_kh=plan.shortfall_kh))
    return tuple(messages)


def _rise_message(next_rise: SetpointRise) -> Message:
    why = tuple(word for word in (next_rise.zone_id, next_rise.reason) if word)
    if not why:
        return message(MessageCode.COMING, lower_c=next_rise.lower_c, in_h=next_rise.in_h)
    return message(MessageCode.COMING_FOR, lower_c=next_rise.lower_c, in_h=next_rise.in_h, why=why)
