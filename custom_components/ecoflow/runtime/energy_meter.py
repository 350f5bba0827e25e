"""Energy for the Energy dashboard: integrated from power, and the devices' own counters."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..api.counters import MAX_GAP_S, MonotonicCounter, PowerIntegrator
from ..api.families.specs import Evidence, Family
from ..api.wire_values import as_number
from .store import EcoflowStore

CHARGED: Final = "battery_charged_energy"
DISCHARGED: Final = "battery_discharged_energy"
SOLAR: Final = "solar_energy"
# The device's own counter of solar energy. If captures prove it, none is integrated.
_DEVICE_SOLAR: Final = "solar_input_energy"


def integrated_keys(family: Family) -> tuple[str, ...]:
    """Return the keys of the counters that are integrated from power for a family."""
    keys: tuple[str, ...] = (CHARGED, DISCHARGED) if family.battery_power else ()
    has_own = any(sensor.key == _DEVICE_SOLAR and sensor.evidence is Evidence.MEASURED for sensor in family.sensors)
    return (*keys, SOLAR) if family.solar_power and not has_own else keys


class EnergyMeter:
    """Updates the energy counters of all devices of an account."""

    def __init__(self, store: EcoflowStore) -> None:
        """`store` keeps the counters."""
        self._store = store

    def update(
        self, sn: str, family: Family, values: Mapping[str, Any], *, fresh: bool, at: float, max_age_s: float
    ) -> None:
        """Update the counters of a device; values that are not fresh interrupt the integration.

        Values are valid for `max_age_s`, so a gap of that length is integrated at any poll interval.
        """
        counters = self._store.device_counters(sn)
        for key, power_w in self._powers(family, values):
            counters.integrated.setdefault(key, PowerIntegrator()).add(
                power_w if fresh else None, at, max(MAX_GAP_S, max_age_s)
            )
        if fresh:
            for sensor in family.sensors:
                if sensor.counter and (kwh := as_number(sensor.decode(values))) is not None:
                    counters.filtered.setdefault(sensor.key, MonotonicCounter()).update(kwh)

    @staticmethod
    def _powers(family: Family, values: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
        """Yield the key of each integrated counter and its power in W."""
        keys = integrated_keys(family)
        if not keys:
            return
        powers = {
            sensor.key: as_number(sensor.decode(values))
            for sensor in family.sensors
            if sensor.key in (family.battery_power, family.solar_power)
        }
        battery_w = powers.get(family.battery_power or "")
        for key in keys:
            if key == CHARGED:
                yield key, battery_w
            elif key == DISCHARGED:
                yield key, None if battery_w is None else -battery_w
            else:
                yield key, powers.get(family.solar_power or "")
