"""`scripts/decode`: what users attach to bug reports."""

import json
from pathlib import Path
import socket

import pytest
import pytest_socket

from scripts.tooling import decode
from tests.running_demo import ROOT

type Out = dict[str, tuple[str, str]]

# Some values per capture, read from the file by hand.
READABLE = [
    (
        "miner",
        "miners/antminer/stock_s19pro_rpc_2022",
        {"hashrate": ("110.567", "TH/s"), "fan_speed": ("6000.0", "rpm")},
    ),
    ("miner", "miners/auradine", {"hashrate": ("20.6", "TH/s"), "chip_temperature": ("51.412", "°C")}),
    ("miner", "miners/bitaxe/axeos_v2.14_synthetic", {"power": ("17.4", "W"), "uptime": ("18574.0", "s")}),
    ("miner", "miners/braiins/v25_07", {"boards_up": ("3", ""), "uptime": ("69685.0", "s")}),
    ("miner", "miners/whatsminer/v1_api1.4.0_m20s", {"power": ("3417.0", "W"), "power_limit": ("3500.0", "W")}),
    ("vicare", "viessmann/Vitocal222S.json", {"slope": ("0.3", ""), "electricity_dhw_year": ("540.2", "kWh")}),
    ("shelly", "shelly/pro_3em_fw1.1.0.json", {"power": ("558.965", "W"), "imported_energy": ("2589.77339", "kWh")}),
    ("shelly", "shelly/notify_examples.json", {"power": ("-512.3", "W"), "power_b": ("170.8", "W")}),
    ("ecoflow", "ecoflow/quota_all/powerstream.json", {"supply_priority": ("supply", "")}),
    ("ruuvi", "ruuvi/gateway_mqtt_with_timestamps.json", {"battery_low": ("False", "")}),
]
UNREADABLE = [
    ("miner", "viessmann/errors", "not replies of a known miner family"),
    ("miner", "shelly/pro_3em_fw1.1.0.json", "a folder with one file per reply"),
    ("vicare", "viessmann/errors/rate_limit.json", "rate limit"),
    ("vicare", "viessmann/errors/device_offline.json", "DEVICE_OFFLINE"),
    ("shelly", "shelly/auth_challenge_401.json", "requires a password"),
    ("shelly", "shelly/NOTICE.md", "not a status"),
    ("ecoflow", "viessmann/errors", "directory"),
    ("sync", "no such file", "No such file"),
]


@pytest.fixture
def every_address(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replayed miner has its own loopback address, which pytest-socket would block."""
    monkeypatch.setattr(socket.socket, "connect", pytest_socket._true_connect)


def out_of(text: str) -> Out:
    rows = (line.split("\t") for line in text.splitlines())
    return {key: (value, unit) for key, value, unit in rows}


@pytest.mark.parametrize(("family", "name", "some"), READABLE, ids=[name for _, name, _ in READABLE])
def test_a_capture_is_printed(
    captures: Path, capsys: pytest.CaptureFixture[str], every_address: None, family: str, name: str, some: Out
) -> None:
    assert decode.main([family, str(captures / name)]) == 0
    found = out_of(capsys.readouterr().out)
    assert {key: found.get(key) for key in some} == some


@pytest.mark.parametrize(("family", "name", "says"), UNREADABLE, ids=[name for _, name, _ in UNREADABLE])
def test_unreadable_capture_exits_with_a_reason(
    captures: Path, capsys: pytest.CaptureFixture[str], every_address: None, family: str, name: str, says: str
) -> None:
    assert decode.main([family, str(captures / name)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert says in printed.err
    assert printed.err.count("\n") == 1, "one line, no traceback"


def test_a_report_of_a_heating_controller(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps({"state": "on", "temp_out": 8.7, "supply_temp": 61.5, "voltage": 3.3, "errors": []}))
    assert decode.main(["sync", str(file)]) == 0
    assert out_of(capsys.readouterr().out) == {
        "heating": ("True", ""),
        "outdoor_temperature": ("8.7", "°C"),
        "supply_temperature": ("61.5", "°C"),
        "voltage": ("3.3", "V"),
        "errors": ("0", ""),
    }


def test_a_report_of_protocol_2_with_a_byte_order_mark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "controller report é.json"
    report = {
        "protocol_version": 2,
        "state": "on",
        "temp_out": -127,
        "return_temp": 38.5,
        "flow_setpoint": 41.3,
        "rssi": -61,
        "uptime_s": 3600,
        "firmware_version": "2.0.1",
        "slots": ["a" * 64, None],
    }
    file.write_text(json.dumps(report), "utf-8-sig")
    assert decode.main(["sync", str(file)]) == 0
    assert out_of(capsys.readouterr().out) == {
        "heating": ("True", ""),
        "return_temperature": ("38.5", "°C"),
        "flow_setpoint": ("41.3", "°C"),
        "signal_strength": ("-61.0", "dBm"),
        "uptime_s": ("3600", "s"),
        "firmware_version": ("2.0.1", ""),
        "slots": ("2", ""),
        "ignored.temp_out": ("must be between -60 and 120", ""),
    }


def test_a_report_of_careless_firmware(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(b'{"State":"ON","temp_out":nan,"supply_temp":"41.9 F","voltage":"3300 mV","errors":["\\ud83d"]}\0')
    assert decode.main(["sync", str(file)]) == 0
    assert out_of(capsys.readouterr().out) == {
        "heating": ("True", ""),
        "supply_temperature": ("5.5", "°C"),
        "voltage": ("3.3", "V"),
        "errors": ("1", ""),
        "ignored.temp_out": ("must be a number", ""),
    }


@pytest.mark.parametrize("family", sorted(decode.FAMILIES))
@pytest.mark.parametrize("content", [b'{"a":', b"", b"[]", bytes(range(256)) * 9, b"\0" * 10, None])
def test_a_bad_capture_has_a_reason_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], family: str, content: bytes | None
) -> None:
    file = tmp_path / "bad capture"
    if content is not None:
        file.write_bytes(content)
    assert decode.main(["--json", family, str(file)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (reason,) = printed.err.splitlines()
    reason = reason.removeprefix(f"scripts/decode: {file}: ")
    assert len(reason.split()) > 2
    assert not any(word in reason for word in ("Errno", "Error", "_", "codec", str(tmp_path)))


@pytest.mark.parametrize("content", ['{"temp_out": "warm"}', "[1]", "{", "", "\udc80"])
def test_a_file_without_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert decode.main(["sync", str(file)]) == 1
    assert capsys.readouterr().err.startswith("scripts/decode: ")


def test_radio_frames_in_hex(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vector = json.loads((ROOT / "docs" / "vectors" / "hc12.json").read_text())
    frames = [item["frame"] for item in vector["frames"]]
    file = tmp_path / "radio.hex"
    file.write_text("\n".join(frames))
    assert decode.main(["hc12", str(file)]) == 0
    plain = capsys.readouterr().out
    assert len(plain.splitlines()) >= len(frames)
    for form in ("0x{}, ", "\\x{}", "{}:", "{}-"):
        file.write_text("".join(form.format(f"{byte:02X}") for frame in frames for byte in bytes.fromhex(frame)))
        assert decode.main(["hc12", str(file)]) == 0
        assert capsys.readouterr().out == plain
    file.write_text("not hex")
    assert decode.main(["hc12", str(file)]) == 1
    assert "is not hex" in capsys.readouterr().err
