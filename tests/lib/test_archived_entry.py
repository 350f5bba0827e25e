"""The archive of a config entry: its address and limits, outages of the database, and what an action reads."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from lib.archive import Aggregation, ArchiveUnavailableError
from lib.archive_access import ArchiveReader
from lib.archived_entry import (
    QUERY_FIELDS,
    REPAIR_AFTER_S,
    ArchivedEntry,
    archive_url,
    async_query,
    async_run,
    read_range,
    readable_unique_ids,
)
from tests.lib.archives import NOON, VAN, row, written

KEYS = ("site", "system", "device")
SETTINGS = {
    "archive": "sqlite",
    "archive_url": "x.db",
    "archive_table": "measurements",
    "raw_days": 7,
    "fine_days": 0,
    "max_megabytes": 3,
}


class Database:
    """In the place of an archive: there or away."""

    def __init__(self) -> None:
        self.connected = False
        self.last_error: str | None = "no route"
        self.is_closed = False

    @property
    def status(self) -> Database:
        return self

    def start(self) -> None:
        """Nothing is to be opened."""

    def close(self) -> None:
        self.is_closed = True


class Link:
    """The archive of an entry, with a database of the test's own and what was reported."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.reported: list[str | None] = []
        self.heard = 0
        self.entry = ArchivedEntry(hass, {}, KEYS, on_outage=self.reported.append)
        self.database = Database()
        self.entry.archive = self.database  # type: ignore[assignment]
        self.entry.listeners.append(self._hear)

    def _hear(self) -> None:
        self.heard += 1

    async def later(self, seconds: float) -> None:
        async_fire_time_changed(self.hass, dt_util.utcnow() + timedelta(seconds=seconds))
        await self.hass.async_block_till_done()


@pytest.fixture
def link(hass: HomeAssistant) -> Link:
    """One whose database is away."""
    return Link(hass)


@pytest.fixture
def archived(hass: HomeAssistant, tmp_path: Path) -> Iterator[ArchivedEntry]:
    """An archive in a file with a row of two metrics and one of another device."""
    hass.config.config_dir = str(tmp_path)
    found = ArchivedEntry(hass, {**SETTINGS, "raw_days": 0}, KEYS, on_outage=lambda _error: None)
    found.start()
    archive = found.archive
    assert archive is not None
    rows = [row(NOON, t=21.5, h=40.0), row(NOON + timedelta(minutes=1), ("van", "ruuvi", "outside"), t=5.0)]
    written(archive, rows)
    yield found
    archive.close()


def call(hass: HomeAssistant, **data: Any) -> ServiceCall:
    """A call of an action, validated."""
    fields = {"start": NOON - timedelta(hours=1), "end": NOON + timedelta(hours=1), **data}
    return ServiceCall(hass, "test", "query", vol.Schema(QUERY_FIELDS)(fields))


def test_the_settings_make_the_archive(hass: HomeAssistant) -> None:
    archive = ArchivedEntry(hass, SETTINGS, KEYS, on_outage=lambda _error: None).archive
    assert archive is not None
    assert (archive.url.database, archive.spec.keys) == (hass.config.path("x.db"), KEYS)
    retention = archive.retention
    assert (retention.raw_days, retention.fine_days, retention.max_bytes) == (7, None, 3_000_000)
    postgresql = {"archive": "postgresql", "archive_url": "postgresql://x@y/z"}
    assert archive_url(hass, postgresql) == "postgresql://x@y/z"


async def test_without_an_archive_nothing_is_opened(hass: HomeAssistant) -> None:
    reported: list[str | None] = []
    for settings in ({}, {"archive": "off"}):
        entry = ArchivedEntry(hass, settings, KEYS, on_outage=reported.append)
        entry.start()
        entry._changed()
        assert entry.archive is None
        await entry.async_stop()
    assert reported == [None, None]


async def test_a_database_that_stays_away_is_reported_until_it_is_back(link: Link) -> None:
    link.entry.start()
    link.entry._changed_in_thread()
    await link.hass.async_block_till_done()
    link.entry._changed()
    assert link.reported == []
    await link.later(REPAIR_AFTER_S + 1)
    assert link.reported == ["no route"]
    link.database.connected = True
    link.entry._changed()
    assert (link.reported, link.heard) == (["no route", None], 3)


