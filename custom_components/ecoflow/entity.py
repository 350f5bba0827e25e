"""Base entities: one for a device, one for the account; and how a command's failure is told."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription

from ._lib.publisher import PublishedEntity
from .api.errors import (
    SIGNATURE_WRONG,
    ApiError,
    CommandError,
    DeviceOfflineError,
    EcoflowError,
    InvalidKeysError,
    OutOfRangeError,
    UnreachableError,
)
from .api.families import Action, Command, Point
from .api.quantities import Values
from .const import DOMAIN
from .coordinator import EcoflowCoordinator, Station


class EcoflowEntity(PublishedEntity):
    """An entity of a device, available while the device's values are young enough."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: EcoflowCoordinator, station: Station, description: EntityDescription) -> None:
        """An entity described by `description`."""
        self.entity_description = description
        self.coordinator = coordinator
        self.station = station
        self.publisher = coordinator.publisher
        self._attr_unique_id = f"{coordinator.config_entry.entry_id}_{station.sn}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = coordinator.device_info(station.sn)

    @property
    @override
    def available(self) -> bool:
        """Whether the device's values may be shown."""
        return self.station.fresh

    @property
    def values(self) -> Values:
        """The device's wire values."""
        return self.coordinator.values(self.station.sn)

    @property
    def followed(self) -> tuple[str, ...]:
        """The wire names that this entity depends on."""
        return ()

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the device's values."""
        await super().async_added_to_hass()
        self.async_on_remove(self.station.follow(self, self.followed))


class PointEntity[PointT: Point](EcoflowEntity):
    """An entity that shows a point of the device's family."""

    def __init__(
        self, coordinator: EcoflowCoordinator, station: Station, description: EntityDescription, point: PointT
    ) -> None:
        """An entity for `point`."""
        super().__init__(coordinator, station, description)
        self.point = point

    @property
    @override
    def followed(self) -> tuple[str, ...]:
        return self.point.heads


class ControlEntity[PointT: Point](PointEntity[PointT]):
    """An entity that can be set. It shows what the device confirmed; what is wanted meanwhile is an attribute."""

    _pending: object = None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """What was asked for and is not confirmed yet."""
        return None if self._pending is None else {"pending": self._pending}

    @property
    @override
    def published_value(self) -> object:
        return (super().published_value, self._pending)

    async def async_command(self, command: Command, wanted: object) -> None:
        """Carry a command out, and show its outcome."""
        self._pending = wanted
        self.publish_now()
        try:
            await async_write(self.coordinator, self.station.sn, command)
        finally:
            self._pending = None
            self.publish_now()


class AccountEntity(PublishedEntity):
    """An entity of the account itself."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: EcoflowCoordinator, description: EntityDescription) -> None:
        """An entity described by `description`."""
        self.entity_description = description
        self.coordinator = coordinator
        self.publisher = coordinator.publisher
        entry_id = coordinator.config_entry.entry_id
        self._attr_unique_id = f"{entry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, entry_id)})

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the account."""
        await super().async_added_to_hass()
        self.coordinator.account_entities.append(self)
        self.async_on_remove(lambda: self.coordinator.account_entities.remove(self))


@asynccontextmanager
async def told_errors(hass: HomeAssistant, entry: ConfigEntry) -> AsyncGenerator[None]:
    """Turn the package's errors into what Home Assistant tells the user."""
    try:
        yield
    except OutOfRangeError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="out_of_range",
            translation_placeholders={"value": f"{err.value:g}", "low": f"{err.low:g}", "high": f"{err.high:g}"},
        ) from err
    except EcoflowError as err:
        # A signature may be called wrong by mistake: whether it stays so, polling finds out.
        if isinstance(err, InvalidKeysError) and err.code != SIGNATURE_WRONG:
            entry.async_start_reauth(hass)
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=_translation_key(err),
            translation_placeholders={"error": str(err)},
        ) from err


def _translation_key(err: EcoflowError) -> str:
    match err:
        case DeviceOfflineError():
            return "device_offline"
        case CommandError():
            return "not_confirmed"
        case UnreachableError():
            return "unreachable"
        case ApiError():
            return "refused"
    return "update_failed"


async def async_write(coordinator: EcoflowCoordinator, sn: str, command: Command) -> dict[str, Any]:
    """Carry out a command on a device; returns the answer's data, raises HomeAssistantError."""
    if sn not in coordinator.client.states:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="device_gone")
    async with told_errors(coordinator.hass, coordinator.config_entry):
        return await coordinator.client.write(sn, command)


async def async_press(coordinator: EcoflowCoordinator, sn: str, action: Action) -> None:
    """Carry out a button's command."""
    await async_write(coordinator, sn, action.command(coordinator.values(sn)))
