"""From two days of plan to what to do now: the plan's first cell, made whole.

The linear program may use half a source. A compressor runs or stands, so for each source that the plan uses by part,
both are tried: the next cells with it and without it, the rest planned anew. The better one counts; a start has a
price, so that it is not undone in the next quarter of an hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..._lib.heat_source import SourceKind
from ..arrays import Array
from ..config import SourceConfig, Steering, Weights
from ..economics import MiningMarket
from ..messages import Message, MessageCode, message
from ..model.observer import HouseState
from ..model.performance_map import PerformanceMap
from ..short_cycle import RunLocks
from ..snapshot import SetpointRise
from .planner import Horizon, Plan, PlanCriteria, PlanProblem, PowerLimit, ResponseModel, Surplus
from .segments import ModulationLimits, PowerStep, Segment, constant_segment, modulating_segments, step_segments, under
from .time_grid import STEP_S

type Fixes = dict[int, tuple[float, ...]]

WHOLE, NONE = 0.97, 0.03
BOUND_CELLS = 2
CAP_SHORTFALL_KH = 0.7
"""More cold than this in the next hours is no price for a lower peak..."""
CAP_GAIN_KH = CAP_SHORTFALL_KH / 4
CAP_RELIEF = (1.1, 1.25, np.inf)
"""...and the cap is raised by these factors, one after the other."""


@dataclass(frozen=True)
class PlanRequest:
    """All a plan needs; nothing in it changes while it is computed."""

    made_s: float
    responses: ResponseModel
    pumps: Mapping[str, PerformanceMap]
    """Of the modulating sources whose map is learned."""
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
    """The last plan's emitter temperature per cell."""
    power_cap_w: float
    site_limit_w: float
    flow_limit_c: float
    hashprice_ph_day: float
    discomfort_price_kh: float
    start_price: float
    phase_limits_w: tuple[float, float, float] = (np.inf, np.inf, np.inf)
    surplus_price_kwh: float = 0.0
    next_rise: SetpointRise | None = None
    """The next time that is to be warmer, for the words."""


@dataclass(frozen=True)
class PlanResult:
    """The plan, and what each source shall do in the next_rise quarter of an hour."""

    made_s: float
    plan: Plan
    levels: Mapping[str, float]
    heat_w: float
    emitter_c: Array
    cap_w: float
    """The power cap that counted, infinite where comfort needed more."""
    said: tuple[Message, ...]
    """What it is, for the record."""


def make_plan(request: PlanRequest) -> PlanResult:
    """Plan. Takes some 10 ms: in an executor thread in Home Assistant."""
    cap = request.power_cap_w
    problem, plan = _solved(request, cap)
    for relief in CAP_RELIEF:
        if not np.isfinite(cap) or plan.near_shortfall_kh <= CAP_SHORTFALL_KH:
            break
        raised, raised_plan = _solved(request, request.power_cap_w * relief)
        # Cold in the morning that a hot afternoon is worth is none that power would mend.
        if raised_plan.discomfort_kh_total < plan.discomfort_kh_total - CAP_GAIN_KH:
            problem, plan, cap = raised, raised_plan, request.power_cap_w * relief
    first = _committed(request, problem, plan)
    levels: dict[str, float] = {}
    heat = 0.0
    for place, segment in enumerate(plan.segments):
        use = first[place]
        heat += use * float(segment.heat_w[0])
        reached = float(segment.level_from[0] + use * (segment.level_to[0] - segment.level_from[0]))
        if use > NONE:
            levels[segment.source_id] = max(levels.get(segment.source_id, 0.0), reached)
        else:
            levels.setdefault(segment.source_id, 0.0)
    emitter = np.concatenate([[request.state.emitter_c], plan.emitter_c[:-1]])
    return PlanResult(request.made_s, plan, levels, heat, emitter, cap, _said(plan, cap, request.next_rise))


def _solved(request: PlanRequest, cap_w: float) -> tuple[PlanProblem, Plan]:
    segments = _segments_of(request, cap_w)
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
    return problem, problem.solve()


