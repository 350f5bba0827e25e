"""`scripts/decode bundle`: the last raw messages are decoded as captures are."""

import json
from pathlib import Path
import zipfile

import pytest

from lib.last_messages import RawMessage, shown_messages
from scripts.tooling import decode

VERSIONS = {"created": "", "home_assistant": "", "python": "", "time_zone": "", "currency": "", "integrations": {}}


def raw(channel: str, payload: bytes) -> RawMessage:
    return RawMessage(channel, 1_800_000_000.0, payload, len(payload))


def test_last_messages(tmp_path: Path, captures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    features = (captures / "viessmann" / "Vitocal222S.json").read_bytes()
    status = (captures / "shelly" / "pro_3em_fw1.1.0.json").read_bytes()
    found = {
        "edge_telemetry": [
            raw("van/env/a/data", b'{"temperature_c": 20.5, "lat": 45.1}'),
            raw("van/env/b/data", b"no"),
        ],
        "smart_outlet": [raw("data FC", b'{"device_id": "FC"}'), raw("radio", b"\xa5\x00\x01")],
        "proof_of_heat": {"Pump": [raw("GET features", features)], "Meter": [raw("GET /rpc/Shelly.GetStatus", status)]},
        "iot_heating": None,
    }
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("versions.json", json.dumps(VERSIONS | {"entries": []}))
        packed.writestr("issues.json", "[]")
        for domain, messages in found.items():
            shown = (
                {name: shown_messages(items) for name, items in messages.items()}
                if isinstance(messages, dict)
                else shown_messages(messages or [])
            )
            packed.writestr(f"diagnostics/{domain}/1.json", json.dumps({"last_messages": shown}))
        too_long = shown_messages([RawMessage("GET x", 1.0, None, 5_000_000)])
        packed.writestr("diagnostics/proof_of_heat/2.json", json.dumps({"last_messages": {"Miner": too_long}}))
    assert decode.main(["bundle", str(path)]) == 0
    lines = dict(line.split("\t")[:2] for line in capsys.readouterr().out.splitlines())
    assert lines["edge_telemetry.1.last.van/env/a/data.temperature_c"] == "20.5"
    assert "not_json" in lines["edge_telemetry.1.last.van/env/b/data.error"].lower().replace(" ", "_")
    assert lines["smart_outlet.1.last.data FC.raw"] == '{"device_id":"FC"}'
    assert "no complete frame" in lines["smart_outlet.1.last.radio.error"]
    assert lines["proof_of_heat.1.last.Pump.GET features.slope"] == "0.3"
    assert lines["proof_of_heat.1.last.Meter.GET /rpc/Shelly.GetStatus.power"] == "558.965"
    assert lines["proof_of_heat.2.last.Miner.GET x.raw"] == "5000000 bytes"
    assert "45.1" not in str(lines)


@pytest.mark.parametrize(
    "files",
    [
        {"versions.json": "[]", "issues.json": "[]"},
        {"versions.json": "{}", "issues.json": "[]"},
        {"versions.json": json.dumps(VERSIONS | {"entries": []})},
        {"versions.json": "[" * 200_000, "issues.json": "[]"},
        {"versions.json": json.dumps(VERSIONS | {"entries": []}), "issues.json": "[]", "log.json": "\x00\x01 garbage"},
        {"versions.json": json.dumps(VERSIONS | {"entries": []}), "issues.json": f'["{"a" * 100_000}"]'},
    ],
    ids=["list", "no entries", "no issues", "too deep", "garbage", "too large"],
)
def test_what_is_not_a_bundle_is_refused(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "_LARGEST_BUNDLE", 300_000 if "[[" in files["versions.json"] else 90_000)
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    assert decode.main(["bundle", str(path)]) == 1
    assert "support bundle" in capsys.readouterr().err


def test_a_message_without_its_fields_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("versions.json", json.dumps(VERSIONS | {"entries": []}))
        packed.writestr("issues.json", "[]")
        messages = [{"text": "x"}, "x", {"channel": "data FC", "text": "kept", "bytes": 4}]
        packed.writestr("diagnostics/smart_outlet/1.json", json.dumps({"last_messages": messages}))
        packed.writestr("diagnostics/other.json", json.dumps({"last_messages": []}))
    assert decode.main(["bundle", str(path)]) == 0
    assert "smart_outlet.1.last.data FC.raw\tkept" in capsys.readouterr().out
