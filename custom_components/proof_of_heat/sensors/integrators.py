"""Sensors that integrate a rate over time: energy of sources without counters, and the cost of heat."""

from datetime import datetime
import math
from typing import Final, override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..data import HeatingSystem
from ..entity import SourceEntity, SystemEntity
from ..sources.managed_source import ManagedSource
from .base import ENERGY

MAX_GAP_S: Final = 600.0
"""A longer gap between two values is not counted."""

_ENERGY: Final = {name: SensorEntityDescription(key=name, **ENERGY) for name in ("electricity", "heat")}
_COST: Final = SensorEntityDescription(
    key="cost",
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
    suggested_display_precision=2,
)


class RateIntegrator:
    """Integrates a rate per hour: each value holds until the next one, for at most ten minutes."""

    def __init__(self) -> None:
        self.total = 0.0
        self._rate: float | None = None
        self._at: datetime | None = None

    def add(self, at: datetime, rate: float | None) -> None:
        """Set the rate from `at` on; None: unknown."""
        if self._at is not None and self._rate is not None:
            elapsed_s = (at - self._at).total_seconds()
            if 0 < elapsed_s <= MAX_GAP_S:
                self.total += self._rate * elapsed_s / 3600
        self._at, self._rate = at, rate if rate is not None and math.isfinite(rate) else None


class _IntegratedSensor(RestoreSensor):
    """A sensor of an integral that continues after a restart."""

    def _start(self) -> None:
        self._integrator = RateIntegrator()

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the total."""
        if (last := await self.async_get_last_sensor_data()) is not None and last.native_value is not None:
            self._integrator.total = float(str(last.native_value))
        await super().async_added_to_hass()

    @property
    @override
    def native_value(self) -> float:
        """The total."""
        return round(self._integrator.total, 4)


class IntegratedEnergySensor(SourceEntity, _IntegratedSensor):
    """Energy of a source that reports its power only."""

    def __init__(self, system: HeatingSystem, managed: ManagedSource, name: str) -> None:
        super().__init__(system, managed, _ENERGY[name])
        self._start()

    @callback
    @override
    def _on_report(self) -> None:
        """Integrate, then publish."""
        power_w = self._power_w()
        self._integrator.add(dt_util.utcnow(), None if power_w is None else power_w / 1000)
        super()._on_report()

    def _power_w(self) -> float | None:
        if self.entity_description.key == "heat":
            return self.managed.heat_w
        return self.managed.power_w(dt_util.utcnow())

    @property
    def has_value(self) -> bool:
        """Whether there is a power to integrate."""
        return self._power_w() is not None


class IntegratedCostSensor(SystemEntity, _IntegratedSensor):
    """The cost of heat since the system was added."""

    def __init__(self, system: HeatingSystem) -> None:
        super().__init__(system, _COST)
        self._start()
        self._active_at: datetime | None = None
        self._attr_native_unit_of_measurement = system.coordinator.hass.config.currency

    @override
    async def async_added_to_hass(self) -> None:
        """Integrate in each cycle, before the value is published."""
        self.async_on_remove(self.system.coordinator.async_add_listener(self._integrate))
        await super().async_added_to_hass()

    @callback
    def _integrate(self) -> None:
        """Add what was spent since the last cycle, if control was on and no long gap is in between."""
        now, active = dt_util.utcnow(), self.system.user.active
        if active and self._active_at is not None and (now - self._active_at).total_seconds() <= MAX_GAP_S:
            self._integrator.total += self.system.coordinator.data.spent
        self._active_at = now if active else None


def integrated_sensors(system: HeatingSystem, managed: ManagedSource) -> list[IntegratedEnergySensor]:
    """Return the energy sensors of a source for what it does not count itself."""
    return [IntegratedEnergySensor(system, managed, name) for name in _ENERGY if name not in managed.counters]
