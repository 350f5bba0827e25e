"""The check of a database that is entered in a form, and the table of measurements by serial number."""

import psycopg
import pytest

from lib import archive_form
from lib.archive import Aggregation, Archive, ArchiveSpec, Row
from lib.archive_form import check_database, unused_file
from tests.lib.archives import KEEP_ALL, NOON, around, rows_of, written

TABLE = "ecoflow_measurements"
KEYS = ("device_sn",)


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ([], "measurements.db"),
        (["other.db", "measurements_2.db"], "measurements.db"),
        (["measurements.db"], "measurements_2.db"),
        (["measurements.db", "measurements_3.db", "measurements_2.db"], "measurements_4.db"),
    ],
)
def test_the_first_file_that_is_not_taken_is_proposed(taken: list[str], expected: str) -> None:
    assert unused_file("measurements", taken) == expected


@pytest.mark.parametrize(
    ("url", "table", "errors"),
    [
        ("postgresql://x@127.0.0.1:1/x", "Über", {"archive_table": "table_invalid"}),
        ("postgresql://x@127.0.0.1:1/x", "1st", {"archive_table": "table_invalid"}),
        ("mysql://x", TABLE, {"archive_url": "url_invalid"}),
        ("sqlite:///x.db", TABLE, {"archive_url": "url_invalid"}),
        ("not a url", TABLE, {"archive_url": "url_invalid"}),
        ("postgresql://x@127.0.0.1:1/x", TABLE, {"base": "cannot_connect"}),
    ],
)
def test_what_cannot_be_used_is_named(url: str, table: str, errors: dict[str, str], socket_enabled: None) -> None:
    assert check_database(url, table)[0] == errors


def test_a_driver_that_does_not_load_is_an_error_of_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ImportError("no pq wrapper available.\nAttempts made: …")

    monkeypatch.setattr(archive_form, "make_engine", fail)
    expected = {"base": "cannot_connect"}, "no pq wrapper available."
    assert check_database("postgresql://x@127.0.0.1:1/x", TABLE) == expected


def test_measurements_by_serial_number_are_kept_in_postgresql(postgresql_url: str, socket_enabled: None) -> None:
    assert check_database(postgresql_url, TABLE, KEYS) == ({}, "")
    assert check_database(postgresql_url, TABLE, KEYS) == ({}, ""), "its own table is continued"
    archive = Archive(postgresql_url, ArchiveSpec(TABLE, KEYS), retention=KEEP_ALL)
    archive.start()
    payload = {"metrics": {"battery_level": 80, "name": "nul\0"}, "raw": {"pd.soc": 80}}
    written(archive, [Row(NOON.timestamp(), ("DCAB01",), payload, {"battery_level": 80.0})])
    (bucket,) = archive.buckets(around(keys={"device_sn": "DCAB01"}), Aggregation.HOUR)
    assert (bucket.keys, bucket.metric, bucket.mean) == ({"device_sn": "DCAB01"}, "battery_level", 80)
    archive.close()
    found = rows_of(postgresql_url, "SELECT device_sn, payload->'raw'->>'pd.soc' FROM ecoflow_measurements")
    assert found == [("DCAB01", "80")]


def test_a_table_of_another_program_is_left_alone(postgresql_url: str, socket_enabled: None) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {TABLE} (id bigserial, device_sn text, ts timestamptz, raw_data jsonb)")
    errors, detail = check_database(postgresql_url, TABLE, KEYS)
    assert errors == {"archive_table": "table_foreign"}
    assert "was not made by this program" in detail
    assert rows_of(postgresql_url, "SELECT count(*) FROM ecoflow_measurements") == [(0,)]
