"""The operations that each family of miners has.

Facts: the interface descriptions of Braiins (25.05), VNish (1.2.6), Luxor and WhatsMiner (2.0.5, 3.0.2), the OpenAPI
document of AxeOS, Canaan's driver-avalon.c, and for stock Antminers and others the calls of public programs (pyasic
0.79, asic-rs).
"""

from collections.abc import Mapping
import re
from typing import Final

from ..operations import Operation
from .antminer import OLD
from .avalon import HOME
from .braiins_graphql import GRAPHQL
from .models import MinerFamily, MinerInfo

_LIGHT: Final = frozenset({Operation.LOCATE, Operation.STOP_LOCATING})
_ALL: Final = frozenset({Operation.REBOOT, Operation.RESTART_MINING}) | _LIGHT
_BY_FAMILY: Final[Mapping[MinerFamily, frozenset[Operation]]] = {
    MinerFamily.ANTMINER: frozenset({Operation.REBOOT}) | _LIGHT,
    MinerFamily.WHATSMINER: _ALL,
    MinerFamily.BRAIINS: _ALL,
    MinerFamily.BITAXE: frozenset({Operation.REBOOT}),
    MinerFamily.VNISH: _ALL,
    MinerFamily.LUXOS: _ALL,
    MinerFamily.AVALON: frozenset({Operation.REBOOT}) | _LIGHT,
    MinerFamily.PROTO: frozenset({Operation.REBOOT, Operation.IDENTIFY}),
    MinerFamily.SEALMINER: frozenset({Operation.RESTART_MINING}),
}
_BY_MAKE: Final[Mapping[str, frozenset[Operation]]] = {
    "auradine": _ALL,
    "elphapex": frozenset({Operation.REBOOT}) | _LIGHT,
    "epic": frozenset({Operation.REBOOT, Operation.RESTART_MINING}),
    "hammer": frozenset({Operation.REBOOT}) | _LIGHT,
    "iceriver": _LIGHT,
    "innosilicon": frozenset({Operation.REBOOT, Operation.RESTART_MINING}),
}
"""Of makes without a client of their own, by pyasic's name."""
_IDENTIFY_SINCE: Final = (2, 12)
_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)")


def operations_of(info: MinerInfo) -> frozenset[Operation]:
    """Return the operations of a miner, by its stored identity."""
    if info.family is MinerFamily.OTHER:
        return _BY_MAKE.get(info.make.lower(), frozenset())
    if info.family is MinerFamily.ANTMINER and info.variant == OLD:
        return frozenset({Operation.REBOOT})
    if info.family is MinerFamily.AVALON and info.variant == HOME:
        return frozenset({Operation.REBOOT})
    if info.family is MinerFamily.BITAXE and "nerd" not in info.model.lower() and _is_since(info, _IDENTIFY_SINCE):
        return _BY_FAMILY[info.family] | {Operation.IDENTIFY}
    return _BY_FAMILY[info.family]


def has_presets(info: MinerInfo) -> bool:
    """Return whether the firmware has tuning presets that can be selected."""
    if info.family is MinerFamily.BRAIINS:
        return info.variant != GRAPHQL
    return info.family in (MinerFamily.LUXOS, MinerFamily.VNISH)


def _is_since(info: MinerInfo, version: tuple[int, int]) -> bool:
    match = _VERSION.match(info.firmware or "")
    return match is not None and (int(match[1]), int(match[2])) >= version
