"""The static checks: no finding in a faultless integration, and every planted error is found."""

from pathlib import Path
import subprocess
from typing import Any

import pytest

from scripts.tooling.lint import quality, structure, wording
from scripts.tooling.lint.texts import percents

from .conftest import FLOW, MANIFEST, SOURCE, TEXTS, findings, write


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in names}


def test_a_correct_integration_has_no_findings(planted: Path) -> None:
    assert findings(planted) == []


def test_percentages_as_home_assistant_writes_them_are_no_finding() -> None:
    texts = {"en": "5%", "ru": "{share}%", "de": "5 %", "fi": "{share}\u00a0%:n"}
    assert not [finding for language, text in texts.items() for finding in percents({"title": text}, language)]


@pytest.mark.parametrize(
    ("manifest", "found"),
    [
        (without(MANIFEST, "version"), "version is missing"),
        ({**MANIFEST, "version": "new"}, "version:"),
        ({"name": "Planted", **without(MANIFEST, "name")}, "in the order"),
        ({**without(MANIFEST, "version"), "version": "0.1.0", "zebra": 1}, "unknown key zebra"),
        ({**MANIFEST, "domain": "other"}, "the folder's name"),
        ({**MANIFEST, "codeowners": ["me"]}, "begin with @"),
        ({**MANIFEST, "documentation": "http://example.com"}, "https address"),
        ({**MANIFEST, "iot_class": "magic"}, "bad iot_class"),
        ({**MANIFEST, "config_flow": False}, "disagree"),
        ({**MANIFEST, "dependencies": ["no_such_thing"]}, "no integration no_such_thing"),
        ({**MANIFEST, "requirements": ["pymodbus>=3"]}, "should be core's modbus"),
        ({**MANIFEST, "requirements": ["paho-mqtt==2.1.0"]}, "pins paho-mqtt itself"),
        ({**MANIFEST, "requirements": ["left-pad==1.0"]}, "not in pyproject.toml"),
    ],
)
def test_manifest(planted: Path, manifest: dict[str, Any], found: str) -> None:
    write(planted, "manifest.json", manifest)
    assert any(found in finding for finding in findings(planted))


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("translations/de.json", without(TEXTS, "issues"), "issues.dead.title is missing"),
        ("translations/de.json", {**TEXTS, "extra": "x"}, "extra is not in en.json"),
        (
            "translations/fi.json",
            {**TEXTS, "config": {"step": {"user": {"data": {"name": "N"}, "data_description": {"name": "x {plaze}"}}}}},
            "placeholders differ",
        ),
        ("translations/en.json", {**TEXTS, "title": "[%key:common::x%]"}, "is not resolved"),
        ("translations/en.json", {**TEXTS, "poems": {}}, "unknown section poems"),
        ("translations/en.json", {**TEXTS, "options": {"step": {"init": {"data": {"a": "A"}}}}}, "no data_description"),
        (
            "translations/en.json",
            {**TEXTS, "config": {"step": {"reconfigure": {}}}},
            "reconfigure_successful is missing",
        ),
        (
            "translations/en.json",
            {**TEXTS, "config_subentries": {"a": {"step": {"reauth_confirm": {}}}}},
            "config_subentries.a: abort.reauth_successful is missing",
        ),
        (
            "services.yaml",
            {"go": {"fields": {"how": {"selector": {"select": {"options": ["fast"]}}}}}},
            "its options have no translation_key",
        ),
        ("translations/en.json", without(TEXTS, "services"), "name is not in translations"),
        ("translations/en.json", without(TEXTS, "exceptions"), "exceptions.broken"),
        ("translations/en.json", without(TEXTS, "issues"), "issues.dead"),
        *(
            (f"translations/{language}.json", {**TEXTS, "title": text}, "a percentage is not written as")
            for language, text in (("en", "5 %"), ("ru", "{share}\u00a0%"), ("de", "5%"), ("fi", "{share}%"))
        ),
        ("services.yaml", {}, "not in services.yaml"),
        ("icons.json", {}, "has no icon"),
        ("icons.json", {"services": {"go": {"service": "run.png"}}}, "is not mdi:"),
        ("icons.json", {"entity": {"a": {"default": "mdi:a", "state": {"on": "mdi:a"}}}}, "default one"),
        ("icons.json", "{", "icons.json:"),
        ("strings.json", TEXTS, "keep one of them"),
        ("quality_scale.yaml", {"rules": {}}, "quality_scale.yaml is missing"),
        ("quality_scale.yaml", {"rules": {"brands": "done"}}, "config-flow is missing"),
        (
            "quality_scale.yaml",
            {"rules": {**dict.fromkeys(quality.ALL, "todo"), "brands": "yes"}},
            "bad rule or status",
        ),
        (
            "quality_scale.yaml",
            {"rules": {**dict.fromkeys(quality.ALL, "todo"), "brands": {"status": "exempt"}}},
            "exempt needs a comment",
        ),
        (
            "quality_scale.yaml",
            {"rules": {**dict.fromkeys(quality.ALL, "todo"), "docs-actions": {"status": "exempt", "comment": "None."}}},
            "docs-actions is exempt, but",
        ),
        (
            "quality_scale.yaml",
            {"rules": {**dict.fromkeys(quality.ALL, "todo"), "diagnostics": "done"}},
            "the code shows no evidence of it",
        ),
        ("sensor.py", SOURCE.replace("PARALLEL_UPDATES = 0", ""), "PARALLEL_UPDATES is not set"),
        ("sensor.py", SOURCE + "x = hass.data[DOMAIN]\n", "HassKey"),
        ("sensor.py", SOURCE + "import voluptuous\n", "voluptuous"),
        ("sensor.py", SOURCE + "import requests\n", "blocks"),
        ("sensor.py", SOURCE + "from homeassistant.components import mqtt\n", "uses mqtt"),
        ("sensor.py", SOURCE + "from custom_components.other import x\n", "complete by itself"),
        ("core/x.py", "from homeassistant.core import HomeAssistant\n", "core package imports homeassistant.core"),
        ("core/x.py", "def f():\n    from ..sensor import fail\n", "core package imports sensor, which is not one"),
        ("core/x.py", "from .._lib.helper import f\n", "which imports homeassistant"),
        ("one.py", "def f():\n    from . import two\n", "circular import"),
        ("config_flow.py", FLOW.replace('"user"', '"unknown_step"'), "step.unknown_step is not in translations"),
        ("config_flow.py", FLOW.replace('"name"', '"title"'), "nothing in the code uses name"),
        ("sensor.py", SOURCE + 'X = SelectSelectorConfig(translation_key="mode")\n', "selector.mode is not in"),
        ("sensor.py", SOURCE + 'X = self.async_abort(reason="broken_off")\n', "abort.broken_off is not in"),
        (
            "translations/en.json",
            {**TEXTS, "exceptions": {**TEXTS["exceptions"], "old": {"message": "Old"}}},
            "uses old",
        ),
    ],
)
def test_planted_error_is_found(planted: Path, name: str, content: Any, found: str) -> None:
    write(planted, "two.py", "from . import one\n")
    write(planted, "_lib/helper.py", "from homeassistant.core import callback\n")
    write(planted, name, content)
    assert any(found in finding for finding in findings(planted)), findings(planted)


