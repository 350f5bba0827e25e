"""The upload API for CI and administrators."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from homeassistant.helpers.http import KEY_AUTHENTICATED
from homeassistant.util import dt as dt_util

from .._lib.device_http import ApiError, bad_value, forbidden, missing, not_found, presented_key
from .._lib.device_keys import KeyMatch
from ..releases.importer import SignedManifest
from ..releases.uploads import UploadProgress
from ..rollout.catalog import DeclaredImage
from ..rollout.errors import ReleaseError
from ..rollout.manifest import MAX_BYTES, Channel
from ..rollout.models import Release
from ..serialization import release_as_dict
from .base import OtaView, handle_errors
from .image_response import STALL_S

CHUNK: Final = 256 * 1024
_FIELDS: Final = ("manifest", "signature", "chip", "product", "version", "channel", "notes", "factory_of")
_MALFORMED: Final = (ValueError, AssertionError, RuntimeError, HttpProcessingError)
"""What aiohttp's reader raises for a body without a boundary or an end, or with malformed headers."""


class UploaderView(OtaView):
    """A view for administrators and CI."""

    async def _authorize(self, request: web.Request) -> bool:
        """Authorize an administrator (True) or the holder of the upload key (False).

        Raises:
            ApiError: `unauthorized` or `forbidden`.
        """
        if request.get(KEY_AUTHENTICATED):
            if not request["hass_user"].is_admin:
                raise forbidden("administrator permission is required")
            return True
        data = self.data
        if data.keys.upload.match(presented_key(request, allow_query=False), dt_util.utcnow()) is KeyMatch.NONE:
            data.guard.refuse(request)
        return False


class ReleasesView(UploaderView):
    """The releases. An upload is multipart/form-data with the fields first and the file `image` last."""

    url = "/api/ota/releases/"
    name = "api:ota:releases"

    @handle_errors
    async def get(self, request: web.Request) -> web.StreamResponse:
        """List the releases."""
        await self._authorize(request)
        return self.json({"releases": [release_as_dict(release) for release in self.hub.state.releases.values()]})

    @handle_errors
    async def post(self, request: web.Request) -> web.StreamResponse:
        """Upload a release."""
        admin = await self._authorize(request)
        if not request.content_type.startswith("multipart/"):
            raise ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "bad_value", "the body must be multipart/form-data")
        # Images have a limit of their own; Home Assistant's is for bodies that are read into memory.
        request._client_max_size = self.data.settings.upload_limit + 1024 * 1024  # noqa: SLF001
        progress = self.data.uploads.begin(request.query.get("upload"))
        try:
            release = await self._async_import(request, progress, admin=admin)
        except BaseException as err:
            progress.set_rejected(err)
            raise
        progress.set_stored(release)
        return self.json(release_as_dict(release), HTTPStatus.CREATED)

    async def _async_import(self, request: web.Request, progress: UploadProgress, *, admin: bool) -> Release:
        try:
            async with asyncio.timeout(STALL_S):
                fields, image = await _read_fields(await request.multipart())
        except TimeoutError as err:
            raise ReleaseError("upload_broken") from err
        except _MALFORMED as err:
            raise bad_value("the body must be multipart/form-data", None) from err
        description = _description(fields, admin=admin)
        importer = self.data.importer
        if isinstance(description, str):
            return await importer.async_import_factory(progress.count(_chunks(image)), description)
        return await importer.async_import(progress.count(_chunks(image)), description, progress=progress)


class UploadsView(UploaderView):
    """The progress of all uploads."""

    url = "/api/ota/uploads/"
    name = "api:ota:uploads"

    @handle_errors
    async def get(self, request: web.Request) -> web.StreamResponse:
        """List the uploads in progress and the last ones that ended."""
        await self._authorize(request)
        return self.json({"uploads": [progress.as_dict() for progress in self.data.uploads.all()]})


class UploadView(UploaderView):
    """The progress of one upload."""

    url = "/api/ota/uploads/{upload_id}/"
    name = "api:ota:upload"

    @handle_errors
    async def get(self, request: web.Request, upload_id: str) -> web.StreamResponse:
        """Return the upload with the ID that its client chose."""
        await self._authorize(request)
        progress = self.data.uploads.get(upload_id)
        if progress is None:
            raise not_found("unknown upload")
        return self.json(progress.as_dict())


UPLOAD_VIEWS: Final = (ReleasesView, UploadsView, UploadView)


async def _read_fields(reader: MultipartReader) -> tuple[dict[str, str], BodyPartReader]:
    """Return the text fields and the file that follows them.

    Raises:
        ApiError: The image is `missing`, or a field is unknown or too long.
    """
    fields: dict[str, str] = {}
    while True:
        part = await reader.next()
        if part is None:
            raise missing("image")
        if not isinstance(part, BodyPartReader):
            raise bad_value("the body must not contain nested multipart bodies", None)
        if part.name == "image":
            return fields, part
        if part.name not in _FIELDS:
            raise bad_value(
                f"unknown field {name}" if (name := (part.name or "")[:32]) else "a part of the body has no name",
                name or None,
            )
        fields[part.name] = await _read_text(part)


async def _read_text(part: BodyPartReader) -> str:
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > MAX_BYTES:
            raise bad_value(f"{part.name} is too long", part.name)
    try:
        return data.decode()
    except UnicodeDecodeError as err:
        raise bad_value(f"{part.name} must be UTF-8", part.name) from err


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(STALL_S):
                chunk = await part.read_chunk(CHUNK)
        except (TimeoutError, ValueError, AssertionError) as err:  # it stalled, or ended before its last boundary
            raise ReleaseError("upload_broken") from err
        if not chunk:
            return
        yield chunk


def _description(fields: dict[str, str], *, admin: bool) -> SignedManifest | DeclaredImage | str:
    """Return what the upload is: a signed release, an unsigned one, or the factory image of a release (its ID).

    Raises:
        ApiError: `forbidden` (the upload key is for signed releases only), `missing` or `bad_value`.
    """
    if "manifest" in fields:
        return SignedManifest(fields["manifest"].encode(), fields.get("signature", ""))
    if not admin:
        raise forbidden("the upload key is for signed releases only")
    if "factory_of" in fields:
        return fields["factory_of"]
    if "chip" not in fields:
        raise missing("manifest")
    try:
        channel = Channel(fields.get("channel", "stable"))
    except ValueError as err:
        raise bad_value("channel must be stable or beta", "channel") from err
    return DeclaredImage(
        chip=fields["chip"],
        product=fields.get("product"),
        version=fields.get("version"),
        channel=channel,
        notes=fields.get("notes", ""),
    )
