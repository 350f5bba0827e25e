"""Texts of users: what is readable is read, and every fault is one clear error in little time."""

from datetime import date
import json
import time

from hypothesis import given, strategies as st
import pytest
import yaml

from lib.user_text import MAX_DEPTH, MAX_LENGTH, UserTextError, parse_json, parse_yaml

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)  # fmt: skip
LAUGHS = "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))


@given(VALUES)
def test_plain_data_is_read(value: object) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_yaml(yaml.safe_dump(value)) == value


def test_yaml_of_people_is_read() -> None:
    text = "a: &x {day: Mon, slots: [06:30-09:30]}\nb: *x\nc: {<<: *x, day: Tue}\nd: 2026-01-05\n"
    row = {"day": "Mon", "slots": ["06:30-09:30"]}
    assert parse_yaml(text) == {"a": row, "b": row, "c": {**row, "day": "Tue"}, "d": date(2026, 1, 5)}
    assert parse_yaml("") is None
    assert parse_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    assert parse_json('{"a": "' + "[{" * 100 + '\\""}') == {"a": "[{" * 100 + '"'}


@pytest.mark.parametrize("count", [MAX_DEPTH + 1, 2_000, 200_000])
@pytest.mark.parametrize("piece", ["[", '{"a":', "- ", "? ", "{a: ", "&a ["])
def test_deep_nesting_is_refused_at_once(piece: str, count: int) -> None:
    text = (piece * count)[:MAX_LENGTH]
    start = time.process_time()
    with pytest.raises(UserTextError):
        parse_yaml(text)
    with pytest.raises(UserTextError):
        parse_json(text)
    assert time.process_time() - start < 1


def test_deep_nesting_by_indentation_is_refused() -> None:
    text = "\n".join(" " * depth + "a:" for depth in range(500))
    with pytest.raises(UserTextError, match="nested deeper"):
        parse_yaml(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "values"),
        ("&a [*a]", "contains itself"),
        ("a: &a\n  b: *a", "contains itself"),
        ("a: b: c", "invalid YAML"),
        ("a: !!python/object:os.system x", "invalid YAML"),
        ("a: " + "1" * 5000, "invalid YAML"),
        ("2026-02-31", "invalid YAML"),
        ("[a]: 1", "invalid YAML|not a text"),
        ("? [a]\n: 1", "invalid YAML"),
        ("1: x", "put it in quotes"),
        ("on: x", "put it in quotes"),
        ("a: .nan", "not a number"),
        ("a: !!set {x}", "not supported"),
        ("--- 1\n--- 2", "invalid YAML"),
        ("*unknown", "invalid YAML"),
        ("a: \x00", "invalid YAML"),
        ("x" * (MAX_LENGTH + 1), "longer than"),
    ],
    ids=lambda text: text[:12],
)
def test_the_fault_of_a_yaml_text_is_named(text: str, message: str) -> None:
    with pytest.raises(UserTextError, match=message):
        parse_yaml(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid JSON"),
        ('{"a": }', "line 1, column 7"),
        ('{"a": NaN}', "invalid JSON"),
        ('"\\ud800"', "invalid JSON"),
        ("[" + "0," * 200_000 + "0]", "values"),
        (" " * (MAX_LENGTH + 1), "longer than"),
    ],
    ids=lambda text: text[:12],
)
def test_the_fault_of_a_json_text_is_named(text: str, message: str) -> None:
    with pytest.raises(UserTextError, match=message):
        parse_json(text)


def test_anchors_do_not_hide_depth() -> None:
    inner = "a: &a " + "[" * 30 + "]" * 30
    with pytest.raises(UserTextError, match="nested deeper"):
        parse_yaml(f"{inner}\nb: [[[[*a]]]]")
