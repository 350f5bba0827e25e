"""Check that every translated key is used by the code, and that every key the code uses is translated.

A key counts as used where the integration's Python or YAML files hold it as a literal, as a member of an enum, as a
field of a dataclass, as a step method of a flow, or where an f-string can produce it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
import re
from typing import Any

from .integration import Findings, Integration, Json

# Keys that Home Assistant itself uses: it aborts, shows and names with them.
_OF_HOME_ASSISTANT = {
    "already_configured",
    "already_in_progress",
    "reauth_successful",
    "reconfigure_successful",
    "single_instance_allowed",
    "unique_id_mismatch",
    "unknown",
    "user",
    "event_type",
}
# Sections whose keys are compared with YAML files (texts.py) or have none of ours.
_ELSEWHERE = {"services", "triggers", "conditions", "title"}
_MIN_LITERAL = 3
_PLATFORM_CALLS = "EntityDescription"


@dataclass
class Words:
    """The words with which an integration's code can name a key."""

    literals: set[str] = field(default_factory=set)
    patterns: list[re.Pattern[str]] = field(default_factory=list)

    def has(self, key: str) -> bool:
        """Return whether the code can produce the key."""
        return key in self.literals or any(pattern.fullmatch(key) for pattern in self.patterns)


def check(integration: Integration) -> Findings:
    """Return the keys that are translated and not used, and those that are used and not translated."""
    words = Words()
    trees = [(file, ast.parse(file.read_text("utf-8"))) for file in sorted(integration.path.rglob("*.py"))]
    for _, tree in trees:
        _collect(tree, words)
    for file in integration.path.rglob("*.yaml"):
        words.literals.update(re.findall(r"[\w-]+", file.read_text("utf-8")))
    for path in _named_keys(integration.english):
        if not words.has(path[-1]) and path[-1] not in _OF_HOME_ASSISTANT:
            yield f"translations/en.json: {'.'.join(path)}: nothing in the code uses {path[-1]}"
    for file, tree in trees:
        if "_lib" not in file.parts:
            name = str(file.relative_to(integration.path))
            yield from _untranslated(tree, name, integration.english)


def _named_keys(english: Json) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all keys that code has to name: steps, fields, errors, entities, states and issues."""
    flows = {"config": english.get("config", {}), "options": english.get("options", {})}
    flows |= {f"config_subentries.{name}": flow for name, flow in english.get("config_subentries", {}).items()}
    for where, flow in flows.items():
        yield from ((where, "step", step) for step in flow.get("step", {}))
        for step, body in flow.get("step", {}).items():
            yield from _step_keys((where, "step", step), body)
        for part in ("error", "abort", "progress", "entry_type"):
            if isinstance(flow.get(part), dict):
                yield from ((where, part, key) for key in flow[part])
    for section in english.keys() - _ELSEWHERE - {"config", "options", "config_subentries"}:
        yield from _section_keys(section, english[section])


def _step_keys(path: tuple[str, ...], body: Json) -> Iterator[tuple[str, ...]]:
    for part in ("data", "menu_options"):
        if isinstance(body.get(part), dict):
            yield from ((*path, part, key) for key in body[part])
    for name, section in body.get("sections", {}).items():
        yield (*path, "sections", name)
        yield from _step_keys((*path, name), section)


def _section_keys(section: str, body: Json) -> Iterator[tuple[str, ...]]:
    if section == "entity":
        for platform, entities in body.items():
            for key, texts in entities.items():
                yield (section, platform, key)
                yield from ((section, platform, key, "state", state) for state in texts.get("state", {}))
                for attribute, inner in texts.get("state_attributes", {}).items():
                    yield (section, platform, key, attribute)
                    yield from ((section, platform, key, attribute, state) for state in inner.get("state", {}))
    elif section == "selector":
        for key, texts in body.items():
            yield (section, key)
            yield from ((section, key, option) for option in texts.get("options", {}))
    else:
        yield from ((section, key) for key in body)


def _collect(tree: ast.AST, words: Words) -> None:
    """Gather every word of a module that can name a key."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                # Tables of names are written as one string with spaces, too.
                words.literals.update([text, *text.split()])
                if re.fullmatch(r"\w{2,}_", text):
                    words.patterns.append(re.compile(rf"{text}\w+"))
            case ast.JoinedStr():
                _add_pattern(node, words)
            case ast.ClassDef(body=body):
                words.literals.update(_members(body))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                words.literals.add(name.removeprefix("async_step_"))
            case ast.keyword(arg=str(name)):
                words.literals.add(name)
            case ast.ImportFrom(module="homeassistant.const", names=names):
                words.literals.update(re.sub("^(CONF|ATTR)_", "", alias.name).lower() for alias in names)


def _add_pattern(node: ast.JoinedStr, words: Words) -> None:
    pieces = [p.value if isinstance(p, ast.Constant) else None for p in node.values]
    literal = "".join(str(piece) for piece in pieces if piece)
    if len(literal) >= _MIN_LITERAL and re.fullmatch(r"\w+", literal):
        words.patterns.append(re.compile("".join(r"\w+" if p is None else re.escape(str(p)) for p in pieces)))


def _members(body: list[ast.stmt]) -> Iterator[str]:
    """Yield enum members (lower case, as ``auto()`` makes them) and fields of dataclasses."""
    for statement in body:
        targets: list[Any] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        yield from (target.id.lower() for target in targets if isinstance(target, ast.Name))


def _untranslated(tree: ast.AST, name: str, english: Json) -> Findings:
    """Name the literal keys of flows, entities and selectors that have no text."""
    flows = [english.get("config", {}), english.get("options", {}), *english.get("config_subentries", {}).values()]
    known = {
        part: {key for flow in flows for key in flow.get(part, {})} for part in ("step", "error", "abort", "progress")
    }
    for issue in english.get("issues", {}).values():
        for part, keys in known.items():
            keys.update(issue.get("fix_flow", {}).get(part, {}))
    platform = name.removesuffix(".py").split("/")[-1]
    entities = english.get("entity", {}).get(platform, {})
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = {k.arg: str(k.value.value) for k in node.keywords if k.arg and isinstance(k.value, ast.Constant)}
        used = {
            "step": given.get("step_id") if function in ("async_show_form", "async_show_menu") else None,
            "abort": given.get("reason") if function == "async_abort" else None,
        }
        for part, key in used.items():
            if key is not None and key not in known[part] and key not in _OF_HOME_ASSISTANT:
                yield f"{name}:{node.lineno}: {part}.{key} is not in translations/en.json"
        key = given.get("translation_key")
        if function.endswith(_PLATFORM_CALLS) and entities and key is not None and key not in entities:
            yield f"{name}:{node.lineno}: entity.{platform}.{key} is not in translations/en.json"
        if function.endswith("SelectorConfig") and key is not None and key not in english.get("selector", {}):
            yield f"{name}:{node.lineno}: selector.{key} is not in translations/en.json"
