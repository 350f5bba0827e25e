"""How an image becomes a release: streamed to disk, checked, compared with its manifest, taken in."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .rollout import releases
from .rollout.errors import ManifestError, OtaError, StorageError
from .rollout.image import ImageInfo, inspect
from .rollout.manifest import Manifest, verify
from .rollout.models import Release
from .rollout.releases import Declared
from .rollout.store import Digests, Upload
from .uploads import Progress

if TYPE_CHECKING:
    from .coordinator import OtaCoordinator

MAX_UPLOADS: Final = 4
"""At once; each takes a thread while it writes."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A signed manifest as it came."""

    manifest: bytes
    signature: str


class Importer:
    """Takes images in. Signed, or unsigned where the options allow it."""

    def __init__(self, coordinator: OtaCoordinator) -> None:
        """For one config entry."""
        self._coordinator = coordinator
        self._running = 0

    async def async_import(
        self,
        chunks: AsyncIterable[bytes],
        claim: Proof | Declared,
        *,
        expected: int | None = None,
        force: bool = False,
        progress: Progress | None = None,
    ) -> Release:
        """Take in an image.

        Args:
            chunks: The file.
            claim: What it is: proved by a signature, or declared by an administrator.
            expected: Its size, where it is known before.
            force: Accept an older sequence.
            progress: Is told the size, once it is known.

        Raises:
            OtaError: It was refused; nothing of it stays.
            HomeAssistantError: The registry could not be saved.
        """
        manifest = self._manifest_first(claim)
        if manifest is not None and expected is not None and expected != manifest.size:
            raise ManifestError("size_mismatch", expected=str(manifest.size), found=str(expected))
        if progress is not None:
            progress.size = manifest.size if manifest is not None else expected
        if self._running >= MAX_UPLOADS:
            raise StorageError("too_many_uploads")
        self._running += 1
        try:
            return await self._async_import(chunks, claim, manifest, expected, force=force)
        finally:
            self._running -= 1

    def _manifest_first(self, claim: Proof | Declared) -> Manifest | None:
        """Check the signature before a byte of the image is written."""
        settings = self._coordinator.settings
        if isinstance(claim, Proof):
            return verify(claim.manifest, claim.signature, settings.keys, now=self._coordinator.now)
        if settings.require_signature:
            raise ManifestError("unsigned")
        return None

    async def _async_import(
        self,
        chunks: AsyncIterable[bytes],
        claim: Proof | Declared,
        manifest: Manifest | None,
        expected: int | None,
        *,
        force: bool,
    ) -> Release:
        coordinator, run = self._coordinator, self._coordinator.hass.async_add_executor_job
        size = manifest.size if manifest is not None else expected
        upload = await run(coordinator.images.begin, size)
        try:
            async for chunk in chunks:
                await run(upload.write, chunk)
            digests: Digests = await run(upload.close)
            chip = manifest.chip if manifest is not None else _declared(claim).chip
            info: ImageInfo = await run(_inspect, upload, chip)
            if manifest is None:
                manifest = self._declared_manifest(_declared(claim), info, digests)
            releases.check(manifest, info, digests)
            signed = (claim.manifest, claim.signature) if isinstance(claim, Proof) else None
            async with coordinator.images_lock:
                releases.find_same(coordinator.state, manifest, digests, force=force)  # refused before it is kept
                await run(coordinator.images.commit, upload, digests)
                release = releases.admit(
                    coordinator.state, manifest, info, digests, coordinator.now, signed=signed, force=force
                )
        except BaseException:
            await run(upload.abort)
            raise
        await coordinator.async_settle()
        await coordinator.async_clean()
        return release

    def _declared_manifest(self, declared: Declared, info: ImageInfo, digests: Digests) -> Manifest:
        product = declared.product or info.project or ""
        sequence = releases.next_sequence(self._coordinator.state, product, declared.chip)
        return releases.manifest_of(declared, info, digests, sequence)

    async def async_import_factory(self, chunks: AsyncIterable[bytes], release_id: str) -> Release:
        """Take in the image for first installations of a release that is there. Administrators only: it is unsigned.

        Raises:
            OtaError: It was refused.
        """
        coordinator, run = self._coordinator, self._coordinator.hass.async_add_executor_job
        releases.get(coordinator.state, release_id)
        upload = await run(coordinator.images.begin)
        try:
            async for chunk in chunks:
                await run(upload.write, chunk)
            digests: Digests = await run(upload.close)
            if digests.size == 0:
                raise OtaError("empty")
            async with coordinator.images_lock:
                await run(coordinator.images.commit, upload, digests)
                releases.set_factory(coordinator.state, release_id, digests.sha256)
        except BaseException:
            await run(upload.abort)
            raise
        await coordinator.async_settle()
        return coordinator.state.releases[release_id]


def _declared(claim: Proof | Declared) -> Declared:
    assert isinstance(claim, Declared)
    return claim


def _inspect(upload: Upload, chip: str) -> ImageInfo:
    with upload.mapped() as data:
        return inspect(data, chip=chip)
