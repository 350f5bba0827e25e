"""The miners that are supported, by firmware: what is read, what is commanded, and what proves it."""

from typing import Any, Final

from ..supported import Evidence, SupportedDevice

_READS: Final = (
    "power",
    "power_limit",
    "hashrate",
    "expected_hashrate",
    "mode",
    "board_temperature",
    "chip_temperature",
    "ambient_temperature",
    "fan_speed",
    "uptime",
    "boards_up",
    "board_hashrate",
    "pool",
    "pool_state",
    "best_share",
    "found_blocks",
    "fault",
)


def _reads_without(*keys: str) -> tuple[str, ...]:
    return tuple(key for key in _READS if key not in keys)


_RESTARTS: Final = ("reboot", "restart_mining", "locate")
_WATER: Final = ("inlet_temperature", "outlet_temperature")
_AXEOS: Final = _reads_without("power_limit", "ambient_temperature", "board_hashrate", "pool_state")
_HOME: Final = _reads_without("power_limit")
_STOCK: Final = _reads_without("power", "power_limit", "ambient_temperature")
_OTHERS: Final = _reads_without("mode", "ambient_temperature")


def _miner(key: str, maker: str, models: tuple[str, ...], *sources: str, **shape: Any) -> SupportedDevice:
    """Return a row that is proved by captures, unless another proof is given."""
    return SupportedDevice(
        key=key, maker=maker, models=models, sources=sources, **{"evidence": Evidence.CAPTURE, **shape}
    )


def _stock(key: str, models: tuple[str, ...], *sources: str, **shape: Any) -> SupportedDevice:
    """Return a row of Antminers with stock firmware."""
    commands = ("on_off", "mode", "reboot", "locate")
    return _miner(key, "Bitmain", models, *sources, **{"reads": _STOCK, "commands": commands, **shape})


def _avalon(key: str, model: str, commands: tuple[str, ...], *sources: str) -> SupportedDevice:
    """Return a row of an Avalon for the home."""
    return _miner(key, "Canaan", (f"Avalon {model}",), *sources, reads=_HOME, commands=(*commands, "reboot"))


