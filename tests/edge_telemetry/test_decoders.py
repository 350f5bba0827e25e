"""From payloads to values: the HA-free core."""

from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.edge_telemetry.decoders import (
    METRICS,
    DecodeError,
    Kind,
    Message,
    Reason,
    decode,
    decode_capture,
    describe,
    pick_time,
)
from custom_components.edge_telemetry.decoders.json_telemetry import MAX_BYTES, RESERVED
from custom_components.edge_telemetry.decoders.metrics import ALIASES, resolve
from custom_components.edge_telemetry.decoders.timestamps import parse_time
from custom_components.edge_telemetry.decoders.types.ruuvi import manufacturer_payload, parse_payload

# Ruuvi's published test vectors (docs.ruuvi.com, data format 5).
VALID = "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F"
MAXIMUM = "057FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFECBB8334C884F"
MINIMUM = "058001000000008001800180010000000000CBB8334C884F"
INVALID = "058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF"
ADVERTISEMENT = f"0201061BFF9904{VALID}"


def metrics_of(payload: Any) -> dict[str, Any]:
    return decode(json.dumps(payload)).metrics


# JSON


def test_a_metrics_object_is_read() -> None:
    message = decode(
        b'{"metrics": {"temperature_c": 21.5, "door_open": true, "mode": "eco"}, "ts": 1700000000, "seq": 4}'
    )
    assert message.metrics == {"temperature_c": 21.5, "door_open": True, "mode": "eco"}
    assert (message.ts, message.seq, message.original, message.rejected) == (1_700_000_000, 4, None, {})


def test_a_flat_object_is_read_without_its_envelope() -> None:
    message = decode(
        b'{"site_id": "van", "system": "ruuvi", "device_id": "inside", "timestamp": "2026-01-01T00:00:00Z",'
        b' "temperature_c": 21.5, "fw": "1.2", "model": "RT"}'
    )
    assert message.metrics == {"temperature_c": 21.5}
    assert message.info == {"sw_version": "1.2", "model": "RT"}
    assert message.ts == datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"temperature": 20, "humidity": 50}, {"temperature_c": 20, "humidity_percent": 50}),
        ({"pressure_pa": 101325}, {"pressure_hpa": 1013.25}),
        ({"Temperature C": 1.5}, {"temperature_c": 1.5}),
        ({"temperature_c": 1.0, "temperature": 2.0}, {"temperature_c": 1.0}),
        ({"temperature": 2.0, "temperature_c": 1.0}, {"temperature_c": 1.0}),
        ({"temperature_c": "21.5"}, {"temperature_c": 21.5}),
        ({"door_open": 1, "motion": "off"}, {"door_open": True, "motion": False}),
        ({"temperature_c": None}, {"temperature_c": None}),
        ({"battery": {"voltage": 12.5, "cells": [1, 2]}}, {"battery_v": 12.5}),
        ({"a": {"b": {"c": 1}}}, {"a_b_c": 1}),
        ({"online": 5, "command_x": 1}, {"value_online": 5, "value_command_x": 1}),
        ({"note": "  x" + "y" * 300}, {"note": ("x" + "y" * 300)[:255]}),
    ],
)
def test_names_and_forms_are_brought_into_the_suites_own(payload: dict[str, Any], expected: dict[str, Any]) -> None:
    assert metrics_of({"metrics": payload}) == pytest.approx(expected) or metrics_of({"metrics": payload}) == expected


def test_an_original_in_other_names_is_kept_for_the_archive() -> None:
    assert decode(b'{"metrics": {"temperature_c": 1.5}}').original is None
    assert decode(b'{"metrics": {"temperature": 1.5}}').original == {"metrics": {"temperature": 1.5}}
    assert decode(b'{"temperature_c": 1.5}').original == {"temperature_c": 1.5}


