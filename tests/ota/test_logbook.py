"""The Activity page shows a release that was added."""

from typing import Any

from homeassistant.core import Event, HomeAssistant
import pytest

from custom_components.ota.const import EVENT_RELEASE
from custom_components.ota.logbook import async_describe_events


@pytest.mark.parametrize(("signed_by", "text"), [("0a1b", "signed"), (None, "not signed")])
async def test_a_release_is_described(hass: HomeAssistant, signed_by: str | None, text: str) -> None:
    described: dict[str, Any] = {}
    async_describe_events(hass, lambda domain, event, describe: described.update({event: (domain, describe)}))
    domain, describe = described[EVENT_RELEASE]
    data = {"product": "thermostat", "version": "1.6.0", "signed_by": signed_by}
    assert domain == "ota"
    assert describe(Event(EVENT_RELEASE, data)) == {
        "name": "Firmware",
        "message": f"release thermostat 1.6.0 was added ({text})",
    }
