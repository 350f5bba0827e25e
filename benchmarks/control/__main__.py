"""Control quality of the heating engine, compared with the baseline PI controller and the limit of perfect foresight.

scripts/benchmark control                        all tariffs, tuning windows, noise seeds 1-3; about ten minutes
scripts/benchmark control --quick                dynamic tariff, seed 1
scripts/benchmark control --json F --plots DIR   also writes the results and the plots of docs/control.md
scripts/benchmark control --scales               also buildings with parameters changed by 25 %
scripts/benchmark control --through-ha           also the integration itself in Home Assistant, dynamic tariff, seed 1
scripts/benchmark control --through-ha-houses 7,14   only the two homes in Home Assistant
scripts/benchmark control --days 23 --seeds 1 --tariffs dynamic --no-limit --no-house   a single window
"""

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
import json
import os
from pathlib import Path
import sys
from typing import Any

import numpy as np

from . import house_run, learning_speed, plots, shadow_check, speed, tables
from .houses import run as houses_run
from .scoring import baseline, scored
from .tables import Scored
from .window import Case, load_twin

TARIFFS = ("dynamic", "constant", "highly_dynamic")
SCALES = ("ua", "capacity", "cop", "heat_output", "gains")
PLOTTED = ((23, "coldest"), (115, "mild"))


def _all(cases: Sequence[Case], *, with_limit: bool, jobs: int) -> list[Scored]:
    work = [(case, with_limit) for case in cases]
    if jobs <= 1:
        return [_report(scored(job)) for job in work]
    with ProcessPoolExecutor(jobs) as pool:
        return [_report(run) for run in pool.map(scored, work)]


def _report(run: Scored) -> Scored:
    case = run.ours.case
    print(
        f"  day {case.day:>3} {case.price:<15}seed {case.seed}{'' if not case.scale else f' {dict(case.scale)}'}: "
        f"cost {run.change('cost_eur_m2'):+.1f} %, discomfort {run.ours.kpi['discomfort_kh']:.2f} K·h "
        f"({run.change('discomfort_kh'):+.0f} %), peak {run.change('peak_w_m2'):+.1f} %",
        file=sys.stderr,
        flush=True,
    )
    return run


