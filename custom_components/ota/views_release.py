"""The upload API for CI and administrators, and ESP Web Tools' installer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import KEY_AUTHENTICATED
from homeassistant.util import dt as dt_util

from ._lib.device_http import ApiError, bad_value, forbidden, missing, not_found, presented_key
from ._lib.device_keys import KeyMatch
from .importing import Proof
from .responses import STALL_S, ImageResponse
from .rollout import releases
from .rollout.errors import ReleaseError
from .rollout.manifest import MAX_BYTES, Channel
from .rollout.models import Release
from .rollout.releases import Declared
from .rollout.wire import esphome
from .rollout.wire.ranges import select
from .uploads import Progress
from .views import OtaView, answers

CHUNK = 256 * 1024
_FIELDS = ("manifest", "signature", "chip", "product", "version", "channel", "notes", "factory_of")
LINK_LIFE = timedelta(hours=1)
_MALFORMED = (ValueError, AssertionError, RuntimeError, HttpProcessingError)
"""What aiohttp's reader raises where a body has no boundary, no end, or headers that are none."""


@callback
def async_register_release_views(hass: HomeAssistant) -> None:
    """Register the views; once per start."""
    for view in (UploadView, UploadsView, OneUploadView, InstallerView, FactoryView):
        hass.http.register_view(view(hass))


def release_json(release: Release) -> dict[str, Any]:
    """What the API says of a release."""
    names = ("release_id", "product", "chip", "version", "sequence", "size", "sha256", "known_good", "withdrawn")
    return {
        **{name: getattr(release, name) for name in names},
        "channel": release.channel.value,
        "signed_by": release.key_id,
        "factory": release.factory_sha256 is not None,
    }


class UploaderView(OtaView):
    """For administrators and CI."""

    async def _authorize(self, request: web.Request) -> bool:
        """Let an administrator in (True), or the holder of the upload key (False).

        Raises:
            ApiError: `unauthorized` or `forbidden`.
        """
        if request.get(KEY_AUTHENTICATED):
            if not request["hass_user"].is_admin:
                raise forbidden("this needs an administrator")
            return True
        coordinator = self.coordinator
        if coordinator.keys.upload.match(presented_key(request, allow_query=False), dt_util.utcnow()) is KeyMatch.NONE:
            coordinator.guard.refuse(request)
        return False


class UploadView(UploaderView):
    """Releases: multipart/form-data with the fields first and the file `image` last."""

    url = "/api/ota/releases/"
    extra_urls = ["/api/ota/releases"]
    name = "api:ota:releases"

    @answers
    async def get(self, request: web.Request) -> web.StreamResponse:
        """List them."""
        await self._authorize(request)
        return self.json({"releases": [release_json(release) for release in self.coordinator.state.releases.values()]})

    @answers
    async def post(self, request: web.Request) -> web.StreamResponse:
        """Take one in."""
        admin = await self._authorize(request)
        if not request.content_type.startswith("multipart/"):
            raise ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "bad_value", "multipart/form-data is needed")
        # The limit for images is ours; Home Assistant's is for bodies that are read into memory.
        request._client_max_size = self.coordinator.settings.upload_limit + 1024 * 1024  # noqa: SLF001
        progress = self.coordinator.uploads.begin(request.query.get("upload"))
        try:
            release = await self._async_take(request, progress, admin=admin)
        except BaseException as err:
            progress.refused(err)
            raise
        progress.stored(release)
        return self.json(release_json(release), HTTPStatus.CREATED)

    async def _async_take(self, request: web.Request, progress: Progress, *, admin: bool) -> Release:
        try:
            async with asyncio.timeout(STALL_S):
                fields, image = await _fields(await request.multipart())
        except TimeoutError as err:
            raise ReleaseError("upload_broken") from err
        except _MALFORMED as err:
            raise bad_value("the body is no multipart/form-data", None) from err
        claim = _claim(fields, admin=admin)
        importer = self.coordinator.importer
        if isinstance(claim, str):
            return await importer.async_import_factory(progress.counted(_chunks(image)), claim)
        return await importer.async_import(progress.counted(_chunks(image)), claim, progress=progress)


