"""The Viessmann heat pump: captures, the contract, the budget, faults of cloud and network."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
import json
from pathlib import Path
import time
from typing import Any

import pytest

from custom_components.proof_of_heat.drivers.call_budget import CallBudget, CallLimits
from custom_components.proof_of_heat.drivers.errors import (
    AuthError,
    BadReplyError,
    DriverError,
    LimitedError,
    UnreachableError,
)
from custom_components.proof_of_heat.drivers.viessmann.client import TokenStore, ViessmannClient, sign_in
from custom_components.proof_of_heat.drivers.viessmann.features import decode, lines
from custom_components.proof_of_heat.drivers.viessmann.source import ViessmannSource, capabilities_of, off_mode
from lib.heat_source import Command, Control, Health, Outcome
from simulators.framework import running
from simulators.viessmann_cloud.cloud import ViessmannCloud
from tests.heat_source_contract import assert_keeps_contract

# --- captures -------------------------------------------------------------------------------------------

EXPECTED = {
    "Vitocal200.json": {"outdoor_temperature": 11.6, "slope": 0.4, "level": -6.0, "dhw_temperature": 47.9},
    "Vitocal222S.json": {
        "outdoor_temperature": 12.1,
        "slope": 0.3,
        "level": -1.0,
        "compressor_speed": 20.0,
        "compressor_active": True,
        "electricity_heating_today": 0.0,
        "heat_heating_today": 13.1,
        "spf_total": 4.5,
        "system_pressure": 1.7,
        "return_temperature": 25.1,
        "flow_temperature": 26.6,
        "mode": "heating",
    },
    "Vitocal252.json": {
        "outdoor_temperature": 22.4,
        "flow_temperature": 26.6,
        "buffer_temperature": 53.6,
        "electricity_dhw_today": 0.0,
        "electricity_heating_year": 2003.7,
        "volume_flow": 0.0,
    },
    "Vitocal300G_CU401B.json": {"buffer_temperature": 36.2, "source_out_temperature": 4.9, "compressor_load": 100.0},
    "Vitocal200S.json": {"secondary_return_temperature": 27.9, "dhw_setpoint": 40.0, "compressor_hours": 4742.2},
}


def test_every_capture_reads_sanely(captures: Path) -> None:
    files = sorted((captures / "viessmann").glob("Vitoc*.json"))
    assert len(files) >= 8
    for file in files:
        for key, value, unit in lines(json.loads(file.read_text())):
            if unit == "°C":
                assert isinstance(value, float), (file.name, key)
                assert -40 <= value <= 130, (file.name, key)
            elif isinstance(value, float):
                assert value == value  # noqa: PLR0124  not NaN
                assert value >= 0 or key == "level", (file.name, key)


@pytest.mark.parametrize("name", list(EXPECTED))
def test_capture_values(captures: Path, name: str) -> None:
    reading = decode(json.loads((captures / "viessmann" / name).read_text()))
    assert {key: reading.values.get(key) for key in EXPECTED[name]} == EXPECTED[name]


def test_capture_counters_and_limits(captures: Path) -> None:
    reading = decode(json.loads((captures / "viessmann" / "Vitocal222S.json").read_text()))
    assert reading.electricity_kwh == pytest.approx(1015.5 + 540.2)
    assert reading.heat_kwh == pytest.approx(5603.1 + 1612.9)
    assert (reading.slope_limits, reading.level_limits) == ((0.2, 3.5), (-13.0, 40.0))
    assert reading.modes == ("heating", "standby")
    # Hot water has a mode of its own there, so the circuit may stand by.
    assert off_mode(reading) == "standby"


def test_hot_water_is_never_blocked_where_standby_would_block_it(captures: Path) -> None:
    reading = decode(json.loads((captures / "viessmann" / "Vitocal200.json").read_text()))
    assert "standby" in reading.modes
    assert off_mode(reading) == "dhw"
    without = replace(reading, modes=("dhwAndHeating", "standby"), dhw_separate=False)
    assert off_mode(without) is None
    assert Control.ON_OFF not in capabilities_of(without).controls


def test_a_sensor_that_is_not_connected_has_no_value(captures: Path) -> None:
    reading = decode(json.loads((captures / "viessmann" / "Vitocal200.json").read_text()))
    assert "buffer_temperature" not in reading.values


def test_device_messages_are_faults(captures: Path) -> None:
    reading = decode(json.loads((captures / "viessmann" / "errors" / "device_message_F.1100.json").read_text()))
    assert reading.faults == ("F.1100",)


@pytest.mark.parametrize("name", ["rate_limit", "device_offline", "expired_token", "error_500"])
def test_error_bodies_are_not_features(captures: Path, name: str) -> None:
    with pytest.raises(BadReplyError):
        decode(json.loads((captures / "viessmann" / "errors" / f"{name}.json").read_text()))


# --- on the wire ----------------------------------------------------------------------------------------


class Setup:
    """A cloud, a client and what was saved."""

    def __init__(self, cloud: ViessmannCloud, client: ViessmannClient, saved: list[dict[str, Any]]) -> None:
        self.cloud = cloud
        self.client = client
        self.saved = saved
        self.sources: list[ViessmannSource] = []

    async def source(self, poll_s: float = 0.0) -> ViessmannSource:
        """The heat pump as a source, asked each time."""
        device = (await self.client.devices())[0]
        reading = await self.client.read(device)
        capabilities = replace(capabilities_of(reading), min_write_interval_s=0.0)
        source = ViessmannSource(
            "proof_of_heat:hp", "Vitocal", self.client, device, reading, poll_s=poll_s, capabilities=capabilities
        )
        self.sources.append(source)
        return source


@asynccontextmanager
async def cloud(argv: list[str] | None = None, limits: CallLimits | None = None) -> AsyncGenerator[Setup]:
    """A signed-in client."""
    async with running(ViessmannCloud, ["--port", "0", *(argv or [])]) as device:
        base = f"http://127.0.0.1:{device.port}"
        token = await asyncio.get_running_loop().run_in_executor(
            None, sign_in, "demo-client", "demo@example.com", "demo", f"{base}/idp/v3"
        )
        saved: list[dict[str, Any]] = []

        async def save(data: dict[str, Any]) -> None:
            saved.append(data)

        keeper = TokenStore("demo-client", token, iam_url=f"{base}/idp/v3")
        client = ViessmannClient(keeper, CallBudget(limits or CallLimits(), time.time), save, f"{base}/iot/v2")
        setup = Setup(device, client, saved)
        yield setup
        for source in setup.sources:
            await source.close()
        await client.close()


@pytest.fixture
async def setup(socket_enabled: None) -> AsyncGenerator[Setup]:
    async with cloud() as ready:
        yield ready


async def test_heat_pump_keeps_the_contract(setup: Setup) -> None:
    source = await setup.source()
    command = Command(id="c", slope=0.8, level=2.0)
    assert (await assert_keeps_contract(source, command)).outcome == Outcome.APPLIED
    # Slope and level go out in one call, once.
    curve = ["heating.circuits.0.heating.curve", "setCurve", {"shift": 2, "slope": 0.8}]
    before = ["heating.circuits.0.heating.curve", "setCurve", {"shift": 0, "slope": 0.6}]
    assert setup.cloud.commands == [curve, before], "and the user's curve once, at the release"


async def test_release_restores_the_users_curve_and_mode(setup: Setup) -> None:
    source = await setup.source()
    await source.apply(Command(id="a", slope=0.9, level=0.0))
    assert (await source.apply(Command(id="b", on=False))).outcome == Outcome.APPLIED
    assert setup.cloud.pump.mode == "standby"
    assert setup.cloud.pump.dhw_mode == "efficient"
    assert (await source.release()).outcome == Outcome.APPLIED
    assert (setup.cloud.pump.mode, setup.cloud.pump.slope) == ("heating", 0.6)


async def test_only_the_level_changed_writes_the_slope_as_it_was(setup: Setup) -> None:
    source = await setup.source()
    await source.apply(Command(id="a", level=-3.0))
    assert setup.cloud.commands[-1][2] == {"shift": -3, "slope": 0.6}


async def test_values_are_rounded_to_what_the_device_takes(setup: Setup) -> None:
    source = await setup.source()
    assert (await source.apply(Command(id="a", slope=0.7333, level=1.4))).outcome == Outcome.APPLIED
    assert setup.cloud.commands[-1][2] == {"shift": 1, "slope": 0.7}
    assert (await source.apply(Command(id="b", slope=0.7333, level=1.4))).outcome == Outcome.UNCHANGED
    assert (await source.apply(Command(id="c", slope=9.0, level=99.0))).outcome == Outcome.APPLIED
    assert setup.cloud.commands[-1][2] == {"shift": 40, "slope": 3.5}


async def test_between_polls_nothing_is_asked(setup: Setup) -> None:
    source = await setup.source(poll_s=300.0)
    await source.refresh()
    calls = setup.cloud.total_calls
    for _ in range(50):
        await source.refresh()
    assert setup.cloud.total_calls == calls


async def test_ledger_counts_exactly_what_the_cloud_counts_and_is_saved_before(setup: Setup) -> None:
    source = await setup.source()
    await source.refresh()
    await source.apply(Command(id="a", slope=0.8, level=2.0))
    assert setup.client.budget.state().used_day == setup.cloud.total_calls
    # Each save counted its call already.
    assert len(setup.saved[0]["calls"]) >= 1


async def test_failed_save_sends_nothing(setup: Setup) -> None:
    async def broken(_: dict[str, Any]) -> None:
        raise OSError("disk full")

    setup.client._save = broken
    with pytest.raises(OSError, match="disk full"):
        await setup.client.devices()
    assert setup.cloud.total_calls == 0
    assert setup.client.budget.state().used_day == 0


async def test_budget_used_up_limits_reading_and_leaves_writes(socket_enabled: None) -> None:
    async with cloud(limits=CallLimits(day=20, short=20, write_reserve=10)) as setup:
        source = await setup.source()
        for _ in range(20):
            state = await source.refresh()
        assert state.health == Health.LIMITED
        assert state.outdoor_c is not None
        assert setup.cloud.total_calls <= 10
        source._read_at = source._clock()
        result = await source.apply(Command(id="a", slope=0.8, level=2.0))
        assert result.outcome in (Outcome.PENDING, Outcome.APPLIED)
        assert setup.cloud.pump.slope == 0.8
        assert setup.cloud.over_limit == 0


async def test_429_is_learned_and_nothing_is_sent_until_it_ends(setup: Setup) -> None:
    source = await setup.source()
    good = await source.refresh()
    setup.cloud.faults.set("limited", 800)
    state = await source.refresh()
    assert (state.health, state.outdoor_c, state.at) == (Health.LIMITED, good.outdoor_c, good.at)
    assert setup.client.budget.limit_day == 800
    assert setup.client.budget.state().blocked_until is not None
    calls = setup.cloud.total_calls
    await source.refresh()
    source._read_at = source._clock()
    assert (await source.apply(Command(id="a", slope=1.0, level=0.0))).outcome == Outcome.DEFERRED
    assert setup.cloud.total_calls == calls


async def test_429_without_json_blocks_for_an_hour(setup: Setup) -> None:
    source = await setup.source()
    setup.cloud.faults.set("limited_html")
    assert (await source.refresh()).health == Health.LIMITED
    until = setup.client.budget.state().blocked_until
    assert until is not None
    assert until.timestamp() == pytest.approx(time.time() + 3600, abs=30)


@pytest.mark.parametrize("fault", ["refused", "garbage", "cut", "offline", "error_500", "error_502"])
async def test_cloud_fault_is_failing_and_recovers(setup: Setup, fault: str) -> None:
    source = await setup.source()
    setup.cloud.faults.set(fault)
    state = await source.refresh()
    assert state.health == Health.FAILING
    assert state.outdoor_c is None
    setup.cloud.faults.clear(fault)
    assert (await source.refresh()).health == Health.OK


async def test_silent_cloud_is_given_up_and_counted(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    source = await setup.source()
    monkeypatch.setattr("custom_components.proof_of_heat.drivers.viessmann.client._TIMEOUT_S", 0.3)
    used = setup.client.budget.state().used_day
    setup.cloud.faults.set("silent")
    async with asyncio.timeout(120):
        assert (await source.refresh()).health == Health.FAILING
    assert setup.client.budget.state().used_day == used + 1


async def test_expired_token_is_renewed_once_and_both_calls_count(setup: Setup) -> None:
    source = await setup.source()
    setup.cloud._access.clear()
    used = setup.client.budget.state().used_day
    assert (await source.refresh()).health == Health.OK
    assert setup.client.budget.state().used_day == used + 2


@pytest.mark.parametrize("faults", [["expired"], ["expired", "revoked"]])
async def test_token_that_cannot_be_renewed_needs_the_user(setup: Setup, faults: list[str]) -> None:
    source = await setup.source()
    for fault in faults:
        setup.cloud.faults.set(fault)
    calls = setup.cloud.total_calls
    assert (await source.refresh()).health == Health.AUTH
    assert setup.cloud.total_calls <= calls + 2


async def test_declined_command_is_refused(setup: Setup) -> None:
    source = await setup.source()
    setup.cloud.faults.set("declined")
    assert (await source.apply(Command(id="a", slope=1.0, level=0.0))).outcome == Outcome.REFUSED
    assert not source.leased


async def test_deaf_cloud_is_pending_then_failed(setup: Setup) -> None:
    source = await setup.source()
    setup.cloud.faults.set("deaf")
    assert (await source.apply(Command(id="a", slope=1.0, level=0.0))).outcome == Outcome.PENDING
    source._capabilities = replace(source.capabilities, settle_s=0.0)
    assert (await source.apply(Command(id="b", slope=1.1, level=0.0))).outcome == Outcome.FAILED
    await source.close()


@pytest.mark.parametrize(
    ("username", "password"),
    [("demo@example.com", "no"), ("demo@example.com", "Größe 😀"), ("дом@example.com", "demo")],
)
async def test_wrong_password_at_sign_in(setup: Setup, username: str, password: str) -> None:
    with pytest.raises(AuthError):
        await asyncio.get_running_loop().run_in_executor(
            None, sign_in, "demo-client", username, password, f"http://127.0.0.1:{setup.cloud.port}/idp/v3"
        )


async def test_sign_in_without_a_network(socket_enabled: None) -> None:
    with pytest.raises(UnreachableError):
        await asyncio.get_running_loop().run_in_executor(None, sign_in, "c", "u", "p", "http://127.0.0.1:1/idp/v3")


def test_errors_have_one_root() -> None:
    assert issubclass(LimitedError, DriverError)