@pytest.mark.parametrize(
    ("metrics", "bad"),
    [
        ({"temperature_c": "warm"}, "temperature_c"),
        ({"temperature_c": True}, "temperature_c"),
        ({"door_open": 7}, "door_open"),
        ({"door_open": "ajar"}, "door_open"),
        ({"": 1}, ""),
        ({"°": 1}, "°"),
        ({"x" * 65: 1}, "x" * 65),
        ({"temperature_c": "nan"}, "temperature_c"),
    ],
)
def test_a_bad_value_costs_only_itself(metrics: dict[str, Any], bad: str) -> None:
    message = decode(json.dumps({"metrics": {**metrics, "humidity_percent": 50.0}}))
    assert message.metrics == {"humidity_percent": 50.0}
    assert message.rejected == {bad: Reason.BAD_VALUE}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"21.5", Reason.NOT_AN_OBJECT),
        (b"[]", Reason.NOT_AN_OBJECT),
        (b'{"t": 1}}', Reason.NOT_JSON),
        (b'"\xff"', Reason.NOT_JSON),
        (b"[" * 100_00, Reason.NOT_JSON),
        (b"{}", Reason.NO_METRICS),
        (b'{"metrics": {}}', Reason.NO_METRICS),
        (b'{"metrics": 5}', Reason.NO_METRICS),
        (b'{"ts": 5, "seq": 1}', Reason.NO_METRICS),
        (b" " * (MAX_BYTES + 1), Reason.TOO_LARGE),
        (b'{"gw_mac": "x", "data": "zz"}', Reason.BAD_RUUVI_DATA),
        (b'{"gw_mac": "x", "data": 5}', Reason.BAD_RUUVI_DATA),
        (b'{"gw_mac": "x", "data": "020106"}', Reason.BAD_RUUVI_DATA),
        (b'{"gw_mac": "x", "data": "0201061BFF9904"}', Reason.BAD_RUUVI_DATA),
        (b'{"gw_mac": "x", "data": "04FF990404"}', Reason.UNKNOWN_RUUVI_FORMAT),
        (b'{"gw_mac": "x", "data": "04FF990403"}', Reason.BAD_RUUVI_DATA),
        (b'{"gw_mac": "x", "data": "04FF990405"}', Reason.BAD_RUUVI_DATA),
        (b'{"gw_mac": "x", "data": "03FF9904"}', Reason.UNKNOWN_RUUVI_FORMAT),
    ],
)
def test_what_cannot_be_read_is_named(payload: bytes, reason: Reason) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(payload)
    assert caught.value.reason is reason


def test_a_message_with_too_many_metrics_keeps_the_first() -> None:
    message = decode(json.dumps({"metrics": {f"m{n}": n for n in range(1000)}}))
    assert len(message.metrics) <= 257
    assert Reason.TOO_MANY_METRICS in message.rejected.values()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
NAMES = st.sampled_from([*METRICS, *ALIASES, *RESERVED, "gw_mac", "data", "metrics"]) | st.text(max_size=12)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200) | st.dictionaries(NAMES, JSON_VALUES, max_size=8).map(lambda d: json.dumps(d).encode()))
def test_any_input_is_a_message_or_a_named_reason(payload: bytes) -> None:
    try:
        message = decode(payload)
    except DecodeError:
        return
    for key, value in message.metrics.items():
        assert key.isascii()
        assert value is None or isinstance(value, bool | int | float | str)
        if (known := METRICS.get(key)) is not None and value is not None:
            assert isinstance(value, bool) is (known.kind is Kind.FLAG)
            assert not isinstance(value, str)


# Meaning of names


@pytest.mark.parametrize(
    ("key", "quantity", "unit"),
    [
        ("temperature_c", "temperature", "°C"),
        ("water_temperature_c", "temperature", "°C"),
        ("phase_c", None, None),
        ("pump_w", "power", "W"),
        ("mode_a", None, None),
        ("charge_current_a", "current", "A"),
        ("tank_percent", None, "%"),
        ("grid_kwh", "energy", "kWh"),
        ("tank_level_m", "distance", "m"),
        ("whatever", None, None),
    ],
)
def test_an_unknown_name_is_read_by_its_ending(key: str, quantity: str | None, unit: str | None) -> None:
    metric = describe(key)
    assert (metric.quantity, metric.unit) == (quantity, unit)


def test_energy_is_a_total_whether_known_or_not() -> None:
    assert describe("energy_kwh").kind is Kind.TOTAL
    assert describe("energy_kwh").known
    assert not describe("grid_kwh").known
    assert describe("grid_kwh").kind is Kind.TOTAL


def test_aliases_lead_to_known_metrics() -> None:
    assert all(target in METRICS for target, _ in ALIASES.values())
    assert not ALIASES.keys() & METRICS.keys()
    assert resolve("Humidity") == ("humidity_percent", 1.0)


def test_the_documented_table_is_the_one_in_the_program() -> None:
    text = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text("utf-8")
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| `")]
    documented = {cells[0].strip().strip("`"): cells[2].strip() for cells in rows if len(cells) == 4}
    assert documented == {
        key: "on/off" if metric.kind is Kind.FLAG else metric.unit or "-" for key, metric in METRICS.items()
    }


