"""The building's heat pump on Modbus: an iDM Navigator with its own compressor control.

The controller of the machine follows the requested flow temperature, as that of a real one: it modulates, and stops
above a hysteresis when even its minimum is too much. It rests after a stop and runs for a while after a start.
"""

from argparse import Namespace
import struct
from typing import Any, override

from simulators.modbus_boiler.boiler import OWN_SETPOINT_C, REQUEST_LIFE_S, ModbusBoiler

from ..window import KELVIN

MIN_LEVEL = 0.25
"""The compressor cannot run slower."""
RAMP = 0.5
"""Most that it changes its speed in 300 s."""
START_BELOW_K, STOP_ABOVE_K = 2.0, 3.0
MIN_RUN_S, MIN_REST_S = 600.0, 600.0
PROBE = (0.5, 1.0)
RETURN = 1052
"""Register of the return temperature."""


class TwinHeatPump(ModbusBoiler):
    """The heat pump of a twin, in steps of the twin."""

    def __init__(self, args: Namespace, plant: Any, step_s: float) -> None:
        super().__init__(args)
        self._plant, self._step_s = plant, step_s
        self._since_s = MIN_REST_S
        self._shown: tuple[Any, ...] = ()
        self._on = False
        self.heats_w = self.draws_w = 0.0
        self.circuit_c = self.flow_c = plant.observe()["t_supply_c"]

    def advance(self) -> None:
        """Let a step pass in the building."""
        level = self._level()
        is_on = level > 0
        self._since_s = self._since_s + self._step_s if is_on == self._on else self._step_s
        self._on = is_on
        self._plant.step(level)
        self.draws_w, self.heats_w = self._plant.power_w, self._plant.heat_w
        self.electricity_wh += self.draws_w * self._step_s / 3600
        self.heat_wh += self.heats_w * self._step_s / 3600
        seen = self._plant.observe()
        self.flow_c = self.circuit_c = seen["t_supply_c"]
        self._refresh()

    def _level(self) -> float:
        """Return the modulation of the next step, by the requested flow temperature."""
        if not self.heating:
            return 0.0
        target_c = self.setpoint_c + self.level_k
        wanted = self._needed(target_c)
        if not self._on:
            starts = self._since_s >= MIN_REST_S and self.flow_c < target_c - START_BELOW_K
            return max(MIN_LEVEL, min(wanted, RAMP)) if starts else 0.0
        if self._since_s >= MIN_RUN_S and wanted < MIN_LEVEL and self._supply_c(MIN_LEVEL) > target_c + STOP_ABOVE_K:
            return 0.0
        before = float(self._plant.modulation)
        return min(1.0, max(MIN_LEVEL, min(before + RAMP, max(before - RAMP, wanted))))

    def _supply_c(self, level: float) -> float:
        """Return the flow temperature that a modulation gives now."""
        plant = self._plant
        h, outdoor = plant._heat, plant.observe()["t_out_c"] - 3  # noqa: SLF001  the machine knows itself
        base = h[0] + h[2] * outdoor + level * (h[3] + h[5] * outdoor)
        slope = h[1] + level * h[4]
        floor_c, per_w = plant._floor - KELVIN, 1 / plant._water_to_floor  # noqa: SLF001
        # The flow temperature is above the floor by its heat, which itself depends on the flow temperature.
        supply: float = (floor_c + (base - 30 * slope) * per_w) / (1 - slope * per_w)
        return supply

    def _needed(self, target_c: float) -> float:
        """Return the modulation that gives a flow temperature."""
        low, high = PROBE
        at_low, at_high = self._supply_c(low), self._supply_c(high)
        return low + (target_c - at_low) / max(at_high - at_low, 1e-6) * (high - low)

    @property
    @override
    def outdoor_c(self) -> float:
        seen: float = self._plant.observe()["t_out_c"]
        return seen

    @property
    @override
    def heat_w(self) -> float:
        return self.heats_w

    @property
    @override
    def power_w(self) -> float:
        return self.draws_w

    @override
    def _refresh(self) -> None:
        if not hasattr(self, "draws_w"):
            return
        now = self.clock.elapsed()
        shown = now, self._plant.index, self.setpoint_c, self._asked_at, self.mode
        if shown == self._shown:
            return  # each poll asks for a dozen blocks
        self._shown = shown
        if self._asked_at is not None and now - self._asked_at > REQUEST_LIFE_S:
            self._asked_at, self.setpoint_c = None, OWN_SETPOINT_C
        self._fill_idm()
        returned = struct.unpack(">HH", struct.pack(">f", self._plant.observe()["t_return_c"]))
        self.registers.holding[RETURN + 1], self.registers.holding[RETURN] = returned
