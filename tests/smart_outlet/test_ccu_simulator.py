"""Home Assistant with a simulated CCU over real HTTP: commands, reboots, faults."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest

from simulators.ccu.simulator import Ccu as Unit
from simulators.framework import running

from .conftest import Ccu, MakeCcu, outlet_data

pytestmark = pytest.mark.slow  # skipped by scripts/test --quick

type Run = Callable[..., Awaitable[Unit]]


@asynccontextmanager
async def unit_of(ccu: Ccu, *argv: str) -> AsyncGenerator[Unit]:
    """Run a simulated CCU whose cycles the test starts."""
    url = str(ccu.client.make_url("/")).rstrip("/")
    base = ["--url", url, "--ccu-id", ccu.entry.data["ccu_id"], "--key", ccu.key, "--period", "100000"]
    async with running(Unit, [*base, "--fault", "silent", *argv]) as unit:
        yield unit


async def cycle(ccu: Ccu, unit: Unit, times: int = 1) -> None:
    for _ in range(times):
        await unit.cycle()
    await ccu.settle()


async def test_a_ccu_fetches_its_outlets_and_reports_them(ccu: Ccu) -> None:
    async with unit_of(ccu) as unit:
        await cycle(ccu, unit)
        assert list(unit.outlets) == ["FE", "FD"]
        assert unit.replies == {"devices 200": 1, "commands 200": 2, "data 200": 2, "breaker-data 200": 1}
        assert ccu.state("sensor", "main_current", None) == "400"


async def test_a_socket_is_switched_and_confirmed_by_the_next_report(ccu: Ccu) -> None:
    async with unit_of(ccu) as unit:
        await cycle(ccu, unit)
        assert ccu.state("switch", "socket_a") == STATE_UNKNOWN
        await ccu.act("switch", "turn_on", "switch", "socket_a")
        await cycle(ccu, unit)
        assert ccu.state("switch", "socket_a") == "on"
        assert unit.outlets["FE"].done == ["relay_on a"]
        assert ccu.hub.model.outlets["FE"].sockets["a"].current_ma == pytest.approx(
            unit.outlets["FE"].sockets["a"].load_ma, rel=0.1
        )


async def test_after_a_reboot_of_the_ccu_on_becomes_unknown_not_off(ccu: Ccu) -> None:
    async with unit_of(ccu, "--outlets", "FE,FD", "--on", "FE/a") as unit:
        await cycle(ccu, unit)
        assert ccu.state("switch", "socket_a") == "on"
        unit.reboot()
        await cycle(ccu, unit, 5)
        assert ccu.hub.model.outlets["FE"].sockets["a"].relay is None
        assert unit.outlets["FE"].truth()["relay_a"] is True
        await ccu.act("switch", "turn_off", "switch", "socket_a")
        await cycle(ccu, unit)
        assert ccu.state("switch", "socket_a") == "off"


async def test_a_command_in_a_lost_response_is_delivered_again(ccu: Ccu, monkeypatch: pytest.MonkeyPatch) -> None:
    async with unit_of(ccu) as unit:
        await cycle(ccu, unit)
        await ccu.act("switch", "turn_on", "switch", "socket_b")
        unit.faults.set("lost_reply", 1)
        await cycle(ccu, unit)
        unit.faults.clear("lost_reply")
        # Not before the retry delay has passed.
        await cycle(ccu, unit)
        assert unit.outlets["FE"].done == []
        ccu.hub.model.commands.shift_times(-5)
        await cycle(ccu, unit)
        assert unit.outlets["FE"].done == ["relay_on b"]
        assert ccu.state("switch", "socket_b") == "on"


async def test_a_trip_of_the_outlet_is_an_alert(ccu: Ccu) -> None:
    async with unit_of(ccu, "--outlets", "FE", "--on", "FE/a") as unit:
        await cycle(ccu, unit)
        await ccu.act("number", "set_value", "number", "threshold", value=100)
        await cycle(ccu, unit)
        assert unit.outlets["FE"].truth()["tripped"]
        assert ccu.attributes("event", "alert")["event_type"] == "overload"


async def test_version_2_confirms_commands_and_thresholds(ccu: Ccu) -> None:
    async with unit_of(ccu, "--protocol", "2", "--outlets", "FE") as unit:
        await cycle(ccu, unit)
        assert ccu.state("switch", "socket_a") == STATE_UNKNOWN
        await ccu.act("number", "set_value", "number", "threshold", value=9000)
        await ccu.act("switch", "turn_on", "switch", "socket_a")
        await cycle(ccu, unit)
        assert unit.replies["commands 200"] == 2 * 2 + 1
        assert ccu.state("switch", "socket_a") == "on"
        assert ccu.attributes("number", "threshold")["device_threshold"] == 9000
        assert ccu.hub.info.firmware == "2.0.0"
        # After a reboot the relay state is reported as null instead of off.
        unit.reboot()
        await cycle(ccu, unit)
        assert ccu.hub.model.outlets["FE"].sockets["a"].relay is None


@pytest.mark.parametrize(
    ("fault", "reply"),
    [
        ("half_json", "data 400"),
        ("negative", "data 400"),
        ("absurd", "data 400"),
        ("bad_id", "data 400"),
        ("wrong_key", "devices 401"),
        ("no_key", "devices 401"),
        ("foreign", "data 404"),
    ],
)
async def test_faulty_requests_are_refused_and_the_state_is_kept(ccu: Ccu, fault: str, reply: str) -> None:
    async with unit_of(ccu, "--outlets", "FE,FD", "--on", "FE/a") as unit:
        await cycle(ccu, unit)
        before = ccu.hub.model.outlets["FE"].sockets["a"].raw_ma
        unit.faults.set(fault)
        await cycle(ccu, unit)
        assert unit.replies[reply] >= 1
        if fault != "foreign":
            assert ccu.hub.model.outlets["FE"].sockets["a"].raw_ma == before
        assert ccu.state("switch", "socket_a") == "on"
        unit.faults.clear(fault)
        await cycle(ccu, unit)
        assert ccu.hub.model.outlets["FE"].online


async def test_other_spellings_and_one_bad_field_leave_everything_else(ccu: Ccu) -> None:
    async with unit_of(ccu, "--outlets", "FE", "--on", "FE/a,FE/b") as unit:
        for fault in ("texts", "bad_flag"):
            unit.faults.set(fault)
            await cycle(ccu, unit)
            assert ccu.state("switch", "socket_a") == "on"
            assert ccu.hub.model.outlets["FE"].sockets["a"].raw_ma is not None
        assert ccu.state("switch", "socket_b") == STATE_UNKNOWN
        assert ccu.hub.model.outlets["FE"].online


async def test_replayed_reports_do_not_cause_commands(ccu: Ccu) -> None:
    async with unit_of(ccu, "--outlets", "FE", "--on", "FE/a") as unit:
        await cycle(ccu, unit, 10)
        unit.faults.set("replay")
        await ccu.act("switch", "turn_off", "switch", "socket_a")
        await cycle(ccu, unit)
        # The replayed report contains "on": the state may lag, but no command is sent because of it.
        assert unit.outlets["FE"].truth()["relay_a"] is False
        await cycle(ccu, unit, 12)
        assert unit.outlets["FE"].done == ["relay_off a"]


async def test_null_relay_states_are_unknown(ccu: Ccu) -> None:
    async with unit_of(ccu, "--fault", "null_relays") as unit:
        await cycle(ccu, unit)
        assert ccu.hub.model.outlets["FE"].sockets["a"].relay is None


async def test_a_hundred_outlets_are_switched_off_despite_unpowered_ones(
    hass: HomeAssistant, make_ccu: MakeCcu
) -> None:
    ids = [f"{number:02X}" for number in range(100)]
    ccu = await make_ccu("01", tuple(outlet_data(device_id) for device_id in ids))
    on = ",".join(f"{device_id}/a" for device_id in ids)
    async with unit_of(ccu, "--outlets", ",".join(ids), "--on", on) as unit:
        await cycle(ccu, unit)
        unit.faults.set("dead", "05,06")
        await ccu.press("cut_all_power", None)
        await cycle(ccu, unit)
        run = ccu.hub.model.power_off
        assert run is not None
        report: dict[str, Any] = run.report()
        assert len(report["confirmed"]) == 196
        assert report["pending"] == ["05/a", "05/b", "06/a", "06/b"]
        live = [outlet for name, outlet in unit.outlets.items() if name not in ("05", "06")]
        assert not any(outlet.truth()["relay_a"] for outlet in live)


async def test_a_flood_of_requests_causes_few_state_writes(ccu: Ccu, hass: HomeAssistant) -> None:
    async with unit_of(ccu, "--outlets", "FE,FD", "--on", "FE/a") as unit:
        await cycle(ccu, unit)
        written = ccu.hub.publisher.counters.written
        for _ in range(5):
            unit.faults.set("flood", 20)
            await unit._flood()
        await ccu.settle()
        assert unit.replies.get("data 200", 0) > 10
        assert ccu.hub.publisher.counters.written - written < 10
