"""The overview of a heating system: what heats and why, cost, savings, the next 24 hours, limits, overrides."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
import math
from typing import Any, Final

import numpy as np

from ..comfort.profiles import Override
from ..data import HeatingSystem
from ..engine import horizon
from ..engine.arrays import Array
from ..engine.decision_record import DecisionRecord
from ..engine.delivery import Amount, SourceDelivery
from ..engine.heat_price import why_not_sent
from ..engine.learning import FIRST_H, progress_percent
from ..engine.model.history import STEP_S
from ..engine.planning.planner import Plan
from ..engine.snapshot import SourceSnapshot
from ..messages.formatter import MessageFormatter, MessageTexts, rounded
from ..runtime.cycle import display_names
from ..runtime.savings_report import report_data
from ..sources.managed_source import ManagedSource

STEPS: Final = 96
"""A day in steps of 15 minutes."""
SAVINGS_DAYS: Final = 30


def overview(
    system: HeatingSystem, texts: MessageTexts, thermostats: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Return everything that the overview card shows, with texts in the language of its user.

    `thermostats`: the entities of the zones, by their ids.
    """
    names, currency = display_names(system.config, system.sources), system.coordinator.hass.config.currency
    formatter = MessageFormatter(texts, names, currency)
    data = system.coordinator.data
    record = data.decision.record
    readings = {reading.source_id: reading for reading in data.snapshot.sources}
    return {
        "available": True,
        "name": system.config.name,
        "currency": currency,
        "time": now.isoformat(),
        "failing": not system.coordinator.last_update_success,
        "state": str(record.state),
        "control_mode": str(record.control_mode),
        "active": record.active,
        "shadow": str(record.state) == "shadow",
        "text": formatter.join(record.reasons),
        "limits": [formatter.format(message) for message in record.limits],
        "notes": [formatter.format(message) for message in record.notes],
        "room_c": rounded(record.room_c),
        "lower_c": rounded(record.lower_c),
        "upper_c": rounded(record.upper_c),
        "outdoor_c": rounded(record.outdoor_c),
        "demand_w": rounded(record.demand_w),
        "heat": _amount(data.delivery.heat),
        "power": _amount(data.delivery.power),
        "cost_h": {
            "value": rounded(data.cost.cost_h) if data.delivery.power.known else None,
            "estimated": data.cost.estimated or not data.cost.complete,
        },
        "price_kwh": rounded(data.snapshot.price_kwh),
        "sources": [
            _source(managed, data.delivery.of(source_id), record, readings.get(source_id), formatter)
            for source_id, managed in system.sources.items()
        ],
        "savings": savings(system),
        "savings_progress": savings_progress(system, now),
        "learning": learning(system, now),
        "next_day": next_day(system, now),
        "profile": str(system.user.comfort.profile),
        "overrides": [
            _override(item, names, thermostats) for item in system.user.comfort.overrides if item.applies_at(now)
        ],
        "zones": [
            {
                "id": zone.zone_id,
                "name": names.get(zone.zone_id, zone.zone_id),
                "room_c": rounded(zone.room.value),
                "target_c": rounded(zone.target_c),
                "window_open": zone.window_open,
            }
            for zone in data.snapshot.zones
        ],
    }


def _amount(amount: Amount) -> dict[str, Any]:
    return {"value": rounded(amount.watts), "estimated": amount.estimated}


def _source(
    managed: ManagedSource,
    now: SourceDelivery | None,
    record: DecisionRecord,
    reading: SourceSnapshot | None,
    formatter: MessageFormatter,
) -> dict[str, Any]:
    """Return a source with the price of its heat; `reason`: why it is not commanded to heat.

    A source of a few watts is `running`, but not `heating`.
    """
    price, limits = managed.heat_price, record.limits
    source_id = managed.source.source_id
    wanted = price is not None and price.running
    heats = now is not None and now.heats_home
    waits = why_not_sent(reading, record) if wanted and reading is not None and not heats else ""
    code = waits or (price.reason if price is not None else "")
    own = [limit for limit in limits if limit.values.get("source") == source_id]
    shared = [limit for limit in limits if str(limit.code) == code]
    why = next(iter([limit for limit in own if str(limit.code) == code] or shared), None)
    return {
        "id": source_id,
        "name": managed.name,
        "kind": str(managed.config.kind),
        "health": str(managed.source.state.health),
        "price_kwh": managed.heat_price_kwh,
        "commanded": wanted and not waits,
        "heating": heats,
        "running": now is not None and now.is_heating,
        "heat": _amount(now.heat if now is not None else Amount()),
        "power": _amount(now.power if now is not None else Amount()),
        "reason": code or None,
        "reason_text": None if why is None else formatter.join((why,)),
        "limits": [formatter.format(limit) for limit in own],
    }


def savings(system: HeatingSystem) -> dict[str, Any] | None:
    """Return the savings of the last days with their 90 % interval, simulated in shadow mode; None before any."""
    report = report_data(system.engine, system.shadow, SAVINGS_DAYS)
    if report is None:
        return None
    origin = {"from_history": True} if report.get("from_history") else {}
    return origin | {
        "simulated": report["simulated"],
        "days": report["days"],
        "saved": report["saved"],
        "low": report["saved_low"],
        "high": report["saved_high"],
        "percent": report["saved_percent"],
        "cost": report["cost"],
    }


