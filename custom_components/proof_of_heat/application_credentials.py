"""Application credentials: client IDs of the Viessmann developer portal, with which users sign in to their account."""

from homeassistant.components.application_credentials import ClientCredential
from homeassistant.core import HomeAssistant

from .sources.viessmann_sign_in import PORTAL_URL, ViessmannSignIn


async def async_get_auth_implementation(
    hass: HomeAssistant, auth_domain: str, credential: ClientCredential
) -> ViessmannSignIn:
    """Return the sign-in with a client ID; a client secret does not exist and is ignored."""
    return ViessmannSignIn(hass, auth_domain, credential.client_id, name=credential.name)


async def async_get_description_placeholders(hass: HomeAssistant) -> dict[str, str]:
    """Return the placeholders of the dialog in which a client ID is added."""
    return {"portal_url": PORTAL_URL}
