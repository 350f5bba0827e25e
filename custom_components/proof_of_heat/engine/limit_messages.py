"""What limits the sources in a cycle, apart from power: availability, minimum times, deferred writes."""

from collections.abc import Iterator, Mapping

from .messages import Message, MessageCode, message
from .operating_points import OperatingPoint
from .short_cycle import RunLocks
from .snapshot import SourceSnapshot

_TOLERANCE_W = 50.0


def why_unavailable(reading: SourceSnapshot) -> MessageCode:
    """Return why a source cannot be commanded."""
    if not reading.was_read:
        return MessageCode.NOT_READ
    return MessageCode.NO_ANSWER if reading.steerable else MessageCode.ONLY_READ


def time_limits(
    chosen: Mapping[str, OperatingPoint],
    locks: Mapping[str, RunLocks],
    readings: Mapping[str, SourceSnapshot],
    heat_w: float,
) -> Iterator[Message]:
    """Yield what time limits do to the requested heat: sources that must stay on or off, and writes that wait.

    Args:
        chosen: The points of the available sources.
        locks: Their minimum times.
        readings: Their reports.
        heat_w: The heat that is requested.
    """
    missing_w = heat_w - sum(point.heat_w for point in chosen.values())
    for source_id, point in chosen.items():
        lock, reading = locks.get(source_id, RunLocks()), readings.get(source_id)
        if lock.must_rest and missing_w > _TOLERANCE_W:
            yield message(MessageCode.MUST_REST, source=source_id)
        if lock.must_run and point.level > 0 and missing_w < -_TOLERANCE_W:
            yield message(MessageCode.MUST_RUN, source=source_id)
        if reading is not None and reading.write_deferred:
            yield message(MessageCode.WRITE_DEFERRED, source=source_id)
