"""``scripts/import-history`` imports sample databases of the former systems into statistics and the archive."""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import sqlite3

import pytest

from scripts.tooling import import_history
from scripts.tooling.import_history.hours import Target, collect, rows
from scripts.tooling.import_history.readers import READERS, Sample, Source

START = datetime(2025, 3, 1, 10, tzinfo=UTC)


def database(folder: Path, script: str) -> str:
    file = folder / "old.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(script)
    return f"sqlite:///{file}"


WEBAPP = """
CREATE TABLE outlets_outlet (id INTEGER PRIMARY KEY, device_id TEXT, name TEXT, threshold INTEGER);
INSERT INTO outlets_outlet VALUES (1, 'fe', 'Kitchen', 0), (2, 'FD', 'Cellar', 0);
CREATE TABLE outlets_sensordata (id INTEGER PRIMARY KEY, outlet_id INTEGER, current_a INTEGER, current_b INTEGER,
  is_overload BOOLEAN, timestamp TEXT);
INSERT INTO outlets_sensordata VALUES
  (1, 1, 1000, 0, 0, '2025-03-01 10:00:00+00:00'), (2, 1, 2000, 65535, 1, '2025-03-01 10:05:00+00:00'),
  (3, 2, 500, -1, 0, '2025-03-01T11:00:00'), (4, 1, 9, NULL, 0, 'yesterday');
CREATE TABLE outlets_mainbreakerreading (id INTEGER PRIMARY KEY, ccu_id TEXT, current_ma INTEGER, timestamp TEXT);
INSERT INTO outlets_mainbreakerreading VALUES (1, '01', 4200, '2025-03-01 10:30:00+00:00');
"""
HEATING = """
CREATE TABLE iot_heating_heatingdevice (id INTEGER PRIMARY KEY, device_id TEXT, api_key TEXT);
INSERT INTO iot_heating_heatingdevice VALUES (7, 'ESP32-001', 'secret');
CREATE TABLE iot_heating_telemetrylog (id INTEGER PRIMARY KEY, device_id INTEGER, payload TEXT, created_at TEXT);
INSERT INTO iot_heating_telemetrylog VALUES
  (1, 7, '{"state": "on", "temp_out": 8.7, "supply_temp": 61.5, "errors": []}', '2025-03-01 10:00:00'),
  (2, 7, '{"state": "off", "temp_out": "n/a", "supply_temp": 40}', '2025-03-01 10:30:00'),
  (3, 7, 'broken', '2025-03-01');
"""
PAKU = """
CREATE TABLE measurements (id INTEGER PRIMARY KEY, site_id TEXT, system TEXT, device_id TEXT, ts TEXT, metrics TEXT);
INSERT INTO measurements VALUES
  (1, 'van', 'ruuvi', 'inside', '2025-03-01T10:00:00Z', '{"temperature_c": 21.5, "note": "x"}'),
  (2, 'van', 'power', 'battery', '2025-03-01T10:01:00Z', '{"voltage_v": 13.2}');
CREATE TABLE ecoflow_measurements (id INTEGER PRIMARY KEY, device_sn TEXT, ts TEXT, soc_percent INTEGER,
  watts_out REAL);
INSERT INTO ecoflow_measurements VALUES (1, 'DCABZ', '2025-03-01T10:02:00Z', 80, 120.5);
"""
OLD_PAKU = """
CREATE TABLE measurements (id INTEGER PRIMARY KEY, sensor_id TEXT, ts TEXT, temperature_c REAL, humidity_percent REAL,
  battery_mv INTEGER, raw TEXT);
INSERT INTO measurements VALUES (1, 'van_inside', '2025-03-01T10:00:00Z', 21.5, NULL, 2900, '{}');
"""
INFLUX = """#group,false,false,true,true,false,false,true,true
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string
#default,_result,,,,,,,
,result,table,_start,_stop,_time,_value,_field,_measurement
,,0,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,2025-03-01T10:00:00Z,1200.5,total_act_power,shelly
,,0,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,2025-03-01T10:00:10Z,NaN,total_act_power,shelly

,result,table,_start,_stop,_time,_value,_field,_measurement
,,1,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,2025-03-01T10:00:00Z,31.5,supply_temp,viessmann
"""


@pytest.mark.parametrize(
    ("system", "script", "expected"),
    [
        (
            "smart-outlet-webapp",
            WEBAPP,
            {
                "FE/a/current": [1000.0, 2000.0],
                "FE/b/current": [0.0],
                "FD/a/current": [500.0],
                "01/main_current": [4200.0],
            },
        ),
        (
            "django-heating",
            HEATING,
            {"ESP32-001/state": [1.0, 0.0], "ESP32-001/temp_out": [8.7], "ESP32-001/supply_temp": [61.5, 40.0]},
        ),
        (
            "paku-iot",
            PAKU,
            {
                "van/ruuvi/inside/temperature_c": [21.5],
                "van/power/battery/voltage_v": [13.2],
                "home/ecoflow/DCABZ/soc_percent": [80.0],
                "home/ecoflow/DCABZ/watts_out": [120.5],
            },
        ),
        (
            "paku-iot",
            OLD_PAKU,
            {"paku/ruuvi/van_inside/temperature_c": [21.5], "paku/ruuvi/van_inside/battery_mv": [2900.0]},
        ),
    ],
)
def test_a_database_is_read(system: str, script: str, expected: dict[str, list[float]], tmp_path: Path) -> None:
    found: dict[str, list[float]] = {}
    for sample in READERS[system](Source(database(tmp_path, script))):
        found.setdefault(sample.key, []).append(sample.value)
        assert START <= sample.when < START + timedelta(hours=2)
    assert found == expected


