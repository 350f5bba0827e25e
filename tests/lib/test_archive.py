"""The archive on real databases."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import sqlite3
import subprocess
import sys
import textwrap
import time
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from sqlalchemy import text

from lib.archive import (
    Aggregation,
    Archive,
    ArchiveSpec,
    ArchiveUnavailableError,
    Message,
    Range,
    Row,
    parse_url,
)
from lib.archive_store import Store, make_engine
from lib.archive_tables import STEPS, as_json_text
from tests.lib.archives import KEEP_ALL, NOON, VAN, around, row, rows_of, until, written
from tests.postgresql import PostgresServer

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


# Addresses and names


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:////config/telemetry.db", "sqlite"),
        ("postgres://me:secret@db/home", "postgresql+psycopg"),
        ("postgresql://me:secret@db/home", "postgresql+psycopg"),
    ],
)
def test_urls_of_both_databases_are_understood(url: str, driver: str) -> None:
    assert parse_url(url).drivername == driver


@pytest.mark.parametrize(
    "url", ["", "no url", "sqlite://", "sqlite:///:memory:", "mysql://me@db/home", "postgresql+x://h/d"]
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"database|file"):
        parse_url(url)


@pytest.mark.parametrize("bad", ["", "1st", "drop table", "Robert'); --", "x" * 41])
def test_names_that_are_not_identifiers_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        ArchiveSpec(table=bad)
    with pytest.raises(ValueError, match="not a name"):
        ArchiveSpec(keys=("site", bad))


# Writing and reading


def test_a_message_comes_back_as_it_was(archive: Archive) -> None:
    payload = {"metrics": {"temperature_c": 21.5, "door": "open"}, "seq": 7, "ünïcode": "❄"}
    at = NOON + timedelta(milliseconds=123)
    written(archive, [Row(at.timestamp(), VAN, payload, {"temperature_c": 21.5})])
    assert list(archive.messages(around())) == [
        Message(at, {"site": "van", "system": "ruuvi", "device": "inside"}, payload)
    ]


def test_messages_are_found_by_range_and_key_oldest_first(archive: Archive) -> None:
    other = ("van", "ruuvi", "outside")
    written(archive, [row(NOON + timedelta(minutes=m), keys, t=m) for m in (30, 10, 20, 59) for keys in (VAN, other)])
    what = Range(start=NOON + timedelta(minutes=10), end=NOON + timedelta(minutes=59), keys={"device": "outside"})
    assert [message.payload["metrics"]["t"] for message in archive.messages(what)] == [10, 20, 30]
    assert [message.payload["metrics"]["t"] for message in archive.messages(what, limit=2)] == [10, 20]


def test_hours_count_average_and_bound_their_numbers(archive: Archive) -> None:
    written(archive, [row(NOON + timedelta(minutes=10 * n), t=float(n), h=50.0) for n in range(12)])
    first, second = archive.buckets(around(metrics=("t",)), Aggregation.HOUR)
    assert (first.ts, first.metric, first.n, first.mean, first.minimum, first.maximum) == (NOON, "t", 6, 2.5, 0.0, 5.0)
    assert (second.ts, second.n, second.mean) == (NOON + timedelta(hours=1), 6, 8.5)
    assert first.keys == {"site": "van", "system": "ruuvi", "device": "inside"}


def test_five_minutes_are_merged_over_several_batches(archive: Archive) -> None:
    for value in (1.0, 9.0, 5.0):
        written(archive, [row(NOON + timedelta(seconds=value), t=value)])
    (bucket,) = archive.buckets(around(), Aggregation.FIVE_MINUTES)
    assert (bucket.ts, bucket.n, bucket.mean, bucket.minimum, bucket.maximum) == (NOON, 3, 5.0, 1.0, 9.0)


def test_days_are_those_of_the_time_zone_also_when_one_has_23_hours(archive: Archive) -> None:
    rome = ZoneInfo("Europe/Rome")
    start = datetime(2026, 3, 28, tzinfo=rome)  # the clocks go forward on the 29th
    written(archive, [row(start.astimezone(UTC) + timedelta(hours=n), t=float(n)) for n in range(24 + 23 + 24)])
    days = archive.buckets(around(start, 200), Aggregation.DAY, zone=rome)
    assert [(day.ts.isoformat(), day.n) for day in days] == [
        ("2026-03-28T00:00:00+01:00", 24),
        ("2026-03-29T00:00:00+01:00", 23),
        ("2026-03-30T00:00:00+02:00", 24),
    ]
    assert (days[0].mean, days[0].minimum, days[0].maximum) == (11.5, 0.0, 23.0)
    assert len(archive.buckets(around(start, 200), Aggregation.DAY, zone=rome, limit=2)) == 2


def test_days_of_a_zone_off_the_hour_do_not_leak_into_each_other(archive: Archive) -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    midnight = datetime(2026, 3, 2, tzinfo=kolkata)
    written(archive, [row(midnight - timedelta(minutes=10), t=1.0), row(midnight + timedelta(minutes=10), t=2.0)])
    days = archive.buckets(around(midnight), Aggregation.DAY, zone=kolkata)
    assert [(day.ts.day, day.mean) for day in days] == [(1, 1.0), (2, 2.0)]


@pytest.mark.parametrize("aggregation", [Aggregation.FIVE_MINUTES, Aggregation.HOUR, Aggregation.DAY])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Rome", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_a_long_answer_in_portions_is_the_one_at_once(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, *, aggregation: Aggregation, zone: str
) -> None:
    """Two weeks over a change of the clocks, with a gap, a few buckets at a time."""
    start = datetime(2026, 3, 27, tzinfo=UTC)
    times = [start + timedelta(minutes=37 * n) for n in range(400) if not 100 < n < 200]
    written(archive, [row(at, ("van", "env", f"d{n % 3}"), t=float(n)) for n, at in enumerate(times)])
    what = Range(start=start - timedelta(days=900), end=start + timedelta(days=30))
    at_once = archive.buckets(what, aggregation, zone=ZoneInfo(zone))
    monkeypatch.setattr("lib.archive_query._FETCH_BUCKETS", 50)
    assert list(archive.each_bucket(what, aggregation, zone=ZoneInfo(zone))) == at_once
    assert sum(bucket.n for bucket in at_once) == len(times)
    assert len({(bucket.ts, *bucket.keys.values()) for bucket in at_once}) == len(at_once)


def test_a_range_without_a_zone_and_raw_buckets_are_refused(archive: Archive) -> None:
    with pytest.raises(ValueError, match="zone"):
        Range(start=datetime(2026, 1, 1), end=NOON)  # noqa: DTZ001
    until(lambda: archive.status.connected)
    with pytest.raises(ValueError, match="messages"):
        archive.buckets(around(), Aggregation.RAW)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.integers(0, 7200), st.sampled_from("ab"), st.floats(-1e9, 1e9)), min_size=1, max_size=60)
)
def test_the_hours_match_the_messages_for_any_writes(store: Store, rows: list[tuple[int, str, float]]) -> None:
    """The rollup against a sum over the raw messages through the database's own JSON functions."""
    with store.engine.begin() as connection:
        for table in (store.tables.raw, store.tables.rollup):
            connection.execute(table.delete())
    for part in (rows[::2], rows[1::2]):
        if part:
            assert store.write([row(NOON + timedelta(seconds=s), **{metric: value}) for s, metric, value in part]) == 0
    with store.engine.connect() as connection:
        from_messages = connection.execute(
            text(
                "SELECT metric, count(*), min(value), max(value), avg(value) FROM measurements_values "
                "GROUP BY metric ORDER BY metric"
            )
        ).all()
        from_rollup = connection.execute(
            text(
                "SELECT metric, sum(n), min(minimum), max(maximum), sum(mean * n) / sum(n) FROM measurements_day "
                "GROUP BY metric ORDER BY metric"
            )
        ).all()
    assert len(from_messages) == len(from_rollup)
    for left, right in zip(from_messages, from_rollup, strict=True):
        assert tuple(left[:4]) == (right[0], int(right[1]), *right[2:4])
        assert left[4] == pytest.approx(right[4], rel=1e-9, abs=1e-3)


