"""Subentry flow of a linked entity."""

from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig
import probatio as vol

from .._lib.device_keys import KeyRing
from .._lib.entity_refs import entity_id_of, to_reference
from ..const import CONF_LINKED, DOMAIN
from ..runtime.linked_entity import LINKABLE_DOMAINS
from ..storage.device_records import ControllerKind
from ..storage.device_store import DEVICE_STORE
from .energy_fields import ENERGY_FIELDS, NAME_FIELD, energy_data

_USER_SCHEMA: Final = vol.Schema(
    {
        **NAME_FIELD,
        vol.Required(CONF_LINKED): EntitySelector(EntitySelectorConfig(domain=list(LINKABLE_DOMAINS))),
        **ENERGY_FIELDS,
    }
)
_RECONFIGURE_SCHEMA: Final = vol.Schema({**NAME_FIELD, **ENERGY_FIELDS})


class LinkedEntitySubentryFlow(ConfigSubentryFlow):
    """Link an existing entity, such as a relay or a thermostat."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Select the entity."""
        errors: dict[str, str] = {}
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            reference = to_reference(self.hass, user_input[CONF_LINKED])
            store = self.hass.data[DEVICE_STORE]
            if not name:
                errors[CONF_NAME] = "name_required"
            elif reference in store.devices:
                errors[CONF_LINKED] = "already_linked"
            elif self._is_own(user_input[CONF_LINKED]):
                errors[CONF_LINKED] = "own_entity"
            else:
                data = {CONF_LINKED: reference, **energy_data(user_input)}
                await store.async_add_device(
                    reference, self._get_entry().entry_id, name, KeyRing(), kind=ControllerKind.LINKED, config=data
                )
                return self.async_create_entry(title=name, data=data, unique_id=reference)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_USER_SCHEMA, user_input),
            errors=errors,
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change the name or the energy sources."""
        subentry = self._get_reconfigure_subentry()
        reference = subentry.data[CONF_LINKED]
        errors: dict[str, str] = {}
        if user_input is not None:
            if name := user_input[CONF_NAME].strip():
                return self.async_update_and_abort(
                    self._get_entry(), subentry, title=name, data={CONF_LINKED: reference, **energy_data(user_input)}
                )
            errors[CONF_NAME] = "name_required"
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                _RECONFIGURE_SCHEMA, user_input or {CONF_NAME: subentry.title, **subentry.data}
            ),
            errors=errors,
            description_placeholders={"entity": entity_id_of(self.hass, reference) or reference},
        )

    def _is_own(self, entity_id: str) -> bool:
        """Return whether a building would be a controller of itself."""
        entry = er.async_get(self.hass).async_get(entity_id)
        return entry is not None and entry.platform == DOMAIN
