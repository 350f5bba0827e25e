"""The heating engine: what every heat source shall do, cycle by cycle, for the least money.

Plain Python and numpy: no Home Assistant, no I/O, no clock, no randomness but seeded. Time and readings come in with a
`Snapshot`, decisions go out. One `Engine` per home; it is not thread-safe, all its methods belong to the event loop.

A cycle, as a coordinator runs it every 30-300 s:

    snapshot = Snapshot(now_s=time.time(), local_s=time.time() + standard_utc_offset_s, zones=..., band=..., ...)
    engine.observe(snapshot)                    # < 1 ms: judges readings, follows the house, fills the history
    if job := engine.job(snapshot):             # None, or slow work that is due: a plan (some ms), learning (< 1 s)
        try:
            engine.adopt(await hass.async_add_executor_job(job))
        except Exception: engine.job_failed()   # it goes on without and tries again when due
    decision = engine.decide(snapshot)          # < 1 ms: commands for all sources, and the record that says why
    for command in decision.commands: ...       # `hold`: write nothing; else on/level/power/flow with a lease

- Call `observe`, then `job` until it gives None (at most two), then `decide`. A plan is asked for every quarter of an
  hour and counts for 45 minutes; between, and whenever prediction is not allowed, `decide` works without it.
- `band` says what is wanted for two days ahead, in quarters of an hour, with reasons if there are some. Zones with a
  `band` (and `weight`) of their own go before the home's: the zone that needs most at a step counts, and the record
  names it (`record.next_rise`). `target_c` of a zone is for now, where there is no plan.
- `surplus_w` (now and forecast) is own power that nobody else uses, `surplus_price_kwh` what it would sell for.
- `SourceSnapshot.heat_w` and `power_w` are means since the last cycle (from counters where there are some). Where heat
  is not metered leave it NaN: it is estimated (metering.py).
- `local_s` is local *standard* time and runs on without jumps: it tells where the sun stands.
- Sources steered by flow temperature take `command.flow_c`; by input, `command.power_w`; by level, `command.level`.
- Persist `engine.dump()` (JSON values, some 100 kB) now and then and before stopping, `restore` it at start; minimum
  times, trims, history and the savings proof survive, the house is learned anew from the history within a second.
- For users: `engine.savings_report()` (savings with interval), `engine.consumption_forecast()` (next 24 h),
  `engine.suggest_curve(room_c)` (slope and level), `engine.learned.tested` (back-test), `decision.record` (why).

Parts: `plausible` (believable readings) -> `demand` (curve and trim) or `planning` (two days ahead in the house that
`house` learned) -> `choice`/`dispatch` (cheapest mix within limits) -> `safety` (the last word).
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
from .engine import Engine, JobResult
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
