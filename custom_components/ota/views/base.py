"""The base of all HTTP views: authentication of devices, sending images, errors as JSON."""

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
import functools
from http import HTTPStatus
import logging
from typing import Any, Concatenate, Final

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util import dt as dt_util

from .._lib.device_http import ApiError, after_broken_body, presented_key, too_many, unexpected
from .._lib.device_keys import EMPTY_RING, KeyMatch, KeyRing
from ..const import DOMAIN
from ..data import OtaData
from ..hub import OtaHub
from ..rollout.errors import DeviceError, OtaError, StorageError, WireError
from ..rollout.models import Device, Release
from ..rollout.wire.check_in import CheckIn
from ..rollout.wire.ranges import select
from .image_response import ImageResponse

_LOGGER = logging.getLogger(__name__)
_MAX_WARNINGS: Final = 1000

_STATUS = {
    "unknown_job": HTTPStatus.CONFLICT,
    "not_offered": HTTPStatus.NOT_FOUND,
    "no_such_image": HTTPStatus.NOT_FOUND,
    "unknown_release": HTTPStatus.NOT_FOUND,
    "unknown_release_id": HTTPStatus.NOT_FOUND,
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
    """A view for devices. It returns 401 itself: raising it would count as a failed login of Home Assistant."""

    requires_auth = False

    def __init_subclass__(cls) -> None:
        """Serve each path with and without the trailing slash."""
        super().__init_subclass__()
        if cls.url is not None and "url" in vars(cls):
            paths = {path.removesuffix("/"): None for path in (cls.url, *cls.extra_urls)}
            cls.extra_urls = [path for each in paths for path in (each, f"{each}/") if path != cls.url]

    def __init__(self, hass: HomeAssistant) -> None:
        """Create the view. It exists as long as Home Assistant runs; the entry may be reloaded meanwhile."""
        self._hass = hass

    @property
    def data(self) -> OtaData:
        """Return the runtime data of the loaded entry.

        Raises:
            ApiError: 503, it is not loaded.
        """
        for entry in self._hass.config_entries.async_loaded_entries(DOMAIN):
            found: OtaData = entry.runtime_data
            return found
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "ota is not loaded", retry_after_s=30)

    @property
    def hub(self) -> OtaHub:
        """Return the hub of the loaded entry.

        Raises:
            ApiError: 503, it is not loaded.
        """
        return self.data.hub

    async def authenticate(self, request: web.Request, uid: str, *, key: str | None = None) -> Device:
        """Return the calling device, authenticated by `key` or the key in a header or `?api_key=`.

        Raises:
            ApiError: `unauthorized` or `too_many`.
        """
        data = self.data
        presented = key if key is not None else presented_key(request)
        device = data.hub.state.devices.get(uid)
        if device is not None and device.fleet is not None:
            fleet = data.fleets.get(device.fleet)
            if fleet is None or not presented or not fleet.authenticate(device.device_id, presented):
                data.guard.refuse(request)
            data.fleets.refresh(device)
        else:
            await self._match_key(request, uid if device else "", presented)
        if wait := data.guard.devices.take(uid):
            raise too_many(wait)
        assert device is not None, "no key matches the keys of an unknown device"
        return device

    async def _match_key(self, request: web.Request, uid: str, presented: str | None) -> None:
        data = self.data
        ring: KeyRing = data.keys.header_keys(uid) or EMPTY_RING
        match = ring.match(presented, dt_util.utcnow())
        if match is KeyMatch.NONE:
            data.guard.refuse(request)
        await data.keys.async_key_used(uid, match, url=False)

    def authenticate_gateway(self, request: web.Request, uid: str, token: str) -> Device:
        """Return a stand-alone device for which a gateway calls that has the common token of all of them.

        Raises:
            ApiError: `unauthorized` or `too_many`.
        """
        data = self.data
        device = data.hub.state.devices.get(uid)
        valid = data.keys.gateway.match(token, dt_util.utcnow()) is not KeyMatch.NONE
        if not valid or device is None or device.fleet is not None:
            data.guard.refuse(request)
        if wait := data.guard.devices.take(uid):
            raise too_many(wait)
        return device

    async def authenticate_url(self, request: web.Request, token: str) -> Device:
        """Return the device with this URL token.

        Raises:
            ApiError: `unauthorized` or `too_many`.
        """
        data = self.data
        found = data.keys.find_by_url_token(token, dt_util.utcnow())
        device = data.hub.state.devices.get(found[0]) if found else None
        if found is None or device is None:
            data.guard.refuse(request)
        if wait := data.guard.devices.take(device.uid):
            raise too_many(wait)
        await data.keys.async_key_used(device.uid, found[1], url=True)
        data.fleets.refresh(device)
        return device

    def apply_check_in(
        self, device: Device, check_in: CheckIn, *, requested_s: float | None = None, usual_s: float | None = None
    ) -> None:
        """Apply a check-in. A fleet's device that its provider reports as busy does not have to repeat it.

        Args:
            device: The device that calls.
            check_in: What it reports.
            requested_s: The poll interval that the reply requests.
            usual_s: The usual poll interval of the protocol.
        """
        data = self.data
        for name, reason in check_in.ignored.items():
            if (device.uid, name) not in data.warned and len(data.warned) < _MAX_WARNINGS:
                data.warned.add((device.uid, name))
                _LOGGER.warning("%s: %s is ignored: %s", device.name, name, reason)
        data.hub.engine.heartbeat(
            device.uid,
            data.hub.now,
            version=check_in.version,
            boots=check_in.boot_count,
            busy=check_in.busy or data.fleets.busy(device.uid),
            metrics=check_in.metrics,
            slots=check_in.slots,
            requested_s=requested_s,
            usual_s=usual_s,
        )

    async def send_image(
        self, request: web.Request, device: Device, sha256: str, *, headers: dict[str, str] | None = None
    ) -> web.StreamResponse:
        """Send an image to the device that it is offered to, and update its job.

        Raises:
            ApiError: `not_offered`, or the image is damaged.
        """
        data, hub = self.data, self.hub
        engine, method = hub.engine, request.method
        if device.fleet is not None and method == "GET":
            _accept_offer(hub, device, sha256)
        job = hub.state.job_of(device.uid)
        release = _offered_release(hub, device, sha256)
        part = select(request.headers, sha256, release.size, method=method)
        path = await data.images.async_path(sha256)
        response = ImageResponse(path, part, sha256, headers=headers or {})
        if method == "GET" and part.count and job is not None:
            engine.image_requested(device.uid, sha256, hub.now, resumed=part.start > 0)
            await hub.async_commit(device.uid)
            job_id = job.job_id
            response = ImageResponse(
                path,
                part,
                sha256,
                headers=headers or {},
                on_progress=lambda sent: self._on_sent(hub, device.uid, job_id, sent, release.size),
            )
        await response.async_send(request)
        with suppress(HomeAssistantError):  # the response is sent; the next tick tries again
            await hub.async_commit(device.uid)
        return response

    def _on_sent(self, hub: OtaHub, uid: str, job_id: int, sent: int, size: int) -> None:
        hub.engine.image_served(uid, job_id, hub.now, sent=sent, size=size)
        if not hub.state.dirty:
            hub.publish_events()


