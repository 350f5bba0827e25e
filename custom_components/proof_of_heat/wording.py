"""What the engine says, in the language of Home Assistant.

The texts are the `common` ones of our translations, one for each code of the engine. Home Assistant reads and keeps
them; where one lacks, the engine's own English stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import LOCALE_EN, async_get_translations
from homeassistant.util import language as language_util

from .const import DOMAIN
from .engine.decision_record import DecisionRecord, sentence
from .engine.phrases import WORDS_BETWEEN, Phrase, Saying, Value

LANGUAGES: Final = (LOCALE_EN, "de", "fi", "ru")
SAID: Final = "said_"
DECIMAL_MARK: Final = "decimal_mark"
_COMMON: Final = f"component.{DOMAIN}.common."
_PRICE: Final = "price_kwh"


@dataclass(frozen=True, slots=True)
class Language:
    """A text for each thing that can be said."""

    texts: Mapping[Saying, str]
    decimal_mark: str = "."


ENGLISH: Final = Language({saying: saying.template for saying in Saying})


async def async_language(hass: HomeAssistant) -> Language:
    """Home Assistant's, without its region where we have none of it; English where we do not speak it."""
    ours = language_util.matches(hass.config.language, LANGUAGES, hass.config.country)
    common = await async_get_translations(hass, ours[0] if ours else LOCALE_EN, "common", {DOMAIN})
    texts = {saying: common.get(f"{_COMMON}{SAID}{saying.code}", saying.template) for saying in Saying}
    return Language(texts, common.get(_COMMON + DECIMAL_MARK, ENGLISH.decimal_mark))


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts phrases into words. The engine speaks of ids and of money; users know names and a currency."""

    language: Language
    names: Mapping[str, str]
    currency: str

    def tell(self, phrase: Phrase) -> str:
        """One phrase."""
        formats = phrase.saying.formats
        values = {name: self._word(name, value, formats.get(name, "")) for name, value in phrase.values.items()}
        return self.language.texts[phrase.saying].format_map(values)

    def all(self, phrases: Sequence[Phrase]) -> str:
        """Several that belong together."""
        return _begun(", ".join(map(self.tell, phrases)))

    def decision(self, record: DecisionRecord) -> str:
        """Why a cycle decided as it did."""
        return _begun(sentence(record.wanted, record.mix, record.limits, self.tell))

    def coded(self, phrases: Sequence[Phrase]) -> list[dict[str, Any]]:
        """For machines: the same in every language."""
        return [
            {"code": phrase.saying.code} | {name: self._value(value) for name, value in phrase.values.items()}
            for phrase in phrases
        ]

    def _word(self, name: str, value: Value, form: str) -> str:
        if isinstance(value, str):
            return self.names.get(value, value)
        if isinstance(value, tuple):
            return WORDS_BETWEEN.join(self.names.get(word, word) for word in value)
        number = format(value, form).replace(".", self.language.decimal_mark)
        return f"{number} {self.currency}" if name == _PRICE else number

    def _value(self, value: Value) -> object:
        return self._word("", value, "") if isinstance(value, str | tuple) else finite(value)


def _begun(text: str) -> str:
    """With a capital letter."""
    return text[:1].upper() + text[1:]


def finite(value: float) -> float | None:
    """As JSON takes it."""
    return round(float(value), 4) if math.isfinite(value) else None
