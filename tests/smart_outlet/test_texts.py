"""Texts of alerts and device models in the language of Home Assistant."""

import json
from pathlib import Path
import string
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.smart_outlet.const import DOMAIN
from custom_components.smart_outlet.model.alerts import (
    HUB_SOURCE,
    Alert,
    AlertMessage,
    AlertSource,
    AlertType,
    MessageCode,
)
from custom_components.smart_outlet.model.commands import CommandName, FailureReason
from custom_components.smart_outlet.texts import AlertFormatter, Texts, async_load_texts

from .conftest import Ccu, MakeCcu, outlet_data

LANGUAGES = ("en", "de", "fi", "ru")
TRANSLATIONS = Path(__file__).parents[2] / "custom_components/smart_outlet/translations"
VALUES: dict[MessageCode, dict[str, Any]] = {
    MessageCode.SOCKET_OVERLOAD: {"outlet": "Kitchen", "socket": "A"},
    MessageCode.OUTLET_OVERLOAD: {"outlet": "Kitchen"},
    MessageCode.THRESHOLD_EXCEEDED: {"outlet": "Kitchen", "socket": "B", "current_ma": 1500, "threshold_ma": 1000},
    MessageCode.MAIN_THRESHOLD_EXCEEDED: {"hub": "House", "current_ma": 17000, "threshold_ma": 16000},
    MessageCode.OFFLINE: {"device": "Kitchen", "timeout_s": 15.0},
    MessageCode.THRESHOLD_DIFFERS: {"outlet": "Kitchen", "device_threshold_ma": 900, "threshold_ma": 1000},
    MessageCode.THRESHOLD_NOT_DELIVERED: {"outlet": "Kitchen", "threshold_ma": 1000},
    MessageCode.OUTLET_DOES_NOT_TRIP: {"outlet": "Kitchen", "threshold_ma": 1000},
    MessageCode.COMMAND_FAILED: {
        "outlet": "Kitchen",
        "command": "relay_on",
        "socket": "a",
        "value": None,
        "reason": "no_confirmation",
        "detail": None,
    },
    MessageCode.POWER_OFF_INCOMPLETE: {"hub": "House", "sockets": "FE/a, FD/b"},
}


def texts_in(language: str) -> Texts:
    common = json.loads((TRANSLATIONS / f"{language}.json").read_text())["common"]
    return Texts({f"component.{DOMAIN}.common.{key}": text for key, text in common.items()}, language)


def alert(code: MessageCode, **changes: Any) -> Alert:
    return Alert("1", AlertType.OVERLOAD, HUB_SOURCE, AlertMessage(code, VALUES[code] | changes), 0.0)


def message(code: MessageCode, language: str = "en", **changes: Any) -> str:
    return AlertFormatter(texts_in(language)).message(alert(code, **changes))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", MessageCode)
def test_every_message_is_a_complete_text(code: MessageCode, language: str) -> None:
    text = message(code, language)
    assert not text.startswith("alert_")
    assert not [name for _, name, _, _ in string.Formatter().parse(text) if name]
    assert "None" not in text
    assert text.startswith(("Kitchen: ", "House: "))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (MessageCode.SOCKET_OVERLOAD, "Kitchen: socket A tripped on overload"),
        (MessageCode.THRESHOLD_EXCEEDED, "Kitchen: socket B draws 1.5 A, more than the threshold of 1 A"),
        (MessageCode.OFFLINE, "Kitchen: no report for 15 s"),
        (MessageCode.COMMAND_FAILED, "Kitchen: switching on socket A failed: not confirmed"),
        (MessageCode.POWER_OFF_INCOMPLETE, "House: emergency power-off not confirmed by FE/a, FD/b"),
    ],
)
def test_messages_contain_their_values(code: MessageCode, expected: str) -> None:
    assert message(code) == expected


