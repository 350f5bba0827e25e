"""Sentences for Home Assistant's own conversation agent."""

from homeassistant.components import conversation
from homeassistant.core import Context, HomeAssistant


async def say(hass: HomeAssistant, text: str, language: str = "en", user_id: str | None = None) -> str:
    """Return the spoken answer to a sentence."""
    result = await conversation.async_converse(hass, text, None, Context(user_id=user_id), language=language)
    speech: str = result.response.speech["plain"]["speech"]
    return speech
