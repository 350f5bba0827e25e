"""Winter days in which every sensor, price, meter and source fails in turn, and Home Assistant is killed.

No limit is broken, every number that is shown is within 5 % of the simulators' truth or marked as an estimate or
unknown, and at the end every device has the user's own settings.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
import os
from typing import Any

import pytest

from .ha import OUTDOOR, ROOM
from .killed import Disk, kill
from .shown import RECENT, World
from .test_fault_runs import SENSOR_FAULTS, Watch, live
from .winter import PUMP_METER, STEP_S, Winter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

WEEK_H = 7 * 24.0


def _sensor(entity_id: str, fault: str) -> tuple[Callable[[Winter], None], Callable[[Winter], None]]:
    def begin(winter: Winter) -> None:
        winter.sensors[entity_id] = SENSOR_FAULTS[fault]

    return begin, lambda winter: winter.sensors.pop(entity_id)


def _unavailable(name: str, entity_id: str) -> tuple[Callable[[Winter], None], Callable[[Winter], None]]:
    def begin(winter: Winter) -> None:
        winter.gone.add(name)
        winter.hass.states.async_set(entity_id, "unavailable")

    def end(winter: Winter) -> None:
        winter.gone.discard(name)
        winter.hass.states.async_set(entity_id, "cloudy" if name == "weather" else "0.1", {"temperature_unit": "°C"})

    return begin, end


def _device(machine: str, fault: str) -> tuple[Callable[[Winter], None], Callable[[Winter], None]]:
    return (
        lambda winter: getattr(winter, machine).faults.set(fault),
        lambda winter: getattr(winter, machine).faults.clear(fault),
    )


FAULTS = {
    "room sensor": _sensor(ROOM, "dead"),
    "outdoor sensor": _sensor(OUTDOOR, "open wire"),
    "price": _unavailable("price", "sensor.price"),
    "weather": _unavailable("weather", "weather.home"),
    "meter": _unavailable("meter", PUMP_METER),
    "miner": _device("miner", "refused"),
    "boiler": _device("boiler", "busy"),
    "cloud": _device("cloud", "error_500"),
}


def settings(winter: Winter) -> dict[str, Any]:
    """What users can set, at the devices."""
    pump, boiler = winter.cloud.pump, winter.boiler
    return {
        "pump": (pump.slope, pump.shift, pump.mode),
        "boiler": (boiler.setpoint_c, boiler.switch),
        "miner": round(winter.miner.machine.limit_w),
    }


async def lived(winter: Winter, world: World, hours: float) -> list[str]:
    """Let time pass; return every number that is shown and neither true nor marked."""
    wrong: list[str] = []
    for step in range(max(1, round(hours * 3600 / STEP_S))):
        await world.step()
        if step < RECENT:  # the last true values are from before the change
            continue
        winter.system.user_changes.notify()  # what is shown now, not what was published last
        wrong += [f"{winter.now:%d %H:%M} {fault}" for fault in world.faults()]
    return wrong


async def everything_fails(winter: Winter, failing_h: float, recovery_h: float, kills: set[str]) -> None:
    users = settings(winter)
    watch, disk, world = Watch(winter), Disk(winter), World(winter)
    watch.free |= {"miner", "boiler", "heat pump"}  # each is released in turn: then it switches by itself
    async with AsyncExitStack() as stack:
        assert await lived(winter, world, 1) == []
        begin_at = world.totals()
        wrong: dict[str, list[str]] = {}
        for name, (begin, end) in FAULTS.items():
            begin(winter)
            found = await lived(winter, world, failing_h)
            if name in kills:
                await kill(winter, disk, stack)
                found += await lived(winter, world, 0.5)
            assert winter.home.house.room_c > 16, name
            end(winter)
            found += await lived(winter, world, recovery_h)
            if found:
                wrong[name] = found
        assert watch.wrong == []
        assert not wrong, "\n".join(f"{name}: {fault}" for name, found in wrong.items() for fault in found[:4])
        for name, (shown, true) in world.totals().items():
            before, true_before = begin_at[name]
            assert shown - before == pytest.approx(true - true_before, rel=0.05, abs=0.3), name
        assert world.wrong_days() == []
        winter.cloud.faults.set("error_500")
        await winter.system.user.async_set_active(False)
        await live(winter, 0.3)
        await kill(winter, disk, stack)
        await live(winter, 0.3)
        winter.cloud.faults.clear("error_500")
        await live(winter, 1.5)
        assert settings(winter) == users
        print(world.summary())


@pytest.mark.parametrize("winter", [True], indirect=True)
async def test_everything_fails_in_turn_and_the_users_settings_come_back(winter: Winter) -> None:
    winter.cloud.pump.counter_digits = 3  # finer than most pumps count, so that their heat is not an estimate
    await everything_fails(winter, 0.75, 0.5, {"miner", "cloud"})


@pytest.mark.skipif("HEAT_WEEK" not in os.environ, reason="a week takes minutes: the nightly run sets HEAT_WEEK")
@pytest.mark.parametrize("winter", [True], indirect=True)
async def test_a_week_in_which_everything_fails(winter: Winter) -> None:
    hours = WEEK_H / len(FAULTS)
    await everything_fails(winter, 0.4 * hours, 0.6 * hours, set(FAULTS))
