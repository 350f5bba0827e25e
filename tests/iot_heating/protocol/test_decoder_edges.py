"""Values of fields at the limits of their decoders."""

from typing import Any

import pytest

from custom_components.iot_heating.protocol.decoders import (
    MAX_ERRORS,
    MAX_SLOTS,
    error_list,
    image_hashes,
    number,
    on_off,
    text,
    whole_number,
)
from custom_components.iot_heating.protocol.errors import ProtocolError

HASH = "0123456789abcdefABCDEF" + "0" * 42


def test_hashes_of_the_images_in_the_slots() -> None:
    assert image_hashes([HASH, None], "slots") == (HASH, None)
    assert image_hashes([None] * MAX_SLOTS, "slots") == (None,) * MAX_SLOTS
    assert image_hashes([], "slots") == ()
    assert image_hashes(None, "slots") is None


@pytest.mark.parametrize("value", [HASH, {"0": HASH}, 5, [HASH] * (MAX_SLOTS + 1)])
def test_what_is_not_a_list_of_slots_is_refused(value: Any) -> None:
    with pytest.raises(ProtocolError, match="must be a list of at most 4 hashes"):
        image_hashes(value, "slots")


@pytest.mark.parametrize("item", [HASH[:-1], f"{HASH}0", f"{HASH}\n", "g" * 64, "", 0, True, [HASH]])
def test_what_is_not_a_hash_is_refused_with_its_slot(item: Any) -> None:
    with pytest.raises(ProtocolError, match="SHA-256") as refused:
        image_hashes([HASH, item], "slots")
    assert "slots[1]" in str(refused.value)


def test_no_reading_is_none_or_an_empty_list() -> None:
    assert [decode(None, "f") for decode in (on_off, text, number(0, 1), whole_number(0, 1))] == [None] * 4
    assert error_list(None, "errors") == ()


@pytest.mark.parametrize(
    ("value", "message"),
    [(True, "a number"), ("1", "a number"), (float("nan"), "a number"), (float("inf"), "a number"), (11, "between")],
)
def test_what_is_not_a_number_in_the_range_is_refused(value: Any, message: str) -> None:
    for decode in (number(0, 10), whole_number(0, 10)):
        with pytest.raises(ProtocolError, match=message):
            decode(value, "f")


def test_a_whole_number_may_be_written_with_a_decimal_point() -> None:
    decoded = whole_number(0, 10)(2.0, "f")
    assert decoded == 2
    assert type(decoded) is int
    with pytest.raises(ProtocolError, match="whole"):
        whole_number(0, 10)(2.5, "f")


def test_errors_are_texts_or_objects_up_to_their_number() -> None:
    most = ["E1", {"code": 5}] * (MAX_ERRORS // 2)
    assert error_list(most, "errors") == tuple(most)
    with pytest.raises(ProtocolError, match="at most 100"):
        error_list([*most, "E2"], "errors")
    with pytest.raises(ProtocolError, match="must be a list"):
        error_list("E1", "errors")
    with pytest.raises(ProtocolError, match="a text or an object") as refused:
        error_list(["E1", 5], "errors")
    assert "errors[1]" in str(refused.value)
