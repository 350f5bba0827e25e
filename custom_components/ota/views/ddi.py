"""hawkBit's Direct Device Integration (DDI) API: poll, deployment, feedback, configuration, cancel."""

from dataclasses import replace
from typing import Any, Final

from aiohttp import hdrs, web

from .._lib.device_http import not_found, read_object
from ..rollout.models import Device, Job, JobState, Release
from ..rollout.offers import Offer, Reason
from ..rollout.versions import MAX_LENGTH
from ..rollout.wire import ddi
from ..rollout.wire.ranges import select
from .base import OtaView, handle_errors
from .image_response import ImageResponse

_PREFIX: Final = "/api/ota/ddi"
_ROOT: Final = f"{_PREFIX}/{{tenant}}/controller/v1/{{uid}}"
_FIXED_ROOT: Final = "/{tenant:default|DEFAULT}/controller/v1/{uid}"
"""For clients whose path cannot be configured (Zephyr): the server is only a host and a port."""


class DdiView(OtaView):
    """A view for a controller with a target token, or with the gateway token of all stand-alone devices."""

    async def controller(self, request: web.Request, tenant: str, uid: str) -> Device:
        """Return the device that calls with `Authorization: TargetToken …` or `GatewayToken …`.

        Raises:
            ApiError: `unauthorized` or `too_many`; also for an unknown tenant.
        """
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        scheme, token = scheme.lower() if tenant.upper() == ddi.TENANT else "", token.strip()
        if scheme == "gatewaytoken":
            device = self.authenticate_gateway(request, uid, token)
        else:
            device = await self.authenticate(request, uid, key=token if scheme == "targettoken" else "")
        self.hub.engine.mark_seen(uid, self.hub.now, requested_s=self.data.settings.poll_s)
        return device

    def root(self, request: web.Request, tenant: str, uid: str) -> str:
        """Return the URL of the controller, with the origin that the client used.

        Older clients of Zephyr poll `/default/...`, and require `/DEFAULT/...` in the links, as hawkBit returns them.
        """
        prefix, tenant = ("", ddi.TENANT) if _has_fixed_root(request) else (_PREFIX, tenant)
        return f"{request.url.origin()}{prefix}/{tenant}/controller/v1/{uid}"

    def open_job(self, device: Device, action: str) -> Job:
        """Return the current job of the device if it has this number.

        Raises:
            ApiError: `not_found`.
        """
        job = self.hub.state.job_of(device.uid)
        if job is None or str(job.job_id) != action.lstrip("0"):
            raise not_found("unknown action")
        return job


def _has_fixed_root(request: web.Request) -> bool:
    return not request.path.startswith(_PREFIX)


class BaseView(DdiView):
    """The controller base resource, which clients poll."""

    url = _ROOT
    extra_urls = [_FIXED_ROOT]
    name = "api:ota:ddi"

    @handle_errors
    async def get(self, request: web.Request, tenant: str, uid: str) -> web.StreamResponse:
        """Return links to the open actions."""
        device = await self.controller(request, tenant, uid)
        hub = self.hub
        offer = hub.engine.poll(uid, hub.now)
        await hub.async_commit(uid)
        ready = offer.reason is Reason.OFFERED and offer.job is not None
        reply = ddi.base(
            self.root(request, tenant, uid),
            poll_s=self.data.settings.poll_s,
            job=offer.job if ready else None,
            cancel=_job_to_cancel(hub.state.job_of(uid), offer),
            ask_config=not device.attributes,
            is_zephyr=_has_fixed_root(request),
        )
        return self.json(reply)


def _job_to_cancel(job: Job | None, offer: Offer) -> Job | None:
    """Return a canceled job that the client may still be running, until the client confirms the cancellation."""
    if offer.reason is Reason.OFFERED or job is None or job.state is not JobState.CANCELED:
        return None
    return job if job.reason in ("canceled_by_user", "aborted", "rolled_back") else None


class DeploymentView(DdiView):
    """A deployment action."""

    url = _ROOT + "/deploymentBase/{action}"
    extra_urls = [_FIXED_ROOT + "/deploymentBase/{action}"]
    name = "api:ota:ddi:deployment"

    @handle_errors
    async def get(self, request: web.Request, tenant: str, uid: str, action: str) -> web.StreamResponse:
        """Return one chunk with the artifacts of the release; with one for Zephyr."""
        device = await self.controller(request, tenant, uid)
        job = self.open_job(device, action)
        release = self.hub.state.releases.get(job.release_id)
        if release is None or job.done:
            raise not_found("unknown action")
        is_zephyr = _has_fixed_root(request)
        more = [] if is_zephyr else ddi.companions(self.hub.state.releases.values(), device, release)
        part = "bApp" if is_zephyr else "os"
        return self.json(ddi.deployment(self.root(request, tenant, uid), device, job, release, part=part, more=more))


