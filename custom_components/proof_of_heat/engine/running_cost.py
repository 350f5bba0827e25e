"""The present cost of heating: by measured power, or by the decision for sources without a power reading."""

from collections.abc import Mapping
from dataclasses import dataclass
import math

from .config import SourceConfig
from .decision_record import SourceShare
from .snapshot import Snapshot, SourceSnapshot
from .sources import heat_output_w, revenue_h

USUAL_PRICE = 0.25


@dataclass(frozen=True, slots=True)
class RunningCost:
    """Money per hour (less mining revenue) and electric power."""

    cost_h: float = 0.0
    power_w: float = 0.0


@dataclass(slots=True)
class RunningCostMeter:
    """The mean running cost between two rows of the history."""

    money: float = 0.0
    energy_ws: float = 0.0
    seconds: float = 0.0

    def add(self, now: RunningCost, elapsed_s: float) -> None:
        """Add the running cost since the last cycle."""
        self.money += now.cost_h * elapsed_s / 3600
        self.energy_ws += now.power_w * elapsed_s
        self.seconds += elapsed_s

    def take(self) -> RunningCost:
        """Return the mean since the last call, and start again."""
        seconds, money, energy = self.seconds, self.money, self.energy_ws
        self.money = self.energy_ws = self.seconds = 0.0
        return RunningCost(money * 3600 / seconds, energy / seconds) if seconds > 0 else RunningCost()


def running_cost(
    configs: Mapping[str, SourceConfig], snapshot: Snapshot, outdoor_c: float, decided: Mapping[str, SourceShare]
) -> RunningCost:
    """Return the running cost of all sources; surplus costs its feed-in price."""
    price = snapshot.price_kwh if math.isfinite(snapshot.price_kwh) else USUAL_PRICE
    power = other = 0.0
    for reading in snapshot.sources:
        config = configs.get(reading.source_id)
        if config is None:
            continue
        watts, money = _one(config, reading, snapshot, outdoor_c, decided.get(reading.source_id))
        power, other = power + watts, other + money
    bought = max(0.0, power - max(0.0, snapshot.surplus_w))
    sold = snapshot.surplus_price_kwh if math.isfinite(snapshot.surplus_price_kwh) else 0.0
    return RunningCost(other + (bought * price + (power - bought) * sold) / 1000, power)


def _one(
    config: SourceConfig, reading: SourceSnapshot, snapshot: Snapshot, outdoor_c: float, decided: SourceShare | None
) -> tuple[float, float]:
    """Return electric power in W, and other cost per hour (fuel, or negative for mining revenue)."""
    decision = decided if decided is not None and decided.heat_w > 0 else None
    watts = reading.power_w if math.isfinite(reading.power_w) else decision.power_w if decision is not None else 0.0
    watts = max(0.0, watts)
    if config.fuel_kwh_price is not None:
        return watts, config.fuel_kwh_price / config.efficiency * heat_output_w(config, reading, outdoor_c) / 1000
    return watts, -revenue_h(config, watts, snapshot.hashprice_ph_day)
