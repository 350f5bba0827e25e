"""Every query of the Grafana dashboard runs on a real archive."""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
from typing import Any

import psycopg
import pytest

from lib.archive_bulk import Row
from lib.archive_spec import ArchiveSpec
from lib.archive_store import Store, make_engine, parse_url
from tests.lib.conftest import postgresql, postgresql_url  # noqa: F401

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

DASHBOARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs/grafana/edge_telemetry.json").read_text("utf-8")
)
QUERIES = {panel["title"]: panel["targets"][0]["rawSql"] for panel in DASHBOARD["panels"]} | {
    f"variable {variable['name']}": variable["query"]
    for variable in DASHBOARD["templating"]["list"]
    if variable["type"] == "query"
}
NOW = datetime.now(UTC)


def as_grafana_sends_it(query: str) -> str:
    """What Grafana's PostgreSQL source makes of its macros and variables."""
    start, end = (NOW - timedelta(days=1)).isoformat(), (NOW + timedelta(days=1)).isoformat()
    query = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 BETWEEN '{start}' AND '{end}'", query)
    query = re.sub(r"\$__timeGroupAlias\((\w+), '1h'\)", r'floor(extract(epoch from \1)/3600)*3600 AS "time"', query)
    for variable, value in (("site", "'van'"), ("device", "'one', 'two'"), ("metric", "'temperature_c'")):
        query = query.replace(f"${{{variable}:sqlstring}}", value)
    assert "$" not in query
    return query


@pytest.fixture
def archive_url(postgresql_url: str) -> str:  # noqa: F811
    """A database with every metric that the dashboard shows."""
    store = Store(make_engine(parse_url(postgresql_url)), ArchiveSpec())
    store.prepare()
    names = set(re.findall(r"'(\w+_(?:c|percent|hpa|mv|w))'", " ".join(QUERIES.values())))
    metrics = dict.fromkeys(names, 5.0)
    text = json.dumps({"metrics": metrics})
    store.write([Row(NOW.timestamp(), ("van", "env", device), text, metrics) for device in ("one", "two")])
    store.close()
    return postgresql_url


@pytest.mark.parametrize("title", QUERIES)
def test_a_panels_query_finds_its_rows(archive_url: str, title: str) -> None:
    with psycopg.connect(archive_url) as connection:
        rows = connection.execute(as_grafana_sends_it(QUERIES[title])).fetchall()  # type: ignore[arg-type]
    assert rows