def test_an_error_with_a_text_of_home_assistant_has_no_finding(planted: Path) -> None:
    error = 'X = ServiceValidationError(translation_domain=CLIMATE_DOMAIN, translation_key="temp_out_of_range")'
    write(planted, "sensor.py", f"{SOURCE}{error}\n")
    assert findings(planted) == []


def test_a_missing_brand_image(planted: Path) -> None:
    (planted / "brand" / "icon.png").unlink()
    assert "brand/icon.png is missing" in findings(planted)


def test_there_are_54_rules() -> None:
    assert len(quality.ALL) == 54


def test_root_folder_has_a_limit(planted: Path) -> None:
    for number in range(structure.MAX_ROOT_MODULES):
        write(planted, f"module_{number}.py", "")
    assert any("group them in packages" in finding for finding in findings(planted))


def test_long_module_is_found(planted: Path) -> None:
    write(planted, "long.py", "\n" * (structure.MAX_LINES + 1))
    assert list(structure.check_all()) == ["custom_components/planted/long.py: 401 lines, at most 400"]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", '"""A stranger."""\n', "unknown device"),
        ("a.py", "x = 1  # what it was told\n", "report, publish, notify"),
        ("a.py", "def tell_others(): ...\n", "not a word of the field"),
        ("a.py", "class WantedLevel: ...\n", "not a word of the field"),
        ("docs/a.md", "It is\nnobody's.\n", "the passive voice"),
        ("custom_components/a/translations/en.json", '{"a": "We heat."}', "the product's"),
    ],
)
def test_banned_wording_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, found: str
) -> None:
    monkeypatch.setattr(wording, "ROOT", tmp_path)
    monkeypatch.setattr(wording, "_BACKLOG", tmp_path / "none.json")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    write(tmp_path, name, text)
    assert [found in finding for finding in wording.check()] == [True]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", 'WIRE_KEY = "told"\n'),
        ("a.py", '"""Return the untold, mended-free heat demand in watts."""\n'),
        ("docs/a.md", "`scripts/tell` and\n```\nsaid\n```\n"),
        ("custom_components/a/_lib/b.py", "# told\n"),
    ],
)
def test_plain_wording_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setattr(wording, "ROOT", tmp_path)
    monkeypatch.setattr(wording, "_BACKLOG", tmp_path / "none.json")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    write(tmp_path, name, text)
    assert list(wording.check()) == []
