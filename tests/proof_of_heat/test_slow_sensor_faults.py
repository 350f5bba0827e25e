"""Sensors that drift slowly within the possible range, over half a day with all simulators.

No reading is impossible by itself, so no check of a single value can find them. The limits hold, the home is neither
cold nor hot, and control continues when the sensor is right again.
"""

from collections.abc import Callable
from datetime import timedelta
import math

from homeassistant.const import UnitOfTemperature
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.proof_of_heat.comfort.profiles import Profile

from .ha import OUTDOOR, ROOM
from .test_fault_runs import Watch, live
from .winter import PRICE, Winter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

HALF_A_DAY_H = 12.0
COLDEST_C, WARMEST_C = 15.0, 26.0


@pytest.fixture
def watch(winter: Winter) -> Watch:
    return Watch(winter)


def in_the_sun(truth: float) -> float:
    """Up to six kelvins too warm around noon."""
    local = dt_util.now()
    hour = local.hour + local.minute / 60
    return round(truth + 6.0 * max(0.0, math.sin((hour - 9.0) / 7.0 * math.pi)) * (9.0 <= hour <= 16.0), 1)


LIES: dict[str, dict[str, Callable[[float], float | str]]] = {
    "room thermometer in the sun": {ROOM: in_the_sun},
    "outdoor thermometer in the sun": {OUTDOOR: in_the_sun},
    "room stuck at its setpoint": {ROOM: lambda _: 21.0},
    "outdoors stuck at a mild value": {OUTDOOR: lambda _: 12.0},
    "room and outdoors swapped": {ROOM: lambda _: 2.0, OUTDOOR: lambda _: 20.5},
    "room in degrees Fahrenheit without its unit": {ROOM: lambda truth: round(truth * 1.8 + 32, 1)},
}


@pytest.mark.parametrize("lie", list(LIES))
async def test_a_thermometer_that_lies_slowly(winter: Winter, watch: Watch, lie: str) -> None:
    winter.freezer.tick(timedelta(hours=7).total_seconds())
    winter.home.advance(winter.now)
    await live(winter, 1)
    watch.free |= {"miner", "boiler", "heat pump"}
    winter.sensors |= LIES[lie]
    rooms: list[float] = []
    winter.each_step.append(lambda: rooms.append(winter.home.house.room_c))
    await live(winter, HALF_A_DAY_H)
    assert watch.wrong == []
    assert min(rooms) > COLDEST_C, rooms
    assert max(rooms) < WARMEST_C, rooms
    winter.sensors.clear()
    await live(winter, 1)
    assert math.isfinite(winter.system.coordinator.data.decision.record.room_c)


async def test_a_thermometer_of_another_unit_is_converted(winter: Winter, watch: Watch) -> None:
    """A firmware update: the same entity reports degrees Fahrenheit, and its unit with it."""
    await live(winter, 1)

    def fahrenheit() -> None:
        value = round(winter.home.house.room_c * 1.8 + 32, 1)
        attributes = {"unit_of_measurement": UnitOfTemperature.FAHRENHEIT, "device_class": "temperature"}
        winter.hass.states.async_set(ROOM, str(value), attributes)

    winter.sensors[ROOM] = lambda _: "silent"
    winter.each_step.append(fahrenheit)
    await live(winter, 2)
    room_c = winter.system.coordinator.data.decision.record.room_c
    assert room_c == pytest.approx(winter.home.house.room_c, abs=0.3)
    assert watch.wrong == []


async def test_clock_jumps_back_and_forward_under_control(winter: Winter, watch: Watch) -> None:
    """An hour back (the network's time), then three days forward (the machine was suspended)."""
    await live(winter, 1)
    watch.free |= {"miner", "boiler", "heat pump"}
    house = winter.home.house
    at = house.now
    winter.freezer.move_to(winter.now - timedelta(hours=1))
    for _ in range(12):
        winter.publish()
        winter.freezer.tick(300)
        async_fire_time_changed(winter.hass)
        await winter.quiet()
    assert winter.now >= at, "the house's time continues from here"
    await live(winter, 1)
    assert winter.system.coordinator.last_update_success
    await winter.step(3 * 86_400.0)
    await live(winter, 6)
    assert watch.wrong == []
    assert COLDEST_C < house.room_c < WARMEST_C
    health = {unit.type_key: unit.source.state.health for unit in winter.system.sources.values()}
    assert set(health.values()) == {"ok"}, health


async def test_everything_lies_at_once_while_the_home_is_kept_from_freezing(winter: Winter, watch: Watch) -> None:
    """Two restarts, no price and no weather, a meter without reports, an outdoor sensor in the sun."""
    house = winter.home.house
    house.room_c = house.mass_c = house.flow_c = 5.5
    await winter.system.user.async_set_profile(Profile.ANTIFREEZE)
    watch.free |= {"miner", "boiler", "heat pump"}
    winter.gone |= {"price", "weather", "meter"}
    winter.hass.states.async_remove(PRICE)
    winter.hass.states.async_set("weather.home", "unavailable")
    winter.sensors[OUTDOOR] = in_the_sun
    await live(winter, 0.5)
    assert winter.system.coordinator.data.decision.record.control_mode == "frost"
    for _ in range(2):
        await winter.hass.config_entries.async_reload(winter.entry.entry_id)
        await winter.quiet()
        await winter.step()
        record = winter.system.coordinator.data.decision.record
        assert record.control_mode == "frost", f"the room has {house.room_c:.1f} °C"
    await live(winter, 8)
    assert house.room_c > 6.5
    assert watch.wrong == []
