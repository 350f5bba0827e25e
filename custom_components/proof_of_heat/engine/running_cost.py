"""The present cost of heating, by what the sources draw and deliver (delivery.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
import math

from .config import SourceConfig
from .decision_record import SourceShare
from .delivery import Delivery, delivery, mean_delivery
from .snapshot import Snapshot
from .sources import mined_h

USUAL_PRICE = 0.25
ESTIMATED_SHARE = 0.1
"""A mean is an estimate if more of its time is one."""


@dataclass(frozen=True, slots=True)
class RunningCost:
    """Money per hour (less mining revenue) and electric power."""

    cost_h: float = 0.0
    power_w: float = 0.0
    estimated: bool = False
    """Whether a part is neither measured nor counted."""
    complete: bool = True
    """False: a part is unknown and left out."""


@dataclass(slots=True)
class RunningCostMeter:
    """The mean running cost between two rows of the history."""

    money: float = 0.0
    energy_ws: float = 0.0
    seconds: float = 0.0
    last: float = 0.0
    """Money that the last call added."""
    estimated_s: float = 0.0
    """Seconds in which a part was neither measured nor counted, or unknown."""

    price_s: float = 0.0
    """The prices that applied, each times its seconds."""
    priced_s: float = 0.0
    """Seconds with a known price."""
    before: tuple[Snapshot, Delivery] | None = None
    """The last snapshot, with what the sources drew and delivered."""

    def since_last(self, snapshot: Snapshot, now: Delivery) -> tuple[Snapshot, Delivery]:
        """Return the snapshot and the delivery of the time since the last ones: means, with the price that applied.

        What was consumed up to the full hour has the price of the hour before, and the rest that of the next one:
        control that uses the cheap hours would else pay for their end what the next hour costs.
        """
        before, self.before = self.before, (snapshot, now)
        return (snapshot, now) if before is None else (_between(before[0], snapshot), mean_delivery(before[1], now))

    def add(self, now: RunningCost, elapsed_s: float, price_kwh: float = math.nan) -> None:
        """Add the running cost since the last cycle, and the price of what the reference control uses."""
        if math.isfinite(price_kwh):
            self.price_s += price_kwh * elapsed_s
            self.priced_s += elapsed_s
        self.last = now.cost_h * elapsed_s / 3600
        self.money += self.last
        self.energy_ws += now.power_w * elapsed_s
        self.seconds += elapsed_s
        if now.estimated or not now.complete:
            self.estimated_s += elapsed_s

    def mean_price(self, present_kwh: float) -> float:
        """Return the mean of the known prices since `take`; the present one without any."""
        return self.price_s / self.priced_s if self.priced_s > 0 else present_kwh

    def take(self) -> RunningCost:
        """Return the mean since the last call, and start again."""
        seconds, money, energy = self.seconds, self.money, self.energy_ws
        estimated = self.estimated_s > ESTIMATED_SHARE * seconds
        self.money = self.energy_ws = self.seconds = self.estimated_s = self.price_s = self.priced_s = 0.0
        if seconds <= 0:
            return RunningCost()
        return RunningCost(money * 3600 / seconds, energy / seconds, estimated=estimated)


def _between(before: Snapshot, now: Snapshot) -> Snapshot:
    """Return the snapshot of the time between two: the prices that applied, hash rates and surplus as means."""
    rates = {reading.source_id: reading.hashrate_ths for reading in before.sources}
    sources = tuple(
        replace(reading, hashrate_ths=_mean(rates.get(reading.source_id, math.nan), reading.hashrate_ths))
        for reading in now.sources
    )
    found = replace(now, sources=sources, surplus_w=_mean(before.surplus_w, now.surplus_w))
    if not math.isfinite(before.price_kwh):
        return found
    paid = now.paid_kwh if math.isfinite(now.paid_kwh) else before.price_kwh
    return replace(found, price_kwh=paid, price_assumed=before.price_assumed)


def _mean(before: float, now: float) -> float:
    """Return the mean of two values, or the present one if that of before is unknown."""
    return (before + now) / 2 if math.isfinite(before) else now


def running_cost(
    configs: Mapping[str, SourceConfig], snapshot: Snapshot, outdoor_c: float, decided: Mapping[str, SourceShare]
) -> RunningCost:
    """Return the running cost of all sources; surplus costs its feed-in price."""
    return cost_of(delivery(configs, snapshot, outdoor_c, decided), configs, snapshot)


def cost_of(now: Delivery, configs: Mapping[str, SourceConfig], snapshot: Snapshot) -> RunningCost:
    """Return what sources cost that deliver this; a part that is unknown is left out, and the cost then estimated."""
    known_price = math.isfinite(snapshot.price_kwh) and not snapshot.price_assumed
    price = snapshot.price_kwh if math.isfinite(snapshot.price_kwh) else USUAL_PRICE
    readings = {reading.source_id: reading for reading in snapshot.sources}
    power = other = 0.0
    estimated = unknown = False
    for source in now.sources:
        config = configs[source.source_id]
        watts = source.power.watts if source.power.known else 0.0
        power += watts
        counted = [source.power]
        if config.fuel_kwh_price is not None:
            counted.append(source.heat)
            heat_w = source.heat.watts if source.heat.known else 0.0
            other += config.fuel_kwh_price / config.efficiency * heat_w / 1000
            estimated = estimated or (config.fuel_price_assumed and heat_w > 0)
        else:
            other -= mined_h(config, readings.get(source.source_id), watts, snapshot.hashprice_ph_day)
        estimated = estimated or any(amount.estimated for amount in counted) or (not known_price and watts > 0)
        unknown = unknown or not all(amount.known for amount in counted)
    bought = max(0.0, power - max(0.0, snapshot.surplus_w))
    sold = snapshot.surplus_price_kwh if math.isfinite(snapshot.surplus_price_kwh) else 0.0
    money_h = other + (bought * price + (power - bought) * sold) / 1000
    return RunningCost(money_h, power, estimated=estimated, complete=not unknown)
