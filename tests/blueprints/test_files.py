"""Each blueprint is valid, names its source, and is documented."""

from pathlib import Path
from typing import Any

from homeassistant.components.blueprint.models import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.const import __version__
from homeassistant.util import yaml as yaml_util
from homeassistant.util.yaml import Input
import pytest

from .conftest import ROOT

FILES = sorted((ROOT / "blueprints/automation").glob("*/*.yaml"))
SOURCE = "https://github.com/heat-suite/heat-suite/blob/main"
RUN = "\n".join(file.read_text("utf-8") for file in Path(__file__).parent.glob("test_*.py"))
DOMAINS = {path.parent.name for path in (ROOT / "custom_components").glob("*/manifest.json")}


def _inputs(section: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, item in section.items():
        if item and "input" in item:
            found |= _inputs(item["input"])
        else:
            found[name] = item or {}
    return found


def _used(node: Any) -> set[str]:
    if isinstance(node, Input):
        return {node.name}
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return {name for part in parts for name in _used(part)}


def _filters(selector: Any) -> list[dict[str, Any]]:
    if isinstance(selector, dict):
        own = [selector] if "integration" in selector or "domain" in selector else []
        return own + [each for part in selector.values() for each in _filters(part)]
    return [each for part in selector for each in _filters(part)] if isinstance(selector, list) else []


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_blueprint_is_complete(file: Path) -> None:
    data = yaml_util.load_yaml_dict(file)
    blueprint = Blueprint(data, expected_domain="automation", path=file.name, schema=BLUEPRINT_SCHEMA)
    assert blueprint.validate() is None, f"needs a newer version than {__version__}"
    about = data["blueprint"]
    name = f"blueprints/automation/{file.parent.name}/{file.name}"
    assert about["source_url"] == f"{SOURCE}/{name}"
    assert about["homeassistant"]["min_version"] == "2026.10.0"
    inputs = _inputs(about["input"])
    assert _used({key: value for key, value in data.items() if key != "blueprint"}) == set(inputs)
    for section in about["input"].values():
        if "input" in section:
            assert section["collapsed"] is True
            assert all("default" in item for item in section["input"].values()), "a collapsed input needs a default"
    assert all(item.get("selector") for item in inputs.values())
    used = {
        each["integration"] for item in inputs.values() for each in _filters(item["selector"]) if "integration" in each
    }
    assert used - {"mobile_app"} <= DOMAINS
    assert f"{file.parent.name}/{file.name}" in RUN, "a test runs it"
    docs = (ROOT / "docs/blueprints.md").read_text("utf-8")
    address = f"{SOURCE}/{name}".replace(":", "%3A").replace("/", "%2F")
    assert f"https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url={address}" in docs


def test_no_automation_only_blueprint_lacks_a_folder_of_an_integration() -> None:
    assert {file.parent.name for file in FILES} <= DOMAINS
