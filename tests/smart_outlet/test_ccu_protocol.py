"""Decoding of CCU requests."""

from dataclasses import replace
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_outlet.model.ccu_protocol import (
    Ack,
    BreakerReport,
    Report,
    decode_acks,
    decode_breaker,
    decode_report,
    parse_device_id,
    parse_threshold,
    read_acks,
    read_breaker,
    read_report,
)
from custom_components.smart_outlet.model.errors import FieldError, MissingFieldError

DATA = {
    "device_id": "FE",
    "current_a": 1234,
    "current_b": 0,
    "relay_a": True,
    "relay_b": False,
    "is_overload": False,
}


def test_a_report_of_a_field_ccu_is_decoded() -> None:
    assert decode_report(DATA) == Report("FE", 1234, 0, True, False, is_overload=False)


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (True, True), (1, True), (1.0, True), ("true", True), ("ON", True), ("On", True), (" on ", True), ("1", True),
        ("TRUE", True), ("1.0", True),
        (False, False), (0, False), (0.0, False), ("False", False), ("OFF", False), ("0", False), (-0.0, False),
        (-1, None), (None, None), (-1.0, None), ("-1", None), ("null", None), ("Unknown", None),
    ],
)  # fmt: skip
def test_relay_states_are_read_in_every_clear_spelling(sent: object, known: bool | None) -> None:
    report = decode_report(DATA | {"relay_a": sent, "relay_b": sent})
    assert report.relay("a") is known
    assert report.relay("b") is known


@pytest.mark.parametrize("name", list(DATA))
def test_every_field_of_a_report_is_required(name: str) -> None:
    with pytest.raises(MissingFieldError) as error:
        decode_report({key: value for key, value in DATA.items() if key != name})
    assert error.value.field == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("device_id", 254),
        ("device_id", "0xFE"),
        ("device_id", "1FF"),
        ("device_id", "GG"),
        ("device_id", ""),
        ("device_id", None),
        ("device_id", "\u0661\u0661"),
        ("current_a", -1),
        ("current_a", 65536),
        ("current_a", "12,5"),
        ("current_a", "1,234"),
        ("current_a", "0x10"),
        ("current_a", "1 234"),
        ("current_a", "12 mA"),
        ("current_a", "1.5"),
        ("current_a", ""),
        ("current_a", "nan"),
        ("current_a", "\u0661"),
        ("current_a", "9" * 400),
        ("current_a", float("nan")),
        ("current_a", float("inf")),
        ("current_a", 1e300),
        ("current_a", 1.5),
        ("current_a", True),
        ("current_b", None),
        ("current_b", [1]),
        ("relay_a", 2),
        ("relay_a", "2"),
        ("relay_a", 0.5),
        ("relay_a", "tru"),
        ("relay_b", ""),
        ("relay_b", "a"),
        ("relay_b", [True]),
        ("relay_b", float("nan")),
        ("is_overload", "no"),
        ("is_overload", None),
        ("is_overload", -1),
        ("threshold", 65535),
        ("threshold", "5.5"),
        ("threshold", True),
    ],
)
def test_an_invalid_value_names_its_field(field: str, value: object) -> None:
    with pytest.raises(FieldError) as error:
        decode_report(DATA | {field: value})
    assert error.value.field == field
    assert not isinstance(error.value, MissingFieldError)


@pytest.mark.parametrize("value", [240, 240.0, "240", "240.0", " 240 ", "2.4e2", "+240"])
def test_numbers_are_read_in_every_clear_spelling(value: object) -> None:
    report = decode_report(DATA | {"current_a": value, "current_b": value, "threshold": value})
    assert (report.current_a, report.current_b, report.threshold) == (240, 240, 240)
    assert type(report.current_a) is int
    assert decode_breaker({"ccu_id": "01", "current_ma": value}).current_ma == 240


@pytest.mark.parametrize("value", [True, 1, 1.0, "on", "TRUE", "1"])
def test_flags_are_read_in_every_clear_spelling(value: object) -> None:
    assert decode_report(DATA | {"is_overload": value}).is_overload is True
    assert decode_acks({"id": "x", "ok": value}) == [Ack("x", ok=True)]


def test_field_names_are_read_in_another_letter_case() -> None:
    assert decode_report({key.upper(): value for key, value in DATA.items()}) == decode_report(DATA)
    with pytest.raises(MissingFieldError):
        decode_report({"device_id": "FE", "Current_A": 1, "CURRENT_A": 2})


@pytest.mark.parametrize("name", ["current_a", "current_b", "relay_a", "relay_b", "is_overload", "threshold"])
def test_a_value_that_cannot_be_read_is_unknown_and_leaves_the_others(name: str) -> None:
    body = DATA | {"threshold": 5000}
    report, errors = read_report(body | {name: [1]})
    assert [error.field for error in errors] == [name]
    assert report == replace(decode_report(body), **{name: None})


