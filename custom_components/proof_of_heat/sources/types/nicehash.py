"""Mining rigs in a NiceHash account."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import TextSelector
import probatio as vol

from ...const import CONF_API_KEY, CONF_API_SECRET, CONF_NOMINAL_POWER, CONF_ORGANISATION
from ...drivers.cloud.nicehash import BASE_URL, NiceHashAccount
from ...flows.fields import SECRET, WATTS
from ...flows.form import DeviceCandidate, SourceForm
from ..cloud_accounts import ACCOUNT_FIELDS, connect_rigs, create_rig
from ..source_type import CreatedSource, SourceContext, SourceType

KEY: Final = "nicehash"
_SECRETS: Final = (CONF_API_KEY, CONF_API_SECRET)


async def schema(_: HomeAssistant) -> vol.Schema:
    """Return the form."""
    return vol.Schema(
        {
            vol.Required(CONF_API_KEY): TextSelector(),
            vol.Required(CONF_API_SECRET): SECRET,
            vol.Required(CONF_ORGANISATION): TextSelector(),
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
            vol.Optional(CONF_HOST): TextSelector(),
        }
    )


def account(hass: HomeAssistant, data: Mapping[str, Any]) -> NiceHashAccount:
    """Return the account of a subentry's or form's data."""
    return NiceHashAccount(
        async_get_clientsession(hass),
        data[CONF_API_KEY],
        data[CONF_API_SECRET],
        data[CONF_ORGANISATION],
        base_url=data.get(CONF_HOST, BASE_URL),
    )


async def connect(hass: HomeAssistant, data: dict[str, Any]) -> list[DeviceCandidate]:
    """Return the rigs of the account."""
    return await connect_rigs(account(hass, data), data)


async def create(context: SourceContext) -> CreatedSource:
    """Create the source of one rig."""
    return create_rig(context, account)


SOURCE_TYPE: Final = SourceType(
    key=KEY,
    menu_order=80,
    forms={KEY: SourceForm(schema, connect, {"": CONF_API_KEY, "invalid_auth": CONF_API_SECRET}, _SECRETS)},
    create=create,
    poll_interval_s=60.0,
    secrets=frozenset(_SECRETS),
    redacted=ACCOUNT_FIELDS,
    required_secrets=_SECRETS,
)
