"""The Activity page: a release that was added. Rollouts and updates have event entities that it shows."""

from collections.abc import Callable

from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN, EVENT_RELEASE


@callback
def async_describe_events(
    _hass: HomeAssistant, async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None]
) -> None:
    """Describe the events that no entity shows."""

    @callback
    def describe_release(event: Event) -> dict[str, str]:
        data = event.data
        signed = "signed" if data["signed_by"] else "not signed"
        return {
            LOGBOOK_ENTRY_NAME: "Firmware",
            LOGBOOK_ENTRY_MESSAGE: f"release {data['product']} {data['version']} was added ({signed})",
        }

    async_describe_event(DOMAIN, EVENT_RELEASE, describe_release)
