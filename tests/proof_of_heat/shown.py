"""Every number that is shown, in a home with three simulated machines: true, or marked as an estimate or unknown."""

from collections import Counter, deque
from collections.abc import Mapping
import math

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import State
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.proof_of_heat._lib.publish_rules import CREEPING_S
from custom_components.proof_of_heat.const import DOMAIN
from simulators.gas_boiler.boiler import EFFICIENCY

from .ha import ROOM
from .winter import HASHPRICE, STEP_S, Winter, retail

HOURS = 4
STEPS = round(3600 / STEP_S)
PUMP, MINER, BOILER = "viessmann", "miner", "modbus"
OFF_BY_W, OFF_BY_K = 30.0, 1.0
"""Resolution of meters and sensors."""
RECENT = 4
"""Means of counters and polled values are from the last steps: 15 to 20 minutes."""


SLOW = {"pump_price": 16}
"""Means of the device's own counters are from the last hour."""
PARTS = {"power": ("pump", "miner"), "heat": ("pump_heat", "miner", "boiler_heat")}
COUNTED = ("counted", "counted_heat")
"""Totals: 5 % of them is more than they grow in the test."""


class World:
    """The home, with what its machines really did in the last steps and since the start."""

    def __init__(self, winter: Winter) -> None:
        self.winter = winter
        self.recent: deque[dict[str, float]] = deque(maxlen=max(SLOW.values()))
        self.energy: dict[str, float] = dict.fromkeys((PUMP, MINER, BOILER), 0.0)
        self.midnight = dict(winter.cloud.pump.energy)
        """The counters of the heat pump at the start of the day."""
        self.day = dt_util.as_local(winter.now).date()
        self.costs: dict[int, float] = {}
        """What each day really cost, by the number of the day."""
        self.checked: Counter[str] = Counter()
        """How often a number was compared with the truth."""
        self.unmarked: Counter[str] = Counter()
        """How often a number was shown as measured or counted."""

    async def step(self) -> None:
        before, cost = self.winter.counted, self.winter.bill.cost
        await self.winter.step()
        pump, machine, house = self.winter.cloud.pump, self.winter.miner.machine, self.winter.home.house
        hours, price = STEP_S / 3600, retail(self.winter.now)
        used = {name: total - before[name] for name, total in self.winter.counted.items()}
        mean_w = {name: kwh / hours * 1000 for name, kwh in used.items()}
        gas_w = mean_w["gas"]
        self.energy[PUMP] += used["pump"]
        self.energy[MINER] += used["miner"]
        revenue = machine.hash_ths / 1000 * HASHPRICE / 24 * 0.98
        today = dt_util.as_local(self.winter.now).date()
        if today != self.day:
            self.day, self.midnight = today, dict(pump.energy)
        self.recent.append(
            {
                "flow": house.flow_c,
                "hash": machine.hash_ths,
                "counted": pump.energy["el_heating"] + pump.energy["el_dhw"],
                "counted_heat": pump.energy["th_heating"] + pump.energy["th_dhw"],
                "pump_price": price * pump.power_w / pump.heat_w if pump.heat_w > 100 else math.nan,
                "miner_price": price - revenue * 1000 / machine.power_w if machine.power_w > 500 else math.nan,
                "cop_day": self.cop(pump.energy, self.midnight),
                "pump": pump.power_w,
                "pump_mean": mean_w["pump"],
                "gas_cost": gas_w / 1000 * 0.12,
                "mined": revenue,
                "miner": machine.power_w,
                "miner_mean": mean_w["miner"],
                "pump_heat": pump.heat_w,
                "pump_heat_mean": mean_w["pump_heat"],
                "boiler_heat": gas_w * EFFICIENCY,
                "cost": (pump.power_w + machine.power_w) / 1000 * price + gas_w / 1000 * 0.12 - revenue,
                "outdoor": house.weather.outdoor_c,
                "room": house.room_c,
                "price": price,
            }
        )

        number = int((self.winter.now.timestamp() + 3600 - STEP_S / 2) // 86400)
        self.costs[number] = self.costs.get(number, 0.0) + self.winter.bill.cost - cost

    def wrong_days(self) -> list[str]:
        """Days of the savings whose cost is neither true nor marked as an estimate."""
        whole = [day for day in self.winter.system.engine.savings.days if day.steps >= 95 and day.estimated <= 9]
        return [
            f"{day.cost:.2f} instead of {self.costs[day.day]:.2f} on day {day.day}"
            for day in whole
            if abs(day.cost - self.costs.get(day.day, math.inf)) > 0.05 * abs(self.costs[day.day]) + 0.05
        ]

    @staticmethod
    def cop(now: Mapping[str, float], begin: Mapping[str, float]) -> float:
        """The COP between two readings of the counters; NaN for little energy."""
        electricity, heat = (
            sum(now[f"{kind}_{use}"] - begin[f"{kind}_{use}"] for use in ("heating", "dhw")) for kind in ("el", "th")
        )
        return heat / electricity if electricity > 1.0 else math.nan

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
        low, high = self.range_of(truth)
        if math.isnan(low + high):  # it was not defined all the time
            return True
        self.checked[truth] += 1
        share = 0.0 if truth in COUNTED else 0.05
        return low - share * abs(low) - off_by <= float(state.state) <= high + share * abs(high) + off_by

    def range_of(self, truth: str) -> tuple[float, float]:
        """Between what the truth was in the last steps; NaN if it was not defined.

        The parts of a total are read at different times: its range is that of its parts.
        """
        if truth == "cost":
            (low, high), (cheap, dear) = self.range_of("power"), self.range_of("price")
            gas, mined = self.range_of("gas_cost"), self.range_of("mined")
            return low / 1000 * cheap + gas[0] - mined[1], high / 1000 * dear + gas[1] - mined[0]
        if truth in PARTS:
            ranges = [self.range_of(part) for part in PARTS[truth]]
            return sum(low for low, _ in ranges), sum(high for _, high in ranges)
        rows = list(self.recent)[-SLOW.get(truth, RECENT) :]
        seen = [row[name] for row in rows for name in (truth, f"{truth}_mean") if name in row]
        return (min(seen), max(seen)) if all(map(math.isfinite, seen)) else (math.nan, math.nan)

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
            (self.source(MINER), "hashrate", "hash", 1.0),
            (self.source(MINER), "price_of_heat", "miner_price", 0.002),
            (self.source(PUMP), "price_of_heat", "pump_price", 0.002),
            (self.source(PUMP), "flow_temperature", "flow", OFF_BY_K),
            (self.source(BOILER), "flow_temperature", "flow", OFF_BY_K),
            (self.source(PUMP), "electricity", "counted", 0.3),
            (self.source(PUMP), "heat", "counted_heat", 0.6),
            (entry_id, "cop_day", "cop_day", 0.1),
        ]
        found = []
        for owner, key, truth, off_by in shown:
            state = self.state(owner, key)
            self.unmarked[truth] += is_unmarked(state)
            if not self.is_true(state, truth, off_by):
                found.append(
                    f"{key} shows {state and state.state}, was {[round(value, 3) for value in self.range_of(truth)]}"
                )
        climate = self.state(zone, "zone", "climate")
        room_c = None if climate is None else climate.attributes.get("current_temperature")
        if room_c is not None and ROOM not in self.winter.sensors:  # else it is shown as the sensor reports it
            self.checked["room"] += 1
            if abs(room_c - self.recent[-1]["room"]) > OFF_BY_K:
                found.append(f"room {room_c}, was {self.recent[-1]['room']:.2f}")
        return found

    async def publish(self) -> None:
        """Until what was counted in the last step is published, which has a pace."""
        self.winter.freezer.tick(CREEPING_S + 1)
        async_fire_time_changed(self.winter.hass)
        await self.winter.quiet()
        self.winter.system.user_changes.notify()

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

    def summary(self) -> str:
        """How often each number was compared."""
        return ", ".join(f"{name} {count}" for name, count in sorted(self.checked.items()))


def is_unmarked(state: State | None) -> bool:
    """Whether a number is shown as measured or counted."""
    return (
        state is not None
        and state.state not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
        and not state.attributes.get("estimated")
    )
