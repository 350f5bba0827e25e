# Generated from lib/entity_fix.py by scripts/build: edit that file, not this one.
"""The repair flow of a missing linked entity: choose another one.

    async def async_create_fix_flow(hass, issue_id, data):      # in the repairs platform of the integration
        return fix_flow(DOMAIN, issue_id)       # or with a function that finds what is wrong with a choice

`LinkedEntities` reports the entity with `on_replaced`, which stores the choice. The texts are those of the issue
`entity_missing`: `fix_flow.step.init` with the field `entity`, `fix_flow.error.entity_missing`, and
`fix_flow.abort.entity_back`.
"""

from collections.abc import Callable
from typing import Any

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant, split_entity_id
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig
import probatio as vol

from .entity_refs import ISSUE_KEY, REPORTED, LinkedEntities, exists

CONF_ENTITY = "entity"

type FindProblem = Callable[[HomeAssistant, str], str | None]
"""Returns the key of the error of an entity that may not be chosen."""


def fix_flow(domain: str, issue_id: str, find_problem: FindProblem | None = None) -> RepairsFlow:
    """Return the repair flow of an issue; one of a missing entity offers a choice, any other only confirms."""
    return ReplaceEntityFlow(domain, find_problem) if issue_id.startswith(ISSUE_KEY) else ConfirmRepairFlow()


class ReplaceEntityFlow(RepairsFlow):
    """Asks for the entity to use instead of a missing one, of the same kind."""

    def __init__(self, domain: str, find_problem: FindProblem | None = None) -> None:
        """`domain`: the integration that reported the entity."""
        self._domain = domain
        self._find_problem = find_problem

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show the form, and use what was chosen."""
        links: LinkedEntities | None = self.hass.data.get(REPORTED, {}).get((self._domain, self.issue_id))
        use = links.use_of(self.issue_id) if links is not None else None
        if links is None or use is None:
            return self.async_abort(reason="entity_back")
        errors = {}
        # Home Assistant starts the flow with the issue ID as input.
        if user_input is not None and CONF_ENTITY in user_input:
            problem = self._problem(user_input[CONF_ENTITY])
            if problem is None:
                links.replace(use, user_input[CONF_ENTITY])
                return self.async_create_entry(data={})
            errors[CONF_ENTITY] = problem
        placeholders = links.placeholders(use)
        kind = split_entity_id(placeholders["entity"])[0] if "." in placeholders["entity"] else None
        selector = EntitySelector(EntitySelectorConfig(domain=kind) if kind else EntitySelectorConfig())
        return self.async_show_form(
            step_id="init",
            data_schema=vol.Schema({vol.Required(CONF_ENTITY): selector}),
            description_placeholders=placeholders,
            errors=errors,
        )

    def _problem(self, entity_id: str) -> str | None:
        if not exists(self.hass, entity_id):
            return "entity_missing"
        return None if self._find_problem is None else self._find_problem(self.hass, entity_id)
