"""Assist sentences where something is missing: the agent of this Home Assistant, a translation, a known language."""

import sys

from homeassistant.core import Context, HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from lib.voice import VoiceCommand, VoiceRequest, async_register_sentences, async_voice_texts
from tests.speech import say

from .test_voice import SENTENCES, speak

AGENT_MANAGER = "homeassistant.components.conversation.agent_manager"


async def set_up_conversation(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})
    await hass.async_block_till_done()


async def answer_boils(_hass: HomeAssistant, _request: VoiceRequest) -> str | None:
    return "It boils."


@pytest.mark.slow
async def test_without_the_agent_there_are_no_sentences_and_a_line_in_the_log(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up_conversation(hass)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, AGENT_MANAGER, None)
        async_register_sentences(hass, [VoiceCommand(SENTENCES, answer_boils)])
        await hass.async_block_till_done()
    warnings = [record.getMessage() for record in caplog.records if record.name == "lib.voice"]
    assert warnings == ["Assist sentences are not available with this version of Home Assistant"]
    assert await say(hass, "boil the kettle") != "It boils."


async def test_sentences_can_be_registered_after_conversation_was_set_up(hass: HomeAssistant) -> None:
    await set_up_conversation(hass)
    async_register_sentences(hass, [VoiceCommand(SENTENCES, answer_boils)])
    await hass.async_block_till_done()
    assert await say(hass, "boil the kettle") == "It boils."


async def test_the_request_has_the_context_of_the_user(hass: HomeAssistant) -> None:
    requests = await speak(hass, "It boils.")
    await say(hass, "boil the kettle")
    assert isinstance(requests[0].context, Context)
    assert requests[0].context.user_id is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "These protected sockets stay on: Kitchen A."),
        ("de", "Diese geschützten Steckdosen bleiben an: Kitchen A."),
        ("fi", "Nämä suojatut pistorasiat pysyvät päällä: Kitchen A."),
        ("ru", "Эти защищённые розетки остаются включёнными: Kitchen A."),
    ],
)
async def test_texts_are_translated_and_filled_in(hass: HomeAssistant, language: str, text: str) -> None:
    assert await async_setup_component(hass, "smart_outlet", {})
    texts = await async_voice_texts(hass, "smart_outlet", language)
    assert texts("protected", sockets="Kitchen A") == text


async def test_a_text_without_its_value_or_its_translation_is_an_error(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "smart_outlet", {})
    texts = await async_voice_texts(hass, "smart_outlet", "en")
    assert texts("all_off") == "Everything is off."
    with pytest.raises(KeyError, match="sockets"):
        texts("protected")
    with pytest.raises(KeyError, match="voice_no_such_text"):
        texts("no_such_text")
