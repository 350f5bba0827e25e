"""Assist sentences of the heating system, answered from the last decision."""

from functools import partial
from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, UnitOfTemperature
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.unit_conversion import TemperatureConverter

from .._lib.voice import VoiceCommand, VoiceRequest, async_register_sentences, async_voice_texts, heating_not_ready
from ..comfort.profiles import Profile
from ..const import DOMAIN
from ..data import HeatConfigEntry, HeatingSystem
from ..messages.formatter import MessageFormatter, async_load_texts, rounded
from .cycle import display_names

_OTHER: Final = "iot_heating"
STATUS: Final = {
    "en": ("how is the heating [doing]", "what is the heating doing", "heating status"),
    "de": ("wie geht es der heizung", "was macht die heizung", "heizungsstatus", "wie ist der stand der heizung"),
    "fi": ("miten lämmitys toimii", "mitä lämmitys tekee", "lämmityksen tila"),
    "ru": ("как [там] отопление", "что делает отопление", "состояние отопления"),
}
WHY: Final = {
    "en": ("why is (it|the heating) [not] heating", "why is the heating (on|off)", "why [is it] heating"),
    "de": ("warum heizt (es|die heizung) [nicht]", "warum ist die heizung (an|aus)", "warum wird [nicht] geheizt"),
    "fi": ("miksi (lämmitys on päällä|lämmitetään|lämmitys ei ole päällä)", "miksi se lämmittää"),
    "ru": ("почему (греет|топит|отопление работает|отопление включено)", "почему [отопление] не греет"),
}
_PROFILE_WORDS: Final = {
    Profile.AUTO: {"en": "(auto|automatic)", "de": "automatik", "fi": "automaattinen", "ru": "(авто|автоматический)"},
    Profile.COMFORT: {"en": "comfort", "de": "komfort", "fi": "mukavuus", "ru": "комфорт"},
    Profile.ECO: {"en": "eco", "de": "eco", "fi": "eko", "ru": "(эко|экономный)"},
    Profile.AWAY: {"en": "away", "de": "abwesend", "fi": "poissa", "ru": "(нет дома|отсутствие)"},
    Profile.ANTIFREEZE: {
        "en": "frost protection",
        "de": "frostschutz",
        "fi": "jäätymissuoja",
        "ru": "защита от мороза",
    },
}
_SET: Final = {
    "en": ("set [the] [heating] [to] {word}", "switch [the] heating to {word}"),
    "de": ("stell[e] [die] heizung auf {word}", "setz[e] [die heizung auf] {word}"),
    "fi": ("aseta [lämmitys] {word}", "aseta lämmityksen tilaksi {word}"),
    "ru": ("(включи|поставь|установи) [отопление] [в] [режим] {word}",),
}


def profile_sentences(profile: Profile) -> dict[str, tuple[str, ...]]:
    """Return the sentences that select a profile."""
    words = _PROFILE_WORDS[profile]
    return {language: tuple(each.replace("{word}", words[language]) for each in _SET[language]) for language in _SET}


@callback
def async_register_voice(hass: HomeAssistant) -> None:
    """Register the sentences."""
    async_register_sentences(
        hass,
        [
            VoiceCommand(STATUS, _async_status),
            VoiceCommand(WHY, _async_why),
            *(VoiceCommand(profile_sentences(each), partial(_async_set_profile, each)) for each in Profile),
        ],
    )


def _systems(hass: HomeAssistant) -> list[HeatConfigEntry]:
    return hass.config_entries.async_loaded_entries(DOMAIN)


async def _async_status(hass: HomeAssistant, request: VoiceRequest) -> str | None:
    """Return what the heating does, and the temperatures that are known."""
    if not (entries := _systems(hass)):
        return heating_not_ready(hass, request, _OTHER)
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
    entries = _systems(hass)
    answers = [
        _with_name(entry, entries, await _async_decision(hass, entry.runtime_data, request.language, notes=True))
        for entry in entries
    ]
    return " ".join(answers) or heating_not_ready(hass, request, _OTHER)


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
        return heating_not_ready(hass, request, _OTHER)
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
