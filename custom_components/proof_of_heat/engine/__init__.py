"""The heating engine: decides every cycle what each heat source does, at the lowest cost.

Plain Python and numpy: no Home Assistant, no I/O, no clock, only seeded randomness. Time and readings come in with a
`Snapshot`, decisions go out. Use one `Engine` per home. It is not thread-safe: call all methods from the event loop.

A cycle, as a coordinator runs it every 30-300 s:

    snapshot = Snapshot(now_s=time.time(), local_s=time.time() + standard_utc_offset_s, zones=..., band=..., ...)
    engine.observe(snapshot)                    # < 1 ms: validates inputs, updates the model state and the history
    if job := engine.job(snapshot):             # None, or slow work that is due: a plan (a few ms), learning (< 1 s)
        try:
            engine.adopt(await hass.async_add_executor_job(job))
        except Exception: engine.job_failed()   # continue without the result, retry when it is due again
    decision = engine.decide(snapshot)          # < 1 ms: commands for all sources, and the record with the reasons
    for command in decision.commands: ...       # `hold`: write nothing; otherwise on/level/power/flow with a lease

- Call `observe`, then `job` until it returns None (at most two jobs), then `decide`. A plan is due every 15 minutes and
  valid for 45. Without a valid plan, and while prediction is not allowed, `decide` uses the heating curve.
- `band` holds the comfort bounds of the next two days in steps of 15 minutes, optionally with reasons. The bands (and
  weights) of zones take precedence over the home's: the zone with the highest need sets each step, and the record
  names it (`record.next_rise`). `target_c` of a zone is its present setpoint, used without a plan.
- `surplus_w` (now and forecast) is unused power of the home's own generation, `surplus_price_kwh` its feed-in price.
- `SourceSnapshot.heat_w` and `power_w` are means since the last cycle (from counters if available). Leave `heat_w` NaN
  if it is not metered: it is then estimated (sources.py).
- `local_s` is local *standard* time without daylight saving jumps: it gives the position of the sun.
- A source is controlled by `command.flow_c`, `command.power_w` or `command.level`, depending on its type.
- Persist `engine.dump()` (JSON values, about 100 kB) regularly and before stopping, and `restore` it at start. Minimum
  times, trims, history and savings survive; the house model is learned again from the history within a second.
- For users: `engine.savings_report()` (savings with interval), `engine.consumption_forecast()` (next 24 h),
  `engine.suggest_curve(room_c)` (slope and level), `engine.learned.tested` (back-test), `decision.record` (why).

Pipeline: `input_validation` -> `demand` (curve and trim) or `planning` (the next two days in the house that `model`
learned) -> `source_selection`/`dispatch` (cheapest mix within the limits) -> `safety` (final limits).
"""

from .._lib.heat_source import SourceKind
from .config import (
    CurveConfig,
    EngineConfig,
    PeakPolicy,
    ReferenceControl,
    SafetyLimits,
    SiteLimits,
    SourceConfig,
    Steering,
    Weights,
)
from .decision_record import ControlMode, Decision, DecisionRecord, SourceCommand, SourceShare
from .engine import Engine
from .savings import SavingsReport
from .snapshot import ComfortBand, Forecast, SensorReading, Snapshot, SourceSnapshot, ZoneSnapshot

__all__ = [
    "ComfortBand",
    "ControlMode",
    "CurveConfig",
    "Decision",
    "DecisionRecord",
    "Engine",
    "EngineConfig",
    "Forecast",
    "JobResult",
    "PeakPolicy",
    "ReferenceControl",
    "SafetyLimits",
    "SavingsReport",
    "SensorReading",
    "SiteLimits",
    "Snapshot",
    "SourceCommand",
    "SourceConfig",
    "SourceKind",
    "SourceShare",
    "SourceSnapshot",
    "Steering",
    "Weights",
    "ZoneSnapshot",
]
