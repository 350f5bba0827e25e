"""Assist sentences: spoken to Home Assistant's own agent, in four languages, without files of the user."""

from typing import Any

from hassil.parse_expression import parse_sentence
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.setup import async_setup_component
import pytest

from custom_components.iot_heating.runtime import voice as iot_heating
from custom_components.proof_of_heat.comfort.profiles import Profile
from custom_components.proof_of_heat.runtime import voice as proof_of_heat
from custom_components.smart_outlet.hub import voice as smart_outlet
from lib import heating_sentences
from lib.voice import VoiceCommand, VoiceRequest, async_register_sentences, polite
from tests.speech import say

SENTENCES = {"en": ("boil the [red] kettle",), "de": ("koche das wasser",)}


async def speak(hass: HomeAssistant, *answers: Any) -> list[VoiceRequest]:
    """Register a command per answer; an exception is raised. Returns the requests."""
    requests: list[VoiceRequest] = []

    def handler(answer: Any) -> Any:
        async def answered(_hass: HomeAssistant, request: VoiceRequest) -> str | None:
            requests.append(request)
            if isinstance(answer, Exception):
                raise answer
            return answer  # type: ignore[no-any-return]

        return answered

    async_register_sentences(hass, [VoiceCommand(SENTENCES, handler(answer)) for answer in answers])
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})
    await hass.async_block_till_done()
    return requests


@pytest.mark.slow
async def test_a_sentence_is_answered_in_its_language(hass: HomeAssistant) -> None:
    requests = await speak(hass, "It boils.")
    assert await say(hass, "Boil the red kettle!") == "It boils."
    assert await say(hass, "Koche das Wasser", "de-AT") == "It boils."
    assert await say(hass, "boil the kettle", "sv") == "It boils."
    assert [request.language for request in requests] == ["en", "de", "en"]
    assert "boils" not in await say(hass, "boil the green kettle")


async def test_of_two_integrations_the_one_with_an_answer_speaks(hass: HomeAssistant) -> None:
    await speak(hass, None, "Second.")
    assert await say(hass, "boil the kettle") == "Second."


@pytest.mark.parametrize(
    ("error", "language", "answer"),
    [
        (HomeAssistantError("The kettle is empty"), "en", "The kettle is empty"),
        (Unauthorized(), "de", "Du hast dafür keine Berechtigung."),
    ],
)
async def test_an_error_is_spoken(hass: HomeAssistant, error: Exception, language: str, answer: str) -> None:
    await speak(hass, error)
    assert await say(hass, SENTENCES[language][0].replace("[red] ", ""), language) == answer


async def test_without_conversation_nothing_happens(hass: HomeAssistant) -> None:
    async_register_sentences(hass, [])
    await hass.async_block_till_done()
    assert "conversation" not in hass.config.components


ALL = [
    heating_sentences.STATUS,
    heating_sentences.WHY,
    heating_sentences.ROOM_STATUS,
    heating_sentences.ROOM_WHY,
    *(proof_of_heat.profile_sentences(profile) for profile in Profile),
    smart_outlet.SWITCH_OFF,
    *iot_heating.SET_MODE.values(),
]


def test_every_sentence_exists_in_four_languages_and_can_be_parsed() -> None:
    for sentences in ALL:
        assert set(sentences) == {"en", "de", "fi", "ru"}
        for templates in sentences.values():
            assert templates
            for template in templates:
                parse_sentence(polite(template, "en"))


@pytest.mark.parametrize(
    ("spoken", "name"),
    [
        ("the Living Room", "Living room"),
        ("bed-room", "Bed room"),
        ("Wohnzimmers", "Wohnzimmer"),
        ("olohuoneessa", "Olohuone"),
        ("гостиной", "Гостиная"),
        ("кухне", "Кухня"),
        ("keittiössä", "Keittiö"),
        ("Kinderzimmer 1", None),
        ("kit", None),
        ("", None),
    ],
)
def test_rooms_are_found_by_name_also_declined(spoken: str, name: str | None) -> None:
    names = ["Living room", "Bed room", "Wohnzimmer", "Olohuone", "Гостиная", "Кухня", "Keittiö", "Kinderzimmer 2"]
    assert heating_sentences.find_room(spoken, names) == name


def test_two_rooms_that_fit_are_none() -> None:
    assert heating_sentences.find_room("kellari", ["Kellarit", "Kellaria"]) is None


async def test_a_sentence_that_fits_two_templates_reaches_the_integration_that_answers(hass: HomeAssistant) -> None:
    sentences = {"en": ("boil [the] [red] kettle", "boil the [red] kettle")}

    def handler(answer: str | None) -> Any:
        async def answered(_hass: HomeAssistant, _request: VoiceRequest) -> str | None:
            return answer

        return answered

    for answer in (None, "It boils."):
        async_register_sentences(hass, [VoiceCommand(sentences, handler(answer), "kettle")])
    other = {"en": (*sentences["en"], "heat the kettle")}
    async_register_sentences(hass, [VoiceCommand(other, handler(None), "kettle")])
    await speak(hass)
    assert await say(hass, "boil the kettle") == "It boils."
    assert await say(hass, "heat the kettle") == "It boils."
