"""Regenerate what is generated: the `_lib/` folders and the locked requirements.

    scripts/build            write
    scripts/build --check    write nothing, fail where something differs
    scripts/build --lock     resolve the dependency groups of pyproject.toml anew

Each integration names the modules of lib/ that it needs in ``[tool.suite.lib]``; a module brings those
that it imports itself (``from .other import …``). So an integration is whole when its folder alone is copied.
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

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = ROOT / "custom_components"
LIB = ROOT / "lib"
NOTE = "# Generated from lib/{name} by scripts/build: edit that file, not this one.\n"
PACKAGE = '"""Shared modules of the suite, copied from lib/ by scripts/build."""\n'
GROUPS = ("ha", "integrations", "test", "lint")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail where generated files differ")
    parser.add_argument("--lock", action="store_true", help="resolve the requirements anew")
    args = parser.parse_args(argv)
    if args.lock:
        lock()
    wanted = {COMPONENTS / domain / "_lib": names for domain, names in lib_table().items()}
    wrong = [folder for folder, names in wanted.items() if not build_lib(folder, names, check=args.check)]
    # A folder that nobody names any more goes.
    for stray in COMPONENTS.glob("*/_lib"):
        if stray not in wanted and any(stray.glob("*.py")):
            wrong.append(stray)
            if not args.check:
                shutil.rmtree(stray)
    if args.check and wrong:
        for folder in wrong:
            print(f"{folder.relative_to(ROOT)} differs from lib/: run scripts/build")
        return 1
    print("generated files are up to date" if args.check else f"built {len(wanted)} _lib folders")
    return 0


def lib_table() -> dict[str, list[str]]:
    """Domain -> modules of lib/, from pyproject.toml; domains without a folder are left out."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        table: dict[str, list[str]] = tomllib.load(file)["tool"]["suite"]["lib"]
    return {domain: names for domain, names in table.items() if (COMPONENTS / domain / "manifest.json").is_file()}


def with_imports(names: Iterable[str]) -> list[str]:
    """The named modules and all that they import from lib/, sorted."""
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
    """Write one `_lib` folder, or only compare it; True where nothing differed."""
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
    """Whether two flat folders hold the same Python files."""
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
