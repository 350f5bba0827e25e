"""Buttons of a rollout: pause, resume, abort, retry, roll back, start the next wave."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .data import OtaConfigEntry
from .entity import RolloutEntity
from .error_handling import translate_errors
from .hub import OtaHub
from .rollout.plan import ENDED, Rollout, Status
from .rollout.rollout_manager import RolloutManager

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class RolloutButtonDescription(ButtonEntityDescription):
    """Describes a button of a rollout."""

    press_fn: Callable[[RolloutManager, str, float], Any]
    available_fn: Callable[[Rollout], bool]


BUTTONS: Final = (
    RolloutButtonDescription(
        key="abort",
        press_fn=lambda rollouts, rollout_id, now: rollouts.abort(rollout_id, now),
        available_fn=lambda rollout: rollout.status not in ENDED,
    ),
    RolloutButtonDescription(
        key="pause",
        press_fn=lambda rollouts, rollout_id, now: rollouts.pause(rollout_id),
        available_fn=lambda rollout: rollout.status not in ENDED and rollout.status is not Status.PAUSED,
    ),
    RolloutButtonDescription(
        key="promote",
        press_fn=lambda rollouts, rollout_id, now: rollouts.promote(rollout_id, now),
        available_fn=lambda rollout: rollout.status not in ENDED and rollout.wave + 1 < len(rollout.waves),
    ),
    RolloutButtonDescription(
        key="resume",
        press_fn=lambda rollouts, rollout_id, now: rollouts.resume(rollout_id, now),
        available_fn=lambda rollout: rollout.status is Status.PAUSED,
    ),
    RolloutButtonDescription(
        key="retry",
        press_fn=lambda rollouts, rollout_id, now: rollouts.retry(rollout_id, now),
        available_fn=lambda rollout: rollout.status not in ENDED,
    ),
    RolloutButtonDescription(
        key="rollback",
        press_fn=lambda rollouts, rollout_id, now: rollouts.rollback(rollout_id, now),
        available_fn=lambda rollout: rollout.status not in ENDED,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: OtaConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of all rollouts, also of those added later."""
    hub = entry.runtime_data.hub
    entry.async_on_unload(hub.dispatcher.for_each_rollout(partial(_add_entities, hub, async_add_entities)))


@callback
def _add_entities(hub: OtaHub, async_add_entities: AddConfigEntryEntitiesCallback, rollout_id: str) -> None:
    rollout = hub.state.rollouts[rollout_id]
    async_add_entities(RolloutButton(hub, rollout, description) for description in BUTTONS)


class RolloutButton(RolloutEntity, ButtonEntity):
    """A button of a rollout, for administrators only like the actions."""

    entity_description: RolloutButtonDescription

    @property
    @override
    def published_value(self) -> object:
        """Return the availability, the only value that changes."""
        return self.available

    @property
    @override
    def available(self) -> bool:
        """Return whether the operation is possible now."""
        return self.rollout is not None and self.entity_description.available_fn(self.rollout)

    @translate_errors
    @override
    async def async_press(self) -> None:
        """Run the operation."""
        await self._async_require_admin()
        self.entity_description.press_fn(self.hub.engine.rollouts, self.rollout_id, self.hub.now)
        await self.hub.async_commit()

    async def _async_require_admin(self) -> None:
        user_id = self._context.user_id if self._context else None
        if user_id is None:
            return  # an automation
        user = await self.hass.auth.async_get_user(user_id)
        if user is None or not user.is_admin:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="admin_only")
