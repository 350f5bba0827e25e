"""Actions for releases."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..const import INSTALL_LINK_VALIDITY
from ..data import OtaConfigEntry
from ..rollout import catalog
from ..serialization import release_as_dict
from .action import Action

_RELEASE: Final = {vol.Required("release"): cv.string}


async def _list(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    return {"releases": [release_as_dict(release) for release in entry.runtime_data.hub.state.releases.values()]}


async def _withdraw(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    catalog.withdraw(entry.runtime_data.hub.state, data["release"])
    return None


async def _remove(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    catalog.remove(entry.runtime_data.hub.state, data["release"])
    await entry.runtime_data.images.async_clean_up()
    return None


async def _installer_link(entry: OtaConfigEntry, data: Mapping[str, Any]) -> ServiceResponse:
    """Return a signed link for ESP Web Tools."""
    hub = entry.runtime_data.hub
    release = catalog.get(hub.state, data["release"])
    path = async_sign_path(hub.hass, f"/api/ota/web/{release.release_id}/manifest.json", INSTALL_LINK_VALIDITY)
    return {"path": path}


RELEASE_ACTIONS: Final = {
    "installer_link": Action(_RELEASE, _installer_link, SupportsResponse.ONLY),
    "list_releases": Action({}, _list, SupportsResponse.ONLY),
    "remove_release": Action(_RELEASE, _remove),
    "withdraw_release": Action(_RELEASE, _withdraw),
}
