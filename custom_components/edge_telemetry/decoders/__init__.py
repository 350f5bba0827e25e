"""From what a device publishes to named values: no Home Assistant in here.

`decode` raises only DecodeError, which names the reason; `decode_capture` reads recorded messages.
"""

from .capture import decode_capture
from .device_clock import DeviceClock
from .device_types import DEVICE_TYPES, GENERIC, DeviceType, gateway_status_levels, type_of_device
from .dialects import Channel, Dialect, read_dialect
from .errors import DecodeError, Reason
from .events import event_types, is_event, parse_event
from .json_telemetry import MAX_BYTES, decode
from .mappings import ANY_DEVICE, MAX_MAPPINGS, MappingError, Mappings, MetricMapping, format_path, leaves_of, preview
from .message import Message, Value, is_number
from .metrics import METRICS, Kind, Metric, describe, without_unit
from .reading import FLAG_WORDS, is_placeholder
from .sequence import SequenceTracker
from .timestamps import MAX_AHEAD_S, pick_time, resolve_local_time
from .topics import MAX_LEVEL, Address, Match, TopicPattern, overlap
from .totals import TotalFilter
from .units import convert, find_unit

__all__ = [
    "ANY_DEVICE",
    "DEVICE_TYPES",
    "FLAG_WORDS",
    "GENERIC",
    "MAX_AHEAD_S",
    "MAX_BYTES",
    "MAX_LEVEL",
    "MAX_MAPPINGS",
    "METRICS",
    "Address",
    "Channel",
    "DecodeError",
    "DeviceClock",
    "DeviceType",
    "Dialect",
    "Kind",
    "MappingError",
    "Mappings",
    "Match",
    "Message",
    "Metric",
    "MetricMapping",
    "Reason",
    "SequenceTracker",
    "TopicPattern",
    "TotalFilter",
    "Value",
    "convert",
    "decode",
    "decode_capture",
    "describe",
    "event_types",
    "find_unit",
    "format_path",
    "gateway_status_levels",
    "is_event",
    "is_number",
    "is_placeholder",
    "leaves_of",
    "overlap",
    "parse_event",
    "pick_time",
    "preview",
    "read_dialect",
    "resolve_local_time",
    "type_of_device",
    "without_unit",
]
