"""Entities of other integrations that a building uses: followed over renames, and replaced where they are missing."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .._lib.entity_refs import LinkedEntities, to_reference, with_renamed
from ..const import (
    CONF_ENERGY_ENTITY,
    CONF_LINKED,
    CONF_OUTDOOR_ENTITY,
    CONF_POWER_ENTITY,
    CONF_PRICE_ENTITY,
    CONF_WEATHER_ENTITY,
    DOMAIN,
)

_OPTIONS: Final = (CONF_OUTDOOR_ENTITY, CONF_PRICE_ENTITY, CONF_WEATHER_ENTITY)
_SUBENTRY: Final = (CONF_ENERGY_ENTITY, CONF_POWER_ENTITY, CONF_LINKED)

type LinkReplacer = Callable[[str, str], Coroutine[Any, Any, bool]]
type TaskCreator = Callable[[Coroutine[Any, Any, None], str], object]


class EntityLinks:
    """The linked entities of a building and of its controllers.

    Args:
        linked_renamed: Called with the reference of a linked entity that was renamed.
        replace_linked: Moves the record of a linked entity from a reference to another; returns whether it could.
        create_task: Runs a coroutine in the background while the config entry is loaded.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        *,
        linked_renamed: Callable[[str], None],
        replace_linked: LinkReplacer,
        create_task: TaskCreator,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._linked_renamed = linked_renamed
        self._replace_linked = replace_linked
        self._create_task = create_task

    @callback
    def start(self) -> None:
        """Follow the entities of the options."""
        self._follow({key: self._entry.options[key] for key in _OPTIONS if self._entry.options.get(key)})

    @callback
    def add_controller(self, subentry_id: str) -> None:
        """Follow the entities of a controller."""
        data = self._entry.subentries[subentry_id].data
        self._follow({f"{subentry_id}.{key}": data[key] for key in _SUBENTRY if data.get(key)})

    def _follow(self, references: dict[str, str]) -> None:
        if references:
            LinkedEntities(
                self._hass,
                self._entry,
                references,
                domain=DOMAIN,
                on_renamed=self._renamed,
                on_replaced=self._replaced,
                use_name=self._use_name,
            ).async_start()

    def _use_name(self, use: str) -> str:
        """Return the title of the controller, or that of the building."""
        subentry = self._entry.subentries.get(use.partition(".")[0])
        return subentry.title if subentry is not None else self._entry.title

    @callback
    def _renamed(self, use: str, old: str, new: str) -> None:
        if use.endswith(CONF_LINKED):
            subentry = self._entry.subentries.get(use.partition(".")[0])
            if subentry is not None:
                self._linked_renamed(subentry.data[CONF_LINKED])
            return
        self._store(use, old, new)

    @callback
    def _replaced(self, use: str, old: str, new: str) -> None:
        if use.endswith(CONF_LINKED):
            self._create_task(self._async_replace_linked(use.partition(".")[0], new), "replace linked entity")
        else:
            self._store(use, old, new)

    def _store(self, use: str, old: str, new: str) -> None:
        """Store another entity ID; the entry reloads with it."""
        subentry_id, _, key = use.partition(".")
        if not key:
            options = {**self._entry.options, use: with_renamed(self._entry.options.get(use), old, new)}
            self._hass.config_entries.async_update_entry(self._entry, options=options)
        elif (subentry := self._entry.subentries.get(subentry_id)) is not None:
            data = {**subentry.data, key: new}
            self._hass.config_entries.async_update_subentry(self._entry, subentry, data=data)

    async def _async_replace_linked(self, subentry_id: str, entity_id: str) -> None:
        subentry = self._entry.subentries.get(subentry_id)
        if subentry is None:
            return
        old, new = subentry.data[CONF_LINKED], to_reference(self._hass, entity_id)
        if await self._replace_linked(old, new):
            data = {**subentry.data, CONF_LINKED: new}
            self._hass.config_entries.async_update_subentry(self._entry, subentry, data=data, unique_id=new)
        else:
            # It is linked by another controller: the issue of the missing one is reported again.
            self._hass.config_entries.async_schedule_reload(self._entry.entry_id)
