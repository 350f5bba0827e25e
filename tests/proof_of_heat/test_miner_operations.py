"""Operations of miners: restarts and lights, by each family's own call, verified where the miner reports the result."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.miner.client_factory import create_client
from custom_components.proof_of_heat.drivers.miner.generic import _METHODS
from custom_components.proof_of_heat.drivers.miner.models import MinerFamily, MinerInfo
from custom_components.proof_of_heat.drivers.miner.operations import _BY_MAKE, operations_of
from custom_components.proof_of_heat.drivers.miner.probe import probe
from custom_components.proof_of_heat.drivers.miner.pyasic_adapter import library
from custom_components.proof_of_heat.drivers.miner.source import MinerSource
from custom_components.proof_of_heat.drivers.operations import LOCATE_LIGHT, Operation
from lib.heat_source import Command, FaultReason, Outcome
from simulators.antminer.miner import Antminer
from simulators.framework import running

from . import ha
from .flow import device
from .test_miner_sources import QUICK, miner

REBOOT, RESTART, LIT, DARK = (
    Operation.REBOOT,
    Operation.RESTART_MINING,
    Operation.LOCATE,
    Operation.STOP_LOCATING,
)
LIGHT: Final[dict[str, Callable[[Any], bool]]] = {
    "antminer": lambda device: bool(device.blinks),
    "whatsminer_v2": lambda device: bool(device.light != "auto"),
    "whatsminer_v3": lambda device: bool(device.light != "auto"),
    "braiins": lambda device: bool(device.blinks),
    "braiins_graphql": lambda device: bool(device.graphql.blinks),
    "vnish": lambda device: bool(device.blinks),
    "luxos": lambda device: bool(device.light == "blink"),
}


@pytest.fixture(
    params=["antminer", "whatsminer_v2", "whatsminer_v3", "braiins", "braiins_graphql", "bitaxe", "vnish", "luxos"]
)
def kind(request: pytest.FixtureRequest, port_80: None) -> str:
    return str(request.param)


async def test_each_operation_reaches_the_miner_by_its_own_call(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        source._operations = operations_of(source.client.info)
        assert REBOOT in source.operations
        device.machine._since = -1e9
        for operation in (REBOOT, RESTART):
            if operation in source.operations:
                before = device.machine._since
                assert (await source.operate(operation)).outcome == Outcome.PENDING
                assert device.machine._since > before, "the machine started again"
        if kind not in LIGHT:
            assert (await source.operate(LIT)).reason == FaultReason.REJECTED
            return
        assert (await source.refresh()).extra[LOCATE_LIGHT] is False
        for operation, lit in ((LIT, True), (LIT, True), (DARK, False)):
            assert (await source.operate(operation)).outcome == Outcome.APPLIED
            assert LIGHT[kind](device) is lit
            assert source.state.extra[LOCATE_LIGHT] is lit


@pytest.mark.parametrize("kind", ["antminer", "braiins", "luxos", "vnish"])
async def test_a_light_that_stays_dark_is_not_called_lit(
    kind: str, port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        source._operations = operations_of(source.client.info)
        device.faults.set("deaf")
        result = await source.operate(LIT)
        assert (result.outcome, result.reason) == (Outcome.FAILED, FaultReason.NOT_CONFIRMED)


async def test_control_waits_after_a_restart_as_after_its_own_command(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("braiins", loopback(), session) as (_, source):
        source._operations = operations_of(source.client.info)
        object.__setattr__(source._capabilities, "min_write_interval_s", 600.0)
        assert (await source.operate(REBOOT)).outcome == Outcome.PENDING
        assert (await source.apply(Command(id="a", power_w=2000.0))).outcome == Outcome.DEFERRED


async def test_axeos_shows_itself_and_restarts(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("bitaxe", loopback(), session) as (device, source):
        source._operations = operations_of(source.client.info)
        assert (await source.operate(Operation.IDENTIFY)).outcome == Outcome.APPLIED
        assert (await source.operate(REBOOT)).outcome == Outcome.PENDING
        assert device.writes == ["identify", "restart"]


@pytest.mark.parametrize(
    ("family", "firmware", "model", "variant", "found"),
    [
        (MinerFamily.BITAXE, "v2.11.0", "BM1368 401", "", {REBOOT}),
        (MinerFamily.BITAXE, "v2.12.0", "BM1368 401", "", {REBOOT, Operation.IDENTIFY}),
        (MinerFamily.BITAXE, None, "BM1368 401", "", {REBOOT}),
        (MinerFamily.BITAXE, "v2.14.0", "BM1370 NerdQAxe++", "", {REBOOT}),
        (MinerFamily.BRAIINS, "24.09", "Antminer", "graphql", {REBOOT, Operation.RESTART_MINING, LIT, DARK}),
        (MinerFamily.ANTMINER, None, "Antminer S19", "", {REBOOT, LIT, DARK}),
        (MinerFamily.OTHER, None, "unknown", "", set()),
    ],
)
def test_operations_follow_the_firmware(
    family: MinerFamily, firmware: str | None, model: str, variant: str, found: set[Operation]
) -> None:
    info = MinerInfo(family=family, make="x", model=model, firmware=firmware, variant=variant)
    assert operations_of(info) == found


async def test_operations_of_other_makes_are_those_that_the_library_has() -> None:
    """A table that the library does not back would offer buttons that do nothing."""
    lib = await library()
    for family, kinds in lib.classes.items():
        make = str(next((kind.make for kind in kinds.values() if getattr(kind, "make", None)), "")).lower()
        if make not in _BY_MAKE or family.name in ("HIVEON", "VNISH", "EPIC", "BRAIINS_OS", "LUX_OS", "MSKMINER"):
            continue
        for operation in _BY_MAKE[make]:
            method = _METHODS[operation]
            owners = [owner.__name__ for owner in kinds[None].__mro__ if method in vars(owner)]
            assert owners[0] not in ("BaseMiner", "MinerProtocol", "UnknownMiner"), (family, method)


async def test_entities_start_operations_and_show_what_the_miner_reports(
    hass: HomeAssistant, loopback: Callable[[], str]
) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with device("miner", loopback) as (simulated, values):
        entry = ha.system(await ha.source(hass, "miner", values))
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        await unit.source.refresh()
        registry = er.async_get(hass)

        def entity(platform: str, key: str) -> str:
            found = registry.async_get_entity_id(platform, DOMAIN, f"{unit.subentry_id}_{key}")
            assert found is not None, key
            return found

        async def call(platform: str, service: str, key: str) -> None:
            data = {"entity_id": entity(platform, key)}
            await hass.services.async_call(platform, service, data, blocking=True)

        await call("button", "press", "restart_mining")
        assert "restart_btminer" in simulated.writes
        await call("button", "press", "reboot")
        assert "reboot" in simulated.writes
        await call("switch", "turn_on", LOCATE_LIGHT)
        assert hass.states.get(entity("switch", LOCATE_LIGHT)).state == "on"
        await call("switch", "turn_off", LOCATE_LIGHT)
        assert hass.states.get(entity("switch", LOCATE_LIGHT)).state == "off"
        simulated.faults.set("write_disabled")
        with pytest.raises(HomeAssistantError, match=r"was not carried out by .*: rejected by the device"):
            await call("button", "press", "reboot")
        simulated.faults.set("refused")
        with pytest.raises(HomeAssistantError, match=r"was not carried out by .*: not responding"):
            await call("button", "press", "reboot")
        assert hass.states.get(entity("button", "reboot")).state == "unavailable"
        assert hass.states.get(entity("switch", LOCATE_LIGHT)).state == "unavailable"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_an_s19k_pro_has_a_high_efficiency_mode_in_place_of_the_low_one(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    host = loopback()
    async with running(Antminer, ["--host", host, "--model", "Antminer S19k Pro", "--boot-s", "0"]) as device:
        client = create_client(
            await probe(session, host), session, "root", mode_power_w={"low": 2000.0, "normal": 2760.0}
        )
        await client.identify()
        capabilities = replace(await client.capabilities(), min_write_interval_s=0.0)
        assert (capabilities.modes, capabilities.power_steps_w) == (("normal", "hem"), (2000.0, 2760.0))
        source = MinerSource("proof_of_heat:s19k", "s19k", client, capabilities)
        source.timing = QUICK
        assert (await source.apply(Command(id="a", power_w=2100.0))).outcome == Outcome.APPLIED
        assert (device.mode, source.state.mode) == (2, "hem")
        await source.close()