def test_views_show_time_as_instant_and_as_epoch(archive: Archive, database_url: str) -> None:
    written(
        archive,
        [row(NOON, t=1.5), Row(NOON.timestamp(), VAN, '{"metrics": 5}', {}), Row(NOON.timestamp(), VAN, "[1]", {})],
    )
    for view in ("values", "5min", "hour"):
        ((ts, at, *keys, metric),) = rows_of(
            database_url,
            f"SELECT ts, time, site, system, device, metric FROM measurements_{view}",  # noqa: S608
        )
        assert datetime.fromisoformat(str(ts)) == NOON
        assert (float(at), tuple(keys), metric) == (NOON.timestamp(), VAN, "t")


def test_a_number_that_is_too_small_to_hold_costs_no_other(archive: Archive, database_url: str) -> None:
    texts = (
        "1e-400",
        "-1e-320",
        "5e-324",
        "2.225073858507203e-309",
        "1.7e308",
        "0." + "3" * 320,
        "12345678901234567890123",
    )
    written(archive, [Row(NOON.timestamp(), VAN, f'{{"metrics": {{"t": {text}}}}}', {}) for text in texts])
    found = [value for (value,) in rows_of(database_url, "SELECT value FROM measurements_values")]
    assert [float(value) for value in found] == [float(text) for text in texts]


