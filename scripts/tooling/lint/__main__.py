"""Run all static checks.

scripts/lint            all checks
scripts/lint --quick    without mypy
scripts/lint PATH…      only the wording of these files and folders
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
import subprocess
import sys

from .. import frontend
from . import code, documents, manifest, quality, structure, texts, usage, wording
from .integration import ROOT, Integration, integrations

_TYPED = ("custom_components", "lib", "scripts", "simulators", "benchmarks", "firmware")


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/lint", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="without mypy")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="check only the wording of these files and folders")
    args = parser.parse_args()
    if args.paths:
        return _report("wording", wording.check(args.paths))
    wrong = 0
    wrong += _run("ruff", "ruff", "check", "--quiet", "--output-format", "concise", ".")
    wrong += _run("format", "ruff", "format", "--check", ".")
    wrong += _run("generated files", sys.executable, "-m", "scripts.tooling.build", "--check")
    for integration in integrations():
        wrong += _integration(integration)
    wrong += _report("structure", structure.check_all())
    wrong += _report("wording", wording.check())
    wrong += _report("hacs.json", manifest.check_hacs())
    wrong += _report("documents", [*documents.check_links(), *documents.check_license_files()])
    if not args.quick:
        wrong += _run("mypy", "mypy", *(name for name in _TYPED if any((ROOT / name).rglob("*.py"))))
        wrong += _frontend()
    print("lint: no findings" if not wrong else f"lint: {wrong} of the checks failed")
    return 1 if wrong else 0


def _run(label: str, *command: str) -> int:
    """Run a tool; show its output only if it fails."""
    program = command[0] if "/" in command[0] else Path(sys.executable).with_name(command[0])
    done = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    print(f"  {'ok  ' if not done.returncode else 'FAIL'} {label}", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr)
    return int(done.returncode != 0)


_CHECKS: tuple[Callable[[Integration], Iterable[str]], ...] = (
    manifest.check,
    texts.check,
    usage.check,
    code.check,
    structure.check,
    quality.check,
    documents.check_requirement_licenses,
)


def _integration(integration: Integration) -> int:
    findings = [finding for check in _CHECKS for finding in check(integration)]
    findings = [*integration.broken, *findings]
    label = f"{integration.domain} (quality scale: {quality.tier(integration)})"
    return _report(label, findings)


def _report(label: str, findings: Iterable[str]) -> int:
    lines = list(findings)
    print(f"  {'ok  ' if not lines else 'FAIL'} {label}", flush=True)
    for line in lines:
        print(f"         {line}")
    return int(bool(lines))


def _frontend() -> int:
    """Type-check the cards."""
    if (reason := frontend.unavailable()) is not None:
        print(f"  skip frontend: {reason}")
        return 0
    done = frontend.type_check()
    return _report("frontend", (done.stdout + done.stderr).splitlines() if done.returncode else ())


if __name__ == "__main__":
    sys.exit(main())
