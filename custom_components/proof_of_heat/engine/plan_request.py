"""Builds the request of a plan from a snapshot and what the engine knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import math

import numpy as np

from . import horizon
from .arrays import Array
from .config import EngineConfig
from .input_validation import ValidatedInputs
from .learning import LearnedModel
from .model.history import Row
from .model.observer import HouseState
from .planning.commitment import PlanRequest
from .short_cycle import RunLocks
from .snapshot import ComfortBand, Snapshot
from .source_selection import SourceSelector
from .sources import all_sized


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContext:
    """What the engine knows in addition to the snapshot."""

    config: EngineConfig
    learned: LearnedModel
    selector: SourceSelector
    state: HouseState
    recent: Sequence[Row]
    """The history of the last day."""
    band: ComfortBand
    locks: Mapping[str, RunLocks]
    running: Mapping[str, bool]
    emitter_c: Array | None
    """Emitter temperature per cell of the last plan."""
    power_cap_w: float


def plan_request(snapshot: Snapshot, inputs: ValidatedInputs, context: PlanContext) -> PlanRequest:
    """Return the request of a plan from now on."""
    learned, cfg, selector, band = context.learned, context.config, context.selector, context.band
    sources = all_sized(cfg.sources, snapshot)
    steps = learned.responses.grid.steps
    price = horizon.price_series(snapshot, steps, cfg.weights.carbon_price_kg)
    usual_price = max(float(np.abs(price).mean()), 1e-3)
    loss_kw = learned.fitted.parameters.total_loss_w_k / 1000
    quiet = np.zeros(steps)
    quiet[: len(snapshot.quiet_schedule)] = snapshot.quiet_schedule[:steps]
    headroom = selector.headroom(snapshot, learned)
    return PlanRequest(
        made_s=snapshot.now_s,
        responses=learned.responses,
        pumps=selector.maps(learned),
        state=context.state,
        horizon=horizon.build_horizon(snapshot, inputs.outdoor_c, context.recent, band, steps),
        price_kwh=price,
        surplus_w=horizon.surplus_series(snapshot, steps),
        quiet=quiet,
        weights=replace(cfg.weights, margin_k=math.hypot(cfg.weights.margin_k, inputs.room_doubt_k)),
        sources=sources,
        locks=context.locks,
        running=context.running,
        available=selector.available(snapshot) & selector.needed(inputs),
        unstoppable=selector.unstoppable(snapshot),
        emitter_c=context.emitter_c,
        power_cap_w=context.power_cap_w,
        site_limit_w=headroom.site_w,
        flow_limit_c=cfg.safety.max_flow_c,
        hashprice_ph_day=snapshot.hashprice_ph_day,
        discomfort_price_kh=cfg.weights.discomfort_weight * loss_kw * usual_price,
        start_price=cfg.weights.start_kwh * usual_price,
        phase_limits_w=headroom.phases_w,
        surplus_price_kwh=snapshot.surplus_price_kwh if math.isfinite(snapshot.surplus_price_kwh) else 0.0,
        next_rise=band.next_rise(),
    )
