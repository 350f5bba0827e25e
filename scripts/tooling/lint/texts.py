"""Check translations, icons and the YAML files that they describe."""

from collections.abc import Iterator
import json
import re
from typing import Any

from .integration import Findings, Integration, Json

LANGUAGES = ("de", "fi", "ru")
_SECTIONS = {
    "application_credentials",
    "common",
    "conditions",
    "config",
    "config_subentries",
    "conversation",
    "device",
    "device_automation",
    "entity",
    "entity_component",
    "exceptions",
    "issues",
    "options",
    "preview_features",
    "selector",
    "services",
    "system_health",
    "title",
    "triggers",
}
_ENDINGS = {"reconfigure": "reconfigure_successful", "reauth": "reauth_successful"}
_ICON_KEY = {"services": "service", "triggers": "trigger", "conditions": "condition"}
_PLACEHOLDER = re.compile(r"{(\w+)}")
_PERCENT = re.compile(r"[\d}](\s*)%")
_SETS_PERCENT_OFF = ("de", "fi")
"""Languages in which Home Assistant writes "5 %"; "5%" in the others."""


def check(integration: Integration) -> Findings:
    """Return all findings about an integration's texts."""
    yield from _english(integration)
    for language in LANGUAGES:
        yield from _language(integration, language)
    for language in ("en", *LANGUAGES):
        yield from percents(integration.load(f"translations/{language}.json"), language)
    for name in _ICON_KEY:
        yield from _described(integration, name)
    yield from _icons(integration.icons, "icons.json")


def _english(integration: Integration) -> Findings:
    english = integration.english
    if not english:
        yield "translations/en.json is missing (custom integrations are not built from strings.json)"
        return
    if (integration.path / "strings.json").exists():
        yield "strings.json: custom integrations read translations/en.json; keep one of them"
    if "[%key:" in json.dumps(english):
        yield "translations/en.json: [%key:…%] is not resolved in custom integrations"
    for key in english.keys() - _SECTIONS:
        yield f"translations/en.json: unknown section {key}"
    for where, step in _steps(english):
        fields, described = step.get("data", {}), step.get("data_description", {})
        for name in fields.keys() - described.keys():
            yield f"translations/en.json: {where}: {name} has no data_description"
    for where, flow in _flows(english).items():
        for begin, reason in _ENDINGS.items():
            if any(step.startswith(begin) for step in flow.get("step", {})) and reason not in flow.get("abort", {}):
                yield f"translations/en.json: {where}: abort.{reason} is missing, its key would be shown"


def _flows(english: Json) -> dict[str, Json]:
    """Return all flows except options and repairs."""
    return {"config": english.get("config", {})} | {
        f"config_subentries.{name}": flow for name, flow in english.get("config_subentries", {}).items()
    }


def _steps(english: Json) -> Iterator[tuple[str, Json]]:
    """Yield all steps of flows and their sections."""
    for name, flow in {**_flows(english), "options": english.get("options", {})}.items():
        for step_id, step in flow.get("step", {}).items():
            yield f"{name}.{step_id}", step
            for section_id, section in step.get("sections", {}).items():
                yield f"{name}.{step_id}.{section_id}", section


def _language(integration: Integration, language: str) -> Findings:
    other = integration.load(f"translations/{language}.json")
    if not other:
        yield f"translations/{language}.json is missing"
        return
    english, translated = dict(_leaves(integration.english)), dict(_leaves(other))
    for key in sorted(english.keys() - translated.keys()):
        yield f"translations/{language}.json: {key} is missing"
    for key in sorted(translated.keys() - english.keys()):
        yield f"translations/{language}.json: {key} is not in en.json"
    for key in sorted(english.keys() & translated.keys()):
        if set(_PLACEHOLDER.findall(english[key])) != set(_PLACEHOLDER.findall(translated[key])):
            yield f"translations/{language}.json: {key}: placeholders differ from en.json"


def percents(texts: Json, language: str) -> Findings:
    """Return the texts that write a percentage in another way than Home Assistant does in their language."""
    for key, text in _leaves(texts):
        if any(bool(blank) is not (language in _SETS_PERCENT_OFF) for blank in _PERCENT.findall(text)):
            yield f"translations/{language}.json: {key}: a percentage is not written as Home Assistant does"


def _leaves(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, f"{where}.{key}" if where else key)
    else:
        yield where, str(value)


def _described(integration: Integration, name: str) -> Findings:
    """Compare services.yaml, triggers.yaml or conditions.yaml with translations and icons."""
    data = integration.load(f"{name}.yaml")
    texts = integration.english.get(name, {})
    icons = integration.icons.get(name, {})
    for key, body in data.items():
        if key.startswith("."):
            continue
        text = texts.get(key, {})
        for part in ("name", "description"):
            if part not in text:
                yield f"{name}.{key}: {part} is not in translations/en.json"
        for field, facts in _fields(body or {}):
            if "name" not in text.get("fields", {}).get(field, {}):
                yield f"{name}.{key}.{field}: name is not in translations/en.json"
            if _shows_keys(facts):
                yield f"{name}.{key}.{field}: its options have no translation_key"
        if _ICON_KEY[name] not in icons.get(key, {}):
            yield f"icons.json: {name}.{key} has no icon"
    for key in texts.keys() - data.keys():
        yield f"translations/en.json: {name}.{key} is not in {name}.yaml"


def _fields(body: Json) -> Iterator[tuple[str, Json]]:
    for name, field in (body.get("fields") or {}).items():
        if isinstance(field, dict) and "fields" in field:
            yield from ((inner, facts or {}) for inner, facts in field["fields"].items())
        else:
            yield name, field or {}


def _shows_keys(field: Json) -> bool:
    """Return whether a select would show its option keys instead of texts."""
    select = (field.get("selector") or {}).get("select") or {}
    return "translation_key" not in select and any(isinstance(option, str) for option in select.get("options", ()))


def _icons(value: Any, where: str) -> Findings:
    if isinstance(value, dict):
        if value.get("default") and value["default"] in value.get("state", {}).values():
            yield f"{where}: the icon of a state is the default one"
        for key, child in value.items():
            yield from _icons(child, f"{where}: {key}")
    elif isinstance(value, str) and not value.startswith("mdi:"):
        yield f"{where}: {value} is not mdi:"
