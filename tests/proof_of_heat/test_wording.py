"""What the engine decides is told in the language of Home Assistant: every code in every language, with its numbers."""

import ast
from dataclasses import replace
import json
import math
from pathlib import Path
import re
from string import Formatter
from typing import Any

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import HomeAssistant
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat import engine as package
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.decision_record import ControlMode, DecisionRecord, SourceShare
from custom_components.proof_of_heat.engine.phrases import Phrase, Saying, say
from custom_components.proof_of_heat.messages.journal import KEPT_DECISIONS, Journal
from custom_components.proof_of_heat.sensors.system import shortened
from custom_components.proof_of_heat.wording import DECIMAL_MARK, ENGLISH, LANGUAGES, SAID, Teller, async_language

from . import ha

INTEGRATION = Path(package.__file__).parents[1]
NAMES = {"pump-1": "Vitocal 200", "miner-1": "Miner in the cellar", "zone-1": "Bad"}
RECORD = DecisionRecord(
    now_s=1.77e9,
    revision="c",
    control_mode=ControlMode.PLAN,
    room_c=20.5,
    outdoor_c=-3.0,
    lower_c=20.0,
    upper_c=22.0,
    demand_w=4000.0,
    flow_c=34.0,
    mix=(
        SourceShare("pump-1", 4250.0, 1100.0, 0.0812),
        SourceShare("miner-1", 0.0, 0.0, math.nan),
    ),
    cost_h=0.35,
    heat_value_kwh=math.nan,
    wanted=(
        say(Saying.PLAN, hours=48.0, heat_kwh=120.4),
        say(Saying.COMING_FOR, lower_c=21.0, in_h=2.25, why=("zone-1", "schedule")),
    ),
    limits=(
        say(Saying.MUST_REST, source="miner-1"),
        say(Saying.FLOW_LIMIT, source="pump-1", flow_c=55.1, limit_c=np.float64(55)),
    ),
    notes=(say(Saying.ROOM_STALE, zone="zone-1"),),
)
TOLD = {
    "en": "Plan over 48 h: 120 kWh of heat, to be at 21.0 °C in 2.2 h (Bad: schedule). "
    "Vitocal 200 4.2 kW at 0.081 EUR/kWh. Limited: Miner in the cellar: has to rest; "
    "Vitocal 200: flow of 55.1 °C at its limit of 55.0 °C",
    "de": "Plan für 48 h: 120 kWh Wärme, in 2,2 h sollen es 21,0 °C sein (Bad: schedule). "
    "Vitocal 200 4,2 kW zu 0,081 EUR/kWh. Eingeschränkt: Miner in the cellar: Mindestpause läuft noch; "
    "Vitocal 200: Vorlauf von 55,1 °C an seiner Grenze von 55,0 °C",
    "fi": "Suunnitelma 48 h: 120 kWh lämpöä, 2,2 h kuluttua pitää olla 21,0 °C (Bad: schedule). "
    "Vitocal 200 4,2 kW hintaan 0,081 EUR/kWh. Rajoitukset: Miner in the cellar: vähimmäistauko on kesken; "
    "Vitocal 200: menovesi 55,1 °C on rajallaan 55,0 °C",
    "ru": "План на 48 ч: 120 кВт·ч тепла, через 2,2 ч должно быть 21,0 °C (Bad: schedule). "
    "Vitocal 200 4,2 кВт по 0,081 EUR/кВт·ч. Ограничения: Miner in the cellar: идёт минимальная пауза; "
    "Vitocal 200: подача 55,1 °C у предела 55,0 °C",  # noqa: RUF001
}


def common(language: str) -> dict[str, str]:
    texts: dict[str, Any] = json.loads((INTEGRATION / "translations" / f"{language}.json").read_text())
    found: dict[str, str] = texts["common"]
    return found