SUPPORTED: Final = (
    _stock(
        "antminer_stock",
        ("Antminer S19 Pro", "S19 XP"),
        "fixtures/miners/antminer/stock_s19pro_rpc_2022",
        "fixtures/miners/antminer/stock_s19xp_web_2022",
    ),
    _stock(
        "antminer_stock_others",
        ("Antminer S19", "S19j", "S19k Pro", "S21", "T19", "T21"),
        "the same web pages as the S19 Pro and S19 XP; UpstreamData/pyasic 0.79, backends/antminer.py",
        evidence=Evidence.EXPERIMENTAL,
    ),
    _stock(
        "antminer_l_series",
        ("Antminer L7", "L9"),
        "the same web pages as the S19 XP, with rates in MH/s; UpstreamData/pyasic 0.79, backends/antminer.py",
        evidence=Evidence.EXPERIMENTAL,
    ),
    _stock(
        "antminer_old",
        ("Antminer S9", "S17", "L3+"),
        "UpstreamData/pyasic 0.79, backends/antminer.py (AntminerOld); keys of bmminer 2.0 that public programs read",
        reads=tuple(key for key in _STOCK if key != "mode"),
        commands=("reboot",),
        evidence=Evidence.EXPERIMENTAL,
    ),
    _stock(
        "antminer_hydro",
        ("Antminer S21+ Hyd",),
        "UpstreamData/pyasic 0.79, backends/antminer.py; 256foundation/asic-rs asic-rs-firmwares/antminer",
        reads=(*_STOCK, *_WATER),
        evidence=Evidence.EXPERIMENTAL,
    ),
    _miner(
        "whatsminer_v2",
        "MicroBT",
        ("WhatsMiner M20S and others with API 1.4", "WhatsMiner with API V2"),
        "fixtures/miners/whatsminer/v1_api1.4.0_m20s",
        "fixtures/miners/whatsminer/v2_api2.0.5_h616",
        reads=_READS,
        commands=("on_off", "power", "mode", *_RESTARTS),
    ),
    _miner(
        "whatsminer_v3",
        "MicroBT",
        ("WhatsMiner M60S and others with API V3",),
        "fixtures/miners/whatsminer/v3_api3.0.2_m60s",
        reads=_reads_without("best_share", "found_blocks"),
        commands=("on_off", "power", "mode", *_RESTARTS),
    ),
    _miner(
        "braiins_rest",
        "Braiins",
        ("Braiins OS 25.05 and later",),
        "fixtures/miners/braiins/v25_07",
        reads=(*_OTHERS, *_WATER),
        commands=("on_off", "power", "preset", *_RESTARTS, "boards"),
    ),
    _miner(
        "braiins_graphql",
        "Braiins",
        ("Braiins OS 21.09 to 25.03",),
        "fixtures/miners/braiins/v21_09",
        "fixtures/miners/braiins/v24_09",
        "fixtures/miners/braiins/v25_03",
        "256foundation/asic-rs asic-rs-firmwares/braiins (the commands: calls of that program)",
        reads=(*_reads_without("mode", "ambient_temperature", "best_share", "found_blocks"), *_WATER),
        commands=("on_off", "power", *_RESTARTS),
    ),
    _miner(
        "bitaxe",
        "Bitaxe",
        ("Supra",),
        "fixtures/miners/bitaxe/axeos_v2.4.5_supra",
        reads=_AXEOS,
        commands=("mode", "on_off", "reboot"),
    ),
    _miner(
        "axeos",
        "Bitaxe",
        ("Max", "Ultra", "Gamma", "GT", "others with AxeOS"),
        "Bitaxe, AxeOS API (bitaxeorg/ESP-Miner main/http_server/openapi.yaml)",
        reads=_AXEOS,
        commands=("mode", "on_off", "reboot", "identify"),
        evidence=Evidence.DOCUMENT,
    ),
    _miner(
        "nerdqaxe",
        "NerdQAxe",
        ("NerdQAxe+", "NerdQAxe++"),
        "cases/heating/nerdqaxe_running",
        "cases/heating/nerdqaxe_shutdown",
        "shufps/ESP-Miner-NerdQAxePlus main/http_server/handler_shutdown.cpp",
        reads=_AXEOS,
        commands=("mode", "on_off", "reboot"),
    ),
    _miner(
        "luxos",
        "Luxor",
        ("LuxOS on Antminer S19 to S21",),
        "Luxor, LuxOS API, docs.luxor.tech/firmware/api",
        "256foundation/asic-rs asic-rs-firmwares/luxminer (labels of the water temperatures)",
        reads=(*_reads_without("ambient_temperature"), *_WATER),
        commands=("on_off", "power", "preset", *_RESTARTS, "boards"),
        evidence=Evidence.DOCUMENT,
    ),
    _miner(
        "vnish",
        "VNish",
        ("VNish 1.2 and later on Antminer S17 to S21",),
        "VNish, OpenAPI document of the firmware (page /docs of the miner)",
        reads=_reads_without("ambient_temperature"),
        commands=("on_off", "power", "preset", *_RESTARTS, "boards"),
        evidence=Evidence.DOCUMENT,
    ),
    _avalon("avalon_q", "Q", ("on_off", "power", "mode"), "fixtures/miners/avalon"),
    _avalon(
        "avalon_nano3s",
        "Nano 3S",
        ("mode",),
        "tests/proof_of_heat/test_miner_avalon.py",
        "Canaan-Creative/Avalon_Nano3s cg_miner/cgminer/driver-avalon.c",
        "reply in dcbert/miner-sentinel",
    ),
    _avalon(
        "avalon_nano3",
        "Nano 3",
        ("power", "mode"),
        "tests/proof_of_heat/test_miner_avalon.py",
        "reply in dcbert/miner-sentinel issue 16",
    ),
    _avalon(
        "avalon_mini3",
        "Mini 3",
        ("on_off", "mode"),
        "tests/proof_of_heat/test_miner_avalon.py",
        "reply in UpstreamData/pyasic issue 312",
    ),
    _miner(
        "avalon",
        "Canaan",
        ("Avalon A10 to A15",),
        "fixtures/miners/avalon",
        "Canaan, Avalon A10 API manual",
        reads=_reads_without("power_limit", "mode"),
        commands=("on_off", "reboot", "locate"),
    ),
    _miner(
        "proto",
        "Proto",
        ("Rig",),
        "tests/proof_of_heat/test_miner_proto_sealminer.py",
        "256foundation/asic-rs asic-rs-firmwares/proto",
        "Proto, block/proto-fleet (interface and simulator of the maker)",
        reads=_reads_without("mode", "best_share", "found_blocks"),
        commands=("on_off", "power", "reboot", "identify"),
    ),
    _miner(
        "sealminer",
        "Bitdeer",
        ("SEALMINER A2",),
        "tests/proof_of_heat/test_miner_proto_sealminer.py",
        "256foundation/asic-rs asic-rs-firmwares/sealminer (the commands: calls of that program, not tried)",
        reads=_reads_without("chip_temperature"),
        commands=("on_off", "restart_mining"),
    ),
    _miner(
        "auradine",
        "Auradine",
        ("Teraflux AT1500 and others with FluxOS",),
        "fixtures/miners/auradine",
        "UpstreamData/pyasic 0.79, backends/auradine.py (the commands)",
        reads=_OTHERS,
        commands=("on_off", "power", *_RESTARTS),
    ),
    _miner(
        "elphapex",
        "Elphapex",
        ("DG Home 1",),
        "fixtures/miners/elphapex",
        "UpstreamData/pyasic 0.79, backends/elphapex.py (the commands)",
        reads=_reads_without("power", "power_limit", "mode", "ambient_temperature", "found_blocks"),
        commands=("reboot", "locate"),
    ),
    _miner(
        "pyasic",
        "Other makers",
        ("ePIC", "Goldshell", "Hammer", "Hiveon", "IceRiver", "Innosilicon", "VolcMiner"),
        "UpstreamData/pyasic 0.79, pyasic/miners/backends",
        reads=_OTHERS,
        commands=("on_off", "power", *_RESTARTS),
        evidence=Evidence.EXPERIMENTAL,
    ),
)
