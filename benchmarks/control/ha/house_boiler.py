"""The house with radiators: its boiler on Modbus, with the template that a user would write for it.

The boiler modulates to keep the requested flow temperature, as a real one: below its minimum it stops above a
hysteresis and rests for a while before it starts again.
"""

from argparse import Namespace
from pathlib import Path
from typing import Any, Final, override

from homeassistant.core import HomeAssistant

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.sources.registry import forms
from simulators.framework import parser_of
from simulators.gas_boiler.boiler import GasBoiler

from ..houses import radiators
from ..houses.plant import STEP_S, Plant
from .house_site import HouseSite

START_BELOW_K, STOP_ABOVE_K = 3.0, 5.0
REST_S: Final = 300.0
"""Short-cycle protection of the boiler itself."""
MIN_W: Final = radiators.FULL_W * radiators.MIN_LEVEL
SLOPE: Final = 1.2
TEMPLATE: Final = """
format: 1
id: radiator_boiler
name: Gas boiler
manufacturer: Example
kind: boiler
fuel: gas
registers:
  flow_temperature: {at: 40, in: input, type: int16, scale: 0.1, unit: °C, invalid: [32767], min: -20, max: 110}
  heat_power: {at: 41, in: input, type: uint16, scale: 10, unit: W}
  flow_setpoint: {at: 0, type: int16, scale: 1, min: 5, max: 80}
  running: {at: 3, on_values: [1]}
  switch: {at: 3}
controls:
  flow: {register: flow_setpoint, min: 25, max: 65, step: 1}
  on_off: {register: switch, value_on: 1, value_off: 0}
fallback: {flow_setpoint: 45, switch: 1}
write: {min_interval_s: 300, max_per_day: 200}
"""


class HouseBoiler(GasBoiler):
    """The boiler of the house, in steps of the house."""

    def __init__(self, args: Namespace, plant: Plant) -> None:
        super().__init__(args)
        self._plant = plant
        self._rest_s = REST_S
        self.flow_c = plant.emitter_c

    def advance(self, seconds: float) -> tuple[float, float, int]:
        """Let time pass; return the energy of the gas and the heat in J, and the starts of the burner."""
        gas = heat = 0.0
        starts = 0
        for _ in range(round(seconds / STEP_S)):
            was_on = self.heat_w > 0
            self.heat_w = self._burner_w()
            starts += int(self.heat_w > 0 and not was_on)
            self._rest_s = 0.0 if self.heat_w > 0 else self._rest_s + STEP_S
            half_k = self.heat_w / radiators.WATER_W_K / 2
            gas += self.heat_w * STEP_S / radiators.efficiency(self._plant.emitter_c - half_k)
            heat += self.heat_w * STEP_S
            self._plant.emitter_w = self.heat_w
            self._plant.advance(STEP_S)
            self.flow_c = self._plant.emitter_c + half_k
        return gas, heat, starts

    def _burner_w(self) -> float:
        """Return the heat of the next seconds, by the requested flow temperature."""
        if not self.switch:
            return 0.0
        missing_k = self.setpoint_c - self._plant.emitter_c
        if self.heat_w <= 0 and (missing_k < START_BELOW_K or self._rest_s < REST_S):
            return 0.0
        if missing_k < MIN_W / radiators.WATER_W_K / 2 - STOP_ABOVE_K:
            return 0.0
        return min(radiators.FULL_W, max(MIN_W, 2 * radiators.WATER_W_K * missing_k))


class RadiatorSite(HouseSite):
    """The house with its boiler."""

    def __init__(self, warm_up_days: float, scored_days: float) -> None:
        super().__init__(radiators.Radiators(), radiators.BUILDING, warm_up_days, scored_days)
        self._started: HouseBoiler | None = None

    @property
    def _boiler(self) -> HouseBoiler:
        assert self._started is not None
        return self._started

    @override
    async def start(self, hass: HomeAssistant) -> None:
        self._started = HouseBoiler(parser_of(HouseBoiler).parse_args(["--port", "0"]), self.plant)
        await self._boiler.start()

        def write() -> None:
            folder = Path(hass.config.path(DOMAIN, "templates"))
            folder.mkdir(parents=True)
            (folder / "radiator_boiler.yaml").write_text(TEMPLATE, encoding="utf-8")

        await hass.async_add_executor_job(write)

    @override
    async def stop(self) -> None:
        await self._boiler.stop()

    @override
    async def devices(self, hass: HomeAssistant) -> list[Any]:
        entered = {"nominal_heat": radiators.FULL_W, "fuel_price": radiators.GAS_KWH}
        address = {"address": "127.0.0.1", "port": self._boiler.port}
        return await forms()["modbus"].connect(
            hass, {"kind": "modbus", "template": "radiator_boiler", **address, **entered}
        )

    @override
    def options(self) -> dict[str, Any]:
        return {**super().options(), "curve": {"slope": SLOPE, "max_flow": radiators.MAX_FLOW_C}}

    @override
    def heat(self, seconds: float, price_kwh: float) -> tuple[float, float, int]:
        gas, heat, starts = self._boiler.advance(seconds)
        return gas / 3.6e6 * radiators.GAS_KWH, heat, starts
