"""Assist sentences of the heating system, answered from the last decision."""

from functools import partial
from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, UnitOfTemperature
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.unit_conversion import TemperatureConverter

from .._lib.heating_sentences import (
    ROOM_STATUS,
    ROOM_STATUS_TOPIC,
    ROOM_WHY,
    ROOM_WHY_TOPIC,
    STATUS,
    STATUS_TOPIC,
    WHY,
    WHY_TOPIC,
    Sentences,
    find_room,
    set_sentences,
    set_topic,
)
from .._lib.voice import VoiceCommand, VoiceRequest, async_register_sentences, async_voice_texts
from ..comfort.profiles import Profile
from ..const import DOMAIN
from ..data import HeatConfigEntry, HeatingSystem
from ..inputs.states import temperature
from ..messages.formatter import MessageFormatter, async_load_texts, rounded
from .cycle import display_names

_OTHER: Final = "iot_heating"
"""Answers the same sentences where no heating system is loaded."""
_PROFILE_WORDS: Final = {
    Profile.AUTO: {
        "en": "(auto|automatic)",
        "de": "(automatik|auto|automatisch)",
        "fi": "(automaattinen|automaatti|auto|automaattiseksi|automaattiselle|automaatille)",
        "ru": "(авто|автоматический|автомат|автоматику)",
    },
    Profile.COMFORT: {
        "en": "(comfort|comfortable)",
        "de": "(komfort|comfort)",
        "fi": "(mukavuus|mukavuustila|mukava)",
        "ru": "(комфорт|комфортный)",
    },
    Profile.ECO: {
        "en": "(eco|economy|energy saving)",
        "de": "(eco|öko|spar|sparen)",
        "fi": "(eko|eco|ekoksi|ekoon|säästö|säästöön)",
        "ru": "(эко|экономный|экономичный|экономию)",
    },
    Profile.AWAY: {
        "en": "(away|absent)",
        "de": "(abwesend|abwesenheit|abwesenheits)",
        "fi": "(poissa|poissaolo)",
        "ru": "(нет дома|отсутствие|отъезд)",
    },
    Profile.ANTIFREEZE: {
        "en": "(frost protection|antifreeze)",
        "de": "(frostschutz|frost schutz)",
        "fi": "(jäätymissuoja|jäätymissuojaus|pakkassuoja)",
        "ru": "(защита от мороза|защиту от мороза|защиту от замерзания|антизамерзание)",
    },
}


def profile_sentences(profile: Profile) -> Sentences:
    """Return the sentences that select a profile."""
    return set_sentences(_PROFILE_WORDS[profile])


@callback
def async_register_voice(hass: HomeAssistant) -> None:
    """Register the sentences."""
    async_register_sentences(
        hass,
        [
            VoiceCommand(STATUS, _async_status, STATUS_TOPIC),
            VoiceCommand(WHY, _async_why, WHY_TOPIC),
            VoiceCommand(ROOM_STATUS, _async_room, ROOM_STATUS_TOPIC),
            VoiceCommand(ROOM_WHY, partial(_async_room, reasons=True), ROOM_WHY_TOPIC),
            *(
                VoiceCommand(profile_sentences(each), partial(_async_set_profile, each), set_topic(each))
                for each in Profile
            ),
        ],
    )


def _systems(hass: HomeAssistant) -> list[HeatConfigEntry]:
    return hass.config_entries.async_loaded_entries(DOMAIN)


async def _async_not_running(hass: HomeAssistant, request: VoiceRequest) -> str | None:
    """Leave the answer to the other integration if that is loaded; without any, Home Assistant reports "Done"."""
    if hass.config_entries.async_loaded_entries(_OTHER):
        return None
    return (await async_voice_texts(hass, DOMAIN, request.language))("no_system")


