"""Regenerate the generated files: the `_lib/` folders, the bundles of the cards, docs/devices.md and the requirements.

    scripts/build            write the files
    scripts/build --check    write nothing; fail if a file differs
    scripts/build --lock     resolve the dependency groups of pyproject.toml again

Each integration lists the modules of lib/ that it uses in ``[tool.suite.lib]``; the modules they import
(``from .other import …``) are copied as well. An integration is therefore complete when its folder alone is copied.

``frontend/src/entries/<domain>.ts`` becomes ``custom_components/<domain>/frontend/<domain>-cards.js``; ``runtime.js``
next to it is what all bundles share.
"""

import argparse
import ast
from collections.abc import Iterable
import filecmp
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import tomllib

from . import devices, frontend

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = ROOT / "custom_components"
LIB = ROOT / "lib"
NOTE = "# Generated from lib/{name} by scripts/build: edit that file, not this one.\n"
PACKAGE = '"""Shared modules of the suite, copied from lib/ by scripts/build."""\n'
GROUPS = ("ha", "integrations", "test", "lint")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/build", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="fail if a generated file differs")
    parser.add_argument("--lock", action="store_true", help="resolve the requirements again")
    args = parser.parse_args(argv)
    if args.lock:
        lock()
    expected = {COMPONENTS / domain / "_lib": names for domain, names in lib_table().items()}
    wrong = [folder for folder, names in expected.items() if not build_lib(folder, names, check=args.check)]
    # Remove the folder of an integration that no longer uses lib/.
    for stray in COMPONENTS.glob("*/_lib"):
        if stray not in expected and any(stray.glob("*.py")):
            wrong.append(stray)
            if not args.check:
                shutil.rmtree(stray)
    stale = build_cards(check=args.check)
    if not devices.write(check=args.check):
        stale.append(devices.PAGE)
    if args.check and (wrong or stale):
        for path in [*wrong, *stale]:
            print(f"{path.relative_to(ROOT)} differs from its sources: run scripts/build")
        return 1
    print("generated files are up to date" if args.check else f"built {len(expected)} _lib folders")
    return 0


def build_cards(*, check: bool) -> list[Path]:
    """Write the bundles of the cards, or only compare them; return those that were not up to date."""
    if (reason := frontend.unavailable()) is not None:
        print(f"the cards are not built: {reason}")
        return []
    with tempfile.TemporaryDirectory() as temp:
        stale = frontend.build(Path(temp))
        strays = frontend.stray_files()
        if not check:
            for target in stale:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(temp) / target.parent.parent.name / target.name, target)
            for stray in strays:
                stray.unlink()
    return [*stale, *strays]


def lib_table() -> dict[str, list[str]]:
    """Return domain -> modules of lib/ from pyproject.toml, for the domains that have a folder."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        table: dict[str, list[str]] = tomllib.load(file)["tool"]["suite"]["lib"]
    return {domain: names for domain, names in table.items() if (COMPONENTS / domain / "manifest.json").is_file()}


def with_imports(names: Iterable[str]) -> list[str]:
    """Return the modules and everything they import from lib/, sorted."""
    todo, found = list(names), set[str]()
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        tree = ast.parse((LIB / f"{name}.py").read_text("utf-8"))
        todo += [
            module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.level == 1
            for module in ([node.module] if node.module else [alias.name for alias in node.names])
        ]
    return sorted(found)


def build_lib(folder: Path, names: Iterable[str], *, check: bool) -> bool:
    """Write one `_lib` folder, or only compare it; return whether it was up to date."""
    with tempfile.TemporaryDirectory() as temp:
        fresh = Path(temp)
        (fresh / "__init__.py").write_text(PACKAGE, "utf-8")
        for name in with_imports(names):
            text = (LIB / f"{name}.py").read_text("utf-8")
            (fresh / f"{name}.py").write_text(NOTE.format(name=f"{name}.py") + text, "utf-8")
        same = same_files(fresh, folder)
        if not same and not check:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(fresh, folder)
        return same


def same_files(left: Path, right: Path) -> bool:
    """Return whether two flat folders hold the same Python files."""
    names = {path.name for path in left.glob("*.py")}
    if not right.is_dir() or names != {path.name for path in right.glob("*.py")}:
        return False
    return all(filecmp.cmp(left / name, right / name, shallow=False) for name in names)


def lock() -> None:
    """Write requirements.lock and requirements-esphome.lock: versions and hashes, no addresses."""
    import homeassistant

    constraints = Path(homeassistant.__path__[0]) / "package_constraints.txt"
    common = [
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--python",
        sys.executable,
        "--generate-hashes",
        "--no-header",
    ]
    groups = [word for group in GROUPS for word in ("--group", group)]
    for target, extra in (
        ("requirements.lock", [*groups, "--constraints", str(constraints)]),
        ("requirements-esphome.lock", ["--group", "esphome"]),
    ):
        print(f"resolving {target}")
        subprocess.run([*common, *extra, "--output-file", target], cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
