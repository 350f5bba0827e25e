"""Checks of the structure: import cycles, core packages without Home Assistant, sizes of modules and folders."""

import ast
from collections.abc import Iterator
from pathlib import Path
import re

from .integration import ROOT, Findings, Integration

MAX_LINES = 400
MAX_TEST_LINES = 600
# The platforms and files that Home Assistant looks for by name have to be in the root.
MAX_ROOT_MODULES = 24
# Domain logic that runs without Home Assistant, in simulators, benchmarks and property tests.
CORE_PACKAGES = {
    "ecoflow": ("api",),
    "edge_telemetry": ("decoders", "downlink"),
    "iot_heating": ("protocol",),
    "ota": ("rollout",),
    "proof_of_heat": ("comfort", "drivers", "engine"),
    "smart_outlet": ("model", "radio"),
}
_SOURCES = ("lib", "simulators", "scripts", "benchmarks", "tests")


def check(integration: Integration) -> Findings:
    """Return all findings about one integration's structure."""
    root_modules = sorted(integration.path.glob("*.py"))
    if len(root_modules) > MAX_ROOT_MODULES:
        yield f"{len(root_modules)} modules in the root folder, at most {MAX_ROOT_MODULES}: group them in packages"
    yield from _core_imports(integration)
    yield from _cycles(ROOT, integration.modules())


def check_all() -> Findings:
    """Return the findings about everything else: module sizes everywhere, cycles outside the integrations."""
    for folder in ("custom_components", *_SOURCES):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if "_lib" in file.parts:
                continue
            limit = MAX_TEST_LINES if folder == "tests" else MAX_LINES
            if (count := len(file.read_text("utf-8").splitlines())) > limit:
                yield f"{file.relative_to(ROOT)}: {count} lines, at most {limit}"
    for folder in _SOURCES:
        yield from _cycles(ROOT, sorted((ROOT / folder).rglob("*.py")))


def _core_imports(integration: Integration) -> Findings:
    """A core package imports neither Home Assistant nor a module that does."""
    packages = CORE_PACKAGES.get(integration.domain, ())
    for package in packages:
        if not (integration.path / package).is_dir():
            yield f"the core package {package} is missing"
    for file in sorted(integration.path.rglob("*.py")):
        parts = file.relative_to(integration.path).parts
        if parts[0] not in packages:
            continue
        name = "/".join(parts)
        for module, line in imported_modules(file, integration.path.parent):
            if module.split(".")[0] == "homeassistant":
                yield f"{name}:{line}: a core package imports {module}"
            elif module.startswith(f"{integration.domain}."):
                inner = module.split(".")[1]
                if inner == "_lib":
                    yield from _library_import(integration, name, line, module)
                elif inner not in packages:
                    yield f"{name}:{line}: a core package imports {inner}, which is not one"


def _library_import(integration: Integration, name: str, line: int, module: str) -> Findings:
    file = integration.path.parent.joinpath(*module.split(".")).with_suffix(".py")
    # A type of Home Assistant in the signature of a contract is not a dependency at run time.
    if file.is_file() and re.search(r"^(from|import) homeassistant", file.read_text("utf-8"), re.MULTILINE):
        yield f"{name}:{line}: a core package imports {module}, which imports homeassistant"


def imported_modules(file: Path, base: Path) -> Iterator[tuple[str, int]]:
    """Yield each imported module as a dotted name relative to ``base`` (absolute ones as written), with its line.

    Imports in functions and under ``TYPE_CHECKING`` count as well. ``from package import name`` yields
    ``package.name`` where that is a module, else ``package``.
    """
    package = file.relative_to(base).parent.parts if file.is_relative_to(base) else ()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            parts = (*start, *(node.module or "").split(".")) if node.module else start
            for alias in node.names:
                inner = base.joinpath(*parts, alias.name)
                is_module = inner.with_suffix(".py").is_file() or (inner / "__init__.py").is_file()
                yield ".".join((*parts, alias.name) if is_module else parts), node.lineno


def _cycles(base: Path, files: list[Path]) -> Findings:
    """Name each group of modules that import one another in a circle."""
    names = {_module_name(file, base): file for file in files}
    graph = {
        name: {module for module, _ in imported_modules(file, base) if module in names and module != name}
        for name, file in names.items()
    }
    for group in strongly_connected(graph):
        if len(group) > 1:
            yield f"circular import: {' <-> '.join(sorted(group))}"


def _module_name(file: Path, base: Path) -> str:
    parts = file.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def strongly_connected(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the strongly connected components of a directed graph (Kosaraju's algorithm, without recursion)."""
    order: list[str] = []
    visited: set[str] = set()
    for start, first in graph.items():
        stack = [(start, iter(sorted(first)))] if start not in visited else []
        visited.add(start)
        while stack:
            node, children = stack[-1]
            child = next((c for c in children if c not in visited), None)
            if child is None:
                order.append(node)
                stack.pop()
            else:
                visited.add(child)
                stack.append((child, iter(sorted(graph[child]))))
    reverse: dict[str, set[str]] = {node: set() for node in graph}
    for node, children_of in graph.items():
        for child in children_of:
            reverse[child].add(node)
    groups: list[set[str]] = []
    assigned: set[str] = set()
    for start in reversed(order):
        if start in assigned:
            continue
        group, queue = {start}, [start]
        assigned.add(start)
        while queue:
            for parent in reverse[queue.pop()] - assigned:
                assigned.add(parent)
                group.add(parent)
                queue.append(parent)
        groups.append(group)
    return groups
