"""The simulated home: one building, one weather, one grid connection."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp.test_utils import TestServer
import pytest

from simulators.framework import Simulator, control_app, parser_of, running
from simulators.home.home import HomeSimulator
from simulators.home.rooms import Sample, lived
from simulators.home.tariff import market_price, quarters
from simulators.home.wire import Line, is_silent
from simulators.modbus_boiler.boiler import ModbusBoiler
from simulators.shelly_pro3em.meter import ShellyPro3Em
from simulators.viessmann_cloud.cloud import ViessmannCloud
from simulators.whatsminer.miner import Whatsminer

NOON = datetime(2027, 1, 20, 11, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")

pytestmark = pytest.mark.usefixtures("socket_enabled")


class _Around:
    """A home and its devices in this process."""

    def __init__(self, home: HomeSimulator, devices: dict[str, Simulator], session: aiohttp.ClientSession) -> None:
        self.home, self.devices, self.session = home, devices, session

    async def live(self, minutes: int) -> None:
        for _ in range(minutes):
            await self.home.live_until(self.session, self.home.house.now + timedelta(minutes=1))


@pytest.fixture
async def around() -> AsyncGenerator[_Around]:
    wanted: dict[str, tuple[type[Simulator], list[str]]] = {
        "heat_pump": (ViessmannCloud, []),
        "miner": (Whatsminer, ["--v3-port", "0"]),
        "boiler": (ModbusBoiler, ["--device", "froeling"]),
        "meter": (ShellyPro3Em, []),
    }
    async with AsyncExitStack() as stack:
        devices: dict[str, Simulator] = {}
        parts: list[str] = []
        for name, (kind, arguments) in wanted.items():
            devices[name] = await stack.enter_async_context(
                running(kind, ["--port", "0", "--world-start", NOON.isoformat(), *arguments])
            )
            server = await stack.enter_async_context(TestServer(control_app(devices[name])))
            parts += ["--part", f"{name}={server.port}"]
        home = HomeSimulator(parser_of(HomeSimulator).parse_args([*parts, "--world-start", NOON.isoformat()]))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield _Around(home, devices, session)


def _samples(hours: int) -> list[Sample]:
    return [sample for sample, _, _ in lived(NOON - timedelta(hours=hours), NOON, timedelta(hours=1))]


def test_the_home_lives_the_same_life_every_time() -> None:
    assert _samples(48) == _samples(48)


def test_the_heat_pump_alone_keeps_the_rooms_near_comfort() -> None:
    settled = _samples(8 * 24)[72:]
    assert all(20.0 < sample.living_room_c < 23.5 for sample in settled)
    assert all(sample.bedroom_c < sample.living_room_c for sample in settled)
    drawn = sum(sample.heat_pump_w for sample in settled)
    assert 2.5 < sum(sample.heat_w for sample in settled) / drawn < 5.5
    assert all(one.heat_pump_kwh <= other.heat_pump_kwh for one, other in pairwise(settled))


async def test_the_meter_shows_the_sum_of_everything(around: _Around) -> None:
    await around.live(3)
    truth = around.home.state()
    drawn = sum(truth["powers_w"].values())
    assert truth["powers_w"]["miner"] > 3000
    assert truth["grid_w"] == pytest.approx(drawn + truth["household_w"] - truth["solar_w"], abs=3)
    assert around.devices["meter"].state()["total_w"] == pytest.approx(truth["grid_w"], abs=1)


@pytest.mark.slow
async def test_the_rooms_get_cold_without_heat_and_warm_with_it(around: _Around) -> None:
    pump, miner, boiler = around.devices["heat_pump"], around.devices["miner"], around.devices["boiler"]
    assert isinstance(pump, ViessmannCloud)
    assert isinstance(miner, Whatsminer)
    assert isinstance(boiler, ModbusBoiler)
    pump.pump.mode, boiler.mode = "standby", 0
    miner.machine.set_running(False)
    around.home.faults.set("window_open")
    begin = around.home.state()["living_room_c"]
    await around.live(120)
    cold = around.home.state()
    assert cold["living_room_c"] < begin - 1
    around.home.faults.clear("window_open")
    pump.pump.mode = "heating"
    await around.live(240)
    warm = around.home.state()
    assert warm["living_room_c"] > cold["living_room_c"] + 0.3
    assert warm["heat_w"] > 1000
    assert pump.state()["outdoor_c"] == pytest.approx(warm["outdoor_c"], abs=0.1)


async def test_a_device_that_does_not_answer_draws_nothing(around: _Around) -> None:
    around.home.parts["heat_pump"] = "1"
    await around.live(1)
    assert around.home.powers["heat_pump"] == 0.0
    assert around.home.powers["miner"] > 3000


@pytest.mark.parametrize(
    ("day", "count"),
    [
        (datetime(2027, 1, 20, tzinfo=ROME), 96),
        (datetime(2027, 3, 28, tzinfo=ROME), 92),
        (datetime(2026, 10, 25, tzinfo=ROME), 100),
    ],
)
def test_a_day_has_the_quarters_of_its_clock(day: datetime, count: int) -> None:
    rows = list(quarters(day))
    assert len(rows) == count
    assert all(later - earlier == timedelta(minutes=15) for (earlier, _), (later, _) in pairwise(rows))
    assert len({price for _, price in rows}) > 60


def test_prices_have_the_shape_of_a_spot_market() -> None:
    days = [datetime(2027, 1, number, tzinfo=ROME) for number in range(4, 25)]
    evening = sum(market_price(day.replace(hour=18, minute=30)) for day in days)
    night = sum(market_price(day.replace(hour=3)) for day in days)
    assert evening > 2 * night


DAY = [NOON + timedelta(seconds=2 * number) for number in range(43_200)]


@pytest.mark.slow
def test_radio_sensors_have_gaps_and_the_others_none() -> None:
    silent = {key: sum(is_silent(key, when) for when in DAY) for key in ("living_room", "outdoor", "solar_energy")}
    assert silent["solar_energy"] == 0
    for key in ("living_room", "outdoor"):
        assert 0.01 < silent[key] / len(DAY) < 0.12, "minutes in a day, not hours"
    assert [is_silent("bedroom", when) for when in DAY[:99]] == [is_silent("bedroom", when) for when in DAY[:99]]


def test_the_first_value_always_arrives() -> None:
    silent = next(when for when in DAY if is_silent("outdoor", when))
    line = Line("outdoor", silent)
    assert line.arrives(silent, 3.5) == 3.5
    assert line.arrives(silent + timedelta(seconds=2), 3.6) is None


@pytest.mark.slow
@pytest.mark.parametrize(("key", "shown"), [("living_room", 85.0), ("outdoor", -127.0), ("solar_energy", 0.0)])
def test_a_few_messages_of_a_day_are_nonsense(key: str, shown: float) -> None:
    line = Line(key, NOON)
    received = [line.arrives(when, 20.0) for when in DAY]
    assert 1 <= received.count(shown) <= 5
    assert set(received) <= {shown, 20.0, None}


@pytest.mark.slow
def test_late_values_are_those_of_a_minute_ago() -> None:
    line = Line("living_room", NOON)
    values = {line.arrives(when, float(number)): number for number, when in enumerate(DAY)}
    late = {number - value for value, number in values.items() if value is not None and value != 85.0}
    assert max(late) in (30, 31)
    assert 0 in late


def test_a_meter_restarts_and_its_energy_still_adds_up() -> None:
    """What is counted after the restart is what was used after it."""
    begin = NOON.replace(hour=0)
    day = [begin + timedelta(seconds=10 * number) for number in range(8640)]
    line = Line("heat_pump_energy", begin)
    shown = [line.arrives(when, 3480.0 + number / 1000) or 0.0 for number, when in enumerate(day)]
    falls = [(before, after) for before, after in pairwise(shown) if after < before]
    assert [after for _, after in falls] == [0.0]
    used = sum(max(after - before, 0.0) for before, after in pairwise(shown))
    assert used == pytest.approx((len(day) - 2) / 1000, abs=0.01)


async def test_what_arrives_is_ugly_and_the_truth_is_not(around: _Around) -> None:
    home = around.home
    truth = {"living_room": 21.0, "heat_pump_energy": 3480.0}
    home.faults.set("meter_restarts")
    home._lines["heat_pump_energy"].restart(3480.0)
    assert home._arriving(truth)["heat_pump_energy"] == 0.0
    home.faults.set("clean")
    assert home._arriving(truth) == truth
    await around.live(3)
    state = home.state()
    assert state["grid_w"] == pytest.approx(
        sum(state["powers_w"].values()) + state["household_w"] - state["solar_w"], abs=3
    )
