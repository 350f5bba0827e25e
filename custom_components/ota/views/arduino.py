"""Arduino's HTTPUpdate, Tasmota's OtaUrl and esp_https_ota: one secret URL that returns an image or 304."""

from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from .._lib.device_http import ApiError, not_found
from ..rollout.models import JobState
from ..rollout.offers import Offer, Reason
from ..rollout.wire import arduino
from ..rollout.wire.check_in import USUAL_POLL_S, CheckIn
from ..rollout.wire.ranges import select
from .base import OtaView, handle_errors
from .image_response import ImageResponse


class UpdaterView(OtaView):
    """The image that is offered to a device."""

    url = "/api/ota/d/{token}/update.bin"
    name = "api:ota:url:updater"

    @handle_errors
    async def get(self, request: web.Request, token: str) -> web.StreamResponse:
        """Send the offered image; 304 if none is offered."""
        device = await self.authenticate_url(request, token)
        hub, engine = self.hub, self.hub.engine
        updater = arduino.read(request.headers)
        version = (updater.version if updater else None) or arduino.parse_version(request.query.get("version"))
        self.apply_check_in(device, CheckIn(version=version), usual_s=USUAL_POLL_S)
        if updater is not None and not updater.firmware:
            return web.Response(status=HTTPStatus.NOT_MODIFIED)
        if request.method == hdrs.METH_HEAD:
            offer = engine.offer(device.uid, hub.now)
        else:
            offer = engine.poll(device.uid, hub.now)
        await hub.async_commit(device.uid)
        release = offer.release if offer.reason is Reason.OFFERED else None
        if release is None or offer.job is None:
            return web.Response(status=HTTPStatus.NOT_MODIFIED)
        if not arduino.fits(updater, release.size) and arduino.minimal_release(hub.state, device) is None:
            engine.report(device.uid, offer.job.job_id, JobState.FAILED, hub.now, reason="no_space")
            await hub.async_commit(device.uid)
            return web.Response(status=HTTPStatus.NOT_MODIFIED)
        _reject_resume_of_other_image(request, offer)
        return await self.send_image(request, device, release.sha256, headers={"x-MD5": release.md5})

    head = get


class MinimalView(OtaView):
    """Tasmota's minimal image: a device without the space for the whole image installs it first, to make room.

    Tasmota inserts `-minimal` into the name of `OtaUrl`. The image is a release of the product `PRODUCT-minimal`.
    """

    url = "/api/ota/d/{token}/update-minimal.bin"
    name = "api:ota:url:minimal"

    @handle_errors
    async def get(self, request: web.Request, token: str) -> web.StreamResponse:
        """Send the minimal image to a device that is updating; the update continues when it asks for the whole one."""
        device = await self.authenticate_url(request, token)
        hub = self.hub
        offer = hub.engine.offer(device.uid, hub.now)
        release = arduino.minimal_release(hub.state, device)
        if release is None or offer.job is None or offer.reason is not Reason.OFFERED:
            raise not_found("no minimal image is stored, or no update is offered")
        path = await self.data.images.async_path(release.sha256)
        part = select(request.headers, release.sha256, release.size, method=request.method)
        response = ImageResponse(path, part, release.sha256, headers={"x-MD5": release.md5})
        return await response.async_send(request)

    head = get


def _reject_resume_of_other_image(request: web.Request, offer: Offer) -> None:
    """Reject resuming a download that began with another image: this URL serves changing images.

    A client that names the image in If-Range is safe.
    """
    text = request.headers.get(hdrs.RANGE, "")
    starts_at_zero = not text or text.replace(" ", "").startswith("bytes=0-")
    if starts_at_zero or hdrs.IF_RANGE in request.headers or offer.job is None:
        return
    if offer.job.state is JobState.OFFERED:
        raise ApiError(HTTPStatus.CONFLICT, "conflict", "another image is offered now, start at byte 0")


ARDUINO_VIEWS: Final = (UpdaterView, MinimalView)
