"""The native check-in, read."""

from typing import Any

import pytest

from custom_components.ota.rollout.wire import native


@pytest.mark.parametrize(
    ("said", "busy"),
    [
        ({}, None),
        ({"busy": False}, None),
        ({"busy": True}, "busy"),
        ({"busy": "defrost"}, "defrost"),
        ({"busy": ""}, None),
    ],
)
def test_busy_is_a_boolean_or_a_reason(said: dict[str, Any], busy: str | None) -> None:
    assert native.check_in(said).busy == busy
