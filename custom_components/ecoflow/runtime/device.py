"""A device of the account with its entities."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.device_registry import DeviceInfo

from .._lib.publisher import PublishedEntity, Publisher
from ..api.client import EcoflowClient
from ..api.families.generic import GENERIC_FAMILY
from ..api.families.specs import Command, Family
from ..api.wire_values import Values
from ..const import DOMAIN, MANUFACTURER
from .errors import translated_errors


@dataclass(frozen=True, slots=True)
class Account:
    """What all devices of an account have in common."""

    hass: HomeAssistant
    entry: ConfigEntry
    client: EcoflowClient
    publisher: Publisher
    # The registry id of the account's own device.
    device_id: str

    async def async_write(self, sn: str, command: Command) -> dict[str, Any]:
        """Send a command to a device and return the data of the answer; raises HomeAssistantError."""
        if sn not in self.client.states:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="device_gone")
        async with translated_errors(self.hass, self.entry):
            return await self.client.write(sn, command)

    async def async_read(self, sn: str) -> None:
        """Read all values of a device from the cloud; raises HomeAssistantError."""
        async with translated_errors(self.hass, self.entry):
            await self.client.read(sn)


@dataclass(slots=True)
class EcoflowDevice:
    """A device: its values, and the entities that show them."""

    account: Account
    sn: str
    # Whether the values are current, as last published.
    is_fresh: bool = False
    # Whether the device is online, None while that cannot be known, as last published.
    is_online: bool | None = None
    # The number of values when entities were last added.
    value_count: int = 0
    # The wire values of entities that do not exist yet, although the device reports a value for them.
    absent: frozenset[str] = frozenset()
    unique_ids: set[str] = field(default_factory=set)
    entities: list[PublishedEntity] = field(default_factory=list)
    _by_value: dict[str, list[PublishedEntity]] = field(default_factory=dict)
    _listeners: list[CALLBACK_TYPE] = field(default_factory=list)

    @property
    def family(self) -> Family:
        """The family of the device."""
        return self.account.client.family(self.sn)

    @property
    def unique_id_prefix(self) -> str:
        """The start of the unique IDs of the entities."""
        return f"{self.account.entry.entry_id}_{self.sn}"

    @property
    def values(self) -> Values:
        """The wire values, empty if the device left the account."""
        state = self.account.client.states.get(self.sn)
        return state.values if state is not None else {}

    @property
    def device_info(self) -> DeviceInfo:
        """The entry in the device registry."""
        device, family = self.account.client.states[self.sn].device, self.family
        is_known = family.name != GENERIC_FAMILY
        return DeviceInfo(
            identifiers={(DOMAIN, self.sn)},
            manufacturer=MANUFACTURER,
            model=family.model if is_known else (device.product or None),
            name=device.name,
            serial_number=self.sn,
            via_device_id=self.account.device_id,
        )

    def add_entity(self, entity: PublishedEntity, value_names: Iterable[str]) -> CALLBACK_TYPE:
        """Publish an entity when one of the values changes; returns a function that ends it."""
        value_names = tuple(value_names)
        self.entities.append(entity)
        for name in value_names:
            self._by_value.setdefault(name, []).append(entity)

        def remove() -> None:
            self.entities.remove(entity)
            for name in value_names:
                self._by_value[name].remove(entity)

        return remove

    def add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call a listener after each change of the device; returns a function that removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, value_names: Iterable[str]) -> None:
        """Publish the entities that depend on changed values."""
        published: set[int] = set()
        for name in value_names:
            for entity in self._by_value.get(name, ()):
                if id(entity) not in published:
                    published.add(id(entity))
                    entity.publish()

    def publish_all(self) -> None:
        """Publish all entities."""
        for entity in tuple(self.entities):
            entity.publish()

    def call_listeners(self) -> None:
        """Call the listeners."""
        for listener in tuple(self._listeners):
            listener()

    async def async_write(self, command: Command) -> dict[str, Any]:
        """Send a command and return the data of the answer; raises HomeAssistantError."""
        return await self.account.async_write(self.sn, command)

    async def async_read(self) -> None:
        """Read all values from the cloud; raises HomeAssistantError."""
        await self.account.async_read(self.sn)