def _accept_offer(hub: OtaHub, device: Device, sha256: str) -> None:
    """Accept the offer of a fleet's device, which may know it from its provider alone."""
    offer = hub.engine.offer(device.uid, hub.now)
    if offer.release is not None and offer.release.sha256 == sha256:
        hub.engine.poll(device.uid, hub.now)


def _offered_release(hub: OtaHub, device: Device, sha256: str) -> Release:
    """Return the release that is offered to the device, if it has this image."""
    offer = hub.engine.offer(device.uid, hub.now)
    if offer.job is None or offer.release is None or offer.release.sha256 != sha256 or offer.reason != "offered":
        raise DeviceError("not_offered", device=device.uid)
    return offer.release


type Handler[V: OtaView, **P] = Callable[Concatenate[V, web.Request, P], Awaitable[web.StreamResponse]]
type Wrapped[V: OtaView, **P] = Callable[Concatenate[V, web.Request, P], Coroutine[Any, Any, web.StreamResponse]]


def handle_errors[V: OtaView, **P](handler: Handler[V, P]) -> Wrapped[V, P]:
    """Decorate a handler so that it returns errors as JSON."""

    @functools.wraps(handler)
    async def handle(view: V, request: web.Request, /, *args: P.args, **kwargs: P.kwargs) -> web.StreamResponse:
        try:
            answer = await handler(view, request, *args, **kwargs)
        except ApiError as err:
            answer = err.response()
        except OtaError as err:
            answer = api_error(err).response()
        except web.HTTPException, Unauthorized, ConnectionError:
            raise  # Home Assistant answers the first two; no client is left to answer to after the third
        except HomeAssistantError:
            answer = ApiError(
                HTTPStatus.SERVICE_UNAVAILABLE, "storage_failed", "the change could not be saved", retry_after_s=60
            ).response()
        except Exception as err:  # noqa: BLE001 - the device waits for an answer in any case
            answer = unexpected(err).response()
        return after_broken_body(request, answer)

    return handle


def api_error(err: OtaError) -> ApiError:
    """Return the API error for an error of the core package."""
    status = _STATUS.get(err.code, HTTPStatus.BAD_REQUEST)
    name = err.placeholders.get("field")
    if isinstance(err, WireError):
        message = err.message
    else:
        message = str(
            HomeAssistantError(
                translation_domain=DOMAIN, translation_key=err.code, translation_placeholders=err.placeholders
            )
        )
    retry = 30.0 if isinstance(err, StorageError) and err.code == "too_many_uploads" else None
    code = err.code if isinstance(err, WireError) or status != HTTPStatus.NOT_FOUND else "not_found"
    return ApiError(status, code, message, name=name, retry_after_s=retry)