def names_in(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def any_phrase(saying: Saying) -> Phrase:
    """With a number for each number and an id for each id."""
    return Phrase(saying, {name: 12.345 if form else "pump-1" for name, form in saying.formats.items()})


# --- the catalog ---------------------------------------------------------------------------------------------------


def test_our_languages_are_those_of_the_translations() -> None:
    assert {file.stem for file in (INTEGRATION / "translations").glob("*.json")} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_text_with_its_values_and_nothing_else_is_there(language: str) -> None:
    texts = common(language)
    assert texts.keys() == {DECIMAL_MARK} | {SAID + saying.code for saying in Saying}
    for saying in Saying:
        text = texts[SAID + saying.code]
        assert names_in(text) == sorted(saying.formats), saying
        # What hassfest wants of a translation.
        assert re.fullmatch(r"[a-z0-9_]+", SAID + saying.code)
        assert text == text.strip()
        assert not re.search(r"<|'{|\[%", text)


def test_english_is_that_of_the_engine() -> None:
    texts = common("en")
    assert {saying: texts[SAID + saying.code] for saying in Saying} == ENGLISH.texts
    assert str(say(Saying.FLOW_LIMIT, source="pump-1", flow_c=55.123, limit_c=55)) == (
        "pump-1: flow of 55.1 °C at its limit of 55.0 °C"
    )


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_text_was_left_in_english(language: str) -> None:
    english, texts = common("en"), common(language)
    assert not [key for key in english if texts[key] == english[key]]


def test_the_engine_says_nothing_without_its_values_and_no_code_is_idle() -> None:
    """All calls of `say` in the engine: the names of their values are those of the text."""
    said: dict[str, list[set[str | None]]] = {saying.name: [] for saying in Saying}
    named: set[str] = set()
    for file in [*(INTEGRATION / "engine").rglob("*.py"), INTEGRATION / "services.py"]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Saying":
                named.add(node.attr)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                first = node.args[0]
                if isinstance(first, ast.Attribute):
                    said[first.attr].append({keyword.arg for keyword in node.keywords})
    assert named == {saying.name for saying in Saying}
    for saying in Saying:
        assert all(values == set(saying.formats) for values in said[saying.name]), saying


# --- in words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_decision_is_told_in_each_language(hass: HomeAssistant, language: str) -> None:
    hass.config.language = language
    teller = Teller(await async_language(hass), NAMES, "EUR")
    assert teller.decision(RECORD) == TOLD[language]
    for saying in Saying:
        text = teller.tell(any_phrase(saying))
        assert not set(text) & set("{}"), text
        numbers = [format(12.345, form) for form in saying.formats.values() if form]
        for number in numbers:
            assert (number if language == "en" else number.replace(".", ",")) in text
        assert ("Vitocal 200" in text) == (len(numbers) < len(saying.formats))


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
async def test_a_region_speaks_its_language_and_all_others_english(
    hass: HomeAssistant, language: str, country: str | None, shown: str
) -> None:
    hass.config.language, hass.config.country = language, country
    found = await async_language(hass)
    assert found.texts[Saying.CURVE_AND_ROOM] == common(shown)["said_curve_and_room"]
    assert found.decimal_mark == common(shown)[DECIMAL_MARK]


def test_names_are_taken_as_they_are() -> None:
    """Braces in a user's name are no placeholders, and a name that holds an id is not changed."""
    names = {"pump-1": "{zone} <b>", "zone-1": "The pump-1 room"}
    record = replace(RECORD, notes=(), limits=(say(Saying.NO_ANSWER, source="pump-1"),))
    teller = Teller(ENGLISH, names, "EUR")
    assert teller.decision(record).endswith("Limited: {zone} <b> does not answer")
    assert teller.tell(say(Saying.ROOM_JUMPS, zone="zone-1")) == "The pump-1 room: room temperature jumps"
    assert teller.tell(say(Saying.ROOM_JUMPS, zone="gone")) == "gone: room temperature jumps"


def test_a_decision_without_heat_says_so() -> None:
    idle = replace(RECORD, mix=(), limits=(), wanted=(say(Saying.WARM_OUTSIDE),))
    assert Teller(ENGLISH, {}, "EUR").decision(idle) == "Warm enough outside. Nothing heats"
    assert idle.words == "warm enough outside. Nothing heats"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_state_is_never_too_long(hass: HomeAssistant, language: str) -> None:
    """Home Assistant takes 255 characters: what is longer ends with a whole word."""
    hass.config.language = language
    teller = Teller(await async_language(hass), NAMES, "EUR")
    assert shortened(teller.decision(RECORD)) == TOLD[language], "an everyday decision is shown whole"
    all_at_once = replace(RECORD, limits=tuple(any_phrase(saying) for saying in Saying))
    words = teller.decision(all_at_once)
    state = shortened(words)
    assert len(words) > 255 >= len(state)
    assert state.endswith("…")
    assert words.startswith(state[:-1])
    assert words[len(state) - 1] in " ,;:."


def test_words_that_just_fit_are_whole() -> None:
    assert shortened("x" * 255) == "x" * 255
    assert shortened("x" * 256) == "x" * 254 + "…"


# --- the journal ---------------------------------------------------------------------------------------------------


async def test_codes_and_numbers_are_the_same_in_every_language() -> None:
    journal = Journal()
    journal.note("c1", replace(RECORD, cost_h=math.inf), NAMES, "EUR")
    row = dict(journal.rows[-1])
    german = {saying: f"auf Deutsch {saying.template}" for saying in Saying}
    await journal.speak(replace(ENGLISH, texts=german))
    told = journal.rows[-1]
    assert told["words"].startswith("Auf Deutsch plan over 48 h")
    assert told["limits"][0] == "auf Deutsch Miner in the cellar: has to rest"
    assert told["notes"] == ["auf Deutsch Bad: room temperature is stale"]
    changed = {key for key in row if row[key] != told[key]}
    assert changed == {"words", "limits", "notes"}
    assert told["codes"] == {
        "wanted": [
            {"code": "plan", "hours": 48.0, "heat_kwh": 120.4},
            {"code": "coming_for", "lower_c": 21.0, "in_h": 2.25, "why": "Bad: schedule"},
        ],
        "limits": [
            {"code": "must_rest", "source": "Miner in the cellar"},
            {"code": "flow_limit", "source": "Vitocal 200", "flow_c": 55.1, "limit_c": 55},
        ],
        "notes": [{"code": "room_stale", "zone": "Bad"}],
    }
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert {type(value) for value in told["codes"]["limits"][1].values()} == {str, float}
    assert "words='Plan over 48 h" in journal.line(), "the log stays English"


async def test_the_journal_keeps_the_last_ones_through_a_change_of_language(hass: HomeAssistant) -> None:
    journal = Journal()
    for index in range(KEPT_DECISIONS + 5):
        journal.note(f"c{index}", RECORD, NAMES, "EUR")
    hass.config.language = "de"
    await journal.speak(await async_language(hass))
    assert {row["words"] for row in journal.rows} == {TOLD["de"]}
    assert [row["id"] for row in journal.rows] == [f"c{index}" for index in range(5, KEPT_DECISIONS + 5)]
    journal.note("last", RECORD, NAMES, "EUR")
    assert (len(journal.rows), journal.rows[-1]["id"]) == (KEPT_DECISIONS, "last")


# --- in Home Assistant ---------------------------------------------------------------------------------------------


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    """A cold home without a source, in an Austrian Home Assistant."""
    hass.config.language, hass.config.country = "de-AT", "AT"
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    ha.thermometer(hass, ha.ROOM, 17.0)
    made = ha.system(ha.zone("Stube"))
    await ha.start(hass, made)
    return made


def decision(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    from homeassistant.helpers import entity_registry as er

    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.entry_id}_decision")
    assert entity_id is not None
    return hass.states.get(entity_id)


async def test_a_german_home_assistant_shows_german_words(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()
    state = decision(hass, entry)
    assert state.state.startswith("Heizkurve und Raum. Nichts heizt. Eingeschränkt: es wird noch nichts geschrieben")
    assert state.attributes["words"] == state.state
    assert state.attributes["codes"]["wanted"] == [{"code": "curve_and_room"}]
    answer = await hass.services.async_call(DOMAIN, "get_decisions", {"count": 1}, blocking=True, return_response=True)
    assert answer["decisions"][0]["words"] == state.state
    plan = await hass.services.async_call(DOMAIN, "get_plan", {}, blocking=True, return_response=True)
    assert plan["reason"] == "Das Haus ist noch nicht gut genug bekannt: es gilt die Heizkurve"
    hass.states.async_set(ha.ROOM, "unavailable")
    await entry.runtime_data.async_refresh()
    last = entry.runtime_data.decisions[-1]
    assert last["words"].startswith("Nur Heizkurve: keine Raumtemperatur")
    assert last["notes"] == ["Stube: keine plausible Raumtemperatur"]


async def test_the_words_follow_the_language_that_is_set(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config.async_update(language="fi")
    await hass.async_block_till_done()
    assert decision(hass, entry).state.startswith("Lämmityskäyrä ja huone. Mikään ei lämmitä. Rajoitukset: ")
    told = decision(hass, entry)
    hass.bus.async_fire(EVENT_CORE_CONFIG_UPDATE, {"latitude": 60.2})
    await hass.async_block_till_done()
    assert decision(hass, entry).state == told.state
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.config.async_update(language="ru")
    await hass.async_block_till_done()
