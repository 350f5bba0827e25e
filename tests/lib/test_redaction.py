"""What leaves the home contains no secret."""

import pytest

from lib.redaction import Redactor, secrets_in


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("connect to 10.0.0.7:4028 failed", "10.0.0.7"),
        ("fe80::1ff:fe23:4567:890a failed", "fe80"),
        ("host 2001:0db8:85a3:0000:0000:8a2e:0370:7334", "8a2e"),
        ("mac a0b1c2d3e4f5", "a0b1c2d3e4f5"),
        ("https://user:pw@example.org/x?key=1", "example.org"),
        ("token: abc", "abc"),
        ("basic dXNlcjpwdw==", "dXNlcjpwdw"),
        ("mail an.other+tag@mail.example.org", "another"),
        ("key 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
    ],
)
def test_texts_are_redacted(text: str, secret: str) -> None:
    assert secret not in Redactor().text(text)


@pytest.mark.parametrize(
    "text",
    ["power 12345 W", "2026-11-29T15:00:00+00:00", "1.2.3", "sensor.house_flow_temperature_setpoint", "a 20:15:30 b"],
)
def test_other_texts_stay(text: str) -> None:
    assert Redactor().text(text) == text


def test_values_by_key() -> None:
    redactor = Redactor(["SN-4711"])
    data = {"pin": 1234, "latitude": 1.5, "lat": None, "power": 5, "state": "SN-4711 on", "pair": ("a", True)}
    assert redactor.data(data) == {
        "pin": "<secret>",
        "latitude": "<position>",
        "lat": None,
        "power": 5,
        "state": "<secret 1> on",
        "pair": ["a", True],
    }
    assert sorted(secrets_in({"a": [{"password": "x"}], "token": ["y"], "z": 1})) == ["x", "y"]
