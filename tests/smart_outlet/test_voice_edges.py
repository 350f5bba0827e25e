"""Switch everything off by voice without a hub, without protected sockets, and with several hubs."""

import asyncio

from homeassistant.const import EVENT_CALL_SERVICE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.smart_outlet.hub import voice
from tests.speech import say

from .conftest import Ccu, MakeCcu, outlet_data
from .test_voice import assist

__all__ = ["assist"]


async def test_without_a_loaded_hub_nothing_is_confirmed(hass: HomeAssistant, ccu: Ccu) -> None:
    assert await hass.config_entries.async_unload(ccu.entry.entry_id)
    calls = async_capture_events(hass, EVENT_CALL_SERVICE)
    assert await say(hass, "switch everything off", "en") == (
        "No hub of the outlets is loaded, so nothing was switched off."
    )
    assert calls == []


async def test_protected_sockets_are_not_mentioned_where_there_are_none(hass: HomeAssistant, make_ccu: MakeCcu) -> None:
    ccu = await make_ccu(outlets=(outlet_data("FE", "Kitchen"),))
    await ccu.cycle(FE_a=True, FE_b=True)
    spoken = asyncio.create_task(say(hass, "switch off all the sockets", "en"))
    async with asyncio.timeout(120):
        while not await ccu.commands("FE"):
            pass
    await ccu.cycle()
    assert await spoken == "Everything is off."


async def test_the_sockets_of_every_hub_are_named(
    hass: HomeAssistant, make_ccu: MakeCcu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice, "WAIT_S", 0.05)
    await make_ccu("01", (outlet_data("FE", "Kitchen"),))
    await make_ccu("02", (outlet_data("FD", "Garage", protected=["a"]),), key="the-key-of-ccu-02")
    assert await say(hass, "switch everything off", "en") == (
        "These sockets have not confirmed that they are off: Kitchen A, Kitchen B, Garage B. "
        "These protected sockets stay on: Garage A."
    )


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Please turn everything off now!", "en"),
        ("Could you switch off all of the outlets, please?", "en"),
        ("Mach bitte alles aus", "de"),
        ("Kannst du alle Steckdosen ausschalten?", "de"),
        ("Schalten Sie alles aus, bitte", "de"),
        ("Voisitko sammuttaa kaikki?", "fi"),
        ("Kytke kaikki pois päältä", "fi"),
        ("Пожалуйста, отключите все розетки", "ru"),
        ("Выключите всё", "ru"),
    ],
)
async def test_other_words(hass: HomeAssistant, ccu: Ccu, text: str, language: str) -> None:
    assert await hass.config_entries.async_unload(ccu.entry.entry_id)
    answers = {"en": "No hub of the outlets", "de": "Kein Hub", "fi": "Yhtään", "ru": "Ни один"}
    assert answers[language][:5] in await say(hass, text, language)
