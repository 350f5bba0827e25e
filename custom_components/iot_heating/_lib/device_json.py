# Generated from lib/device_json.py by scripts/build: edit that file, not this one.
r"""JSON as field devices write it: a byte order mark, NaN, infinity and a final NUL cost no report.

    report = parse_device_object(body)      # dict; ApiError bad_json for what is not a JSON object

Numbers that JSON cannot express (``NaN``, ``nan``, ``-inf``, ``1e999``) are returned as their text, so that the field
is seen as invalid, the other fields are read, and a raw log keeps what was sent. Half of a surrogate pair (``\ud83d``
of an emoji that was cut) is replaced by U+FFFD.
"""

import json
import math
import re
from typing import Any, Final

from .device_http import ApiError, parse_object

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_INT_64: Final = (-(2**63), 2**64 - 1)
# Texts are matched first, so that a word inside of one is left alone. One without an end reaches to the end of the
# body, so that the time is linear.
_WORDS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[-+]?\b(?:nan|inf(?:inity)?)\b', re.IGNORECASE | re.DOTALL)

_HALF_PAIRS: Final = re.compile("[\ud800-\udfff]")


def parse_device_object(body: bytes, *, readings: str | None = None) -> dict[str, Any]:
    """Return the JSON object of a device's request.

    Args:
        body: Of the request.
        readings: The only member in which numbers that JSON cannot express are accepted; by default all of them.

    Raises:
        ApiError: ``bad_json`` for no JSON, no object, nesting deeper than 16, invalid UTF-8.
    """
    try:
        return parse_object(body)
    except ApiError as err:
        repaired = _repaired(body)
        if repaired is None:
            raise
        try:
            found = parse_object(repaired)
        except ApiError:
            raise err from None
        if readings is not None and any(map(_is_word, (found | {readings: None}).values())):
            raise
        return found


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and _WORDS.fullmatch(value.encode()) is not None


def _repaired(body: bytes) -> bytes | None:
    """Return the body as valid JSON; None where there is nothing to repair."""
    repaired = body.removeprefix(_BYTE_ORDER_MARK).rstrip(b"\0 \t\r\n")
    repaired = _WORDS.sub(_quoted, repaired)
    try:
        value = json.loads(repaired.decode(), parse_float=_float, parse_int=_int)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        return _HALF_PAIRS.sub("\N{REPLACEMENT CHARACTER}", text).encode()
    except ValueError, RecursionError:
        return None


def _quoted(match: re.Match[bytes]) -> bytes:
    word = match[0]
    return word if word.startswith(b'"') else b'"' + word + b'"'


def _float(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _int(text: str) -> int | float | str:
    low, high = _INT_64
    # A number of thousands of digits is slow to read, and no reading.
    if len(text) > 20:
        return _float(text)
    value = int(text)
    return value if low <= value <= high else float(value)
