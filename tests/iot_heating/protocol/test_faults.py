"""Errors of controllers, sorted."""

import pytest

from custom_components.iot_heating.protocol.faults import Fault, classify_error, error_text, most_urgent_fault


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ("E_OVERHEAT", Fault.OVERHEAT),
        ("burner lockout", Fault.BURNER),
        ("low water pressure", Fault.WATER),
        ("PUMP_BLOCKED", Fault.PUMP),
        ("ds18b20 not found", Fault.SENSOR),
        ("brownout", Fault.POWER),
        ("wifi lost", Fault.COMMUNICATION),
        ("E42", Fault.OTHER),
        ("", Fault.OTHER),
        ({"code": "E7", "message": "Flame failure"}, Fault.BURNER),
        ({}, Fault.OTHER),
    ],
)
def test_kinds(error: str | dict[str, object], fault: Fault) -> None:
    assert classify_error(error) is fault


def test_the_most_urgent_is_shown() -> None:
    assert most_urgent_fault(("wifi lost", {"code": "overheat"}, "E42")) is Fault.OVERHEAT
    assert most_urgent_fault(()) is None


@pytest.mark.parametrize(
    ("error", "text"), [("E1", "E1"), ({"code": 5, "message": "hot"}, "5: hot"), ({"x": 1}, "error")]
)
def test_an_error_as_text(error: str | dict[str, object], text: str) -> None:
    assert error_text(error) == text
