"""Errors of controllers, sorted."""

import pytest

from custom_components.iot_heating.protocol.faults import Fault, fault_of, text_of, worst


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
    assert fault_of(error) is fault


def test_the_most_urgent_is_shown() -> None:
    assert worst(("wifi lost", {"code": "overheat"}, "E42")) is Fault.OVERHEAT
    assert worst(()) is None


@pytest.mark.parametrize(
    ("error", "text"), [("E1", "E1"), ({"code": 5, "message": "hot"}, "5: hot"), ({"x": 1}, "error")]
)
def test_an_error_as_text(error: str | dict[str, object], text: str) -> None:
    assert text_of(error) == text