async def test_an_error_without_a_text_is_reported_too(link: Link) -> None:
    link.database.last_error = None
    link.entry._changed()
    await link.later(REPAIR_AFTER_S + 1)
    assert link.reported == ["?"]


async def test_a_restart_of_the_database_is_not_reported(link: Link) -> None:
    link.entry._changed()
    link.database.connected = True  # the notice comes later
    await link.later(REPAIR_AFTER_S + 1)
    assert link.reported == []


async def test_after_the_end_nothing_is_reported(link: Link) -> None:
    link.entry._changed()
    await link.entry.async_stop()
    link.entry._changed()
    link.entry._raise_repair(None)
    await link.later(REPAIR_AFTER_S + 1)
    assert (link.reported, link.database.is_closed, link.heard) == ([None], True, 1)
    link.entry._hass = SimpleNamespace(loop=SimpleNamespace(is_closed=lambda: True))  # type: ignore[assignment]
    link.entry._changed_in_thread()


async def test_a_query_returns_messages_or_periods(hass: HomeAssistant, archived: ArchivedEntry) -> None:
    archive = archived.archive
    assert archive is not None

    async def query(readable: Any = None, **data: Any) -> dict[str, Any]:
        asked = call(hass, **data)
        return await async_query(asked, archive, read_range(asked, {}, "test", "empty"), readable, "test")

    raw = await query(aggregation="raw")
    assert [found["metrics"] for found in raw["rows"]] == [{"t": 21.5, "h": 40.0}, {"t": 5.0}]
    assert (raw["count"], raw["truncated"]) == (2, False)
    assert [found["metrics"] for found in (await query(aggregation="raw", metrics=["h"]))["rows"]] == [{"h": 40.0}]
    assert (await query(aggregation="raw", limit=1))["truncated"] is True
    hours = await query(limit=2)
    assert (len(hours["rows"]), hours["truncated"]) == (2, True)
    assert {found["metric"] for found in (await query())["rows"]} == {"t", "h"}
    # A user reads what the entities show.
    allowed = {VAN: frozenset({"h"})}
    assert [found["metrics"] for found in (await query(allowed, aggregation="raw"))["rows"]] == [{"h": 40.0}]
    (mean,) = (await query(allowed))["rows"]
    assert (mean["device"], mean["metric"], mean["n"], mean["mean"]) == ("inside", "h", 1, 40.0)


def test_times_of_a_call(hass: HomeAssistant) -> None:
    found = read_range(call(hass, start="2026-03-01T01:00:00", metrics="t"), {"device": "x"}, "test", "empty")
    assert found.start.tzinfo is not None
    assert (found.end, found.keys, found.metrics) == (NOON + timedelta(hours=1), {"device": "x"}, ("t",))
    with pytest.raises(ServiceValidationError) as error:
        read_range(call(hass, end=NOON - timedelta(hours=2)), {}, "test", "range_empty")
    assert (error.value.translation_domain, error.value.translation_key) == ("test", "range_empty")
    schema = vol.Schema(QUERY_FIELDS)
    assert schema({"start": NOON})["aggregation"] is Aggregation.HOUR
    for wrong in ({"aggregation": "x"}, {"limit": 0}, {"limit": 50_001}):
        with pytest.raises(vol.Invalid):
            schema({"start": NOON, **wrong})


async def test_a_database_that_cannot_be_read_is_an_error_of_the_action(hass: HomeAssistant) -> None:
    def fail() -> None:
        raise ArchiveUnavailableError("no route")

    with pytest.raises(HomeAssistantError) as error:
        await async_run(hass, fail, "test")
    assert (error.value.translation_key, error.value.translation_placeholders) == (
        "archive_unavailable",
        {"error": "no route"},
    )


def test_the_entities_of_an_entry_that_may_be_read(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(domain="test")
    entry.add_to_hass(hass)
    registry = er.async_get(hass)
    for unique_id in ("a", "b"):
        registry.async_get_or_create("sensor", "test", unique_id, config_entry=entry)
    assert readable_unique_ids(hass, entry.entry_id, ArchiveReader(None, Context())) == {"a", "b"}
