"""The native JSON protocol, and the secret URLs of clients that cannot send headers."""

from http import HTTPStatus
import json

from aiohttp import hdrs, web
from homeassistant.core import HomeAssistant, callback

from ._lib.device_http import ApiError, not_found, read_object
from .rollout.models import Device, JobState, Release
from .rollout.offers import Offer, Reason
from .rollout.wire import arduino, esphome, native
from .views import OtaView, answers
from .views_ddi import async_register_ddi_views
from .views_release import async_register_release_views


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Register all views; once per start."""
    for view in (CheckView, StatusView, FirmwareView, ManifestView, UrlFirmwareView, UpdaterView):
        hass.http.register_view(view(hass))
    async_register_ddi_views(hass)
    async_register_release_views(hass)


class CheckView(OtaView):
    """A device asks for an update, saying what it runs."""

    url = "/api/ota/v1/devices/{uid}/check/"
    extra_urls = ["/api/ota/v1/devices/{uid}/check"]
    name = "api:ota:check"

    @answers
    async def get(self, request: web.Request, uid: str) -> web.StreamResponse:
        """With `?version=` at most."""
        device = await self.authenticate(request, uid)
        query = {"version": request.query["version"]} if "version" in request.query else {}
        return await self._check(device, native.check_in(query))

    @answers
    async def post(self, request: web.Request, uid: str) -> web.StreamResponse:
        """With a JSON object."""
        device = await self.authenticate(request, uid)
        return await self._check(device, native.check_in(await read_object(request)))

    async def _check(self, device: Device, said: native.CheckIn) -> web.Response:
        coordinator = self.coordinator
        take_check_in(self, device, said)
        offer = coordinator.engine.poll(device.uid, coordinator.now)
        await coordinator.async_settle()
        sha256 = offer.release.sha256 if offer.release else ""
        path = f"/api/ota/v1/devices/{device.uid}/firmware/{sha256}.bin"
        return self.json(native.reply(offer, path=path, poll_s=coordinator.settings.poll_s))


def take_check_in(view: OtaView, device: Device, said: native.CheckIn) -> None:
    """The device showed itself. What its provider knows holds too: it need not say twice that it heats."""
    coordinator = view.coordinator
    coordinator.engine.heartbeat(
        device.uid,
        coordinator.now,
        version=said.version,
        boots=said.boot_count,
        busy=said.busy or coordinator.fleets.busy(device.uid),
        metrics=said.metrics,
    )


class StatusView(OtaView):
    """A device says where its update stands."""

    url = "/api/ota/v1/devices/{uid}/status/"
    extra_urls = ["/api/ota/v1/devices/{uid}/status"]
    name = "api:ota:status"

    @answers
    async def post(self, request: web.Request, uid: str) -> web.StreamResponse:
        """Take a report."""
        device = await self.authenticate(request, uid)
        report = native.report(await read_object(request))
        coordinator = self.coordinator
        coordinator.engine.seen(uid, coordinator.now)
        job = coordinator.engine.report(
            uid, report.job_id, report.state, coordinator.now, progress=report.progress, reason=report.reason
        )
        if report.check_in.version is not None:
            take_check_in(self, device, report.check_in)
            job = coordinator.engine.state.jobs[job.job_id]
        await coordinator.async_settle()
        return self.json({"job": str(job.job_id), "state": job.state.value})


class FirmwareView(OtaView):
    """The image of a device's own offer, with its key."""

    url = "/api/ota/v1/devices/{uid}/firmware/{sha256}.bin"
    name = "api:ota:firmware"

    @answers
    async def get(self, request: web.Request, uid: str, sha256: str) -> web.StreamResponse:
        """Send it, or the part that Range asks for."""
        return await self.send_image(request, await self.authenticate(request, uid), sha256)

    head = get


class ManifestView(OtaView):
    """ESPHome's `update: http_request` (and ESP Web Tools) manifest behind a secret URL."""

    url = "/api/ota/d/{token}/manifest.json"
    name = "api:ota:url:manifest"

    @answers
    async def get(self, request: web.Request, token: str) -> web.StreamResponse:
        """What the device may install; its own version when nothing."""
        device = await self.authenticate_url(request, token)
        coordinator = self.coordinator
        version = arduino.version_of(request.query.get("version"))
        take_check_in(self, device, native.CheckIn(version=version))
        offer = coordinator.engine.poll(device.uid, coordinator.now)
        await coordinator.async_settle()
        body = esphome.update_manifest(coordinator.state.devices[device.uid], offer)
        if body is None:
            raise not_found("nothing is offered, and the installed version is not known")
        # ESPHome takes no chunks and only 200.
        return web.Response(body=json.dumps(body, separators=(",", ":")).encode(), content_type="application/json")


class UrlFirmwareView(OtaView):
    """The image that a manifest behind a secret URL names."""

    url = "/api/ota/d/{token}/fw/{sha256}.bin"
    name = "api:ota:url:firmware"

    @answers
    async def get(self, request: web.Request, token: str, sha256: str) -> web.StreamResponse:
        """Send it, or the part that Range asks for."""
        return await self.send_image(request, await self.authenticate_url(request, token), sha256)

    head = get


class UpdaterView(OtaView):
    """One URL for Arduino's HTTPUpdate, Tasmota's OtaUrl and esp_https_ota: an image, or 304."""

    url = "/api/ota/d/{token}/update.bin"
    name = "api:ota:url:updater"

    @answers
    async def get(self, request: web.Request, token: str) -> web.StreamResponse:
        """Send what is offered; 304 when nothing is."""
        device = await self.authenticate_url(request, token)
        coordinator, engine = self.coordinator, self.coordinator.engine
        updater = arduino.read(request.headers)
        version = (updater.version if updater else None) or arduino.version_of(request.query.get("version"))
        take_check_in(self, device, native.CheckIn(version=version))
        if updater is not None and not updater.firmware:
            return web.Response(status=HTTPStatus.NOT_MODIFIED)
        if request.method == hdrs.METH_HEAD:
            offer = engine.offer(device.uid, coordinator.now)
        else:
            offer = engine.poll(device.uid, coordinator.now)
        await coordinator.async_settle()
        release = offer.release if offer.reason is Reason.OFFERED else None
        if release is None or offer.job is None:
            return web.Response(status=HTTPStatus.NOT_MODIFIED)
        if not arduino.fits(updater, release.size):
            engine.report(device.uid, offer.job.job_id, JobState.FAILED, coordinator.now, reason="no_space")
            await coordinator.async_settle()
            return web.Response(status=HTTPStatus.NOT_MODIFIED)
        _refuse_splice(request, offer)
        return await self._send(request, device, release)

    head = get

    async def _send(self, request: web.Request, device: Device, release: Release) -> web.StreamResponse:
        return await self.send_image(request, device, release.sha256, headers={"x-MD5": release.md5})


def _refuse_splice(request: web.Request, offer: Offer) -> None:
    """What this URL serves changes: going on with a download needs that this very image was begun.

    A client that names the image in If-Range is safe by itself.
    """
    text = request.headers.get(hdrs.RANGE, "")
    begins = not text or text.replace(" ", "").startswith("bytes=0-")
    if begins or hdrs.IF_RANGE in request.headers or offer.job is None:
        return
    if offer.job.state is JobState.OFFERED:
        raise ApiError(HTTPStatus.CONFLICT, "conflict", "another image is offered now: begin at 0")
