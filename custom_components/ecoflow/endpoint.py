"""Where the cloud is, and how it proves itself."""

from collections.abc import Mapping
import ssl
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util.ssl import get_default_context

from .api.models import REGIONS
from .const import CONF_CA_FILE, CONF_ENDPOINT, CONF_REGION, CONF_URL


class CertificateFileError(Exception):
    """The certificate file cannot be read or holds no certificate."""


def base_url(data: Mapping[str, Any]) -> str:
    """Return the API's address: the custom endpoint's, else the region's."""
    custom = data.get(CONF_ENDPOINT, {}).get(CONF_URL)
    return str(custom) if custom else REGIONS[data[CONF_REGION]]


async def async_tls_context(hass: HomeAssistant, data: Mapping[str, Any]) -> ssl.SSLContext:
    """Return how certificates are verified: against the given file's authority, else the usual ones.

    Raises CertificateFileError when there is a file and it does not serve.
    """
    path = data.get(CONF_ENDPOINT, {}).get(CONF_CA_FILE)
    if not path:
        return await hass.async_add_executor_job(get_default_context)
    return await hass.async_add_executor_job(_context_of, str(path))


def _context_of(path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as err:
        raise CertificateFileError(f"{path}: {err}") from err