async def _async_status(hass: HomeAssistant, request: VoiceRequest) -> str | None:
    """Return what the heating does, and the temperatures that are known."""
    if not (entries := _systems(hass)):
        return await _async_not_running(hass, request)
    text = await async_voice_texts(hass, DOMAIN, request.language)
    texts = await async_load_texts(hass, request.language)
    answers: list[str] = []
    for entry in entries:
        system: HeatingSystem = entry.runtime_data
        record = system.coordinator.data.decision.record
        sentences = [await _async_decision(hass, system, request.language)]
        for key, value in (("room", record.room_c), ("outdoor", record.outdoor_c)):
            if (celsius := rounded(value)) is not None:
                sentences.append(text(key, temperature=_temperature(hass, celsius, texts.decimal_mark)))
        answers.append(_with_name(entry, entries, " ".join(sentences)))
    return " ".join(answers)


async def _async_why(hass: HomeAssistant, request: VoiceRequest) -> str | None:
    """Return the reasons of the last decision and what limits it."""
    if not (entries := _systems(hass)):
        return await _async_not_running(hass, request)
    answers = [
        _with_name(entry, entries, await _async_decision(hass, entry.runtime_data, request.language, notes=True))
        for entry in entries
    ]
    return " ".join(answers)


async def _async_room(hass: HomeAssistant, request: VoiceRequest, *, reasons: bool = False) -> str | None:
    """Return the temperature and setpoint of a room, with the reasons of the last decision if they are asked for."""
    if not (entries := _systems(hass)):
        return await _async_not_running(hass, request)
    text = await async_voice_texts(hass, DOMAIN, request.language)
    decimal_mark = (await async_load_texts(hass, request.language)).decimal_mark
    zones = {zone.name: (entry.runtime_data, zone) for entry in entries for zone in entry.runtime_data.config.zones}
    spoken = request.words.get("room", "")
    if (name := find_room(spoken, zones)) is None:
        return text("no_room", room=spoken, rooms=", ".join(zones))
    system, zone = zones[name]
    reading = temperature(hass, zone.temperature)
    target = _temperature(hass, system.targets.at_present(zone), decimal_mark)
    if reading.known:
        measured = _temperature(hass, reading.value, decimal_mark)
        answer = text("room_status", room=name, temperature=measured, target=target)
    else:
        answer = text("room_unknown", room=name, target=target)
    if reasons:
        answer = f"{answer} {await _async_decision(hass, system, request.language, notes=True)}"
    return answer


async def _async_decision(hass: HomeAssistant, system: HeatingSystem, language: str, *, notes: bool = False) -> str:
    texts = await async_load_texts(hass, language)
    record = system.coordinator.data.decision.record
    formatter = MessageFormatter(texts, display_names(system.config, system.sources), hass.config.currency)
    parts = [formatter.decision(record)]
    if notes and record.notes:
        parts.append(formatter.join(record.notes))
    return " ".join(f"{part.rstrip('.')}." for part in parts)


async def _async_set_profile(profile: Profile, hass: HomeAssistant, request: VoiceRequest) -> str | None:
    """Select the profile of all heating systems, with the permissions of the user."""
    if not (entries := _systems(hass)):
        return await _async_not_running(hass, request)
    for entry in entries:
        await hass.services.async_call(
            DOMAIN,
            "set_profile",
            {ATTR_CONFIG_ENTRY_ID: entry.entry_id, "profile": profile.value},
            blocking=True,
            context=request.context,
        )
    names = await async_get_translations(hass, request.language, "entity", {DOMAIN})
    name = names[f"component.{DOMAIN}.entity.select.profile.state.{profile}"]
    return (await async_voice_texts(hass, DOMAIN, request.language))("profile", profile=name)


def _with_name(entry: HeatConfigEntry, entries: list[HeatConfigEntry], answer: str) -> str:
    return answer if len(entries) == 1 else f"{entry.title}: {answer}"


def _temperature(hass: HomeAssistant, celsius: float, decimal_mark: str) -> str:
    unit = hass.config.units.temperature_unit
    value = TemperatureConverter.convert(celsius, UnitOfTemperature.CELSIUS, unit)
    return f"{value:.1f} {unit}".replace(".", decimal_mark)
