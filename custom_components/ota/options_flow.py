"""What *Configure* offers: settings, a release by hand, a key for CI, a new rollout."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    BooleanSelector,
    FileSelector,
    FileSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import probatio as vol

from .const import (
    CONF_CHANNEL,
    CONF_CHIP,
    CONF_KEEP_RELEASES,
    CONF_POLL_S,
    CONF_PRODUCT,
    CONF_REQUIRE_SIGNATURE,
    CONF_SIGNING_KEYS,
    CONF_UPLOAD_LIMIT,
    DEFAULT_KEEP_RELEASES,
    DEFAULT_POLL_S,
    DEFAULT_UPLOAD_LIMIT_MIB,
)
from .coordinator import OtaCoordinator
from .importing import Proof
from .rollout.errors import OtaError
from .rollout.image import CHIPS
from .rollout.manifest import Channel, PublicKey
from .rollout.models import Release
from .rollout.releases import Declared
from .rollout_flow import RolloutSteps
from .uploads import Progress

CONF_FILE = "file"
CONF_MANIFEST = "manifest"
CONF_SIGNATURE = "signature"
CONF_VERSION = "version"
CONF_NOTES = "notes"
_CHUNK = 256 * 1024
PROGRESS_SHOWN_S: Final = 1.5
_READING: Final = 0.9
"""The share of the progress bar that reading and hashing the file takes."""


def _number(low: int, high: int, unit: str | None = None) -> NumberSelector:
    config = NumberSelectorConfig(min=low, max=high, step=1, mode=NumberSelectorMode.BOX)
    if unit:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


CHIP_SELECTOR = SelectSelector(SelectSelectorConfig(options=sorted(CHIPS), mode=SelectSelectorMode.DROPDOWN))
CHANNEL_SELECTOR = SelectSelector(
    SelectSelectorConfig(options=[channel.value for channel in Channel], translation_key="channel")
)
KEYS_SCHEMA = {
    vol.Required(CONF_REQUIRE_SIGNATURE, default=True): BooleanSelector(),
    vol.Optional(CONF_SIGNING_KEYS, default=list): TextSelector(TextSelectorConfig(multiple=True)),
}
_SETTINGS_SCHEMA = vol.Schema(
    {
        **KEYS_SCHEMA,
        vol.Required(CONF_POLL_S, default=DEFAULT_POLL_S): _number(30, 86_399, "s"),
        vol.Required(CONF_UPLOAD_LIMIT, default=DEFAULT_UPLOAD_LIMIT_MIB): _number(1, 96, "MiB"),
        vol.Required(CONF_KEEP_RELEASES, default=DEFAULT_KEEP_RELEASES): _number(1, 100),
    }
)
_TEXT = TextSelector(TextSelectorConfig(multiline=True))
_UPLOAD_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_FILE): FileSelector(FileSelectorConfig(accept=".bin,.gz,.swu")),
        vol.Optional(CONF_MANIFEST): _TEXT,
        vol.Optional(CONF_SIGNATURE): TextSelector(),
        vol.Optional(CONF_CHIP): CHIP_SELECTOR,
        vol.Optional(CONF_PRODUCT): TextSelector(),
        vol.Optional(CONF_VERSION): TextSelector(),
        vol.Required(CONF_CHANNEL, default=Channel.STABLE.value): CHANNEL_SELECTOR,
        vol.Optional(CONF_NOTES): _TEXT,
    }
)


def checked_options(user_input: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The options, and what is wrong with them."""
    options = dict(user_input)
    keys = [key.strip() for key in options.get(CONF_SIGNING_KEYS, []) if key.strip()]
    options[CONF_SIGNING_KEYS] = keys
    for name in (CONF_POLL_S, CONF_UPLOAD_LIMIT, CONF_KEEP_RELEASES):
        if name in options:
            options[name] = int(options[name])
    try:
        for key in keys:
            PublicKey.parse(key)
    except OtaError as err:
        return options, {CONF_SIGNING_KEYS: err.code}
    return options, {}


