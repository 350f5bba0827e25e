"""Texts of alerts and device models in the language of Home Assistant.

The texts are the ``common`` section of the translations. They are loaded once per start of a hub, so that an alert is
formatted without delay.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import LOCALE_EN, async_get_translations
from homeassistant.util import language as language_util

from .const import DOMAIN
from .model.alerts import Alert, MessageCode

_LANGUAGES: Final = (LOCALE_EN, "de", "fi", "ru")
_MA: Final = "_ma"
"""The end of the names of currents in mA."""
_COMMON: Final = f"component.{DOMAIN}.common."


class Texts:
    """Texts of the ``common`` section by key."""

    def __init__(self, translations: Mapping[str, str], language: str = LOCALE_EN) -> None:
        self._texts = {key.removeprefix(_COMMON): text for key, text in translations.items()}
        self._point = "." if language == LOCALE_EN else ","

    def get(self, key: str, **values: object) -> str:
        """Return a text with its placeholders filled in, or the key if there is no such text."""
        return self._texts[key].format_map(values) if key in self._texts else key

    def amperes(self, current_ma: object) -> str:
        """Return a current in A, as exact as it is known in mA: 1500 is 1.5."""
        if isinstance(current_ma, bool) or not isinstance(current_ma, int | float):
            return ""
        return f"{current_ma / 1000:.3f}".rstrip("0").rstrip(".").replace(".", self._point)


async def async_load_texts(hass: HomeAssistant) -> Texts:
    """Load the texts in the language of Home Assistant, in English if there is no translation."""
    matches = language_util.matches(hass.config.language, _LANGUAGES, hass.config.country)
    language = matches[0] if matches else LOCALE_EN
    return Texts(await async_get_translations(hass, language, "common", {DOMAIN}), language)


class AlertFormatter:
    """Formats the message of an alert."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def message(self, alert: Alert) -> str:
        """Return the text of an alert."""
        if alert.message is None:
            return alert.stored_text
        values: dict[str, Any] = dict(alert.message.values)
        values |= {
            key.removesuffix(_MA): self._texts.amperes(value) for key, value in values.items() if key.endswith(_MA)
        }
        if alert.message.code is MessageCode.COMMAND_FAILED:
            values["command"] = self._command(values)
            values["reason"] = values["detail"] or self._texts.get(f"reason_{values['reason']}")
        elif alert.message.code is MessageCode.OFFLINE:
            values["timeout_s"] = f"{values['timeout_s']:.0f}"
        return self._texts.get(f"alert_{alert.message.code.value}", **values)

    def _command(self, values: Mapping[str, Any]) -> str:
        socket = str(values["socket"] or "").upper()
        return self._texts.get(
            f"command_{values['command']}", socket=socket, value=self._texts.amperes(values["value"])
        )

    def as_dict(self, alert: Alert) -> dict[str, Any]:
        """Return an alert as events, actions and the WebSocket API contain it."""
        source = alert.source
        return {
            "id": alert.id,
            "kind": alert.type.value,
            "device_id": source.device_id,
            "socket": source.socket,
            "message": self.message(alert),
            "created": alert.created,
            "value": alert.value,
            "limit": alert.limit,
            "cleared": alert.cleared,
            "dismissed": alert.dismissed,
        }
