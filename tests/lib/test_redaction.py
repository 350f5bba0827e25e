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
        ("refused: password='hunter2 with spaces'", "spaces"),
        ("{'wifi_password': 'abcXYZ12'}", "abcXYZ12"),
        ('{\\"psk\\": \\"abcXYZ12\\"}', "abcXYZ12"),
        ("psk=abcXYZ12", "abcXYZ12"),
        ("SSID MyHomeNet not found", "MyHomeNet"),
        ('ssid: "My Home Net"', "Home"),
        ('Wi-Fi "Our WLAN" lost', "Our"),
        ("mqtt://me:pw@broker:1883/topic", "pw"),
        ("serial number: BW31ZEB4HF7M0123", "BW31ZEB4HF7M0123"),
        ("SN R331ZEB4HF7M0123 is offline", "R331"),
        ("device R331ZEB4HF7M0123 is offline", "R331"),
        ("gateway 7571381681420106 is offline", "7571381681420106"),
        ("installationId: 2012616", "2012616"),
        ("zone at 60.1699, 24.9384", "24.93"),
        ("worker home.miner1 refused", "home.miner1"),
        ("paid to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1q"),
        ("paid to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "1BvBM"),
        ("accessKey=AK123456789&secretKey=zzz9999", "AK123456789"),
        ("access_token%3Dabcdef", "abcdef"),
        ("certificateAccount: open-1234567", "open-1234567"),
        ("Cannot connect to miner-3.fritz.box", "miner-3"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----", "MIIEvQIBADANBg"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg", "MIIEvQIBADANBg"),
        ("AABB.CCDD.EEFF", "CCDD"),
        ("Set-Cookie: session=abc; path=/", "session"),
        ("550e8400-e29b-41d4-a716-446655440000", "446655440000"),
        ("/dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0", "A50285BI"),
    ],
)
def test_texts_are_redacted(text: str, secret: str) -> None:
    assert secret not in Redactor().text(text)


@pytest.mark.parametrize(
    "text",
    [
        "power 12345 W",
        "2026-11-29T15:00:00+00:00",
        "1.2.3",
        "sensor.house_flow_temperature_setpoint",
        "a 20:15:30 b",
        "entry 01JDZ8XK3V5Y7Q9R2T4W6A8B0C",
        'File "/config/custom_components/ota/views/files.py", line 123, in get',
        "Timeout of user interface; by_user is True",
        "at 1764450000000 ms: 0.25, 0.5",
        "Wi-Fi signal -67 dBm",
    ],
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


@pytest.mark.parametrize(
    "data",
    [
        {"deviceSn": "canary"},
        {"device_sn": "canary"},
        {"SN": "canary"},
        {"wifi_pw": "canary"},
        {"mqtt": {"pwd": "canary"}},
        {"Worker": "canary"},
        {"payout_address": "canary"},
        {"hw_addr": "canary"},
        {"installation": {"id": 2012616}},
        {"gateways": [{"gateway": {"id": "canary"}}]},
        {"coordinates": [60.25, 24.5]},
        {"geo": {"latitude": 1.0, "longitude": 0.0}},
        {"home": [60.17, 24.75]},
        {"text": "near 60.17"},
        {"number": 20126160},
    ],
)
def test_values_of_other_spellings(data: dict[str, object]) -> None:
    redacted = str(Redactor(["60.17", "24.75", "20126160"]).data(data))
    for value in ("canary", "2012616", "60.", "24.", "1.0", "0.0"):
        assert value not in redacted


def test_numbers_that_identify_are_known() -> None:
    assert list(secrets_in({"installation_id": 2012616, "pin": 1234, "gateway": {"id": "7571"}, "serial": True})) == [
        "2012616",
        "7571",
    ]


@pytest.mark.parametrize("at", range(9_000, 9_040))
def test_a_long_text_keeps_its_ends_without_halves_of_secrets(at: int) -> None:
    """A secret lies somewhere around the place at which the text is cut."""
    redactor = Redactor(["correct horse battery"])
    for place in (at - 7_500, at - 5_000, at):
        text = "\x00\xff " * 8_000
        text = text[:place] + " correct horse battery " + text[place:]
        shown = redactor.shortened(f"begin {text} end", 3_000)
        assert shown.startswith("begin ")
        assert shown.endswith(" end")
        assert " characters omitted> " in shown
        assert len(shown) < 4_000
        assert "correct" not in shown
        assert "battery" not in shown


def test_a_text_that_is_not_much_too_long_is_kept() -> None:
    assert Redactor().shortened("x " * 1_000, 100) == "x " * 1_000


def test_many_known_secrets_are_found_wherever_they_are() -> None:
    """Also those that begin like others, are parts of others, or have letters whose small form is longer."""
    known = [f"{number:05}-{number % 7}" for number in range(800)]
    known += ["abcd", "ABCDE", "Abc.*", "abcdef-(", "\u0130stanbul", "STRASSE", "stra\u00dfe"]
    redactor = Redactor(known)
    for secret in known:
        for shown in (secret, secret.upper(), secret.lower()):
            assert len(redactor.text(f"x{secret}x")) <= len("x<secret 99999>x"), shown
            assert secret not in redactor.text(f"say {secret}, and x{secret}x")
    assert redactor.text("xABCDEFx") == f"x{redactor.text('abcde')}Fx"
    assert redactor.text("abc d 0001 12345-") == "abc d 0001 12345-"


def test_a_text_of_beginnings_of_web_tokens_is_not_a_token() -> None:
    redactor = Redactor()
    assert redactor.text("eyJaaaaaaaa-" * 5_000).startswith("eyJ")
    assert redactor.text("x eyJhbGciOiJI.eyJpc3MiOi.c2ln x") == "x <token 1> x"
