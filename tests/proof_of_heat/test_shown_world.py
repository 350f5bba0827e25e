"""Every number that is shown, in a home with three simulated machines: true, or marked as an estimate or unknown."""

from collections import Counter, deque

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import State
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from simulators.gas_boiler.boiler import EFFICIENCY

from .winter import HASHPRICE, STEP_S, Winter, retail

HOURS = 4
STEPS = round(3600 / STEP_S)
PUMP, MINER, BOILER = "viessmann", "miner", "modbus"
OFF_BY_W, OFF_BY_K = 30.0, 1.0
"""Resolution of meters and sensors."""
RECENT = 4
"""Means of counters and polled values are from the last steps: 15 to 20 minutes."""


class World:
    """The home, with what its machines really did in the last steps and since the start."""

    def __init__(self, winter: Winter) -> None:
        self.winter = winter
        self.recent: deque[dict[str, float]] = deque(maxlen=RECENT)
        self.energy: dict[str, float] = dict.fromkeys((PUMP, MINER, BOILER), 0.0)
        self.unmarked: Counter[str] = Counter()
        """How often a number was shown as measured or counted."""
        self._gas = winter.boiler.gas_kwh

    async def step(self) -> None:
        await self.winter.step()
        pump, machine, house = self.winter.cloud.pump, self.winter.miner.machine, self.winter.home.house
        gas, self._gas = self.winter.boiler.gas_kwh - self._gas, self.winter.boiler.gas_kwh
        gas_w = gas / (STEP_S / 3600) * 1000
        hours, price = STEP_S / 3600, retail(self.winter.now)
        self.energy[PUMP] += pump.power_w * hours / 1000
        self.energy[MINER] += machine.power_w * hours / 1000
        revenue = machine.hash_ths / 1000 * HASHPRICE / 24 * 0.98
        self.recent.append(
            {
                "pump": pump.power_w,
                "miner": machine.power_w,
                "pump_heat": pump.heat_w,
                "boiler_heat": gas_w * EFFICIENCY,
                "power": pump.power_w + machine.power_w,
                "heat": pump.heat_w + machine.power_w + gas_w * EFFICIENCY,
                "cost": (pump.power_w + machine.power_w) / 1000 * price + gas_w / 1000 * 0.12 - revenue,
                "outdoor": house.weather.outdoor_c,
                "room": house.room_c,
                "price": price,
            }
        )

    def state(self, owner: str, key: str, domain: str = "sensor") -> State | None:
        hass = self.winter.hass
        entity_id = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{owner}_{key}")
        return None if entity_id is None else hass.states.get(entity_id)

    def source(self, kind: str) -> str:
        return next(item.subentry_id for item in self.winter.system.sources.values() if item.type_key == kind)

    def is_true(self, state: State | None, truth: str, off_by: float) -> bool:
        """Whether it is unknown, marked as an estimate, or within 5 % of what the truth was in the last steps."""
        if state is None or not is_unmarked(state):
            return True
        seen = [row[truth] for row in self.recent]
        low, high = min(seen), max(seen)
        return low - 0.05 * abs(low) - off_by <= float(state.state) <= high + 0.05 * abs(high) + off_by

    def faults(self) -> list[str]:
        """What is shown now and is neither true nor marked."""
        entry_id, zone = self.winter.entry.entry_id, self.winter.system.config.zones[0].zone_id
        shown = [
            (entry_id, "power", "power", OFF_BY_W),
            (entry_id, "heat_power", "heat", 2 * OFF_BY_W),
            (entry_id, "cost_per_hour", "cost", 0.01),
            (entry_id, "electricity_price", "price", 0.001),
            (entry_id, "outdoor_temperature", "outdoor", OFF_BY_K),
            (self.source(PUMP), "power", "pump", OFF_BY_W),
            (self.source(MINER), "power", "miner", OFF_BY_W),
        ]
        found = []
        for owner, key, truth, off_by in shown:
            state = self.state(owner, key)
            self.unmarked[truth] += is_unmarked(state)
            if not self.is_true(state, truth, off_by):
                found.append(f"{key} shows {state and state.state}, was {[row[truth] for row in self.recent]}")
        climate = self.state(zone, "climate", "climate")
        if climate is not None and abs(climate.attributes["current_temperature"] - self.recent[-1]["room"]) > OFF_BY_K:
            found.append(f"room {climate.attributes['current_temperature']}")
        return found

    def totals(self) -> dict[str, tuple[float, float]]:
        """Totals as they are shown, and as they are."""
        found = {}
        for kind in (PUMP, MINER):
            state = self.state(self.source(kind), "electricity")
            assert state is not None
            found[kind] = float(state.state), self.energy[kind]
        cost = self.state(self.winter.entry.entry_id, "cost")
        assert cost is not None
        return {**found, "cost": (float(cost.state), self.winter.bill.cost)}


def is_unmarked(state: State | None) -> bool:
    """Whether a number is shown as measured or counted."""
    return (
        state is not None
        and state.state not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
        and not state.attributes.get("estimated")
    )


@pytest.mark.timeout(600)
async def test_every_number_is_true_or_marked(winter: Winter) -> None:
    world, wrong = World(winter), []
    begin: dict[str, tuple[float, float]] = {}
    for step in range(HOURS * STEPS):
        await world.step()
        if step < RECENT:
            continue
        winter.system.user_changes.notify()  # what is shown now, not what was published last
        wrong += [f"{step}: {fault}" for fault in world.faults()]
        if step == STEPS:
            begin = world.totals()
    assert not wrong, "\n".join(wrong[:10])
    for name, (shown, true) in world.totals().items():
        begin_shown, begin_true = begin[name]
        assert shown - begin_shown == pytest.approx(
            true - begin_true, rel=0.05, abs=0.25 if name != "cost" else 0.05
        ), name
    # A test in which everything is marked would show nothing.
    assert all(world.unmarked[name] > STEPS for name in ("price", "outdoor", "miner", "pump"))
