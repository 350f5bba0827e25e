"""Documents of price servers, limited in time and size."""

import json
from typing import Any, Final

import aiohttp

TIMEOUT_S: Final = 15.0
MAX_BYTES: Final = 1_000_000


class HttpPriceError(ValueError):
    """The address answers with something that is not the price."""


async def fetch_json(session: aiohttp.ClientSession, url: str) -> Any:
    """Fetch a JSON document; raises HttpPriceError, aiohttp.ClientError or TimeoutError."""
    try:
        return json.loads(await fetch_body(session, url))
    except (ValueError, RecursionError) as err:
        raise err if isinstance(err, HttpPriceError) else HttpPriceError("invalid JSON") from err


async def fetch_body(session: aiohttp.ClientSession, url: str) -> bytes:
    """Fetch a document of limited size; raises HttpPriceError, aiohttp.ClientError or TimeoutError."""
    async with session.get(
        url, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), headers={"Accept": "application/json"}
    ) as reply:
        if reply.status != 200:
            raise HttpPriceError(f"status {reply.status}")
        body = await reply.content.read(MAX_BYTES + 1)
        while len(body) <= MAX_BYTES and (more := await reply.content.read(MAX_BYTES + 1 - len(body))):
            body += more
    if len(body) > MAX_BYTES:
        raise HttpPriceError(f"more than {MAX_BYTES} bytes")
    return body
