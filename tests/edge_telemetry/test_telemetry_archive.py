"""The repair issue of an unavailable database, and the archived rows."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import orjson
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.edge_telemetry._lib.archive import Row
from custom_components.edge_telemetry.const import DOMAIN
from custom_components.edge_telemetry.decoders import Address, Message
from custom_components.edge_telemetry.telemetry_archive import TelemetryArchive

ISSUE = "archive_unavailable_01EDGE"
HERE = Address("home", "cellar", "telemetry")


class Database:
    """In the place of an archive: there or away, with what was put into it."""

    def __init__(self) -> None:
        self.connected = False
        self.last_error = "no route"
        self.rows: list[Row] = []

    @property
    def status(self) -> Database:
        return self

    def put(self, row: Row) -> None:
        self.rows.append(row)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def database() -> Database:
    """One that is away."""
    return Database()


@pytest.fixture
def link(hass: HomeAssistant, database: Database) -> Any:
    """A link to it."""
    link = TelemetryArchive(hass, "01EDGE", "Edge", {}, {})
    link.archive = database  # type: ignore[assignment]
    return link


async def later(hass: HomeAssistant, seconds: float) -> None:
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await hass.async_block_till_done()


async def test_a_database_that_stays_away_raises_an_issue_that_goes_when_it_is_back(
    hass: HomeAssistant, link: Any, database: Database, issue_registry: ir.IssueRegistry
) -> None:
    heard = []
    link.listeners.append(lambda: heard.append(database.connected))
    link._changed()
    link._changed()  # one timer, however many notices come
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None
    await later(hass, 301)
    assert issue_registry.async_get_issue(DOMAIN, ISSUE)
    database.connected = True
    link._changed()
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None
    link._changed()  # still there: nothing to take back
    assert heard == [False, False, True, True]


async def test_a_restart_of_the_database_raises_no_issue(
    hass: HomeAssistant, link: Any, database: Database, issue_registry: ir.IssueRegistry
) -> None:
    link._changed()
    database.connected = True  # its news have not come through when the time is over
    await later(hass, 301)
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None


async def test_a_notice_after_the_end_is_ignored(
    hass: HomeAssistant, link: Any, issue_registry: ir.IssueRegistry
) -> None:
    heard = []
    link.listeners.append(lambda: heard.append(1))
    link._changed()
    await link.async_stop()
    link._changed()
    link._raise_repair(None)
    await later(hass, 301)
    await link.async_stop()
    assert heard == [1]
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None


def test_a_message_is_archived_as_received_or_with_the_decoded_metrics(link: Any, database: Database) -> None:
    raw = b'{"t": 21.5, "on": true, "mode": "eco"}'
    metrics: dict[str, Any] = {"t": 21.5, "n": 3, "on": True, "mode": "eco"}
    link.put(HERE, 5.0, raw, Message(metrics), {"derived": 1.5, "text": "x"})
    link.put(HERE, 6.0, b"\x00", Message(metrics, original={"oid": 7}), {})
    numbers = {"t": 21.5, "n": 3}
    first, second = database.rows
    assert (first.numbers, second.numbers) == (numbers | {"derived": 1.5}, numbers)
    assert first.payload == raw.decode()
    assert orjson.loads(str(second.payload)) == {"metrics": metrics, "raw": {"oid": 7}}


def test_without_an_archive_nothing_is_kept(hass: HomeAssistant) -> None:
    link = TelemetryArchive(hass, "01EDGE", "Edge", {}, {})
    link.start()
    link.put(HERE, 5.0, b"{}", Message({}), {})
    assert link.archive is None
