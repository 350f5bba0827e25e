"""ESPHome's `update: http_request`: a manifest and its image at a secret URL."""

import json
from typing import Final

from aiohttp import web

from .._lib.device_http import not_found
from ..rollout.wire import arduino, esphome
from ..rollout.wire.check_in import USUAL_POLL_S, CheckIn
from .base import OtaView, handle_errors


class ManifestView(OtaView):
    """The manifest of a device."""

    url = "/api/ota/d/{token}/manifest.json"
    name = "api:ota:url:manifest"

    @handle_errors
    async def get(self, request: web.Request, token: str) -> web.StreamResponse:
        """Return the offered version, or the installed one if none is offered."""
        device = await self.authenticate_url(request, token)
        hub = self.hub
        check_in = CheckIn(version=arduino.parse_version(request.query.get("version")))
        self.apply_check_in(device, check_in, usual_s=USUAL_POLL_S)
        offer = hub.engine.poll(device.uid, hub.now)
        await hub.async_commit(device.uid)
        body = esphome.update_manifest(hub.state.devices[device.uid], offer)
        if body is None:
            raise not_found("no update is offered, and the installed version is unknown")
        # ESPHome accepts only status 200 and no chunked encoding.
        return web.Response(body=json.dumps(body, separators=(",", ":")).encode(), content_type="application/json")


class ManifestImageView(OtaView):
    """The image of the manifest."""

    url = "/api/ota/d/{token}/fw/{sha256}.bin"
    name = "api:ota:url:firmware"

    @handle_errors
    async def get(self, request: web.Request, token: str, sha256: str) -> web.StreamResponse:
        """Send the image, or the requested range."""
        return await self.send_image(request, await self.authenticate_url(request, token), sha256)

    head = get


ESPHOME_VIEWS: Final = (ManifestView, ManifestImageView)
