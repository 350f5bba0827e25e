"""Sensors: currents, estimated power and energy, link quality, how the last power cut went."""

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

from .const import Kind
from .coordinator import Follow, RunningHub, SmartOutletConfigEntry
from .entity import HubEntity, OutletEntity, add_outlet_entities
from .model.cut import CutState
from .model.outlet import Outlet
from .radio.link import LinkStats, PeerStats

PARALLEL_UPDATES = 0

type Value = StateType | datetime


@dataclass(frozen=True, kw_only=True)
class OutletSensorDescription(SensorEntityDescription):
    """A sensor of an outlet.

    Attributes:
        value_fn: Its value.
        follow: When it is looked at anew.
        always_available: Told even of an outlet that is offline.
    """

    value_fn: Callable[[RunningHub, Outlet], Value]
    follow: Follow = Follow.SELDOM
    always_available: bool = False


@dataclass(frozen=True, kw_only=True)
class HubSensorDescription(SensorEntityDescription):
    """A sensor of a hub.

    Attributes:
        value_fn: Its value.
        follow: When it is looked at anew.
        attributes_fn: Further attributes.
        always_available: Told even while the hub is offline.
        prompt: Written at once when it changes, which is seldom.
    """

    value_fn: Callable[[RunningHub], Value]
    follow: Follow = Follow.SELDOM
    attributes_fn: Callable[[RunningHub], Mapping[str, Any]] | None = None
    always_available: bool = False
    prompt: bool = False


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _current(socket: str) -> OutletSensorDescription:
    return OutletSensorDescription(
        key=f"current_{socket}",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.MILLIAMPERE,
        suggested_display_precision=0,
        value_fn=lambda running, outlet: outlet.sockets[socket].current_ma,
        follow=Follow.EACH_REPORT,
    )


def _power(socket: str) -> OutletSensorDescription:
    def power_w(running: RunningHub, outlet: Outlet) -> float | None:
        current_ma = outlet.sockets[socket].current_ma
        return None if current_ma is None else round(running.hub.config.mains.power_w(current_ma), 1)

    return OutletSensorDescription(
        key=f"power_{socket}",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=power_w,
        follow=Follow.EACH_REPORT,
    )


def _energy(socket: str) -> OutletSensorDescription:
    return OutletSensorDescription(
        key=f"energy_{socket}",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda running, outlet: round(outlet.sockets[socket].meter.energy_wh / 1000, 4),
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
        value_fn=lambda running, outlet: _moment(outlet.last_seen),
        always_available=True,
    ),
    _power("a"),
    _power("b"),
)


def _peer(running: RunningHub, outlet: Outlet) -> PeerStats | None:
    radio = running.radio
    return None if radio is None else radio.stats.peers.get(int(outlet.device_id, 16))


def _round_trip_ms(running: RunningHub, outlet: Outlet) -> int | None:
    peer = _peer(running, outlet)
    return None if peer is None or peer.round_trip_s is None else round(peer.round_trip_s * 1000)


def _retries(running: RunningHub, outlet: Outlet) -> int:
    return peer.retries if (peer := _peer(running, outlet)) is not None else 0


def _failures(running: RunningHub, outlet: Outlet) -> int:
    return peer.failures if (peer := _peer(running, outlet)) is not None else 0


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


def _main_power_w(running: RunningHub) -> float | None:
    current_ma = running.hub.main_current_ma
    return None if current_ma is None else round(running.hub.config.mains.power_w(current_ma), 1)


def _cut_state(running: RunningHub) -> str:
    run = running.hub.cut
    if run is None:
        return "none"
    if run.finished is None:
        return "running"
    return "incomplete" if run.targets(CutState.UNREACHABLE) else "complete"


def _cut_report(running: RunningHub) -> Mapping[str, Any]:
    run = running.hub.cut
    return {} if run is None else {key: value for key, value in run.report().items() if isinstance(value, list)}


