"""The economics of heat: mining revenue per kWh, and the COP of a heat pump from Carnot's."""

from dataclasses import dataclass

KELVIN = 273.15


@dataclass(frozen=True, slots=True)
class MiningMarket:
    """The mining market. The hashprice is the revenue per PH/s and day, as pools and indices publish it."""

    hashprice_ph_day: float
    pool_fee: float = 0.02

    def revenue_kwh(self, efficiency_j_th: float) -> float:
        """Return the revenue per kWh of electricity for a miner of this efficiency (joules per terahash).

        1 kWh is 3.6e6 J, hence 3.6e6 / efficiency terahash; 1 PH/s is 1000 * 86400 terahash per day.

        Raises:
            ValueError: the efficiency is not above 0 J/TH.
        """
        if efficiency_j_th <= 0:
            raise ValueError("the efficiency must be above 0 J/TH")
        terahash = 3.6e6 / efficiency_j_th
        return self.hashprice_ph_day * terahash / (1000 * 86400) * (1 - self.pool_fee)


def carnot_cop(flow_c: float, outdoor_c: float, share: float = 0.45) -> float:
    """Return the COP (1..7) of a typical air-to-water heat pump, as a share of Carnot's.

    The exchangers take 3 K at the condenser and 6 K at the evaporator.
    """
    condenser = flow_c + 3.0 + KELVIN
    evaporator = outdoor_c - 6.0 + KELVIN
    return min(7.0, max(1.0, share * condenser / max(condenser - evaporator, 5.0)))
