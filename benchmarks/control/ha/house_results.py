"""The results of the integration in the two homes next to those of the bare engine and the thermostats."""

from concurrent.futures import ProcessPoolExecutor
import multiprocessing
import sys
from typing import Any

from ..houses import run as houses_run
from ..tables import percent
from .house_window import HouseThroughHa, run

type Compared = tuple[HouseThroughHa, dict[str, dict[str, float]]]
"""A home, and the results of engine and thermostats in the same days."""


def all_houses(warm_up_days: float, scored_days: float, jobs: int) -> list[Compared]:
    """Run the homes, each in a process of its own: Home Assistant and its clock are patched for good there."""
    context = multiprocessing.get_context("spawn")
    count = len(houses_run.HOUSES)
    with ProcessPoolExecutor(max(1, jobs), mp_context=context, max_tasks_per_child=1) as pool:
        runs = pool.map(run, range(count), [warm_up_days] * count, [scored_days] * count)
        others = houses_run.compare(scored_days, warm_up_days)
        return [_report(ours, others[ours.name]) for ours in runs]


def _report(ours: HouseThroughHa, others: dict[str, dict[str, float]]) -> Compared:
    plan = "no plan" if ours.first_plan_h is None else f"first plan after {ours.first_plan_h:.1f} h"
    print(
        f"  {ours.name} through Home Assistant: {ours.result['cost_eur']:.1f} EUR, "
        f"{ours.result['discomfort_kh']:.1f} K·h; {plan}; cycles by mode {ours.modes}; {ours.seconds:.0f} s",
        file=sys.stderr,
    )
    return ours, others


def summary(found: list[Compared]) -> dict[str, Any]:
    """Return the ``through_ha_houses`` part of ``--json``; the thermostat is the reference of the savings."""
    return {
        ours.name: {
            "cost_pct": round(percent(ours.result["cost_eur"], others["thermostat"]["cost_eur"]), 2),
            "discomfort_kh": round(ours.result["discomfort_kh"], 2),
            "thermostat_discomfort_kh": round(others["thermostat"]["discomfort_kh"], 2),
            "first_plan_h": None if ours.first_plan_h is None else round(ours.first_plan_h, 2),
        }
        for ours, others in found
    }


def table(found: list[Compared]) -> str:
    """Return a Markdown table with a row per control: through Home Assistant, bare engine, thermostats."""
    lines = [
        "| Home | control | cost EUR | product against it | discomfort K·h | mean room °C | heat kWh | starts/h |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for ours, others in found:
        rows = {"through Home Assistant": ours.result}
        rows |= {houses_run.NAMES[name]: result for name, result in others.items()}
        for name, one in rows.items():
            change = "" if one is ours.result else f"{percent(ours.result['cost_eur'], one['cost_eur']):+.1f} %"
            lines.append(
                f"| {ours.name} | {name} | {one['cost_eur']:.1f} | {change} | {one['discomfort_kh']:.1f} "
                f"| {one['room_c']:.2f} | {one['heat_kwh']:.0f} | {one['starts_per_h_max']:.0f} |"
            )
    return "\n".join(lines)
