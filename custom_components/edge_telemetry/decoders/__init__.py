"""From what a device publishes to named values: no Home Assistant in here.

`decode` never fails but with a DecodeError that names the reason; `decode_capture` reads recorded messages.
"""

from .capture import decode_capture
from .derived import derive
from .errors import DecodeError, Reason
from .message import Message, Value
from .metrics import METRICS, Kind, Metric, describe
from .payload import decode
from .sequence import SequenceTracker
from .timestamps import pick_time
from .topics import Address, Channel, TopicPattern

__all__ = [
    "METRICS",
    "Address",
    "Channel",
    "DecodeError",
    "Kind",
    "Message",
    "Metric",
    "Reason",
    "SequenceTracker",
    "TopicPattern",
    "Value",
    "decode",
    "decode_capture",
    "derive",
    "describe",
    "pick_time",
]
