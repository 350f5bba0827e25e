"""Sensors that integrate a rate over time: energy of sources without counters, and the cost of heat."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, override

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
from ..inputs.states import energy_kwh, known
from ..metering.energy import HeatMeter, SourceMeter, max_electric_kw, max_heat_kw
from ..sources.managed_source import ManagedSource
from .base import ENERGY
from .counted import StoredCounterSensor

MAX_GAP_S: Final = 600.0
"""A longer gap between two values is not counted."""

_ENERGY: Final = {name: SensorEntityDescription(key=name, **ENERGY) for name in ("electricity", "heat")}
_COST: Final = SensorEntityDescription(
    key="cost",
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
    suggested_display_precision=2,
)


class IntegratedEnergySensor(SourceEntity, StoredCounterSensor):
    """Electricity of a source that does not count it: by a linked counter, else by its power."""

    def __init__(self, system: HeatingSystem, managed: ManagedSource) -> None:
        super().__init__(system, managed, _ENERGY["electricity"])
        self._meter = SourceMeter(max_electric_kw(managed.config))
        self._estimated = False

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the total, with the counter's last reading."""
        if stored := await self.async_stored_counter():
            self._meter.restore(stored)
        elif (last := await self.async_get_last_sensor_data()) is not None and last.native_value is not None:
            self._meter.start_at(float(str(last.native_value)))
        await super().async_added_to_hass()

    @override
    def counter_state(self) -> Mapping[str, Any]:
        return self._meter.as_dict()

    @callback
    @override
    def _on_report(self) -> None:
        """Count, then publish."""
        now = dt_util.utcnow()
        state = known(self.hass, self.managed.meter)
        linked = energy_kwh(self.hass, self.managed.meter)
        counter, read_at = self.managed.counter(linked, None if state is None else state.last_reported)
        power = self.managed.power(now)
        self._meter.update(
            now,
            counter_kwh=counter,
            read_at=read_at,
            power_w=None if power is None else power[0],
            power_at=self.managed.power_at,
        )
        self._estimated = self.managed.shares_meter or (counter is None and (power is None or power[1]))
        super()._on_report()

    @property
    def has_value(self) -> bool:
        """Whether there is a power or a counter."""
        return self.managed.power(dt_util.utcnow()) is not None

    @property
    @override
    def native_value(self) -> float:
        """The total."""
        return round(self._meter.total_kwh, 4)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Whether the present power is neither measured nor counted."""
        return {"estimated": self._estimated}


class IntegratedHeatSensor(SourceEntity, RestoreSensor):
    """Heat of a source that reports its heat output only."""

    def __init__(self, system: HeatingSystem, managed: ManagedSource) -> None:
        super().__init__(system, managed, _ENERGY["heat"])
        self._meter = HeatMeter(max_heat_kw(managed.config))

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the total."""
        if (last := await self.async_get_last_sensor_data()) is not None and last.native_value is not None:
            self._meter.start_at(float(str(last.native_value)))
        await super().async_added_to_hass()

    @callback
    @override
    def _on_report(self) -> None:
        """Integrate, then publish."""
        self._meter.update(self.managed.read_at or dt_util.utcnow(), self.managed.heat_w)
        super()._on_report()

    @property
    def has_value(self) -> bool:
        """Whether there is a heat output to integrate."""
        return self.managed.heat_w is not None

    @property
    @override
    def native_value(self) -> float:
        """The total."""
        return round(self._meter.total_kwh, 4)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Whether the present heat output is neither measured nor that of a measured power."""
        now = self.system.engine.delivery.of(self.managed.source.source_id)
        return {"estimated": now is None or now.heat.estimated}


class IntegratedCostSensor(SystemEntity, RestoreSensor):
    """The cost of heat since the system was added."""

    def __init__(self, system: HeatingSystem) -> None:
        super().__init__(system, _COST)
        self._total = 0.0
        self._active_at: datetime | None = None
        self._attr_native_unit_of_measurement = system.coordinator.hass.config.currency

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the total, and add to it in each cycle, before the value is published."""
        if (last := await self.async_get_last_sensor_data()) is not None and last.native_value is not None:
            self._total = float(str(last.native_value))
        self.async_on_remove(self.system.coordinator.async_add_listener(self._integrate))
        await super().async_added_to_hass()

    @callback
    def _integrate(self) -> None:
        """Add what was spent since the last cycle, if control was on and no long gap is in between."""
        now, active = dt_util.utcnow(), self.system.user.active
        if active and self._active_at is not None and (now - self._active_at).total_seconds() <= MAX_GAP_S:
            self._total += self.system.coordinator.data.spent
        self._active_at = now if active else None

    @property
    @override
    def native_value(self) -> float:
        """The total."""
        return round(self._total, 4)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Whether a part of what is added now is neither measured nor counted."""
        cost = self.system.coordinator.data.cost
        return {"estimated": cost.estimated or not cost.complete}


def integrated_sensors(
    system: HeatingSystem, managed: ManagedSource
) -> list[IntegratedEnergySensor | IntegratedHeatSensor]:
    """Return the energy sensors of a source for what it does not count itself."""
    found: list[IntegratedEnergySensor | IntegratedHeatSensor] = []
    if "electricity" not in managed.counters:
        found.append(IntegratedEnergySensor(system, managed))
    if "heat" not in managed.counters:
        found.append(IntegratedHeatSensor(system, managed))
    return found
