"""`scripts/decode` on every capture: units are known, V x A agrees, and no placeholder is printed."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
import re
import socket

import pytest
import pytest_socket

from scripts.tooling import decode
from tests.paths import CASES, FIXTURES

pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"the captures are absent: {FIXTURES}")

# Files that hold no values of a device: the reason that is printed. Empty: a reply without any value.
WITHOUT_VALUES = {
    "ecoflow/set_commands_delta_pro.json": "does not contain a JSON object",
    "ecoflow/signature_vectors.json": "no EcoFlow values",
    "shelly/auth_challenge_401.json": "requires a password",
    "viessmann/VitoconnectOpto1.json": "no known values",
    "viessmann/errors/device_offline.json": "DEVICE_OFFLINE",
    "viessmann/errors/error_500.json": "Internal server error",
    "viessmann/errors/expired_token.json": "EXPIRED TOKEN",
    "viessmann/errors/rate_limit.json": "rate limit",
}
# Families without a decoder, and a folder whose only status is that of a write.
MINERS_WITHOUT_DECODER = {"auradine", "elphapex", "v2_api2.0.5_m56s_mock"}

# Numbers that have no unit: modes, counts, codes, factors and indices.
NO_UNIT = re.compile(
    r"(?:^|[._/])(?:\w*_)?(?:"
    r"mode|cycles|\w*error|fan_level|level|slope|\w+_starts|boards_up|s?cop\w*|spf\w*|pf_[abc]|power_factor"
    r"|movement_counter|voc_index|nox_index|indicator_brightness"
    r"|best_share|found_blocks|lost_connections|mic_failures|resets|sensors_seen|(?:in)?active_sensors"
    r")$"
)
# Flags and enumerations of models that no family describes, by their wire name.
RAW_WITHOUT_UNIT = re.compile(
    r"^raw_\w*(?:state\d?|flg|flag|enabled|xboost|mode|type|ver|code|cfg_ac_out_freq|alarm_state\d|run_state)$"
)
PLACEHOLDERS = frozenset({-127, 5939, 5999, 12_927, 14_565, 32_767, -32_768, 65_535, 143_999, 2**31 - 1, 2**32 - 1})


def captures() -> Iterator[tuple[str, Path]]:
    """Each file, or folder of a miner, with its family."""
    for family, folder in (("ecoflow", "ecoflow"), ("vicare", "viessmann"), ("shelly", "shelly"), ("ruuvi", "ruuvi")):
        yield from ((family, path) for path in sorted((FIXTURES / folder).rglob("*.json")))
    yield from (("ecoflow", path) for path in sorted((CASES / "devices").glob("ecoflow*.json")))
    yield from (("shelly", path) for path in sorted((CASES / "heating").glob("shelly*.json")))
    yield from (("ruuvi", path) for path in sorted((CASES / "devices").glob("ruuvi*.json")))
    yield from (("telemetry", path) for path in sorted((CASES / "devices").glob("mqtt*.json")))
    folders = sorted({path.parent for path in (FIXTURES / "miners").rglob("*.json")})
    cases = sorted(path for path in (CASES / "heating").iterdir() if path.is_dir()) if CASES.is_dir() else []
    for folder in chain(folders, cases):
        has_replies = any(not path.name.startswith("crypto") for path in folder.glob("v*_*")) is False
        if folder.name not in MINERS_WITHOUT_DECODER and has_replies:
            yield "miner", folder


def name_of(path: Path) -> str:
    return str(path.relative_to(FIXTURES if path.is_relative_to(FIXTURES) else CASES))


ALL = list(captures()) if FIXTURES.is_dir() else []


@pytest.fixture
def every_address(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replayed miner has its own loopback address, which pytest-socket would block."""
    monkeypatch.setattr(socket.socket, "connect", pytest_socket._true_connect)


def contradictions(values: dict[str, float]) -> list[str]:
    """What voltage x current of the same place contradicts: less than it only for a direct current."""
    found = []
    for key, power in values.items():
        place = key.removesuffix("power")
        volts, amps = values.get(f"{place}voltage"), values.get(f"{place}current")
        if place == key or volts is None or amps is None:
            continue
        product = abs(volts * amps)
        is_too_much = abs(power) > product * 1.12 + 10
        is_too_little = "ac_" not in key and product > abs(power) * 1.12 + 10
        if is_too_much or is_too_little:
            found.append(f"{key}: {power} W, but {volts} V x {amps} A = {product:.1f} W")
    packs = [pack for pack in ("main_", "extra1_", "extra2_") if f"{pack}battery_current" in values]
    if "battery_power" in values and packs:
        product = sum(values[f"{pack}battery_voltage"] * values[f"{pack}battery_current"] for pack in packs)
        if abs(product) > 20 and product * values["battery_power"] < 0:
            found.append(f"battery_power: {values['battery_power']} W, but V x A = {product:.1f} W")
    return found


@pytest.mark.parametrize(("family", "path"), ALL, ids=[f"{family}-{name_of(path)}" for family, path in ALL])
def test_every_value_of_a_capture_is_plausible(
    family: str, path: Path, capsys: pytest.CaptureFixture[str], every_address: None
) -> None:
    status = decode.main([family, str(path)])
    printed = capsys.readouterr()
    if (reason := WITHOUT_VALUES.get(name_of(path))) is not None:
        assert status == 1
        assert reason in printed.err
        return
    assert status == 0, printed.err
    numbers: dict[str, float] = {}
    without_unit, placeholders = [], []
    for key, text, unit in (line.split("\t") for line in printed.out.splitlines()):
        assert text != "-0.0", key
        try:
            value = float(text)
        except ValueError:
            continue  # a state, a text, or unknown
        numbers[key] = value
        if not unit and not NO_UNIT.search(key) and not RAW_WITHOUT_UNIT.search(key):
            without_unit.append((key, text))
        if value in PLACEHOLDERS and not path.name.startswith("rawv2_official"):
            placeholders.append((key, text))
    assert without_unit == []
    assert placeholders == []
    assert contradictions(numbers) == []


def test_what_the_check_finds() -> None:
    assert contradictions({"solar_power": 200.0, "solar_voltage": 40.0, "solar_current": 5.0}) == []
    assert contradictions({"solar_power": 20.0, "solar_voltage": 40.0, "solar_current": 5.0})
    assert contradictions({"ac_output_power": 155.0, "ac_output_voltage": 230.0, "ac_output_current": 1.4}) == []
    assert contradictions({"ac_output_power": 340.0, "ac_output_voltage": 228.0, "ac_output_current": 1.18})
    battery = {"main_battery_voltage": 50.0, "main_battery_current": -5.0}
    assert contradictions({"battery_power": 250.0, **battery})
    assert contradictions({"battery_power": -250.0, **battery}) == []