def test_views_that_people_built_on_ours_survive_an_upgrade(postgresql_url: str) -> None:
    store = Store(make_engine(parse_url(postgresql_url)), ArchiveSpec())
    store.prepare()
    store.write([row(NOON, t=1.0)])
    with store.engine.begin() as connection:
        connection.execute(text("CREATE VIEW of_mine AS SELECT * FROM measurements_hour"))
        connection.execute(text("UPDATE measurements_schema SET version = 3"))
    store.prepare()
    store.close()
    assert rows_of(postgresql_url, "SELECT metric, n FROM of_mine") == [("t", 1)]
    assert rows_of(postgresql_url, "SELECT version FROM measurements_schema") == [(len(STEPS),)]


def test_numbers_at_the_top_of_the_payload_can_be_meant(database_url: str) -> None:
    archive = Archive(
        database_url, ArchiveSpec("telemetry_log", ("building", "device"), values_at=""), retention=KEEP_ALL
    )
    archive.start()
    written(archive, [Row(NOON.timestamp(), ("12", "ESP32-001"), {"temp_out": 8.7, "state": "on"}, {"temp_out": 8.7})])
    archive.close()
    assert rows_of(database_url, "SELECT building, device, metric, value FROM telemetry_log_values") == [
        ("12", "ESP32-001", "temp_out", 8.7)
    ]


def test_two_archives_share_a_database(database_url: str) -> None:
    one, two = (Archive(database_url, ArchiveSpec(name), retention=KEEP_ALL) for name in ("one", "two"))
    for archive in (one, two):
        archive.start()
    for archive in (one, two):
        written(archive, [row(NOON, t=1.0)])
    assert [len(list(archive.messages(around()))) for archive in (one, two)] == [1, 1]
    one.close()
    two.close()


# Rows that no database takes


@pytest.mark.parametrize(
    "poison",
    [
        Row(1e20, VAN, "{}", {}),
        Row(float("nan"), VAN, "{}", {}),
        Row(0.0, ("too", "few"), "{}", {}),
        Row(0.0, VAN, {"no": object()}, {}),
        Row(0.0, VAN, "{not json", {}),
        Row(0.0, ("a", "b", "\ud800"), "{}", {}),
    ],
)
def test_a_row_that_cannot_be_stored_costs_no_other(archive: Archive, poison: Row) -> None:
    good = [row(NOON + timedelta(seconds=n), t=float(n)) for n in range(10)]
    written(archive, [*good[:5], poison, *good[5:]])
    assert (archive.status.written, archive.status.rejected) == (10, 1)
    (bucket,) = archive.buckets(around(), Aggregation.HOUR)
    assert bucket.n == 10


