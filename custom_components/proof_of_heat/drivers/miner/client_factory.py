"""Creates the client for a miner."""

from collections.abc import Callable, Mapping
from typing import Final

import aiohttp

from .antminer import AntminerClient
from .avalon import AvalonClient
from .bitaxe import BitaxeClient
from .braiins import BraiinsClient
from .braiins_graphql import DEFAULT_PASSWORD as BRAIINS_PASSWORD
from .generic import GenericClient
from .luxos import LuxosClient
from .models import MinerClient, MinerFamily
from .probe import ProbeResult
from .proto import ProtoClient
from .sealminer import SealminerClient
from .vnish import VnishClient
from .whatsminer import WhatsminerClient

DEFAULT_PASSWORDS = {
    MinerFamily.ANTMINER: "root",
    MinerFamily.WHATSMINER: "admin",
    MinerFamily.BRAIINS: BRAIINS_PASSWORD,
    MinerFamily.BITAXE: "",
    MinerFamily.VNISH: "admin",
    MinerFamily.LUXOS: "",
    MinerFamily.AVALON: "",
    MinerFamily.PROTO: "",
    MinerFamily.SEALMINER: "",
    MinerFamily.OTHER: "",
}
_BY_HOST: Final[Mapping[MinerFamily, Callable[[str], MinerClient]]] = {
    MinerFamily.AVALON: AvalonClient,
    MinerFamily.LUXOS: LuxosClient,
    MinerFamily.SEALMINER: SealminerClient,
}
"""Miners without a password."""
V3_PASSWORD = "super"  # noqa: S105  the factory default


def create_client(
    found: ProbeResult,
    session: aiohttp.ClientSession,
    password: str | None = None,
    *,
    http_port: int = 80,
    mode_power_w: dict[str, float] | None = None,
) -> MinerClient:
    """Return the client for a probed miner; without a password, the factory default is used."""
    if password is None:
        password = V3_PASSWORD if found.variant == "v3" else DEFAULT_PASSWORDS[found.family]
    if (by_host := _BY_HOST.get(found.family)) is not None:
        return by_host(found.host)
    match found.family:
        case MinerFamily.ANTMINER:
            return AntminerClient(session, found.host, password, mode_power_w, http_port)
        case MinerFamily.WHATSMINER:
            return WhatsminerClient(found.host, password, found.variant or "v2")
        case MinerFamily.BRAIINS:
            return BraiinsClient(session, found.host, password, http_port)
        case MinerFamily.BITAXE:
            return BitaxeClient(session, found.host, http_port, password)
        case MinerFamily.VNISH:
            return VnishClient(session, found.host, password, http_port)
        case MinerFamily.PROTO:
            return ProtoClient(session, found.host, password, http_port)
        case _:
            return GenericClient(found.host, password)
