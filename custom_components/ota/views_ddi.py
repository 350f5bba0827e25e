"""hawkBit's Direct Device Integration API: poll, deployment, feedback, configuration, cancel."""

from dataclasses import replace
from typing import Any

from aiohttp import hdrs, web
from homeassistant.core import HomeAssistant, callback

from ._lib.device_http import not_found, read_object
from .rollout.models import Device, Job, JobState
from .rollout.offers import Offer, Reason
from .rollout.versions import MAX_LENGTH
from .rollout.wire import ddi
from .views import OtaView, answers


@callback
def async_register_ddi_views(hass: HomeAssistant) -> None:
    """Register the views; once per start."""
    for view in (BaseView, DeploymentView, FeedbackView, ConfigDataView, CancelView, CancelFeedbackView, ArtifactView):
        hass.http.register_view(view(hass))


class DdiView(OtaView):
    """A controller with a target token."""

    async def controller(self, request: web.Request, tenant: str, uid: str) -> Device:
        """The device that calls with `Authorization: TargetToken …`.

        Raises:
            ApiError: `unauthorized` or `too_many`; also for a tenant that is not ours.
        """
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        good = scheme.lower() == "targettoken" and tenant.upper() == ddi.TENANT
        device = await self.authenticate(request, uid, key=token.strip() if good else "")
        self.coordinator.engine.seen(uid, self.coordinator.now)
        return device

    def root(self, request: web.Request, tenant: str, uid: str) -> str:
        """The controller's URL, as the client reached us."""
        return f"{request.url.origin()}/api/ota/ddi/{tenant}/controller/v1/{uid}"

    def open_job(self, device: Device, action: str) -> Job:
        """The device's job with this number.

        Raises:
            ApiError: `not_found`.
        """
        job = self.coordinator.state.job_of(device.uid)
        if job is None or str(job.job_id) != action:
            raise not_found("no such action")
        return job


class BaseView(DdiView):
    """The poll."""

    url = "/api/ota/ddi/{tenant}/controller/v1/{uid}"
    extra_urls = ["/api/ota/ddi/{tenant}/controller/v1/{uid}/"]
    name = "api:ota:ddi"

    @answers
    async def get(self, request: web.Request, tenant: str, uid: str) -> web.StreamResponse:
        """What there is to do."""
        device = await self.controller(request, tenant, uid)
        coordinator = self.coordinator
        offer = coordinator.engine.poll(uid, coordinator.now)
        await coordinator.async_settle()
        ready = offer.reason is Reason.OFFERED and offer.job is not None
        reply = ddi.base(
            self.root(request, tenant, uid),
            poll_s=coordinator.settings.poll_s,
            job=offer.job if ready else None,
            cancel=_to_cancel(coordinator.state.job_of(uid), offer),
            ask_config=not device.attributes,
        )
        return self.json(reply)


def _to_cancel(job: Job | None, offer: Offer) -> Job | None:
    """A job that was called off while the client may be at it: it is told until it says so itself."""
    if offer.reason is Reason.OFFERED or job is None or job.state is not JobState.CANCELED:
        return None
    return job if job.reason in ("canceled_by_user", "aborted", "rolled_back") else None


class DeploymentView(DdiView):
    """What to install."""

    url = "/api/ota/ddi/{tenant}/controller/v1/{uid}/deploymentBase/{action}"
    name = "api:ota:ddi:deployment"

    @answers
    async def get(self, request: web.Request, tenant: str, uid: str, action: str) -> web.StreamResponse:
        """One chunk with one artifact."""
        device = await self.controller(request, tenant, uid)
        job = self.open_job(device, action)
        release = self.coordinator.state.releases.get(job.release_id)
        if release is None or job.done:
            raise not_found("no such action")
        return self.json(ddi.deployment(self.root(request, tenant, uid), device, job, release))


class FeedbackView(DdiView):
    """How the installation goes."""

    url = "/api/ota/ddi/{tenant}/controller/v1/{uid}/deploymentBase/{action}/feedback"
    name = "api:ota:ddi:feedback"

    @answers
    async def post(self, request: web.Request, tenant: str, uid: str, action: str) -> web.StreamResponse:
        """Take it."""
        device = await self.controller(request, tenant, uid)
        return await self.take(request, device, action)

    async def take(self, request: web.Request, device: Device, action: str) -> web.Response:
        """Move the job."""
        job = self.open_job(device, action)
        said = ddi.feedback(await read_object(request), job.job_id)
        coordinator = self.coordinator
        if said.state is not None:
            coordinator.engine.report(
                device.uid, job.job_id, said.state, coordinator.now, progress=said.progress, reason=said.reason
            )
        await coordinator.async_settle()
        return web.Response()


class CancelView(DdiView):
    """What to stop."""

    url = "/api/ota/ddi/{tenant}/controller/v1/{uid}/cancelAction/{action}"
    name = "api:ota:ddi:cancel"

    @answers
    async def get(self, request: web.Request, tenant: str, uid: str, action: str) -> web.StreamResponse:
        """The action's number."""
        device = await self.controller(request, tenant, uid)
        return self.json(ddi.cancel_action(self.open_job(device, action)))


class CancelFeedbackView(DdiView):
    """The client stopped, or could not."""

    url = "/api/ota/ddi/{tenant}/controller/v1/{uid}/cancelAction/{action}/feedback"
    name = "api:ota:ddi:cancel_feedback"

    @answers
    async def post(self, request: web.Request, tenant: str, uid: str, action: str) -> web.StreamResponse:
        """From now on it is not told again."""
        device = await self.controller(request, tenant, uid)
        job = self.open_job(device, action)
        ddi.feedback(await read_object(request), job.job_id)
        if job.state is JobState.CANCELED:
            self.coordinator.state.put_job(replace(job, reason="canceled_confirmed"))
        await self.coordinator.async_settle()
        return web.Response()


class ConfigDataView(DdiView):
    """What the client says of itself."""

    url = "/api/ota/ddi/{tenant}/controller/v1/{uid}/configData"
    name = "api:ota:ddi:config"

    @answers
    async def put(self, request: web.Request, tenant: str, uid: str) -> web.StreamResponse:
        """Merge, replace or remove attributes."""
        device = await self.controller(request, tenant, uid)
        data: dict[str, Any] = await read_object(request)
        coordinator = self.coordinator
        attributes = ddi.config_data(data, device.attributes)
        coordinator.state.put_device(replace(coordinator.state.devices[uid], attributes=attributes))
        if 0 < len(attributes.get("version", "")) <= MAX_LENGTH:
            busy = coordinator.fleets.busy(uid)
            coordinator.engine.heartbeat(uid, coordinator.now, version=attributes["version"], busy=busy)
        await coordinator.async_settle()
        return web.Response()


class ArtifactView(DdiView):
    """The image."""

    url = "/api/ota/ddi/{tenant}/controller/v1/{uid}/softwaremodules/{action}/artifacts/{filename}"
    name = "api:ota:ddi:artifact"

    @answers
    async def get(self, request: web.Request, tenant: str, uid: str, action: str, filename: str) -> web.StreamResponse:
        """Send it, or the part that Range asks for."""
        device = await self.controller(request, tenant, uid)
        self.open_job(device, action)
        return await self.send_image(request, device, filename.partition(".")[0])

    head = get