class UploadsView(UploaderView):
    """How far uploads are."""

    url = "/api/ota/uploads/"
    extra_urls = ["/api/ota/uploads"]
    name = "api:ota:uploads"

    @answers
    async def get(self, request: web.Request) -> web.StreamResponse:
        """Those under way, and the last ones that ended."""
        await self._authorize(request)
        return self.json({"uploads": [progress.as_dict() for progress in self.coordinator.uploads.all()]})


class OneUploadView(UploaderView):
    """How far one upload is."""

    url = "/api/ota/uploads/{upload_id}/"
    extra_urls = ["/api/ota/uploads/{upload_id}"]
    name = "api:ota:upload"

    @answers
    async def get(self, request: web.Request, upload_id: str) -> web.StreamResponse:
        """By the id that its client chose."""
        await self._authorize(request)
        progress = self.coordinator.uploads.get(upload_id)
        if progress is None:
            raise not_found("no such upload")
        return self.json(progress.as_dict())


async def _fields(reader: MultipartReader) -> tuple[dict[str, str], BodyPartReader]:
    """The text fields up to the file.

    Raises:
        ApiError: `missing` the image, or a field that is none of ours or too long.
    """
    found: dict[str, str] = {}
    while True:
        part = await reader.next()
        if part is None:
            raise missing("image")
        if not isinstance(part, BodyPartReader):
            raise bad_value("nested multipart", None)
        if part.name == "image":
            return found, part
        if part.name not in _FIELDS:
            raise bad_value("an unknown field", (part.name or "")[:32])
        found[part.name] = await _text(part)


async def _text(part: BodyPartReader) -> str:
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > MAX_BYTES:
            raise bad_value("too long", part.name)
    try:
        return data.decode()
    except UnicodeDecodeError as err:
        raise bad_value("not UTF-8", part.name) from err


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(STALL_S):
                chunk = await part.read_chunk(CHUNK)
        except (TimeoutError, ValueError, AssertionError) as err:  # it stopped, or ended before its last boundary
            raise ReleaseError("upload_broken") from err
        if not chunk:
            return
        yield chunk


def _claim(fields: dict[str, str], *, admin: bool) -> Proof | Declared | str:
    """What the upload says it is. The upload key may only bring signed releases.

    Raises:
        ApiError: `forbidden`, `missing` or `bad_value`.
    """
    if "manifest" in fields:
        return Proof(fields["manifest"].encode(), fields.get("signature", ""))
    if not admin:
        raise forbidden("the upload key may only bring signed releases")
    if "factory_of" in fields:
        return fields["factory_of"]
    if "chip" not in fields:
        raise missing("manifest")
    try:
        channel = Channel(fields.get("channel", "stable"))
    except ValueError as err:
        raise bad_value("stable or beta", "channel") from err
    return Declared(
        chip=fields["chip"],
        product=fields.get("product"),
        version=fields.get("version"),
        channel=channel,
        notes=fields.get("notes", ""),
    )


class InstallerView(OtaView):
    """ESP Web Tools' manifest of a release, behind a signed link that the action makes."""

    url = "/api/ota/web/{release_id}/manifest.json"
    name = "api:ota:web"
    requires_auth = True

    @answers
    async def get(self, request: web.Request, release_id: str) -> web.StreamResponse:
        """Name the factory image by a signed link of its own."""
        release = releases.get(self.coordinator.state, release_id)
        if release.factory_sha256 is None:
            raise not_found("no image for a first installation")
        path = async_sign_path(self._hass, f"/api/ota/web/{release_id}/factory.bin", LINK_LIFE)
        return self.json(esphome.web_tools_manifest(release, path))


class FactoryView(OtaView):
    """The image for a first installation."""

    url = "/api/ota/web/{release_id}/factory.bin"
    name = "api:ota:web:factory"
    requires_auth = True

    @answers
    async def get(self, request: web.Request, release_id: str) -> web.StreamResponse:
        """Send it."""
        sha256 = releases.get(self.coordinator.state, release_id).factory_sha256
        if sha256 is None:
            raise not_found("no image for a first installation")
        path = await self.coordinator.async_image(sha256)
        size = (await self._hass.async_add_executor_job(path.stat)).st_size
        part = select(request.headers, sha256, size, method=request.method)
        return await ImageResponse(path, part, sha256, headers={}).async_send(request)
