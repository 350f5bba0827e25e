"""All heat-source types. Each module in `types/` has one as `SOURCE_TYPE`."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry

from ..const import CONF_KIND
from ..drivers.base import SourceBase
from ..drivers.device_settings import DeviceSettings
from ..engine.config import SafetyLimits
from ..flows.form import SourceForm
from . import types
from .external import ExternalSource
from .source_type import CreatedSource, SourceContext, SourceType
from .write_counter import write_counters

SOURCE_TYPES: Final[dict[str, SourceType]] = {}
"""By key, in the order of the menu."""


def register(source_type: SourceType) -> None:
    """Add a type; raises ValueError for a key or form that exists."""
    if source_type.key in SOURCE_TYPES or source_type.forms.keys() & forms().keys():
        raise ValueError(f"the heat-source type {source_type.key} is registered already")
    SOURCE_TYPES[source_type.key] = source_type
    ordered = sorted(SOURCE_TYPES.values(), key=lambda item: (item.menu_order, item.key))
    SOURCE_TYPES.clear()
    SOURCE_TYPES.update({item.key: item for item in ordered})


def forms() -> dict[str, SourceForm]:
    """Return the forms of all types by step id, in the order of the menu."""
    return {name: form for source_type in SOURCE_TYPES.values() for name, form in source_type.forms.items()}


def type_of_form(name: str) -> SourceType:
    """Return the type to which a form belongs."""
    return next(source_type for source_type in SOURCE_TYPES.values() if name in source_type.forms)


def type_of(data: Mapping[str, Any]) -> SourceType:
    """Return the type of a subentry's data; raises KeyError for an unknown one."""
    return SOURCE_TYPES[str(data[CONF_KIND])]


def form_of(data: Mapping[str, Any]) -> SourceForm:
    """Return the form with which a source was entered."""
    source_type = type_of(data)
    return source_type.forms[source_type.form_of(data)]


def secrets() -> frozenset[str]:
    """Return the stored secrets of all types."""
    return frozenset().union(*(source_type.secrets for source_type in SOURCE_TYPES.values()))


def redacted() -> frozenset[str]:
    """Return the fields that diagnostics redact."""
    return secrets().union(*(source_type.redacted for source_type in SOURCE_TYPES.values()))


def lacks_secrets(data: Mapping[str, Any]) -> bool:
    """Return whether a source cannot be created without a secret (it was imported from text, which has none)."""
    return any(not data.get(name) for name in type_of(data).required_secrets)


def budget_keys(entry: ConfigEntry) -> set[str]:
    """Return the keys of all call budgets that an entry's sources use."""
    return {
        source_type.budget_key(subentry.data)
        for subentry in entry.subentries.values()
        if (source_type := SOURCE_TYPES.get(str(subentry.data.get(CONF_KIND)))) is not None
        and source_type.budget_key is not None
    }


async def async_create_source(context: SourceContext, settings: DeviceSettings | None = None) -> CreatedSource:
    """Create the source of a subentry without contacting the device; raises where that is impossible."""
    source_type = type_of(context.data)
    created = await source_type.create(context)
    source = created.source
    if settings is not None and isinstance(source, (SourceBase, ExternalSource)):
        source.keep_settings(settings)
    if source_type.restores_write_times and isinstance(source, SourceBase) and _outlasts_start(source):
        subentry = context.subentry
        source.resume(await write_counters(context.hass).async_of(subentry.unique_id or subentry.subentry_id))
    return created


def _outlasts_start(source: SourceBase) -> bool:
    """Return whether the write interval is longer than the read-only first minute after a start."""
    return source.capabilities.min_write_interval_s > SafetyLimits().read_only_s


for _module in iter_modules(types.__path__):
    register(import_module(f"{types.__name__}.{_module.name}").SOURCE_TYPE)
