"""ebusd with the devices of a Vaillant system: what is read, and what is commanded."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.drivers.ebusd.client import EbusdClient
from custom_components.proof_of_heat.drivers.ebusd.messages import bus_of, faults_of, fields_of, value_of
from custom_components.proof_of_heat.drivers.ebusd.source import EbusdSource, capabilities_of, find_bus
from custom_components.proof_of_heat.drivers.errors import BadReplyError, DriverError, UnreachableError
from custom_components.proof_of_heat.drivers.source_parts import Timing
from custom_components.proof_of_heat.sources.types.ebusd import connect
from lib.heat_source import Command, Control, FaultReason, Health, Outcome, SourceKind
from simulators.ebusd.daemon import Ebusd
from simulators.framework import running

pytestmark = pytest.mark.usefixtures("socket_enabled")

QUICK = Timing(read_s=5.0, write_s=5.0, fresh_s=0.0, verify_s=0.0, verify_step_s=0.01)


@asynccontextmanager
async def system(*argv: str) -> AsyncGenerator[tuple[Ebusd, EbusdSource]]:
    """The daemon, and a source that was added to it."""
    async with running(Ebusd, ["--port", "0", *argv]) as daemon:
        client = EbusdClient("127.0.0.1", daemon.port, timeout_s=5.0)
        found = capabilities_of(await find_bus(client))
        capabilities = replace(found, min_write_interval_s=0.0, settle_s=0.0)
        source = EbusdSource("proof_of_heat:v", "Vaillant", client, capabilities)
        source.timing = QUICK
        yield daemon, source
        await source.close()


async def test_a_heat_pump_is_read() -> None:
    async with system("--device", "hmu") as (_, source):
        state = await source.refresh()
        assert (source.capabilities.kind, source.capabilities.fuel) == (SourceKind.HEAT_PUMP, "electricity")
        assert (state.health, state.on, state.mode, state.hot_water) == (Health.OK, True, "auto", False)
        assert (state.flow_c, state.return_c, state.outdoor_c, state.circuit_c) == (36.5, 31.0, -3.562, 35.8125)
        assert (state.flow_setpoint_c, state.room_setpoint_c) == (36.2, 20.5)
        assert (state.power_w, state.heat_w, state.electricity_kwh) == (1600.0, 5700.0, 8123.0)
        assert state.extra == {
            "room_temperature": 20.9375,
            "dhw_temperature": 47.5,
            "dhw_setpoint": 50.0,
            "system_pressure": 1.5,
            "compressor_load": 48.0,
        }


async def test_a_boiler_is_read() -> None:
    async with system("--device", "bai", "--controller", "700") as (daemon, source):
        daemon.faults.set("hot_water")
        state = await source.refresh()
        assert (source.capabilities.kind, source.capabilities.fuel) == (SourceKind.BOILER, "gas")
        assert (state.flow_c, state.return_c, state.hot_water) == (36.5, 31.0, True)
        assert (state.power_w, state.heat_w, state.electricity_kwh) == (None, None, None)
        assert state.extra["burner_modulation"] == 34.5


async def test_without_a_controller_it_is_only_read() -> None:
    async with system("--device", "bai", "--controller", "") as (_, source):
        assert source.capabilities.controls == frozenset()
        state = await source.refresh()
        assert (state.health, state.on, state.outdoor_c) == (Health.OK, None, -3.562)
        assert state.extra["system_pressure"] == 1.472


@pytest.mark.parametrize(
    ("device", "fault", "counters"), [("hmu", "", ["electricity"]), ("hmu", "no_counter", []), ("bai", "", [])]
)
async def test_only_a_counter_that_exists_replaces_the_integrated_power(
    hass: HomeAssistant, device: str, fault: str, counters: list[str]
) -> None:
    async with running(Ebusd, ["--port", "0", "--device", device]) as daemon:
        if fault:
            daemon.faults.set(fault)
        (found,) = await connect(hass, {"address": " 127.0.0.1 ", "port": daemon.port})
        assert found.data["info"]["counters"] == counters
        assert (found.title, found.unique_id) == ("Vaillant", f"ebusd_127.0.0.1_{daemon.port}")


async def test_a_broken_sensor_is_unknown() -> None:
    async with system("--device", "bai") as (daemon, source):
        daemon.faults.set("broken_sensor")
        state = await source.refresh()
        assert (state.flow_c, state.outdoor_c, state.return_c) == (None, None, 31.0)


async def test_messages_that_are_lost_on_the_bus_take_nothing_else_away() -> None:
    async with system() as (daemon, source):
        daemon.faults.set("collisions")
        state = await source.refresh()
        assert state.health == Health.OK
        known = [state.flow_c, state.power_w, state.circuit_c, state.room_setpoint_c, state.mode]
        assert 0 < sum(value is not None for value in known) < len(known)


@pytest.mark.parametrize(
    ("fault", "reason", "detail"),
    [
        ("no_signal", FaultReason.NO_RESPONSE, "ebusd: no signal"),
        ("refused", FaultReason.NO_RESPONSE, ""),
        ("cut", FaultReason.NO_RESPONSE, "the connection was closed"),
        ("garbage", FaultReason.INVALID_RESPONSE, "not a reply of ebusd"),
        ("http", FaultReason.INVALID_RESPONSE, "not a reply of ebusd"),
        ("not_scanned", FaultReason.INVALID_RESPONSE, "ebusd knows no boiler"),
    ],
)
async def test_a_daemon_without_values_is_unavailable_and_comes_back(
    fault: str, reason: FaultReason, detail: str
) -> None:
    async with system() as (daemon, source):
        daemon.faults.set(fault)
        state = await source.refresh()
        assert (state.health, state.reason, state.flow_c) == (Health.FAILING, reason, None)
        assert detail in state.detail
        daemon.faults.clear(fault)
        assert (await source.refresh()).health == Health.OK


async def test_a_daemon_that_does_not_answer_is_given_up() -> None:
    async with running(Ebusd, ["--port", "0"]) as daemon:
        daemon.faults.set("silent")
        with pytest.raises(UnreachableError, match="timed out"):
            await EbusdClient("127.0.0.1", daemon.port, timeout_s=0.05).names(writable=False)


async def test_a_restarted_daemon_is_searched_again() -> None:
    """After its start it knows no messages; its definitions may have changed."""
    async with system() as (daemon, source):
        await source.refresh()
        daemon.circuit = "basv2"
        state = await source.refresh()  # the boiler still answers
        assert (state.health, state.room_setpoint_c) == (Health.OK, None)
        daemon.args.device = "bai"
        assert (await source.refresh()).health == Health.FAILING
        state = await source.refresh()
        assert (state.health, state.room_setpoint_c) == (Health.OK, 20.5)


async def test_a_fault_of_the_device_is_shown() -> None:
    async with system() as (daemon, source):
        daemon.faults.set("error")
        state = await source.refresh()
        assert (state.health, state.detail) == (Health.DEGRADED, "fault 28")


async def test_the_room_setpoint_is_commanded_and_given_back() -> None:
    async with system() as (daemon, source):
        assert {Control.ROOM, Control.ON_OFF} == source.capabilities.controls
        result = await source.apply(Command(id="c", on=True, room_c=22.26))
        assert (result.outcome, daemon.room_c, daemon.mode) == (Outcome.APPLIED, 22.5, "auto")
        assert daemon.commands.count("write -c ctlv2 z1DayTemp 22.5") == 1
        assert (await source.apply(Command(id="d", room_c=22.5))).outcome == Outcome.UNCHANGED
        assert (await source.release()).outcome == Outcome.APPLIED
        assert (daemon.room_c, daemon.mode) == (20.5, "auto")


async def test_off_keeps_the_users_mode_for_the_end() -> None:
    async with system() as (daemon, source):
        daemon.mode = "day"
        assert (await source.apply(Command(id="c", on=False))).outcome == Outcome.APPLIED
        assert daemon.mode == "off"
        assert source.state.on is False
        assert (await source.apply(Command(id="d", on=True))).outcome == Outcome.APPLIED
        assert daemon.mode == "auto"
        assert (await source.release()).outcome == Outcome.APPLIED
        assert daemon.mode == "day"


@pytest.mark.parametrize(
    ("fault", "outcome"), [("read_only", Outcome.REFUSED), ("deaf", Outcome.FAILED), ("no_signal", Outcome.FAILED)]
)
async def test_a_command_that_has_no_effect_is_reported(fault: str, outcome: Outcome) -> None:
    async with system() as (daemon, source):
        await source.refresh()
        source.timing = replace(QUICK, fresh_s=60.0)
        daemon.faults.set(fault)
        assert (await source.apply(Command(id="c", room_c=23.0))).outcome == outcome
        assert daemon.room_c == 20.5


async def test_a_source_that_was_never_read_is_not_written_to() -> None:
    async with system() as (daemon, source):
        daemon.faults.set("refused")
        assert (await source.apply(Command(id="c", on=False))).outcome == Outcome.FAILED
        with pytest.raises(UnreachableError):
            await source._restore({"z1opmode": "off"}, source.state)
        assert not [line for line in daemon.commands if line.startswith("write")]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("39.38;ok", 0, 39.38),
        ("39.38;64473;ok", 0, 39.38),
        ("-;cutoff", 0, None),
        ("-;circuit", 0, None),
        ("20.0;cutoff", 0, None),
        ("-", 0, None),
        ("null", 0, None),
        ("", 0, None),
        ("57.0;50.5;9.312", 4, None),
        ("57.0;50.5;9.312", 2, 9.312),
        ("inf", 0, None),
        ("auto", 0, None),
    ],
)
def test_a_field_of_a_reply(text: str, field: int, value: float | None) -> None:
    assert value_of(fields_of(text), field) == value


def test_faults_are_numbers() -> None:
    assert faults_of(fields_of("28;-;75;-;-")) == "28, 75"
    assert faults_of(fields_of("-;-;-;-;-")) == ""
    assert faults_of(fields_of("0;0")) == ""


def test_names_are_found_in_any_spelling_and_the_heat_pump_comes_first() -> None:
    rows = [("bai", "Status01"), ("HMU00", "Status01"), ("Ctlv3", "Z1OpMode"), ("ctlv3", "Z1DayTemp")]
    bus = bus_of(rows, rows)
    assert bus.find("status01") == ("HMU00", "Status01")
    assert bus.find("status01", "bai") == ("bai", "Status01")
    assert bus.is_heat_pump
    assert bus.writable["z1daytemp"] == ("ctlv3", "Z1DayTemp")
    assert not bus_of([("scan.08", "id")], []).is_known


async def _serve(answer: bytes) -> tuple[asyncio.Server, int]:
    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param(b"bai,FlowTemp\nbai,Bad Name\nbai\n,x\nbai,a;b\n\n", {("bai", "FlowTemp")}, id="names"),
        pytest.param(b"ERR: element not found\n\n", set(), id="none"),
        pytest.param(b"ERR: read timeout\n\n", DriverError, id="error"),
        pytest.param(b"x" * 1_100_000 + b"\n\n", BadReplyError, id="too-long"),
    ],
)
async def test_the_list_of_messages(answer: bytes, found: Any) -> None:
    server, port = await _serve(answer)
    async with server:
        client = EbusdClient("127.0.0.1", port, timeout_s=5.0)
        if isinstance(found, set):
            assert await client.names(writable=True) == found
        else:
            with pytest.raises(found):
                await client.names(writable=True)


async def test_a_write_that_is_not_confirmed_is_an_error() -> None:
    server, port = await _serve(b"usage: write\n\n")
    async with server:
        with pytest.raises(BadReplyError, match="usage"):
            await EbusdClient("127.0.0.1", port).write("ctlv2", "z1OpMode", "auto")
