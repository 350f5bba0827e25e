"""Assist sentences of the buildings. Where proof_of_heat controls the home, it answers these sentences."""

from functools import partial
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import UnitOfTemperature
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import Unauthorized
from homeassistant.util.unit_conversion import TemperatureConverter

from .._lib.voice import VoiceCommand, VoiceRequest, async_register_sentences, async_voice_texts, heating_not_ready
from .._lib.week_schedule import Mode
from ..const import DOMAIN
from .permissions import permission_entity

_OTHER: Final = "proof_of_heat"
STATUS: Final = {
    "en": ("how is the heating [doing]", "what is the heating doing", "heating status"),
    "de": ("wie geht es der heizung", "was macht die heizung", "heizungsstatus", "wie ist der stand der heizung"),
    "fi": ("miten lämmitys toimii", "mitä lämmitys tekee", "lämmityksen tila"),
    "ru": ("как [там] отопление", "что делает отопление", "состояние отопления"),
}
SET_MODE: Final = {
    Mode.ECO: {
        "en": ("set [the] [heating] [to] eco", "switch [the] heating to eco"),
        "de": ("stell[e] [die] heizung auf eco", "setz[e] [die heizung auf] eco"),
        "fi": ("aseta [lämmitys] eko", "aseta lämmityksen tilaksi eko"),
        "ru": ("(включи|поставь|установи) [отопление] [в] [режим] (эко|экономный)",),
    },
    Mode.AUTO: {
        "en": ("set [the] [heating] [to] (auto|automatic)", "switch [the] heating to (auto|automatic)"),
        "de": ("stell[e] [die] heizung auf automatik", "setz[e] [die heizung auf] automatik"),
        "fi": ("aseta [lämmitys] automaattinen", "aseta lämmityksen tilaksi automaattinen"),
        "ru": ("(включи|поставь|установи) [отопление] [в] [режим] (авто|автоматический)",),
    },
}


@callback
def async_register_voice(hass: HomeAssistant) -> None:
    """Register the sentences."""
    commands = [VoiceCommand(STATUS, _async_status)]
    commands += [VoiceCommand(sentences, partial(_async_set_mode, mode)) for mode, sentences in SET_MODE.items()]
    async_register_sentences(hass, commands)


def _buildings(hass: HomeAssistant) -> list[Any]:
    if hass.config_entries.async_loaded_entries(_OTHER):
        return []
    return hass.config_entries.async_loaded_entries(DOMAIN)


async def _async_status(hass: HomeAssistant, request: VoiceRequest) -> str | None:
    """Return how many controllers heat, the setpoints, and which controllers are offline."""
    if not (entries := _buildings(hass)):
        return heating_not_ready(hass, request, _OTHER)
    text = await async_voice_texts(hass, DOMAIN, request.language)
    answers: list[str] = []
    for entry in entries:
        building, controllers = entry.runtime_data.building, list(entry.runtime_data.hub.controllers.values())
        if not building.profile.iot_enabled:
            answers.append(text("off", building=entry.title))
            continue
        heating = sum(bool(controller.online and controller.heating) for controller in controllers)
        answers.append(text("status", building=entry.title, heating=heating, total=len(controllers)))
        setpoints = (("room", building.room_setpoint_c), ("flow", building.flow_setpoint_c))
        answers += [
            text(key, temperature=_temperature(hass, celsius, text("decimal_mark")))
            for key, celsius in setpoints
            if celsius is not None
        ]
        if offline := [controller.name for controller in controllers if not controller.online]:
            answers.append(text("offline", controllers=", ".join(offline)))
    return " ".join(answers)


async def _async_set_mode(mode: Mode, hass: HomeAssistant, request: VoiceRequest) -> str | None:
    """Select the operating mode of all buildings that the user may control."""
    if not (entries := _buildings(hass)):
        return heating_not_ready(hass, request, _OTHER)
    user = None if request.context.user_id is None else await hass.auth.async_get_user(request.context.user_id)
    for entry in entries:
        entity_id = permission_entity(hass, entry.entry_id)
        if request.context.user_id is not None and (
            user is None or not user.permissions.check_entity(entity_id, POLICY_CONTROL)
        ):
            raise Unauthorized(context=request.context, entity_id=entity_id, permission=POLICY_CONTROL)
    for entry in entries:
        await entry.runtime_data.building.async_patch_profile({"mode": mode.value})
    return (await async_voice_texts(hass, DOMAIN, request.language))(f"mode_{mode.value}")


def _temperature(hass: HomeAssistant, celsius: float, decimal_mark: str) -> str:
    unit = hass.config.units.temperature_unit
    value = TemperatureConverter.convert(celsius, UnitOfTemperature.CELSIUS, unit)
    return f"{value:.1f} {unit}".replace(".", decimal_mark)