# Time


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_700_000_000, 1_700_000_000.0),
        (1_700_000_000_500, 1_700_000_000.5),
        (1_700_000_000_500_000, 1_700_000_000.5),
        ("1700000000500000000", 1_700_000_000.5),
        ("1700000000", 1_700_000_000.0),
        ("2023-11-14T22:13:20Z", 1_700_000_000.0),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000.0),
        ("2023-11-14T22:13:20", 1_700_000_000.0),
        ("yesterday", None),
        (True, None),
        (0, None),
        (-5, None),
        ("nan", None),
        ([], None),
    ],
)
def test_times_come_in_many_forms(value: Any, expected: float | None) -> None:
    assert parse_time(value) == expected


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (None, (1e9, False)),
        (1e9 - 3600, (1e9 - 3600, False)),
        (1e9 + 60, (1e9 + 60, False)),
        (1e9 + 600, (1e9, True)),
        (1e9 - 30 * 86400, (1e9, True)),
        (5.0, (1e9, True)),
    ],
)
def test_an_implausible_time_is_replaced_by_the_arrival(device: float | None, expected: tuple[float, bool]) -> None:
    assert pick_time(device, 1e9) == expected


# RuuviTags


def test_ruuvis_valid_vector() -> None:
    reading = parse_payload(bytes.fromhex(VALID))
    assert reading.metrics == {
        "temperature_c": 24.3,
        "humidity_percent": 53.49,
        "pressure_hpa": 1000.44,
        "acceleration_x_g": 0.004,
        "acceleration_y_g": -0.004,
        "acceleration_z_g": 1.036,
        "battery_mv": 2977,
        "tx_power_dbm": 4,
        "movement_counter": 66,
    }
    assert (reading.sequence, reading.mac) == (205, "CB:B8:33:4C:88:4F")


@pytest.mark.parametrize(
    ("vector", "expected", "sequence"),
    [
        (MAXIMUM, (163.835, 163.835, 1155.34, 32.767, 32.767, 32.767, 3646, 20, 254), 65534),
        (MINIMUM, (-163.835, 0.0, 500.0, -32.767, -32.767, -32.767, 1600, -40, 0), 0),
        (INVALID, (None,) * 9, None),
    ],
)
def test_ruuvis_extreme_and_invalid_vectors(vector: str, expected: tuple[Any, ...], sequence: int | None) -> None:
    reading = parse_payload(bytes.fromhex(vector))
    assert tuple(reading.metrics.values()) == expected
    assert reading.sequence == sequence


# Ruuvi's published vectors of the other formats; parts of E1 that are not decoded are zero here.
FORMAT_3 = "03291A1ECE1EFC18F94202CA0B53"
FORMAT_6 = "06170C5668C79E007000C90501D900CD004C884F"
FORMAT_E1 = "E1170C5668C79E0065007004BD11CA00C90A0213E0AC000000DECDEE100000000000CBB8334C884F"


@pytest.mark.parametrize(
    ("vector", "expected", "sequence", "mac", "model"),
    [
        (
            FORMAT_3,
            {
                "temperature_c": 26.3,
                "humidity_percent": 20.5,
                "pressure_hpa": 1027.66,
                "acceleration_x_g": -1.0,
                "acceleration_y_g": -1.726,
                "acceleration_z_g": 0.714,
                "battery_mv": 2899,
            },
            None,
            None,
            "RuuviTag",
        ),
        (
            FORMAT_6,
            {
                "temperature_c": 29.5,
                "humidity_percent": 55.3,
                "pressure_hpa": 1011.02,
                "pm25_ug_m3": 11.2,
                "co2_ppm": 201,
                "voc_index": 10,
                "nox_index": 2,
                "calibrating": False,
                "illuminance_lux": 13026.67,
            },
            205,
            None,
            "Ruuvi Air",
        ),
        (
            FORMAT_E1,
            {
                "temperature_c": 29.5,
                "humidity_percent": 55.3,
                "pressure_hpa": 1011.02,
                "pm1_ug_m3": 10.1,
                "pm25_ug_m3": 11.2,
                "pm4_ug_m3": 121.3,
                "pm10_ug_m3": 455.4,
                "co2_ppm": 201,
                "voc_index": 20,
                "nox_index": 4,
                "calibrating": False,
                "illuminance_lux": 13027.0,
            },
            14_601_710,
            "CB:B8:33:4C:88:4F",
            "Ruuvi Air",
        ),
    ],
)
def test_ruuvis_vectors_of_the_other_formats(
    vector: str, expected: dict[str, Any], sequence: int | None, mac: str | None, model: str
) -> None:
    reading = parse_payload(bytes.fromhex(vector))
    assert reading.metrics == expected
    assert (reading.sequence, reading.mac, reading.model) == (sequence, mac, model)


