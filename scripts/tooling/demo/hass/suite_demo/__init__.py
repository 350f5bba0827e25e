"""Demo only: writes the history of entities, so that charts are not empty at the first start.

The websocket command ``suite_demo/write_history`` writes states with their own timestamps, and hourly statistics, into
the recorder's database, in the recorder's own thread and in one transaction. It is not part of any release.
"""

import asyncio
from dataclasses import dataclass
import time
from typing import Any, override

from homeassistant.components import websocket_api
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.db_schema import States, StatesMeta, Statistics, StatisticsShortTerm
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType
import probatio as vol
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

DOMAIN = "suite_demo"
_FIVE_MINUTES_S = 300
CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the command."""
    websocket_api.async_register_command(hass, write_history)
    return True


@dataclass(slots=True)
class WriteHistory(RecorderTask):
    """Insert the history of entities, after the recorder committed its own session."""

    series: list[dict[str, Any]]
    done: asyncio.Future[int]
    loop: asyncio.AbstractEventLoop

    @override
    def run(self, instance: Recorder) -> None:
        """Write, in the recorder's thread."""
        try:
            with session_scope(session=instance.get_session()) as session:
                for item in self.series:
                    _write_states(instance, session, item["entity_id"], item["points"])
                    if item["statistics"] is not None:
                        _write_statistics(instance, session, item["statistics"], item["points"])
                # Otherwise the recorder returns nothing for times before its own start.
                instance.states_manager.load_from_db(session)
        except Exception as err:  # noqa: BLE001 - any error is reported to the caller
            self.loop.call_soon_threadsafe(self.done.set_exception, err)
        else:
            count = sum(len(item["points"]) for item in self.series)
            self.loop.call_soon_threadsafe(self.done.set_result, count)


def _write_states(instance: Recorder, session: Session, entity_id: str, points: list[list[Any]]) -> None:
    metadata_id = instance.states_meta_manager.get(entity_id, session, from_recorder=True)
    if metadata_id is None:
        row = StatesMeta(entity_id=entity_id)
        session.add(row)
        session.flush()
        metadata_id = row.metadata_id
    last = session.execute(
        select(States.attributes_id)
        .where(States.metadata_id == metadata_id)
        .order_by(States.last_updated_ts.desc())
        .limit(1)
    ).scalar()
    session.execute(
        insert(States),
        [
            {
                "metadata_id": metadata_id,
                "state": state,
                "attributes_id": last,
                "last_updated_ts": when,
                "last_reported_ts": when,
                "origin_idx": 0,
            }
            for when, state in points
        ],
    )


def _write_statistics(
    instance: Recorder, session: Session, statistics: dict[str, Any], points: list[list[Any]]
) -> None:
    """Write the hours that the recorder has not compiled itself. Rows: start, and the values by column."""
    manager = instance.statistics_meta_manager
    metadata = statistics["metadata"]
    known = manager.get_many(session, statistic_ids={metadata["statistic_id"]})
    _, metadata_id = manager.update_or_add(session, metadata, known)
    present = set(session.execute(select(Statistics.start_ts).where(Statistics.metadata_id == metadata_id)).scalars())
    now = time.time()
    if metadata["has_sum"]:
        _continue_sum(session, metadata_id, points, now)
    rows = [
        {"metadata_id": metadata_id, "created_ts": now, **row}
        for row in statistics["rows"]
        if row["start_ts"] not in present
    ]
    if rows:
        session.execute(insert(Statistics), rows)


def _continue_sum(session: Session, metadata_id: int, points: list[list[Any]], now: float) -> None:
    """Let the recorder's own sums follow those of the history: it continues from the last five minutes."""
    first = float(points[0][1])
    own = False
    for table in (Statistics, StatisticsShortTerm):
        ours = (table.metadata_id == metadata_id, table.sum.is_not(None))
        own |= session.execute(select(table.id).where(*ours).limit(1)).scalar() is not None
        session.execute(update(table).where(*ours).values(sum=table.sum + float(points[-1][1]) - first))
    if own:  # compiled since the entity was added
        return
    begin = now // _FIVE_MINUTES_S * _FIVE_MINUTES_S
    shown = next((float(state) for when, state in reversed(points) if when <= begin), first)
    row = {"metadata_id": metadata_id, "created_ts": now, "start_ts": begin - _FIVE_MINUTES_S}
    session.execute(insert(StatisticsShortTerm), [{**row, "state": shown, "sum": shown - first}])


_SERIES = vol.Schema(
    {
        vol.Required("entity_id"): cv.entity_id,
        vol.Required("points"): list,
        vol.Required("statistics"): vol.Any(None, dict),
    }
)


@websocket_api.require_admin
@websocket_api.websocket_command(
    {vol.Required("type"): "suite_demo/write_history", vol.Required("series"): [_SERIES]},
)
@websocket_api.async_response
async def write_history(hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: dict[str, Any]) -> None:
    """Write the history of entities: points of (Unix time, state), ascending, and hourly statistics."""
    done: asyncio.Future[int] = hass.loop.create_future()
    get_instance(hass).queue_task(WriteHistory(msg["series"], done, hass.loop))
    connection.send_result(msg["id"], {"written": await done})
