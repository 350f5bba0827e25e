"""YAML and JSON that a user has written or pasted: every fault of the text is one clear error.

    try:
        body = parse_yaml(text)               # or parse_json(text)
    except UserTextError as err:
        raise ServiceValidationError(..., translation_placeholders={"error": str(err)}) from err

The result consists of mappings with text keys, lists, texts, numbers, booleans, None and dates. Refused are texts that
are too long, nested too deeply, or that repeat anchors until they expand to a huge document. The time is bounded, but
can be too long for the event loop: texts of more than some kilobytes are parsed in an executor.
"""

from collections.abc import Iterable
from datetime import date
import math
from typing import Any, Final

import orjson

MAX_LENGTH: Final = 1_000_000
MAX_DEPTH: Final = 32
MAX_NODES: Final = 100_000
"""Values after anchors have been expanded."""

type _Events = Iterable[Any]


class UserTextError(ValueError):
    """The text cannot be used; the message is for the user who wrote it."""


def parse_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        UserTextError: The text is too long, no JSON, or nested too deeply.
    """
    _check_length(text)
    _check_brackets(text)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as err:
        raise UserTextError(f"invalid JSON: {err.msg} in line {err.lineno}, column {err.colno}") from err
    _check_values(value)
    return value


def parse_yaml(text: str) -> Any:
    """Return the value of a YAML text with one document.

    Raises:
        UserTextError: The text is too long, no YAML, nested too deeply, or expands to too much.
    """
    import yaml  # not for the event loop of an integration that never reads any

    _check_length(text)
    try:
        _check_events(yaml.parse(text, yaml.SafeLoader))
        value = yaml.safe_load(text)
    except UserTextError:
        raise
    except yaml.YAMLError as err:
        raise UserTextError(f"invalid YAML: {err}") from err
    except (ValueError, TypeError, OverflowError, RecursionError) as err:
        # Numbers of thousands of digits, dates that do not exist, and what else YAML's own types reject.
        raise UserTextError(f"invalid YAML: {err}") from err
    _check_values(value)
    return value


def _check_length(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise UserTextError(f"longer than {MAX_LENGTH:,} characters")


def _check_brackets(text: str) -> None:
    """Refuse deep nesting before the parser sees it; brackets in texts do not count."""
    depth, in_text, escaped = 0, False, False
    for char in text:
        if in_text:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_text = False
        elif char == '"':
            in_text = True
        elif char in "[{":
            depth += 1
            _check_depth(depth)
        elif char in "]}":
            depth -= 1


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise UserTextError(f"nested deeper than {MAX_DEPTH} levels")


def _check_events(events: _Events) -> None:
    """Check depth and size while the text is read, before anything is built of it."""
    import yaml

    sizes: dict[str, int] = {}
    # The anchors of the collections that are open, with the number of values at their start.
    opened: list[tuple[str | None, int]] = []
    nodes = 0
    for event in events:
        match event:
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                opened.append((event.anchor, nodes))
                _check_depth(len(opened))
                nodes += 1
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                anchor, before = opened.pop()
                if anchor is not None:
                    sizes[anchor] = nodes - before
            case yaml.ScalarEvent():
                nodes += 1
                if event.anchor is not None:
                    sizes[event.anchor] = 1
            case yaml.AliasEvent():
                if any(anchor == event.anchor for anchor, _ in opened):
                    raise UserTextError(f"the anchor {event.anchor} contains itself")
                nodes += sizes.get(str(event.anchor), 1)
        if nodes > MAX_NODES:
            raise UserTextError(f"more than {MAX_NODES:,} values")


def _check_values(value: Any) -> None:
    """Refuse what is not plain data. Iterative; the depth is limited again, because anchors add to it."""
    todo: list[tuple[Any, int]] = [(value, 0)]
    nodes = 0
    while todo:
        item, depth = todo.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise UserTextError(f"more than {MAX_NODES:,} values")
        children: Iterable[Any] = ()
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, str):
                    raise UserTextError(f"the key {key!r} is not a text; put it in quotes")
            children = item.values()
        elif isinstance(item, list):
            children = item
        elif isinstance(item, float) and not math.isfinite(item):
            raise UserTextError(f"{item} is not a number")
        elif not (item is None or isinstance(item, str | int | float | date)):
            raise UserTextError(f"{type(item).__name__} values are not supported")
        if isinstance(item, dict | list):
            _check_depth(depth + 1)
            todo.extend((child, depth + 1) for child in children)