@pytest.mark.parametrize(
    ("vector", "temperature_c", "humidity_percent"),
    [("03FF7F63FFFF7FFF7FFF7FFFFFFF", 127.99, 127.5), ("0300FF6300008001800180010000", -127.99, 0.0)],
)
def test_format_3_has_a_sign_and_hundredths(vector: str, temperature_c: float, humidity_percent: float) -> None:
    metrics = parse_payload(bytes.fromhex(vector)).metrics
    assert (metrics["temperature_c"], metrics["humidity_percent"]) == (temperature_c, humidity_percent)
    assert parse_payload(bytes.fromhex("0300FF6400008001800180010000")).metrics["temperature_c"] is None


@pytest.mark.parametrize("vector", ["068000" + "FF" * 17, "E18000" + "FF" * 37])
def test_values_that_an_air_sensor_marks_as_invalid_are_unknown(vector: str) -> None:
    reading = parse_payload(bytes.fromhex(vector))
    assert set(reading.metrics.values()) == {None}
    assert reading.mac is None
    assert reading.sequence == (0xFF if vector.startswith("06") else None)


def test_voc_and_nox_have_nine_bits() -> None:
    payload = bytearray.fromhex(FORMAT_6)
    payload[16] = 0xC1
    metrics = parse_payload(bytes(payload)).metrics
    assert (metrics["voc_index"], metrics["nox_index"], metrics["calibrating"]) == (11, 3, True)


def test_format_c5_is_format_5_without_acceleration() -> None:
    full = bytes.fromhex(VALID)
    cut = b"\xc5" + full[1:7] + full[13:]
    assert len(cut) == 18
    reading, whole = parse_payload(cut), parse_payload(full)
    assert reading.metrics == {key: value for key, value in whole.metrics.items() if "acceleration" not in key}
    assert (reading.sequence, reading.mac) == (whole.sequence, whole.mac)
    invalid = parse_payload(bytes.fromhex("C58000" + "FF" * 15))
    assert set(invalid.metrics.values()) == {None}
    assert (invalid.sequence, invalid.mac) == (None, None)


def test_a_sensor_of_an_unknown_format_does_not_hide_the_others(captures: Path) -> None:
    history = json.loads((captures / "ruuvi/gateway_history_df5.json").read_text())
    tags = history["data"]["tags"]
    tags |= {"AA": {"rssi": -50, "data": "02010605FF9904AB15"}, "BB": {"rssi": -50, "data": "zz"}, "CC": 5}
    readings = read(history)
    for mac, reason in (("AA", "unknown_ruuvi_format"), ("BB", "bad_ruuvi_data"), ("CC", "bad_ruuvi_data")):
        assert str(readings[f"{mac}.error"][0]).startswith(reason)
    assert readings["F4:1F:0C:28:CB:D6.temperature_c"] == (28.745, "°C")


def test_each_recorded_case_is_decoded(captures: Path) -> None:
    readings = read(json.loads((captures.parent / "cases/devices/ruuvi.json").read_text("utf-8")))
    assert readings["df3.temperature_c"] == (26.3, "°C")
    assert readings["df3.battery_mv"] == (2899, "mV")
    assert readings["df5_invalid_marks.temperature_c"] == (None, "°C")
    assert readings["df6_air.pm25_ug_m3"] == (11.2, "μg/m³")
    assert readings["gateway_no_timestamps.temperature_c"] == (28.66, "°C")
    assert readings["gateway_no_timestamps.battery_mv"] == (2995, "mV")
    assert not [key for key in readings if key.endswith(("error", "cnt", "coords", "data"))]


@pytest.mark.parametrize("vector", [VALID, FORMAT_3, FORMAT_6, FORMAT_E1])
def test_bytes_after_a_payload_are_ignored_and_missing_ones_named(vector: str) -> None:
    payload = bytes.fromhex(vector)
    assert parse_payload(payload + b"\0").metrics == parse_payload(payload).metrics
    with pytest.raises(DecodeError) as caught:
        parse_payload(payload[:-1])
    assert caught.value.reason is Reason.BAD_RUUVI_DATA


