"""The past of the home's sensors: a user's Home Assistant has had them for some days."""

from datetime import UTC, datetime, timedelta
from typing import Final

from ..demo import history, home
from ..demo.client import HomeAssistant

DAYS: Final = 10


async def import_past(ha: HomeAssistant) -> int:
    """Import the hourly statistics of the last days through Home Assistant's own command; return the number of hours.

    It has no states of these days, as a recorder that keeps them for a shorter time.
    """
    now = datetime.now(UTC)
    hours = 0
    for series in home.past([sample for sample in home.samples(now) if sample.when >= now - timedelta(days=DAYS)]):
        if series.unit is None or series.entity_id is None:
            continue
        found = history.statistics_of(series.entity_id, series)
        rows = [
            {"start": datetime.fromtimestamp(row["start_ts"], UTC).isoformat()}
            | {key: value for key, value in row.items() if key != "start_ts"}
            for row in found["rows"]
        ]
        await ha.call("recorder/import_statistics", metadata=found["metadata"], stats=rows)
        hours = max(hours, len(rows))
    return hours
