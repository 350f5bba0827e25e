"""The stored images: verified paths, and the clean-up of what is no longer needed."""

import asyncio
from functools import partial
from pathlib import Path

from homeassistant.core import HomeAssistant

from ..const import DOMAIN
from ..hub import OtaHub
from ..rollout import catalog
from ..rollout.image_store import ImageStore, Upload
from ..settings import Settings


class ImageLibrary:
    """The image store, used from the event loop."""

    def __init__(self, hass: HomeAssistant, hub: OtaHub, settings: Settings) -> None:
        """Create the library; `async_prepare` creates its folder."""
        self._hass = hass
        self._hub = hub
        self._settings = settings
        self.store = ImageStore(Path(hass.config.path(DOMAIN, "images")))
        self.lock = asyncio.Lock()
        """Held while an image is added to its release, and while images without a release are deleted."""

    async def async_prepare(self) -> None:
        """Create the folder.

        Raises:
            StorageError: `storage_failed`, `disk_full`.
        """
        await self._hass.async_add_executor_job(self.store.prepare)

    async def async_begin(self, expected_size: int | None = None) -> Upload:
        """Start an upload.

        Raises:
            StorageError: `too_large`, `disk_full`, `storage_failed`.
        """
        begin = partial(self.store.begin, expected_size, limit=self._settings.upload_limit)
        return await self._hass.async_add_executor_job(begin)

    async def async_path(self, sha256: str) -> Path:
        """Return the path of an image after checking its content.

        Raises:
            StorageError: `no_such_image`, `damaged_image`.
        """
        return await self._hass.async_add_executor_job(self.store.verified, sha256)

    async def async_clean_up(self) -> None:
        """Delete old releases that are not in use, and images without a release."""
        state = self._hub.state
        for release_id in catalog.prunable(state, self._settings.keep_releases):
            catalog.remove(state, release_id)
        await self._hub.async_commit()
        async with self.lock:
            await self._hass.async_add_executor_job(self._remove_orphans, catalog.image_hashes(state))

    def _remove_orphans(self, needed: set[str]) -> None:
        for sha256 in self.store.present() - needed:
            self.store.remove(sha256)