@pytest.mark.parametrize(
    ("current_ma", "language", "shown"),
    [
        (35, "en", "0.035 A"),
        (1002, "en", "1.002 A"),
        (10_000, "en", "10 A"),
        (1500, "de", "1,5 A"),
        (620, "fi", "0,62 A"),
        (3200, "ru", "3,2 \u0410"),
    ],
)
def test_currents_are_in_amperes_as_on_the_card(current_ma: int, language: str, shown: str) -> None:
    """Exact to the milliampere: 1.002 A is more than a threshold of 1 A."""
    text = message(MessageCode.THRESHOLD_EXCEEDED, language, current_ma=current_ma)
    assert f" {shown}" in text
    assert "mA" not in text
    setting = message(
        MessageCode.COMMAND_FAILED, language, command=CommandName.SET_THRESHOLD.value, socket=None, value=current_ma
    )
    assert f" {shown}" in setting


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", CommandName)
@pytest.mark.parametrize("reason", FailureReason)
def test_every_command_and_reason_has_a_text(language: str, command: CommandName, reason: FailureReason) -> None:
    text = message(MessageCode.COMMAND_FAILED, language, command=command.value, reason=reason.value, value=5)
    assert command.value not in text.replace("ping", "")
    assert f"reason_{reason}" not in text
    assert f"command_{command}" not in text


def test_the_error_of_a_device_is_shown_as_the_reason() -> None:
    text = message(MessageCode.COMMAND_FAILED, detail="outlet does not answer", reason="refused")
    assert text == "Kitchen: switching on socket A failed: outlet does not answer"


def test_an_alert_of_an_earlier_version_keeps_its_text() -> None:
    stored = {
        "id": "1",
        "kind": "offline",
        "device_id": "FE",
        "socket": None,
        "message": "Kitchen: nothing received for 15 s",
        "created": 1.0,
        "value": None,
        "limit": None,
        "cleared": None,
        "dismissed": False,
    }
    restored = Alert.from_dict(stored)
    assert restored.source == AlertSource("FE")
    assert AlertFormatter(texts_in("de")).message(restored) == stored["message"]
    assert Alert.from_dict(restored.as_dict()) == restored


@pytest.mark.parametrize("code", MessageCode)
def test_an_alert_survives_storage(code: MessageCode) -> None:
    stored = json.loads(json.dumps(alert(code).as_dict()))
    assert Alert.from_dict(stored) == alert(code)


def test_a_missing_text_is_its_key() -> None:
    assert Texts({}).get("model_ccu") == "model_ccu"


@pytest.mark.parametrize(
    ("language", "model"),
    [
        ("de", "Zentrale Steuereinheit"),
        ("de-CH", "Zentrale Steuereinheit"),
        ("ru", "Центральный блок управления"),
        ("sv", "Central Control Unit"),
    ],
)
async def test_texts_are_loaded_in_the_language_of_home_assistant(
    hass: HomeAssistant, language: str, model: str
) -> None:
    hass.config.language = language
    assert (await async_load_texts(hass)).get("model_ccu") == model


async def test_device_models_and_alerts_are_translated(hass: HomeAssistant, make_ccu: MakeCcu) -> None:
    hass.config.language = "de"
    ccu: Ccu = await make_ccu("01", (outlet_data("FE", "Küche"),))
    devices = dr.async_get(hass)
    hub = devices.async_get_device_by_identifier((DOMAIN, ccu.entry.entry_id), ccu.entry.entry_id)
    outlet = devices.async_get_device_by_identifier((DOMAIN, ccu.hub.outlets.subentry_ids["FE"]), ccu.entry.entry_id)
    assert hub is not None
    assert outlet is not None
    assert (hub.model, outlet.model) == ("Zentrale Steuereinheit", "Doppelsteckdose")
    assert (hub.manufacturer, outlet.manufacturer) == (None, None)
    await ccu.report(current_a=65535, is_overload=True)
    assert ccu.attributes("event", "alert")["message"] == "Küche: Steckdose A wegen Überlast ausgelöst"
