"""A small flat with an air-to-air unit that is on or off, and a miner.

- 48 m2 with a heat loss of 1.6 W/K per m2 (between neighbors; a heat loss parameter as SAP 2012 uses it).
- Split unit with a fixed speed: 2.6 kW and COP 3.6 at 7 degC outdoors, 1.9 kW and COP 2.6 at -7 degC, linear between
  (a unit of the lower end of class A, SCOP 3.4 to 4.0, of Regulation (EU) 626/2011). After a start, it has reached its
  full heat with the loss of the degradation coefficient 0.25 that EN 14825 assumes for air-to-air units.
- Miner: 800 W at 37.5 TH/s, 21.3 J/TH (Canaan Avalon Mini 3, a miner that is sold as a room heater); hashprice 45 EUR
  per PH/s and day, pool fee 2 %.
"""

from typing import Any

from ..twin_controller import engine
from .plant import Building, Plant

MINER_W, MINER_J_TH = 800.0, 21.3
HASHPRICE, POOL_FEE = 45.0, 0.02
RATED_W, RATED_COP = 2600.0, 3.6
"""At 7 degC outdoors, as on the name plate: what an installer enters."""
START_S = 180.0
DEGRADATION = 0.25
MINER_BELOW_K = 0.4
"""The thermostat of the miner is set this much lower than that of the split unit."""


def _emission(coil_c: float, room_c: float) -> float:
    return 400.0 * (coil_c - room_c)


BUILDING = Building(
    area_m2=48.0, air_loss_w_k=50.0, mass_loss_w_k=26.8, window_m2=3.0, emitter_j_k=2e4, emission=_emission
)


def split_unit(outdoor_c: float) -> tuple[float, float]:
    """Return heat and electric input in W."""
    share = (outdoor_c + 7) / 14
    heat = max(1200.0, 1900 + 700 * share)
    return heat, heat / max(1.8, 2.6 + 1.0 * share)


def revenue_h() -> float:
    """Return the mining revenue per hour."""
    return HASHPRICE * (MINER_W / MINER_J_TH / 1000) / 24 * (1 - POOL_FEE)


class Flat:
    """The two heaters in their flat."""

    name = "small flat, air-to-air unit and miner"
    upper_c = 24.0

    def __init__(self) -> None:
        self.split = self.miner = False
        self._on_s = 0.0
        self._outdoor_c = 5.0

    def config(self) -> Any:
        """Return the engine's configuration: what an installer knows."""
        split = engine.SourceConfig(
            source_id="split",
            kind=engine.SourceKind.HEAT_PUMP,
            nominal_heat_w=RATED_W,
            nominal_power_w=RATED_W / RATED_COP,
        )
        miner = engine.SourceConfig(
            source_id="miner",
            kind=engine.SourceKind.MINER,
            nominal_power_w=MINER_W,
            nominal_heat_w=MINER_W,
            efficiency=1.0,
            efficiency_j_th=(MINER_J_TH,),
            pool_fee=POOL_FEE,
        )
        return engine.EngineConfig(sources=(split, miner), curve=engine.CurveConfig(slope=0.4))

    def readings(self, plant: Plant) -> tuple[Any, ...]:
        """Return what the plugs of both measure."""
        _, power = split_unit(plant.outdoor_c)
        return (
            engine.SourceSnapshot(source_id="split", on=self.split, power_w=power if self.split else 0.0),
            engine.SourceSnapshot(source_id="miner", on=self.miner, power_w=MINER_W if self.miner else 0.0),
        )

    def command(self, decision: Any) -> None:
        """Apply a decision."""
        for name in ("split", "miner"):
            command = decision.command(name)
            if not command.hold:
                setattr(self, name, bool(command.on))

    def thermostat(self, level: float, error_k: float) -> None:
        """Switch by two room thermostats with a hysteresis of 0.3 K."""
        self.split = error_k > (-0.15 if self.split else 0.15)
        self.miner = error_k > MINER_BELOW_K + (-0.15 if self.miner else 0.15)

    def advance(self, plant: Plant, seconds: float, price: float) -> float:
        """Let time pass; return the cost, less the mining revenue."""
        mined = revenue_h() * seconds / 3600 if self.miner else 0.0
        return self.heat(plant, seconds, price, MINER_W if self.miner else 0.0) - mined

    def heat(self, plant: Plant, seconds: float, price: float, miner_w: float) -> float:
        """Heat with the split unit and the mean power of the miner; return the cost of the electricity."""
        heat, power = split_unit(plant.outdoor_c)
        self._on_s = self._on_s + seconds if self.split else 0.0
        if self.split and self._on_s <= seconds:  # it has just started
            heat *= 1 - DEGRADATION * START_S / seconds
        plant.emitter_w = heat if self.split else 0.0
        plant.direct_w = miner_w
        plant.advance(seconds)
        watts = (power if self.split else 0.0) + plant.direct_w
        return watts * seconds / 3.6e6 * price

    @property
    def runs(self) -> bool:
        """Whether the compressor is on."""
        return self.split

    def heat_price(self, mean_price: float) -> float:
        """Return the usual cost of a kWh of heat, for heat that is left at the end."""
        return mean_price / 3.2