def test_nul_characters_and_infinite_numbers_are_left_out(archive: Archive) -> None:
    written(archive, [Row(NOON.timestamp(), VAN, '{"a\\u0000": ["x\\u0000y", 1]}', {"t": float("inf"), "u": 1.0})])
    assert [message.payload for message in archive.messages(around())] == [{"a": ["xy", 1]}]
    assert [bucket.metric for bucket in archive.buckets(around(), Aggregation.HOUR)] == ["u"]


def test_numbers_beyond_64_bits_cost_nothing(archive: Archive) -> None:
    """What JSON calls a number may be larger than what a database calls an integer."""
    largest = 2**64 - 1
    written(archive, [row(NOON, t=largest), row(NOON, t=largest)])
    assert (archive.status.written, archive.status.rejected) == (2, 0)
    (bucket,) = archive.buckets(around(), Aggregation.HOUR)
    assert (bucket.n, bucket.maximum) == (2, float(largest))


def test_a_backslash_before_u0000_is_kept() -> None:
    assert json.loads(as_json_text({"path": "\\u0000"})) == {"path": "\\u0000"}


# Queue, loss and return of the database


def test_a_full_queue_drops_the_oldest_and_counts(database_url: str) -> None:
    archive = Archive(database_url, retention=KEEP_ALL, queue_rows=5)
    for n in range(8):
        archive.put(row(NOON + timedelta(seconds=n), t=float(n)))
    assert (archive.status.queued, archive.status.dropped) == (5, 3)
    archive.start()
    until(lambda: archive.status.written == 5)
    assert [message.payload["metrics"]["t"] for message in archive.messages(around())] == [3, 4, 5, 6, 7]
    archive.close()


def test_closing_writes_what_is_queued(database_url: str) -> None:
    archive = Archive(database_url, retention=KEEP_ALL)
    archive.start()
    for n in range(5000):
        archive.put(row(NOON, t=float(n)))
    archive.close()
    assert (archive.status.written, archive.status.queued) == (5000, 0)
    archive.put(row(NOON, t=0.0))
    assert archive.status.dropped == 1
    assert rows_of(database_url, "SELECT count(*) FROM measurements") == [(5000,)]


def test_an_archive_that_never_started_closes() -> None:
    Archive("sqlite:////nowhere/at/all.db").close()


def test_an_unavailable_database_is_logged_once_and_does_not_delay_closing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    changes = []
    archive = Archive(f"sqlite:///{tmp_path}/missing/a.db", on_change=lambda: changes.append(archive.status.connected))
    archive.start()
    archive.put(row(NOON, t=1.0))
    until(lambda: archive.status.last_error is not None)
    with pytest.raises(ArchiveUnavailableError, match="unable to open"):
        archive.buckets(around(), Aggregation.HOUR)
    with pytest.raises(ArchiveUnavailableError, match="unable to open"):
        list(archive.messages(around()))
    started = time.monotonic()
    archive.close()
    assert time.monotonic() - started < 60
    assert (archive.status.written, archive.status.dropped) == (0, 1)
    assert caplog.text.count("the database is not available") == 1
    assert changes == [False]


def test_a_database_that_appears_later_gets_what_waited(tmp_path: Path) -> None:
    changes = []
    folder = tmp_path / "late"
    archive = Archive(
        f"sqlite:///{folder}/a.db", retention=KEEP_ALL, on_change=lambda: changes.append(archive.status.connected)
    )
    archive.start()
    archive.put(row(NOON, t=1.0))
    until(lambda: archive.status.last_error is not None)
    folder.mkdir()
    until(lambda: archive.status.written == 1)
    assert changes == [False, True]
    assert archive.status.last_error is None
    archive.close()


