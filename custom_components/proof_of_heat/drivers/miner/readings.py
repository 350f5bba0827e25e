"""Readings of hash boards, mining pools and shares, and the decoders that several miner families use."""

from collections.abc import Iterable
from dataclasses import dataclass, field
import re
from typing import Any, Final
from urllib.parse import urlsplit

from ..errors import DriverError
from ..values import at, highest, number, number_at, rows_at, scaled
from .cgminer_rpc import RPC_PORT, exchange

POOL_STATES: Final = ("alive", "dead", "disabled", "rejecting")
_STATES: Final = {
    **{state: state for state in POOL_STATES},
    "active": "alive",
    "working": "alive",
    "offline": "dead",
    "unreachable": "dead",
}
_SI_PREFIXES: Final = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15, "e": 1e18}
_SI_NUMBER: Final = re.compile(r"\s*([\d.]+)\s*([kMGTPE]?)\s*", re.IGNORECASE)
_TO_THS: Final = {"kh": 1e-9, "mh": 1e-6, "gh": 1e-3, "th": 1.0, "ph": 1e3}
_TIMEOUT_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardReading:
    """The reading of a hash board. None: not reported. 0 °C is a missing sensor. Readings are compared as measured."""

    hashrate_ths: float | None = None
    board_c: float | None = None
    chip_c: float | None = None
    inlet_c: float | None = None
    """The temperature of the inflowing air or liquid."""
    outlet_c: float | None = None
    board_id: str | None = field(default=None, compare=False)
    """The ID for switching the board; None if the firmware does not switch boards."""
    on: bool | None = field(default=None, compare=False)
    """False: switched off by the user. A board that failed is still on."""

    def __post_init__(self) -> None:
        """Discard temperatures that a board in operation cannot have."""
        for name in ("board_c", "chip_c", "inlet_c", "outlet_c"):
            value = getattr(self, name)
            if value is not None and not 0.5 <= value <= 150.0:
                object.__setattr__(self, name, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolReading:
    """Host, port and state of the active pool; without an active pool, only the state of the first one."""

    address: str | None = None
    state: str | None = None


def pool_address(url: object) -> str | None:
    """Return host and port of a pool's URL, without scheme and credentials; None for anything else."""
    if not isinstance(url, str) or not url.strip():
        return None
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    return host if port is None else f"{host}:{port}"


def pool_in_use(rows: Iterable[tuple[object, object, bool | None]]) -> PoolReading:
    """Return the pool in use of (URL, state, is active) rows in order of their priority.

    If the firmware does not report the active pool, it is the first that is alive, because all firmware fails over.
    """
    pools = [(address, _STATES.get(str(state).lower()), active) for url, state, active in rows
             if (address := pool_address(url)) is not None]  # fmt: skip
    is_reported = any(active is not None for _, _, active in pools)
    for address, state, active in pools:
        if active if is_reported else state == "alive":
            return PoolReading(address=address, state=state)
    return PoolReading(state=pools[0][1] if pools else None)


def rate_factor(unit: object, default: str = "GH/s") -> float | None:
    """Return the factor of a unit of hash rates to TH/s; None for another unit, such as solutions."""
    text = (unit if isinstance(unit, str) and unit.strip() else default).strip().lower()
    return _TO_THS.get(text.removesuffix("/s"))


def to_ths(value: float | None, factor: float | None) -> float | None:
    """Return a hash rate in TH/s; None if the unit is unknown."""
    return None if value is None or factor is None else scaled(value, factor, 9)


def best_share(*values: object) -> float | None:
    """Return the maximum of the best shares, also of "483k"; None without a share."""
    return highest([_share(value) or None for value in values])


def _share(value: object) -> float | None:
    if (found := number(value)) is not None:
        return found
    match = _SI_NUMBER.fullmatch(value) if isinstance(value, str) else None
    base = None if match is None else number(match[1])
    return None if match is None or base is None else base * _SI_PREFIXES[match[2].lower()]


def decode_pools(pools: object) -> PoolReading:
    """Return the pool of the socket's `pools`."""
    rows = sorted(rows_at(pools, "POOLS"), key=lambda row: number_at(row, "Priority") or 0.0)
    return pool_in_use((at(row, "URL"), at(row, "Status"), _flag(at(row, "Stratum Active"))) for row in rows)


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def decode_shares(summary: object) -> tuple[float | None, float | None]:
    """Return best share and found blocks of the socket's `summary`, both since the start of the miner."""
    row = at(summary, "SUMMARY", 0)
    return best_share(at(row, "Best Share")), number_at(row, "Found Blocks")


def decode_devs(devs: object) -> tuple[BoardReading, ...]:
    """Return the boards of the socket's `devs` where it lists them. Rates are in MH/s."""
    return tuple(
        BoardReading(
            hashrate_ths=scaled(_first_of(row, "MHS 1m", "MHS 5s", "MHS av"), 1e-6),
            board_c=number_at(row, "Temperature"),
            chip_c=_first_of(row, "Chip Temp Max", "Chip Temp Avg"),
        )
        for row in rows_at(devs, "DEVS")
    )


def _first_of(row: Any, *keys: str) -> float | None:
    return next((value for key in keys if (value := number_at(row, key)) is not None), None)


async def query_socket(host: str, *commands: str, port: int = RPC_PORT) -> dict[str, Any]:
    """Return the replies to optional commands; stop after the first one without a reply."""
    replies: dict[str, Any] = {}
    for command in commands:
        try:
            replies[command] = await exchange(host, command, port=port, timeout_s=_TIMEOUT_S)
        except DriverError:
            break
    return replies


def entity_values(
    boards: tuple[BoardReading, ...], pool: PoolReading, best: float | None, blocks: float | None
) -> dict[str, float | str | bool | None]:
    """Return the values by entity key."""
    values: dict[str, float | str | bool | None] = {
        "best_share": best,
        "found_blocks": blocks,
        "pool": pool.address,
        "pool_state": pool.state,
    }
    for index, board in enumerate(boards, start=1):
        values |= {
            f"board_{index}_chip_temperature": board.chip_c,
            f"board_{index}_hashrate": board.hashrate_ths,
            f"board_{index}_temperature": board.board_c,
        }
    return values
