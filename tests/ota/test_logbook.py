"""The Activity page shows a release that was added, in the language of Home Assistant."""

from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.translation import async_load_integrations
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ota.const import DOMAIN, EVENT_RELEASE
from custom_components.ota.logbook import async_describe_events


@pytest.mark.parametrize(
    ("language", "signed_by", "name", "message"),
    [
        ("en", "0a1b", "Firmware", "release thermostat 1.6.0 was added (signed)"),
        ("en", None, "Firmware", "release thermostat 1.6.0 was added (not signed)"),
        ("de", "0a1b", "Firmware", "Release thermostat 1.6.0 wurde hinzugefügt (signiert)"),
        ("fi", None, "Laiteohjelmisto", "julkaisu thermostat 1.6.0 lisättiin (allekirjoittamaton)"),
        ("ru", "0a1b", "Прошивка", "добавлен релиз thermostat 1.6.0 (подписан)"),
        ("sv", None, "Firmware", "release thermostat 1.6.0 was added (not signed)"),
    ],
)
async def test_a_release_is_described(
    hass: HomeAssistant, language: str, signed_by: str | None, name: str, message: str
) -> None:
    hass.config.language = language
    assert await async_setup_component(hass, DOMAIN, {})
    await async_load_integrations(hass, {DOMAIN})
    described: dict[str, Any] = {}
    async_describe_events(hass, lambda domain, event, describe: described.update({event: (domain, describe)}))
    domain, describe = described[EVENT_RELEASE]
    data = {"product": "thermostat", "version": "1.6.0", "signed_by": signed_by}
    assert domain == "ota"
    assert describe(Event(EVENT_RELEASE, data)) == {"name": name, "message": message}