class FeedbackView(DdiView):
    """The feedback of a client on a deployment."""

    url = _ROOT + "/deploymentBase/{action}/feedback"
    extra_urls = [_FIXED_ROOT + "/deploymentBase/{action}/feedback"]
    name = "api:ota:ddi:feedback"

    @handle_errors
    async def post(self, request: web.Request, tenant: str, uid: str, action: str) -> web.StreamResponse:
        """Update the job."""
        device = await self.controller(request, tenant, uid)
        job = self.open_job(device, action)
        feedback = ddi.feedback(await read_object(request), job.job_id)
        hub = self.hub
        if feedback.state is not None:
            hub.engine.report(
                device.uid, job.job_id, feedback.state, hub.now, progress=feedback.progress, reason=feedback.reason
            )
        await hub.async_commit(uid)
        return web.Response()


class CancelView(DdiView):
    """A cancel action."""

    url = _ROOT + "/cancelAction/{action}"
    extra_urls = [_FIXED_ROOT + "/cancelAction/{action}"]
    name = "api:ota:ddi:cancel"

    @handle_errors
    async def get(self, request: web.Request, tenant: str, uid: str, action: str) -> web.StreamResponse:
        """Return the number of the action to cancel."""
        device = await self.controller(request, tenant, uid)
        return self.json(ddi.cancel_action(self.open_job(device, action)))


class CancelFeedbackView(DdiView):
    """The feedback of a client on a cancel action."""

    url = _ROOT + "/cancelAction/{action}/feedback"
    extra_urls = [_FIXED_ROOT + "/cancelAction/{action}/feedback"]
    name = "api:ota:ddi:cancel_feedback"

    @handle_errors
    async def post(self, request: web.Request, tenant: str, uid: str, action: str) -> web.StreamResponse:
        """Mark the cancellation as confirmed."""
        device = await self.controller(request, tenant, uid)
        job = self.open_job(device, action)
        ddi.feedback(await read_object(request), job.job_id)
        if job.state is JobState.CANCELED:
            self.hub.state.set_job(replace(job, reason="canceled_confirmed"))
        await self.hub.async_commit(uid)
        return web.Response()


class ConfigDataView(DdiView):
    """The attributes that a client reports about itself."""

    url = _ROOT + "/configData"
    extra_urls = [_FIXED_ROOT + "/configData"]
    name = "api:ota:ddi:config"

    @handle_errors
    async def put(self, request: web.Request, tenant: str, uid: str) -> web.StreamResponse:
        """Merge, replace or remove attributes."""
        device = await self.controller(request, tenant, uid)
        data: dict[str, Any] = await read_object(request)
        hub = self.hub
        attributes = ddi.config_data(data, device.attributes)
        hub.state.set_device(replace(hub.state.devices[uid], attributes=attributes))
        if 0 < len(attributes.get("version", "")) <= MAX_LENGTH:
            busy = self.data.fleets.busy(uid)
            hub.engine.heartbeat(uid, hub.now, version=attributes["version"], busy=busy)
        await hub.async_commit(uid)
        return web.Response()


class ArtifactView(DdiView):
    """The image of a deployment."""

    url = _ROOT + "/softwaremodules/{action}/artifacts/{filename}"
    extra_urls = [_FIXED_ROOT + "/softwaremodules/{action}/artifacts/{filename}"]
    name = "api:ota:ddi:artifact"

    @handle_errors
    async def get(self, request: web.Request, tenant: str, uid: str, action: str, filename: str) -> web.StreamResponse:
        """Send the image or another artifact of the release, or the requested range."""
        device = await self.controller(request, tenant, uid)
        job = self.open_job(device, action)
        sha256 = filename.partition(".")[0]
        releases = self.hub.state.releases
        if (release := releases.get(job.release_id)) is not None and not job.done and sha256 != release.sha256:
            for other in ddi.companions(releases.values(), device, release):
                if other.sha256 == sha256:
                    return await self._send_companion(request, other)
        return await self.send_image(request, device, sha256)

    async def _send_companion(self, request: web.Request, release: Release) -> web.StreamResponse:
        """Send another artifact; the update depends on the image of the release itself."""
        path = await self.data.images.async_path(release.sha256)
        part = select(request.headers, release.sha256, release.size, method=request.method)
        return await ImageResponse(path, part, release.sha256, headers={}).async_send(request)

    head = get


DDI_VIEWS: Final = (
    BaseView,
    DeploymentView,
    FeedbackView,
    ConfigDataView,
    CancelView,
    CancelFeedbackView,
    ArtifactView,
)