def test_an_export_of_influxdb_is_read(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(INFLUX)
    found = list(READERS["heat-pump-monitoring"](Source(str(tmp_path / "export.csv"))))
    assert found == [
        Sample("shelly/total_act_power", START, 1200.5),
        Sample("viessmann/supply_temp", START, 31.5),
    ]


def test_tables_as_csv_files_are_read_in_their_time_zone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "outlets_outlet.csv").write_text("id,device_id\n1,FE\n")
    (tmp_path / "outlets_sensordata.csv").write_text(
        "id,outlet_id,current_a,current_b,timestamp\n1,1,1000,20,2025-03-01 12:00:00\n"
    )
    assert import_history.main(["list", "smart-outlet-webapp", str(tmp_path), "--time-zone", "Europe/Helsinki"]) == 0
    assert "FE/a/current\t1\t2025-03-01T10:00:00+00:00" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "paku-iot", "{tmp}/absent.csv"], "does not exist"),
        (["list", "paku-iot", "postgresql://me:hunter2@127.0.0.1:1/x"], "cannot be read: OperationalError"),
        (["list", "paku-iot", "postgresql://me:hunter2@127.0.0.1:1/x"], "port 1 failed"),
        (["list", "paku-iot", "postgresql://me:hunter2@127.0.0.1:port/x"], "address of the database is not valid"),
        (["list", "paku-iot", "sqlite:///{tmp}/absent.db"], "absent.db does not exist"),
        (["run", "paku-iot", "sqlite:///{tmp}/absent.db", "--map", "{tmp}/good.json"], "absent.db does not exist"),
        (["list", "paku-iot", "{tmp}"], "Nothing found"),
        (["list", "paku-iot", "{tmp}", "--time-zone", "Mars/Base"], "Mars/Base"),
        (["run", "paku-iot", "{tmp}", "--map", "{tmp}/map.json"], "is not a map"),
    ],
)
def test_what_is_wrong_is_reported(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HASS_TOKEN", "token")
    (tmp_path / "map.json").write_text('{"a": {"unit": "A"}}')
    (tmp_path / "good.json").write_text('{"a": {"sensor": "sensor.a"}}')
    assert import_history.main([item.format(tmp=tmp_path) for item in arguments]) == 1
    text = capsys.readouterr().err
    assert message in text
    assert "hunter2" not in text
    assert not (tmp_path / "absent.db").exists()


def test_a_token_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HASS_TOKEN", raising=False)
    (tmp_path / "map.json").write_text("{}")
    with pytest.raises(SystemExit) as ended:
        import_history.main(["run", "paku-iot", str(tmp_path), "--map", str(tmp_path / "map.json")])
    assert ended.value.code == 2
    assert "long-lived access token" in capsys.readouterr().err


def test_counters_continue_at_the_sum_that_is_there() -> None:
    values = [(0, 100.0), (30, 101.0), (60, 103.0), (120, 1.0), (180, 2.5)]
    samples = [Sample("e", START + timedelta(minutes=minute), value) for minute, value in values]
    target = Target("sensor.e", "kWh", is_counter=True)
    hours = collect(samples, {"e": target})["e"]
    alone = rows(hours, target, None, 0.0)
    assert [(row["state"], row["sum"]) for row in alone] == [(101.0, 1.0), (103.0, 3.0), (1.0, 4.0), (2.5, 5.5)]
    joined = rows(hours, target, START + timedelta(hours=3), 0.0)
    assert [row["sum"] for row in joined] == [-3.0, -1.0, 0.0]


def test_messages_get_into_the_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "archive.db"
    arguments = ["archive", "paku-iot", database(tmp_path, PAKU), "--database", f"sqlite:///{archive}"]
    assert import_history.main([*arguments, "--dry-run"]) == 0
    assert not archive.exists()
    assert import_history.main(arguments) == 0
    assert capsys.readouterr().out == "3 messages\n3 messages\n"
    with sqlite3.connect(archive) as connection:
        found = connection.execute("SELECT site, system, device, payload FROM measurements ORDER BY id").fetchall()
    payloads = {row[:3]: json.loads(row[3]) for row in found}
    assert payloads["van", "ruuvi", "inside"] == {"metrics": {"temperature_c": 21.5, "note": "x"}}
    assert {row[2] for row in found} == {"inside", "battery", "DCABZ"}
