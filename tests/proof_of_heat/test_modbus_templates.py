"""Each template with a dump of its device: every value that it must give. A dump is a file in modbus_dumps/."""

from dataclasses import replace
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.proof_of_heat.drivers.modbus.dump import DumpError, decode_dump, parse_dump
from custom_components.proof_of_heat.drivers.modbus.template import FOLDER, load_builtin
from custom_components.proof_of_heat.drivers.modbus.template_match import match_template
from custom_components.proof_of_heat.drivers.modbus.template_schema import TemplateError
from custom_components.proof_of_heat.drivers.supported import Evidence
from scripts.tooling import decode
from tests.paths import CASES

DUMPS = Path(__file__).parent / "modbus_dumps"
FILES = sorted(DUMPS.glob("*.json"))
TEMPLATES = load_builtin()


def dump_of(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def test_every_template_has_a_dump() -> None:
    assert {dump_of(file)["template"] for file in FILES} == set(TEMPLATES)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_every_value_of_a_dump(file: Path) -> None:
    found = dump_of(file)
    values = {key: value for key, value, _ in decode_dump(found["template"], found["dump"])}
    assert values == pytest.approx(found["expected"])


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_dump_fits_its_template_when_it_is_added(file: Path) -> None:
    found = dump_of(file)
    template = TEMPLATES[found["template"]]
    values = {key: value for key, value, _ in decode_dump(template.id, found["dump"])}
    match = match_template(template, {key: values.get(key) for key in template.registers})
    assert match.is_match is not found.get("unfit", False)


@pytest.mark.parametrize("key", sorted(TEMPLATES))
def test_a_template_names_its_source_or_is_experimental(key: str) -> None:
    template = TEMPLATES[key]
    assert template.models
    assert template.sources
    assert (FOLDER / f"{key}.yaml").is_file()
    assert template.is_experimental is (template.evidence is Evidence.EXPERIMENTAL)
    if template.controls or template.level:
        assert template.fallback
        assert template.max_writes_per_day <= 300


@pytest.mark.parametrize(
    ("word", "value"), [(0xFFFF, -1.0), (0x00FF, -1.0), (0x0005, 5.0), (0x00F6, -10.0), (0x0080, None), (0xFF80, None)]
)
def test_a_byte_is_in_the_low_half_of_its_register(word: int, value: float | None) -> None:
    register = replace(TEMPLATES["nibe_s"].registers["level"], scale=1.0)
    assert register.decode([word]) == value
    if value is not None:
        assert register.decode(register.encode(value)) == value


def test_xtherma_is_read_as_seldom_as_its_maker_asks() -> None:
    assert TEMPLATES["xtherma"].poll_s > 60
    assert {template.poll_s for key, template in TEMPLATES.items() if key != "xtherma"} == {20.0}


def test_addresses_without_a_table_count_for_both() -> None:
    assert parse_dump({"2": 65500, "0x03": [1, -1]}) == {
        "holding": {2: 65500, 3: 1, 4: 65535},
        "input": {2: 65500, 3: 1, 4: 65535},
    }


@pytest.mark.skipif(not CASES.is_dir(), reason=f"the cases are absent: {CASES}")
def test_a_recorded_dump() -> None:
    found = json.loads((CASES / "heating" / "modbus_words.json").read_text("utf-8"))["lambda_fw_1_3_10"]
    values = {key: value for key, value, _ in decode_dump("lambda_eu", found)}
    assert "outdoor_temperature" not in values  # -300.0 °C: no sensor
    assert values["flow_temperature"] == 26.05
    assert values["source_in_temperature"] == 24.03


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"coils": {"1": 1}}, "coils: must be holding or input"),
        ({"holding": {"one": 1}}, "holding.one: the address must be"),
        ({"holding": {"70000": 1}}, "holding.70000: the address must be"),
        ({"holding": {"1": 70000}}, "holding.1: 70000 is not the value of a register"),
        ({"holding": {"1": 20.5}}, "holding.1: 20.5 is not the value"),
        ({"holding": {"1": [1, True]}}, "holding.1: True is not the value"),
        ({"holding": {"9": 1}}, "the dump has no register of the template lambda_eu"),
        ({}, "the dump has no register"),
    ],
)
def test_an_invalid_dump_is_named(data: dict[str, Any], text: str) -> None:
    with pytest.raises(DumpError, match=text.replace("(", r"\(")):
        decode_dump("lambda_eu", data)


def test_an_unknown_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="stove"):
        decode_dump("stove", {"1": 1})
    (tmp_path / "mine.yaml").write_text("format: 2\n")
    with pytest.raises(TemplateError, match=r"mine\.yaml: .*format: must be 1"):
        decode_dump(str(tmp_path / "mine.yaml"), {"1": 1})


def test_the_command_prints_lines_or_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = tmp_path / "dump.json"
    dump.write_text('{"holding": {"1004": [3512, 3005], "2": 65486}}')
    assert decode.main(["modbus", str(FOLDER / "lambda_eu.yaml"), str(dump)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "outdoor_temperature\t-5.0\t°C",
        "flow_temperature\t35.12\t°C",
        "return_temperature\t30.05\t°C",
    ]
    dump.write_text('{"holding": {"1004": [3512, 3005], "2": 65486, "1020": [32767, 65535], "5004": 2000}}')
    assert decode.main(["modbus", "lambda_eu", str(dump)]) == 0
    reasons = capsys.readouterr().err.splitlines()
    assert "scripts/decode: power (holding 1012): not in the dump" in reasons
    assert (
        "scripts/decode: electricity (holding 1020): 0x7FFF 0xFFFF is not a valid value, see invalid, min and max"
        in reasons
    )
    assert any(text.startswith("scripts/decode: room_temperature (holding 5004): 0x07D0 is no") for text in reasons)
    assert not any("flow_temperature" in text for text in reasons)
    assert decode.main(["--json", "modbus", "lambda_eu", str(dump)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["family"] == "modbus"
    assert found["values"][0] == {"key": "outdoor_temperature", "value": -5.0, "unit": "°C"}


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["modbus", "lambda_eu", "missing.json"], "No such file"),
        (["modbus", "stove", "{dump}"], "stove"),
        (["modbus", "lambda_eu", "{text}"], "no registers found"),
    ],
)
def test_the_command_names_the_problem(
    argv: list[str], text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dump.json").write_text('{"2": 1}')
    (tmp_path / "text.json").write_text("\n")
    names = {"{dump}": str(tmp_path / "dump.json"), "{text}": str(tmp_path / "text.json")}
    assert decode.main([names.get(item, item) for item in argv]) == 1
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["modbus", "lambda_eu"], ["sync", "a", "b"]])
def test_the_command_needs_a_template_for_modbus_only(argv: list[str]) -> None:
    with pytest.raises(SystemExit):
        decode.main(argv)
