"""Texts for the messages of the engine, in the language of Home Assistant.

The texts are the `common` section of the translations: one for each message code.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
import math
import re
from typing import Any, Final

from homeassistant.const import UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import LOCALE_EN, async_get_translations
from homeassistant.util import language as language_util

from .._lib.heat_source import FaultReason
from ..const import DOMAIN
from ..engine.decision_record import DecisionRecord, describe
from ..engine.messages import TEMPLATES, VALUE_SEPARATOR, Message, MessageCode, Value, format_number

LANGUAGES: Final = (LOCALE_EN, "de", "fi", "ru")
KEY_PREFIX: Final = "message_"
DECIMAL_MARK: Final = "decimal_mark"
MODELS: Final = {"model_system": "Heating system", "model_zone": "Heating zone"}
"""Models of the devices of this integration, by the keys of their texts."""
REASON_PREFIX: Final = "reason_"
REASONS: Final = {
    FaultReason.NO_RESPONSE: "not responding",
    FaultReason.INVALID_RESPONSE: "invalid response",
    FaultReason.INVALID_AUTH: "invalid authentication",
    FaultReason.CALL_LIMIT: "API call limit reached",
    FaultReason.REJECTED: "rejected by the device",
    FaultReason.NOT_CONFIRMED: "not confirmed by the device",
    FaultReason.DEVICE_FAULT: "fault reported by the device",
    FaultReason.REMOVED: "no longer provided by its integration",
}
_COMMON: Final = f"component.{DOMAIN}.common."
_PRICE: Final = "price_kwh"
_TIME_UNITS: Final = {"ru": ("\u0447", "\u043c\u0438\u043d")}
"""Symbols of hour and minute in a language that has its own."""
_KELVIN_HOURS: Final = re.compile("K·h|\u041a·ч")
_FAHRENHEIT: Final[Mapping[str, Callable[[float], float]]] = {
    "c": lambda value: value * 1.8 + 32,
    "kh": lambda value: value * 1.8,
}
"""Conversions of values by the unit at the end of their names."""


@dataclass(frozen=True, slots=True)
class MessageTexts:
    """The texts of one language: of messages and fault reasons, and the device models by their keys."""

    texts: Mapping[MessageCode, str]
    decimal_mark: str = "."
    models: Mapping[str, str] = field(default_factory=lambda: MODELS)
    reasons: Mapping[FaultReason, str] = field(default_factory=lambda: REASONS)
    fahrenheit: bool = False
    time_units: tuple[str, str] = ("h", "min")

    def in_fahrenheit(self) -> MessageTexts:
        """Return the same texts for a home that measures in degrees Fahrenheit."""
        texts = {code: _KELVIN_HOURS.sub("°F·h", text).replace("°C", "°F") for code, text in self.texts.items()}
        return replace(self, texts=texts, fahrenheit=True)


ENGLISH: Final = MessageTexts({code: template.text for code, template in TEMPLATES.items()})


async def async_load_texts(hass: HomeAssistant, language: str | None = None) -> MessageTexts:
    """Return the texts in a language (None: that of Home Assistant), regardless of its region; else in English.

    They are for the unit of temperature that Home Assistant has now.
    """
    supported = language_util.matches(language or hass.config.language, LANGUAGES, hass.config.country)
    chosen = supported[0] if supported else LOCALE_EN
    common = await async_get_translations(hass, chosen, "common", {DOMAIN})
    texts = {code: common.get(f"{_COMMON}{KEY_PREFIX}{code}", english) for code, english in ENGLISH.texts.items()}
    models = {key: common.get(_COMMON + key, english) for key, english in MODELS.items()}
    reasons = {code: common.get(f"{_COMMON}{REASON_PREFIX}{code}", english) for code, english in REASONS.items()}
    decimal_mark = common.get(_COMMON + DECIMAL_MARK, ENGLISH.decimal_mark)
    time_units = _TIME_UNITS.get(chosen, ENGLISH.time_units)
    loaded = MessageTexts(texts, decimal_mark, models, reasons, time_units=time_units)
    return loaded.in_fahrenheit() if hass.config.units.temperature_unit == UnitOfTemperature.FAHRENHEIT else loaded


@dataclass(frozen=True, slots=True)
class MessageFormatter:
    """Formats messages as text. `names`: by the ids that the engine knows; `currency`: of its prices."""

    texts: MessageTexts
    names: Mapping[str, str]
    currency: str

    def format(self, message: Message) -> str:
        """Return the text of one message."""
        formats = TEMPLATES[message.code].formats
        values = {name: self._formatted(name, value, formats.get(name, "")) for name, value in message.values.items()}
        return self.texts.texts[message.code].format_map(values)

    def join(self, messages: Sequence[Message], *, status: Sequence[Message] = ()) -> str:
        """Return several messages as one sentence, which begins with ``status``."""
        begin = "".join(f"{self.format(part)}: " for part in status)
        return _capitalized(begin + ", ".join(map(self.format, messages)))

    def decision(self, record: DecisionRecord) -> str:
        """Return the decision of a cycle with its reasons."""
        return _capitalized(describe(record.reasons, record.mix, record.limits, self.format, status=record.status))

    def as_data(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        """Return codes and values for automations: the same in every language."""
        return [
            {"code": str(message.code)} | {name: self._value(value) for name, value in message.values.items()}
            for message in messages
        ]

    def _formatted(self, name: str, value: Value, spec: str) -> str:
        if isinstance(value, str):
            return self.names.get(value, value)
        if isinstance(value, tuple):
            return VALUE_SEPARATOR.join(self.names.get(part, part) for part in value)
        if self.texts.fahrenheit and (convert := _FAHRENHEIT.get(name.rpartition("_")[2])):
            value = convert(value)
        number = format_number(value, spec, *self.texts.time_units).replace(".", self.texts.decimal_mark)
        return f"{number} {self.currency}" if name == _PRICE else number

    def _value(self, value: Value) -> object:
        return self._formatted("", value, "") if isinstance(value, str | tuple) else rounded(value)


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def rounded(value: float) -> float | None:
    """Return a number that JSON can hold: NaN and infinity are None."""
    return round(float(value), 4) if math.isfinite(value) else None
