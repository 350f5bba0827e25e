"""Sensors: currents, estimated power and energy, link quality, emergency power-off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .const import HubKind
from .data import HubData, SmartOutletConfigEntry
from .entity import HubEntity, OutletEntity, add_outlet_entities
from .hub.notifier import UpdateOn
from .model.alerts import HUB_SOURCE, AlertType
from .model.outlet import Outlet
from .model.power_off import SocketResult
from .radio.link import LinkStats, PeerStats

PARALLEL_UPDATES = 0

type Value = StateType | datetime


@dataclass(frozen=True, kw_only=True)
class OutletSensorDescription(SensorEntityDescription):
    """Description of an outlet's sensor.

    Attributes:
        value_fn: Returns the value.
        update_on: When the value is read again.
        always_available: Available even while the outlet is offline.
        immediate_fn: Returns what is written at once when it changes.
    """

    value_fn: Callable[[HubData, Outlet], Value]
    update_on: UpdateOn = UpdateOn.INTERVAL
    always_available: bool = False
    immediate_fn: Callable[[Outlet], object] = lambda outlet: None


@dataclass(frozen=True, kw_only=True)
class HubSensorDescription(SensorEntityDescription):
    """Description of a hub's sensor.

    Attributes:
        value_fn: Returns the value.
        update_on: When the value is read again.
        attributes_fn: Returns extra attributes.
        always_available: Available even while the hub is offline.
        immediate_fn: Returns what is written at once when it changes.
    """

    value_fn: Callable[[HubData], Value]
    update_on: UpdateOn = UpdateOn.INTERVAL
    attributes_fn: Callable[[HubData], Mapping[str, Any]] | None = None
    always_available: bool = False
    immediate_fn: Callable[[HubData], object] = lambda hub: None


def _datetime(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _main_current_level(hub: HubData) -> object:
    """Whether the main current is known and over its threshold."""
    over = hub.model.alerts.is_active(AlertType.MAIN_THRESHOLD, HUB_SOURCE)
    return (hub.model.main_current_ma is not None, over)


def _current(socket: str) -> OutletSensorDescription:
    return OutletSensorDescription(
        key=f"current_{socket}",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.MILLIAMPERE,
        suggested_display_precision=0,
        value_fn=lambda hub, outlet: outlet.sockets[socket].current_ma,
        update_on=UpdateOn.REPORT,
        immediate_fn=lambda outlet: (outlet.sockets[socket].is_tripped, outlet.is_over_threshold(socket)),
    )


def _power(socket: str) -> OutletSensorDescription:
    return OutletSensorDescription(
        key=f"power_{socket}",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=lambda hub, outlet: hub.model.settings.mains.shown_power_w(outlet.sockets[socket].current_ma),
        update_on=UpdateOn.REPORT,
        immediate_fn=lambda outlet: (outlet.sockets[socket].is_tripped, outlet.is_over_threshold(socket)),
    )


def _energy(socket: str) -> OutletSensorDescription:
    return OutletSensorDescription(
        key=f"energy_{socket}",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda hub, outlet: round(outlet.sockets[socket].meter.energy_wh / 1000, 4),
        always_available=True,
    )


OUTLET_SENSORS: Final = (
    _current("a"),
    _current("b"),
    _energy("a"),
    _energy("b"),
    OutletSensorDescription(
        key="last_seen",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda hub, outlet: _datetime(hub.model.to_wall(outlet.last_seen)),
        always_available=True,
    ),
    _power("a"),
    _power("b"),
)


def _peer(hub: HubData, outlet: Outlet) -> PeerStats | None:
    radio = hub.radio
    return None if radio is None else radio.stats.peers.get(int(outlet.device_id, 16))


def _round_trip_ms(hub: HubData, outlet: Outlet) -> int | None:
    peer = _peer(hub, outlet)
    return None if peer is None or peer.round_trip_s is None else round(peer.round_trip_s * 1000)


def _retries(hub: HubData, outlet: Outlet) -> int:
    return peer.retries if (peer := _peer(hub, outlet)) is not None else 0


def _failures(hub: HubData, outlet: Outlet) -> int:
    return peer.failures if (peer := _peer(hub, outlet)) is not None else 0


RADIO_OUTLET_SENSORS: Final = (
    OutletSensorDescription(
        key="radio_failures",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_failures,
        always_available=True,
    ),
    OutletSensorDescription(
        key="radio_retries",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_retries,
        always_available=True,
    ),
    OutletSensorDescription(
        key="radio_round_trip",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_round_trip_ms,
    ),
)


def _power_off_state(hub: HubData) -> str:
    power_off = hub.model.power_off
    if power_off is None:
        return "none"
    if power_off.finished is None:
        return "running"
    return "incomplete" if power_off.sockets_with(SocketResult.UNREACHABLE) else "complete"


def _sockets_by_result(hub: HubData) -> Mapping[str, Any]:
    power_off = hub.model.power_off
    report = {} if power_off is None else power_off.report()
    return {key: value for key, value in report.items() if isinstance(value, list)}


HUB_SENSORS: Final = (
    HubSensorDescription(
        key="cut_state",
        translation_key="power_off_state",
        device_class=SensorDeviceClass.ENUM,
        options=["none", "running", "complete", "incomplete"],
        value_fn=_power_off_state,
        attributes_fn=_sockets_by_result,
        always_available=True,
    ),
    HubSensorDescription(
        key="last_seen",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda hub: _datetime(hub.model.to_wall(hub.model.last_seen)),
        always_available=True,
    ),
    HubSensorDescription(
        key="main_current",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.MILLIAMPERE,
        suggested_display_precision=0,
        value_fn=lambda hub: hub.model.main_current_ma,
        update_on=UpdateOn.REPORT,
        immediate_fn=_main_current_level,
    ),
    HubSensorDescription(
        key="main_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda hub: round(hub.model.meter.energy_wh / 1000, 4),
        always_available=True,
    ),
    HubSensorDescription(
        key="main_power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=lambda hub: hub.model.settings.mains.shown_power_w(hub.model.main_current_ma),
        update_on=UpdateOn.REPORT,
        immediate_fn=_main_current_level,
    ),
    HubSensorDescription(
        key="outlets",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda hub: len(hub.model.outlets),
        always_available=True,
        immediate_fn=lambda hub: len(hub.model.outlets),
    ),
)


def _counter(key: str, value_fn: Callable[[LinkStats], int], *, enabled: bool = False) -> HubSensorDescription:
    return HubSensorDescription(
        key=key,
        entity_registry_enabled_default=enabled,
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda hub: value_fn(hub.radio.stats) if hub.radio is not None else None,
        always_available=True,
    )


RADIO_HUB_SENSORS: Final = (
    _counter("radio_crc_errors", lambda stats: stats.decoder.crc_errors, enabled=True),
    _counter("radio_noise_bytes", lambda stats: stats.decoder.noise_bytes),
    _counter("radio_strays", lambda stats: stats.unexpected),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors of the hub and its outlets."""
    hub = entry.runtime_data
    is_radio = hub.info.kind is HubKind.RADIO
    hub_sensors = HUB_SENSORS + (RADIO_HUB_SENSORS if is_radio else ())
    outlet_sensors = OUTLET_SENSORS + (RADIO_OUTLET_SENSORS if is_radio else ())
    async_add_entities(HubSensor(hub, description) for description in hub_sensors)
    add_outlet_entities(
        entry,
        async_add_entities,
        lambda hub, outlet: [OutletSensor(hub, outlet, description) for description in outlet_sensors],
    )


