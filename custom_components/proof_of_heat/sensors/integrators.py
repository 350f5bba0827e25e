"""Sums over time of what is only known as a rate: electricity and heat of sources that do not count, and cost."""

from datetime import datetime
import math
from typing import Final, override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .._lib.heat_source import SourceKind, SourceState
from ..coordinator import HeatingSystem, SourceUnit
from ..entity import SourceEntity, SystemEntity
from ..runtime.snapshot_builder import metered

GAP_S: Final = 600.0
"""Over a longer silence nothing is counted: nobody knows what was then."""
_ELECTRIC: Final = (SourceKind.MINER, SourceKind.DIRECT_ELECTRIC)

_ENERGY: Final = {
    name: SensorEntityDescription(
        key=name,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
    )
    for name in ("electricity", "heat")
}
_COST: Final = SensorEntityDescription(
    key="cost",
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
    suggested_display_precision=2,
)


class Sum:
    """A rate per hour summed up: each value holds until the next one, for at most ten minutes."""

    def __init__(self) -> None:
        self.total = 0.0
        self._rate: float | None = None
        self._at: datetime | None = None

    def add(self, at: datetime, rate: float | None) -> None:
        """The rate from `at` on; None: nobody knows."""
        if self._at is not None and self._rate is not None:
            elapsed_s = (at - self._at).total_seconds()
            if 0 < elapsed_s <= GAP_S:
                self.total += self._rate * elapsed_s / 3600
        self._at, self._rate = at, rate if rate is not None and math.isfinite(rate) else None


class _Summed(RestoreSensor):
    """A sensor of a sum; goes on where the last run ended."""

    def _begin(self) -> None:
        self._sum = Sum()

    @override
    async def async_added_to_hass(self) -> None:
        """Restore."""
        if (last := await self.async_get_last_sensor_data()) is not None and last.native_value is not None:
            self._sum.total = float(str(last.native_value))
        await super().async_added_to_hass()

    @property
    @override
    def native_value(self) -> float:
        """The sum."""
        return round(self._sum.total, 4)


class EnergyCounter(SourceEntity, _Summed):
    """Energy of a source that tells power only."""

    def __init__(self, system: HeatingSystem, unit: SourceUnit, name: str) -> None:
        super().__init__(system, unit, _ENERGY[name])
        self._begin()

    @callback
    @override
    def _follow(self) -> None:
        """Count first."""
        watts = self._watts()
        self._sum.add(dt_util.utcnow(), None if watts is None else watts / 1000)
        super()._follow()

    def _watts(self) -> float | None:
        if self.entity_description.key == "heat":
            return heat_w(self.unit, self.unit.source.state)
        return power_of(self.system.hass, self.unit)

    @property
    def told(self) -> bool:
        """Whether there is something to count."""
        return self._watts() is not None


class CostCounter(SystemEntity, _Summed):
    """Money for heat, since the system was added."""

    def __init__(self, system: HeatingSystem) -> None:
        super().__init__(system, _COST)
        self._begin()
        self._attr_native_unit_of_measurement = system.hass.config.currency

    @override
    async def async_added_to_hass(self) -> None:
        """Count at each cycle; what is shown follows."""
        self.async_on_remove(self.system.async_add_listener(self._count))
        await super().async_added_to_hass()

    @callback
    def _count(self) -> None:
        active = self.system.wanted.active
        self._sum.add(dt_util.utcnow(), self.system.data.decision.record.cost_h if active else None)


def heat_w(unit: SourceUnit, state: SourceState) -> float | None:
    """The heat that a source gives; what only turns current into heat gives what it draws."""
    if state.heat_w is None and unit.config.kind in _ELECTRIC:
        return state.power_w
    return state.heat_w


def power_of(hass: HomeAssistant, unit: SourceUnit) -> float | None:
    """The electric power of a source, of its linked meter where it does not measure itself."""
    watts = metered(hass, unit, dt_util.utcnow()).power_w
    return watts if math.isfinite(watts) else None


def counters_of(system: HeatingSystem, unit: SourceUnit) -> list[EnergyCounter]:
    """The counters that a source needs because it has none of its own."""
    return [EnergyCounter(system, unit, name) for name in _ENERGY if name not in unit.counts]
