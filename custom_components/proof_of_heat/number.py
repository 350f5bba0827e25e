"""Numbers: the heating curve and its limit, kept in the entry's options."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import EntityCategory, UnitOfPower, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_CURVE, CONF_LEVEL, CONF_LIMITS, CONF_MAX_FLOW, CONF_SITE_POWER, CONF_SLOPE
from .coordinator import HeatConfigEntry, HeatingSystem
from .entity import SystemEntity

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class CurveNumberDescription(NumberEntityDescription):
    """A number of the curve. `setting`: its name in the settings."""

    setting: str
    option: str


NUMBERS: Final = (
    CurveNumberDescription(
        key="level",
        setting="level",
        option=CONF_LEVEL,
        entity_category=EntityCategory.CONFIG,
        native_min_value=-13,
        native_max_value=40,
        native_step=0.5,
        native_unit_of_measurement=UnitOfTemperature.KELVIN,
        mode=NumberMode.BOX,
    ),
    CurveNumberDescription(
        key="max_flow",
        device_class=NumberDeviceClass.TEMPERATURE,
        setting="max_flow_c",
        option=CONF_MAX_FLOW,
        entity_category=EntityCategory.CONFIG,
        native_min_value=25,
        native_max_value=80,
        native_step=1,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        mode=NumberMode.BOX,
    ),
    CurveNumberDescription(
        key="slope",
        setting="slope",
        option=CONF_SLOPE,
        entity_category=EntityCategory.CONFIG,
        native_min_value=0.1,
        native_max_value=3.5,
        native_step=0.05,
        mode=NumberMode.BOX,
    ),
)


_POWER_LIMIT: Final = NumberEntityDescription(
    key="power_limit",
    entity_category=EntityCategory.CONFIG,
    native_min_value=500,
    native_max_value=100_000,
    native_step=100,
    native_unit_of_measurement=UnitOfPower.WATT,
    device_class=NumberDeviceClass.POWER,
    mode=NumberMode.BOX,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    system = entry.runtime_data
    async_add_entities([*(CurveNumber(system, description) for description in NUMBERS), PowerLimitNumber(system)])


class CurveNumber(SystemEntity, NumberEntity):
    """A number of the curve."""

    entity_description: CurveNumberDescription

    @property
    @override
    def native_value(self) -> float:
        """As set."""
        return float(getattr(self.system.settings, self.entity_description.setting))

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the option; the system takes it up by a reload."""
        settings = self.system.settings
        shown = {CONF_SLOPE: settings.slope, CONF_LEVEL: settings.level, CONF_MAX_FLOW: settings.max_flow_c}
        change_option(self.system, CONF_CURVE, {self.entity_description.option: value}, shown)


class PowerLimitNumber(SystemEntity, NumberEntity):
    """The power that all sources together stay below; unknown where none is set."""

    def __init__(self, system: HeatingSystem) -> None:
        super().__init__(system, _POWER_LIMIT)

    @property
    @override
    def native_value(self) -> float | None:
        """As set."""
        return self.system.settings.site_power_w

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the option; the system takes it up by a reload."""
        change_option(self.system, CONF_LIMITS, {CONF_SITE_POWER: value}, {})


def change_option(system: HeatingSystem, subject: str, change: Mapping[str, float], shown: Mapping[str, float]) -> None:
    """Change one option; what is `shown` without having been set is set with it."""
    entry = system.config_entry
    options = {**entry.options, subject: {**shown, **entry.options.get(subject, {}), **change}}
    system.hass.config_entries.async_update_entry(entry, options=options)
