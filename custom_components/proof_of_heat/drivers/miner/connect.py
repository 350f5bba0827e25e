"""From an address to a client that knows its miner."""

import aiohttp

from .antminer import AntminerClient
from .bitaxe import BitaxeClient
from .braiins import BraiinsClient
from .luxos import LuxosClient
from .other import OtherClient
from .probe import Found
from .reading import Family, MinerClient
from .vnish import VnishClient
from .whatsminer import WhatsminerClient

DEFAULT_PASSWORDS = {
    Family.ANTMINER: "root",
    Family.WHATSMINER: "admin",
    Family.BRAIINS: "root",
    Family.BITAXE: "",
    Family.VNISH: "admin",
    Family.LUXOS: "",
    Family.OTHER: "",
}
V3_PASSWORD = "super"  # noqa: S105  the factory's


def client_for(
    found: Found,
    session: aiohttp.ClientSession,
    password: str | None = None,
    *,
    http_port: int = 80,
    mode_power_w: dict[str, float] | None = None,
) -> MinerClient:
    """The client for what was found; `password` None takes the factory's."""
    if password is None:
        password = V3_PASSWORD if found.variant == "v3" else DEFAULT_PASSWORDS[found.family]
    match found.family:
        case Family.ANTMINER:
            return AntminerClient(found.host, password, mode_power_w, http_port)
        case Family.WHATSMINER:
            return WhatsminerClient(found.host, password, found.variant or "v2")
        case Family.BRAIINS:
            return BraiinsClient(session, found.host, password, http_port)
        case Family.BITAXE:
            return BitaxeClient(session, found.host, http_port)
        case Family.VNISH:
            return VnishClient(session, found.host, password, http_port)
        case Family.LUXOS:
            return LuxosClient(found.host)
        case Family.OTHER:
            return OtherClient(found.host, password)
