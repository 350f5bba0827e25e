"""First installations in the browser with ESP Web Tools, at signed links."""

from typing import Final

from aiohttp import hdrs, web
from homeassistant.components.http.auth import async_sign_path

from .._lib.device_http import forbidden, not_found, require_user
from ..const import INSTALL_LINK_VALIDITY
from ..rollout import catalog
from ..rollout.wire import esphome
from ..rollout.wire.ranges import select
from .base import OtaView, handle_errors
from .image_response import ImageResponse


def _check_permission(request: web.Request) -> None:
    """Allow administrators and signed links only: images may contain secrets of the home.

    Raises:
        ApiError: `unauthorized`, such as for a link that has expired; `forbidden`.
    """
    require_user(request)
    if hdrs.AUTHORIZATION in request.headers and not request["hass_user"].is_admin:
        raise forbidden("administrator permission is required")


class InstallManifestView(OtaView):
    """The manifest of ESP Web Tools for a release."""

    url = "/api/ota/web/{release_id}/manifest.json"
    name = "api:ota:web"

    @handle_errors
    async def get(self, request: web.Request, release_id: str) -> web.StreamResponse:
        """Return the manifest with a signed link to the factory image."""
        _check_permission(request)
        release = catalog.get(self.hub.state, release_id)
        if release.factory_sha256 is None:
            raise not_found("no factory image")
        path = async_sign_path(self._hass, f"/api/ota/web/{release_id}/factory.bin", INSTALL_LINK_VALIDITY)
        return self.json(esphome.web_tools_manifest(release, path))


class FactoryImageView(OtaView):
    """The image for a first installation."""

    url = "/api/ota/web/{release_id}/factory.bin"
    name = "api:ota:web:factory"

    @handle_errors
    async def get(self, request: web.Request, release_id: str) -> web.StreamResponse:
        """Send the image."""
        _check_permission(request)
        sha256 = catalog.get(self.hub.state, release_id).factory_sha256
        if sha256 is None:
            raise not_found("no factory image")
        path = await self.data.images.async_path(sha256)
        size = (await self._hass.async_add_executor_job(path.stat)).st_size
        part = select(request.headers, sha256, size, method=request.method)
        return await ImageResponse(path, part, sha256, headers={}).async_send(request)


INSTALL_VIEWS: Final = (InstallManifestView, FactoryImageView)
