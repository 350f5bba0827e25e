"""Shelly energy meters of the first generation (3EM, EM): one status document over HTTP.

Facts: Shelly's Gen1 API documentation. `/shelly` names the type without a password; `/status` has `emeters`, each with
power in W (negative while it feeds in), `is_valid`, and counters `total` and `total_returned` in Wh, per phase or
clamp. `unixtime` is 0 without a time server. With a password: basic authentication.
"""

from datetime import UTC, datetime
from typing import Any, Final

from ..errors import BadReplyError
from ..values import at, number_at, rows_at
from .reading import MeterReading

MODELS: Final = {"SHEM-3": "3EM", "SHEM": "EM"}
"""By the `type` of `/shelly`."""
_KILO: Final = 1e-3


def is_gen1_status(status: object) -> bool:
    """Return whether a document is the status of a meter of the first generation."""
    return bool(rows_at(status, "emeters"))


def decode_gen1_status(status: Any, now: datetime) -> MeterReading:
    """Return the reading of `/status`; a missing time is `now`.

    Raises:
        BadReplyError: the status has no meter, or one that does not measure.
    """
    rows = rows_at(status, "emeters")
    if not rows:
        raise BadReplyError("the status has no energy meter")
    powers = tuple(None if at(row, "is_valid") is False else number_at(row, "power") for row in rows)
    if missing := [index for index, power in enumerate(powers) if power is None]:
        raise BadReplyError(f"channel {missing[0]} has no power, so that the total is unknown")
    unix = number_at(status, "unixtime")
    when = datetime.fromtimestamp(unix, UTC) if unix else now
    return MeterReading(
        at=when,
        power_w=round(sum(power for power in powers if power is not None), 3),
        phases_w=powers,
        imported_kwh=_sum(rows, "total"),
        exported_kwh=_sum(rows, "total_returned"),
        counted_at=when,
    )


def _sum(rows: list[Any], key: str) -> float | None:
    """Return the sum of a counter; None if one of them is missing: the rest is not the total."""
    values = [value for row in rows if (value := number_at(row, key)) is not None]
    return round(sum(values) * _KILO, 5) if len(values) == len(rows) else None
