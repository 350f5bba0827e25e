"""Accounts at mining clouds: one per account, shared by all its rigs, so that one request answers for all of them."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakValueDictionary

from homeassistant.const import CONF_HOST, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from ..const import (
    CONF_API_KEY,
    CONF_API_SECRET,
    CONF_CAPABILITIES,
    CONF_KIND,
    CONF_NOMINAL_POWER,
    CONF_ORGANISATION,
    CONF_RIG,
    DOMAIN,
)
from ..drivers.capabilities import capabilities_to_dict
from ..drivers.cloud.account import CloudAccount, Rig
from ..drivers.cloud.source import RigSource, capabilities_of
from ..flows.form import DeviceCandidate
from .source_type import CreatedSource, SourceContext

type AccountFactory = Callable[[HomeAssistant, Mapping[str, Any]], CloudAccount]

_ACCOUNTS: HassKey[WeakValueDictionary[tuple[str, ...], CloudAccount]] = HassKey(f"{DOMAIN}_accounts")
_IDENTITY: Final = (CONF_KIND, CONF_HOST, CONF_API_KEY, CONF_API_SECRET, CONF_ORGANISATION, CONF_TOKEN)
ACCOUNT_FIELDS: Final = frozenset({CONF_HOST, CONF_ORGANISATION})


async def connect_rigs(account: CloudAccount, data: dict[str, Any]) -> list[DeviceCandidate]:
    """Return the rigs of the account that can be controlled."""
    candidates = []
    for rig in (await account.rigs()).values():
        capabilities = capabilities_of(rig)
        if not capabilities.controls:
            continue
        measured = {} if data.get(CONF_NOMINAL_POWER) or not rig.power_w else {CONF_NOMINAL_POWER: rig.power_w}
        stored = {**data, **measured, CONF_RIG: rig.id, CONF_CAPABILITIES: capabilities_to_dict(capabilities)}
        candidates.append(DeviceCandidate(rig.name, f"{data[CONF_KIND]}_{rig.id}", stored))
    return candidates


def create_rig(context: SourceContext, create_account: AccountFactory) -> CreatedSource:
    """Create the source of a rig on the shared account."""
    data, capabilities = context.data, context.capabilities
    rig = Rig(id=data[CONF_RIG], name=context.subentry.title, mining=None, online=False, modes=capabilities.modes)
    account = _shared_account(context.hass, data, create_account)
    source = RigSource(context.source_id, account, rig, capabilities=capabilities)
    return CreatedSource(source, close=source.close)


def _shared_account(hass: HomeAssistant, data: Mapping[str, Any], create_account: AccountFactory) -> CloudAccount:
    accounts = hass.data.setdefault(_ACCOUNTS, WeakValueDictionary())
    key = tuple(str(data.get(name, "")) for name in _IDENTITY)
    if (account := accounts.get(key)) is None:
        accounts[key] = account = create_account(hass, data)
    return account
