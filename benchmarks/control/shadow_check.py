"""Shadow mode on the twin: the savings that the simulation shows while the baseline heats, and those of real control.

scripts/benchmark control --shadow adds this table.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
import importlib
import math
import os
from typing import Any

import numpy as np

from .scoring import baseline
from .twin_controller import PACKAGE, Controller, configuration, engine, snapshot
from .window import Case, load_twin, run_window


@dataclass(frozen=True, slots=True)
class Checked:
    """Savings of a window in percent of the baseline's cost."""

    day: int
    shown: float
    low: float
    high: float
    real: float
    below_kh: float

    @property
    def is_inside(self) -> bool:
        """Whether the real savings are within the interval."""
        return self.low <= self.real <= self.high


class ShadowedBaseline:
    """The baseline controller, with an engine that only watches and simulates."""

    def __init__(self) -> None:
        load_twin()
        self._baseline = importlib.import_module("baseline").BaselinePI()
        self._engine = engine.Engine(configuration())
        home = importlib.import_module(f"{PACKAGE}.engine.shadow.home")
        self.shadow = home.ShadowHome(self._engine)

    def __call__(self, obs: dict[str, float], forecast: dict[str, np.ndarray]) -> float:
        """Return the baseline's modulation until the next call."""
        now = replace(snapshot(obs, forecast), active=False)
        self._engine.observe(now)
        _work(self._engine, now)
        self._engine.decide(now)
        if (copy := self.shadow.observe(now)) is not None:
            _work(self.shadow.engine, copy)
            self.shadow.decide(copy)
        level: float = self._baseline(obs, forecast)
        return level


def _work(part: Any, now: Any) -> None:
    while (job := part.job(now)) is not None:
        part.adopt(job())


def check(case: Case) -> Checked:
    """Return the savings that a window's simulation shows, next to those of its control."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    twin = load_twin()
    made: list[ShadowedBaseline] = []

    def make() -> ShadowedBaseline:
        made.append(ShadowedBaseline())
        return made[-1]

    run_window(twin, make, replace(case, period_s=300))
    ours, base = run_window(twin, Controller, case).kpi, baseline(case).kpi
    report = made[0].shadow.report(twin.SCORED_DAYS)
    real = 100 * (1 - ours["cost_eur_m2"] / base["cost_eur_m2"])
    if report is None:
        return Checked(case.day, math.nan, math.nan, math.nan, real, math.nan)
    return Checked(case.day, report.percent, report.percent_low, report.percent_high, real, report.below_kh)


def check_all(cases: Sequence[Case], jobs: int) -> list[Checked]:
    """Check several windows, in parallel processes if more than one job is allowed."""
    if jobs <= 1:
        return [check(case) for case in cases]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(check, cases))


def as_json(rows: Sequence[Checked]) -> dict[str, Any]:
    """Return the results for ``--json``."""
    return {
        "inside": sum(row.is_inside for row in rows),
        "runs": len(rows),
        "mean_error_pct": round(sum(row.shown - row.real for row in rows) / len(rows), 2),
    }


def table(rows: Sequence[Checked]) -> str:
    """Return the results as a Markdown table."""
    lines = ["| Window | simulated savings (5-95 %) | savings of real control | inside |", "| --- | --- | --- | --- |"]
    lines += [
        f"| day {row.day} | {row.shown:.1f} % ({row.low:.1f} to {row.high:.1f}) | {row.real:.1f} % "
        f"| {'yes' if row.is_inside else 'no'} |"
        for row in rows
    ]
    return "\n".join(lines)
