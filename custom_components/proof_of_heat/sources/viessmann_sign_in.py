"""Sign-in to a Viessmann account in the browser: OAuth2 authorization code with PKCE, without a client secret.

The client ID comes from the developer portal, where the redirect URI of Home Assistant has to be entered with it. Its
application credential is created when a user first signs in with it.
"""

from typing import Any, Final, override

from homeassistant.components.application_credentials import ClientCredential, async_import_client_credential
from homeassistant.core import HomeAssistant
from homeassistant.helpers.config_entry_oauth2_flow import (
    LocalOAuth2ImplementationWithPkce,
    async_get_implementations,
)
from homeassistant.util import slugify

from ..const import DOMAIN
from ..drivers.viessmann.client import IAM_URL, SCOPES

PORTAL_URL: Final = "https://app.developer.viessmann-climatesolutions.com"


class ViessmannSignIn(LocalOAuth2ImplementationWithPkce):
    """One sign-in with a client ID. `iam_url`: the identity server."""

    def __init__(
        self,
        hass: HomeAssistant,
        auth_domain: str,
        client_id: str,
        iam_url: str = IAM_URL,
        name: str | None = None,
    ) -> None:
        super().__init__(hass, auth_domain, client_id, f"{iam_url}/authorize", f"{iam_url}/token")
        self._name = name or "Viessmann"

    @property
    @override
    def name(self) -> str:
        """Name of the application credential."""
        return self._name

    @property
    @override
    def extra_authorize_data(self) -> dict[str, Any]:
        """The scopes, in addition to the PKCE challenge; `offline_access` is for a refresh token."""
        return {**super().extra_authorize_data, "scope": SCOPES}


async def async_client_ids(hass: HomeAssistant) -> dict[str, str]:
    """Return the client IDs that are known as application credentials, with their names."""
    found = await async_get_implementations(hass, DOMAIN)
    return {item.client_id: item.name for item in found.values() if isinstance(item, ViessmannSignIn)}


async def async_sign_in(hass: HomeAssistant, client_id: str, iam_url: str) -> ViessmannSignIn:
    """Return a new sign-in; a client ID that is not an application credential yet becomes one."""
    known = {
        item.client_id: item.domain
        for item in (await async_get_implementations(hass, DOMAIN)).values()
        if isinstance(item, ViessmannSignIn)
    }
    if client_id not in known:
        known[client_id] = slugify(f"{DOMAIN}.{client_id}")
        credential = ClientCredential(client_id, "", "Viessmann")
        await async_import_client_credential(hass, DOMAIN, credential, known[client_id])
    return ViessmannSignIn(hass, known[client_id], client_id, iam_url)
