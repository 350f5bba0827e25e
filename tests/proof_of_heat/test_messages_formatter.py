"""Messages of the engine: every code has a text in every language, with the same values."""

import ast
from dataclasses import replace
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import numpy as np
import pytest

from custom_components.proof_of_heat import engine as package
from custom_components.proof_of_heat._lib.heat_source import FaultReason
from custom_components.proof_of_heat.engine.messages import DURATION, TEMPLATES, MessageCode, format_number, message
from custom_components.proof_of_heat.messages.formatter import (
    DECIMAL_MARK,
    ENGLISH,
    KEY_PREFIX,
    LANGUAGES,
    MODELS,
    REASON_PREFIX,
    REASONS,
    MessageFormatter,
    async_load_texts,
)

from .messages import NAMES, RECORD, TEXTS, sample

INTEGRATION = Path(package.__file__).parents[1]


def common(language: str) -> dict[str, str]:
    texts: dict[str, Any] = json.loads((INTEGRATION / "translations" / f"{language}.json").read_text())
    found: dict[str, str] = texts["common"]
    return found


def names_in(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


# --- the translations ----------------------------------------------------------------------------------------------


def test_languages_are_those_of_the_translations() -> None:
    assert {file.stem for file in (INTEGRATION / "translations").glob("*.json")} == set(LANGUAGES)


VOICE_TEXTS = ("voice_outdoor", "voice_profile", "voice_room")
"""Answers of Assist, see runtime/voice.py."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_text_with_its_placeholders_and_there_are_no_others(language: str) -> None:
    texts = common(language)
    messages = {KEY_PREFIX + code for code in MessageCode}
    reasons = {REASON_PREFIX + reason for reason in FaultReason}
    rooms = {"voice_room_unknown", "voice_no_system", "voice_no_room", "voice_room_status"}
    assert texts.keys() == {DECIMAL_MARK, "experimental_template", *MODELS, *VOICE_TEXTS} | rooms | reasons | messages
    for code in MessageCode:
        text = texts[KEY_PREFIX + code]
        assert names_in(text) == sorted(TEMPLATES[code].formats), code
        # The rules of hassfest.
        assert re.fullmatch(r"[a-z0-9_]+", KEY_PREFIX + code)
        assert text == text.strip()
        assert not re.search(r"<|'{|\[%", text)


def test_english_translation_equals_the_text_in_the_log() -> None:
    texts = common("en")
    assert {code: texts[KEY_PREFIX + code] for code in MessageCode} == ENGLISH.texts
    assert str(message(MessageCode.FLOW_LIMIT, source="pump-1", flow_c=55.123, limit_c=55)) == (
        "pump-1: flow temperature 55.1 °C has reached the maximum of 55.0 °C"
    )


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_text_is_translated(language: str) -> None:
    english, texts = common("en"), common(language)
    assert not [key for key in english if texts[key] == english[key]]


def test_every_message_is_created_with_its_values_and_every_code_is_used() -> None:
    """All calls of `message` in the engine: the names of their values are the placeholders of the text."""
    created: dict[str, list[set[str | None]]] = {code.name: [] for code in MessageCode}
    used: set[str] = set()
    engine = [file for file in (INTEGRATION / "engine").rglob("*.py") if file.name != "messages.py"]
    for file in [*engine, INTEGRATION / "services.py"]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "MessageCode":
                used.add(node.attr)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "message":
                first = node.args[0]
                if isinstance(first, ast.Attribute):
                    created[first.attr].append({keyword.arg for keyword in node.keywords})
    assert used == {code.name for code in MessageCode}
    for code in MessageCode:
        assert all(values == set(TEMPLATES[code].formats) for values in created[code.name]), code


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_fault_reason_has_a_text(hass: HomeAssistant, language: str) -> None:
    hass.config.language = language
    reasons = (await async_load_texts(hass)).reasons
    assert reasons.keys() == set(FaultReason)
    assert (reasons == REASONS) == (language == "en")


# --- formatting ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
async def test_decision_is_formatted_in_each_language(hass: HomeAssistant, language: str) -> None:
    hass.config.language = language
    formatter = MessageFormatter(await async_load_texts(hass), NAMES, "EUR")
    assert formatter.decision(RECORD) == TEXTS[language]
    for code in MessageCode:
        text, formats = formatter.format(sample(code)), TEMPLATES[code].formats
        assert not set(text) & set("{}"), text
        numbers = [format_number(12.345, spec, *formatter.texts.time_units) for spec in formats.values() if spec]
        for number in numbers:
            assert (number if language == "en" else number.replace(".", ",")) in text
        assert ("Vitocal 200" in text) == (len(numbers) < len(formats))


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        (0.0, "5 min"),
        (0.02, "5 min"),
        (0.8, "50 min"),
        (0.95, "55 min"),
        (0.97, "1 h"),
        (1.0, "1 h"),
        (2.25, "2 h 15 min"),
        (5.8, "5 h 45 min"),
        (5.9, "6 h"),
        (9.4, "9 h"),
        (np.float64(47.75), "48 h"),
    ],
)
def test_a_duration_is_written_as_people_say_it(hours: float, shown: str) -> None:
    assert format_number(hours, DURATION) == shown
    assert str(message(MessageCode.PLAN_BEGINS, begin_h=hours)) == f"heating starts in {shown}"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_temperatures_are_in_the_unit_of_the_home(hass: HomeAssistant, language: str) -> None:
    """No text names another unit than that of its number; values for automations are the same in all units."""
    hass.config.language, hass.config.units = language, US_CUSTOMARY_SYSTEM
    formatter = MessageFormatter(await async_load_texts(hass), NAMES, "USD")
    for code in MessageCode:
        text = formatter.format(sample(code))
        assert not re.search("°C|K·h|\u041a·ч", text)
        values = {name for name, spec in TEMPLATES[code].formats.items() if spec}
        has_temperature = bool(values & {"lower_c", "flow_c", "limit_c", "cold_kh"})
        assert has_temperature == ("°F" in text)
        if values & {"lower_c", "flow_c", "limit_c"}:
            assert "54.2" in text.replace(",", ".")
    said = message(MessageCode.FLOW_LIMIT, source="pump-1", flow_c=40.0, limit_c=40.0)
    assert formatter.as_data([said])[0]["limit_c"] == 40.0
    assert "9.0 °F·h" in formatter.format(message(MessageCode.TOO_COLD, cold_kh=5.0)).replace(",", ".")


@pytest.mark.parametrize(
    ("language", "country", "shown"),
    [
        ("de-AT", "AT", "de"),
        ("de-CH", "CH", "de"),
        ("fi", "FI", "fi"),
        ("ru", None, "ru"),
        ("en-GB", "GB", "en"),
        ("sv", "FI", "en"),
        ("pt-BR", "BR", "en"),
        ("zh-Hans", "CN", "en"),
    ],
)
async def test_regions_use_their_language_and_other_languages_use_english(
    hass: HomeAssistant, language: str, country: str | None, shown: str
) -> None:
    hass.config.language, hass.config.country = language, country
    loaded = await async_load_texts(hass)
    assert loaded.texts[MessageCode.CURVE_AND_ROOM] == common(shown)[f"{KEY_PREFIX}curve_and_room"]
    assert loaded.decimal_mark == common(shown)[DECIMAL_MARK]


def test_names_are_inserted_unchanged() -> None:
    """Braces in a name are not placeholders, and a name that contains an id is not changed."""
    names = {"pump-1": "{zone} <b>", "zone-1": "The pump-1 room"}
    record = replace(RECORD, notes=(), limits=(message(MessageCode.NO_ANSWER, source="pump-1"),))
    formatter = MessageFormatter(ENGLISH, names, "EUR")
    assert formatter.decision(record).endswith("Limited: {zone} <b>: not responding")
    assert formatter.format(message(MessageCode.ROOM_JUMPS, zone="zone-1")) == (
        "The pump-1 room: room temperature changes too fast"
    )
    assert formatter.format(message(MessageCode.ROOM_JUMPS, zone="removed")) == (
        "removed: room temperature changes too fast"
    )


def test_decision_without_heat() -> None:
    idle = replace(RECORD, mix=(), limits=(), reasons=(message(MessageCode.WARM_OUTSIDE),))
    assert MessageFormatter(ENGLISH, {}, "EUR").decision(idle) == ("Warm enough outside. No heat source is heating")
    assert idle.text == "warm enough outside. No heat source is heating"
