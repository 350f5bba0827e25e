"""The reference house: simulates what the same days would have cost with the reference control.

A small ensemble of the learned house, with parameters drawn within their uncertainty, is simulated with the measured
weather under a thermostat. Member 0 is the best estimate. The result is the reference cost with an interval, and the
reference power for the power limit.
"""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..config import ReferenceControl
from ..planning.segments import FLOW_OVER_MEAN
from .history import STEP_S, Row
from .house_fit import HouseFit, draw_parameters
from .network import NAMES, ROOM, discretise, inputs
from .observer import HouseState
from .performance_map import PerformanceMap

MEMBERS = 9
SUB_STEP_S = 300
SETTLE_STEPS = 96
"""The first day is ignored: the thermostat's integral starts at 0."""


@dataclass(frozen=True, slots=True)
class ReferenceStep:
    """15 minutes of the simulation, per member."""

    power_w: Array
    heat_w: Array
    below_k: Array
    """By how many kelvin the room was below the lower bound at the end of the step."""
    settled: bool


class ReferenceHouse:
    """An ensemble of houses under the reference control."""

    def __init__(
        self, reference: ReferenceControl, fitted: HouseFit, pump: PerformanceMap, start: HouseState, seed: int
    ) -> None:
        self._reference = reference
        self._temperatures = np.tile(start.temperatures, (MEMBERS, 1))
        self._integral = np.zeros(MEMBERS)
        self._steps = 0
        self._seed = seed
        self.update_model(fitted, pump, start, start)

    def update_model(self, fitted: HouseFit, pump: PerformanceMap, state: HouseState, before: HouseState) -> None:
        """Use a newer model, by which the state of the real house is ``state``, and was ``before`` by the last model.

        The two mean different temperatures by room and mass. What continues is the difference from the real house:
        otherwise the thermostat would heat at full power, or pause, because the model changed.
        """
        self._temperatures = self._temperatures + (state.temperatures - before.temperatures)
        self._parameters = draw_parameters(fitted, MEMBERS, self._seed)
        self._a, self._b = discretise(self._parameters, SUB_STEP_S)
        self._share = self._parameters[:, NAMES.index("sensor_mass_share")]
        self._water = FLOW_OVER_MEAN * self._parameters[:, NAMES.index("water_k_w")]
        self._pump = pump

    def step(self, row: Row, setpoint_c: float, lower_c: float) -> ReferenceStep:
        """Simulate a history row with the thermostat at ``setpoint_c``."""
        series = (np.array([v]) for v in (row.time_s, 0.0, row.outdoor_c, row.solar_w_m2, row.people))
        drive = inputs(self._parameters, *series)[:, 0]
        heat, power = np.zeros(MEMBERS), np.zeros(MEMBERS)
        count = STEP_S // SUB_STEP_S
        for _ in range(count):
            level = self._thermostat(setpoint_c)
            now_heat, now_power = self._source(level, row.outdoor_c)
            drive[:, 0] = now_heat
            forward = self._a @ self._temperatures[:, :, None] + self._b @ drive[:, :, None]
            self._temperatures = forward[:, :, 0]
            heat += now_heat / count
            power += now_power / count
        self._steps += 1
        return ReferenceStep(power, heat, np.maximum(lower_c - self.room_c, 0.0), self._steps > SETTLE_STEPS)

    @property
    def settling_steps(self) -> int:
        """Steps until the thermostat has settled."""
        return max(0, SETTLE_STEPS - self._steps)

    @property
    def room_c(self) -> Array:
        """Room temperature of each member as its sensor shows it."""
        room, mass = self._temperatures[:, ROOM], self._temperatures[:, 2]
        result: Array = room + self._share * (mass - room)
        return result

    def _thermostat(self, setpoint_c: float) -> Array:
        ref = self._reference
        error = setpoint_c - self.room_c
        wanted = ref.gain_per_k * (error + self._integral)
        level = np.clip(wanted, 0.0, 1.0)
        excess = (wanted - level) / (ref.gain_per_k * ref.anti_windup)
        self._integral += SUB_STEP_S / ref.integral_time_s * (error - excess)
        return level

    def _source(self, share: Array, outdoor_c: float) -> tuple[Array, Array]:
        """Return heat and power while the thermostat requests a share of the full heat."""
        emitter = self._temperatures[:, 0]
        flow = emitter + 5.0 * share
        outdoor = np.full(MEMBERS, outdoor_c)
        for _ in range(2):
            heat, power = self._pump.at(self._pump.level_of(share, flow, outdoor), flow, outdoor)
            flow = emitter + self._water * heat
        runs = share > 0
        return np.where(runs, heat, 0.0), np.where(runs, power, 0.0)
