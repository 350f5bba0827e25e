"""Assist sentences of an integration, without files in the user's configuration folder.

    async_register_sentences(hass, [VoiceCommand(SENTENCES["status"], _async_status)])

The sentences of all languages are registered together with the default conversation agent, which checks them before
its own intents, as it does for the sentence triggers of automations; they are exact apart from optional words. The
answer is in the language of the request. Where two integrations know a sentence, one of them returns None.

Put ``conversation`` into the manifest's ``after_dependencies``.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
import logging
from typing import Any

from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers.translation import LOCALE_EN, async_get_translations
from homeassistant.setup import async_when_setup
from homeassistant.util import language as language_util

_LOGGER = logging.getLogger(__name__)
LANGUAGES = (LOCALE_EN, "de", "fi", "ru")
_CONVERSATION = "conversation"


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    """A recognized sentence.

    Attributes:
        language: Language of the request, one of LANGUAGES.
        context: Of the user who spoke; without a user for a voice satellite.
    """

    language: str
    context: Context


type VoiceHandler = Callable[[HomeAssistant, VoiceRequest], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class VoiceCommand:
    """Sentence templates by language, and the function that answers; None leaves the answer to another one."""

    sentences: Mapping[str, tuple[str, ...]]
    handler: VoiceHandler


@callback
def async_register_sentences(hass: HomeAssistant, commands: Iterable[VoiceCommand]) -> None:
    """Register the commands as soon as the conversation integration is set up, which it may never be."""
    todo = tuple(commands)

    async def register(hass: HomeAssistant, _component: str) -> None:
        try:
            from homeassistant.components.conversation.agent_manager import get_agent_manager
        except ImportError:
            _LOGGER.warning("Assist sentences are not available with this version of Home Assistant")
            return
        manager = get_agent_manager(hass)
        for command in todo:
            sentences = [text for texts in command.sentences.values() for text in texts]
            manager.register_trigger(sentences, _bind(hass, command.handler))

    async_when_setup(hass, _CONVERSATION, register)


def _bind(hass: HomeAssistant, handler: VoiceHandler) -> Callable[[Any, Any], Awaitable[str | None]]:
    async def answer(user_input: Any, _result: Any) -> str | None:
        request = VoiceRequest(_language(hass, user_input.language), user_input.context)
        try:
            return await handler(hass, request)
        except Unauthorized:
            return _NOT_ALLOWED[request.language]
        except HomeAssistantError as err:
            return str(err)

    return answer


def _language(hass: HomeAssistant, requested: str | None) -> str:
    found = language_util.matches(requested or hass.config.language, LANGUAGES, hass.config.country)
    return found[0] if found else LOCALE_EN


_NOT_ALLOWED = {
    "en": "You do not have permission to do that.",
    "de": "Du hast dafür keine Berechtigung.",
    "fi": "Sinulla ei ole oikeutta tehdä sitä.",
    "ru": "Это действие вам не разрешено.",
}


_NOT_READY = {
    "en": "The heating is not set up, or is still starting.",
    "de": "Die Heizung ist nicht eingerichtet oder startet noch.",
    "fi": "Lämmitystä ei ole otettu käyttöön, tai se on vielä käynnistymässä.",
    "ru": "Отопление не настроено или ещё запускается.",
}


def heating_not_ready(hass: HomeAssistant, request: VoiceRequest, *others: str) -> str | None:
    """Return the answer of an integration without a loaded entry; None where one of `others` has one and answers.

    Without any answer, Home Assistant would confirm that something was done.
    """
    if any(hass.config_entries.async_loaded_entries(domain) for domain in others):
        return None
    return _NOT_READY[request.language]


async def async_voice_texts(hass: HomeAssistant, domain: str, language: str) -> Callable[..., str]:
    """Return the function that formats a text ``voice_<key>`` of the integration's ``common`` translations."""
    texts = await async_get_translations(hass, language, "common", {domain})

    def text(key: str, **values: object) -> str:
        name = f"voice_{key}"
        return texts[f"component.{domain}.common.{name}"].format_map(values)

    return text