def test_a_crashed_postgresql_is_found_again_without_loss(
    postgresql: PostgresServer, postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    archive = Archive(postgresql_url, retention=KEEP_ALL)
    archive.start()
    written(archive, [row(NOON, t=0.0)])
    postgresql.stop()
    try:
        for n in range(1, 4):
            archive.put(row(NOON + timedelta(seconds=n), t=float(n)))
        until(lambda: not archive.status.connected)
        with pytest.raises(ArchiveUnavailableError):
            archive.size()
    finally:
        postgresql.start()
    until(lambda: archive.status.written == 4)
    assert [message.payload["metrics"]["t"] for message in archive.messages(around())] == [0, 1, 2, 3]
    (bucket,) = archive.buckets(around(), Aggregation.HOUR)
    assert bucket.n == 4
    archive.close()
    assert caplog.text.count("the database is not available") == 1
    assert caplog.text.count("again") == 1


def test_a_question_to_a_database_that_just_died_is_answered_as_unavailable(
    postgresql: PostgresServer, postgresql_url: str
) -> None:
    archive = Archive(postgresql_url, retention=KEEP_ALL)
    archive.start()
    written(archive, [row(NOON, t=0.0)])
    postgresql.stop()
    try:
        assert archive.status.connected  # nothing was written since, so it was not noticed
        for ask in (
            lambda: archive.buckets(around(), Aggregation.HOUR),
            lambda: list(archive.messages(around())),
            archive.size,
        ):
            with pytest.raises(ArchiveUnavailableError):
                ask()
    finally:
        postgresql.start()
    archive.close()


@pytest.mark.parametrize("damage", ["begin", "middle"])
def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "a.db"
    archive = Archive(f"sqlite:///{file}", retention=KEEP_ALL)
    archive.start()
    written(archive, [row(NOON + timedelta(seconds=n), t=float(n)) for n in range(3000)])
    archive.close()
    content = bytearray(file.read_bytes())
    start = 0 if damage == "begin" else 4096
    content[start : start + 40960] = b"\xff" * 40960
    file.write_bytes(content)
    archive = Archive(f"sqlite:///{file}", retention=KEEP_ALL)
    archive.start()
    written(archive, [row(NOON, t=1.0)])
    assert len(list(archive.messages(around()))) == 1
    archive.close()
    (aside,) = (found for found in tmp_path.glob("a.db.corrupt.*") if "-" not in found.suffix)
    assert b"\xff" * 4096 in aside.read_bytes()
    assert "is damaged" in caplog.text


def test_a_killed_process_loses_at_most_the_last_second(tmp_path: Path) -> None:
    """Real kill -9 of a process that writes; every row older than a second must be in the file."""
    program = textwrap.dedent(
        f"""
        import os, time
        from lib.archive import Archive, Row
        archive = Archive("sqlite:///{tmp_path}/a.db")
        archive.start()
        end = time.time() + 3
        while time.time() < end:
            archive.put(Row(time.time(), ("a", "b", "c"), "{{}}", {{}}))
            time.sleep(0.005)
        print(time.time(), flush=True)
        os.kill(os.getpid(), 9)
        """
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    killed_at = float(done.stdout)
    assert done.returncode == -9
    connection = sqlite3.connect(tmp_path / "a.db")
    (last,) = connection.execute("SELECT unixepoch(max(ts), 'subsec') FROM measurements").fetchone()
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert killed_at - last < 1.0


def test_a_bug_is_logged_and_stops_the_thread(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("listener broke")

    archive = Archive(f"sqlite:///{tmp_path}/a.db", on_change=None)
    archive._on_change = fail
    archive._thread.run = _quiet(archive._thread.run)  # type: ignore[method-assign]
    archive.start()
    archive._thread.join(10)
    assert "has stopped" in caplog.text
    archive.put(row(NOON, t=1.0))
    assert archive.status.dropped == 1


def _quiet(run: Callable[[], None]) -> Callable[[], None]:
    def wrapped() -> None:
        with suppress(RuntimeError):
            run()

    return wrapped
