"""Decoding for `scripts/decode`: (entity key, value, unit) rows, by the drivers' own decoders."""

from collections.abc import Iterator
from typing import Final

import aiohttp

from .miner.client_factory import create_client
from .miner.models import MinerInfo, MinerReading
from .miner.probe import probe
from .miner.source import extra_of

type Line = tuple[str, float | str | bool, str | None]

_UNITS: Final = {
    "power": "W",
    "power_limit": "W",
    "hashrate": "TH/s",
    "expected_hashrate": "TH/s",
    "efficiency": "J/TH",
    "board_temperature": "°C",
    "chip_temperature": "°C",
    "inlet_temperature": "°C",
    "outlet_temperature": "°C",
    "ambient_temperature": "°C",
    "fan_speed": "rpm",
    "uptime": "s",
    **{f"board_{board}_hashrate": "TH/s" for board in range(1, 17)},
    **{f"board_{board}_{name}": "°C" for board in range(1, 17) for name in ("chip_temperature", "temperature")},
}


def miner_lines(info: MinerInfo, reading: MinerReading) -> Iterator[Line]:
    """Yield the known values of a reading."""
    power_w = 0.0 if reading.power_w is None and reading.mining is False else reading.power_w
    values: dict[str, float | str | bool | None] = {
        "make": info.make,
        "model": info.model,
        "firmware": info.firmware,
        "mining": reading.mining,
        "power": power_w,
        "power_limit": reading.power_limit_w,
        "hashrate": 0.0 if reading.mining is False else reading.hashrate_ths,
        "mode": reading.mode,
        **extra_of(reading, power_w),
    }
    for key, value in values.items():
        if value is not None:
            yield key, value, _UNITS.get(key)


async def decode_miner(host: str, password: str | None = None, http_port: int = 80) -> list[Line]:
    """Return the values of the miner (or replayed capture) at `host`; raises DriverError."""
    async with aiohttp.ClientSession() as session:
        found = await probe(session, host, http_port)
        client = create_client(found, session, password, http_port=http_port)
        info = await client.identify()
        return list(miner_lines(info, await client.read()))
