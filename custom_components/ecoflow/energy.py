"""Energy for the Energy dashboard: from power where a device has no counter, and its counters kept from falling."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .api.energy import MAX_GAP_S, EnergyCounter, RisingFilter
from .api.families import Family, Proof
from .api.quantities import number
from .store import EcoflowStore

CHARGED: Final = "battery_charged_energy"
DISCHARGED: Final = "battery_discharged_energy"
SOLAR: Final = "solar_energy"
# A device's own counter of solar energy; where captures prove it, none of ours is needed.
_OWN_SOLAR: Final = "solar_input_energy"


def integrated_keys(family: Family) -> tuple[str, ...]:
    """Return the counters that are made from power for a family."""
    keys: tuple[str, ...] = (CHARGED, DISCHARGED) if family.battery_power else ()
    own = any(reading.key == _OWN_SOLAR and reading.proof is Proof.MEASURED for reading in family.readings)
    return (*keys, SOLAR) if family.solar_power and not own else keys


class EnergyMeter:
    """Feeds the counters of all devices of an account."""

    def __init__(self, store: EcoflowStore) -> None:
        """`store` keeps the counters."""
        self._store = store
        self._counted: dict[str, tuple[Family, tuple[str, ...], tuple[str, ...]]] = {}

    def measure(
        self, sn: str, family: Family, values: Mapping[str, Any], *, fresh: bool, at: float, max_age_s: float
    ) -> None:
        """Take a device's present values; without fresh ones the line breaks, and nothing is counted until the next.

        Values hold for `max_age_s`: so long a gap is bridged, however seldom the cloud is asked.
        """
        counters = self._store.of(sn)
        for key, power_w in self._powers(family, values):
            counters.integrated.setdefault(key, EnergyCounter()).add(
                power_w if fresh else None, at, max(MAX_GAP_S, max_age_s)
            )
        if fresh:
            for reading in family.readings:
                if reading.counter and (kwh := number(reading.decode(values))) is not None:
                    counters.filtered.setdefault(reading.key, RisingFilter()).take(kwh)

    @staticmethod
    def _powers(family: Family, values: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
        keys = integrated_keys(family)
        if not keys:
            return
        powers = {
            reading.key: number(reading.decode(values))
            for reading in family.readings
            if reading.key in (family.battery_power, family.solar_power)
        }
        battery_w = powers.get(family.battery_power or "")
        for key in keys:
            match key:
                case "battery_charged_energy":
                    yield key, battery_w
                case "battery_discharged_energy":
                    yield key, None if battery_w is None else -battery_w
                case _:
                    yield key, powers.get(family.solar_power or "")