HUB_SENSORS: Final = (
    HubSensorDescription(
        key="cut_state",
        device_class=SensorDeviceClass.ENUM,
        options=["none", "running", "complete", "incomplete"],
        value_fn=_cut_state,
        attributes_fn=_cut_report,
        always_available=True,
        prompt=True,
    ),
    HubSensorDescription(
        key="last_seen",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda running: _moment(running.hub.last_seen),
        always_available=True,
    ),
    HubSensorDescription(
        key="main_current",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.MILLIAMPERE,
        suggested_display_precision=0,
        value_fn=lambda running: running.hub.main_current_ma,
        follow=Follow.EACH_REPORT,
    ),
    HubSensorDescription(
        key="main_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda running: round(running.hub.meter.energy_wh / 1000, 4),
        always_available=True,
    ),
    HubSensorDescription(
        key="main_power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=_main_power_w,
        follow=Follow.EACH_REPORT,
    ),
    HubSensorDescription(
        key="outlets",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda running: len(running.hub.outlets),
        always_available=True,
        prompt=True,
    ),
)


def _counter(key: str, value_fn: Callable[[LinkStats], int], *, enabled: bool = False) -> HubSensorDescription:
    return HubSensorDescription(
        key=key,
        entity_registry_enabled_default=enabled,
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda running: value_fn(running.radio.stats) if running.radio is not None else None,
        always_available=True,
    )


RADIO_HUB_SENSORS: Final = (
    _counter("radio_crc_errors", lambda stats: stats.decoder.crc_errors, enabled=True),
    _counter("radio_noise_bytes", lambda stats: stats.decoder.noise_bytes),
    _counter("radio_strays", lambda stats: stats.strays),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the hub and of its outlets."""
    running = entry.runtime_data
    is_radio = running.kind is Kind.RADIO
    hub_sensors = HUB_SENSORS + (RADIO_HUB_SENSORS if is_radio else ())
    outlet_sensors = OUTLET_SENSORS + (RADIO_OUTLET_SENSORS if is_radio else ())
    async_add_entities(HubSensor(running, description) for description in hub_sensors)
    add_outlet_entities(
        entry,
        async_add_entities,
        lambda hub, outlet: [OutletSensor(hub, outlet, description) for description in outlet_sensors],
    )


class OutletSensor(OutletEntity, SensorEntity):
    """A value of an outlet."""

    entity_description: OutletSensorDescription

    def __init__(self, running: RunningHub, outlet: Outlet, description: OutletSensorDescription) -> None:
        super().__init__(running, outlet, description)
        self.follow = description.follow

    @property
    @override
    def native_value(self) -> Value:
        """The value last reported."""
        return self.entity_description.value_fn(self.running, self.outlet)

    @property
    @override
    def available(self) -> bool:
        """Some are told of an outlet that is offline too."""
        return self.entity_description.always_available or self.outlet.online


class HubSensor(HubEntity, SensorEntity):
    """A value of a hub."""

    entity_description: HubSensorDescription

    def __init__(self, running: RunningHub, description: HubSensorDescription) -> None:
        super().__init__(running, description)
        self.follow = description.follow

    @property
    @override
    def native_value(self) -> Value:
        """The value last reported."""
        return self.entity_description.value_fn(self.running)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Sockets by state, of the power cut."""
        fn = self.entity_description.attributes_fn
        return None if fn is None else fn(self.running)

    @property
    @override
    def published_value(self) -> object:
        """The value with its attributes."""
        attributes = self.extra_state_attributes
        return self.native_value if attributes is None else (self.native_value, attributes)

    @property
    @override
    def prompt_value(self) -> object:
        """Some change seldom, and then somebody waits for it."""
        return self.native_value if self.entity_description.prompt else None

    @property
    @override
    def available(self) -> bool:
        """Some are told while the hub is offline too."""
        return self.entity_description.always_available or self.hub.online
