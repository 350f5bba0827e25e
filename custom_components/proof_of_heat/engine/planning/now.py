"""From two days of plan to what to do now: the plan's first cell, made whole.

The linear program may use half a source. A compressor runs or stands, so for each source that the plan uses by part,
both are tried: the next cells with it and without it, the rest planned anew. The better one counts; a start has a
price, so that it is not undone in the next quarter of an hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..._lib.heat_source import SourceKind
from ..arrays import Array
from ..config import SourceConfig, Steering, Weights
from ..cycling import Locks
from ..economics import MiningMarket
from ..house.observer import HouseState
from ..house.pump_map import PumpMap
from .grid import STEP_S
from .offers import Offer, PumpLimits, plain_offer, pump_offers
from .planner import Outlook, Plan, Planning, ResponseModel, Wishes

WHOLE, NONE = 0.97, 0.03
BOUND_CELLS = 2
CAP_SHORTFALL_KH = 0.7
"""More discomfort than this is no price for a lower peak..."""
CAP_RELIEF = (1.1, 1.25, np.inf)
"""...and the cap is raised by these factors, one after the other."""


@dataclass(frozen=True)
class PlanRequest:
    """All a plan needs; nothing in it changes while it is computed."""

    made_s: float
    responses: ResponseModel
    pump: PumpMap | None
    state: HouseState
    outlook: Outlook
    price_kwh: Array
    surplus_w: Array
    quiet: Array
    weights: Weights
    sources: tuple[SourceConfig, ...]
    locks: Mapping[str, Locks]
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


@dataclass(frozen=True)
class PlanResult:
    """The plan, and what each source shall do in the coming quarter of an hour."""

    made_s: float
    plan: Plan
    levels: Mapping[str, float]
    heat_w: float
    emitter_c: Array
    cap_w: float
    """The power cap that counted, infinite where comfort needed more."""
    words: str


def make_plan(request: PlanRequest) -> PlanResult:
    """Plan. Takes some 10 ms: in an executor thread in Home Assistant."""
    cap = request.power_cap_w
    planning, plan = _solved(request, cap)
    for relief in CAP_RELIEF:
        if not np.isfinite(cap) or plan.shortfall_kh <= CAP_SHORTFALL_KH:
            break
        raised, raised_plan = _solved(request, request.power_cap_w * relief)
        if raised_plan.shortfall_kh < plan.shortfall_kh - CAP_SHORTFALL_KH / 4:
            planning, plan, cap = raised, raised_plan, request.power_cap_w * relief
    first = _committed(request, planning, plan)
    levels: dict[str, float] = {}
    heat = 0.0
    for place, offer in enumerate(plan.offers):
        use = first[place]
        heat += use * float(offer.heat_w[0])
        reached = float(offer.level_from[0] + use * (offer.level_to[0] - offer.level_from[0]))
        if use > NONE:
            levels[offer.source_id] = max(levels.get(offer.source_id, 0.0), reached)
        else:
            levels.setdefault(offer.source_id, 0.0)
    emitter = np.concatenate([[request.state.emitter_c], plan.emitter_c[:-1]])
    return PlanResult(request.made_s, plan, levels, heat, emitter, cap, _words(plan, cap))


def _solved(request: PlanRequest, cap_w: float) -> tuple[Planning, Plan]:
    offers = _offers(request, cap_w)
    weights = request.weights
    wishes = Wishes(
        margin_k=weights.margin_k,
        sun_doubt=weights.sun_doubt,
        discomfort_price_kh=request.discomfort_price_kh,
        upper_price_share=weights.upper_price_share,
        stored_heat_share=weights.stored_heat_share,
        site_limit_w=request.site_limit_w,
    )
    planning = Planning(request.responses, request.state, request.outlook, wishes, offers)
    return planning, planning.solve()


def _offers(request: PlanRequest, cap_w: float) -> list[Offer]:
    cells = request.responses.grid
    outdoor, price = cells.mean(request.outlook.outdoor_c), cells.mean(request.price_kwh)
    surplus, quiet = cells.mean(request.surplus_w), cells.mean(request.quiet) > 0.5
    emitter = request.emitter_c
    if emitter is None or len(emitter) != len(cells):
        emitter = np.full(len(cells), request.state.emitter_c + 3.0)
    offers: list[Offer] = []
    for source in request.sources:
        if source.source_id not in request.available:
            continue
        highest = np.where(quiet, source.quiet_level, 1.0)
        net = price - source.priority
        if source.steering is Steering.LEVEL and request.pump is not None and source.fuel_kwh_price is None:
            limits = PumpLimits(
                lowest_level=source.lowest_level,
                highest_level=highest,
                power_limit_w=cap_w,
                flow_limit_c=min(request.flow_limit_c, source.flow_limit_c or np.inf),
            )
            own = _after_surplus(net, surplus, source.nominal_power_w or float(request.pump.full_power_w))
            house = request.responses.house
            offers += pump_offers(
                source.source_id,
                request.pump,
                house,
                emitter_c=emitter,
                outdoor_c=outdoor,
                price_kwh=own,
                limits=limits,
            )
        else:
            offers.append(_plain(source, request, net, surplus, highest))
    return offers


def _plain(source: SourceConfig, request: PlanRequest, price: Array, surplus: Array, highest: Array) -> Offer:
    heat, power = sizes(source)
    if source.fuel_kwh_price is not None:
        cost_kwh = np.full(len(price), source.fuel_kwh_price / source.efficiency - source.priority)
        cost_h = cost_kwh * heat / 1000
    else:
        cost_h = _after_surplus(price, surplus, power) * power / 1000
        cost_h = cost_h - revenue_h(source, power, request.hashprice_ph_day)
    offer = plain_offer(source.source_id, heat, power, cost_h)
    if (highest < 1.0).any():
        share = np.clip(highest, 0.0, 1.0)
        return Offer(
            source.source_id, offer.heat_w * share, offer.power_w * share, offer.cost_h * share, offer.level_from, share
        )
    return offer


def sizes(source: SourceConfig) -> tuple[float, float]:
    """Heat and electric input at full load, as configured or as is usual for the kind."""
    if source.steps_w:
        power = max(source.steps_w)
        return power * source.efficiency if source.kind == SourceKind.MINER else power, power
    heat = source.nominal_heat_w or (source.nominal_power_w or 0.0) * source.usual_cop or 10_000.0
    if source.fuel_kwh_price is not None:
        return heat, source.nominal_power_w or 0.0
    if source.kind == SourceKind.HEAT_PUMP:
        return heat, source.nominal_power_w or heat / source.usual_cop
    return heat, source.nominal_power_w or heat


def revenue_h(source: SourceConfig, power_w: float, hashprice_ph_day: float) -> float:
    """What a miner earns per hour at an input; 0 for all else and while the hashprice is unknown."""
    if source.kind != SourceKind.MINER or not source.efficiency_j_th or not np.isfinite(hashprice_ph_day):
        return 0.0
    inputs = source.steps_w or (power_w,)
    place = min(range(len(inputs)), key=lambda i: abs(inputs[i] - power_w))
    efficiency = source.efficiency_j_th[min(place, len(source.efficiency_j_th) - 1)]
    return MiningMarket(hashprice_ph_day, source.pool_fee).revenue_kwh(efficiency) * power_w / 1000


def _after_surplus(price: Array, surplus_w: Array, power_w: float) -> Array:
    """The price of a source's electricity when own surplus serves part of it (each source counts it for itself)."""
    result: Array = price * (1 - np.minimum(1.0, surplus_w / max(power_w, 1.0)))
    return result


