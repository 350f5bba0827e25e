"""Money per heat: what a kWh of heat costs from each kind of source."""

from dataclasses import dataclass

KELVIN = 273.15


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
