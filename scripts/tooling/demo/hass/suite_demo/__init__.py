"""Demo only: writes the history of entities, so that charts are not empty at the first start.

The websocket command ``suite_demo/write_history`` writes states with their own timestamps into the recorder's
database, in the recorder's own thread. It is not part of any release.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components import websocket_api
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.db_schema import States, StatesMeta
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType
import probatio as vol
from sqlalchemy import insert, select

DOMAIN = "suite_demo"
CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the command."""
    websocket_api.async_register_command(hass, write_history)
    return True


@dataclass(slots=True)
class WriteHistory(RecorderTask):
    """Insert the history of one entity, after the recorder committed its own session."""

    entity_id: str
    points: list[list[Any]]
    done: asyncio.Future[int]
    loop: asyncio.AbstractEventLoop

    @override
    def run(self, instance: Recorder) -> None:
        """Write, in the recorder's thread."""
        try:
            with session_scope(session=instance.get_session()) as session:
                metadata_id = instance.states_meta_manager.get(self.entity_id, session, from_recorder=True)
                if metadata_id is None:
                    row = StatesMeta(entity_id=self.entity_id)
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
                        for when, state in self.points
                    ],
                )
                # Otherwise the recorder returns nothing for times before its own start.
                instance.states_manager.load_from_db(session)
        except Exception as err:  # noqa: BLE001 - any error is reported to the caller
            self.loop.call_soon_threadsafe(self.done.set_exception, err)
        else:
            self.loop.call_soon_threadsafe(self.done.set_result, len(self.points))


@websocket_api.require_admin
@websocket_api.websocket_command(
    {
        vol.Required("type"): "suite_demo/write_history",
        vol.Required("entity_id"): cv.entity_id,
        vol.Required("points"): list,
    }
)
@websocket_api.async_response
async def write_history(hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: dict[str, Any]) -> None:
    """Write the history of one entity: points of (Unix time, state), ascending."""
    done: asyncio.Future[int] = hass.loop.create_future()
    get_instance(hass).queue_task(WriteHistory(msg["entity_id"], msg["points"], done, hass.loop))
    connection.send_result(msg["id"], {"written": await done})
