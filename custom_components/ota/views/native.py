"""The native JSON protocol: check in, report, fetch the image."""

from typing import Any, Final

from aiohttp import web

from .._lib.device_http import read_body
from .._lib.device_json import parse_device_object
from ..rollout.models import Device
from ..rollout.wire import native
from ..rollout.wire.check_in import CheckIn
from .base import OtaView, handle_errors


async def _read_report(request: web.Request) -> dict[str, Any]:
    """Return the JSON object of a device, whose metrics may contain NaN; an empty body has no fields."""
    body = await read_body(request)
    return parse_device_object(body, readings="metrics") if body.strip() else {}


class CheckView(OtaView):
    """A device checks in and asks for an update."""

    url = "/api/ota/v1/devices/{uid}/check/"
    name = "api:ota:check"

    @handle_errors
    async def get(self, request: web.Request, uid: str) -> web.StreamResponse:
        """Handle a check-in with `?version=` at most."""
        device = await self.authenticate(request, uid)
        query = {"version": request.query["version"]} if "version" in request.query else {}
        return await self._check(device, native.check_in(query))

    @handle_errors
    async def post(self, request: web.Request, uid: str) -> web.StreamResponse:
        """Handle a check-in with a JSON object."""
        device = await self.authenticate(request, uid)
        return await self._check(device, native.check_in(await _read_report(request)))

    async def _check(self, device: Device, check_in: CheckIn) -> web.Response:
        hub = self.hub
        self.apply_check_in(device, check_in, requested_s=self.data.settings.poll_s)
        offer = hub.engine.poll(device.uid, hub.now)
        await hub.async_commit(device.uid)
        sha256 = offer.release.sha256 if offer.release else ""
        path = f"/api/ota/v1/devices/{device.uid}/firmware/{sha256}.bin"
        return self.json(
            native.reply(
                offer,
                hub.engine.device(device.uid),
                path=path,
                poll_s=self.data.settings.poll_s,
                ignored=check_in.ignored,
            )
        )


class StatusView(OtaView):
    """A device reports the state of its update."""

    url = "/api/ota/v1/devices/{uid}/status/"
    name = "api:ota:status"

    @handle_errors
    async def post(self, request: web.Request, uid: str) -> web.StreamResponse:
        """Handle a report."""
        device = await self.authenticate(request, uid)
        report = native.report(await _read_report(request))
        hub = self.hub
        hub.engine.mark_seen(uid, hub.now)
        job = hub.engine.report(
            uid, report.job_id, report.state, hub.now, progress=report.progress, reason=report.reason
        )
        if report.check_in.version is not None:
            self.apply_check_in(device, report.check_in)
            job = hub.state.jobs[job.job_id]
        await hub.async_commit(device.uid)
        return self.json({"job": str(job.job_id), "state": job.state.value})


class FirmwareView(OtaView):
    """The image that is offered to a device."""

    url = "/api/ota/v1/devices/{uid}/firmware/{sha256}.bin"
    name = "api:ota:firmware"

    @handle_errors
    async def get(self, request: web.Request, uid: str, sha256: str) -> web.StreamResponse:
        """Send the image, or the requested range."""
        return await self.send_image(request, await self.authenticate(request, uid), sha256)

    head = get


NATIVE_VIEWS: Final = (CheckView, StatusView, FirmwareView)
