"""The parts that all hubs of this Home Assistant share."""

from dataclasses import dataclass

from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .authenticator import CcuAuthenticator
from .conflicts import OutletConflicts
from .directory import HubDirectory
from .key_store import CcuKeyStore
from .meter_store import MeterStore


@dataclass(frozen=True, slots=True)
class DomainParts:
    """Parts that exist once, independent of config entries.

    Attributes:
        keys: Keys of the Central Control Units.
        directory: Loaded hubs.
        authenticator: Finds the hub of a request.
        conflicts: Detects outlets with two hubs.
        meters: Stored meters.
    """

    keys: CcuKeyStore
    directory: HubDirectory
    authenticator: CcuAuthenticator
    conflicts: OutletConflicts
    meters: MeterStore


DOMAIN_PARTS: HassKey[DomainParts] = HassKey(DOMAIN)


@singleton(DOMAIN_PARTS, async_=True)
async def async_get_parts(hass: HomeAssistant) -> DomainParts:
    """Return the shared parts, loaded on first use by the config flow or the set-up."""
    keys = CcuKeyStore(hass)
    await keys.async_load()
    meters = MeterStore(hass)
    await meters.async_load()
    directory = HubDirectory(hass)
    return DomainParts(
        keys=keys,
        directory=directory,
        authenticator=CcuAuthenticator(keys, directory),
        conflicts=OutletConflicts(hass, directory),
        meters=meters,
    )
