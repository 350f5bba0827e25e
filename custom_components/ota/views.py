"""What all of ota's HTTP views have in common, and where they are registered (docs/ota-protocol.md)."""

from collections.abc import Awaitable, Callable, Coroutine
import functools
from http import HTTPStatus
from typing import Any, Concatenate

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util import dt as dt_util

from ._lib.device_http import ApiError, presented_key, too_many
from ._lib.device_keys import EMPTY_RING, KeyMatch, KeyRing
from .const import DOMAIN
from .coordinator import OtaCoordinator
from .responses import ImageResponse
from .rollout.errors import DeviceError, OtaError, StorageError, WireError
from .rollout.models import Device, Release
from .rollout.wire.ranges import select

_STATUS = {
    "unknown_job": HTTPStatus.CONFLICT,
    "not_offered": HTTPStatus.NOT_FOUND,
    "no_such_image": HTTPStatus.NOT_FOUND,
    "unknown_release": HTTPStatus.NOT_FOUND,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "disk_full": HTTPStatus.INSUFFICIENT_STORAGE,
    "storage_failed": HTTPStatus.INTERNAL_SERVER_ERROR,
    "damaged_image": HTTPStatus.INTERNAL_SERVER_ERROR,
    "too_many_uploads": HTTPStatus.TOO_MANY_REQUESTS,
    "release_exists": HTTPStatus.CONFLICT,
    "older_sequence": HTTPStatus.CONFLICT,
    "upload_exists": HTTPStatus.CONFLICT,
}


class OtaView(HomeAssistantView):
    """A view for devices. It answers 401 itself: a raised one would count as a failed login of Home Assistant."""

    requires_auth = False

    def __init__(self, hass: HomeAssistant) -> None:
        """Views live as long as Home Assistant; the entry may be reloaded meanwhile."""
        self._hass = hass

    @property
    def coordinator(self) -> OtaCoordinator:
        """The loaded entry.

        Raises:
            ApiError: 503, it is not loaded.
        """
        for entry in self._hass.config_entries.async_loaded_entries(DOMAIN):
            found: OtaCoordinator = entry.runtime_data
            return found
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "ota is not set up", retry_after_s=30)

    async def authenticate(self, request: web.Request, uid: str, *, key: str | None = None) -> Device:
        """The device that calls, by the key in a header (or `?api_key=`), or the one given.

        Raises:
            ApiError: `unauthorized` or `too_many`.
        """
        coordinator = self.coordinator
        presented = key if key is not None else presented_key(request)
        device = coordinator.state.devices.get(uid)
        if device is not None and device.fleet is not None:
            fleet = coordinator.fleets.get(device.fleet)
            if fleet is None or not presented or not fleet.authenticate(device.device_id, presented):
                coordinator.guard.refuse(request)
            coordinator.fleets.refresh(device)
        else:
            await self._match(request, uid if device else "", presented)
        if wait := coordinator.guard.devices.take(uid):
            raise too_many(wait)
        assert device is not None, "no key opens the ring of an unknown device"
        return device

    async def _match(self, request: web.Request, uid: str, presented: str | None) -> None:
        coordinator = self.coordinator
        ring: KeyRing = coordinator.keys.header_ring(uid) or EMPTY_RING
        match = ring.match(presented, dt_util.utcnow())
        if match is KeyMatch.NONE:
            coordinator.guard.refuse(request)
        await coordinator.keys.async_used(uid, match, url=False)

    async def authenticate_url(self, request: web.Request, token: str) -> Device:
        """The device whose secret URL this is.

        Raises:
            ApiError: `unauthorized` or `too_many`.
        """
        coordinator = self.coordinator
        found = coordinator.keys.find_url(token, dt_util.utcnow())
        device = coordinator.state.devices.get(found[0]) if found else None
        if found is None or device is None:
            coordinator.guard.refuse(request)
            raise AssertionError("refuse raises")
        if wait := coordinator.guard.devices.take(device.uid):
            raise too_many(wait)
        await coordinator.keys.async_used(device.uid, found[1], url=True)
        coordinator.fleets.refresh(device)
        return device

    async def send_image(
        self, request: web.Request, device: Device, sha256: str, *, headers: dict[str, str] | None = None
    ) -> web.StreamResponse:
        """Serve an image to the device that it is offered to, moving its job along.

        Raises:
            ApiError: `not_offered`, or the image is damaged.
        """
        coordinator = self.coordinator
        engine, method = coordinator.engine, request.method
        if device.fleet is not None and method == "GET":
            _take_offer(coordinator, device, sha256)
        job = coordinator.state.job_of(device.uid)
        release = _offered(coordinator, device, sha256)
        part = select(request.headers, sha256, release.size, method=method)
        path = await coordinator.async_image(sha256)
        response = ImageResponse(path, part, sha256, headers=headers or {})
        if method == "GET" and part.count and job is not None:
            engine.image_requested(device.uid, sha256, coordinator.now, resumed=part.start > 0)
            await coordinator.async_settle()
            job_id = job.job_id
            response = ImageResponse(
                path,
                part,
                sha256,
                headers=headers or {},
                on_progress=lambda sent: self._sent(coordinator, device.uid, job_id, sent, release.size),
            )
        await response.async_send(request)
        await coordinator.async_settle()
        return response

    def _sent(self, coordinator: OtaCoordinator, uid: str, job_id: int, sent: int, size: int) -> None:
        coordinator.engine.image_served(uid, job_id, coordinator.now, sent=sent, size=size)
        if not coordinator.state.dirty:
            coordinator.show(coordinator.engine.drain())


