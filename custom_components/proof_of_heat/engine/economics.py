"""Money per heat: what a kWh of heat costs from each kind of source."""

from dataclasses import dataclass
from itertools import pairwise

KELVIN = 273.15
SATOSHI = 1e-8
HOURS_PER_DAY = 24.0


@dataclass(frozen=True, slots=True)
class MiningMarket:
    """What mining earns. Hashprice is money per petahash per second and day, as pools and indices publish it."""

    hashprice_ph_day: float
    pool_fee: float = 0.02

    def revenue_kwh(self, efficiency_j_th: float) -> float:
        """Money earned per kWh that a miner of this efficiency (joules per terahash) takes.

        1 kWh is 3.6e6 J, hence 3.6e6 / efficiency terahash; a PH/s makes 1000 * 86400 terahash a day.
        """
        if efficiency_j_th <= 0:
            raise ValueError("a miner's efficiency is above 0 J/TH")
        terahash = 3.6e6 / efficiency_j_th
        return self.hashprice_ph_day * terahash / (1000 * 86400) * (1 - self.pool_fee)


def hashprice_from(price_btc: float, network_eh_s: float, block_btc: float = 3.125, blocks_day: float = 144.0) -> float:
    """Hashprice (money per PH/s and day) from the coin's price and the network's hashrate, fees left out."""
    return price_btc * block_btc * blocks_day / (network_eh_s * 1000)


def carnot_cop(flow_c: float, outdoor_c: float, share: float = 0.45) -> float:
    """COP of a usual air-to-water heat pump: a share of Carnot's with 3 K and 6 K in the exchangers, 1..7."""
    condenser = flow_c + 3.0 + KELVIN
    evaporator = outdoor_c - 6.0 + KELVIN
    return min(7.0, max(1.0, share * condenser / max(condenser - evaporator, 5.0)))


def miner_beats_heat_pump(tariff_kwh: float, revenue_kwh: float, cop: float) -> bool:
    """Whether a kWh of heat from the miner costs less than from the heat pump."""
    return tariff_kwh - revenue_kwh < tariff_kwh / cop


@dataclass(frozen=True, slots=True)
class MinerStep:
    """One mode of a miner."""

    power_w: float
    efficiency_j_th: float


@dataclass(frozen=True, slots=True)
class MinerOptimum:
    """The best mode, and its profit per hour."""

    step: MinerStep | None
    profit_h: float


def best_miner_step(
    steps: tuple[MinerStep, ...],
    market: MiningMarket,
    tariff_kwh: float,
    heat_worth_kwh: float,
    heat_share: float = 1.0,
) -> MinerOptimum:
    """The mode that earns most: revenue, less electricity, plus what its heat is worth now (0 when none is needed).

    None (standing still) where every mode loses money.
    """
    best = MinerOptimum(None, 0.0)
    for step in steps:
        gain = market.revenue_kwh(step.efficiency_j_th) - tariff_kwh + heat_worth_kwh * heat_share
        profit = gain * step.power_w / 1000
        if profit > best.profit_h:
            best = MinerOptimum(step, profit)
    return best


def break_even_tariff(market: MiningMarket, efficiency_j_th: float, heat_worth_kwh: float = 0.0) -> float:
    """The tariff at which a miner neither earns nor loses."""
    return market.revenue_kwh(efficiency_j_th) + heat_worth_kwh


def price_windows(windows: tuple[tuple[float, float], ...], minute: float) -> float:
    """The price of a daily tariff given as (start minute, price), ascending; before the first the last counts.

    Raises:
        ValueError: no windows, or not ascending.
    """
    if not windows or any(a[0] >= b[0] for a, b in pairwise(windows)):
        raise ValueError("tariff windows have to be ascending start minutes with prices")
    price = windows[-1][1]
    for start, value in windows:
        if minute >= start:
            price = value
    return price
