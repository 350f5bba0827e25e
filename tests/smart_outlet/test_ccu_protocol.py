"""Decoding of CCU requests."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_outlet.model.ccu_protocol import (
    Ack,
    Report,
    decode_acks,
    decode_breaker,
    decode_report,
    parse_device_id,
    parse_threshold,
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
    [(True, True), (False, False), (1, True), (0, False), (-1, None), (None, None)],
)
def test_relay_states_have_six_spellings(sent: object, known: bool | None) -> None:
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
        ("current_a", "12"),
        ("current_a", 1.5),
        ("current_a", True),
        ("current_b", None),
        ("current_b", [1]),
        ("relay_a", 2),
        ("relay_a", "true"),
        ("relay_b", 1.0),
        ("is_overload", "no"),
        ("is_overload", None),
        ("is_overload", -1),
        ("threshold", 65535),
        ("threshold", "5"),
    ],
)
def test_an_invalid_value_names_its_field(field: str, value: object) -> None:
    with pytest.raises(FieldError) as error:
        decode_report(DATA | {field: value})
    assert error.value.field == field
    assert not isinstance(error.value, MissingFieldError)


def test_unknown_fields_are_ignored_and_the_threshold_is_decoded() -> None:
    assert decode_report(DATA | {"rssi": -60, "threshold": 5000}).threshold == 5000


@pytest.mark.parametrize(("given_id", "known"), [("fe", "FE"), ("0a", "0A"), ("00", "00"), ("FF", "FF")])
def test_device_ids_are_normalized(given_id: str, known: str) -> None:
    assert parse_device_id(given_id) == known


def test_the_main_current_may_exceed_16_bits() -> None:
    assert decode_breaker({"ccu_id": "01", "current_ma": 90_000}).current_ma == 90_000


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
        ({"acks": []}, "acks"),
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


@pytest.mark.parametrize("value", [-1, 65535, "5", 5.0, True, None])
def test_a_threshold_is_an_integer_below_the_overload_value(value: object) -> None:
    with pytest.raises(FieldError):
        parse_threshold(value)


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
        assert 0 <= report.current_a <= 65535
    assert named in (*DATA, "threshold")


@given(st.dictionaries(st.sampled_from(["acks", "id", "ok", "error"]), json_values))
def test_any_ack_is_decoded_or_refused_with_its_field(body: dict[str, Any]) -> None:
    try:
        acks = len(decode_acks(body))
    except FieldError as error:
        acks = len(error.field)
    assert acks > 0