class OtaOptionsFlow(RolloutSteps):
    """Settings, bringing in a release by hand, beginning a rollout."""

    def __init__(self) -> None:
        """Nothing is being taken in."""
        super().__init__()
        self._values: dict[str, Any] = {}
        self._errors: dict[str, str] = {}
        self._placeholders: dict[str, str] = {}
        self._taking: asyncio.Task[Release] | None = None
        self._release: Release | None = None

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """What to do."""
        return self.async_show_menu(step_id="init", menu_options=["rollout", "upload", "settings", "upload_key"])

    async def async_step_settings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the settings; they count at once."""
        errors: dict[str, str] = {}
        if user_input is not None:
            options, errors = checked_options(user_input)
            if not errors:
                return self.async_create_entry(data=options)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(_SETTINGS_SCHEMA, user_input or self.config_entry.options),
            errors=errors,
        )

    async def async_step_upload(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take in a release from the browser."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if user_input is not None:
            self._values = {key: value for key, value in user_input.items() if key != CONF_FILE}
            self._errors, self._placeholders = {}, {}
            if not user_input.get(CONF_MANIFEST) and not user_input.get(CONF_CHIP):
                self._errors[CONF_CHIP] = "chip_missing"
                return self._show_upload()
            taking = self._async_take(self.config_entry.runtime_data, user_input)
            self._taking = self.hass.async_create_task(_visibly(taking), "ota upload", eager_start=False)
            return await self.async_step_importing()
        return self._show_upload()

    def _show_upload(self) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="upload",
            data_schema=self.add_suggested_values_to_schema(_UPLOAD_SCHEMA, self._values),
            errors=self._errors,
            description_placeholders={"error": "", **self._placeholders},
        )

    async def async_step_importing(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show how far it is: the image is hashed, checked and stored."""
        task = self._taking
        assert task is not None, "only the step before leads here"
        if not task.done():
            return self.async_show_progress(step_id="importing", progress_action="importing", progress_task=task)
        try:
            self._release = task.result()
        except OtaError as err:
            self._errors["base"] = err.code
            self._placeholders = err.placeholders
        except ValueError:
            self._errors[CONF_FILE] = "file_gone"
        except HomeAssistantError:
            self._errors["base"] = "storage_failed"
        return self.async_show_progress_done(next_step_id="upload" if self._errors else "uploaded")

    async def async_step_uploaded(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """It is stored."""
        release = self._release
        assert release is not None, "only an upload that was stored leads here"
        return self.async_abort(
            reason="uploaded",
            description_placeholders={"product": release.product, "version": release.version},
        )

    async def _async_take(self, coordinator: OtaCoordinator, user_input: Mapping[str, Any]) -> Release:
        """Import the uploaded file, which is removed in any case."""
        claim: Proof | Declared
        if user_input.get(CONF_MANIFEST):
            # A text box may add a line feed; the signed bytes have none at the end.
            manifest = user_input[CONF_MANIFEST].strip().encode()
            claim = Proof(manifest, user_input.get(CONF_SIGNATURE, ""))
        else:
            claim = Declared(
                chip=user_input.get(CONF_CHIP, ""),
                product=user_input.get(CONF_PRODUCT),
                version=user_input.get(CONF_VERSION),
                channel=Channel(user_input[CONF_CHANNEL]),
                notes=user_input.get(CONF_NOTES, ""),
            )
        progress = coordinator.uploads.begin(None)
        chunks = _uploaded(self.hass, user_input[CONF_FILE], partial(self._received, progress))
        try:
            release = await coordinator.importer.async_import(progress.counted(chunks), claim, progress=progress)
        except BaseException as err:
            progress.refused(err)
            raise
        progress.stored(release)
        return release

    @callback
    def _received(self, progress: Progress, size: int) -> None:
        """Show the share that was read; the rest is checking and storing."""
        progress.size = size
        if size:
            self.async_update_progress(_READING * min(progress.received / size, 1.0))

    async def async_step_upload_key(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Make a key with which CI may upload signed releases; it replaces the one before."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if user_input is None:
            return self.async_show_form(step_id="upload_key", data_schema=vol.Schema({}))
        coordinator: OtaCoordinator = self.config_entry.runtime_data
        key = await coordinator.keys.async_issue_upload()
        return self.async_abort(reason="upload_key_made", description_placeholders={"key": key})


async def _visibly(taking: Coroutine[Any, Any, Release]) -> Release:
    """Take in, but not before the dialog in the browser has begun to listen for the end: it would wait for ever."""
    listening = asyncio.create_task(asyncio.sleep(PROGRESS_SHOWN_S))
    try:
        return await taking
    finally:
        await listening


async def _uploaded(hass: HomeAssistant, file_id: str, received: Callable[[int], None]) -> AsyncIterator[bytes]:
    """The content of an uploaded file, which is gone afterwards. `received` hears its size before each piece.

    Raises:
        ValueError: There is no such file.
    """
    run = hass.async_add_executor_job
    context = process_uploaded_file(hass, file_id)
    path: Path = await run(context.__enter__)
    try:
        size = (await run(path.stat)).st_size
        file = await run(path.open, "rb")
        try:
            while chunk := await run(file.read, _CHUNK):
                received(size)
                yield chunk
        finally:
            await run(file.close)
    finally:
        await run(context.__exit__, None, None, None)
