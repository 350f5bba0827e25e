"""One window scored: ours, the baseline PI, and what perfect foresight would reach."""

import importlib
import os

from . import limit
from .tables import Scored
from .twin_controller import Controller
from .window import Case, Outcome, load_twin, run_window


def baseline(case: Case) -> Outcome:
    """The baseline PI in the same window; it always runs at 300 s and uses no forecast."""
    twin = load_twin()
    controller = importlib.import_module("baseline").BaselinePI

    return run_window(twin, controller, Case(case.day, case.price, "perfect", 0, 300, case.scale))


def score(case: Case, *, with_limit: bool) -> Scored:
    """Run one window."""
    twin = load_twin()
    ours, base = run_window(twin, Controller, case), baseline(case)
    best = capped = None
    if with_limit:
        discomfort = ours.kpi["discomfort_kh"]
        index, scale = ours.series["index"], dict(case.scale)
        best = limit.solve(twin, index, case.price, limit.Bounds(ours.start_c, ours.end_c, discomfort), scale)
        if case.price == "dynamic":
            bounds = limit.Bounds(ours.start_c, ours.end_c, discomfort, base.kpi["peak_w_m2"])
            capped = limit.solve(twin, index, case.price, bounds, scale)
    return Scored(ours, base.kpi, best, capped)


def scored(job: tuple[Case, bool]) -> Scored:
    """A window and whether its limit is wanted; in a process of its own."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return score(job[0], with_limit=job[1])
