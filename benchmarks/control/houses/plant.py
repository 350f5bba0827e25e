"""A house simulator with air, mass and an emitter, in steps of 30 s; nothing of the engine's network.

Sources of the general values:

- EN ISO 13790:2008, simple hourly method: 3.45 W/(m2 K) over 4.5 m2 of room surface per m2 of floor area in series with
  9.1 W/(m2 K) over 2.5 m2 of effective mass surface (a medium building): 9.2 W/K per m2 of floor area. Heat capacity of
  a medium building: 165 kJ/K per m2 of floor area (table 12).
- EN ISO 13790, annex G: internal gains of a dwelling of about 4 W/m2 as a mean.
- Air with furniture: five times the heat capacity of 2.5 m of air.
- EN 442: the heat of a radiator grows with the power 1.3 of its excess temperature.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.world.weather import weather_at

STEP_S = 30.0
COUPLING_W_K_M2 = 9.2
MASS_J_K_M2 = 165e3
AIR_J_K_M2 = 5 * 2.5 * 1.2 * 1005
GAINS_W_M2 = 4.0

type Emission = Callable[[float, float], float]
"""Heat in W from an emitter to a room, by the temperatures of both in degC."""


@dataclass(frozen=True, slots=True)
class Building:
    """What differs between the homes."""

    area_m2: float
    air_loss_w_k: float
    """Windows and ventilation."""
    mass_loss_w_k: float
    """Opaque walls."""
    window_m2: float
    """Effective area for solar gain."""
    emitter_j_k: float
    emission: Emission


class Plant:
    """A home in the typical year."""

    def __init__(self, building: Building, start: datetime, room_c: float = 20.0) -> None:
        self.building = building
        self.now = start
        self.room_c = room_c
        self.mass_c = room_c - 0.5
        self.emitter_c = room_c + 5.0
        self.direct_w = 0.0
        """Heat to the room's air without the emitter: a miner, an air conditioner."""
        self.emitter_w = 0.0

    @property
    def outdoor_c(self) -> float:
        """Outdoor temperature."""
        return weather_at(self.now).outdoor_c

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / STEP_S)):
            self._step()
            self.now += timedelta(seconds=STEP_S)

    def _step(self) -> None:
        of, weather = self.building, weather_at(self.now)
        emitted = of.emission(self.emitter_c, self.room_c)
        exchange = COUPLING_W_K_M2 * of.area_m2 * (self.room_c - self.mass_c)
        sun = of.window_m2 * weather.solar_w_m2
        air_w = (
            emitted
            + self.direct_w
            + GAINS_W_M2 * of.area_m2 / 2
            + 0.5 * sun
            - of.air_loss_w_k * (self.room_c - weather.outdoor_c)
            - exchange
        )
        mass_w = (
            exchange + GAINS_W_M2 * of.area_m2 / 2 + 0.5 * sun - of.mass_loss_w_k * (self.mass_c - weather.outdoor_c)
        )
        self.emitter_c += (self.emitter_w - emitted) * STEP_S / of.emitter_j_k
        self.room_c += air_w * STEP_S / (AIR_J_K_M2 * of.area_m2)
        self.mass_c += mass_w * STEP_S / (MASS_J_K_M2 * of.area_m2)

    @property
    def stored_kwh(self) -> float:
        """Heat stored above 20 degC."""
        of = self.building
        joules = (
            AIR_J_K_M2 * of.area_m2 * (self.room_c - 20)
            + MASS_J_K_M2 * of.area_m2 * (self.mass_c - 20)
            + of.emitter_j_k * (self.emitter_c - 20)
        )
        return joules / 3.6e6
