"""What a controller may report, and how a wrong report is named."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.iot_heating.protocol.decoders import MAX_ERRORS
from custom_components.iot_heating.protocol.errors import ProtocolError
from custom_components.iot_heating.protocol.report import decode_report
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


def test_every_field_is_optional_and_unknown_ones_are_no_error() -> None:
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
        decode_report({field: value})
    for value in (low - 0.1, high + 0.1):
        with pytest.raises(ProtocolError) as caught:
            decode_report({field: value})
        assert caught.value.field == field


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
def test_a_wrong_field_is_named(data: dict[str, Any], field: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_report(data)
    assert caught.value.field == field
    assert not caught.value.absent


@given(st.dictionaries(st.sampled_from(["state", "temp_out", "supply_temp", "voltage", "errors", "x"]), JSON))
def test_any_json_is_read_or_refused_by_name(data: dict[str, Any]) -> None:
    refused = None
    try:
        report = decode_report(data)
    except ProtocolError as err:
        refused = err.field.split("[")[0]
    if refused is not None:
        assert refused in data
    else:
        outdoor_c = report.values.get("temp_out")
        assert outdoor_c is None or -60 <= outdoor_c <= 120
