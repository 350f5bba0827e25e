# Generated from lib/entry_recovery.py by scripts/build: edit that file, not this one.
"""Config entries and subentries that a crash lost.

    plan = reconcile({r.device_id: r.confirmed for r in records}, configured=device_ids_of(entry))
    for device_id in plan.forget: await registry.async_remove(device_id)
    for device_id in plan.restore: restore_subentry(hass, entry, "device", name, data, unique_id=device_id)
    for device_id in plan.unconfirmed: confirm_later(hass, entry, partial(registry.async_confirm, device_id))

A config flow that shows a device key stores the device's record durably before it creates the entry or subentry:
the key that a user has copied must be valid. Home Assistant writes config entries some seconds later. After a crash in
between, the record is there and the entry is not; it is created again from the record. Once the entry has certainly
been written, the record is marked as confirmed: from then on, a missing entry means that the user deleted it.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
import logging
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import SOURCE_IMPORT, ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

_LOGGER = logging.getLogger(__name__)

CONFIRM_AFTER_S: Final = 60.0
"""Home Assistant writes config entries within a second of a change; this is on the safe side on a slow disk."""


@dataclass(frozen=True, slots=True)
class RecoveryPlan[K: Hashable]:
    """What to do with stored records so that they match the configuration.

    Attributes:
        restore: Records whose entry was lost in a crash.
        forget: Records whose entry was deleted.
        unconfirmed: Records with an entry that may not have been written yet.
    """

    restore: tuple[K, ...] = ()
    forget: tuple[K, ...] = ()
    unconfirmed: tuple[K, ...] = ()


def reconcile[K: Hashable](confirmed: Mapping[K, bool], configured: Collection[K]) -> RecoveryPlan[K]:
    """Compare stored records with the configured entries or subentries.

    Args:
        confirmed: Each record, with whether its entry is known to have been written.
        configured: Those that have an entry.
    """
    missing = [key for key in confirmed if key not in configured]
    return RecoveryPlan(
        restore=tuple(key for key in missing if not confirmed[key]),
        forget=tuple(key for key in missing if confirmed[key]),
        unconfirmed=tuple(key for key, is_confirmed in confirmed.items() if key in configured and not is_confirmed),
    )


@callback
def confirm_later(
    hass: HomeAssistant,
    entry: ConfigEntry,
    confirm: Callable[[], Awaitable[None]],
    delay_s: float = CONFIRM_AFTER_S,
) -> None:
    """Call `confirm` once the entry has certainly been written, unless it is unloaded before."""

    async def confirm_now(_: datetime) -> None:
        await confirm()

    entry.async_on_unload(async_call_later(hass, delay_s, confirm_now))


@callback
def restore_subentry(
    hass: HomeAssistant,
    entry: ConfigEntry,
    subentry_type: str,
    title: str,
    data: Mapping[str, Any],
    *,
    unique_id: str | None,
) -> ConfigSubentry:
    """Create a lost subentry again."""
    _LOGGER.info("Restoring %s %s, which was added just before a crash", subentry_type, title)
    subentry = ConfigSubentry(
        data=MappingProxyType(dict(data)), subentry_type=subentry_type, title=title, unique_id=unique_id
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    return subentry


@callback
def restore_entry(hass: HomeAssistant, domain: str, title: str, data: Mapping[str, Any]) -> None:
    """Create a lost config entry again: start the import step of the integration's flow with `data`."""
    _LOGGER.info("Restoring %s, which was added just before a crash", title)
    hass.async_create_task(
        hass.config_entries.flow.async_init(domain, context={"source": SOURCE_IMPORT}, data=dict(data)),
        f"restore {domain} {title}",
    )
