"""A price in JSON at an address. The last value is kept through outages and restarts."""

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
from ..runtime.background_query import BackgroundQuery
from ..system_config import HttpPriceConfig

INTERVAL_S: Final = 900.0
TIMEOUT_S: Final = 15.0
MAX_BYTES: Final = 1_000_000
MAX_AGE: Final = timedelta(days=2)
"""A hashprice changes by a few percent a day; an older one is not used."""


class HttpPriceError(ValueError):
    """The address answers with something that is not the price."""


async def fetch_price(session: aiohttp.ClientSession, config: HttpPriceConfig) -> float:
    """Fetch the price; raises HttpPriceError, aiohttp.ClientError or TimeoutError."""
    async with session.get(
        config.url, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), headers={"Accept": "application/json"}
    ) as reply:
        if reply.status != 200:
            raise HttpPriceError(f"status {reply.status}")
        body = await reply.content.read(MAX_BYTES + 1)
        while len(body) <= MAX_BYTES and (more := await reply.content.read(MAX_BYTES + 1 - len(body))):
            body += more
    if len(body) > MAX_BYTES:
        raise HttpPriceError(f"more than {MAX_BYTES} bytes")
    return parse_price(body, config)


def parse_price(body: bytes, config: HttpPriceConfig) -> float:
    """Return the number at the path of a JSON text; raises HttpPriceError."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise HttpPriceError("invalid JSON") from err
    found = number(at(value, *path_steps(config.path)))
    if found is None or found < 0:
        raise HttpPriceError(f"no price at {config.path or 'the top level'}")
    return found * config.factor


def path_steps(path: str) -> tuple[str | int, ...]:
    """Split `data.0.value` into keys and indexes; an index may be in brackets or negative (from the end)."""
    parts = path.replace("[", ".").replace("]", "").split(".")
    return tuple(int(part) if part.lstrip("-").isdigit() else part for part in parts if part and part != "$")


class HttpPrice:
    """Fetches a price every quarter of an hour, in the background."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, config: HttpPriceConfig) -> None:
        session = async_get_clientsession(hass)
        self._config = config
        self._query = BackgroundQuery(
            hass,
            entry,
            "hashprice",
            lambda: fetch_price(session, config),
            interval_s=INTERVAL_S,
            timeout_s=2 * TIMEOUT_S,
        )

    def value(self, now: datetime) -> float | None:
        """Return the last price unless it is too old; fetch it again when that is due."""
        self._query.refresh_if_due(now)
        age_s = self._query.age_s(now)
        return self._query.value if age_s is not None and age_s <= MAX_AGE.total_seconds() else None

    @property
    def failures(self) -> int:
        """Consecutive failures."""
        return self._query.failures

    def dump(self) -> dict[str, Any] | None:
        """Return the stored form, with the address: the price of another address is not restored."""
        query = self._query
        if query.value is None or query.updated_at is None:
            return None
        return {"from": self._identity, "value": query.value, "at": query.updated_at.isoformat()}

    def load(self, stored: object) -> None:
        """Restore from the stored form; invalid values are ignored."""
        if not isinstance(stored, Mapping) or stored.get("from") != self._identity:
            return
        value, when = number(stored.get("value")), dt_util.parse_datetime(str(stored.get("at")))
        if value is not None and when is not None and when.tzinfo is not None:
            self._query.restore(value, when)

    @property
    def _identity(self) -> list[Any]:
        return [self._config.url, self._config.path, self._config.factor]