def _committed(request: PlanRequest, planning: Planning, plan: Plan) -> list[float]:
    """Use of each offer now: locks first, then sources used by part are tried with and without."""
    fixed: dict[int, tuple[float, ...]] = {}
    first = [float(plan.use[place, 0]) for place in range(len(plan.offers))]
    cells = min(BOUND_CELLS, len(plan.grid))
    for place, offer in enumerate(plan.offers):
        config = next(s for s in request.sources if s.source_id == offer.source_id)
        if offer.level_from[0] > 0 or config.steering is Steering.STEPS:
            continue
        locks = request.locks.get(offer.source_id, Locks())
        if locks.must_rest:
            first[place] = 0.0
        elif locks.must_run:
            first[place] = 1.0
        elif NONE < first[place] < WHOLE:
            on = request.running.get(offer.source_id, False)
            first[place] = float(_better(planning, fixed, place, cells, request.start_price, running=on))
        else:
            first[place] = float(first[place] >= WHOLE)
        fixed[place] = (first[place],) * cells
    for place, offer in enumerate(plan.offers):
        if offer.level_from[0] > 0:
            base = next(p for p, other in enumerate(plan.offers) if other.source_id == offer.source_id)
            first[place] = first[place] if first[base] > 0 else 0.0
    return first


def _better(
    planning: Planning,
    fixed: dict[int, tuple[float, ...]],
    place: int,
    cells: int,
    start_price: float,
    *,
    running: bool,
) -> bool:
    with_it = planning.solve({**fixed, place: (1.0,) * cells}).objective
    without = planning.solve({**fixed, place: (0.0,) * cells}).objective
    change = -start_price if running else start_price
    return with_it + change < without


def _words(plan: Plan, cap_w: float) -> str:
    ahead = next((i for i, heat in enumerate(plan.heat_w) if heat > 1.0), None)
    kwh = float((plan.heat_w * plan.grid.hours).sum() / 1000)
    text = f"plan over {plan.grid.steps * STEP_S // 3600} h: {kwh:.0f} kWh of heat"
    if ahead is not None and ahead > 0:
        text += f", from {float(plan.grid.begin[ahead]) * STEP_S / 3600:.1f} h on"
    if np.isfinite(cap_w):
        text += f", electric power up to {cap_w / 1000:.1f} kW"
    if plan.shortfall_kh > 0.05:
        text += f"; {plan.shortfall_kh:.1f} K·h too cold cannot be avoided"
    return text
