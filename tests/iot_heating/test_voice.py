"""The buildings by voice."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.speech import say


@pytest.fixture
async def assist(hass: HomeAssistant, key: str) -> None:
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("text", "language", "answer"),
    [
        ("How is the heating?", "en", "Main house: 0 of 1 controllers are heating. Room temperature setpoint"),
        ("Was macht die Heizung?", "de", "Main house: 0 von 1 Reglern heizen. Raum-Sollwert"),
        ("Miten lämmitys toimii?", "fi", "Main house: 0/1 ohjainta lämmittää."),
        ("Как отопление?", "ru", "Main house: греют контроллеры: 0 из 1."),
    ],
)
async def test_the_status(hass: HomeAssistant, assist: None, text: str, language: str, answer: str) -> None:
    spoken = await say(hass, text, language)
    assert spoken.startswith(answer)
    assert "Cellar" in spoken, "the controller has not reported"


async def test_modes(hass: HomeAssistant, assist: None, building: MockConfigEntry, hass_read_only_user: Any) -> None:
    part = building.runtime_data.building
    assert await say(hass, "Set eco") == "Eco mode is selected."
    assert part.profile.mode == "eco"
    assert await say(hass, "stelle die Heizung auf Automatik", "de") == "Der Automatikmodus ist ausgewählt."
    assert part.profile.mode == "auto"
    refused = await say(hass, "set the heating to eco", user_id=hass_read_only_user.id)
    assert refused == "You do not have permission to do that."
    assert part.profile.mode == "auto"
    await part.async_patch_profile({"iot_enabled": False})
    assert await say(hass, "heating status") == "Main house: heating is off."


async def test_the_heating_system_of_the_home_answers_instead(
    hass: HomeAssistant, assist: None, building: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = MockConfigEntry(domain="proof_of_heat")
    loaded = hass.config_entries.async_loaded_entries
    monkeypatch.setattr(
        hass.config_entries,
        "async_loaded_entries",
        lambda domain: [other] if domain == "proof_of_heat" else loaded(domain),
    )
    await say(hass, "set eco")
    assert building.runtime_data.building.profile.mode == "auto"
    assert "Main house" not in await say(hass, "how is the heating")


@pytest.mark.parametrize(
    ("text", "language", "answer"),
    [
        ("How is the heating in the cellar?", "en", "Offline: Cellar."),
        ("Wie läuft die Heizung im Cellar?", "de", "Offline: Cellar."),
        ("Как работает отопление в Cellar?", "ru", "Не в сети: Cellar."),
        (
            "How is the heating in the attic?",
            "en",
            "There is no controller named attic. Available controllers: Cellar.",
        ),
    ],
)
async def test_a_controller(hass: HomeAssistant, assist: None, text: str, language: str, answer: str) -> None:
    assert (await say(hass, text, language)).startswith(answer)


async def test_why_it_heats(hass: HomeAssistant, assist: None, building: MockConfigEntry) -> None:
    spoken = await say(hass, "Why is it heating?")
    assert spoken.startswith("Main house: 0 of 1 controllers are heating. Automatic mode is selected. Room temperature")
    room = await say(hass, "Why is the heating on in the cellar?")
    assert room == f"Offline: Cellar. {spoken}"


async def test_without_a_building_there_is_an_answer(
    hass: HomeAssistant, assist: None, building: MockConfigEntry
) -> None:
    """Without an answer, Home Assistant reports "Done"; with proof_of_heat set up, that integration answers."""
    assert await hass.config_entries.async_unload(building.entry_id)
    for text in ("how is the heating", "why is it heating", "set eco", "how is the heating in the cellar"):
        assert (await say(hass, text)).startswith("The heating is not running in Home Assistant.")
    hass.config.components.add("proof_of_heat")
    assert await say(hass, "how is the heating") == "Done"
