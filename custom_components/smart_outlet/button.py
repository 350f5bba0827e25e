"""Buttons: ping an outlet, read its sensors, switch everything off."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import SmartOutletConfigEntry
from .entity import HubEntity, OutletEntity, add_outlet_entities
from .hub.notifier import UpdateOn
from .model.commands import CommandName, CommandRequest

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class OutletButtonDescription(ButtonEntityDescription):
    """Description of an outlet's button."""

    command: CommandName


BUTTONS: Final = (
    OutletButtonDescription(key="ping", entity_category=EntityCategory.DIAGNOSTIC, command=CommandName.PING),
    OutletButtonDescription(
        key="read_sensors", entity_category=EntityCategory.DIAGNOSTIC, command=CommandName.READ_SENSORS
    ),
)
SWITCH_EVERYTHING_OFF: Final = ButtonEntityDescription(key="cut_all_power", translation_key="switch_everything_off")


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the buttons of the hub and its outlets."""
    async_add_entities([PowerOffButton(entry.runtime_data, SWITCH_EVERYTHING_OFF)])
    add_outlet_entities(
        entry,
        async_add_entities,
        lambda hub, outlet: [OutletButton(hub, outlet, description) for description in BUTTONS],
    )


class OutletButton(OutletEntity, ButtonEntity):
    """Sends a command without parameters; available for an offline outlet too."""

    entity_description: OutletButtonDescription
    update_on = UpdateOn.NEVER

    @property
    @override
    def available(self) -> bool:
        """Return True: a ping is a way to reach an offline outlet."""
        return True

    @override
    async def async_press(self) -> None:
        """Queue the command."""
        await self.async_send_command(CommandRequest(self.entity_description.command))


class PowerOffButton(HubEntity, ButtonEntity):
    """Switches off every socket of the hub except the protected ones."""

    update_on = UpdateOn.NEVER

    @property
    @override
    def available(self) -> bool:
        """Return True: an unreachable outlet is switched off when it returns."""
        return True

    @override
    async def async_press(self) -> None:
        """Start the emergency power-off; the sensor and the event report its result."""
        await self.hub.commands.async_switch_everything_off(include_protected=False)
