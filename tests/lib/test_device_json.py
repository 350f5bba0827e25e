"""JSON of careless firmware: what can be read is read, and nothing else."""

import time

from hypothesis import given, strategies as st
import orjson
import pytest

from lib.device_http import BODY_LIMIT, ApiError
from lib.device_json import parse_device_object


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": 1}\x00\x00', {"a": 1}),
        (b'{"a": NaN, "b": [nan, -inf, +INF], "c": 2}', {"a": "NaN", "b": ["nan", "-inf", "+INF"], "c": 2}),
        (b'{"a": 1e999, "b": -1e999}', {"a": "1e999", "b": "-1e999"}),
        (b'{"nan": nan, "b": "is nan or inf", "c": "a \\" nan"}', {"nan": "nan", "b": "is nan or inf", "c": 'a " nan'}),
        (b'{"a": nan, "b": 99999999999999999999999}', {"a": "nan", "b": 1e23}),
        (b'{"a": "cut \\ud83d", "b": 5}', {"a": "cut \ufffd", "b": 5}),
        (b'{"\\udc00": 1, "a": "\\ud83d\\ude00", "b": nan}', {"\ufffd": 1, "a": "\U0001f600", "b": "nan"}),
        (b'{"a": nan, "b": 18446744073709551616, "c": -5}', {"a": "nan", "b": 2.0**64, "c": -5}),
    ],
)  # fmt: skip
def test_what_is_meant_is_read(body: bytes, value: object) -> None:
    assert parse_device_object(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"", b"NaN", b"[nan]", b'{"a": nano}', b'{"a": banana}', b"{'a': 1}", b'{"a": 1,}', b'{"a": nan',
        b'{"a": "\xff", "b": nan}', b'{"a":' * 17 + b"nan" + b"}" * 17,
    ],
)  # fmt: skip
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        parse_device_object(body)
    assert caught.value.code == "bad_json"


@pytest.mark.parametrize("piece", [b'"', b'\\"', b"[", b'{"a":', b"nan ", b"-inf", b"1" * 1000, b'"\\', b"\\"])
def test_no_body_takes_long(piece: bytes) -> None:
    body = (b'{"x": nan, "y": ' + piece * BODY_LIMIT)[:BODY_LIMIT]
    start = time.process_time()
    with pytest.raises(ApiError):
        parse_device_object(body)
    assert time.process_time() - start < 0.5


@given(
    st.dictionaries(
        st.text(), st.integers(-(2**63), 2**63) | st.text() | st.floats(allow_nan=False, allow_infinity=False)
    )
)
def test_valid_json_is_unchanged(value: dict[str, object]) -> None:
    assert parse_device_object(orjson.dumps(value)) == value


@pytest.mark.parametrize("body", [b'{"metrics": {"a": NaN}, "b": 1}', b'{"metrics": NaN, "b": "x"}', b'{"b": 1}'])
def test_only_readings_may_be_no_numbers(body: bytes) -> None:
    assert parse_device_object(body, readings="metrics")["b"] in (1, "x")


def test_another_member_must_be_a_number() -> None:
    with pytest.raises(ApiError) as caught:
        parse_device_object(b'{"metrics": {}, "uptime": NaN}', readings="metrics")
    assert caught.value.code == "bad_json"


def test_the_repaired_body_may_nest_no_deeper() -> None:
    with pytest.raises(ApiError, match="JSON"):
        parse_device_object(b'{"a": nan, "b": ' + b"[" * 20 + b"]" * 20 + b"}")