def test_a_report_without_any_value_is_not_a_report() -> None:
    with pytest.raises(MissingFieldError):
        read_report({"device_id": "FE", "rssi": -60})


def test_one_invalid_acknowledgement_leaves_the_others() -> None:
    acks, errors = read_acks({"acks": [{"id": "x", "ok": True}, {"id": "y", "ok": "maybe"}, {"id": "z", "ok": "OFF"}]})
    assert acks == [Ack("x", ok=True), Ack("z", ok=False)]
    assert [error.field for error in errors] == ["acks[1].ok"]


def test_unknown_fields_are_ignored_and_the_threshold_is_decoded() -> None:
    assert decode_report(DATA | {"rssi": -60, "threshold": 5000}).threshold == 5000


@pytest.mark.parametrize(("given_id", "known"), [("fe", "FE"), ("0a", "0A"), ("00", "00"), ("FF", "FF")])
def test_device_ids_are_normalized(given_id: str, known: str) -> None:
    assert parse_device_id(given_id) == known


def test_the_main_current_may_exceed_16_bits() -> None:
    assert decode_breaker({"ccu_id": "01", "current_ma": 90_000}).current_ma == 90_000


@pytest.mark.parametrize("current", [{}, {"current_ma": None}])
def test_a_control_unit_of_version_2_may_not_know_its_main_current(current: dict[str, Any]) -> None:
    body = {"ccu_id": "01", "firmware": "1.0.0", "chip": "esp32c6", **current}
    assert read_breaker(body, version_2=True) == (BreakerReport("01", None, "1.0.0", "esp32c6"), [])
    report, errors = read_breaker(body)
    assert (report.firmware, [error.field for error in errors]) == ("1.0.0", ["current_ma"])
    unreadable = read_breaker({**body, "current_ma": "7,3"}, version_2=True)[1]
    assert [error.field for error in unreadable] == ["current_ma"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ccu_id": "01"}, "current_ma"),
        ({"current_ma": 1}, "ccu_id"),
        ({"ccu_id": "01", "current_ma": -1}, "current_ma"),
        ({"ccu_id": "01", "current_ma": 1_000_001}, "current_ma"),
        ({"ccu_id": 1, "current_ma": 1}, "ccu_id"),
    ],
)
def test_an_invalid_breaker_report_names_its_field(body: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as error:
        decode_breaker(body)
    assert error.value.field == field


def test_acks_are_decoded_alone_and_in_a_list() -> None:
    assert decode_acks({"id": "x", "ok": True}) == [Ack("x", ok=True)]
    assert decode_acks({"acks": [{"id": "x", "ok": 0, "error": "no answer"}]}) == [Ack("x", False, "no answer")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"id": "x"}, "ok"),
        ({"ok": True}, "id"),
        ({"id": 7, "ok": True}, "id"),
        ({"id": "x" * 65, "ok": True}, "id"),
        ({"id": "x", "ok": "yes"}, "ok"),
        ({"id": "x", "ok": True, "error": 5}, "error"),
        ({"acks": "x"}, "acks"),
        ({"acks": [{"id": "x", "ok": True}, 5]}, "acks[1]"),
        ({"acks": [{"id": "x"}]}, "acks[0].ok"),
        ({"acks": [{"id": "x", "ok": True}] * 33}, "acks"),
    ],
)
def test_an_invalid_ack_names_its_field(body: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as error:
        decode_acks(body)
    assert error.value.field == field


@pytest.mark.parametrize("nothing", [[], None])
def test_nothing_to_acknowledge_is_not_an_error(nothing: object) -> None:
    assert read_acks({"acks": nothing}) == ([], [])


def test_what_is_over_the_limit_of_acks_leaves_the_others() -> None:
    acks, errors = read_acks({"acks": [{"id": str(number), "ok": True} for number in range(40)]})
    assert [ack.id for ack in acks] == [str(number) for number in range(32)]
    assert [error.field for error in errors] == ["acks"]


@pytest.mark.parametrize("value", [-1, 65535, "5", 5.5, True, None])
def test_a_threshold_of_a_user_is_an_integer_below_the_overload_value(value: object) -> None:
    with pytest.raises(FieldError):
        parse_threshold(value)
    assert parse_threshold(240.0) == 240


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*DATA, "threshold", "x"]), json_values))
def test_any_object_is_decoded_or_refused_with_its_field(body: dict[str, Any]) -> None:
    try:
        report = decode_report(body)
    except FieldError as error:
        named = error.field
    else:
        named = "threshold"
        assert report.current_a is not None
        assert 0 <= report.current_a <= 65535
    assert named in (*DATA, "threshold")


@given(st.dictionaries(st.sampled_from(["acks", "id", "ok", "error"]), json_values))
def test_any_ack_is_decoded_or_refused_with_its_field(body: dict[str, Any]) -> None:
    try:
        acks = len(decode_acks(body))
    except FieldError as error:
        acks = len(error.field)
    assert acks > 0 or body["acks"] in ([], None)
