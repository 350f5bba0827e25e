"""Check what ruff and mypy do not check in an integration's Python files."""

import ast
from collections.abc import Iterator

from homeassistant.const import Platform

from .integration import Findings, Integration

_PLATFORMS = {platform.value for platform in Platform}
# Always loaded, or helpers: not required in (after_)dependencies.
_FREE = _PLATFORMS | {
    "alert",
    "application_credentials",
    "automation",
    "default_config",
    "device_automation",
    "diagnostics",
    "frontend",
    "group",
    "homeassistant",
    "logbook",
    "media_source",
    "onboarding",
    "persistent_notification",
    "person",
    "repairs",
    "script",
    "sun",
    "system_health",
    "system_log",
    "timer",
    "webhook",
    "websocket_api",
    "zone",
}


def check(integration: Integration) -> Findings:
    """Return all findings about the code."""
    manifest = integration.manifest
    allowed = {*_FREE, *manifest.get("dependencies", []), *manifest.get("after_dependencies", [])}
    for file in integration.modules():
        text = file.read_text("utf-8")
        name = str(file.relative_to(integration.path))
        tree = ast.parse(text)
        if file.parent == integration.path and file.stem in _PLATFORMS and "PARALLEL_UPDATES" not in text:
            yield f"{name}: PARALLEL_UPDATES is not set"
        if "hass.data[DOMAIN]" in text or "hass.data.setdefault(DOMAIN" in text:
            yield f"{name}: hass.data[DOMAIN]; use entry.runtime_data or a HassKey"
        if "requests" in _imports(tree) and not _brings_requests(integration):
            yield f"{name}: imports requests, which blocks; use Home Assistant's aiohttp session"
        yield from _component_imports(tree, name, allowed)
        yield from _translation_keys(tree, name, integration)


def _brings_requests(integration: Integration) -> bool:
    """Return whether a synchronous library, which runs in the executor, raises exceptions of requests."""
    return any(name.startswith("PyViCare") for name in integration.manifest.get("requirements", []))


def _imports(tree: ast.AST) -> set[str]:
    return {module.split(".")[0] for module, _ in _imported(tree)}


def _imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module == "homeassistant.components":
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield node.module, node.lineno
        elif isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)


def _component_imports(tree: ast.AST, name: str, allowed: set[str]) -> Findings:
    for module, line in _imported(tree):
        if module.split(".")[0] == "voluptuous":
            yield f"{name}:{line}: imports voluptuous; Home Assistant has moved to probatio"
        if module.startswith("homeassistant.components.") and (used := module.split(".")[2]) not in allowed:
            yield f"{name}:{line}: uses {used}, which is not in (after_)dependencies"
        if module.startswith("custom_components."):
            yield f"{name}:{line}: imports {module}: an integration has to be complete by itself"


def _translation_keys(tree: ast.AST, name: str, integration: Integration) -> Findings:
    exceptions, issues = integration.english.get("exceptions", {}), integration.english.get("issues", {})
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        words = {keyword.arg: keyword.value for keyword in node.keywords}
        key = words.get("translation_key")
        if not isinstance(key, ast.Constant):
            continue
        function = getattr(node.func, "attr", getattr(node.func, "id", ""))
        text = str(key.value)
        if function == "async_create_issue":
            if text not in issues:
                yield f"{name}:{node.lineno}: issues.{text} is not in translations/en.json"
        elif (
            "translation_domain" in words and not _is_of_another(words["translation_domain"]) and text not in exceptions
        ):
            yield f"{name}:{node.lineno}: exceptions.{text} is not in translations/en.json"


def _is_of_another(domain: ast.expr) -> bool:
    """Return whether a domain is an imported one, as ``CLIMATE_DOMAIN``: the texts are Home Assistant's."""
    return isinstance(domain, ast.Name) and domain.id.endswith("_DOMAIN")
