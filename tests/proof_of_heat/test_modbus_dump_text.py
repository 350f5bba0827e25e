"""Dumps as Modbus programs write them: each spelling gives the same registers."""

from pathlib import Path
from typing import Any

import pytest

from custom_components.proof_of_heat.drivers.modbus.dump import decode_dump, parse_dump
from custom_components.proof_of_heat.drivers.modbus.dump_text import DumpError, table_of
from scripts.tooling import decode

EXPECTED = {"outdoor_temperature": -5.0, "flow_temperature": 35.12, "return_temperature": 30.05}
"""Of lambda_eu: the registers 2, 1004 and 1005."""

MODPOLL = """\
modpoll 3.10 - FieldTalk(tm) Modbus(R) Master Simulator
Protocol configuration: MODBUS/TCP
Slave configuration...: address = 1, start reference = 1005, count = 2
Communication.........: 192.168.1.30, port 502, t/o 1.00 s, poll rate 1000 ms
Data type.............: 16-bit register, output (holding) register table

-- Polling slave... (Ctrl-C to stop)
[1005]: 3512
[1006]: 3005
-- Polling slave... (Ctrl-C to stop)
[3]: 65486 (-50)
"""
MBPOLL_ZERO = """\
$ mbpoll -m tcp -0 -t 4 -r 1004 -c 2 -1 192.168.1.30
mbpoll 1.5 - ModBus(R) Master Simulator
Data type.............: 16-bit register, output (holding) register table
-- Polling slave 1...
[1004]: \t3512
[1005]: \t3005
$ mbpoll -m tcp -0 -t 4:hex -r 2 -1 192.168.1.30
-- Polling slave 1...
[2]: \t0xFFCE
"""
PYMODBUS = """\
2026-11-29 18:00:01 DEBUG (MainThread) [pymodbus.logging] send: 0x0 0x1 0x0 0x0 0x0 0x6 0x1 0x3 0x3 0xec 0x0 0x2
2026-11-29 18:00:01 DEBUG (MainThread) [pymodbus.logging] recv: 0x0 0x1 0x0 0x0 0x0 0x7 0x1 0x3 0x4 0xd 0xb8 0xb 0xbd
2026-11-29 18:00:02 DEBUG (MainThread) [pymodbus.logging] send: 0x0 0x2 0x0 0x0 0x0 0x6 0x1 0x3 0x0 0x2 0x0 0x1
2026-11-29 18:00:02 DEBUG (MainThread) [pymodbus.logging] recv: 0x0 0x2 0x0 0x0 0x0 0x5 0x1 0x3 0x2 0xff 0xce
2026-11-29 18:00:03 DEBUG (MainThread) [pymodbus.logging] send: 0x0 0x3 0x0 0x0 0x0 0x6 0x1 0x3 0x9 0x9 0x0 0x1
2026-11-29 18:00:03 DEBUG (MainThread) [pymodbus.logging] recv: 0x0 0x3 0x0 0x0 0x0 0x3 0x1 0x83 0x2
"""


def crc(frame: str) -> str:
    found = 0xFFFF
    for byte in bytes.fromhex(frame):
        found ^= byte
        for _ in range(8):
            found = (found >> 1) ^ 0xA001 if found & 1 else found >> 1
    return f"{frame} {found & 0xFF:02X} {found >> 8:02X}"


FRAMES = ("01 03 03 EC 00 02", "01 03 04 0D B8 0B BD", "01 03 00 02 00 01", "01 03 02 FF CE")


def libmodbus(frame: str) -> str:
    return "".join(f"[{byte}]" for byte in crc(frame).split())


