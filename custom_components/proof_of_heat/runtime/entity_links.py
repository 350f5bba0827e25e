"""Entities of other integrations that a heating system uses: followed over renames, replaced where they are missing.

The entry stores entity IDs. A rename is applied wherever the entity ID is stored. What must not be affected is the
subentries' unique IDs: they identify a device in stored control periods.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_ENTITIES
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_entity_registry_updated_event

from .._lib.entity_refs import LinkedEntities, with_renamed
from ..const import (
    CONF_AWAY_CALENDAR,
    CONF_CO2_ENTITY,
    CONF_ENTITY,
    CONF_EXPORT_METER,
    CONF_HASHPRICE_ENTITY,
    CONF_HEAT_REQUEST,
    CONF_LIMITS,
    CONF_METER,
    CONF_OUTDOOR,
    CONF_PERSONS,
    CONF_PHASE_METERS,
    CONF_PRICE_ENTITY,
    CONF_PV_FORECAST,
    CONF_SCHEDULE,
    CONF_SITE_METER,
    CONF_SITE_POWER,
    CONF_TEMPERATURE,
    CONF_WAY_ZONES,
    CONF_WEATHER,
    CONF_WINDOWS,
    DOMAIN,
)
from ..flows.form import CONNECTION_ERRORS
from ..sources.registry import form_of

ENTITY_FIELDS: Final = frozenset(
    {
        CONF_AWAY_CALENDAR,
        CONF_CO2_ENTITY,
        CONF_EXPORT_METER,
        CONF_PV_FORECAST,
        CONF_ENTITIES,
        CONF_ENTITY,
        CONF_HASHPRICE_ENTITY,
        CONF_HEAT_REQUEST,
        CONF_METER,
        *CONF_PHASE_METERS,
        CONF_OUTDOOR,
        CONF_PERSONS,
        CONF_PRICE_ENTITY,
        CONF_SCHEDULE,
        CONF_SITE_METER,
        CONF_TEMPERATURE,
        CONF_WAY_ZONES,
        CONF_WEATHER,
        CONF_WINDOWS,
    }
)
"""The fields of all forms that hold an entity ID, a list of them, or a mapping to them."""


class EntityLinks:
    """The linked entities of a config entry, its options and its subentries; one that is used twice is one link."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        references: dict[str, str] = {}
        for use, entity_id in _uses(entry):
            if entity_id not in references.values():
                references[use] = entity_id
        limits = entry.options.get(CONF_LIMITS, {})
        # The meter that a power limit depends on has an issue of its own, which describes what its loss means.
        self._unreported = limits.get(CONF_SITE_METER) if limits.get(CONF_SITE_POWER) is not None else None
        self._references = {use: entity_id for use, entity_id in references.items() if entity_id != self._unreported}
        self._links = LinkedEntities(
            hass,
            entry,
            self._references,
            domain=DOMAIN,
            on_renamed=lambda _, old, new: self._store(old, new),
            on_replaced=self._replaced,
            use_name=self._users_of,
        )

    @callback
    def start(self) -> None:
        """Follow the entities until the entry unloads."""
        self._links.async_start()
        if self._unreported is not None:
            self._entry.async_on_unload(
                async_track_entity_registry_updated_event(self._hass, self._unreported, self._registry_updated)
            )

    @callback
    def _registry_updated(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["action"] == "update" and "old_entity_id" in event.data:
            self._store(event.data["old_entity_id"], event.data["entity_id"])

    @property
    def missing(self) -> frozenset[str]:
        """The entity IDs that are missing: each has an issue of its own."""
        return frozenset(self._references[use] for use in self._links.missing)

    def controls_missing(self, subentry_id: str) -> bool:
        """Return whether the entity that a source controls is missing."""
        subentry = self._entry.subentries.get(subentry_id)
        return subentry is not None and subentry.data.get(CONF_ENTITY) in self.missing

    def _users_of(self, use: str) -> str:
        """Return the titles of what uses an entity: zones and sources, or the heating system."""
        entity_id = self._references[use]
        titles = [item.title for item in self._entry.subentries.values() if entity_id in dict(_in(item.data)).values()]
        return ", ".join(titles) or self._entry.title

    @callback
    def _replaced(self, use: str, old: str, new: str) -> None:
        controlled = [key for key, item in self._entry.subentries.items() if item.data.get(CONF_ENTITY) == old]
        for subentry_id in controlled:
            self._entry.async_create_task(
                self._hass, self._async_control(subentry_id, new), f"{DOMAIN} control {new} instead of {old}"
            )
        self._store(old, new, besides=controlled)

    def _store(self, old: str, new: str, besides: Collection[str] = ()) -> None:
        """Store another entity ID wherever the old one is stored; the entry applies it by a reload."""
        entries, entry = self._hass.config_entries, self._entry
        entries.async_update_entry(
            entry, data=with_renamed(dict(entry.data), old, new), options=with_renamed(dict(entry.options), old, new)
        )
        for subentry_id, subentry in list(entry.subentries.items()):
            if subentry_id not in besides:
                entries.async_update_subentry(entry, subentry, data=with_renamed(dict(subentry.data), old, new))

    async def _async_control(self, subentry_id: str, entity_id: str) -> None:
        """Control another entity: what it can do is determined again."""
        subentry = self._entry.subentries[subentry_id]
        try:
            found = await form_of(subentry.data).connect(self._hass, {**subentry.data, CONF_ENTITY: entity_id})
        except CONNECTION_ERRORS:
            # It cannot be controlled: the issue of the missing one is reported again.
            self._hass.config_entries.async_schedule_reload(self._entry.entry_id)
        else:
            self._hass.config_entries.async_update_subentry(self._entry, subentry, data=found[0].data)


def _uses(entry: ConfigEntry) -> Iterator[tuple[str, str]]:
    """Yield use -> entity ID."""
    yield from _in(entry.data)
    for subject, values in entry.options.items():
        if isinstance(values, Mapping):
            yield from _in(values, f"{subject}_")
    for subentry_id, subentry in entry.subentries.items():
        yield from _in(subentry.data, f"{subentry_id}_")


def _in(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key in sorted(ENTITY_FIELDS & values.keys()):
        value = values[key]
        items = (
            value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else (value,)
        )
        for index, item in enumerate(items):
            if isinstance(item, str) and item:
                yield f"{prefix}{key}_{index}", item
