"""The Activity page: a release that was added. Rollouts and updates have event entities that it shows.

Home Assistant translates states and event types there, but not these messages: they are in the language of the system.
"""

from collections.abc import Callable

from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN, EVENT_RELEASE


@callback
def async_describe_events(
    hass: HomeAssistant, async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None]
) -> None:
    """Describe the events that no entity shows."""

    @callback
    def describe_release(event: Event) -> dict[str, str]:
        data = event.data
        texts = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)
        key = "release_signed" if data["signed_by"] else "release_not_signed"
        message = texts.get(f"component.{DOMAIN}.common.activity_{key}", "{product} {version}")
        return {
            LOGBOOK_ENTRY_NAME: texts.get(f"component.{DOMAIN}.common.activity_name", "OTA"),
            LOGBOOK_ENTRY_MESSAGE: message.format(product=data["product"], version=data["version"]),
        }

    async_describe_event(DOMAIN, EVENT_RELEASE, describe_release)
