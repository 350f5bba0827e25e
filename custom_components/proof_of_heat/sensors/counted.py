"""Sensors of energy that a device counts. Wrong readings of its counter never become consumption."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, override

from homeassistant.components.sensor import RestoreSensor, SensorEntityDescription, SensorExtraStoredData
from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .._lib.counters import Counter
from .._lib.heat_source import Health
from ..data import HeatingSystem
from ..drivers.meter.reading import MeterReading
from ..entity import MeterEntity, SourceEntity
from ..metering.coordinator import MeterCoordinator
from ..metering.energy import CountedEnergy, max_electric_kw, max_heat_kw
from ..sources.managed_source import ManagedSource
from .base import ENERGY, MeterSensorDescription

UNAVAILABLE: Final = (Health.FAILING, Health.AUTH)
_COUNTED: Final = {"electricity": ("electricity_kwh", max_electric_kw), "heat": ("heat_kwh", max_heat_kw)}
_STORED: Final = "counted"


class _Stored(SensorExtraStoredData):
    """What Home Assistant stores of a sensor, with the state of its counter."""

    def __init__(self, sensor: SensorExtraStoredData, counted: Mapping[str, Any]) -> None:
        super().__init__(sensor.native_value, sensor.native_unit_of_measurement)
        self._counted = counted

    @override
    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), _STORED: dict(self._counted)}


class StoredCounterSensor(RestoreSensor):
    """A sensor whose counter continues after a restart."""

    def counter_state(self) -> Mapping[str, Any]:
        """Return the state of the counter to store."""
        raise NotImplementedError

    @property
    @override
    def extra_restore_state_data(self) -> SensorExtraStoredData:
        """The state to store."""
        return _Stored(super().extra_restore_state_data, self.counter_state())

    async def async_stored_counter(self) -> Mapping[str, Any]:
        """Return the stored state of the counter; empty where there is none."""
        stored = await self.async_get_last_extra_data()
        found = None if stored is None else stored.as_dict().get(_STORED)
        return found if isinstance(found, Mapping) else {}


class CountedEnergySensor(SourceEntity, StoredCounterSensor):
    """Energy that a source counts itself."""

    def __init__(self, system: HeatingSystem, managed: ManagedSource, name: str) -> None:
        super().__init__(system, managed, SensorEntityDescription(key=name, **ENERGY))
        self._field, limit = _COUNTED[name]
        self._energy = CountedEnergy(limit(managed.config))

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the counter."""
        self._energy.restore(await self.async_stored_counter())
        self._feed()
        await super().async_added_to_hass()

    @override
    def counter_state(self) -> Mapping[str, Any]:
        return self._energy.as_dict()

    @callback
    @override
    def _on_report(self) -> None:
        self._feed()
        super()._on_report()

    def _feed(self) -> None:
        state = self.managed.source.state
        self._energy.feed(state.at, getattr(state, self._field))

    @property
    def has_value(self) -> bool:
        """Whether the device has reported a value."""
        return getattr(self.managed.source.state, self._field) is not None

    @property
    @override
    def available(self) -> bool:
        """Whether the source answers."""
        return self.managed.source.state.health not in UNAVAILABLE

    @property
    @override
    def native_value(self) -> float | None:
        """The energy."""
        return self._energy.value


class DayCounter:
    """A counter that a device sets to zero every day: a reading is shown when it is accepted."""

    def __init__(self, max_kw: float) -> None:
        self._max_kw = max_kw
        self._counter = Counter(max_per_hour=max_kw)
        self._day: date | None = None
        self._fed: tuple[object, float] | None = None
        self.value: float | None = None

    def feed(self, at_s: float, day: date, reading: float | None) -> None:
        """Add a reading at a time in s on a local day."""
        if reading is None or self._fed == (at_s, reading):
            return
        self._fed = (at_s, reading)
        if day != self._day:
            self._day, self._counter = day, Counter(max_per_hour=self._max_kw)
        if self._counter.update(reading, at_s) is not None:
            self.value = reading


class MeterEnergySensor(MeterEntity, StoredCounterSensor):
    """Energy that a meter counts."""

    entity_description: MeterSensorDescription

    def __init__(self, system: HeatingSystem, meter: MeterCoordinator, description: MeterSensorDescription) -> None:
        super().__init__(system, meter, description)
        self._energy = CountedEnergy()

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the counter, and follow the readings before they are published."""
        self._energy.restore(await self.async_stored_counter())
        self._feed()
        self.async_on_remove(self.meter.async_add_listener(self._feed))
        await super().async_added_to_hass()

    @override
    def counter_state(self) -> Mapping[str, Any]:
        return self._energy.as_dict()

    @callback
    def _feed(self) -> None:
        reading: MeterReading | None = self.meter.data
        if reading is not None and reading.counted_at is not None:
            self._energy.feed(reading.counted_at, self.entity_description.value_fn(reading))

    @property
    @override
    def native_value(self) -> float | None:
        """The energy; unknown while the meter does not report it."""
        reading: MeterReading | None = self.meter.data
        if reading is None or self.entity_description.value_fn(reading) is None:
            return None
        return self._energy.value


def counted_sensors(system: HeatingSystem, managed: ManagedSource) -> list[CountedEnergySensor]:
    """Return the energy sensors of a source for what it counts itself."""
    return [CountedEnergySensor(system, managed, name) for name in _COUNTED if name in managed.counters]


def local_day(at_s: float) -> date:
    """Return the local day of a time."""
    return dt_util.as_local(dt_util.utc_from_timestamp(at_s)).date()
