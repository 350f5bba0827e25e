"""Public sources of the hashprice that need no key: the addresses of each, and how the price follows from the replies.

Facts: Braiins' Insights API (`hashrate-stats`: `hash_price` in USD per TH/s and day), Blockchain.com's statistics
(`miners_revenue_usd` of a day, `hash_rate` in GH/s), mempool.space's REST documentation (rewards of the last 144 blocks
in satoshis, as text; hash rate in H/s; prices of a bitcoin in several currencies).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..drivers.values import number_at
from .units import is_plausible_hashprice

_PRICES: Final = "https://mempool.space/api/v1/prices"
_BLOCKS: Final = 144
_BLOCKS_A_DAY: Final = 144.0
_SATOSHIS: Final = 1e8
_USD: Final = "USD"

type GetJson = Callable[[str], Awaitable[Any]]


class HashpriceError(ValueError):
    """A source answers with something that is not a hashprice."""


@dataclass(frozen=True, slots=True)
class HashpriceSource:
    """A source of the hashprice in USD per PH/s and day."""

    name: str
    addresses: tuple[str, ...]
    decode: Callable[..., float | None]
    """Returns the price of the replies in the order of the addresses; None where one of them lacks a number."""


def decode_braiins(stats: Any) -> float | None:
    """Return the price of `hashrate-stats`."""
    price = number_at(stats, "hash_price")
    return None if price is None else price * 1e3


def decode_blockchain(stats: Any) -> float | None:
    """Return the revenue of all miners in a day by their hash rate."""
    revenue, rate_gh = number_at(stats, "miners_revenue_usd"), number_at(stats, "hash_rate")
    return None if revenue is None or not rate_gh else revenue / (rate_gh * 1e-6)


def decode_mempool(rewards: Any, hashrate: Any, prices: Any) -> float | None:
    """Return the mean reward of a block in a day by the hash rate, at the present price of a bitcoin."""
    first, last = number_at(rewards, "startBlock"), number_at(rewards, "endBlock")
    blocks = _BLOCKS if first is None or last is None else last - first + 1
    satoshis, rate_h = number_at(rewards, "totalReward"), number_at(hashrate, "currentHashrate")
    price = number_at(prices, _USD)
    if not satoshis or not rate_h or not price or blocks <= 0:
        return None
    return satoshis / _SATOSHIS / blocks * _BLOCKS_A_DAY / (rate_h * 1e-15) * price


HASHPRICE_SOURCES: Final[Mapping[str, HashpriceSource]] = {
    "blockchain": HashpriceSource("Blockchain.com", ("https://api.blockchain.info/stats",), decode_blockchain),
    "braiins": HashpriceSource(
        "Braiins Insights", ("https://insights.braiins.com/api/v1.0/hashrate-stats",), decode_braiins
    ),
    "mempool": HashpriceSource(
        "mempool.space",
        (
            f"https://mempool.space/api/v1/mining/reward-stats/{_BLOCKS}",
            "https://mempool.space/api/v1/mining/hashrate/3d",
            _PRICES,
        ),
        decode_mempool,
    ),
}


async def fetch_hashprice(get: GetJson, key: str, currency: str) -> float:
    """Return the hashprice per PH/s and day in a currency; raises HashpriceError, or what `get` raises.

    Prices in USD are converted by the ratio of the prices of a bitcoin in both currencies.
    """
    source = HASHPRICE_SOURCES[key]
    price = source.decode(*[await get(address) for address in source.addresses])
    if price is None or not is_plausible_hashprice(price, _USD):
        raise HashpriceError(f"{source.name}: the reply has no hashprice")
    if currency == _USD:
        return price
    coin = await get(_PRICES)
    home, usd = number_at(coin, currency), number_at(coin, _USD)
    if not home or not usd or home <= 0 or usd <= 0:
        raise HashpriceError(f"mempool.space has no price of a bitcoin in {currency}")
    return price * home / usd
