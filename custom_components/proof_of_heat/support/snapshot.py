"""Copy nested data in slices of the event loop, so that another thread can work with it."""

import asyncio
from collections.abc import Generator, Mapping
import json
import time
from typing import Any, Final

from homeassistant.helpers.json import JSONEncoder

from .._lib.slices import SLICE_S

_PLAIN: Final = (str, int, float, bool, type(None))
_NESTED: Final = (Mapping, list, tuple, set, frozenset)
_DEEPEST: Final = 60
_LARGEST: Final = 8_000_000
"""Characters of all texts; each value counts as eight at least."""
_LEAST: Final = 8
OMITTED: Final = "<omitted>"


async def snapshot(value: Any, *, largest: int = _LARGEST) -> Any:
    """Return a copy that consists of dicts with text keys, lists, texts, numbers, booleans and None only.

    What is too much, or nested too deeply, is replaced by a note.
    """
    copying = _Copy(largest).of(value, 0)
    start = time.monotonic()
    while True:
        try:
            next(copying)
        except StopIteration as done:
            return done.value
        if time.monotonic() - start >= SLICE_S:
            await asyncio.sleep(0)
            start = time.monotonic()


class _Copy:
    def __init__(self, left: int) -> None:
        self._left = left

    def of(self, value: Any, depth: int) -> Generator[None, None, Any]:
        """Copy a value; yields between parts."""
        if isinstance(value, _PLAIN):
            self._left -= max(len(value), _LEAST) if isinstance(value, str) else _LEAST
            return value if self._left >= 0 else OMITTED
        if self._left < 0 or depth > _DEEPEST:
            return OMITTED
        yield
        if not isinstance(value, _NESTED):
            return (yield from self.of(_described(value), depth + 1))
        found: dict[Any, Any] = {}
        for key, item in list(value.items() if isinstance(value, Mapping) else enumerate(value)):
            if isinstance(key, _PLAIN):  # as json.dumps(skipkeys=True)
                found[key] = yield from self.of(item, depth + 1)
        if isinstance(value, Mapping):
            return {key if isinstance(key, str) else json.dumps(key): item for key, item in found.items()}
        return list(found.values())


def _described(value: Any) -> Any:
    """Return an object as a value of JSON or as a text: diagnostics may contain anything."""
    try:
        return JSONEncoder().default(value)
    except TypeError:
        return repr(value)
