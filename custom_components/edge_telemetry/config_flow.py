"""Config flow: topics and archive."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.mqtt import DOMAIN as MQTT_DOMAIN
from homeassistant.config_entries import (
    SOURCE_MQTT,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
import probatio as vol

from ._lib.archive_form import URL_EXAMPLE, check_database, unused_file
from .const import (
    ARCHIVE_OFF,
    ARCHIVE_POSTGRESQL,
    ARCHIVE_SQLITE,
    ARCHIVES,
    CONF_ARCHIVE,
    CONF_ARCHIVE_TABLE,
    CONF_ARCHIVE_URL,
    CONF_DEFAULT_SITE,
    CONF_PATTERNS,
    DEFAULT_PATTERNS,
    DEFAULT_SITE,
    DEFAULT_TABLE,
    DOMAIN,
)
from .decoders import Channel, TopicPattern, overlap
from .flows.options import EdgeOptionsFlow

_NAME: Final = "Edge Telemetry"

TOPICS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME, default=_NAME): TextSelector(),
        vol.Required(CONF_PATTERNS, default=DEFAULT_PATTERNS): TextSelector(TextSelectorConfig(multiple=True)),
        vol.Required(CONF_DEFAULT_SITE, default=DEFAULT_SITE): TextSelector(),
        vol.Required(CONF_ARCHIVE, default=ARCHIVE_SQLITE): SelectSelector(
            SelectSelectorConfig(options=ARCHIVES, translation_key="archive")
        ),
    }
)
POSTGRESQL_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_ARCHIVE_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD)),
        vol.Required(CONF_ARCHIVE_TABLE, default=DEFAULT_TABLE): TextSelector(),
    }
)


def check_topics(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return the form errors of names and patterns."""
    errors: dict[str, str] = {}
    if not user_input[CONF_NAME].strip():
        errors[CONF_NAME] = "name_required"
    if not user_input[CONF_DEFAULT_SITE].strip():
        errors[CONF_DEFAULT_SITE] = "name_required"
    try:
        if not [TopicPattern(pattern) for pattern in user_input[CONF_PATTERNS]]:
            errors[CONF_PATTERNS] = "pattern_required"
    except ValueError:
        errors[CONF_PATTERNS] = "pattern_invalid"
    return errors


class EdgeTelemetryConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add or change an entry."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        self._topics: dict[str, Any] = {}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the options flow."""
        return EdgeOptionsFlow()

    @override
    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Handle a Ruuvi Gateway that was discovered on the broker."""
        if self._async_current_entries():
            return self.async_abort(reason="already_configured")
        await self.async_set_unique_id(DOMAIN)
        self.context["title_placeholders"] = {"name": "Ruuvi Gateway"}
        self._topics = {CONF_PATTERNS: DEFAULT_PATTERNS}
        return await self.async_step_user()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enter the topics and select the archive."""
        return await self._async_step_topics("user", user_input, self._topics)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the topics or the archive."""
        entry = self._get_reconfigure_entry()
        return await self._async_step_topics("reconfigure", user_input, {CONF_NAME: entry.title, **entry.data})

    async def _async_step_topics(
        self, step_id: str, user_input: dict[str, Any] | None, suggested: Mapping[str, Any]
    ) -> ConfigFlowResult:
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            patterns = dict.fromkeys(pattern.strip().strip("/") for pattern in user_input[CONF_PATTERNS])
            user_input = {**user_input, CONF_PATTERNS: list(patterns)}
            errors, placeholders = self._check_topics(user_input)
            if not errors:
                self._topics = user_input
                if user_input[CONF_ARCHIVE] == ARCHIVE_POSTGRESQL:
                    return await self.async_step_postgresql()
                return await self._async_finish(self._own_archive(user_input[CONF_ARCHIVE]))
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(TOPICS_SCHEMA, user_input or suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _check_topics(self, user_input: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        """Return the form errors and their placeholders.

        Raises:
            AbortFlow: Another entry has one of the topics.
        """
        if errors := check_topics(user_input):
            return errors, {}
        if not _mqtt_is_ready(self.hass):
            return {"base": "mqtt_not_available"}, {}
        patterns = user_input[CONF_PATTERNS]
        if self._patterns_in_use(patterns):
            raise AbortFlow("already_configured")
        placeholders = self._overlap(patterns)
        return ({CONF_PATTERNS: "topics_overlap"} if placeholders else {}), placeholders

    async def async_step_postgresql(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enter the database; it is checked before it is used."""
        errors: dict[str, str] = {}
        detail = ""
        if user_input is not None:
            if self._archive_in_use(user_input):
                errors[CONF_ARCHIVE_TABLE] = "archive_in_use"
            else:
                errors, detail = await self.hass.async_add_executor_job(
                    check_database, user_input[CONF_ARCHIVE_URL], user_input[CONF_ARCHIVE_TABLE]
                )
            if not errors:
                return await self._async_finish(user_input)
        suggested = user_input or (self._get_reconfigure_entry().data if self.source == "reconfigure" else {})
        return self.async_show_form(
            step_id="postgresql",
            data_schema=self.add_suggested_values_to_schema(
                POSTGRESQL_SCHEMA, suggested if suggested.get(CONF_ARCHIVE, "") != ARCHIVE_SQLITE else {}
            ),
            errors=errors,
            description_placeholders={"error": detail, "example": URL_EXAMPLE},
        )

    async def _async_finish(self, archive: Mapping[str, Any]) -> ConfigFlowResult:
        topics = dict(self._topics)
        title = topics.pop(CONF_NAME).strip()
        data = {**topics, **archive}
        if self.source == "reconfigure":
            return self.async_update_reload_and_abort(self._get_reconfigure_entry(), title=title, data=data)
        for found in self._async_in_progress():
            # The topics of a discovered gateway are subscribed to now.
            if found["context"]["source"] == SOURCE_MQTT:
                self.hass.config_entries.flow.async_abort(found["flow_id"])
        return self.async_create_entry(title=title, data=data)

    def _own_archive(self, kind: str) -> dict[str, Any]:
        """Return the settings of an archive in the configuration folder: the entry's own, or an unused file.

        The archive of a removed entry is continued.
        """
        if kind == ARCHIVE_OFF:
            return {}
        if self.source == "reconfigure":
            data = self._get_reconfigure_entry().data
            if data[CONF_ARCHIVE] == ARCHIVE_SQLITE:
                return {key: data[key] for key in (CONF_ARCHIVE_URL, CONF_ARCHIVE_TABLE)}
        taken = {entry.data.get(CONF_ARCHIVE_URL) for entry in self._async_current_entries()}
        return {CONF_ARCHIVE_URL: unused_file(DOMAIN, taken), CONF_ARCHIVE_TABLE: DEFAULT_TABLE}

    def _others(self) -> list[ConfigEntry]:
        own = self._get_reconfigure_entry().entry_id if self.source == "reconfigure" else None
        return [entry for entry in self._async_current_entries() if entry.entry_id != own]

    def _patterns_in_use(self, patterns: list[str]) -> bool:
        filters = _filters(patterns)
        return any(filters & _filters(entry.data[CONF_PATTERNS]) for entry in self._others())

    def _overlap(self, patterns: list[str]) -> dict[str, str]:
        """Return the first topic that another entry receives, too: its devices would exist twice."""
        for entry in self._others():
            for theirs in sorted(_filters(entry.data[CONF_PATTERNS])):
                for ours in sorted(_filters(patterns)):
                    if overlap(ours, theirs):
                        return {"topic": ours, "other": theirs, "title": entry.title}
        return {}

    def _archive_in_use(self, archive: Mapping[str, Any]) -> bool:
        return any(
            all(entry.data.get(key) == archive[key] for key in (CONF_ARCHIVE_URL, CONF_ARCHIVE_TABLE))
            for entry in self._others()
        )


def _filters(patterns: list[str]) -> set[str]:
    """Return the topic filters: `{site}/x/{device}` and `{site_id}/x/{device_id}` are the same."""
    return {
        topic
        for pattern in patterns
        for topic, channel in TopicPattern(pattern).subscriptions().items()
        if channel is Channel.DATA
    }


def _mqtt_is_ready(hass: HomeAssistant) -> bool:
    """Return whether core's mqtt integration is set up; its broker may be disconnected."""
    return any(entry.state is ConfigEntryState.LOADED for entry in hass.config_entries.async_entries(MQTT_DOMAIN))
