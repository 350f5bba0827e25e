"""Permissions: who may read or change a building is decided by its curve value entity."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN

_ENTITY_KEY = "curve_value"


def permission_entity(hass: HomeAssistant, entry_id: str) -> str:
    """Return the entity whose permissions apply; one that does not exist is allowed for administrators only."""
    entity_id = er.async_get(hass).async_get_entity_id(Platform.NUMBER, DOMAIN, f"{entry_id}_{_ENTITY_KEY}")
    return entity_id or f"number.{DOMAIN}_{entry_id}"
