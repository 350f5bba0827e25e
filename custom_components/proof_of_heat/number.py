"""Numbers: the heating curve and its limit, kept in the entry's options."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.number import NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import EntityCategory, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_CURVE, CONF_LEVEL, CONF_MAX_FLOW, CONF_SLOPE
from .coordinator import HeatConfigEntry
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


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    async_add_entities(CurveNumber(entry.runtime_data, description) for description in NUMBERS)


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
        entry = self.system.config_entry
        curve = {
            CONF_SLOPE: self.system.settings.slope,
            CONF_LEVEL: self.system.settings.level,
            CONF_MAX_FLOW: self.system.settings.max_flow_c,
            **entry.options.get(CONF_CURVE, {}),
            self.entity_description.option: value,
        }
        self.hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_CURVE: curve})
