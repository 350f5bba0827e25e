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
        found = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)
        texts = {key.rpartition(".")[2]: text for key, text in found.items()}
        message = texts["activity_release_signed" if data["signed_by"] else "activity_release_not_signed"]
        return {
            LOGBOOK_ENTRY_NAME: texts["activity_name"],
            LOGBOOK_ENTRY_MESSAGE: message.format(product=data["product"], version=data["version"]),
        }

    async_describe_event(DOMAIN, EVENT_RELEASE, describe_release)
