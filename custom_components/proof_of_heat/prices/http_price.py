"""A number (the hash price) in JSON at an address. The last one stays through outages and a restart."""

from collections.abc import Mapping
from datetime import datetime, timedelta
import json
from typing import Any, Final

import aiohttp
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util

from ..drivers.values import at, number
from ..runtime.background_query import Beside
from ..system_config import WebPrice

EVERY_S: Final = 900.0
TIMEOUT_S: Final = 15.0
MAX_BYTES: Final = 1_000_000
KEPT: Final = timedelta(days=2)
"""A hash price moves a few percent a day; older than this it is no price any more."""


class WebPriceError(ValueError):
    """The address answers with something else than the number."""


async def ask(session: aiohttp.ClientSession, where: WebPrice) -> float:
    """Fetch the number; raises WebPriceError, aiohttp.ClientError or TimeoutError."""
    async with session.get(
        where.url, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), headers={"Accept": "application/json"}
    ) as reply:
        if reply.status != 200:
            raise WebPriceError(f"status {reply.status}")
        body = await reply.content.read(MAX_BYTES + 1)
        while len(body) <= MAX_BYTES and (more := await reply.content.read(MAX_BYTES + 1 - len(body))):
            body += more
    if len(body) > MAX_BYTES:
        raise WebPriceError(f"more than {MAX_BYTES} bytes")
    return number_in(body, where)


def number_in(body: bytes, where: WebPrice) -> float:
    """The number at the path of a JSON text; raises WebPriceError."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise WebPriceError("no JSON") from err
    found = number(at(value, *steps(where.path)))
    if found is None or found < 0:
        raise WebPriceError(f"no price at {where.path or 'the top'}")
    return found * where.factor


def steps(path: str) -> tuple[str | int, ...]:
    """`data.0.value` as keys and places; a place may be in brackets or below zero (from the end)."""
    parts = path.replace("[", ".").replace("]", "").split(".")
    return tuple(int(part) if part.lstrip("-").isdigit() else part for part in parts if part and part != "$")


class HashPrice:
    """Asks every quarter of an hour, beside the cycle."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, where: WebPrice) -> None:
        session = async_get_clientsession(hass)
        self._where = where
        self._question = Beside(
            hass, entry, "hash price", lambda: ask(session, where), every_s=EVERY_S, timeout_s=2 * TIMEOUT_S
        )

    def value(self, now: datetime) -> float | None:
        """The last number while it is young enough; asks anew where it is time."""
        self._question.look(now)
        age_s = self._question.age_s(now)
        return self._question.value if age_s is not None and age_s <= KEPT.total_seconds() else None

    @property
    def failures(self) -> int:
        """In a row."""
        return self._question.failures

    def dump(self) -> dict[str, Any] | None:
        """For the store; the address with it, so that another one's number is not taken over."""
        question = self._question
        if question.value is None or question.answered_at is None:
            return None
        return {"from": self._key, "value": question.value, "at": question.answered_at.isoformat()}

    def load(self, saved: object) -> None:
        """From the store; what cannot be used is left out."""
        if not isinstance(saved, Mapping) or saved.get("from") != self._key:
            return
        value, when = number(saved.get("value")), dt_util.parse_datetime(str(saved.get("at")))
        if value is not None and when is not None and when.tzinfo is not None:
            self._question.restore(value, when)

    @property
    def _key(self) -> list[Any]:
        return [self._where.url, self._where.path, self._where.factor]