LIBMODBUS = "\n".join(
    [
        libmodbus("01 03 03 EC 00 02"),
        "Waiting for a confirmation...",
        libmodbus("01 03 04 0D B8 0B BD").replace("[", "<").replace("]", ">"),
        libmodbus("01 03 00 02 00 01"),
        libmodbus("01 03 02 FF CE").replace("[", "<").replace("]", ">"),
    ]
)
SPELLINGS = {
    "modpoll": MODPOLL,
    "mbpoll from 0": MBPOLL_ZERO,
    "pymodbus log": PYMODBUS,
    "libmodbus log": LIBMODBUS,
    "rtu hex": "\n".join(
        f"{way} {crc(frame)}"
        for way, frame in (
            ("TX:", "01 03 03 EC 00 02"),
            ("RX:", "01 03 04 0D B8 0B BD"),
            ("TX:", "01 03 00 02 00 01"),
            ("RX:", "01 03 02 FF CE"),
        )
    ),
    "qmodbus csv": "Data type;Register;Data\n"
    + "".join(f"Holding Register (16 bit);{row}\n" for row in ("2;65486", "1004;3512", "1005;3005")),
    "csv": "address,value\n2,-50\n1004,3512\n1005,3005\n",
    "csv of a spreadsheet": '"Address";"Name";"Value"\r\n2;outdoor;-50,0\r\n1004;flow;3512,0\r\n1005;return;\r\n'
    "1005;return;3005\r\n",
    "csv in hex": "fc\tregister\thex\n3\t2\tFFCE\n3\t1004\t0DB8\n3\t1005\t0x0BBD\n",
    "list": "# lambda\n2: -50\n1004: 3512 3005\n",
    "ranges": "holding:\n0x0002 = 0xFFCE\n1004-1005 = 3512, 3005\n",
    "list with tables": "HR 2: 65486\nHR 1004..1005: [3512, 3005]\nIR 9: 1\n",
    "hex words": "2\tFFCE\n1004\t0DB8 0BBD\n",
    "hex words in a csv": "register,value\n2,FFCE\n1004,0DB8\n1005,0BBD\n",
    "qmodmaster log": "\n".join(
        f"[RTU]>{way} > 20:01:0{number}:123 - {crc(frame)}"
        for number, (way, frame) in enumerate(
            [
                ("Tx", "01 03 03 EC 00 02"),
                ("Rx", "01 03 04 0D B8 0B BD"),
                ("Tx", "01 03 00 02 00 01"),
                ("Rx", "01 03 02 FF CE"),
            ]
        )
    ),
    "log with a time without fractions": "\n".join(
        f"18:00:0{number} {crc(frame)}" for number, frame in enumerate(FRAMES)
    ),
    "tmodbus log": "\n".join(
        f"2026-11-29 18:00:01.123 DEBUG (MainThread) [tmodbus.raw_traffic]    RTU {way}: {crc(frame)} "
        for way, frame in zip(("sent", "recv", "sent", "recv"), FRAMES, strict=True)
    ),
    "suffix": "2 -> FFCEh\n1004 -> 0DB8h\n1005 -> 0BBDh\n",
    "old notation": "40003: 65486\n41005: 3512\n41006: 3005\n",
    "old notation with six digits": "400003: 65486\n401005: 3512\n401006: 3005\n",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_gives_the_same_values(text: str) -> None:
    assert {key: value for key, value, _ in decode_dump("lambda_eu", text)} == EXPECTED


@pytest.mark.parametrize(
    "data",
    [
        {"holding": {"1004-1005": [3512, "0x0BBD"], "0x2": "-50"}},
        {"Holding registers": {"2": 65486, "1004": ["3512", 3005]}},
        {"40003": -50, "41005": [3512, 3005]},
        [{"address": 2, "value": -50, "type": "holding"}, {"Register": "1004", "data": [3512, 3005], "fc": 3}],
    ],
)
def test_every_json_gives_the_same_values(data: Any) -> None:
    assert {key: value for key, value, _ in decode_dump("lambda_eu", data)} == EXPECTED


def test_a_device_with_high_addresses_is_not_taken_for_the_old_notation() -> None:
    text = "input:\n33024: 561\n33027: 432\n33033: -55\n33035: 341\nholding:\n2818: 2\n"
    values = {key: value for key, value, _ in decode_dump("solvis_sc3", text)}
    assert values["outdoor_temperature"] == -5.5
    assert values["running"] is True


def test_words_in_hex_are_so_in_all_lines() -> None:
    assert parse_dump("2: 0100\n3: 00FF\n")["holding"] == {2: 0x100, 3: 0xFF}
    assert parse_dump("2: 0100\n3: 0255\n")["holding"] == {2: 100, 3: 255}


def test_the_later_reading_of_a_register_counts() -> None:
    tables = parse_dump("Data type.............: 16-bit register, input register table\n[1]: 1\n[1]: 2\n")
    assert tables == {"input": {0: 2}, "holding": {}}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("hello\n", "line 1: 'hello' is not an address with values"),
        ("", "no registers found"),
        ("2: 70000", "line 1: '70000' is not the value of a register"),
        ("2: 20.5", "'20.5' is not the value"),
        ("2-4: 1 2", "2 values do not fit the addresses 2 to 4"),
        ("999999: 1", "the address must be a whole number"),
        ("address,value\nx,1\n", "line 2: 'x' is not an address"),
        ("Data type.............: 32-bit float, output (holding) register table\n[1]: 1.5\n", "poll them as 16-bit"),
        (MODPOLL.replace("3512", "timeout"), "line 8: 'timeout' is not the value"),
    ],
)
def test_an_unreadable_text_is_named(text: str, error: str) -> None:
    with pytest.raises(DumpError, match=error):
        parse_dump(text)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"holding": {"1-3": [1, 2]}}, "holding.1-3: 2 values do not fit"),
        ([{"value": 1}], "0.address: must be"),
        ([5], "0.address: must be"),
        ([{"address": 1, "value": "x"}], "0.value: 'x' is not"),
    ],
)
def test_an_unreadable_json_is_named(data: Any, error: str) -> None:
    with pytest.raises(DumpError, match=error):
        parse_dump(data)


def test_a_table_has_many_names() -> None:
    assert {table_of(name) for name in ("Input", "IR", "4", "3x", "input register table")} == {"input"}
    assert {table_of(name) for name in ("Holding Register (16 bit)", "hr", "03", "4x")} == {"holding"}
    assert table_of("Coil") is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_command_reads_redirected_output(tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str) -> None:
    dump = tmp_path / "dump.txt"
    dump.write_text(MODPOLL, encoding)
    assert decode.main(["modbus", "lambda_eu", str(dump)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "outdoor_temperature\t-5.0\t°C",
        "flow_temperature\t35.12\t°C",
        "return_temperature\t30.05\t°C",
    ]


def test_the_command_names_what_is_not_a_dump(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = tmp_path / "dump.json"
    dump.write_text("5")
    assert decode.main(["modbus", "lambda_eu", str(dump)]) == 1
    assert "does not contain registers" in capsys.readouterr().err
