"""Commands to devices and their answers, as they go over the wire: no Home Assistant in here.

A command is a JSON object on `<device topic>/cmd`; the device reports its outcome on `<device topic>/event/ack` or as
`ack` in `<device topic>/state` (docs/telemetry.md). A device carries out an ID once, however often it receives it.
"""

from .commands import POLICY, Request, Status, StoredCommand, command_status, encode, restore, store
from .messages import Ack, State, parse_ack, parse_ack_message, parse_state

__all__ = [
    "POLICY",
    "Ack",
    "Request",
    "State",
    "Status",
    "StoredCommand",
    "command_status",
    "encode",
    "parse_ack",
    "parse_ack_message",
    "parse_state",
    "restore",
    "store",
]
