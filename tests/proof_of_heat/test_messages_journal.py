"""The decision journal, and the decision sensor in the language of Home Assistant."""

from dataclasses import replace
import json
import math
from typing import Any

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.messages.formatter import ENGLISH, async_load_texts
from custom_components.proof_of_heat.messages.journal import MAX_DECISIONS, DecisionJournal

from . import ha
from .messages import NAMES, RECORD, TEXTS

# --- the journal ---------------------------------------------------------------------------------------------------


async def test_codes_and_numbers_are_the_same_in_every_language() -> None:
    journal = DecisionJournal()
    journal.add("c1", replace(RECORD, cost_h=math.inf), NAMES, "EUR")
    row = dict(journal.rows[-1])
    german = {code: f"auf Deutsch {text}" for code, text in ENGLISH.texts.items()}
    await journal.async_set_texts(replace(ENGLISH, texts=german))
    translated = journal.rows[-1]
    assert translated["words"].startswith("Auf Deutsch cheapest plan for 48 h")
    assert translated["limits"][0] == "auf Deutsch Miner in the cellar: minimum off time not reached"
    assert translated["notes"] == ["auf Deutsch Bad: room temperature is outdated"]
    changed = {key for key in row if row[key] != translated[key]}
    assert changed == {"words", "limits", "notes"}
    assert translated["codes"] == {
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
    assert json.loads(json.dumps(translated, allow_nan=False)) == translated
    assert {type(value) for value in translated["codes"]["limits"][1].values()} == {str, float}
    assert "words='Cheapest plan for 48 h" in journal.log_line(), "the log stays English"


async def test_language_change_keeps_the_last_decisions(hass: HomeAssistant) -> None:
    journal = DecisionJournal()
    for index in range(MAX_DECISIONS + 5):
        journal.add(f"c{index}", RECORD, NAMES, "EUR")
    hass.config.language = "de"
    await journal.async_set_texts(await async_load_texts(hass))
    assert {row["words"] for row in journal.rows} == {TEXTS["de"]}
    assert [row["id"] for row in journal.rows] == [f"c{index}" for index in range(5, MAX_DECISIONS + 5)]
    journal.add("last", RECORD, NAMES, "EUR")
    assert (len(journal.rows), journal.rows[-1]["id"]) == (MAX_DECISIONS, "last")


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
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.entry_id}_decision")
    assert entity_id is not None
    return hass.states.get(entity_id)


async def test_decision_is_german_in_a_german_home_assistant(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    state = decision(hass, entry)
    assert state.state == "shadow", "control was not turned on"
    words = state.attributes["words"]
    assert words.startswith(
        "Nur Simulation, nichts wird geregelt: "
        "Heizkurve mit Raumkorrektur. Kein Wärmeerzeuger heizt. Eingeschränkt: Start, in der ersten Minute"
    )
    assert state.attributes["codes"]["wanted"] == [{"code": "curve_and_room"}]
    answer = await hass.services.async_call(DOMAIN, "get_decisions", {"count": 1}, blocking=True, return_response=True)
    assert answer["decisions"][0]["words"] == words
    plan = await hass.services.async_call(DOMAIN, "get_plan", {}, blocking=True, return_response=True)
    assert plan["reason"] == (
        "Nur Simulation, nichts wird geregelt: das Wärmemodell ist noch nicht genau genug, es gilt die Heizkurve"
    )
    hass.states.async_set(ha.ROOM, "unavailable")
    await entry.runtime_data.coordinator.async_refresh()
    last = entry.runtime_data.journal.rows[-1]
    assert last["words"].startswith("Nur Simulation, nichts wird geregelt: nur Heizkurve, keine Raumtemperatur")
    assert last["notes"] == ["Stube: keine gültige Raumtemperatur"]


async def test_decision_follows_a_change_of_the_language(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config.async_update(language="fi")
    await hass.async_block_till_done()
    assert (
        decision(hass, entry)
        .attributes["words"]
        .startswith(
            "Vain simulointi, mitään ei ohjata: "
            "lämmityskäyrä ja huonekorjaus. Mikään lämmönlähde ei lämmitä. Rajoitukset: "
        )
    )
    finnish = decision(hass, entry)
    hass.bus.async_fire(EVENT_CORE_CONFIG_UPDATE, {"latitude": 60.2})
    await hass.async_block_till_done()
    assert decision(hass, entry).attributes["words"] == finnish.attributes["words"]
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.config.async_update(language="ru")
    await hass.async_block_till_done()


async def test_decision_follows_a_change_of_the_units(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    journal = entry.runtime_data.journal
    assert not journal.texts.fahrenheit
    await hass.config.async_update(unit_system="us_customary")
    await hass.async_block_till_done()
    assert journal.texts.fahrenheit


async def test_device_models_are_translated_and_have_no_manufacturer(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert {(device.name, device.model, device.manufacturer) for device in devices} == {
        ("Home", "Heizsystem", None),
        ("Stube", "Heizzone", None),
    }
