"""A winter day in which every sensor, price, meter and source fails in turn, and Home Assistant is killed.

No limit is broken, what is shown is true or unknown, and at the end every device has the user's own settings.
"""

from collections.abc import Callable
import math
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.sources import control_records, releaser

from .ha import OUTDOOR, ROOM
from .test_fault_runs import SENSOR_FAULTS, Watch, live
from .winter import PUMP_METER, Winter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SHARE = 0.05
MINER_W = 60.0
"""Between two readings the miner may change; below this power it is off or starts."""


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


async def killed(winter: Winter) -> None:
    """Home Assistant is killed and started again: only what was on disk is left."""
    await winter.hass.config_entries.async_unload(winter.entry.entry_id)
    known = winter.hass.data.pop(releaser._RELEASER)
    for task in list(known._tasks.values()):
        task.cancel()
    winter.hass.data.pop(control_records._RECORDS)
    assert await winter.hass.config_entries.async_setup(winter.entry.entry_id)
    await winter.quiet()


def shown_wrong(winter: Winter) -> list[str]:
    """Values that are shown as measured and are not true."""
    wrong = []
    record = winter.system.coordinator.data.decision.record
    house = winter.home.house
    if math.isfinite(record.room_c) and abs(record.room_c - house.room_c) > SHARE * house.room_c:
        wrong.append(f"room {record.room_c} instead of {house.room_c}")
    miner = next(unit for unit in winter.system.sources.values() if unit.type_key == "miner")
    power, truth = miner.power(winter.now), winter.miner.machine.power_w
    if power is not None and not power[1] and truth > MINER_W and abs(power[0] - truth) > SHARE * truth + MINER_W:
        wrong.append(f"miner {power[0]} instead of {truth} W")
    return wrong


@pytest.mark.parametrize("winter", [True], indirect=True)
async def test_everything_fails_in_turn_and_the_users_settings_come_back(hass: HomeAssistant, winter: Winter) -> None:
    users = settings(winter)
    watch = Watch(winter)
    watch.free |= {"miner", "boiler", "heat pump"}  # each is released in turn: then it switches by itself
    await live(winter, 1)
    wrong: dict[str, list[str]] = {}
    for name, (begin, end) in FAULTS.items():
        begin(winter)
        await live(winter, 0.75)
        if name in ("miner", "cloud"):
            await killed(winter)
        assert winter.home.house.room_c > 16, name
        end(winter)
        await live(winter, 0.5)
        if found := shown_wrong(winter):
            wrong[name] = found
    assert watch.wrong == []
    assert wrong == {}
    winter.cloud.faults.set("error_500")
    await winter.system.user.async_set_active(False)
    await live(winter, 0.3)
    winter.cloud.faults.clear("error_500")
    await live(winter, 1.5)
    assert settings(winter) == users
