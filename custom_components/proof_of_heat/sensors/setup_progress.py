"""What is still missing until the heating system can control: shown on its device page."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import EntityCategory

from ..const import CONF_BASE_PRICE, CONF_FIXED_PRICE, CONF_PRICE, CONF_PRICE_ENTITY
from ..data import HeatingSystem
from .system import SystemSensorDescription


class SetupStep(StrEnum):
    """The first step that is missing, in the order in which a user takes them."""

    ZONE = "zone_missing"
    SOURCE = "source_missing"
    METER = "meter_missing"
    PRICE = "price_missing"
    CONTROL = "control_off"
    COMPLETE = "complete"


_PRICES: Final = (CONF_PRICE_ENTITY, CONF_FIXED_PRICE, CONF_BASE_PRICE)


def missing_steps(system: HeatingSystem) -> list[SetupStep]:
    """Return the missing steps. Without any price, costs are unknown; without a meter, nothing can be learned."""
    price = system.coordinator.config_entry.options.get(CONF_PRICE, {})
    is_missing = {
        SetupStep.ZONE: not system.config.zones,
        SetupStep.SOURCE: not system.sources,
        SetupStep.METER: system.engine.is_unmeasured,
        SetupStep.PRICE: all(price.get(name) is None for name in _PRICES),
        SetupStep.CONTROL: not system.user.active,
    }
    return [step for step, missing in is_missing.items() if missing]


def _value(system: HeatingSystem) -> str:
    return str(next(iter(missing_steps(system)), SetupStep.COMPLETE))


def _details(system: HeatingSystem) -> Mapping[str, Any]:
    return {"missing": [str(step) for step in missing_steps(system)]}


SETUP_PROGRESS: Final = SystemSensorDescription(
    key="setup",
    device_class=SensorDeviceClass.ENUM,
    options=[str(step) for step in SetupStep],
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=_value,
    attributes_fn=_details,
    published_fn=lambda system: tuple(missing_steps(system)),
)