def savings_progress(system: HeatingSystem, now: datetime) -> dict[str, Any] | None:
    """Return when the first savings are expected if nothing interrupts the day.

    None if there are some, without a learned house, or while the sources run on their own.
    """
    shadow, snapshot = system.shadow, system.coordinator.data.snapshot
    if report_data(system.engine, shadow, SAVINGS_DAYS) is not None or not (shadow.is_on or snapshot.active):
        return None
    first = (shadow if shadow.is_on else system.engine.savings).first_day(snapshot.local_s)
    if first is None:
        return None
    return {
        "progress": round(100 * first.done_s / (first.done_s + first.left_s)),
        "expected": (now + timedelta(seconds=first.left_s)).isoformat(),
    }


def learning(system: HeatingSystem, now: datetime) -> dict[str, Any]:
    """Return how far the house is learned, and when the first model is expected if recording continues."""
    hours, learned = system.engine.history.hours, system.engine.learned
    missing = timedelta(hours=max(0.0, FIRST_H - hours))
    return {
        "trusted": system.engine.predicting,
        "learned": learned is not None,
        "progress": progress_percent(hours, is_learned=learned is not None),
        "hours": round(hours, 1),
        "expected": (now + missing).isoformat() if missing and not system.engine.is_unmeasured else None,
        "error_k": rounded(learned.errors_k[-1]) if learned is not None and learned.errors_k else None,
        "limit_k": system.engine.config.prediction_error_limit_k,
    }


def next_day(system: HeatingSystem, now: datetime) -> dict[str, Any] | None:
    """Return the next 24 hours in steps of 15 minutes from `start` on; None before the first cycle has inputs.

    `known_steps` is the number of steps for which prices are known; later ones repeat the last day. `plan` is None
    without a plan; its cells are longer than a step later in the day.
    """
    engine, snapshot = system.engine, system.coordinator.data.snapshot
    inputs = engine.inputs
    if inputs is None:
        return None
    band = engine.zones.band(inputs.zones, snapshot.band)
    ahead = horizon.build_horizon(snapshot, inputs.outdoor_c, engine.history.recent(STEPS), band, STEPS)
    has_price = math.isfinite(snapshot.price_kwh) or bool(snapshot.forecast and len(snapshot.forecast.price_kwh))
    has_weather = math.isfinite(inputs.outdoor_c) or bool(snapshot.forecast and len(snapshot.forecast.outdoor_c))
    return {
        "start": now.isoformat(),
        "step_s": STEP_S,
        "price_kwh": _list(horizon.price_series(snapshot, STEPS), 5) if has_price else [],
        "known_steps": _known_steps(system),
        "outdoor_c": _list(ahead.outdoor_c, 1) if has_weather else [],
        "solar_w_m2": _list(ahead.solar_w_m2, 0),
        "lower_c": _list(ahead.lower_c, 2),
        "upper_c": _list(ahead.upper_c, 2),
        "plan": None if engine.plan is None else _plan(engine.plan.plan, engine.plan.made_s, now),
    }


def _known_steps(system: HeatingSystem) -> int:
    forecast = system.coordinator.data.snapshot.forecast
    if forecast is None or not len(forecast.price_kwh):
        return 1
    return min(STEPS, len(horizon.resample(forecast.price_kwh, forecast.step_s, hold=True)))


def _plan(plan: Plan, made_s: float, now: datetime) -> dict[str, Any]:
    """Return the plan's cells of the next 24 hours: begin and end in steps since it was made."""
    age_steps = round(max(0.0, (now.timestamp() - made_s) / STEP_S), 2)
    cells = np.flatnonzero((plan.grid.end > age_steps) & (plan.grid.begin < STEPS + age_steps))
    heat: dict[str, np.ndarray[Any, np.dtype[np.float64]]] = {}
    for place, segment in enumerate(plan.segments):
        heat[segment.source_id] = (
            heat.get(segment.source_id, np.zeros(len(plan.grid))) + plan.use[place] * segment.heat_w
        )
    return {
        "made": made_s,
        "age_steps": age_steps,
        "begin": [int(plan.grid.begin[cell]) for cell in cells],
        "end": [int(plan.grid.end[cell]) for cell in cells],
        "room_c": [round(float(plan.room_c[cell]), 2) for cell in cells],
        "heat_w": {source_id: [round(float(values[cell])) for cell in cells] for source_id, values in heat.items()},
        "power_w": [round(float(plan.power_w[cell])) for cell in cells],
    }


def _override(override: Override, names: Mapping[str, str], thermostats: Mapping[str, str]) -> dict[str, Any]:
    return {
        "zone_id": override.zone_id,
        "entity_id": None if override.zone_id is None else thermostats.get(override.zone_id),
        "zone": None if override.zone_id is None else names.get(override.zone_id, override.zone_id),
        "profile": None if override.profile is None else str(override.profile),
        "target_c": override.target_c,
        "until": None if override.until is None else override.until.isoformat(),
    }


def _list(values: Sequence[float] | Array, digits: int) -> list[float | None]:
    return [round(float(value), digits) if math.isfinite(value) else None for value in values]
