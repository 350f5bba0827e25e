"""The heating system by voice: answers from the last decision, in four languages."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.messages.formatter import async_load_texts
from tests.speech import say

from . import ha


@pytest.fixture
async def entry(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> MockConfigEntry:
    """A cold home with a heater."""
    freezer.move_to("2026-11-29T11:00:00+00:00")
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    ha.thermometer(hass, ha.ROOM, 17.0)
    hass.states.async_set(ha.HEATER, "off")
    heater = await ha.source(
        hass,
        "entity",
        {"entity": ha.HEATER, "source_kind": "direct_electric", "nominal_power": 3000.0, "number_is": "power"},
    )
    made = ha.system(ha.zone(), heater)
    await ha.start(hass, made)
    return made


@pytest.mark.parametrize(
    ("text", "language", "answer"),
    [
        ("How is the heating?", "en", "Room temperature 17.0 °C. Outdoor temperature 0.0 °C."),
        ("Was macht die Heizung?", "de", "Raumtemperatur 17,0 °C. Außentemperatur 0,0 °C."),
        ("Miten lämmitys toimii?", "fi", "Huonelämpötila 17,0 °C. Ulkolämpötila 0,0 °C."),
        ("Как там отопление?", "ru", "Температура в помещении 17,0 °C. Наружная температура 0,0 °C."),
    ],
)
async def test_the_status(hass: HomeAssistant, entry: MockConfigEntry, text: str, language: str, answer: str) -> None:
    spoken = await say(hass, text, language)
    assert spoken.endswith(answer)
    assert len(spoken) > len(answer) + 10, "the decision comes first"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Why is it heating?", "en"),
        ("Warum heizt die Heizung?", "de"),
        ("Miksi lämmitys on päällä?", "fi"),
        ("Почему отопление работает?", "ru"),
    ],
)
async def test_the_reason_is_that_of_the_decision(
    hass: HomeAssistant, entry: MockConfigEntry, text: str, language: str
) -> None:
    spoken = await say(hass, text, language)
    journal = entry.runtime_data.journal
    await journal.async_set_texts(await async_load_texts(hass, language))
    assert spoken.startswith(journal.rows[-1]["words"].rstrip("."))


async def test_profiles(hass: HomeAssistant, entry: MockConfigEntry, hass_read_only_user: Any) -> None:
    def profile() -> str:
        return str(entry.runtime_data.user.comfort.profile)

    assert await say(hass, "set eco") == "The profile Eco is selected."
    assert profile() == "eco"
    assert "Frostschutz" in await say(hass, "Stelle die Heizung auf Frostschutz", "de")
    assert profile() == "antifreeze"
    assert "Выбран профиль" in await say(hass, "включи режим авто", "ru")
    assert profile() == "auto"
    refused = await say(hass, "set the heating to comfort", user_id=hass_read_only_user.id)
    assert refused == "You do not have permission to do that."
    assert profile() == "auto"


async def test_fahrenheit(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config.units = US_CUSTOMARY_SYSTEM
    assert (await say(hass, "heating status")).endswith("Outdoor temperature 32.0 °F.")


NOT_RUNNING = "The heating is not running in Home Assistant."


async def test_without_a_heating_system_there_is_an_answer(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Without an answer, Home Assistant reports "Done"."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    for text in ("how is the heating", "why is it heating", "set eco", "how is the heating in the living room"):
        assert (await say(hass, text)).startswith(NOT_RUNNING)
    assert (await say(hass, "Wie läuft die Heizung?", "de")).startswith("Die Heizung läuft in Home Assistant nicht.")


async def test_without_a_heating_system_the_buildings_may_answer(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await hass.config_entries.async_unload(entry.entry_id)
    other = MockConfigEntry(domain="iot_heating")
    monkeypatch.setattr(
        hass.config_entries, "async_loaded_entries", lambda domain: [other] if domain == "iot_heating" else []
    )
    assert not (await say(hass, "how is the heating")).startswith(NOT_RUNNING)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Please set the heating to eco mode.", "en"),
        ("Could you switch the heating to eco, please?", "en"),
        ("activate eco mode", "en"),
        ("Stell bitte die Heizung auf Eco", "de"),
        ("Kannst du die Heizung auf Eco stellen?", "de"),
        ("Heizung auf Eco-Modus, bitte", "de"),
        ("Laita lämmitys eko-tilaan, kiitos", "fi"),
        ("Voisitko laittaa lämmityksen eko tilaan?", "fi"),
        ("Пожалуйста, переключи отопление в режим эко", "ru"),
        ("Включите экономный режим отопления", "ru"),
    ],
)
async def test_a_profile_is_selected_in_other_words(
    hass: HomeAssistant, entry: MockConfigEntry, text: str, language: str
) -> None:
    await say(hass, text, language)
    assert entry.runtime_data.user.comfort.profile == "eco"


@pytest.mark.parametrize(
    ("text", "language", "answer"),
    [
        ("How is the heating in the living room?", "en", "Living room: 17.0 °C, setpoint 21.0 °C."),
        ("Please, how is the heating right now?", "en", "Room temperature 17.0 °C."),
        ("Wie ist die Heizung im Living room?", "de", "Living room: 17,0 °C, Sollwert 21,0 °C."),
        ("Miten lämmitys toimii Living roomissa?", "fi", "Living room: 17,0 °C, tavoite 21,0 °C."),
        ("Что с отоплением в Living room?", "ru", "Living room: 17,0 °C, уставка 21,0 °C."),
        ("How is the heating in the sauna?", "en", "There is no room named sauna. Available rooms: Living room."),
    ],
)
async def test_a_room(hass: HomeAssistant, entry: MockConfigEntry, text: str, language: str, answer: str) -> None:
    assert answer in await say(hass, text, language)


async def test_why_a_room_is_heated_and_one_without_a_reading(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    spoken = await say(hass, "Why is it heating the living room?")
    reason = await say(hass, "Why is it heating?")
    assert spoken == f"Living room: 17.0 °C, setpoint 21.0 °C. {reason}"
    hass.states.async_set(ha.ROOM, "unavailable")
    spoken = await say(hass, "how is the heating in the living room")
    assert spoken == "Living room: the temperature is not known, setpoint 21.0 °C."


@pytest.fixture
async def buildings(hass: HomeAssistant) -> None:
    """The integration that knows the same sentences, and was set up before."""
    assert await async_setup_component(hass, "iot_heating", {})


@pytest.mark.parametrize(
    ("text", "language", "answer"),
    [
        ("How is the heating?", "en", "Room temperature 17.0 °C."),
        ("How is the heating in the living room?", "en", "Living room: 17.0 °C"),
        ("Why is it heating?", "en", "."),
        ("Why is the heating on in the living room?", "en", "Living room: 17.0 °C"),
        ("Set the heating to eco", "en", "The profile Eco is selected."),
        ("Wie läuft die Heizung?", "de", "Raumtemperatur 17,0 °C."),
        ("Warum wird geheizt?", "de", "."),
        ("Bitte stelle die Heizung bitte auf Eco", "de", "Das Profil Eco ist ausgewählt."),
        ("Miten Living roomin lämmitys voi?", "fi", "Living room: 17,0 °C"),
        ("Aseta lämmitys eco-tilaan", "fi", "Profiili Eko on valittu."),
        ("Aseta lämmitys ekoon", "fi", "Profiili Eko on valittu."),
        ("Почему сейчас отопление работает?", "ru", "."),
        ("Поставь отопление на эко", "ru", "Выбран профиль «Эко»."),
    ],
)
async def test_another_integration_that_knows_the_sentence_does_not_hide_the_answer(
    hass: HomeAssistant, buildings: None, entry: MockConfigEntry, text: str, language: str, answer: str
) -> None:
    spoken = await say(hass, text, language)
    assert answer in spoken
    assert spoken not in ("Done", "Fertig", "Valmis", "Готово")
