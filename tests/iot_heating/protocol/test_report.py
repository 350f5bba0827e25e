"""What a controller may report: invalid values are named and cost nothing else."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.iot_heating.protocol.decoders import MAX_ERRORS
from custom_components.iot_heating.protocol.errors import ProtocolError
from custom_components.iot_heating.protocol.lenient import number_with
from custom_components.iot_heating.protocol.report import decode_report, validate_report
from tests.iot_heating import TELEMETRY

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=10,
)


def test_the_documents_example_is_read() -> None:
    report = decode_report(TELEMETRY)
    assert report.values == {"state": True, "temp_out": 8.7, "supply_temp": 61.5, "voltage": 3.3, "errors": ()}
    assert report.protocol == 1


def test_every_field_is_optional_and_unknown_ones_are_not_an_error() -> None:
    assert decode_report({}).values == {}
    assert decode_report({"rssi": -61, "nested": {"a": [1]}}).values == {}


def test_null_is_reported_as_no_reading() -> None:
    report = decode_report({"temp_out": None, "state": None, "errors": None})
    assert report.values == {"temp_out": None, "state": None, "errors": ()}


@pytest.mark.parametrize(("value", "heating"), [("on", True), ("off", False), (True, True), (False, False)])
def test_state_is_a_word_or_a_boolean(value: object, heating: bool) -> None:
    assert decode_report({"state": value}).heating is heating


def test_a_version_is_a_whole_number_however_json_writes_it() -> None:
    assert decode_report({"protocol_version": 2}) == decode_report({"protocol_version": 2.0})


@pytest.mark.parametrize(
    ("field", "low", "high"), [("temp_out", -60, 120), ("supply_temp", -60, 120), ("voltage", 0, 60)]
)
def test_the_ends_of_a_range_belong_to_it(field: str, low: float, high: float) -> None:
    for value in (low, high):
        assert decode_report({field: value}).values == validate_report({field: value}).values == {field: value}
    for value in (low - 0.1, high + 0.1):
        report = decode_report({field: value, "state": "on"})
        assert report.values == {field: None, "state": True}
        assert report.ignored == {field: f"must be between {low} and {high}"}
        with pytest.raises(ProtocolError) as caught:
            validate_report({field: value})
        assert caught.value.field == field


@pytest.mark.parametrize(
    "value",
    [
        -127, -127.0, 85, 85.0, 1e9, -1e9, 2**70, float("nan"), float("inf"), None, True, "", "NaN", "n/a", "20 apples",
        [20], {"value": 20}, "1e999", "0x20", "--3", "1.2.3", "٣", "1" * 500,
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["temp_out", "supply_temp", "return_temp", "room_temp"])
def test_one_bad_reading_is_unknown_and_the_rest_is_used(field: str, value: object) -> None:
    good = {"state": "on", "temp_out": 8.7, "supply_temp": 61.5, "voltage": 3.3, "errors": ["E1"], "rssi": -61}
    report = decode_report({**good, field: value}, 2)
    assert list(report.ignored) == [field]
    assert report.values == {**decode_report(good, 2).values, field: None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("voltage", 400), ("voltage", -1), ("flow_setpoint", 4095), ("rssi", 31), ("free_heap", 1.5), ("free_heap", -1),
        ("uptime_s", -1), ("uptime_s", "soon"), ("boot_count", []), ("firmware_version", ["1"]),
        ("firmware_version", ""), ("product", "x" * 65), ("chip", "a\nb"),
    ],
)  # fmt: skip
def test_any_field_but_the_state_may_be_bad(field: str, value: object) -> None:
    report = decode_report({"state": "off", field: value}, 2)
    assert report.values == {"state": False, field: None}
    assert list(report.ignored) == [field]


@pytest.mark.parametrize("value", ["ON", "On", " on ", "true", "TRUE", "1", "1.0", 1, 1.0, True])
def test_a_state_in_other_words_is_read(value: object) -> None:
    assert decode_report({"state": value}).heating is True
    off = {"ON": "OFF", "On": "Off", " on ": " off", "true": "false", "TRUE": "False", "1": "0", "1.0": "0.0", 1: 0}[
        value
    ]
    assert decode_report({"state": off}).heating is False


@pytest.mark.parametrize("value", ["maybe", "", 2, -1, 0.5, [], {}, ["on"], "on off", "NaN"])
def test_a_state_that_is_neither_on_nor_off_is_refused(value: object) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_report({"state": value, "temp_out": 5})
    assert caught.value.field == "state"


@pytest.mark.parametrize(
    ("value", "number"),
    [("21.5", 21.5), (" 21.5 ", 21.5), ("21,5", 21.5), ("-3", -3), ("+4", 4), (".5", 0.5), ("2.15e1", 21.5), ("0", 0)],
)
def test_a_number_as_text_is_read(value: str, number: float) -> None:
    report = decode_report({"temp_out": value, "supply_temp": value, "voltage": "3,3", "rssi": "-61"}, 2)
    assert report.values == {"temp_out": number, "supply_temp": number, "voltage": 3.3, "rssi": -61}
    assert report.ignored == {}


@pytest.mark.parametrize(
    ("field", "value", "number"),
    [
        ("temp_out", "5.5 C", 5.5), ("temp_out", "-12,5°C", -12.5), ("temp_out", "\N{MINUS SIGN}5.5", -5.5),
        ("room_temp", "21 degC", 21),
        ("supply_temp", "41.9F", 5.5), ("return_temp", "-40 °F", -40),
        ("flow_setpoint", "35°", 35), ("temp_out", "-0.0", 0),
        ("voltage", "3.3V", 3.3), ("voltage", "3300 mV", 3.3), ("rssi", "-67 dBm", -67), ("free_heap", "1024 B", 1024),
    ],
)  # fmt: skip
def test_a_number_with_its_unit_is_read(field: str, value: str, number: float) -> None:
    report = decode_report({field: value}, 2)
    assert (report.values, report.ignored) == ({field: number}, {})
    assert str(report.values[field])[:2] != "-0" or number


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temp_out", "5.5 V"), ("voltage", "3.3 C"), ("rssi", "67 %"), ("temp_out", "5.5 K"), ("free_heap", "10 kB"),
        ("supply_temp", "999 F"), ("temp_out", "1.234,5"), ("uptime_s", "5 min"),
    ],
)  # fmt: skip
def test_a_number_with_another_unit_is_unknown(field: str, value: str) -> None:
    report = decode_report({field: value}, 2)
    assert (report.values, list(report.ignored)) == ({field: None}, [field])


def test_field_names_are_read_in_another_letter_case() -> None:
    assert decode_report({key.upper(): value for key, value in TELEMETRY.items()}) == decode_report(TELEMETRY)
    assert decode_report({"Protocol_Version": 2, "RSSI": -60}).values == {"rssi": -60}
    # Which one is meant is not clear.
    assert decode_report({"State": "on", "STATE": "off", "Temp_Out": 5, "temp_out": 6}).values == {"temp_out": 6}


def test_what_a_text_means_is_checked_like_a_number() -> None:
    report = decode_report({"temp_out": "-127.00", "supply_temp": "85.0", "voltage": "61", "free_heap": "1024"}, 2)
    assert report.values == {"temp_out": None, "supply_temp": None, "voltage": None, "free_heap": 1024}
    assert list(report.ignored) == ["temp_out", "voltage", "supply_temp"]


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, None), (20.0, None), (79.9, None), (90.1, None), (80.0, 85.0), (85.2, 85.0), (90, 85.0)],
)
@pytest.mark.parametrize("field", ["supply_temp", "return_temp"])
def test_a_flow_may_be_as_hot_as_the_power_on_value(field: str, before: float | None, after: float | None) -> None:
    report = decode_report({field: 85.0}, 2, {field: before})
    assert report.values == {field: after}
    assert bool(report.ignored) is (after is None)


@pytest.mark.parametrize("field", ["temp_out", "room_temp"])
def test_it_is_never_that_hot_outdoors_or_in_a_room(field: str) -> None:
    assert decode_report({field: 85}, 2, {field: 84}).values == {field: None}
    assert decode_report({field: 84.9}, 2).values == {field: 84.9}


def test_errors_are_read_one_by_one() -> None:
    report = decode_report({"errors": ["E1", 5, None, {"code": 7}, ["x"]], "temp_out": 3})
    assert report.values == {"errors": ("E1", "5", {"code": 7}), "temp_out": 3}
    assert list(report.ignored) == ["errors[2]", "errors[4]"]
    report = decode_report({"errors": ["x"] * (MAX_ERRORS + 1)})
    assert (len(report.values["errors"]), list(report.ignored)) == (MAX_ERRORS, ["errors"])


@pytest.mark.parametrize(("version", "protocol"), [("2", 2), (" 1", 1), (3, 2), (0, 1), (True, 1), (1.5, 1), ("x", 1)])
def test_a_version_that_is_not_readable_means_version_1(version: object, protocol: int) -> None:
    assert decode_report({"protocol_version": version, "state": "on"}).protocol == protocol


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"state": "ON"}, "state"),
        ({"state": 1}, "state"),
        ({"state": []}, "state"),
        ({"temp_out": "20"}, "temp_out"),
        ({"temp_out": True}, "temp_out"),
        ({"temp_out": [20]}, "temp_out"),
        ({"temp_out": float("nan")}, "temp_out"),
        ({"supply_temp": float("inf")}, "supply_temp"),
        ({"voltage": {}}, "voltage"),
        ({"errors": "E1"}, "errors"),
        ({"errors": ["x"] * (MAX_ERRORS + 1)}, "errors"),
        ({"errors": ["E1", 5]}, "errors[1]"),
        ({"protocol_version": 0}, "protocol_version"),
        ({"protocol_version": "2"}, "protocol_version"),
        ({"protocol_version": True}, "protocol_version"),
        ({"protocol_version": 1.5}, "protocol_version"),
        ({"protocol_version": float("inf")}, "protocol_version"),
    ],
)
def test_a_wrong_field_of_a_user_is_named(data: dict[str, Any], field: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        validate_report(data)
    assert caught.value.field == field
    assert not caught.value.absent


@given(st.dictionaries(st.sampled_from(["state", "temp_out", "supply_temp", "voltage", "errors", "x"]), JSON))
def test_any_json_is_read_or_refused_by_state_or_errors(data: dict[str, Any]) -> None:
    refused = None
    try:
        report = decode_report(data)
    except ProtocolError as err:
        refused = err.field
    if refused is not None:
        assert refused in {"state", "errors"} & data.keys()
        return
    outdoor_c = report.values.get("temp_out")
    assert outdoor_c is None or -60 <= outdoor_c <= 120
    assert {name.partition("[")[0] for name in report.ignored} <= data.keys()
    assert report.values.keys() == data.keys() - {"x"}


@pytest.mark.parametrize("value", ["a" * 64, {"0": None}, ["a" * 63]])
def test_hashes_of_slots_are_taken_as_they_are_or_not_at_all(value: object) -> None:
    report = decode_report({"slots": value, "temp_out": 8.7}, 2)
    assert report.values == {"slots": None, "temp_out": 8.7}
    assert list(report.ignored) == ["slots"]


def test_a_reader_of_numbers_takes_units_that_it_can_convert_only() -> None:
    with pytest.raises(ValueError, match="kelvin"):
        number_with("°c", "kelvin")
    assert [number_with("mv")(sent) for sent in ("3300 mV", "3300 K", "3300")] == [3.3, "3300 K", 3300.0]
