"""The results of a window: engine, baseline PI controller, and perfect foresight."""

import importlib
import os

from . import limit
from .tables import Scored
from .twin_controller import Controller
from .window import Case, Outcome, load_twin, run_window


def baseline(case: Case) -> Outcome:
    """Return the result of the baseline PI controller in the same window; it runs every 300 s without a forecast."""
    twin = load_twin()
    controller = importlib.import_module("baseline").BaselinePI

    return run_window(twin, controller, Case(case.day, case.price, "perfect", 0, 300, case.scale))


def score(case: Case, *, with_limit: bool) -> Scored:
    """Run a window and return its results."""
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
    """Run a window, optionally with its limit, in a separate process."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return score(job[0], with_limit=job[1])
