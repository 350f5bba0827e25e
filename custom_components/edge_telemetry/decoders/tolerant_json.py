"""JSON as devices really send it: a byte order mark, `nan` or a damaged character spoils one value, not a message."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
import re
from typing import Any, Final

import orjson

from .errors import DecodeError, Reason

NOT_A_NUMBER: Final = "\ue000not a number"
"""Marks in a parsed message what is not a number, such as `nan` or `inf`."""

_BOMS: Final = ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))

# A text as it is, or what C, JavaScript and Python print for a number that is none (MSVC: -1.#IND, 1.#QNAN, 1.#INF00).
_TOKENS: Final = re.compile(
    r"""("(?:[^"\\]|\\.)*")"""
    r"""|(?<![\w.])[-+]?(?:nan(?:\([^)"]*\))?|inf(?:inity)?|[01]\.\#[A-Za-z]+\d*|undefined|ovf|none)(?![\w.])""",
    re.IGNORECASE | re.DOTALL,
)
# A number beyond what a double can hold.
_HUGE: Final = re.compile(r"""("(?:[^"\\]|\\.)*")|-?\d+(?:\.\d+)?[eE]\+?\d{3,}""", re.DOTALL)
_MAX_SALVAGED: Final = 8192
_MAX_DEPTH: Final = 4
_STRUCTURE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)
_MEMBER: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*:(.*)', re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f]")


def parse_json(payload: bytes | str) -> tuple[Any, Reason | None]:
    """Parse a message; return what it contains, and what had to be repaired around its values.

    A value that is not a number is `NOT_A_NUMBER` in it. A repair is a byte order mark or an invalid character.

    Raises:
        DecodeError: It is not JSON.
    """
    try:
        return orjson.loads(payload), None
    except ValueError, RecursionError:
        pass
    text, repair = _as_text(payload)
    for pattern in (None, _TOKENS, _HUGE):
        if pattern is not None:
            text = pattern.sub(_replace, text)
        try:
            return orjson.loads(text), repair
        except ValueError, RecursionError:
            continue
    if len(text) <= _MAX_SALVAGED and (members := _members(text)) is not None:
        return members, repair
    raise DecodeError(Reason.NOT_JSON)


def _as_text(payload: bytes | str) -> tuple[str, Reason | None]:
    if isinstance(payload, str):
        text, repair = payload, None
    else:
        for mark, encoding in _BOMS:
            if payload.startswith(mark):
                text, repair = payload.removeprefix(mark).decode(encoding, "replace"), Reason.BYTE_ORDER_MARK
                break
        else:
            try:
                text, repair = payload.decode(), None
            except UnicodeDecodeError:
                text, repair = payload.decode("utf-8", "replace"), Reason.BAD_CHARACTER
    if text.startswith("\ufeff"):
        text, repair = text.removeprefix("\ufeff"), Reason.BYTE_ORDER_MARK
    # Texts of C end with a zero byte; a line break within a text is not JSON, between values it is.
    return _CONTROL.sub(" ", text.rstrip("\0")), repair


def _replace(found: re.Match[str]) -> str:
    return found[1] or f'"{NOT_A_NUMBER}"'


def _members(text: str, depth: int = 1) -> dict[str, Any] | None:
    """Return the members of an object, one by one: a value that cannot be parsed is NOT_A_NUMBER; None: no object."""
    parsed: dict[str, Any] = {}
    for member in _split(text.strip()) or ("",):
        if (found := _MEMBER.fullmatch(member)) is not None:
            try:
                parsed[orjson.loads(found[1])] = _parse_value(found[2], depth)
            except ValueError:
                return None
        elif member.strip():
            return None
    return parsed or None


def _split(text: str) -> list[str] | None:
    """Return the texts between the commas of an object; None where it is none, or cut off."""
    members: list[str] = []
    depth, start = 0, 1
    if not text.startswith("{"):
        return None
    for sign in _STRUCTURE.finditer(text):
        if sign[0] in "{[":
            depth += 1
        elif sign[0] in "]}":
            depth -= 1
            if depth == 0:
                return [*members, text[start:-1]] if sign.end() == len(text) and sign[0] == "}" else None
        elif sign[0] == "," and depth == 1:
            members.append(text[start : sign.start()])
            start = sign.end()
    return None


def _parse_value(text: str, depth: int = 1) -> Any:
    """Return a value; of an object in which one cannot be parsed, the others."""
    try:
        return orjson.loads(text)
    except ValueError, RecursionError:
        inner = _members(text, depth + 1) if depth < _MAX_DEPTH else None
        return NOT_A_NUMBER if inner is None else inner
