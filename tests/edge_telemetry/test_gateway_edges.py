"""Edges of the dialects: what devices report about themselves, and messages that contain nothing of use."""

from typing import Any

import pytest

from custom_components.edge_telemetry.decoders import TopicPattern
from custom_components.edge_telemetry.decoders.dialects import DIALECTS, read_dialect

MAX = 65_536


def read(dialect: str, kind: str, payload: str) -> list[tuple[dict[str, Any], dict[str, str], set[str]]]:
    """Return metrics, information and rejected values of the messages in a payload."""
    messages = read_dialect(DIALECTS[dialect], kind, payload, MAX)
    return [(message.metrics, message.info, set(message.rejected)) for _, message in messages]


@pytest.mark.parametrize(
    ("dialect", "kind", "payload", "metrics", "info", "rejected"),
    [
        ("shellies", "announce", '{"id": "x", "model": "SHSW-PM", "fw_ver": "20210415", "mac": ""}', {},
         {"model": "SHSW-PM", "sw_version": "20210415"}, set()),
        ("shellies", "relay/0", "overpower", {"relay_0_output_on": False}, {}, set()),
        ("shellies", "sensor/temperature", "bad", {}, {}, {"temperature_c"}),
        ("shellies", "ext_humidity/1", "45.5", {"external_1_humidity_percent": 45.5}, {}, set()),
        ("shellies", "overpower", "1", {"overpower_detected": True}, {}, set()),
        ("shelly", "status/bthomedevice:200", '{"id": 200, "rssi": -60, "battery": 88}',
         {"bthomedevice_200_battery_percent": 88}, {}, set()),
        ("shelly", "status/gas:0", '{"id": 0, "alarm": true}', {"gas_detected": True}, {}, set()),
        ("shelly", "status/devicepower:0", '{"id": 0, "battery": {"V": 6.0}}', {"battery_v": 6.0}, {}, set()),
        ("shelly", "status/em1data:0", '{"id": 0, "total_act_energy": 5}', {"em1_0_energy_wh": 5}, {}, set()),
        ("shelly", "status/input:1", '{"id": 1, "percent": 40}', {"input_1_value_percent": 40}, {}, set()),
        ("espurna", "version", "1.15.0", {}, {"sw_version": "1.15.0"}, set()),
        ("espurna", "board", "ITEAD_S20", {}, {"model": "ITEAD_S20"}, set()),
        ("espurna", "data", '{"relay0": 1, "temperature": "x", "mode": "auto", "loadavg": 3}',
         {"channel_0_output_on": True}, {}, {"temperature_c"}),
        ("espurna", "geiger_cpm", "17", {"geiger_cpm": 17}, {}, set()),
        ("victron", "CustomName", '{"value": "House"}', {}, {"name": "House"}, set()),
        ("victron", "ProductName", '{"value": "SmartShunt"}', {}, {"model": "SmartShunt"}, set()),
        ("victron", "Dc/1/Voltage", '{"value": 12.8}', {"dc_1_voltage_v": 12.8}, {}, set()),
        ("rtl_433", "", '{"model": "A", "id": 1, "battery_ok": 2, "humidity": 40}', {"humidity_percent": 40}, {},
         {"battery_low"}),
        ("rtl_433", "", '{"id": 1, "battery_ok": true, "tamper": 0, "time": 1764150000}',
         {"battery_low": False, "tamper_detected": False}, {}, set()),
    ],
)  # fmt: skip
def test_what_a_message_contains(
    dialect: str, kind: str, payload: str, metrics: dict[str, Any], info: dict[str, str], rejected: set[str]
) -> None:
    ((found, about, bad),) = read(dialect, kind, payload)
    assert (found, bad) == (metrics, rejected)
    assert {name: text for name, text in about.items() if name in info} == info


@pytest.mark.parametrize(
    ("dialect", "kind", "payload"),
    [
        ("shellies", "sensor/act_reasons", '["button"]'),
        ("shellies", "relay/x", "on"),
        ("shellies", "input/0", "2"),
        ("shellies", "sensor/unknown", "1"),
        ("shellies", "relay/0/other", "1"),
        ("shellies", "cover_mode", "1"),
        ("shelly", "status/cloud", '{"connected": true}'),
        ("shelly", "events/rpc", '{"method": "NotifyStatus", "params": {"ts": 1, "switch:0": 3}}'),
        ("shelly", "other", '{"a": 1}'),
        ("shelly", "status/devicepower:0", '{"id": 0, "battery": null}'),
        ("shelly", "status/smoke:0", '{"id": 0, "alarm": null}'),
        ("shelly", "status/bthomedevice:200", '{"id": 200, "battery": null}'),
        ("espurna", "status", "1"),
        ("espurna", "app", "ESPURNA"),
        ("espurna", "relay/0", "2"),
        ("espurna", "some/other/topic", "1"),
        ("espurna", "mode", "auto"),
        ("victron", "Soc", '{"min": 1}'),
        ("victron", "Settings/Something/Voltage", '{"value": 1}'),
        ("victron", "Mgmt/Connection", '{"value": "x"}'),
        ("victron", "CustomName", '{"value": ""}'),
        ("victron", "Dc/0/Voltage", '{"value": {"a": 1}}'),
        ("theengs", "RFtoMQTT", '{"value": 1}'),
        ("bthome", "", '{"a": 1}'),
    ],
)
def test_what_is_not_a_reading_is_skipped(dialect: str, kind: str, payload: str) -> None:
    assert read(dialect, kind, payload) == []


def test_a_shelly_message_that_is_not_an_object_is_skipped() -> None:
    assert list(DIALECTS["shelly"].read("status/switch:0", [1])) == []  # type: ignore[misc] # it has a reader


@pytest.mark.parametrize(
    ("pattern", "topic", "ignored"),
    [
        ("espurna: {device_id}", "ESPURNA-1/relay/0/set", True),
        ("espurna: {device_id}", "ESPURNA-1/power", False),
        ("espurna: attic/{device_id}/data", "attic/x/status", True),
        ("shellies/{device_id}", "shellies/announce", True),
        ("N/{gateway}/{system}/{device_id}", "N/c0/settings/0/Settings/LEDs", True),
        ("N/{gateway}/{system}/{device_id}", "N/c0/keepalive", True),
        ("zigbee2mqtt/{device_id}", "zigbee2mqtt/bridge", True),
    ],
)
def test_topics_that_are_of_no_device(pattern: str, topic: str, ignored: bool) -> None:
    assert TopicPattern(pattern).is_ignored(topic) is ignored
