"""Address and TLS verification of the cloud, and the clients of an account."""

from collections.abc import Mapping
import ssl
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.ssl import get_default_context

from ..api.client import EcoflowClient, Timing
from ..api.models import REGIONS
from ..api.rest import RestClient
from ..api.signing import Keys
from ..const import (
    CONF_ACCESS_KEY,
    CONF_CA_FILE,
    CONF_ENDPOINT,
    CONF_MAX_AGE,
    CONF_POLL_INTERVAL,
    CONF_REGION,
    CONF_SECRET_KEY,
    CONF_URL,
    DEFAULT_MAX_AGE,
    DEFAULT_POLL_INTERVAL,
)


class CertificateFileError(Exception):
    """The certificate authority file cannot be read or contains no certificate."""


def base_url(data: Mapping[str, Any]) -> str:
    """Return the URL of the custom endpoint, else that of the region."""
    custom = data.get(CONF_ENDPOINT, {}).get(CONF_URL)
    return str(custom) if custom else REGIONS[data[CONF_REGION]]


async def async_tls_context(hass: HomeAssistant, data: Mapping[str, Any]) -> ssl.SSLContext:
    """Return the TLS context: with the certificate authority of the given file, else the default one.

    Raises CertificateFileError if the file cannot be used.
    """
    path = data.get(CONF_ENDPOINT, {}).get(CONF_CA_FILE)
    if not path:
        return await hass.async_add_executor_job(get_default_context)
    return await hass.async_add_executor_job(_load_context, str(path))


def _load_context(path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as err:
        raise CertificateFileError(f"{path}: {err}") from err


def rest_client(hass: HomeAssistant, data: Mapping[str, Any], tls: ssl.SSLContext) -> RestClient:
    """Return the HTTP client for the data of an account."""
    keys = Keys(data[CONF_ACCESS_KEY], data[CONF_SECRET_KEY])
    return RestClient(async_get_clientsession(hass), base_url(data), keys, ssl_context=tls)


async def async_create_client(
    hass: HomeAssistant, data: Mapping[str, Any], options: Mapping[str, Any]
) -> EcoflowClient:
    """Return the client of an account; raises CertificateFileError."""
    tls = await async_tls_context(hass, data)
    poll_interval_s = options.get(CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL)
    timing = Timing(
        message_window_s=max(120.0, 2.0 * poll_interval_s),
        max_age_s=max(options.get(CONF_MAX_AGE, DEFAULT_MAX_AGE), 2.5 * poll_interval_s),
    )
    # The client id never changes: the cloud allows about ten per key and day.
    client_id = f"heat-suite-{Keys(data[CONF_ACCESS_KEY], data[CONF_SECRET_KEY]).fingerprint}"
    return EcoflowClient(rest_client(hass, data, tls), tls, client_id, timing=timing)
