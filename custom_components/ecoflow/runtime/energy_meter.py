"""Energy for the Energy dashboard: integrated from power, and the devices' own counters."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..api.counters import MAX_GAP_S, MonotonicCounter, PowerIntegrator
from ..api.families.specs import Evidence, Family
from ..api.wire_values import as_number
from .store import DeviceCounters, EcoflowStore

CHARGED: Final = "battery_charged_energy"
DISCHARGED: Final = "battery_discharged_energy"
SOLAR: Final = "solar_energy"
# The power that a device's own counter counts: it bridges the times in which the counter does not.
_POWER_OF: Final = {
    "ac_input_energy": "ac_input_power",
    "ac_output_energy": "ac_output_power",
    "solar_input_energy": "solar_power",
}
POWER_KEYS: Final = {
    CHARGED: ("battery_power", False),
    DISCHARGED: ("battery_power", True),
    SOLAR: ("solar_power", False),
    **{counter: (power, False) for counter, power in _POWER_OF.items()},
}
"""The power that belongs to each counter, and whether the counter counts its negative values."""
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

        `at` is in seconds of a clock that does not jump and continues after a restart (`SteadyClock`). Values are valid
        for `max_age_s`, so a gap of that length is integrated at any poll interval.
        """
        counters = self._store.device_counters(sn)
        for key, power_w in self._powers(family, values):
            counters.integrated.setdefault(key, PowerIntegrator()).add(
                power_w if fresh else None, at, max(MAX_GAP_S, max_age_s)
            )
        self._update_own(counters, family, values, fresh=fresh, at=at)

    @staticmethod
    def _update_own(
        counters: DeviceCounters, family: Family, values: Mapping[str, Any], *, fresh: bool, at: float
    ) -> None:
        """Update the device's own counters; while its values are not fresh nothing is known about them."""
        for sensor in family.sensors:
            if not sensor.counter:
                continue
            kwh = as_number(sensor.decode(values)) if fresh else None
            counter = counters.filtered.get(sensor.key)
            if counter is None:
                if kwh is None:
                    continue
                counter = counters.filtered[sensor.key] = MonotonicCounter()
            counter.update(kwh, at, family.measured(_POWER_OF.get(sensor.key, ""), values) if fresh else None)

    @staticmethod
    def _powers(family: Family, values: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
        """Yield the key of each integrated counter and its power in W."""
        if not (keys := integrated_keys(family)):
            return
        battery_w = family.measured(family.battery_power or "", values)
        for key in keys:
            if key == CHARGED:
                yield key, battery_w
            elif key == DISCHARGED:
                yield key, None if battery_w is None else -battery_w
            else:
                yield key, family.measured(family.solar_power or "", values)
