"""The miners that are supported, by firmware: what is read, what is commanded, and what proves it."""

from typing import Final

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
_AXEOS: Final = _reads_without("power_limit", "ambient_temperature", "board_hashrate", "pool_state")
_HOME: Final = _reads_without("power_limit")
_STOCK: Final = _reads_without("power", "power_limit", "ambient_temperature")
SUPPORTED: Final = (
    SupportedDevice(
        key="antminer_stock",
        maker="Bitmain",
        models=("Antminer S19 Pro", "S19 XP"),
        reads=_STOCK,
        commands=("on_off", "mode", "reboot", "locate"),
        evidence=Evidence.CAPTURE,
        sources=("fixtures/miners/antminer/stock_s19pro_rpc_2022", "fixtures/miners/antminer/stock_s19xp_web_2022"),
    ),
    SupportedDevice(
        key="antminer_stock_others",
        maker="Bitmain",
        models=("Antminer S19", "S19j", "S19k Pro", "S21", "T19", "T21"),
        reads=_STOCK,
        commands=("on_off", "mode", "reboot", "locate"),
        evidence=Evidence.EXPERIMENTAL,
        sources=("the same web pages as the S19 Pro and S19 XP; UpstreamData/pyasic 0.79, backends/antminer.py",),
    ),
    SupportedDevice(
        key="whatsminer_v2",
        maker="MicroBT",
        models=("WhatsMiner M20S and others with API 1.4", "WhatsMiner with API V2"),
        reads=_READS,
        commands=("on_off", "power", "mode", *_RESTARTS),
        evidence=Evidence.CAPTURE,
        sources=("fixtures/miners/whatsminer/v1_api1.4.0_m20s", "fixtures/miners/whatsminer/v2_api2.0.5_h616"),
    ),
    SupportedDevice(
        key="whatsminer_v3",
        maker="MicroBT",
        models=("WhatsMiner M60S and others with API V3",),
        reads=_reads_without("best_share", "found_blocks"),
        commands=("on_off", "power", "mode", *_RESTARTS),
        evidence=Evidence.CAPTURE,
        sources=("fixtures/miners/whatsminer/v3_api3.0.2_m60s",),
    ),
    SupportedDevice(
        key="braiins_rest",
        maker="Braiins",
        models=("Braiins OS 25.05 and later",),
        reads=_reads_without("mode", "ambient_temperature"),
        commands=("on_off", "power", "preset", *_RESTARTS),
        evidence=Evidence.CAPTURE,
        sources=("fixtures/miners/braiins/v25_07",),
    ),
    SupportedDevice(
        key="braiins_graphql",
        maker="Braiins",
        models=("Braiins OS 21.09 to 25.03",),
        reads=_reads_without("mode", "ambient_temperature", "best_share", "found_blocks"),
        evidence=Evidence.CAPTURE,
        sources=(
            "fixtures/miners/braiins/v21_09",
            "fixtures/miners/braiins/v24_09",
            "fixtures/miners/braiins/v25_03",
        ),
    ),
    SupportedDevice(
        key="bitaxe",
        maker="Bitaxe",
        models=("Supra",),
        reads=_AXEOS,
        commands=("mode", "on_off", "reboot"),
        evidence=Evidence.CAPTURE,
        sources=("fixtures/miners/bitaxe/axeos_v2.4.5_supra",),
    ),
    SupportedDevice(
        key="axeos",
        maker="Bitaxe",
        models=("Max", "Ultra", "Gamma", "GT", "others with AxeOS"),
        reads=_AXEOS,
        commands=("mode", "on_off", "reboot", "identify"),
        sources=("Bitaxe, AxeOS API (bitaxeorg/ESP-Miner main/http_server/openapi.yaml)",),
    ),
    SupportedDevice(
        key="nerdqaxe",
        maker="NerdQAxe",
        models=("NerdQAxe+", "NerdQAxe++"),
        reads=_AXEOS,
        commands=("mode", "on_off", "reboot"),
        evidence=Evidence.CAPTURE,
        sources=(
            "cases/heating/nerdqaxe_running",
            "cases/heating/nerdqaxe_shutdown",
            "shufps/ESP-Miner-NerdQAxePlus main/http_server/handler_shutdown.cpp",
        ),
    ),
    SupportedDevice(
        key="luxos",
        maker="Luxor",
        models=("LuxOS on Antminer S19 to S21",),
        reads=_reads_without("ambient_temperature"),
        commands=("on_off", "power", "preset", *_RESTARTS),
        sources=("Luxor, LuxOS API, docs.luxor.tech/firmware/api",),
    ),
    SupportedDevice(
        key="vnish",
        maker="VNish",
        models=("VNish 1.2 and later on Antminer S17 to S21",),
        reads=_reads_without("ambient_temperature"),
        commands=("on_off", "power", "preset", *_RESTARTS),
        sources=("VNish, OpenAPI document of the firmware (page /docs of the miner)",),
    ),
    SupportedDevice(
        key="avalon_q",
        maker="Canaan",
        models=("Avalon Q",),
        reads=_HOME,
        commands=("on_off", "power", "mode", "reboot"),
        evidence=Evidence.CAPTURE,
        sources=("fixtures/miners/avalon",),
    ),
    SupportedDevice(
        key="avalon_nano3s",
        maker="Canaan",
        models=("Avalon Nano 3S",),
        reads=_HOME,
        commands=("mode", "reboot"),
        evidence=Evidence.CAPTURE,
        sources=(
            "tests/proof_of_heat/test_miner_avalon.py",
            "Canaan-Creative/Avalon_Nano3s cg_miner/cgminer/driver-avalon.c",
            "reply in dcbert/miner-sentinel",
        ),
    ),
    SupportedDevice(
        key="avalon_nano3",
        maker="Canaan",
        models=("Avalon Nano 3",),
        reads=_HOME,
        commands=("power", "mode", "reboot"),
        evidence=Evidence.CAPTURE,
        sources=("tests/proof_of_heat/test_miner_avalon.py", "reply in dcbert/miner-sentinel issue 16"),
    ),
    SupportedDevice(
        key="avalon_mini3",
        maker="Canaan",
        models=("Avalon Mini 3",),
        reads=_HOME,
        commands=("on_off", "mode", "reboot"),
        evidence=Evidence.CAPTURE,
        sources=("tests/proof_of_heat/test_miner_avalon.py", "reply in UpstreamData/pyasic issue 312"),
    ),
    SupportedDevice(
        key="avalon",
        maker="Canaan",
        models=("Avalon A10 to A15",),
        reads=_reads_without("power_limit", "mode"),
        commands=("on_off", "reboot", "locate"),
        evidence=Evidence.CAPTURE,
        sources=("fixtures/miners/avalon", "Canaan, Avalon A10 API manual"),
    ),
    SupportedDevice(
        key="pyasic",
        maker="Other makers",
        models=(
            "Auradine",
            "ePIC",
            "Elphapex",
            "Goldshell",
            "Hammer",
            "Hiveon",
            "IceRiver",
            "Innosilicon",
            "VolcMiner",
        ),
        reads=_reads_without("mode", "ambient_temperature"),
        commands=("on_off", "power", *_RESTARTS),
        evidence=Evidence.EXPERIMENTAL,
        sources=("UpstreamData/pyasic 0.79, pyasic/miners/backends",),
    ),
)