@given(st.sampled_from([3, 5, 6, 0xE1]), st.binary(min_size=39, max_size=45))
def test_any_payload_of_a_known_format_is_decoded(data_format: int, rest: bytes) -> None:
    metrics = parse_payload(bytes([data_format]) + rest).metrics
    assert metrics.keys() <= METRICS.keys()


def test_an_air_sensor_reports_its_model_a_tag_does_not() -> None:
    def message_of(payload: str) -> Message:
        data = f"{len(payload) // 2 + 3:02X}FF9904{payload}"
        return decode(json.dumps({"gw_mac": "x", "data": data}))

    assert message_of(FORMAT_E1).info == {"model": "Ruuvi Air"}
    assert message_of(FORMAT_3).info == {}
    assert message_of(FORMAT_3).device_type == "ruuvi"


def test_ruuvi_data_are_found_among_other_records() -> None:
    name = "0452757576"
    assert manufacturer_payload(bytes.fromhex(f"020106{name}1BFF9904{VALID}")) == bytes.fromhex(VALID)


@pytest.mark.parametrize("stamp", [1653668027, "1653668027"])
def test_a_gateway_message_is_read_with_numbers_and_with_texts(stamp: Any) -> None:
    message = decode(
        json.dumps(
            {"gw_mac": "C8:25:2D:8E:9C:2C", "rssi": -26, "aoa": [], "gwts": stamp, "ts": stamp, "data": ADVERTISEMENT}
        )
    )
    assert message.device_type == "ruuvi"
    assert (message.ts, message.seq, message.source) == (1653668027.0, 205, "C8:25:2D:8E:9C:2C")
    assert message.metrics["rssi"] == -26
    assert message.metrics["temperature_c"] == 24.3


# Recordings


def read(captured: Any) -> dict[str, tuple[Any, str | None]]:
    return {key: (value, unit) for key, value, unit in decode_capture(captured)}


@pytest.mark.parametrize("captured", [VALID, ADVERTISEMENT, VALID.encode(), {"payload_hex": VALID}, {"payload": VALID}])
def test_a_recorded_advertisement_is_read_with_what_follows_from_it(captured: Any) -> None:
    readings = read(captured)
    assert readings["temperature_c"] == (24.3, "°C")
    assert readings["dew_point_c"] == (pytest.approx(14.2, abs=0.1), "°C")
    assert readings["battery_low"] == (False, None)


def test_a_recorded_telemetry_message_is_read() -> None:
    assert read({"metrics": {"power_w": 5}}) == {"power_w": (5, "W")}
    assert read('{"power": 5}') == {"power_w": (5, "W")}
    assert read([{"power_w": 5}, {"case": "late", "payload": {"power_w": 6}}]) == {
        "0.power_w": (5, "W"),
        "late.power_w": (6, "W"),
    }


@pytest.mark.parametrize("captured", [5, [], "hello", "5", {"metrics": 5}, [{}], {"payload": "zz"}])
def test_an_unreadable_recording_is_refused(captured: Any) -> None:
    with pytest.raises(DecodeError):
        read(captured)


def test_every_captured_ruuvi_reply_is_read(captures: Path) -> None:
    """Replies of real gateways: the values must be those that they decoded."""
    history = json.loads((captures / "ruuvi/gateway_history_df5.json").read_text())
    readings = read(history)
    for mac, tag in history["data"]["tags"].items():
        assert readings[f"{mac}.temperature_c"][0] == pytest.approx(tag["temperature"], abs=1e-3)
        assert readings[f"{mac}.humidity_percent"][0] == pytest.approx(tag["humidity"], abs=1e-3)
        assert readings[f"{mac}.pressure_hpa"][0] == pytest.approx(tag["pressure"] / 100)
        assert readings[f"{mac}.battery_mv"][0] == pytest.approx(tag["voltage"] * 1000)
    recorded = json.loads((captures / "ruuvi/gateway_mqtt_with_timestamps.json").read_text())
    for message in (recorded["message"], recorded["variant_string_timestamps"], recorded):
        readings = read(message)
        assert readings["temperature_c"][0] == recorded["decoded"]["temperature_c"]
        assert readings["battery_mv"][0] == pytest.approx(recorded["decoded"]["battery_v"] * 1000)
    vectors = json.loads((captures / "ruuvi/rawv2_official.json").read_text())
    readings = read(vectors)
    for vector in vectors:
        pressure = vector["decoded"]["pressure_pa"]
        assert readings[f"{vector['case']}.temperature_c"][0] == vector["decoded"]["temperature_c"]
        assert readings[f"{vector['case']}.pressure_hpa"][0] == (None if pressure is None else pressure / 100)