def _limits(request: PlanRequest, segments: Sequence[Segment], cap_w: float) -> tuple[PowerLimit, ...]:
    """The site, each phase that is limited, and the cap where several modulating sources share it.

    Limits that count the same sources in the same proportion (the phases of three-phase sources) are one.
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


def _segments_of(request: PlanRequest, cap_w: float) -> list[Segment]:
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
                min_modulation=source.min_modulation,
                highest_level=highest,
                power_limit_w=cap_w,
                flow_limit_c=min(request.flow_limit_c, source.flow_limit_c or np.inf),
            )
            made: Sequence[Segment] = modulating_segments(
                source.source_id,
                pump,
                request.responses.house,
                emitter_c=emitter,
                outdoor_c=outdoor,
                price_kwh=price,
                limits=limits,
            )
        else:
            made = [under(segment, highest) for segment in _plain(source, request, price)]
        segments += [_preferred(segment, source.priority) for segment in made]
    return segments


def _preferred(segment: Segment, priority_kwh: float) -> Segment:
    """An offer made cheaper by what its source is preferred by, per kWh of heat."""
    return replace(segment, cost_h=segment.cost_h - priority_kwh * segment.heat_w / 1000) if priority_kwh else segment


def _plain(source: SourceConfig, request: PlanRequest, price: Array) -> list[Segment]:
    """What is known of a source from its configuration alone."""
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


def full_load(source: SourceConfig) -> tuple[float, float]:
    """Heat and electric input at full load, as configured or as is usual for the kind."""
    if source.fuel_kwh_price is None and source.kind in (SourceKind.MINER, SourceKind.DIRECT_ELECTRIC):
        share = source.efficiency if source.kind == SourceKind.MINER else 1.0
        power = (
            max(source.steps_w, default=0.0) or source.nominal_power_w or (source.nominal_heat_w or 10_000.0) / share
        )
        return power * share, power
    heat = source.nominal_heat_w or (source.nominal_power_w or 0.0) * source.typical_cop or 10_000.0
    if source.fuel_kwh_price is not None:
        return heat, source.nominal_power_w or 0.0
    if source.kind == SourceKind.HEAT_PUMP:
        return heat, source.nominal_power_w or heat / source.typical_cop
    return heat, max(source.steps_w, default=0.0) or source.nominal_power_w or heat


def revenue_h(source: SourceConfig, power_w: float, hashprice_ph_day: float) -> float:
    """What a miner earns per hour at an input; 0 for all else and while the hashprice is unknown."""
    if source.kind != SourceKind.MINER or not source.efficiency_j_th or not np.isfinite(hashprice_ph_day):
        return 0.0
    inputs = source.steps_w or (power_w,)
    place = min(range(len(inputs)), key=lambda i: abs(inputs[i] - power_w))
    efficiency = source.efficiency_j_th[min(place, len(source.efficiency_j_th) - 1)]
    return MiningMarket(hashprice_ph_day, source.pool_fee).revenue_kwh(efficiency) * power_w / 1000


def _committed(request: PlanRequest, problem: PlanProblem, plan: Plan) -> list[float]:
    """Use of each offer now: locks first, then sources used by less than they can run at are tried with and without."""
    configs = {source.source_id: source for source in request.sources}
    fixed: Fixes = {}
    first = [float(plan.use[place, 0]) for place in range(len(plan.segments))]
    cells = min(BOUND_CELLS, len(plan.grid))
    for place, segment in enumerate(plan.segments):
        config = configs[segment.source_id]
        if segment.level_from[0] > 0 or config.steering is Steering.STEPS:
            continue
        least = _least_use(config, request)
        locks = request.locks.get(segment.source_id, RunLocks())
        if locks.must_rest:
            first[place] = 0.0
        elif locks.must_run:
            first[place] = max(first[place], least)
        elif NONE < first[place] < least * WHOLE:
            trial = (least,) * cells
            runs = request.running.get(segment.source_id, False)
            first[place] = least if _better(problem, fixed, place, trial, _change(request, runs)) else 0.0
        elif first[place] >= least * WHOLE:
            first[place] = max(first[place], least)
        else:
            first[place] = 0.0
        fixed[place] = (first[place],) * cells
    for place, segment in enumerate(plan.segments):
        if segment.level_from[0] > 0:
            base = next(p for p, other in enumerate(plan.segments) if other.source_id == segment.source_id)
            first[place] = first[place] if first[base] > 0 else 0.0
    return first


def _least_use(source: SourceConfig, request: PlanRequest) -> float:
    """The least use of a source's first offer at which it can run: whole, but for a burner that modulates."""
    if source.steering is Steering.LEVEL and source.source_id not in request.pumps:
        return source.min_modulation
    return 1.0


def _change(request: PlanRequest, runs: bool) -> float:
    """What running now costs beside the plan: a start, or (negative) the start that it saves later."""
    return -request.start_price if runs else request.start_price


def _better(problem: PlanProblem, fixed: Fixes, place: int, trial: tuple[float, ...], change: float) -> bool:
    with_it = problem.solve({**fixed, place: trial}).objective
    without = problem.solve({**fixed, place: (0.0,) * len(trial)}).objective
    return with_it + change < without


def _said(plan: Plan, cap_w: float, next_rise: SetpointRise | None) -> tuple[Message, ...]:
    """The plan in phrases."""
    ahead = next((i for i, heat in enumerate(plan.heat_w) if heat > 1.0), None)
    kwh = float((plan.heat_w * plan.grid.hours).sum() / 1000)
    said = [message(MessageCode.PLAN, hours=plan.grid.steps * STEP_S / 3600, heat_kwh=kwh)]
    if ahead is not None and ahead > 0:
        said.append(message(MessageCode.PLAN_BEGINS, begin_h=float(plan.grid.begin[ahead]) * STEP_S / 3600))
    if next_rise is not None:
        said.append(_rise_message(next_rise))
    if np.isfinite(cap_w):
        said.append(message(MessageCode.POWER_CAP, cap_kw=cap_w / 1000))
    if plan.shortfall_kh > 0.05:
        said.append(message(MessageCode.TOO_COLD, cold_kh=plan.shortfall_kh))
    return tuple(said)


def _rise_message(next_rise: SetpointRise) -> Message:
    why = tuple(word for word in (next_rise.zone_id, next_rise.reason) if word)
    if not why:
        return message(MessageCode.COMING, lower_c=next_rise.lower_c, in_h=next_rise.in_h)
    return message(MessageCode.COMING_FOR, lower_c=next_rise.lower_c, in_h=next_rise.in_h, why=why)
