"""What a run of a home costs, and how comfortable it is, over the scored days."""

from collections.abc import Callable
from datetime import datetime, timedelta

from ..house_run import _comfort as comfort, _price as price
from .plant import Plant

CYCLE_S = 300


class Score:
    """The sums over the scored days. Heat that is left at the end is counted."""

    def __init__(
        self, plant: Plant, scored: datetime, days: float, upper_c: float, heat_price: Callable[[float], float]
    ) -> None:
        self._plant, self._scored, self._steps = plant, scored, days * 86400 / CYCLE_S
        self._upper_c, self._heat_price = upper_c, heat_price
        self._cost = self._discomfort = self._begin_kwh = self._heat = self._room = 0.0
        self._starts: list[datetime] = []
        self._most = 0
        self._prices: list[float] = []

    def begin(self) -> None:
        """Note the heat that is stored when the scored days begin."""
        if self._plant.now == self._scored:
            self._begin_kwh = self._plant.stored_kwh

    def add(self, when: datetime, spent: float, heat_kwh: float, starts: int) -> None:
        """Add a step that has ended. `when`: its beginning."""
        is_scored = when >= self._scored
        self._starts = [start for start in self._starts if when - start < timedelta(hours=1)] + [when] * starts
        if not is_scored:
            return
        plant = self._plant
        self._most = max(self._most, len(self._starts))
        self._cost += spent
        self._heat += heat_kwh
        self._room += plant.room_c / self._steps
        self._prices.append(price(when))
        off_k = max(0.0, comfort(when) - plant.room_c) + max(0.0, plant.room_c - self._upper_c)
        self._discomfort += off_k * CYCLE_S / 3600

    def result(self) -> dict[str, float]:
        """Return the results."""
        mean_price = sum(self._prices) / len(self._prices)
        left = (self._plant.stored_kwh - self._begin_kwh) * self._heat_price(mean_price)
        return {
            "cost_eur": self._cost - left,
            "discomfort_kh": self._discomfort,
            "starts_per_h_max": float(self._most),
            "heat_kwh": self._heat,
            "room_c": self._room,
            "eur_per_kwh": self._cost / self._heat if self._heat > 0 else 0.0,
        }
