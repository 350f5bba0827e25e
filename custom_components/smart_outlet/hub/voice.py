"""Assist sentences of the outlets: switch everything off, answered with the result of each socket."""

from typing import Any, Final

from homeassistant.core import HomeAssistant, callback

from .._lib.voice import VoiceCommand, VoiceRequest, async_register_sentences, async_voice_texts
from ..const import DOMAIN
from ..domain.parts import DOMAIN_PARTS

SWITCH_OFF: Final = {
    "en": (
        "(switch|turn|shut|power) everything off [now]",
        "(switch|turn|shut|power) off everything [now]",
        "(switch|turn|shut|power) off all [of] [the|my|our] (outlets|sockets|plugs) [now]",
        "(switch|turn|shut|power) all [of] [the|my|our] (outlets|sockets|plugs) off [now]",
        "everything off [now]",
    ),
    "de": (
        "(schalte|schalt|mach|mache|schalten sie|machen sie) [bitte] (alles|alle steckdosen) [jetzt] [bitte] aus",
        "(alles|alle steckdosen) [bitte] [sofort] (aus|ausschalten|ausmachen|abschalten)",
        "schalte [bitte] (alles|alle steckdosen) ab",
        "(kannst|könntest|würdest) du [bitte] (alles|alle steckdosen) (ausschalten|ausmachen|abschalten)",
    ),
    "fi": (
        "(sammuta|sammuttakaa|kytke|laita) [nyt] (kaikki|kaikki pistorasiat) [pois|pois päältä|nyt]",
        "katkaise virta kaikista pistorasioista",
        "(voisitko|voitko) (sammuttaa|katkaista) (kaikki|kaikki pistorasiat)",
        "kaikki pois [päältä]",
    ),
    "ru": (
        "(выключи|выключите|отключи|отключите|погаси|обесточь|обесточьте) (всё|все|все розетки)",
        "(всё|все|все розетки) (выключи|выключить|выключите|отключи|отключить)",
        "(можешь|можете) (выключить|отключить) (всё|все|все розетки)",
    ),
}
WAIT_S: Final = 5.0


@callback
def async_register_voice(hass: HomeAssistant) -> None:
    """Register the sentences."""
    async_register_sentences(hass, [VoiceCommand(SWITCH_OFF, _async_switch_off)])


async def _async_switch_off(hass: HomeAssistant, request: VoiceRequest) -> str:
    """Switch everything off, with the permissions of the user."""
    hubs = hass.data[DOMAIN_PARTS].directory.hubs
    text = await async_voice_texts(hass, DOMAIN, request.language)
    if not hubs:
        return text("no_hub")
    response: Any = await hass.services.async_call(
        DOMAIN, "switch_everything_off", {"wait": WAIT_S}, blocking=True, return_response=True, context=request.context
    )
    results: dict[str, list[str]] = {"confirmed": [], "pending": [], "unreachable": [], "protected": []}
    for report in response["hubs"]:
        hub = hubs.get(report["entry_id"])
        outlets = {} if hub is None else hub.model.outlets
        for result, sockets in results.items():
            sockets += [_socket_name(outlets, socket) for socket in report[result]]
    not_off = [*results["pending"], *results["unreachable"]]
    parts = [text("not_off", sockets=", ".join(not_off)) if not_off else text("all_off")]
    if results["protected"]:
        parts.append(text("protected", sockets=", ".join(results["protected"])))
    return " ".join(parts)


def _socket_name(outlets: dict[str, Any], socket: str) -> str:
    device_id, _, letter = socket.partition("/")
    outlet = outlets.get(device_id)
    return f"{outlet.settings.name if outlet else device_id} {letter.upper()}"