class OutletSensor(OutletEntity, SensorEntity):
    """A sensor of an outlet."""

    entity_description: OutletSensorDescription

    def __init__(self, hub: HubData, outlet: Outlet, description: OutletSensorDescription) -> None:
        super().__init__(hub, outlet, description)
        self.update_on = description.update_on

    @property
    @override
    def native_value(self) -> Value:
        """Return the last reported value."""
        return self.entity_description.value_fn(self.hub, self.outlet)

    @property
    @override
    def immediate_value(self) -> object:
        """Return whether the socket has tripped or draws more than the threshold."""
        return self.entity_description.immediate_fn(self.outlet)

    @property
    @override
    def available(self) -> bool:
        """Return whether the outlet reports or the value does not depend on it."""
        return self.entity_description.always_available or self.outlet.online


class HubSensor(HubEntity, SensorEntity):
    """A sensor of a hub."""

    entity_description: HubSensorDescription

    def __init__(self, hub: HubData, description: HubSensorDescription) -> None:
        super().__init__(hub, description)
        self.update_on = description.update_on

    @property
    @override
    def native_value(self) -> Value:
        """Return the last reported value."""
        return self.entity_description.value_fn(self.hub)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the extra attributes of the description."""
        fn = self.entity_description.attributes_fn
        return None if fn is None else fn(self.hub)

    @property
    @override
    def published_value(self) -> object:
        """Return the value with its attributes."""
        attributes = self.extra_state_attributes
        return self.native_value if attributes is None else (self.native_value, attributes)

    @property
    @override
    def immediate_value(self) -> object:
        """Return what is written at once when it changes."""
        return self.entity_description.immediate_fn(self.hub)

    @property
    @override
    def available(self) -> bool:
        """Return whether the hub is online or the value does not depend on it."""
        return self.entity_description.always_available or self.hub.model.online
