"""Switch everything off by voice, in four languages."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.smart_outlet.hub import voice
from tests.speech import say

from .conftest import Ccu


@pytest.fixture(autouse=True)
async def assist(hass: HomeAssistant) -> None:
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})


async def test_the_result_of_each_socket_is_spoken(hass: HomeAssistant, ccu: Ccu) -> None:
    await ccu.cycle(FE_a=True, FD_a=True, FD_b=True)
    spoken = asyncio.create_task(say(hass, "Switch everything off", "en"))
    async with asyncio.timeout(120):
        while not await ccu.commands("FE"):
            pass
    await ccu.cycle(FD_b=True)
    assert await spoken == "Everything is off. These protected sockets stay on: Garage B."


@pytest.mark.parametrize(
    ("text", "language", "answer"),
    [
        (
            "Schalte alles aus",
            "de",
            "Diese Steckdosen haben das Ausschalten nicht bestätigt: Kitchen A, Kitchen B, Garage A.",
        ),
        ("Sammuta kaikki", "fi", "Nämä pistorasiat eivät ole vahvistaneet sammutusta: Kitchen A, Kitchen B, Garage A."),
        ("Выключи всё", "ru", "Эти розетки не подтвердили выключение: Kitchen A, Kitchen B, Garage A."),
    ],
)
async def test_what_is_not_confirmed_is_named(
    hass: HomeAssistant, ccu: Ccu, monkeypatch: pytest.MonkeyPatch, text: str, language: str, answer: str
) -> None:
    monkeypatch.setattr(voice, "WAIT_S", 0.05)
    assert (await say(hass, text, language)).startswith(answer)


async def test_a_read_only_user_cannot(hass: HomeAssistant, ccu: Ccu, hass_read_only_user: Any) -> None:
    answer = await say(hass, "switch everything off", "en", hass_read_only_user.id)
    assert answer == "You do not have permission to do that."
    assert ccu.hub.model.power_off is None
