"""Options of an account, and of the archive of its measurements."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio as vol

from .._lib.archive_form import (
    ARCHIVE_OFF,
    ARCHIVE_POSTGRESQL,
    ARCHIVE_SQLITE,
    CONF_ARCHIVE,
    CONF_ARCHIVE_TABLE,
    CONF_ARCHIVE_URL,
    CONF_FINE_DAYS,
    CONF_MAX_MEGABYTES,
    CONF_RAW_DAYS,
    URL_EXAMPLE,
    check_database,
    unused_file,
)
from ..const import (
    CONF_MAX_AGE,
    CONF_POLL_INTERVAL,
    CONF_USE_MQTT,
    DEFAULT_FINE_DAYS,
    DEFAULT_MAX_AGE,
    DEFAULT_MAX_MEGABYTES,
    DEFAULT_POLL_INTERVAL,
    DEFAULT_RAW_DAYS,
    DEFAULT_TABLE,
    DOMAIN,
)
from ..runtime.measurement_archive import KEYS


def _number(low: int, high: int, unit: str) -> vol.All[Any]:
    box = NumberSelectorConfig(min=low, max=high, step=1, unit_of_measurement=unit, mode=NumberSelectorMode.BOX)
    return vol.All(NumberSelector(box), vol.Coerce(int))


OPTIONS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_POLL_INTERVAL, default=DEFAULT_POLL_INTERVAL): _number(30, 900, "s"),
        vol.Required(CONF_MAX_AGE, default=DEFAULT_MAX_AGE): _number(120, 3600, "s"),
        vol.Required(CONF_USE_MQTT, default=True): BooleanSelector(),
        vol.Required(CONF_ARCHIVE, default=ARCHIVE_OFF): SelectSelector(
            SelectSelectorConfig(
                options=[ARCHIVE_OFF, ARCHIVE_SQLITE, ARCHIVE_POSTGRESQL], translation_key=CONF_ARCHIVE
            )
        ),
    }
)
_DATABASE: dict[Any, Any] = {
    vol.Required(CONF_ARCHIVE_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD)),
    vol.Required(CONF_ARCHIVE_TABLE, default=DEFAULT_TABLE): TextSelector(),
}
_RETENTION: dict[Any, Any] = {
    vol.Required(CONF_RAW_DAYS, default=DEFAULT_RAW_DAYS): _number(0, 36_500, "d"),
    vol.Required(CONF_FINE_DAYS, default=DEFAULT_FINE_DAYS): _number(0, 36_500, "d"),
    vol.Required(CONF_MAX_MEGABYTES, default=DEFAULT_MAX_MEGABYTES): _number(0, 10_000_000, "MB"),
}


class EcoflowOptionsFlow(OptionsFlow):
    """Change the poll interval, the data timeout, the use of MQTT and the archive."""

    def __init__(self) -> None:
        """Start without input."""
        self._input: dict[str, Any] = {}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form; an archive has a form of its own."""
        if user_input is not None:
            self._input = user_input
            if user_input[CONF_ARCHIVE] == ARCHIVE_SQLITE:
                return await self.async_step_sqlite()
            if user_input[CONF_ARCHIVE] == ARCHIVE_POSTGRESQL:
                return await self.async_step_postgresql()
            data = {name: value for name, value in user_input.items() if name != CONF_ARCHIVE}
            return self.async_create_entry(data=data)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(OPTIONS_SCHEMA, self.config_entry.options),
        )

    async def async_step_sqlite(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enter how long measurements are kept in a file."""
        if user_input is not None:
            return self._finish({CONF_ARCHIVE_URL: self._file(), CONF_ARCHIVE_TABLE: DEFAULT_TABLE, **user_input})
        return self.async_show_form(
            step_id="sqlite",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(_RETENTION), self.config_entry.options),
        )

    async def async_step_postgresql(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enter the database, which is checked before it is used, and how long measurements are kept."""
        errors: dict[str, str] = {}
        detail = ""
        options = self.config_entry.options
        if user_input is not None:
            if self._is_in_use(user_input):
                errors[CONF_ARCHIVE_TABLE] = "archive_in_use"
            else:
                errors, detail = await self.hass.async_add_executor_job(
                    check_database, user_input[CONF_ARCHIVE_URL], user_input[CONF_ARCHIVE_TABLE], KEYS
                )
            if not errors:
                return self._finish(user_input)
        suggested = user_input or (options if options.get(CONF_ARCHIVE) == ARCHIVE_POSTGRESQL else {})
        return self.async_show_form(
            step_id="postgresql",
            data_schema=self.add_suggested_values_to_schema(vol.Schema({**_DATABASE, **_RETENTION}), suggested),
            errors=errors,
            description_placeholders={"error": detail, "example": URL_EXAMPLE},
        )

    def _finish(self, archive: Mapping[str, Any]) -> ConfigFlowResult:
        return self.async_create_entry(data={**self._input, **archive})

    def _others(self) -> list[Mapping[str, Any]]:
        """Return the options of the other accounts."""
        own = self.config_entry.entry_id
        return [entry.options for entry in self.hass.config_entries.async_entries(DOMAIN) if entry.entry_id != own]

    def _file(self) -> str:
        """Return the account's file, or the first one that no account uses."""
        if self.config_entry.options.get(CONF_ARCHIVE) == ARCHIVE_SQLITE:
            return str(self.config_entry.options[CONF_ARCHIVE_URL])
        taken = {options.get(CONF_ARCHIVE_URL) for options in self._others()}
        return unused_file(DEFAULT_TABLE, taken)

    def _is_in_use(self, archive: Mapping[str, Any]) -> bool:
        keys = (CONF_ARCHIVE_URL, CONF_ARCHIVE_TABLE)
        return any(all(options.get(key) == archive[key] for key in keys) for options in self._others())
