"""A house with radiators and a modulating condensing gas boiler.

- 140 m2 with a heat loss of 2.0 W/K per m2 of floor area (a heat loss parameter as SAP 2012 uses it; an existing house
  that is partly renovated): 8.4 kW at -10 degC outdoors and 20 degC indoors.
- Radiators for 55/45 degC at -10 degC, 10 % oversized, exponent 1.3 (EN 442), 12 l of water per kW.
- Boiler 3 to 14 kW. Efficiency by the return temperature, relative to the gross calorific value: 0.97 at 30 degC, 0.87
  at the dew point of 55 degC and above (shape of the curve in ASHRAE's Handbook, HVAC Systems and Equipment, Boilers).
"""

from dataclasses import dataclass
from typing import Any

from ..twin_controller import engine
from .plant import Building, Plant

GAS_KWH = 0.11
FULL_W, MIN_LEVEL = 14_000.0, 3 / 14
MAX_FLOW_C = 65.0
DESIGN_W = 2.0 * 140 * 30 * 1.1
WATER_W_K = DESIGN_W / 10
"""Heat per kelvin between flow and return."""


def _emission(water_c: float, room_c: float) -> float:
    excess_k = max(0.0, water_c - room_c)
    return float(DESIGN_W * (excess_k / 30) ** 1.3)


BUILDING = Building(
    area_m2=140.0,
    air_loss_w_k=168.0,
    mass_loss_w_k=112.0,
    window_m2=9.0,
    emitter_j_k=12 * DESIGN_W / 1000 * 4186 + 3e5,
    emission=_emission,
)


def efficiency(return_c: float) -> float:
    """Return the heat per energy of the gas (gross)."""
    return min(0.97, max(0.87, 0.97 - 0.10 * (return_c - 30) / 25))


@dataclass
class Radiators:
    """The boiler in its house."""

    name = "radiators, modulating boiler"
    upper_c = 24.0

    def __init__(self) -> None:
        self.level = 0.0

    def config(self) -> Any:
        """Return the engine's configuration: what an installer knows."""
        boiler = engine.SourceConfig(
            source_id="boiler",
            kind=engine.SourceKind.BOILER,
            steering=engine.Steering.LEVEL,
            nominal_heat_w=FULL_W,
            min_modulation=MIN_LEVEL,
            fuel_kwh_price=GAS_KWH,
            efficiency=0.92,
        )
        return engine.EngineConfig(
            sources=(boiler,),
            safety=engine.SafetyLimits(max_flow_c=MAX_FLOW_C, fallback_flow_c=45.0),
            curve=engine.CurveConfig(slope=1.2, underfloor=False),
        )

    def readings(self, plant: Plant) -> tuple[Any, ...]:
        """Return what the boiler reports."""
        heat = FULL_W * self.level
        return (
            engine.SourceSnapshot(
                source_id="boiler",
                on=self.level > 0,
                level=self.level,
                flow_c=plant.emitter_c + heat / WATER_W_K / 2,
                return_c=plant.emitter_c - heat / WATER_W_K / 2,
            ),
        )

    def command(self, decision: Any) -> None:
        """Apply a decision."""
        command = decision.command("boiler")
        if not command.hold:
            self._apply(command.level if command.on else 0.0)

    def thermostat(self, level: float, error_k: float) -> None:
        """Apply the level of a modulating room thermostat."""
        self._apply(level)

    def _apply(self, level: float) -> None:
        self.level = 0.0 if level < MIN_LEVEL / 2 else max(level, MIN_LEVEL)

    def advance(self, plant: Plant, seconds: float, price: float) -> float:
        """Let time pass; return the cost."""
        plant.emitter_w = FULL_W * self.level
        flow_c = plant.emitter_c + plant.emitter_w / WATER_W_K / 2
        if flow_c > MAX_FLOW_C + 5:  # the boiler's own limiter
            plant.emitter_w = 0.0
        return_c = plant.emitter_c - plant.emitter_w / WATER_W_K / 2
        plant.advance(seconds)
        return plant.emitter_w * seconds / 3.6e6 / efficiency(return_c) * GAS_KWH

    @property
    def runs(self) -> bool:
        """Whether the burner is on."""
        return self.level > 0

    def heat_price(self, mean_price: float) -> float:
        """Return the usual cost of a kWh of heat, for heat that is left at the end."""
        return GAS_KWH / 0.92
