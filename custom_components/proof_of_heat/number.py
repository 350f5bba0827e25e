"""Numbers: the heating curve and the power limit, stored in the entry's options."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import EntityCategory, UnitOfPower, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._lib.action_fields import require_finite
from .const import (
    CONF_CURVE,
    CONF_LEVEL,
    CONF_LIMITS,
    CONF_MAX_FLOW,
    CONF_SITE_POWER,
    CONF_SLOPE,
    LEVEL_RANGE_K,
    MAX_FLOW_RANGE_C,
    POWER_LIMIT_RANGE_W,
    SLOPE_RANGE,
)
from .data import HeatConfigEntry, HeatingSystem
from .entity import SystemEntity

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class CurveNumberDescription(NumberEntityDescription):
    """A number of the heating curve."""

    field: str
    """Its name in the system's configuration."""
    option: str


NUMBERS: Final = (
    CurveNumberDescription(
        key="level",
        field="level",
        option=CONF_LEVEL,
        entity_category=EntityCategory.CONFIG,
        native_min_value=LEVEL_RANGE_K[0],
        native_max_value=LEVEL_RANGE_K[1],
        native_step=0.5,
        native_unit_of_measurement=UnitOfTemperature.KELVIN,
        mode=NumberMode.BOX,
    ),
    CurveNumberDescription(
        key="max_flow",
        device_class=NumberDeviceClass.TEMPERATURE,
        field="max_flow_c",
        option=CONF_MAX_FLOW,
        entity_category=EntityCategory.CONFIG,
        native_min_value=MAX_FLOW_RANGE_C[0],
        native_max_value=MAX_FLOW_RANGE_C[1],
        native_step=1,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        mode=NumberMode.BOX,
    ),
    CurveNumberDescription(
        key="slope",
        field="slope",
        option=CONF_SLOPE,
        entity_category=EntityCategory.CONFIG,
        native_min_value=SLOPE_RANGE[0],
        native_max_value=SLOPE_RANGE[1],
        native_step=0.05,
        mode=NumberMode.BOX,
    ),
)


_POWER_LIMIT: Final = NumberEntityDescription(
    key="power_limit",
    entity_category=EntityCategory.CONFIG,
    native_min_value=POWER_LIMIT_RANGE_W[0],
    native_max_value=POWER_LIMIT_RANGE_W[1],
    native_step=100,
    native_unit_of_measurement=UnitOfPower.WATT,
    device_class=NumberDeviceClass.POWER,
    mode=NumberMode.BOX,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the numbers."""
    system = entry.runtime_data
    async_add_entities([*(CurveNumber(system, description) for description in NUMBERS), PowerLimitNumber(system)])


class CurveNumber(SystemEntity, NumberEntity):
    """A number of the heating curve."""

    entity_description: CurveNumberDescription

    @property
    @override
    def native_value(self) -> float:
        """The configured value."""
        return float(getattr(self.system.config, self.entity_description.field))

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the option; it takes effect at once."""
        require_finite(self, value)
        config = self.system.config
        defaults = {CONF_SLOPE: config.slope, CONF_LEVEL: config.level, CONF_MAX_FLOW: config.max_flow_c}
        change_option(self.system, CONF_CURVE, {self.entity_description.option: value}, defaults)


class PowerLimitNumber(SystemEntity, NumberEntity):
    """The power limit of all sources together; unknown without one."""

    def __init__(self, system: HeatingSystem) -> None:
        super().__init__(system, _POWER_LIMIT)

    @property
    @override
    def native_value(self) -> float | None:
        """The configured value."""
        return self.system.config.site_power_w

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the option; it takes effect at once."""
        require_finite(self, value)
        change_option(self.system, CONF_LIMITS, {CONF_SITE_POWER: value}, {})


def change_option(
    system: HeatingSystem, subject: str, change: Mapping[str, float], defaults: Mapping[str, float]
) -> None:
    """Change one option; `defaults` are stored with it where nothing is stored yet."""
    entry = system.coordinator.config_entry
    options = {**entry.options, subject: {**defaults, **entry.options.get(subject, {}), **change}}
    system.coordinator.hass.config_entries.async_update_entry(entry, options=options)
    system.reconfiguration.apply()
