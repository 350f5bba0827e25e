"""Import images as releases: stream to disk, check, compare with the manifest, add to the catalog."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Final

from homeassistant.core import HomeAssistant

from ..hub import OtaHub
from ..rollout import catalog
from ..rollout.catalog import DeclaredImage
from ..rollout.errors import ManifestError, OtaError, StorageError
from ..rollout.image import ImageInfo, inspect
from ..rollout.image_store import Digests, Upload
from ..rollout.manifest import Manifest, verify
from ..rollout.models import Release
from ..settings import Settings
from .image_library import ImageLibrary
from .uploads import UploadProgress

MAX_UPLOADS: Final = 4
"""Simultaneous imports; each uses a thread while it writes."""


@dataclass(frozen=True, slots=True)
class SignedManifest:
    """A manifest and its signature as received."""

    manifest: bytes
    signature: str


class ReleaseImporter:
    """Imports signed images, and unsigned ones if the options allow them."""

    def __init__(self, hass: HomeAssistant, hub: OtaHub, images: ImageLibrary, settings: Settings) -> None:
        """Create the importer of a config entry."""
        self._hass = hass
        self._hub = hub
        self._images = images
        self._settings = settings
        self._running = 0

    async def async_import(
        self,
        chunks: AsyncIterable[bytes],
        description: SignedManifest | DeclaredImage,
        *,
        expected_size: int | None = None,
        force: bool = False,
        progress: UploadProgress | None = None,
    ) -> Release:
        """Import an image.

        Args:
            chunks: The content of the file.
            description: What the image is: a signed manifest, or the declaration of an administrator.
            expected_size: The size of the file if it is known in advance.
            force: Accept an older sequence.
            progress: Receives the size of the file once it is known.

        Raises:
            OtaError: The image was rejected; nothing of it is kept.
            HomeAssistantError: The release could not be saved.
        """
        manifest = self._verified_manifest(description)
        if manifest is not None and expected_size is not None and expected_size != manifest.size:
            raise ManifestError("size_mismatch", expected=str(manifest.size), found=str(expected_size))
        if progress is not None:
            progress.size = manifest.size if manifest is not None else expected_size
        if self._running >= MAX_UPLOADS:
            raise StorageError("too_many_uploads")
        self._running += 1
        try:
            return await self._async_import(chunks, description, manifest, expected_size, force=force)
        finally:
            self._running -= 1

    def _verified_manifest(self, description: SignedManifest | DeclaredImage) -> Manifest | None:
        """Check the signature before any byte of the image is written."""
        if isinstance(description, SignedManifest):
            keys = self._settings.signing_keys
            return verify(description.manifest, description.signature, keys, now=self._hub.now)
        if self._settings.require_signature:
            raise ManifestError("unsigned")
        return None

    async def _async_import(
        self,
        chunks: AsyncIterable[bytes],
        description: SignedManifest | DeclaredImage,
        manifest: Manifest | None,
        expected_size: int | None,
        *,
        force: bool,
    ) -> Release:
        run, store, state = self._hass.async_add_executor_job, self._images.store, self._hub.state
        upload = await self._images.async_begin(manifest.size if manifest is not None else expected_size)
        try:
            async for chunk in chunks:
                await run(upload.write, chunk)
            digests: Digests = await run(upload.close)
            if manifest is not None:
                info = await run(_inspect, upload, manifest.chip)
            else:
                declared = _declared(description)
                info = await run(_inspect, upload, declared.chip)
                manifest = self._declared_manifest(declared, info, digests)
            catalog.check(manifest, info, digests)
            signed = (description.manifest, description.signature) if isinstance(description, SignedManifest) else None
            async with self._images.lock:
                catalog.find_identical(state, manifest, digests, force=force)  # raises before the image is kept
                await run(store.commit, upload, digests)
                release = catalog.add_release(state, manifest, info, digests, self._hub.now, signed=signed, force=force)
        except BaseException:
            await run(upload.abort)
            raise
        await self._hub.async_commit()
        await self._images.async_clean_up()
        return release

    def _declared_manifest(self, declared: DeclaredImage, info: ImageInfo, digests: Digests) -> Manifest:
        product = declared.product or info.project or ""
        sequence = catalog.next_sequence(self._hub.state, product, declared.chip)
        return catalog.build_manifest(declared, info, digests, sequence)

    async def async_import_factory(self, chunks: AsyncIterable[bytes], release_id: str) -> Release:
        """Import the unsigned image for first installations of a release. For administrators only.

        Raises:
            OtaError: The image was rejected.
        """
        run, store, state = self._hass.async_add_executor_job, self._images.store, self._hub.state
        catalog.get(state, release_id)
        upload = await self._images.async_begin()
        try:
            async for chunk in chunks:
                await run(upload.write, chunk)
            digests: Digests = await run(upload.close)
            if digests.size == 0:
                raise OtaError("empty")
            async with self._images.lock:
                await run(store.commit, upload, digests)
                catalog.set_factory_image(state, release_id, digests.sha256)
        except BaseException:
            await run(upload.abort)
            raise
        await self._hub.async_commit()
        return state.releases[release_id]


def _declared(description: SignedManifest | DeclaredImage) -> DeclaredImage:
    assert isinstance(description, DeclaredImage)
    return description


def _inspect(upload: Upload, chip: str) -> ImageInfo:
    with upload.mapped() as data:
        return inspect(data, chip=chip)
