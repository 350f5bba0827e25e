"""The direction of a battery's power: its state, and which of its remaining times applies.

The measured power decides. A reported state is used while the power is unknown, with the numbers of the model: 0 means
discharging on a DELTA 2 and idle on a DELTA 2 Max. Voltage x current prove them (tests/ecoflow/test_signs.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..units import Quantity
from ..wire_values import Values, lookup, number_at
from .builders import minutes
from .specs import Evidence, SensorSpec

# The battery supplies the station itself with a few watts, which is not discharging in the sense of the state.
IDLE_W: Final = 5.0
CHARGING: Final = "charging"
DISCHARGING: Final = "discharging"
IDLE: Final = "idle"
STATES: Final = (CHARGING, DISCHARGING, IDLE)

IDLE_DISCHARGING_CHARGING: Final[dict[int, str]] = {0: IDLE, 1: DISCHARGING, 2: CHARGING}
DISCHARGING_CHARGING: Final[dict[int, str]] = {0: DISCHARGING, 1: CHARGING}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryFlow:
    """The power of a battery, and the state that the device reports."""

    # In W, positive while charging; None if it is unknown.
    power: Callable[[Values], float | None]
    # The wire names that the power is calculated from.
    power_sources: tuple[str, ...] = ()
    state_sources: tuple[str, ...] = ()
    states: Mapping[int, str] = field(default_factory=dict)

    def reported_state(self, values: Values) -> str | None:
        """Return the state that the device reports."""
        for path in self.state_sources:
            value = number_at(values, path)
            if value is not None and (state := self.states.get(int(value))) is not None:
                return state
        return None

    def state(self, values: Values) -> str | None:
        """Return charging, discharging or idle, None if nothing is known."""
        if (power_w := self.power(values)) is None:
            return self.reported_state(values)
        return CHARGING if power_w > IDLE_W else DISCHARGING if power_w < -IDLE_W else IDLE

    def charges(self, values: Values) -> bool:
        """Whether the remaining time of charging applies; it does while the direction is unknown."""
        return self.state(values) in (None, CHARGING)

    def discharges(self, values: Values) -> bool:
        """Whether the remaining time of discharging applies; it does while the direction is unknown."""
        return self.state(values) in (None, DISCHARGING)

    def sensor(self, **more: Any) -> SensorSpec:
        """Return the sensor of the battery's state."""
        return SensorSpec(
            key="battery_state",
            source=(*self.state_sources, *self.power_sources),
            depends_on=self.power_sources,
            quantity=Quantity.STATE,
            states=self.states,
            options=STATES,
            evidence=Evidence.MEASURED,
            derive=self.state,
            **more,
        )

    def charge_time(self, source: str | tuple[str, ...], key: str = "charge_remaining_time", **more: Any) -> SensorSpec:
        """Return the sensor of the remaining time of charging."""
        return minutes(key, source, applies=self.charges, depends_on=self._sources, **more)

    def discharge_time(
        self, source: str | tuple[str, ...], key: str = "discharge_remaining_time", **more: Any
    ) -> SensorSpec:
        """Return the sensor of the remaining time of discharging."""
        return minutes(key, source, applies=self.discharges, depends_on=self._sources, **more)

    @property
    def _sources(self) -> tuple[str, ...]:
        return (*self.state_sources, *self.power_sources)


def difference(positive: str, negative: str, scale: float = 1.0) -> Callable[[Values], float | None]:
    """Return the power of a battery that is measured as two values, one for each direction."""

    def power(values: Values) -> float | None:
        reported = [path for path in (positive, negative) if lookup(values, path) is not None]
        numbers = {path: number for path in reported if (number := number_at(values, path)) is not None}
        if not reported or len(numbers) < len(reported):
            return None
        return (abs(numbers.get(positive, 0.0)) - abs(numbers.get(negative, 0.0))) * scale

    return power
