"""Permissions: who may read or change a building is decided by its curve value entity.

What a controller reported in the past is read as `_lib.archive_access` rules: field by field.
"""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..protocol.fields import ERRORS, STATE, TELEMETRY_FIELDS
from .controller import Controller

_ENTITY_KEY = "curve_value"


def permission_entity(hass: HomeAssistant, entry_id: str) -> str:
    """Return the entity whose permissions apply; one that does not exist is allowed for administrators only."""
    entity_id = er.async_get(hass).async_get_entity_id(Platform.NUMBER, DOMAIN, f"{entry_id}_{_ENTITY_KEY}")
    return entity_id or f"number.{DOMAIN}_{entry_id}"


def field_entities(hass: HomeAssistant, controller: Controller) -> dict[str, str | None]:
    """Return the entity that shows each field of a controller's reports; None where none does."""
    registry = er.async_get(hass)
    shown = {field.name: (Platform.SENSOR, field.sensor.key) for field in TELEMETRY_FIELDS if field.sensor is not None}
    shown |= {STATE: (Platform.BINARY_SENSOR, "heating"), ERRORS: (Platform.SENSOR, "error")}
    entities: dict[str, str | None] = {field.name: None for field in TELEMETRY_FIELDS}
    for name, (platform, key) in shown.items():
        entities[name] = registry.async_get_entity_id(platform, DOMAIN, f"{controller.subentry_id}_{key}")
    return entities
