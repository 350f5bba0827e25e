"""LoRaWAN devices behind The Things Stack and ChirpStack. Messages as in the documentation of both."""

import json
from typing import Any

import pytest

from custom_components.edge_telemetry.decoders.json_telemetry import decode
from custom_components.edge_telemetry.decoders.message import Message

IDS = {"device_id": "eui-a84041", "application_ids": {"application_id": "app"}, "dev_eui": "A84041FFFF000001"}
RECEPTION = [{"gateway_ids": {"gateway_id": "far"}, "rssi": -118, "snr": -7.2}, {"rssi": -101, "snr": -9.5}]
DEVICE = {"deviceName": "Cellar", "deviceProfileName": "LHT65N", "devEui": "0102030405060708"}


def uplink(payload: Any = None, **more: Any) -> Message:
    """A message of The Things Stack, which leaves out what is 0 or empty."""
    message = {"f_port": 2, "f_cnt": 17, "frm_payload": "AQID", "rx_metadata": RECEPTION, **more}
    if payload is not None:
        message["decoded_payload"] = payload
    return read({"end_device_ids": IDS, "received_at": "2026-01-01T10:00:00.123456789Z", "uplink_message": message})


def read(found: dict[str, Any]) -> Message:
    return decode(json.dumps(found))


def test_an_uplink_of_the_things_stack() -> None:
    message = uplink({"BatV": 3.05, "TempC_SHT": -2.51, "Hum_SHT": 71.3, "TempC_DS": 327.67, "Ext_sensor": "DS18B20"})
    assert message.device_type == "lorawan"
    assert message.metrics == {
        "rssi": -101,
        "snr_db": -7.2,
        "battery_v": 3.05,
        "sht_temperature_c": -2.51,
        "sht_humidity_percent": 71.3,
        "ext_sensor": "DS18B20",
    }
    assert message.rejected.keys() == {"ds_temperature_c"}, "a probe that is not connected"
    assert (message.seq, message.ts) == (17, 1767261600.123456)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        # Cayenne LPP: the channel is a part of the name.
        ({"temperature_1": 21.5}, {"sensor_1_temperature_c": 21.5}),
        ({"relative_humidity_2": 45}, {"sensor_2_humidity_percent": 45}),
        ({"barometric_pressure_3": 1013.2}, {"sensor_3_pressure_hpa": 1013.2}),
        ({"luminosity_4": 120}, {"sensor_4_illuminance_lux": 120}),
        ({"temperature": "21,5"}, {"temperature_c": 21.5}),
        ({"temperature": {"value": 70.7, "unit": "°F"}}, {"temperature_c": 21.5}),
        ({"battery": 3.6}, {"battery_v": 3.6}),
        ({"battery": 87}, {"battery_percent": 87}),
        ({"battery": 0}, {"battery_percent": 0}),
        ({"battery": 3}, {}),  # 3 % of a battery or 3 V
        ({"leak": 1}, {"water_leak_detected": True}),
        ({"temperature": None}, {"temperature_c": None}),
        # Dragino's formatters: numbers as texts, some with their unit, and words for no value.
        ({"TempC_DS18B20": "21.50"}, {"ds18b20_temperature_c": 21.5}),
        ({"Bat": "3.447 V", "Distance": "841 mm"}, {"battery_v": 3.447, "distance": 841}),
        ({"battery": "87 %"}, {"battery_percent": 87}),
        ({"Distance": "Invalid Reading"}, {"distance": None}),
        ({"Distance": "No Sensor"}, {"distance": None}),
        ({"Node_type": "LDDS75"}, {"node_type": "LDDS75"}),
        ({"gps_1": {"latitude": 60.1, "longitude": 24.9}}, {"gps_1_latitude": 60.1, "gps_1_longitude": 24.9}),
        ({}, {}),
        (None, {}),
        ([1, 2], {}),
    ],
)  # fmt: skip
def test_values_of_a_payload_formatter(payload: Any, expected: dict[str, Any]) -> None:
    found = {key: value for key, value in uplink(payload).metrics.items() if key not in ("rssi", "snr_db")}
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("several", [True, False])
def test_the_normalized_payload(several: bool) -> None:
    part = {"air": {"temperature": 21.5, "relativeHumidity": 45.0, "pressure": 1013.2}, "soil": {"moisture": 30.0}}
    message = uplink(normalized_payload=[part] if several else part)
    assert {key: message.metrics[key] for key in ("temperature_c", "humidity_percent", "pressure_hpa")} == {
        "temperature_c": 21.5,
        "humidity_percent": 45.0,
        "pressure_hpa": 1013.2,
    }
    assert message.metrics["moisture_percent"] == 30.0


@pytest.mark.parametrize(
    "other", [{"join_accept": {"session_key_id": "x"}}, {"downlink_ack": {}}, {"uplink_message": None}]
)
def test_other_messages_have_no_values(other: dict[str, Any]) -> None:
    message = read({"end_device_ids": IDS, "received_at": "2026-01-01T10:00:00Z", **other})
    assert (message.metrics, message.rejected) == ({}, {})


def test_the_first_uplink_has_no_number_and_no_gateway() -> None:
    message = read({"end_device_ids": IDS, "uplink_message": {"frm_payload": "AQID", "rx_metadata": None}})
    assert (message.seq, message.ts, message.metrics) == (0, None, {})


def test_an_uplink_of_chirpstack() -> None:
    message = read(
        {
            "time": "2026-01-01T10:00:00.5+00:00",
            "deviceInfo": DEVICE,
            "fCnt": 4,
            "data": "qg==",
            "object": {"temperature": 22.5, "humidity": "45"},
            "rxInfo": [{"gatewayId": "g", "rssi": -36, "snr": 10.5}, "x"],
        }
    )
    assert message.metrics == {"rssi": -36, "snr_db": 10.5, "temperature_c": 22.5, "humidity_percent": 45.0}
    assert message.info == {"name": "Cellar", "model": "LHT65N"}
    assert (message.seq, message.ts) == (4, 1767261600.5)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, {"battery_percent": 61.4}),
        # Nothing: what the device reports in its payload stays.
        ({"batteryLevelUnavailable": True}, {}),
        ({"externalPowerSource": True}, {}),
    ],
)
def test_the_battery_in_a_status_of_chirpstack(flags: dict[str, bool], expected: dict[str, float]) -> None:
    message = read({"deviceInfo": {"devEui": "01"}, "margin": 7, "batteryLevel": 61.4, "fCnt": True, **flags})
    assert message.metrics == expected
    assert message.seq is None


@pytest.mark.parametrize(
    ("payload", "level"),
    [({}, 90.118576), ({"battery": 87}, 87), ({"battery": None}, 90.118576), ({"Bat": "3.4 V"}, 90.118576)],
)
def test_the_battery_that_the_things_stack_asked_for(payload: dict[str, Any], level: float) -> None:
    """Of the documentation: the answer to a status request, in each uplink after it."""
    battery = {"f_cnt": 14, "value": 90.118576, "received_at": "2025-04-16T11:54:13.787593298Z"}
    assert uplink(payload, last_battery_percentage=battery).metrics["battery_percent"] == level
    empty = uplink({}, last_battery_percentage={"f_cnt": 15})
    assert empty.metrics["battery_percent"] == 0, "what is 0 is left out"
