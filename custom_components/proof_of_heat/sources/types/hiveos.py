"""Mining workers in a HiveOS account."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import TextSelector
import probatio as vol

from ...const import CONF_NOMINAL_POWER
from ...drivers.cloud.hiveos import BASE_URL, HiveOsAccount
from ...flows.fields import SECRET, WATTS
from ...flows.form import DeviceCandidate, SourceForm
from ..cloud_accounts import ACCOUNT_FIELDS, connect_rigs, create_rig
from ..source_type import CreatedSource, SourceContext, SourceType

KEY: Final = "hiveos"
_SECRETS: Final = (CONF_TOKEN,)


async def schema(_: HomeAssistant) -> vol.Schema:
    """Return the form."""
    return vol.Schema(
        {
            vol.Required(CONF_TOKEN): SECRET,
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
            vol.Optional(CONF_HOST): TextSelector(),
        }
    )


def account(hass: HomeAssistant, data: Mapping[str, Any]) -> HiveOsAccount:
    """Return the account of a subentry's or form's data."""
    return HiveOsAccount(async_get_clientsession(hass), data[CONF_TOKEN], base_url=data.get(CONF_HOST, BASE_URL))


async def connect(hass: HomeAssistant, data: dict[str, Any]) -> list[DeviceCandidate]:
    """Return the workers of the account."""
    return await connect_rigs(account(hass, data), data)


async def create(context: SourceContext) -> CreatedSource:
    """Create the source of one worker."""
    return create_rig(context, account)


SOURCE_TYPE: Final = SourceType(
    key=KEY,
    menu_order=90,
    forms={KEY: SourceForm(schema, connect, {"": CONF_TOKEN}, _SECRETS)},
    create=create,
    poll_interval_s=60.0,
    secrets=frozenset(_SECRETS),
    redacted=ACCOUNT_FIELDS,
    required_secrets=_SECRETS,
)
