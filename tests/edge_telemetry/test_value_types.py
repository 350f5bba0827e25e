"""The type of a metric follows its values."""

from typing import Any

import pytest

from custom_components.edge_telemetry.decoders.dialects import DIALECTS, Dialect, read_dialect
from custom_components.edge_telemetry.decoders.errors import DecodeError
from custom_components.edge_telemetry.value_types import BAD, ValueType, widen


@pytest.mark.parametrize(
    ("before", "previous", "value", "after", "shown"),
    [
        ("number", 5, 6.5, "number", 6.5),
        ("number", 5, "7,5", "number", 7.5),
        ("number", 5, "eco", "text", "eco"),
        ("number", 5, "N/A", "number", BAD),
        ("number", 5, True, "number", BAD),
        ("flag", True, False, "flag", False),
        ("flag", True, "off", "flag", False),
        ("flag", True, 1, "flag", True),
        ("flag", True, 17, "number", 17),
        ("flag", True, "eco", "text", "eco"),
        ("flag", True, "N/A", "flag", BAD),
        ("text", "eco", "comfort", "text", "comfort"),
        ("text", "eco", True, "text", "true"),
        ("text", "eco", 5, "text", "5"),
        ("text", "N/A", 5, "number", 5),
        ("text", None, 5, "number", 5),
    ],
)
def test_the_type_of_an_unknown_metric(before: str, previous: Any, value: Any, after: str, shown: Any) -> None:
    assert widen("something_new", ValueType(before), previous, value) == (ValueType(after), shown)


def test_a_message_that_is_not_an_object() -> None:
    dialect = next(dialect for dialect in DIALECTS.values() if dialect.read is not None and not dialect.lists)
    with pytest.raises(DecodeError):
        read_dialect(dialect, "", b"[1, 2]", 1000)
    with pytest.raises(DecodeError):
        read_dialect(dialect, "", b"{}" * 600, 1000)


def test_a_dialect_without_a_reader() -> None:
    generic: Dialect = next(dialect for dialect in DIALECTS.values() if dialect.read is None)
    with pytest.raises(TypeError, match=generic.key):
        read_dialect(generic, "", b"{}", 1000)
