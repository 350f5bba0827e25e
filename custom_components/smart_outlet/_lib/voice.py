# Generated from lib/voice.py by scripts/build: edit that file, not this one.
"""Assist sentences of an integration, without files in the user's configuration folder.

    async_register_sentences(hass, [VoiceCommand(SENTENCES["status"], _async_status)])

The sentences of all languages are registered together with the default conversation agent, which checks them before
its own intents, as it does for the sentence triggers of automations; they are exact apart from optional and polite
words. The answer is in the language of the request. Where two integrations know a command, they give it the same
``topic``; one of them answers and the other returns None. Without any answer, Home Assistant reports "Done": an
integration that is not loaded has to report this.

Put ``conversation`` into the manifest's ``after_dependencies``.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
import logging
from typing import Any, Final

from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers.translation import LOCALE_EN, async_get_translations
from homeassistant.setup import async_when_setup
from homeassistant.util import language as language_util

_LOGGER = logging.getLogger(__name__)
LANGUAGES = (LOCALE_EN, "de", "fi", "ru")
_CONVERSATION = "conversation"
_TOPICS: Final = "heat_suite_voice_topics"
"""In ``hass.data``: by topic, the sentences that are registered and the functions of all integrations that answer."""


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    """A recognized sentence.

    Attributes:
        language: Language of the request, one of LANGUAGES.
        context: Of the user who spoke; without a user for a voice satellite.
        words: What was spoken for the ``{…}`` parts of the template.
    """

    language: str
    context: Context
    words: Mapping[str, str] = field(default_factory=dict)


type VoiceHandler = Callable[[HomeAssistant, VoiceRequest], Awaitable[str | None]]
type _Answer = Callable[[Any, Any], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class VoiceCommand:
    """Sentence templates by language, and the function that answers; None leaves the answer to another one.

    A topic of several integrations is registered once: Home Assistant stops looking for further triggers when a
    sentence fits two templates of one, and would not find the integration that answers.
    """

    sentences: Mapping[str, tuple[str, ...]]
    handler: VoiceHandler
    topic: str = ""


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
            known, answers = _topic(hass, command.topic)
            answers.append(_bind(hass, command.handler))
            texts = (polite(text, language) for language, each in command.sentences.items() for text in each)
            if new := [text for text in texts if text not in known]:
                known.update(new)
                manager.register_trigger(new, partial(_first_answer, answers))

    async_when_setup(hass, _CONVERSATION, register)


def _topic(hass: HomeAssistant, topic: str) -> tuple[set[str], list[_Answer]]:
    """Return the sentences and the answers of a topic; those of a command without one are its own."""
    topics: dict[str, tuple[set[str], list[_Answer]]] = hass.data.setdefault(_TOPICS, {})
    return topics.setdefault(topic, (set(), [])) if topic else (set(), [])


async def _first_answer(answers: Iterable[_Answer], user_input: Any, result: Any) -> str | None:
    """Return the answer of the first integration that has one."""
    for answer in answers:
        if (text := await answer(user_input, result)) is not None:
            return text
    return None


def _bind(hass: HomeAssistant, handler: VoiceHandler) -> _Answer:
    async def answer(user_input: Any, result: Any) -> str | None:
        words = {item.name: str(item.value).strip() for item in getattr(result, "entities_list", ())}
        request = VoiceRequest(_language(hass, user_input.language), user_input.context, words)
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


_POLITE = {
    "en": (
        "[(hey|ok|okay)[,]] [please[,]] [(can|could|would|will) you [please]]",
        "[[,] please] [[,] (thanks|thank you)]",
    ),
    "de": ("[(hey|hallo)[,]] [bitte[,]]", "[[,] bitte] [[,] danke]"),
    "fi": ("[(hei|moi)[,]] [ole hyvä ja|olkaa hyvä ja]", "[[,] kiitos]"),
    "ru": ("[(эй|привет)[,]] [пожалуйста[,]]", "[[,] пожалуйста] [[,] спасибо]"),
}


def polite(template: str, language: str) -> str:
    """Return a template that also matches with the polite words of the language around it."""
    before, after = _POLITE[language]
    return f"{before} {template} {after}"


_NOT_ALLOWED = {
    "en": "You do not have permission to do that.",
    "de": "Du hast dafür keine Berechtigung.",
    "fi": "Sinulla ei ole oikeutta tehdä sitä.",
    "ru": "Это действие вам не разрешено.",
}


async def async_voice_texts(hass: HomeAssistant, domain: str, language: str) -> Callable[..., str]:
    """Return the function that formats a text ``voice_<key>`` of the integration's ``common`` translations."""
    texts = await async_get_translations(hass, language, "common", {domain})

    def text(key: str, **values: object) -> str:
        name = f"voice_{key}"
        return texts[f"component.{domain}.common.{name}"].format_map(values)

    return text
