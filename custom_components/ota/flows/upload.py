"""Steps of the options flow that upload a release from the browser."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    FileSelector,
    FileSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import probatio as vol

from ..const import CONF_CHANNEL, CONF_CHIP, CONF_PRODUCT
from ..data import OtaData
from ..releases.importer import SignedManifest
from ..releases.uploads import UploadProgress
from ..rollout.catalog import DeclaredImage
from ..rollout.errors import OtaError
from ..rollout.image import CHIPS
from ..rollout.manifest import Channel
from ..rollout.models import Release

CONF_FILE: Final = "file"
CONF_MANIFEST: Final = "manifest"
CONF_SIGNATURE: Final = "signature"
CONF_VERSION: Final = "version"
CONF_NOTES: Final = "notes"
_CHUNK: Final = 256 * 1024
MIN_PROGRESS_S: Final = 1.5
"""The dialog shows the progress for at least this time: it subscribes late and would miss an earlier end."""
_READING_SHARE: Final = 0.9
"""The share of the progress bar for reading and hashing the file."""

_TEXT = TextSelector(TextSelectorConfig(multiline=True))
_UPLOAD_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_FILE): FileSelector(FileSelectorConfig(accept=".bin,.gz,.swu")),
        vol.Optional(CONF_MANIFEST): _TEXT,
        vol.Optional(CONF_SIGNATURE): TextSelector(),
        vol.Optional(CONF_CHIP): SelectSelector(
            SelectSelectorConfig(options=sorted(CHIPS), mode=SelectSelectorMode.DROPDOWN)
        ),
        vol.Optional(CONF_PRODUCT): TextSelector(),
        vol.Optional(CONF_VERSION): TextSelector(),
        vol.Required(CONF_CHANNEL, default=Channel.STABLE.value): SelectSelector(
            SelectSelectorConfig(options=[channel.value for channel in Channel], translation_key="channel")
        ),
        vol.Optional(CONF_NOTES): _TEXT,
    }
)


class UploadSteps(OptionsFlow):
    """The upload steps of the options flow."""

    _upload_values: Mapping[str, Any] = {}
    _upload_errors: dict[str, str] = {}
    _upload_placeholders: Mapping[str, str] = {}
    _import_task: asyncio.Task[Release] | None = None
    _release: Release | None = None

    async def async_step_upload(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the image and its manifest, and start the import."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if user_input is not None:
            self._upload_values = {key: value for key, value in user_input.items() if key != CONF_FILE}
            self._upload_errors, self._upload_placeholders = {}, {}
            if not user_input.get(CONF_MANIFEST) and not user_input.get(CONF_CHIP):
                self._upload_errors = {CONF_CHIP: "chip_missing"}
                return self._show_upload()
            importing = _async_with_minimum_duration(self._async_import(self.config_entry.runtime_data, user_input))
            self._import_task = self.hass.async_create_task(importing, "ota upload", eager_start=False)
            return await self.async_step_importing()
        return self._show_upload()

    def _show_upload(self) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="upload",
            data_schema=self.add_suggested_values_to_schema(_UPLOAD_SCHEMA, self._upload_values),
            errors=self._upload_errors,
            description_placeholders={"error": "", **self._upload_placeholders},
        )

    async def async_step_importing(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the progress while the image is hashed, checked and stored."""
        task = self._import_task
        assert task is not None, "only async_step_upload leads here"
        if not task.done():
            return self.async_show_progress(step_id="importing", progress_action="importing", progress_task=task)
        try:
            self._release = task.result()
        except OtaError as err:
            self._upload_errors = {"base": err.code}
            self._upload_placeholders = err.placeholders
        except ValueError:
            self._upload_errors = {CONF_FILE: "file_gone"}
        except HomeAssistantError as err:
            self._upload_errors = {"base": "storage_failed"}
            self._upload_placeholders = err.translation_placeholders or {"error": str(err)}
        return self.async_show_progress_done(next_step_id="upload" if self._upload_errors else "uploaded")

    async def async_step_uploaded(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Confirm that the release is stored."""
        release = self._release
        assert release is not None, "only a successful import leads here"
        return self.async_abort(
            reason="uploaded",
            description_placeholders={"product": release.product, "version": release.version},
        )

    async def _async_import(self, data: OtaData, user_input: Mapping[str, Any]) -> Release:
        """Import the uploaded file, which is deleted in any case."""
        description: SignedManifest | DeclaredImage
        if user_input.get(CONF_MANIFEST):
            # A text field may add a line feed; the signed bytes have none at the end.
            manifest = user_input[CONF_MANIFEST].strip().encode()
            description = SignedManifest(manifest, user_input.get(CONF_SIGNATURE, ""))
        else:
            description = DeclaredImage(
                chip=user_input.get(CONF_CHIP, ""),
                product=user_input.get(CONF_PRODUCT),
                version=user_input.get(CONF_VERSION),
                channel=Channel(user_input[CONF_CHANNEL]),
                notes=user_input.get(CONF_NOTES, ""),
            )
        progress = data.uploads.begin(None)
        chunks = _read_uploaded_file(self.hass, user_input[CONF_FILE], partial(self._on_chunk, progress))
        try:
            release = await data.importer.async_import(progress.count(chunks), description, progress=progress)
        except BaseException as err:
            progress.set_rejected(err)
            raise
        progress.set_stored(release)
        return release

    @callback
    def _on_chunk(self, progress: UploadProgress, size: int) -> None:
        """Update the progress bar."""
        progress.size = size
        if size:
            self.async_update_progress(_READING_SHARE * min(progress.received / size, 1.0))


async def _async_with_minimum_duration(importing: Coroutine[Any, Any, Release]) -> Release:
    """Import, but do not end before the dialog in the browser has subscribed to the end."""
    minimum = asyncio.create_task(asyncio.sleep(MIN_PROGRESS_S))
    try:
        return await importing
    finally:
        await minimum


async def _read_uploaded_file(
    hass: HomeAssistant, file_id: str, on_chunk: Callable[[int], None]
) -> AsyncIterator[bytes]:
    """Yield the content of an uploaded file and delete it. `on_chunk` is called with its size before each chunk.

    Raises:
        ValueError: The file does not exist.
    """
    run = hass.async_add_executor_job
    context = process_uploaded_file(hass, file_id)
    path: Path = await run(context.__enter__)
    try:
        size = (await run(path.stat)).st_size
        file = await run(path.open, "rb")
        try:
            while chunk := await run(file.read, _CHUNK):
                on_chunk(size)
                yield chunk
        finally:
            await run(file.close)
    finally:
        await run(context.__exit__, None, None, None)
