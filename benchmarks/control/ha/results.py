"""The results of the integration next to those of the bare engine and the thermostat."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
import multiprocessing
import sys
from typing import Any

from .. import tables
from ..scoring import baseline
from ..tables import KEYS, Scored, percent
from ..window import Case
from .window import ThroughHa, run

type Compared = tuple[ThroughHa, dict[str, float]]
"""A window, and the thermostat's KPIs in the same window."""


def all_windows(cases: Sequence[Case], days: tuple[int, int] | None, jobs: int) -> list[Compared]:
    """Run the windows, each in a process of its own: Home Assistant and its clock are patched for good there."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(1, jobs), mp_context=context, max_tasks_per_child=1) as pool:
        return [_report(*compared) for compared in pool.map(_compared, cases, [days] * len(cases))]


def _compared(case: Case, days: tuple[int, int] | None) -> Compared:
    warm_up, scored = days or (None, None)
    return run(case, warm_up, scored), baseline(case).kpi


def _report(ours: ThroughHa, base: dict[str, float]) -> Compared:
    changes = ", ".join(f"{name} {percent(ours.kpi[key], base[key]):+.1f} %" for name, key in KEYS.items())
    plan = "no plan" if ours.first_plan_h is None else f"first plan after {ours.first_plan_h:.1f} h"
    print(f"  day {ours.case.day:>3} through Home Assistant: {changes}; {plan}; {ours.seconds:.0f} s", file=sys.stderr)
    return ours, base


def summary(found: Sequence[Compared]) -> dict[str, Any]:
    """Return the ``through_ha`` part of ``--json``. Means are changes of the means, as for the bare engine."""

    def mean(key: str) -> float:
        return percent(sum(ours.kpi[key] for ours, _ in found), sum(base[key] for _, base in found))

    first = [ours.first_plan_h for ours, _ in found]
    known = [hours for hours in first if hours is not None]
    return {
        "mean": {name: round(mean(key), 2) for name, key in KEYS.items()},
        "worst": {
            name: round(max(percent(ours.kpi[key], base[key]) for ours, base in found), 2) for name, key in KEYS.items()
        },
        "first_plan_h": round(max(known), 2) if len(known) == len(first) else None,
    }


def table(found: Sequence[Compared], bare: Sequence[Scored]) -> str:
    """Return a Markdown table with a row per window: thermostat, bare engine, through Home Assistant."""
    engine = {run.ours.case.day: run.ours.kpi for run in bare}
    lines = [
        "| Window | thermostat: EUR/m2, K·h, W/m2 | bare engine: cost, discomfort, peak | through Home Assistant |",
        "| --- | --- | --- | --- |",
    ]
    for ours, base in found:
        plain = ", ".join(f"{base[key]:.2f}" for key in KEYS.values())
        by_engine = _changes(engine.get(ours.case.day), base)
        lines.append(f"| day {ours.case.day} | {plain} | {by_engine} | {_changes(ours.kpi, base)} |")
    total = summary(found)
    mean, worst = (", ".join(f"{total[part][name]:+.1f} %" for name in KEYS) for part in ("mean", "worst"))
    bare_mean = tables.summary(bare)["mean"] if bare else {}
    lines.append(f"| mean | | {', '.join(f'{value:+.1f} %' for value in bare_mean.values()) or '-'} | {mean} |")
    lines.append(f"| worst | | | {worst} |")
    return "\n".join(lines)


def _changes(kpi: dict[str, float] | None, base: dict[str, float]) -> str:
    return "-" if kpi is None else ", ".join(f"{percent(kpi[key], base[key]):+.1f} %" for key in KEYS.values())
