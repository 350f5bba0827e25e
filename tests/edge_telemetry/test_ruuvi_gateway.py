"""The status of a Ruuvi Gateway."""

import json
from typing import Any

import pytest

from custom_components.edge_telemetry.decoders import DecodeError, Reason
from custom_components.edge_telemetry.decoders.capture import decode_capture
from custom_components.edge_telemetry.decoders.json_object import decode_object
from tests.paths import FIXTURES

STATUS: dict[str, Any] = {
    "DEVICE_ADDR": "AA:BB:CC:DD:EE:FF",
    "ESP_FW": "v1.13.1",
    "NRF_FW": "v1.0.0",
    "NRF_STATUS": True,
    "UPTIME": "86400",
    "NONCE": "2147378831",
    "CONNECTION": "WIFI",
    "NUM_CONN_LOST": "2",
    "RESET_CNT": "7",
    "RESET_INFO": "",
    "ACTIVE_SENSORS": [{"MAC": "C6:A5:B9:E0:AD:06", "COUNTER": "5"}],
    "INACTIVE_SENSORS": [],
}


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the folder shared/fixtures is absent")
def test_the_status_after_a_restart_is_read() -> None:
    captured = json.loads((FIXTURES / "ruuvi" / "gateway_status_after_reboot.json").read_text())
    assert {key: (value, unit) for key, value, unit in decode_capture(captured)} == {
        "uptime_s": (10, "s"),
        "lost_connections": (0, None),
        "mic_failures": (0, None),
        "resets": (1, None),
        "sensors_seen": (1, None),
        "connection": ("ETHERNET", None),
        "radio_firmware": ("v1.0.0", None),
        "reset_reason": ("POWER_ON", None),
        "radio_online": (True, None),
        "active_sensors": (1, None),
        "inactive_sensors": (0, None),
    }
    message = decode_object(captured)
    assert message.device_type == "ruuvi"
    assert message.info == {"model": "Ruuvi Gateway", "sw_version": "v1.13.1-2-gb295815-dirty"}


@pytest.mark.parametrize("write", [str.lower, str.upper])
@pytest.mark.parametrize("as_number", [str, int])
def test_numbers_and_names_in_any_form(write: Any, as_number: Any) -> None:
    changed = {write(name): value for name, value in STATUS.items()}
    changed[write("UPTIME")] = as_number(86_400)
    metrics = decode_object(changed).metrics
    assert (metrics["uptime_s"], metrics["resets"], metrics["active_sensors"]) == (86_400, 7, 1)
    assert "reset_info" not in metrics
    assert "nonce" not in metrics
    assert "mic_failures" not in metrics, "not reported"


@pytest.mark.parametrize("value", ["ten", "-1", 1.5, True, "1" * 40, [1]])
def test_one_bad_number_does_not_affect_the_others(value: object) -> None:
    message = decode_object({**STATUS, "UPTIME": value})
    assert message.rejected == {"uptime_s": Reason.BAD_VALUE}
    assert message.metrics["resets"] == 7


def test_a_message_about_a_sensor_and_other_objects_are_not_a_status() -> None:
    assert decode_object({"device_addr": "x", "temperature": 20.5, "humidity": 40}).device_type == "generic"
    with pytest.raises(DecodeError):
        decode_object({"gw_mac": "AA:BB:CC:DD:EE:FF", "data": "zz"})
