# Generated from lib/entity_refs.py by scripts/build: edit that file, not this one.
"""Entities of other integrations that an entry uses: followed over renames, reported when they are missing.

    data[CONF_GRID_POWER] = to_reference(hass, user_input[CONF_GRID_POWER])     # a form's entity ID -> stored reference
    suggested = with_entity_ids(hass, data, (CONF_GRID_POWER,))                 # stored references -> a form's values

    links = LinkedEntities(hass, entry, {CONF_GRID_POWER: data[CONF_GRID_POWER]}, domain=DOMAIN, on_renamed=renamed)
    links.async_start()                                                         # ends when the entry unloads
    state = links.state(CONF_GRID_POWER)

A reference is the entity's registry ID, which a rename does not change, or its entity ID where it is in no registry
(entities from YAML without a unique ID) and in entries stored before. Where entity IDs are stored, `on_renamed` updates
them with `with_renamed`. An entity that is missing (removed, disabled, never there) raises the repair issue
`entity_missing` of the integration, with the placeholders `entity`, `entry` and `use`; it is deleted when the entity
is back. With `on_replaced` the issue offers to choose another entity (`entity_fix`).
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.start import async_at_started
from homeassistant.util.hass_dict import HassKey

ISSUE_KEY: Final = "entity_missing"

type RenamedListener = Callable[[str, str, str], None]

# (domain, issue ID) -> the links that reported a missing entity. All copies of this module share it.
REPORTED: HassKey[dict[tuple[str, str], Any]] = HassKey("heat_suite_missing_entities")


def to_reference(hass: HomeAssistant, entity_id: str) -> str:
    """Return the reference to store for an entity: its registry ID, or its entity ID where it has none."""
    entry = er.async_get(hass).async_get(entity_id)
    return entry.id if entry is not None else entity_id


def entity_id_of(hass: HomeAssistant, reference: str) -> str | None:
    """Return the present entity ID of a reference; None where the entity was removed."""
    return er.async_resolve_entity_id(er.async_get(hass), reference)


def exists(hass: HomeAssistant, entity_id: str) -> bool:
    """Return whether an entity is enabled, or has a state where it is in no registry."""
    entry = er.async_get(hass).async_get(entity_id)
    return hass.states.get(entity_id) is not None if entry is None else entry.disabled_by is None


def with_references(hass: HomeAssistant, data: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return a form's input with references in place of the entity IDs (or lists of them) under `keys`."""
    return _mapped(data, keys, partial(to_reference, hass))


