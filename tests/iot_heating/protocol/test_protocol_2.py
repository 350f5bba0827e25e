"""Protocol 2: as documented in docs/device-sync.md."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.iot_heating.protocol.commands import Ack
from custom_components.iot_heating.protocol.configuration import NO_OVERRIDE, Force, Override, device_config
from custom_components.iot_heating.protocol.profile import Profile
from custom_components.iot_heating.protocol.protocol_2 import ReplyExtension, extend_reply
from custom_components.iot_heating.protocol.report import MAX_ACKS, decode_report

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
PROFILE = Profile.initial(NOW)
ROME = ZoneInfo("Europe/Rome")


def reply(extra: ReplyExtension, override: Override = NO_OVERRIDE) -> dict[str, Any]:
    return extend_reply(device_config(PROFILE, "ESP32-001", 12, NOW), PROFILE, override, extra, NOW)


def test_what_a_controller_may_report() -> None:
    report = decode_report(
        {
            "protocol_version": 2,
            "firmware_version": "1.4.2",
            "product": "heating_controller",
            "chip": "esp32",
            "model": "DevKit",
            "return_temp": 41.5,
            "room_temp": None,
            "flow_setpoint": 45,
            "rssi": -61,
            "free_heap": 182344,
            "uptime_s": 12,
            "boot_count": 3.0,
            "acks": [{"id": "a", "ok": True}, {"id": "b", "ok": False, "message": "too hot"}],
            "unknown": [1],
        }
    )
    assert report.values["boot_count"] == 3
    assert report.values["room_temp"] is None
    assert "unknown" not in report.values
    assert report.acks == (Ack("a", ok=True), Ack("b", ok=False, message="too hot"))


@pytest.mark.parametrize(
    ("acks", "ignored", "read"),
    [
        ({}, "acks", 0),
        ([{"id": "a", "ok": True}] * (MAX_ACKS + 1), "acks", MAX_ACKS),
        (["x"], "acks[0]", 0),
        ([{"id": "a", "ok": True}, {"id": "a"}], "acks[1].ok", 1),
        ([{"ok": True}, {"id": "a", "ok": True}], "acks[0].id", 1),
        ([{"id": 1, "ok": True}], "acks[0].id", 0),
        ([{"id": "a", "ok": "maybe"}], "acks[0].ok", 0),
    ],
)
def test_an_answer_that_is_not_readable_costs_no_other(acks: object, ignored: str, read: int) -> None:
    report = decode_report({"state": "on", "acks": acks}, 2)
    assert (list(report.ignored), len(report.acks), report.heating) == ([ignored], read, True)


def test_answers_in_other_words_are_read() -> None:
    acks = [{"id": "a", "ok": "TRUE"}, {"id": "b", "ok": 0, "message": 5}, {"id": "c", "ok": False, "message": ["x"]}]
    report = decode_report({"acks": acks}, 2)
    assert report.acks == (Ack("a", ok=True), Ack("b", ok=False, message="5"), Ack("c", ok=False))
    assert report.ignored == {}
    assert decode_report({"acks": None}, 2) == decode_report({}, 2)


def test_all_of_protocol_1_is_in_protocol_2() -> None:
    first = device_config(PROFILE, "ESP32-001", 12, NOW)["config"]
    second = reply(ReplyExtension(30, 900, ROME))["config"]
    assert {name: second[name] for name in first if name != "protocol_version"} == {
        name: value for name, value in first.items() if name != "protocol_version"
    }
    assert second["protocol_version"] == 2


def test_what_protocol_2_adds() -> None:
    config = reply(ReplyExtension(30, 900, ROME, 41.26), Override(Force.ON, until=NOW + timedelta(hours=1)))["config"]
    assert {name: config[name] for name in ("revision", "mode", "force", "force_until", "flow_setpoint")} == {
        "revision": 1,
        "mode": "Auto",
        "force": "on",
        "force_until": "2026-01-05T13:00:00Z",
        "flow_setpoint": 41.3,
    }
    assert (config["time_zone"], config["utc_offset_s"]) == ("Europe/Rome", 3600)
    assert (config["poll_interval_s"], config["poll_jitter_s"], config["lease_s"]) == (30, 3, 900)


def test_optional_members_are_sent_only_if_there_is_something_to_send() -> None:
    bare = reply(ReplyExtension(30, 900, ROME))
    assert list(bare) == ["config", "commands"]
    assert bare["commands"] == []
    full = reply(
        ReplyExtension(
            30,
            900,
            ROME,
            commands=({"id": "c1"},),
            forecast=((NOW, 3.14),),
            firmware={"version": "2.0"},
            new_key="k",
        )
    )
    assert full["commands"] == [{"id": "c1"}]
    assert full["forecast"] == [{"time": "2026-01-05T12:00:00Z", "temp_out": 3.1}]
    assert (full["firmware"], full["new_key"]) == ({"version": "2.0"}, "k")
