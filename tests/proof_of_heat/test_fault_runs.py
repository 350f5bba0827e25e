"""Faults over simulated hours with all simulators. The limits must hold in every case.

The limits are checked in the simulators at every step: what the machines received and did.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import itertools
import math

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.proof_of_heat.comfort.profiles import Profile
from lib.heating_curve import curve_shape

from .ha import OUTDOOR, ROOM
from .winter import STEP_S, Winter, retail

MAX_FLOW_C = 60.0
LEAST_S = 600.0
STARTS_H = 3
HOUR = round(3600 / STEP_S)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@dataclass
class Watch:
    """Looks at every step whether the limits hold."""

    winter: Winter
    wrong: list[str] = field(default_factory=list)
    changes: dict[str, list[tuple[datetime, bool]]] = field(default_factory=dict)
    free: set[str] = field(default_factory=set)
    """Machines under their own control (they were released, or receive no commands)."""

    def __post_init__(self) -> None:
        self.winter.each_step.append(self.look)

    def look(self) -> None:
        winter, now = self.winter, self.winter.now
        pump, house = winter.cloud.pump, winter.home.house
        self._switch("miner", winter.miner.machine.running, now)
        self._switch("boiler", bool(winter.boiler.switch), now)
        self._switch("heat pump", pump.mode == "heating", now)
        curve_c = 20 + pump.shift + pump.slope * curve_shape(house.weather.outdoor_c)
        self._check(winter.boiler.setpoint_c <= MAX_FLOW_C, f"boiler setpoint {winter.boiler.setpoint_c}")
        # The curve is set in whole kelvins, and moves with the weather until it may be written again.
        self._check(curve_c <= MAX_FLOW_C + 1.5, f"heat pump's curve at {curve_c:.1f}")
        self._check(house.flow_c <= MAX_FLOW_C + 5, f"water at {house.flow_c:.1f}")
        self._check(winter.system.coordinator.last_update_success, "a cycle failed")
        ours = (state for state in winter.hass.states.async_all() if state.entity_id not in (ROOM, OUTDOOR))
        for state in ours:
            self._check(state.state not in ("nan", "inf", "-inf"), f"{state.entity_id} is {state.state}")

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong.append(f"{self.winter.now:%H:%M} {what}")

    def _switch(self, name: str, on: bool, now: datetime) -> None:
        rows = self.changes.setdefault(name, [(now - timedelta(days=1), on)])
        if rows[-1][1] == on:
            return
        if name not in self.free:
            lasted = (now - rows[-1][0]).total_seconds()
            self._check(lasted >= LEAST_S - 30, f"{name} switched {'on' if on else 'off'} after {lasted:.0f} s")
        rows.append((now, on))
        starts = [at for at, was in rows if was and (now - at).total_seconds() < 3600]
        self._check(len(starts) <= STARTS_H or name in self.free, f"{name} started {len(starts)} times in an hour")


async def live(winter: Winter, hours: float) -> None:
    for _ in range(round(hours * HOUR)):
        await winter.step()


@pytest.fixture
def watch(winter: Winter) -> Watch:
    return Watch(winter)


def after(count: int, bad: float | str) -> Callable[[float], float | str]:
    """A sensor that goes wrong after some readings."""
    numbers = itertools.count()
    return lambda truth: round(truth, 1) if next(numbers) < count else bad


def jumping(truth: float) -> float:
    """Ten kelvins up at every second reading."""
    jumping.turn = not getattr(jumping, "turn", False)  # type: ignore[attr-defined]
    return truth + (10.0 if jumping.turn else 0.0)  # type: ignore[attr-defined]


SENSOR_FAULTS: dict[str, Callable[[float], float | str]] = {
    "dead": lambda truth: "unavailable",
    "NaN": lambda truth: "nan",
    "open wire": lambda truth: -127.0,
    "power-on value": lambda truth: 85.0,
    "jumps": jumping,
    "silent": lambda truth: "silent",
    "infinite": lambda truth: "inf",
    "text": lambda truth: "warm",
}


@pytest.mark.parametrize("fault", list(SENSOR_FAULTS))
async def test_room_sensor(winter: Winter, watch: Watch, fault: str) -> None:
    await live(winter, 2)
    winter.sensors[ROOM] = SENSOR_FAULTS[fault]
    await live(winter, 6)
    assert watch.wrong == []
    assert math.isnan(winter.system.coordinator.data.decision.record.room_c) or fault == "jumps"
    assert 16 < winter.home.house.room_c < 26, "the curve continues"
    del winter.sensors[ROOM]
    await live(winter, 2)
    assert math.isfinite(winter.system.coordinator.data.decision.record.room_c)
    assert watch.wrong == []


@pytest.mark.parametrize("fault", ["dead", "open wire", "power-on value", "silent"])
async def test_both_temperatures_and_the_weather(winter: Winter, watch: Watch, fault: str) -> None:
    await live(winter, 1)
    winter.sensors |= {ROOM: SENSOR_FAULTS[fault], OUTDOOR: SENSOR_FAULTS[fault]}
    winter.gone.add("weather")
    winter.hass.states.async_set("weather.home", "unavailable")
    winter.system.coordinator.cycle.providers.weather.value = None
    await live(winter, 8)
    assert watch.wrong == []
    assert 12 < winter.home.house.room_c < 28
    winter.sensors.clear()
    await live(winter, 2)
    assert watch.wrong == []
    assert math.isfinite(winter.system.coordinator.data.decision.record.room_c)


async def test_outdoor_sensor_is_replaced_by_the_forecast(winter: Winter, watch: Watch) -> None:
    await live(winter, 1)
    winter.sensors[OUTDOOR] = lambda truth: "unavailable"
    await live(winter, 4)
    record = winter.system.coordinator.data.decision.record
    assert record.outdoor_c == pytest.approx(winter.home.house.weather.outdoor_c, abs=3)
    assert watch.wrong == []


async def test_prices_and_weather_unavailable(winter: Winter, watch: Watch) -> None:
    await live(winter, 1)
    winter.gone |= {"price", "weather"}
    winter.hass.states.async_set("sensor.price", "unavailable")
    await live(winter, 6)
    price = winter.system.coordinator.data.snapshot.price_kwh
    assert price == pytest.approx(retail(winter.now), abs=1e-6), "the price of this hour was known"
    assert watch.wrong == []
    assert winter.home.house.room_c > 18
    await winter.step(18 * 3600.0)
    assert winter.system.coordinator.data.snapshot.price_kwh == 0.17, "the fixed price is used after the known ones"


@pytest.mark.parametrize(
    ("machine", "fault"),
    [
        ("miner", "refused"),
        ("miner", "silent"),
        ("miner", "garbage"),
        ("miner", "cut"),
        ("miner", "deaf"),
        ("boiler", "refused"),
        ("boiler", "silent"),
        ("boiler", "busy"),
        ("boiler", "garbage"),
        ("boiler", "deaf"),
        ("cloud", "error_500"),
        ("cloud", "limited"),
        ("cloud", "declined"),
        ("cloud", "deaf"),
        ("cloud", "revoked"),
    ],
)
async def test_one_machine_fails_and_costs_no_other_a_cycle(
    winter: Winter, watch: Watch, machine: str, fault: str
) -> None:
    await live(winter, 2)
    names = {"miner": "miner", "boiler": "boiler", "cloud": "heat pump"}
    watch.free.add(names[machine])
    simulator = getattr(winter, machine)
    simulator.faults.set(fault)
    cycles, begin = len(winter.system.journal.rows), winter.now
    await live(winter, 5)
    # While a release is repeated, the clock of the test runs a little further than 5 h.
    due = (winter.now - begin).total_seconds() / STEP_S
    # No cycle is lost. A few are added, such as when a plan was made.
    assert due - 1 <= len(winter.system.journal.rows) - cycles <= 1.2 * due
    assert watch.wrong == []
    assert winter.home.house.room_c > 18, "the others heat"
    simulator.faults.clear(fault)
    await live(winter, 3)
    assert watch.wrong == []
    if fault not in ("revoked", "limited"):  # those last longer
        health = {unit.type_key: unit.source.state.health for unit in winter.system.sources.values()}
        assert set(health.values()) == {"ok"}, health


async def test_all_machines_silent_raises_repairs_and_recovers(winter: Winter, watch: Watch) -> None:
    await live(winter, 1)
    watch.free |= {"miner", "boiler", "heat pump"}
    for simulator, fault in ((winter.miner, "refused"), (winter.boiler, "refused"), (winter.cloud, "error_502")):
        simulator.faults.set(fault)
    await live(winter, 2)
    failing = [key for key in ir.async_get(winter.hass).issues if key[1].startswith("source_failing_")]
    assert len(failing) == 3
    for simulator in (winter.miner, winter.boiler, winter.cloud):
        simulator.faults.active.clear()
    await live(winter, 2)
    assert not [key for key in ir.async_get(winter.hass).issues if key[1].startswith("source_failing_")]
    assert watch.wrong == []


async def test_restart_in_the_middle_of_a_cycle_keeps_minimum_times(winter: Winter, watch: Watch) -> None:
    """Restarted at every other quarter of an hour: what was started before is not stopped early after."""
    await live(winter, 2)
    for _ in range(12):
        await live(winter, 0.5)
        before = winter.system.engine.short_cycle.dump()
        await winter.hass.config_entries.async_reload(winter.entry.entry_id)
        await winter.quiet()
        after_restart = winter.system.engine.short_cycle.dump()
        assert {name: row["on"] for name, row in after_restart.items()} == {  # type: ignore[index]
            name: row["on"]  # type: ignore[index]
            for name, row in before.items()
        }
        assert winter.system.user.active
    assert watch.wrong == []
    assert winter.home.house.room_c > 19


async def test_kill_without_unload_keeps_minimum_times(hass: HomeAssistant, winter: Winter, watch: Watch) -> None:
    """What is on disk right after a command is enough: nothing is saved on the way down."""
    await live(winter, 3)
    running = winter.system
    seen = running.engine.short_cycle.dump()
    saved = await running.store._cycling_store.async_load()
    assert saved == seen
    assert any(row["changed_s"] is not None for row in seen.values())  # type: ignore[index]
    assert watch.wrong == []


async def test_cold_house_is_kept_from_freezing(winter: Winter, watch: Watch) -> None:
    house = winter.home.house
    house.room_c = house.mass_c = house.flow_c = 5.5
    await winter.system.user.async_set_profile(Profile.ANTIFREEZE)
    winter.gone |= {"price", "weather"}
    winter.hass.states.async_set("sensor.price", "unavailable")
    await live(winter, 0.5)
    assert winter.system.coordinator.data.decision.record.control_mode == "frost"
    assert winter.home.house.water_w > 500
    await live(winter, 8)
    assert house.room_c > 6.9
    assert watch.wrong == []


async def test_machines_go_on_by_themselves_when_the_controller_hangs(winter: Winter, watch: Watch) -> None:
    """No command for a quarter of an hour: leases end, each machine is under its own control again."""
    await live(winter, 3)
    watch.free |= {"miner", "boiler", "heat pump"}
    winter.system.user._store.settings.active = False  # decides, but neither commands nor releases
    await live(winter, 1)
    assert not winter.miner.machine.running
    assert (winter.boiler.switch, winter.boiler.setpoint_c) == (0, 35.0), "its own settings from before"
    assert winter.cloud.pump.mode == "heating"
    assert watch.wrong == []
