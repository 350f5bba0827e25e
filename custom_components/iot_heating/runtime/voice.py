"""Assist sentences of the buildings. Where proof_of_heat controls the home, it answers these sentences."""

from functools import partial
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import UnitOfTemperature
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import Unauthorized
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
    find_room,
    set_sentences,
    set_topic,
)
from .._lib.voice import VoiceCommand, VoiceRequest, async_register_sentences, async_voice_texts
from .._lib.week_schedule import Mode
from ..const import DOMAIN
from .permissions import permission_entity

_OTHER: Final = "proof_of_heat"
SET_MODE: Final = {
    Mode.ECO: set_sentences(
        {
            "en": "(eco|economy|energy saving)",
            "de": "(eco|öko|spar|sparen)",
            "fi": "(eko|eco|ekoksi|ekoon|säästö|säästöön)",
            "ru": "(эко|экономный|экономичный|экономию)",
        }
    ),
    Mode.AUTO: set_sentences(
        {
            "en": "(auto|automatic)",
            "de": "(automatik|auto|automatisch)",
            "fi": "(automaattinen|automaatti|auto|automaattiseksi|automaattiselle|automaatille)",
            "ru": "(авто|автоматический|автомат|автоматику)",
        }
    ),
}


@callback
def async_register_voice(hass: HomeAssistant) -> None:
    """Register the sentences."""
    commands = [
        VoiceCommand(STATUS, _async_status, STATUS_TOPIC),
        VoiceCommand(WHY, partial(_async_status, reasons=True), WHY_TOPIC),
        VoiceCommand(ROOM_STATUS, _async_controller, ROOM_STATUS_TOPIC),
        VoiceCommand(ROOM_WHY, partial(_async_controller, reasons=True), ROOM_WHY_TOPIC),
        *(VoiceCommand(each, partial(_async_set_mode, mode), set_topic(mode)) for mode, each in SET_MODE.items()),
    ]
    async_register_sentences(hass, commands)


def _buildings(hass: HomeAssistant) -> list[Any]:
    if hass.config_entries.async_loaded_entries(_OTHER):
        return []
    return hass.config_entries.async_loaded_entries(DOMAIN)


async def _async_not_running(hass: HomeAssistant, request: VoiceRequest) -> str | None:
    """Leave the answer to the heating system, if it is set up; without an answer, Home Assistant reports "Done"."""
    if _OTHER in hass.config.components:
        return None
    return (await async_voice_texts(hass, DOMAIN, request.language))("no_system")


async def _async_status(hass: HomeAssistant, request: VoiceRequest, *, reasons: bool = False) -> str | None:
    """Return how many controllers heat, the setpoints with their mode if asked for, and what is offline."""
    if not (entries := _buildings(hass)):
        return await _async_not_running(hass, request)
    text = await async_voice_texts(hass, DOMAIN, request.language)
    answers: list[str] = []
    for entry in entries:
        building, controllers = entry.runtime_data.building, list(entry.runtime_data.hub.controllers.values())
        if not building.profile.iot_enabled:
            answers.append(text("off", building=entry.title))
            continue
        heating = sum(bool(controller.online and controller.heating) for controller in controllers)
        answers.append(text("status", building=entry.title, heating=heating, total=len(controllers)))
        if reasons:
            answers.append(text(f"mode_{building.profile.mode}"))
        setpoints = (("room", building.room_setpoint_c), ("flow", building.flow_setpoint_c))
        answers += [
            text(key, temperature=_temperature(hass, celsius, text("decimal_mark")))
            for key, celsius in setpoints
            if celsius is not None
        ]
        if offline := [controller.name for controller in controllers if not controller.online]:
            answers.append(text("offline", controllers=", ".join(offline)))
    return " ".join(answers)


async def _async_controller(hass: HomeAssistant, request: VoiceRequest, *, reasons: bool = False) -> str | None:
    """Return what the controller of a room does."""
    if not (entries := _buildings(hass)):
        return await _async_not_running(hass, request)
    text = await async_voice_texts(hass, DOMAIN, request.language)
    controllers = {item.name: item for entry in entries for item in entry.runtime_data.hub.controllers.values()}
    spoken = request.words.get("room", "")
    if (name := find_room(spoken, controllers)) is None:
        return text("no_room", room=spoken, rooms=", ".join(controllers))
    controller = controllers[name]
    key = "offline" if not controller.online else "heating" if controller.heating else "not_heating"
    answer = text(key, controllers=name)
    return f"{answer} {await _async_status(hass, request, reasons=True)}" if reasons else answer


async def _async_set_mode(mode: Mode, hass: HomeAssistant, request: VoiceRequest) -> str | None:
    """Select the operating mode of all buildings that the user may control."""
    if not (entries := _buildings(hass)):
        return await _async_not_running(hass, request)
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
