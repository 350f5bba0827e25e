"""Hash boards of miners that the user switches singly: no fault, no heat that is not there, and none of control's."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.base import SourceBase
from custom_components.proof_of_heat.drivers.errors import RefusedError
from custom_components.proof_of_heat.drivers.miner.boards import lacks_boards
from custom_components.proof_of_heat.drivers.miner.braiins import decode_rest
from custom_components.proof_of_heat.drivers.miner.client_factory import create_client
from custom_components.proof_of_heat.drivers.miner.luxos import decode_reading as decode_luxos
from custom_components.proof_of_heat.drivers.miner.models import IdentifiedClient, MinerReading
from custom_components.proof_of_heat.drivers.miner.power_presets import NO_PRESETS
from custom_components.proof_of_heat.drivers.miner.probe import probe
from custom_components.proof_of_heat.drivers.miner.readings import BoardReading
from custom_components.proof_of_heat.drivers.miner.source import MinerSource
from custom_components.proof_of_heat.drivers.miner.vnish import decode_reading as decode_vnish
from lib.heat_source import Command, FaultReason, Health, Outcome
from simulators.braiins.miner import Braiins
from simulators.framework import running

from . import ha
from .test_miner_sources import QUICK, miner

LOW_W: Final = 1500.0
ASLEEP: Final[dict[str, Callable[[Any], bool]]] = {
    kind: lambda device: not device.machine.running for kind in ("braiins", "vnish", "luxos")
}


@pytest.fixture(params=list(ASLEEP))
def kind(request: pytest.FixtureRequest, port_80: None) -> str:
    return str(request.param)


async def test_a_board_is_switched_off_and_on_again(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        full_w = (await source.refresh()).power_w
        assert source.switchable_boards == {1, 2, 3}
        assert (await source.switch_board(2, on=False)).outcome == Outcome.APPLIED
        assert device.machine.boards_off == {1}
        assert [source.is_board_on(number) for number in (1, 2, 3, 4)] == [True, False, True, None]
        state = source.state
        assert state.health == Health.OK, "what the user switched off is not a fault"
        assert state.power_w == state.heat_w == pytest.approx(device.machine.power_w, abs=1)
        assert state.power_w < 0.8 * full_w, "the heat of the board is missing"
        assert (state.extra["boards_up"], state.extra["board_2_hashrate"]) == (2, 0.0)
        writes = list(device.writes)
        assert (await source.switch_board(2, on=False)).outcome == Outcome.UNCHANGED
        assert device.writes == writes
        assert (await source.switch_board(2, on=True)).outcome == Outcome.APPLIED
        assert device.machine.boards_off == set()
        assert source.state.power_w == pytest.approx(full_w, abs=1)


async def test_control_and_hand_over_leave_the_boards(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    host = loopback()
    async with miner(kind, host, session) as (device, source):
        assert (await source.apply(Command(id="a", on=True, power_w=LOW_W))).outcome in (
            Outcome.APPLIED,
            Outcome.UNCHANGED,
        )
        assert (await source.switch_board(3, on=False)).outcome == Outcome.APPLIED
        assert source.leased, "the lease continues"
        await source.apply(Command(id="b", on=True, power_w=2400.0))
        assert device.machine.boards_off == {2}
        assert (await source.release()).outcome == Outcome.APPLIED
        assert ASLEEP[kind](device)
        assert device.machine.boards_off == {2}
        client = create_client(await probe(session, host), session)
        again = MinerSource("proof_of_heat:again", "again", client, source.capabilities)
        again.timing = QUICK
        assert (await again.refresh()).health == Health.OK
        assert again.is_board_on(3) is False, "known after a restart, also of a paused miner"
        await again.apply(Command(id="c", on=True))
        assert device.machine.boards_off == {2}
        assert (await again.refresh()).health == Health.OK
        await again.close()


async def test_a_board_that_failed_still_degrades(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        device.faults.set("board_dead")
        assert (await source.refresh()).health == Health.DEGRADED
        assert source.is_board_on(1) is True, "down, but not switched off"
        assert (await source.switch_board(2, on=False)).outcome == Outcome.APPLIED
        assert source.state.health == Health.DEGRADED
        device.faults.clear("board_dead")
        assert (await source.refresh()).health == Health.OK


async def test_what_the_miner_does_not_carry_out_is_not_shown(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        assert (await source.switch_board(9, on=False)).reason == FaultReason.REJECTED
        with pytest.raises(RefusedError):
            await source.client.switch_board("9", on=False)
        device.faults.set("deaf")
        assert (await source.switch_board(1, on=False)).outcome == Outcome.PENDING
        assert source.is_board_on(1) is True
        device.faults.clear("deaf")
        device.machine.boot_s = 3600.0
        device.machine.restart()
        written_at = source._written_at
        result = await source.switch_board(1, on=False)
        assert (result.outcome, result.reason) == (Outcome.REFUSED, FaultReason.REJECTED)
        assert source._written_at == written_at, "control does not have to wait for what was rejected"
        assert (device.machine.boards_off, source.is_board_on(1)) == (set(), True)
        device.faults.set("refused")
        assert (await source.switch_board(1, on=False)).outcome == Outcome.FAILED


async def test_control_waits_while_the_boards_are_tuned(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        object.__setattr__(source._capabilities, "min_write_interval_s", 600.0)
        device.machine.boot_s = 240.0
        device.machine._since = -1e9
        assert (await source.switch_board(1, on=False)).outcome == Outcome.APPLIED
        assert source.state.hashrate_ths == 0.0
        assert source.state.power_w == source.state.heat_w == device.machine.boot_w
        assert (await source.apply(Command(id="a", power_w=LOW_W))).outcome == Outcome.DEFERRED


async def test_a_stopped_miner_stays_stopped(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    """VNish omits the boards while it is stopped: their switches are read from the settings."""
    async with miner("vnish", loopback(), session) as (device, source):
        assert (await source.apply(Command(id="a", on=False))).outcome == Outcome.APPLIED
        assert source.switchable_boards == {1, 2, 3}
        assert (await source.switch_board(2, on=False)).outcome == Outcome.APPLIED
        assert (device.machine.running, device.machine.boards_off) == (False, {1})
        unlocks = device.unlocks
        device.faults.set("token_expired")
        await source.refresh()
        assert source.switchable_boards == {1, 2, 3}
        assert device.unlocks == unlocks + 1
        device.faults.set("locked")
        device.faults.set("token_expired")
        assert (await source.refresh()).health == Health.OK
        assert source.switchable_boards == frozenset(), "unknown is unknown"
        assert (await source.refresh()).health == Health.OK
    async with miner("luxos", loopback(), session) as (device, source):
        assert (await source.apply(Command(id="a", on=False))).outcome == Outcome.APPLIED
        assert (await source.switch_board(2, on=False)).outcome == Outcome.REFUSED


async def test_a_miner_that_disappears_while_it_is_switched(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with miner("braiins", loopback(), session) as (device, source):
        write = source.client.switch_board

        async def breaks(board_id: str, on: bool) -> None:
            await write(board_id, on)
            device.faults.set("refused")

        monkeypatch.setattr(source.client, "switch_board", breaks)
        result = await source.switch_board(1, on=False)
        assert (result.outcome, result.reason) == (Outcome.FAILED, FaultReason.NO_RESPONSE)
        device.faults.clear("refused")
        await source.refresh()

        async def hangs(board_id: str, on: bool) -> None:
            raise TimeoutError

        monkeypatch.setattr(source.client, "switch_board", hangs)
        result = await source.switch_board(1, on=True)
        assert (result.outcome, result.reason) == (Outcome.FAILED, FaultReason.NO_RESPONSE)


@pytest.mark.slow
async def test_other_firmware_switches_no_boards(loopback: Callable[[], str], session: aiohttp.ClientSession) -> None:
    async with miner("whatsminer_v2", loopback(), session) as (_, source):
        await source.refresh()
        assert source.switchable_boards == frozenset()
        assert isinstance(source, SourceBase)
    with pytest.raises(RefusedError, match="does not switch board 1 off"):
        await IdentifiedClient().switch_board("1", on=False)


def braiins(enabled: list[object], config: object) -> MinerReading:
    rows = [{"id": str(index + 1), "enabled": flag} for index, flag in enumerate(enabled)]
    return decode_rest({"status": 2}, {}, {}, boards={"hashboards": rows}, configuration=config)


@pytest.mark.parametrize(
    ("config", "on", "lacks"),
    [
        ({"hashboard_config": {"hashboards": [{"id": "2", "enabled": False}]}}, [True, False, True], False),
        ({"hashboard_config": {"hashboards": [{"id": "2", "enabled": None}]}}, [True, True, True], True),
        ({"hashboard_config": {"hashboards": []}}, [True, True, True], True),
        ({"hashboard_config": {"hashboards": [{"id": "1", "enabled": False}]}}, [False, True, True], True),
        ({"hashboard_config": None}, [True, None, True], True),
        (None, [True, None, True], True),
    ],
)
def test_braiins_distinguishes_a_switched_board_from_a_failed_one(
    config: object, on: list[bool | None], lacks: bool
) -> None:
    reading = braiins([True, False, True], config)
    assert [board.on for board in reading.board_readings] == on
    assert lacks_boards(reading) is lacks
    assert braiins([None, True], None).board_readings[0].on is None


@pytest.mark.parametrize(
    ("row", "switched", "on"),
    [
        ({"chips_count": 110}, {}, False),  # its chips were found
        ({"chips_count": 0}, {}, None),
        ({"chips_count": None, "serial_number": "NGSB1"}, {}, None),
        ({}, {"1": False}, False),  # switched off by a command of ours
        ({}, {"1": True}, None),  # switched on, but it is down
        ({}, {"2": False}, None),
    ],
)
def test_braiins_board_that_is_down_without_its_configuration(
    row: dict[str, object], switched: dict[str, bool], on: bool | None
) -> None:
    boards = {"hashboards": [{"id": "1", "enabled": False, **row}]}
    reading = decode_rest({"status": 2}, {}, {}, boards=boards, configuration={"tuner": {}}, switched=switched)
    assert reading.board_readings[0].on is on
    assert lacks_boards(reading) is (on is None)


def test_luxos_distinguishes_a_switched_board_from_a_failed_one() -> None:
    rows = [
        {"ASC": 0, "Status": "Alive", "Enabled": "Y", "IsUserShutdown": False, "Nominal MHS": 40e6},
        {"ASC": 1, "Status": "Dead", "Enabled": "N", "IsUserShutdown": False, "Nominal MHS": 40e6},
        {"ASC": 2, "Status": "Alive", "Enabled": "Y", "IsUserShutdown": True, "Nominal MHS": 40e6},
        {"Status": "Dead", "Enabled": "N", "Nominal MHS": 40e6},
    ]
    reading = decode_luxos({"CurtailMode": "None"}, {"devs": {"DEVS": rows}}, NO_PRESETS)
    assert [(board.board_id, board.on) for board in reading.board_readings] == [
        ("0", True),
        ("1", True),
        ("2", False),
        (None, False),
    ]
    assert (reading.boards, reading.boards_up, reading.expected_ths) == (4, 1, 80.0)
    assert lacks_boards(reading)


def test_vnish_distinguishes_a_switched_board_from_a_failed_one() -> None:
    chains = [{"id": 1, "status": {"state": "mining"}}, {"id": 3, "status": {"state": "disabled"}}, {"id": 2}]
    miner_ = {"miner_status": {"miner_state": "mining"}, "chains": chains}
    reading = decode_vnish(miner_, {}, NO_PRESETS)
    assert [(board.board_id, board.on) for board in reading.board_readings] == [("1", True), ("3", False), ("2", None)]
    assert not lacks_boards(reading)
    chains[0] = {"id": 1, "status": {"state": "disconnected"}}
    assert lacks_boards(decode_vnish(miner_, {}, NO_PRESETS))


def test_boards_that_are_not_counted_are_not_missed() -> None:
    reading = MinerReading(mining=True, boards=3, board_readings=(BoardReading(on=False),))
    assert not lacks_boards(reading)
    assert not lacks_boards(replace(reading, boards=None, boards_up=2))


async def test_switches_are_offered_and_show_what_the_miner_reports(
    hass: HomeAssistant, loopback: Callable[[], str], port_80: None
) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    host = loopback()
    async with running(Braiins, ["--host", host, "--boot-s", "0"]) as device:
        values: dict[str, Any] = {"address": host, "password": "root", "port": 80, "idle_on_release": True}
        entry = ha.system(await ha.source(hass, "miner", values))
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        unit.source.timing = QUICK
        await unit.source.refresh()
        await hass.async_block_till_done()
        registry = er.async_get(hass)

        def board(number: int) -> str | None:
            return registry.async_get_entity_id("switch", DOMAIN, f"{unit.subentry_id}_board_{number}_enabled")

        assert board(4) is None
        entity_id = board(2)
        assert entity_id is not None
        found = registry.async_get(entity_id)
        assert found is not None
        assert (found.disabled_by, found.entity_category) == (er.RegistryEntryDisabler.INTEGRATION, "config")
        registry.async_update_entity(entity_id, disabled_by=None)
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        (unit,) = entry.runtime_data.sources.values()
        unit.source.timing = QUICK
        await unit.source.refresh()
        await hass.async_block_till_done()

        async def switch(service: str) -> None:
            await hass.services.async_call("switch", service, {"entity_id": entity_id}, blocking=True)

        await switch("turn_off")
        assert (hass.states.get(entity_id).state, device.machine.boards_off) == ("off", {1})
        await switch("turn_on")
        assert (hass.states.get(entity_id).state, device.machine.boards_off) == ("on", set())
        device.machine.boot_s = 3600.0
        device.machine.restart()
        with pytest.raises(HomeAssistantError, match=r"Board 2 of .* was not switched: rejected by the device"):
            await switch("turn_off")
        device.faults.set("refused")
        with pytest.raises(HomeAssistantError, match="was not switched"):
            await switch("turn_off")
        assert hass.states.get(entity_id).state == "unavailable"
        await hass.config_entries.async_unload(entry.entry_id)
