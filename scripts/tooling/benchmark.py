"""Run a benchmark: it prints a table with the ratio to each reference measured in the same run.

scripts/benchmark                      list the benchmarks
scripts/benchmark NAME [--json FILE]   run one; further options are passed to it
"""

import importlib
from itertools import pairwise
import os
from pathlib import Path
import runpy
import sys

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the command line; return the exit status."""
    names = sorted(path.parent.name for path in (ROOT / "benchmarks").glob("*/__main__.py"))
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        for name in names:
            text = importlib.import_module(f"benchmarks.{name}").__doc__ or ""
            print(f"  {name:<16}{text.strip().splitlines()[0] if text.strip() else ''}")
        return 0
    name = sys.argv[1]
    if name not in names:
        print(f"unknown benchmark {name}; choose from {', '.join(names) or 'none'}", file=sys.stderr)
        return 2
    if (problem := _unwritable(sys.argv[2:])) is not None:
        print(f"scripts/benchmark: {problem}", file=sys.stderr)
        return 2
    sys.argv = [f"scripts/benchmark {name}", *sys.argv[2:]]
    runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=False)
    return 0


def _unwritable(options: list[str]) -> str | None:
    """Return why the file of ``--json`` cannot be written: better before a run of minutes than after it."""
    for option, value in pairwise([*options, ""]):
        name, _, joined = option.partition("=")
        if name == "--json":
            file = Path(joined or value)
            if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
                return f"{file} cannot be written"
    return None


if __name__ == "__main__":
    sys.exit(main())
