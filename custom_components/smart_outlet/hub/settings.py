"""Settings of a hub and its outlets, read from the config entry."""

from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntry

from ..const import (
    CONF_ACCEPT_WITHOUT_KEY,
    CONF_CCU_ID,
    CONF_DEVICE_ID,
    CONF_KIND,
    CONF_LOCATION,
    CONF_OFFLINE_AFTER,
    CONF_POWER_FACTOR,
    CONF_PROTECTED,
    CONF_SOURCE_ADDRESS,
    CONF_VOLTAGE,
    DEFAULT_OFFLINE_AFTER_S,
    DEFAULT_POWER_FACTOR,
    DEFAULT_VOLTAGE,
    SUBENTRY_OUTLET,
    HubKind,
)
from ..model.commands import CommandPolicies
from ..model.energy import Mains
from ..model.hub_state import HubSettings
from ..model.outlet import OutletSettings

_RADIO_POLICIES: Final = CommandPolicies.of(retry_s=1.0, attempts=5)


@dataclass(slots=True)
class HubInfo:
    """Identity of a hub, and what its device reports about itself.

    Attributes:
        entry_id: ID of the config entry.
        title: Title of the config entry.
        kind: CCU or radio.
        ccu_id: ID of the CCU on the wire; None for a radio.
        source_address: IP address from which the CCU may call without a key.
        device_registry_id: ID of the hub in the device registry.
        protocol: Protocol version of the CCU's last call.
        firmware: Firmware version of the CCU, if reported.
        chip: Chip of the CCU; those that do not report it have an ESP32.
    """

    entry_id: str
    title: str
    kind: HubKind
    ccu_id: str | None
    source_address: str | None
    device_registry_id: str = ""
    protocol: int = 1
    firmware: str | None = None
    chip: str = "esp32"


def hub_info(entry: ConfigEntry) -> HubInfo:
    """Return the identity of an entry's hub."""
    data = entry.data
    return HubInfo(
        entry_id=entry.entry_id,
        title=entry.title,
        kind=HubKind(data[CONF_KIND]),
        ccu_id=data.get(CONF_CCU_ID),
        source_address=data[CONF_SOURCE_ADDRESS] if data.get(CONF_ACCEPT_WITHOUT_KEY) else None,
    )


def hub_settings(entry: ConfigEntry) -> HubSettings:
    """Return the user settings of an entry's hub."""
    options = entry.options
    mains = Mains(options.get(CONF_VOLTAGE, DEFAULT_VOLTAGE), options.get(CONF_POWER_FACTOR, DEFAULT_POWER_FACTOR))
    is_radio = entry.data[CONF_KIND] == HubKind.RADIO
    return HubSettings(
        name=entry.title,
        offline_after_s=options.get(CONF_OFFLINE_AFTER, DEFAULT_OFFLINE_AFTER_S),
        mains=mains,
        command_policies=_RADIO_POLICIES if is_radio else CommandPolicies.of(),
        sums_outlets=is_radio,
    )


def outlet_settings(entry: ConfigEntry) -> dict[str, tuple[str, OutletSettings]]:
    """Return subentry ID and user settings of an entry's outlets by device ID."""
    return {
        subentry.data[CONF_DEVICE_ID]: (
            subentry.subentry_id,
            OutletSettings(
                device_id=subentry.data[CONF_DEVICE_ID],
                name=subentry.title,
                location=subentry.data.get(CONF_LOCATION, ""),
                protected=frozenset(subentry.data.get(CONF_PROTECTED, ())),
            ),
        )
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_OUTLET
    }