def _plot(run: Scored, folder: Path, name: str) -> None:
    """Five days of a window, of the engine and the baseline."""
    twin = load_twin()
    b, case = twin.boundary(), run.ours.case
    base, ours = baseline(case).series, run.ours.series
    span = slice(2 * 288, 7 * 288)
    index = ours["index"][span]
    plots.draw(
        folder / f"control-{name}.svg",
        f"Window of day {case.day}, {case.price} tariff, noisy forecast: five days",
        np.arange(len(index)) / 12.0,
        (b.lower_c[index], b.upper_c[index]),
        [(ours["t_room_c"][span], "engine"), (base["t_room_c"][span], "baseline PI")],
        b.price_eur_kwh[case.price][index],
        [(ours["power_w"][span], "engine"), (base["power_w"][span], "baseline PI")],
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plots", type=Path, metavar="FOLDER")
    parser.add_argument("--twin", type=Path, metavar="FOLDER", help="folder of the twin (default: HEAT_TWIN)")
    parser.add_argument(
        "--quick", action="store_true", help="dynamic tariff and seed 1 only, without the house with radiators"
    )
    parser.add_argument("--scales", action="store_true", help="also buildings with parameters changed by 25 %%")
    parser.add_argument(
        "--through-ha",
        action="store_true",
        help="also the integration in Home Assistant on a test clock (implies --quick and --no-limit)",
    )
    parser.add_argument(
        "--through-ha-days", metavar="WARM-UP,SCORED", help="days of each of its windows (default: those of the twin)"
    )
    parser.add_argument(
        "--through-ha-houses",
        metavar="WARM-UP,SCORED",
        help="days of the two homes in Home Assistant (default: 7,14); without --through-ha, only these",
    )
    parser.add_argument("--shadow", action="store_true", help="also the savings that shadow mode shows")
    parser.add_argument("--no-limit", action="store_true", help="without the limit (which needs scipy)")
    parser.add_argument("--days", metavar="N[,N]", help="days of the windows (default: the tuning windows)")
    parser.add_argument("--tariffs", default=",".join(TARIFFS), metavar="NAME[,NAME]", help="default: all")
    parser.add_argument(
        "--seeds", default="1,2,3", metavar="N[,N]", help="seeds of the forecast noise (default: 1,2,3)"
    )
    parser.add_argument("--period", type=int, default=900, metavar="SECONDS", help="control period")
    parser.add_argument("--jobs", type=int, default=os.process_cpu_count() or 1, help="parallel processes")
    parser.add_argument("--no-house", action="store_true", help="without the house with radiators")
    parser.add_argument("--house-days", type=int, default=house_run.SCORED_DAYS, help="scored days in that house")
    parser.add_argument("--repeat", type=int, default=speed.REPEAT, help="cycles for the speed measurement")
    parser.add_argument("--smoke", action="store_true", help="a short run that shows that the benchmark works")
    args = parser.parse_args()
    if args.smoke:
        args.quick, args.no_limit, args.days, args.jobs = True, True, "23", 1
        args.repeat = 20
    if args.through_ha:
        args.quick, args.no_limit = True, True
    return args


def _scales(days: Sequence[int], period_s: int, jobs: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the results with each parameter of the plant 25 % lower and higher; dynamic tariff, seed 1."""
    found = []
    for name in SCALES:
        for factor in (0.75, 1.25):
            cases = [Case(day, seed=1, period_s=period_s, scale=((name, factor),)) for day in days]
            found.append((f"{name} x {factor}", tables.summary(_all(cases, with_limit=False, jobs=jobs))))
    return found


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _through_ha(days: Sequence[int], bare: Sequence[Scored], args: argparse.Namespace) -> dict[str, Any]:
    """Return the results of the integration in Home Assistant; print them next to those of the bare engine."""
    from .ha import results  # needs Home Assistant

    span = None
    if args.through_ha_days:
        warm_up, scored = _numbers(args.through_ha_days)
        span = (warm_up, scored)
    found = results.all_windows([Case(day) for day in days], span, args.jobs)
    print(results.table(found, bare), end="\n\n")
    return results.summary(found)


def _houses_through_ha(args: argparse.Namespace) -> dict[str, Any]:
    """Return the results of the two homes in Home Assistant; print them next to engine and thermostats."""
    from .ha import house_results  # needs Home Assistant

    days = (houses_run.WARM_UP_DAYS, houses_run.SCORED_DAYS)
    warm_up, scored = map(float, args.through_ha_houses.split(",")) if args.through_ha_houses else days
    found = house_results.all_houses(warm_up, scored, args.jobs)
    print(house_results.table(found), end="\n\n")
    return house_results.summary(found)


def _tariff(
    tariff: str, days: Sequence[int], seeds: Sequence[int], args: argparse.Namespace
) -> tuple[dict[str, Any], list[Scored]]:
    """Return the results of a tariff over all windows and seeds; print the table of the dynamic one."""
    cases = [Case(day, tariff, seed=seed, period_s=args.period) for day in days for seed in seeds]
    runs = _all(cases, with_limit=not args.no_limit, jobs=args.jobs)
    if tariff == TARIFFS[0]:
        print(tables.windows_table(runs), end="\n\n")
        for run in runs if args.plots else ():
            name = dict(PLOTTED).get(run.ours.case.day)
            if name and run.ours.case.seed == seeds[0]:
                _plot(run, args.plots, name)
    return tables.summary(runs), runs


def main() -> int:
    """Run the benchmark from the command line."""
    args = _arguments()
    if args.through_ha_houses and not args.through_ha:
        return _write(args, {"through_ha_houses": _houses_through_ha(args)})
    if args.twin:
        os.environ["HEAT_TWIN"] = str(args.twin)
    try:
        twin = load_twin()
    except FileNotFoundError as err:
        print(err, file=sys.stderr)
        return 2
    days = _numbers(args.days) if args.days else list(twin.SCENARIOS["tuning"])
    seeds = [1] if args.quick else _numbers(args.seeds)
    print("BOPTEST-calibrated twin (not a BOPTEST score): change against the baseline PI, same windows\n")
    report: dict[str, Any] = {}
    bare: list[Scored] = []
    for tariff in TARIFFS[:1] if args.quick else args.tariffs.split(","):
        report[tariff], runs = _tariff(tariff, days, seeds, args)
        bare = bare or runs
    print(tables.tariffs_table(report), end="\n\n")
    if args.through_ha:
        report["through_ha"] = _through_ha(days, bare, args)
        report["through_ha_houses"] = _houses_through_ha(args)
    if args.scales:
        scales = _scales(days, args.period, args.jobs)
        report["scales"] = dict(scales)
        print(tables.scales_table(scales), end="\n\n")
    if args.shadow:
        checked = shadow_check.check_all([Case(day, period_s=args.period) for day in days], args.jobs)
        report["shadow"] = shadow_check.as_json(checked)
        print(shadow_check.table(checked), end="\n\n")
    if not (args.quick or args.no_house):
        report["house"] = house_run.compare(args.house_days)
        print(house_run.table(report["house"]), end="\n\n")
        report["houses"] = houses_run.compare(args.house_days)
        print(houses_run.table(report["houses"]), end="\n\n")
    report["speed"] = speed.measure(args.repeat)
    print(speed.table(report["speed"]), end="\n\n")
    report["learning"] = learning_speed.measure()
    print(learning_speed.table(report["learning"]))
    return _write(args, report)


def _write(args: argparse.Namespace, report: dict[str, Any]) -> int:
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
