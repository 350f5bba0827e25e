"""From what a device publishes to named values: no Home Assistant in here.

`decode` raises only DecodeError, which names the reason; `decode_capture` reads recorded messages.
"""

from .capture import decode_capture
from .device_types import DEVICE_TYPES, GENERIC, DeviceType, gateway_status_levels, type_of_device
from .errors import DecodeError, Reason
from .json_telemetry import decode
from .message import Message, Value
from .metrics import METRICS, Kind, Metric, describe
from .sequence import SequenceTracker
from .timestamps import pick_time
from .topics import Address, Channel, TopicPattern

__all__ = [
    "DEVICE_TYPES",
    "GENERIC",
    "METRICS",
    "Address",
    "Channel",
    "DecodeError",
    "DeviceType",
    "Kind",
    "Message",
    "Metric",
    "Reason",
    "SequenceTracker",
    "TopicPattern",
    "Value",
    "decode",
    "decode_capture",
    "describe",
    "gateway_status_levels",
    "pick_time",
    "type_of_device",
]
