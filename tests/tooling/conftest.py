"""A small repository with the suite's layout, into which tests plant errors."""

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

from PIL import Image
import pytest

from scripts.tooling.lint import code, manifest, quality, structure, texts, usage
from scripts.tooling.lint.integration import Integration

MANIFEST: dict[str, Any] = {
    "domain": "planted",
    "name": "Planted",
    "codeowners": ["@heat-suite"],
    "config_flow": True,
    "documentation": "https://example.com",
    "integration_type": "hub",
    "iot_class": "local_push",
    "issue_tracker": "https://example.com",
    "requirements": [],
    "version": "0.1.0",
}
TEXTS: dict[str, Any] = {
    "config": {"step": {"user": {"data": {"name": "Name"}, "data_description": {"name": "Of it {place}."}}}},
    "services": {"go": {"name": "Go", "description": "Goes.", "fields": {"far": {"name": "Far"}}}},
    "exceptions": {"broken": {"message": "Broken"}},
    "issues": {"dead": {"title": "Dead", "description": "Dead."}},
}
SOURCE = """\
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

PARALLEL_UPDATES = 0
def fail(hass):
    ir.async_create_issue(hass, "planted", "dead", translation_key="dead")
    raise HomeAssistantError(translation_domain="planted", translation_key="broken")
"""

FLOW = """\
class Flow:
    async def async_step_user(self, user_input):
        return self.async_show_form(step_id="user", data_schema={"name": str})
"""

type Plant = Callable[[str, Any], None]


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a correct integration."""
    folder = tmp_path / "custom_components" / "planted"
    files = {
        "manifest.json": MANIFEST,
        "icons.json": {"services": {"go": {"service": "mdi:run"}}},
        "services.yaml": {"go": {"fields": {"far": {}}}},
        "quality_scale.yaml": {"rules": dict.fromkeys(quality.ALL, "todo")},
        **{f"translations/{language}.json": TEXTS for language in ("en", *texts.LANGUAGES)},
    }
    for name, content in files.items():
        write(folder, name, content)
    write(folder, "sensor.py", SOURCE)
    write(folder, "config_flow.py", FLOW)
    write(folder, "core/__init__.py", "")
    (folder / "brand").mkdir()
    for name, size in (("icon.png", 256), ("icon@2x.png", 512)):
        Image.new("RGB", (size, size)).save(folder / "brand" / name)
    monkeypatch.setattr(manifest, "COMPONENTS", folder.parent)
    monkeypatch.setattr(structure, "CORE_PACKAGES", {"planted": ("core",)})
    monkeypatch.setattr(structure, "ROOT", tmp_path)
    return folder


def write(folder: Path, name: str, content: Any) -> None:
    """Write a text, or JSON (which is YAML too)."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


def findings(folder: Path) -> list[str]:
    """Return all findings of the checks."""
    integration = Integration(folder)
    checks = (manifest.check, texts.check, usage.check, code.check, structure.check, quality.check)
    return [*integration.broken, *(finding for check in checks for finding in check(integration))]
