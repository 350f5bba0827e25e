"""Summaries over windows, and the tables of the output and of docs/control.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .limit import Limit
from .window import Outcome

KEYS = {"cost_pct": "cost_eur_m2", "discomfort_pct": "discomfort_kh", "peak_pct": "peak_w_m2"}


@dataclass(frozen=True, slots=True)
class Scored:
    """The results of a window: engine, baseline and limit."""

    ours: Outcome
    baseline: dict[str, float]
    limit: Limit | None = None
    limit_at_peak: Limit | None = None
    """The limit that also keeps the baseline's peak power."""

    def change(self, key: str) -> float:
        """Return the change compared with the baseline in percent."""
        return percent(self.ours.kpi[key], self.baseline[key])


def percent(value: float, base: float) -> float:
    """Return the change from ``base`` in percent; 0 if ``base`` is 0."""
    return (value / base - 1) * 100 if base else 0.0


def summary(runs: Sequence[Scored]) -> dict[str, Any]:
    """Return the ``--json`` results of a tariff. Means are changes of the means, as in the twin's own runner."""

    def mean(key: str) -> float:
        return percent(sum(run.ours.kpi[key] for run in runs), sum(run.baseline[key] for run in runs))

    return {
        "mean": {name: round(mean(key), 2) for name, key in KEYS.items()},
        "worst": {name: round(max(run.change(key) for run in runs), 2) for name, key in KEYS.items()},
        "starts_per_h_max": max(int(run.ours.kpi["starts_max_per_hour"]) for run in runs),
        "share_of_limit_pct": share_of_limit(runs, "limit"),
        "share_of_limit_at_baseline_peak_pct": share_of_limit(runs, "limit_at_peak"),
        "energy_pct": round(mean("energy_kwh_m2"), 2),
        "runs": len(runs),
    }


def share_of_limit(runs: Sequence[Scored], which: str) -> float | None:
    """Return the share of the possible saving in percent; None without limits."""
    limits: list[Limit | None] = [getattr(run, which) for run in runs]
    found = [limit for limit in limits if limit is not None]
    if not runs or len(found) < len(runs):
        return None
    base = sum(run.baseline["cost_eur_m2"] for run in runs)
    ours = sum(run.ours.kpi["cost_eur_m2"] for run in runs)
    best = sum(limit.cost_eur_m2 for limit in found)
    result: float = round(100 * (base - ours) / (base - best), 1)
    return result


def windows_table(runs: Sequence[Scored]) -> str:
    """Return a Markdown table with a row per window (mean of its seeds)."""
    lines = [
        "| Window | cost | of the limit | discomfort K·h | peak | starts/h |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for day in dict.fromkeys(run.ours.case.day for run in runs):
        group = [run for run in runs if run.ours.case.day == day]
        total = summary(group)
        ours = sum(run.ours.kpi["discomfort_kh"] for run in group) / len(group)
        base = group[0].baseline["discomfort_kh"]
        share = total["share_of_limit_pct"]
        mean = total["mean"]
        lines.append(
            f"| day {day} | {mean['cost_pct']:+.1f} % | {'-' if share is None else f'{share:.0f} %'} "
            f"| {ours:.2f} (baseline {base:.2f}) | {mean['peak_pct']:+.1f} % | {total['starts_per_h_max']} |"
        )
    return "\n".join(lines)


def tariffs_table(totals: dict[str, dict[str, Any]]) -> str:
    """Return a Markdown table with a row per tariff."""
    lines = [
        "| Tariff | cost | discomfort | peak | worst window: cost, discomfort, peak | starts/h | of the limit |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for tariff, total in totals.items():
        mean, worst, share = total["mean"], total["worst"], total["share_of_limit_pct"]
        lines.append(
            f"| {tariff} | {mean['cost_pct']:+.1f} % | {mean['discomfort_pct']:+.1f} % | {mean['peak_pct']:+.1f} % "
            f"| {worst['cost_pct']:+.1f} %, {worst['discomfort_pct']:+.1f} %, {worst['peak_pct']:+.1f} % "
            f"| {total['starts_per_h_max']} | {'-' if share is None else f'{share:.0f} %'} |"
        )
    return "\n".join(lines)


def scales_table(rows: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """Return a Markdown table with a row per changed building."""
    lines = ["| Building | cost | discomfort | peak |", "| --- | --- | --- | --- |"]
    for name, total in rows:
        mean = total["mean"]
        lines.append(
            f"| {name} | {mean['cost_pct']:+.1f} % | {mean['discomfort_pct']:+.1f} % | {mean['peak_pct']:+.1f} % |"
        )
    return "\n".join(lines)