def _take_offer(coordinator: OtaCoordinator, device: Device, sha256: str) -> None:
    """A fleet's device may know its offer from its provider alone: to fetch the image is to take it."""
    offer = coordinator.engine.offer(device.uid, coordinator.now)
    if offer.release is not None and offer.release.sha256 == sha256:
        coordinator.engine.poll(device.uid, coordinator.now)


def _offered(coordinator: OtaCoordinator, device: Device, sha256: str) -> Release:
    """The release that the device is offered, when it is this image."""
    offer = coordinator.engine.offer(device.uid, coordinator.now)
    if offer.job is None or offer.release is None or offer.release.sha256 != sha256 or offer.reason != "offered":
        raise DeviceError("not_offered", device=device.uid)
    return offer.release


type Handler[V: OtaView, **P] = Callable[Concatenate[V, web.Request, P], Awaitable[web.StreamResponse]]
type Wrapped[V: OtaView, **P] = Callable[Concatenate[V, web.Request, P], Coroutine[Any, Any, web.StreamResponse]]


def answers[V: OtaView, **P](handler: Handler[V, P]) -> Wrapped[V, P]:
    """Decorate a handler: every refusal becomes its JSON answer."""

    @functools.wraps(handler)
    async def handle(view: V, request: web.Request, /, *args: P.args, **kwargs: P.kwargs) -> web.StreamResponse:
        try:
            return await handler(view, request, *args, **kwargs)
        except ApiError as err:
            return err.response()
        except OtaError as err:
            return api_error(err).response()
        except HomeAssistantError:
            return ApiError(
                HTTPStatus.SERVICE_UNAVAILABLE, "storage_failed", "the change could not be saved", retry_after_s=60
            ).response()

    return handle


def api_error(err: OtaError) -> ApiError:
    """The answer to an error of the core package."""
    status = _STATUS.get(err.code, HTTPStatus.BAD_REQUEST)
    name = err.placeholders.get("field")
    details = ", ".join(f"{key} {value}" for key, value in err.placeholders.items())
    message = err.code.replace("_", " ") + (f": {details}" if details else "")
    retry = 30.0 if isinstance(err, StorageError) and err.code == "too_many_uploads" else None
    code = err.code if isinstance(err, WireError) or status != HTTPStatus.NOT_FOUND else "not_found"
    return ApiError(status, code, message, name=name, retry_after_s=retry)