def with_entity_ids(hass: HomeAssistant, data: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return stored data with entity IDs in place of references, for a form; removed entities are omitted."""
    return _mapped(data, keys, partial(entity_id_of, hass))


def with_renamed[V](data: V, old: str, new: str) -> V:
    """Return stored data with an entity ID replaced wherever it is a value, in nested mappings and lists too."""
    return _renamed(data, old, new)  # type: ignore[no-any-return]  # the same structure


def _renamed(data: Any, old: str, new: str) -> Any:
    match data:
        case str():
            return new if data == old else data
        case Mapping():
            return {key: _renamed(value, old, new) for key, value in data.items()}
        case list() | tuple():
            return type(data)(_renamed(value, old, new) for value in data)
        case _:
            return data


def _mapped(data: Mapping[str, Any], keys: Iterable[str], change: Callable[[str], str | None]) -> dict[str, Any]:
    result = dict(data)
    for key in keys:
        value = result.get(key)
        if isinstance(value, str) and value:
            changed = change(value)
            if changed is None:
                del result[key]
            else:
                result[key] = changed
        elif isinstance(value, list):
            result[key] = [found for item in value if (found := change(item)) is not None]
    return result


class LinkedEntities:
    """The entities that a config entry uses.

    Args:
        hass: Home Assistant.
        entry: The config entry; everything ends when it unloads.
        references: Use (a stable key, such as the form's field) -> reference.
        domain: The integration, whose translations hold the issue.
        on_renamed: Called with the use, the old and the new entity ID.
        use_name: Name of a use in the issue; by default the key with spaces.
        on_replaced: Called with the use, the old reference and the entity ID that the user chose instead.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        references: Mapping[str, str],
        *,
        domain: str,
        on_renamed: RenamedListener | None = None,
        use_name: Callable[[str], str] = lambda use: use.replace("_", " "),
        on_replaced: RenamedListener | None = None,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._references = dict(references)
        self._domain = domain
        self._on_renamed = on_renamed
        self._use_name = use_name
        self._on_replaced = on_replaced
        self._unsubscribe_states: Callable[[], None] = lambda: None
        self._started = False
        # The last known entity ID of each use: what a removed entity is called in the issue.
        self._entity_ids = {use: entity_id_of(hass, ref) or ref for use, ref in self._references.items()}
        self.missing: frozenset[str] = frozenset()
        """Uses whose entity is missing."""

    @callback
    def async_start(self) -> None:
        """Follow the entities until the entry unloads; missing ones are reported once Home Assistant has started."""
        self._entry.async_on_unload(self._stop)
        self._entry.async_on_unload(
            self._hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._registry_updated)
        )
        self._entry.async_on_unload(async_at_started(self._hass, self._ha_started))
        self._track_states()

    def entity_id(self, use: str) -> str | None:
        """Return the present entity ID of a use; None where there is none or it was removed."""
        reference = self._references.get(use)
        return entity_id_of(self._hass, reference) if reference is not None else None

    def state(self, use: str) -> State | None:
        """Return the state of a use's entity; None where it has none."""
        entity_id = self.entity_id(use)
        return self._hass.states.get(entity_id) if entity_id is not None else None

    @callback
    def replace(self, use: str, entity_id: str) -> None:
        """Use another entity instead of a missing one."""
        old = self._references[use]
        self._references[use] = self._entity_ids[use] = entity_id
        self._track_states()
        self._check()
        if self._on_replaced is not None:
            self._on_replaced(use, old, entity_id)

    def placeholders(self, use: str) -> dict[str, str]:
        """Return the placeholders of the texts about a missing entity."""
        return {"entity": self._entity_ids[use], "entry": self._entry.title, "use": self._use_name(use)}

    def use_of(self, issue_id: str) -> str | None:
        """Return the use whose missing entity an issue reports, None where it is not missing."""
        return next((use for use in self.missing if self._issue_id(use) == issue_id), None)

    @callback
    def _stop(self) -> None:
        self._started = False
        self._unsubscribe_states()
        for use in self.missing:
            self._delete_issue(use)
        self.missing = frozenset()

    def _delete_issue(self, use: str) -> None:
        issue_id = self._issue_id(use)
        self._hass.data.get(REPORTED, {}).pop((self._domain, issue_id), None)
        ir.async_delete_issue(self._hass, self._domain, issue_id)

    @callback
    def _ha_started(self, _hass: HomeAssistant) -> None:
        self._started = True
        self._check()

    @callback
    def _track_states(self) -> None:
        """Notice entities without a registry entry that appear or disappear."""
        self._unsubscribe_states()
        self._unsubscribe_states = async_track_state_change_event(
            self._hass, set(self._entity_ids.values()), self._state_changed
        )

    @callback
    def _state_changed(self, event: Event[EventStateChangedData]) -> None:
        if event.data["old_state"] is None or event.data["new_state"] is None:
            self._check()

    @callback
    def _registry_updated(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        data = event.data
        if data["action"] == "update" and "old_entity_id" in data:
            self._rename(data["old_entity_id"], data["entity_id"])
        elif data["action"] == "create":
            self._find_restored()
        if data["entity_id"] in self._entity_ids.values():
            self._check()

    def _find_restored(self) -> None:
        """A removed entity that is registered again keeps its registry ID, though not always its entity ID."""
        for use in self.missing:
            old, new = self._entity_ids[use], self.entity_id(use)
            if new is not None and new != old:
                self._rename(old, new)

    def _rename(self, old: str, new: str) -> None:
        uses = [use for use, known in self._entity_ids.items() if known == old]
        for use in uses:
            self._entity_ids[use] = new
            if self._references[use] == old:
                self._references[use] = new
        if uses:
            self._track_states()
        if self._on_renamed is not None:
            for use in uses:
                self._on_renamed(use, old, new)

    @callback
    def _check(self) -> None:
        """Report what is missing now, and delete the issue of what is back."""
        if not self._started:
            return
        missing = frozenset(use for use in self._references if self._is_missing(use))
        for use in missing - self.missing:
            self._hass.data.setdefault(REPORTED, {})[self._domain, self._issue_id(use)] = self
            ir.async_create_issue(
                self._hass,
                self._domain,
                self._issue_id(use),
                is_fixable=self._on_replaced is not None,
                severity=ir.IssueSeverity.WARNING,
                translation_key=ISSUE_KEY,
                translation_placeholders=self.placeholders(use),
            )
        for use in self.missing - missing:
            self._delete_issue(use)
        self.missing = missing

    def _is_missing(self, use: str) -> bool:
        entity_id = self.entity_id(use)
        return entity_id is None or not exists(self._hass, entity_id)

    def _issue_id(self, use: str) -> str:
        return f"{ISSUE_KEY}_{self._entry.entry_id}_{use}"
