"""A price in JSON at an address. The last value is kept through outages and restarts."""

from collections.abc import Mapping
from dataclasses import astuple
from datetime import datetime, timedelta
from functools import partial
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
from .hashprice_sources import fetch_hashprice
from .json_fetch import TIMEOUT_S, HttpPriceError, fetch_body, fetch_json

INTERVAL_S: Final = 900.0
MAX_AGE: Final = timedelta(days=2)
"""A hashprice changes by a few percent a day; an older one is not used."""


async def fetch_price(session: aiohttp.ClientSession, config: HttpPriceConfig) -> float:
    """Fetch the price; raises HttpPriceError, aiohttp.ClientError or TimeoutError."""
    return parse_price(await fetch_body(session, config.url), config)


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


async def fetch_configured(hass: HomeAssistant, config: HttpPriceConfig | str) -> float:
    """Fetch the hashprice from an address or a public source; raises ValueError, aiohttp.ClientError, TimeoutError."""
    session = async_get_clientsession(hass)
    if isinstance(config, str):
        return await fetch_hashprice(partial(fetch_json, session), config, hass.config.currency)
    return await fetch_price(session, config)


class HttpPrice:
    """Fetches a price every quarter of an hour, in the background."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, config: HttpPriceConfig | str) -> None:
        """`config`: an address, or the key of a public source."""
        self._identity = [config, hass.config.currency] if isinstance(config, str) else list(astuple(config))
        self._query = BackgroundQuery(
            hass,
            entry,
            "hashprice",
            lambda: fetch_configured(hass, config),
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
