# Generated from lib/archive_spec.py by scripts/build: edit that file, not this one.
"""What an archive is called and keyed by."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

FINE_STEP_S: Final = 300
COARSE_STEP_S: Final = 3600
DAY_S: Final = 86_400

_IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class ArchiveSpec:
    """Name and key columns of an archive; several may share a database.

    Attributes:
        table: Name of the table, and the prefix of all that belongs to it.
        keys: Text columns with the origin of a row.
        values_at: Member of the payload that holds the metrics; empty for the payload itself.
    """

    table: str = "measurements"
    keys: tuple[str, ...] = ("site", "system", "device")
    values_at: str = "metrics"

    def __post_init__(self) -> None:
        names = (self.table, *self.keys, *([self.values_at] if self.values_at else []))
        if bad := [name for name in names if not _IDENTIFIER.fullmatch(name)]:
            raise ValueError(f"not a name for a table or a column: {bad[0]!r}")

    def numbers(self, payload: Mapping[str, Any]) -> dict[str, float]:
        """The numbers among the metrics of a payload."""
        metrics = payload.get(self.values_at, {}) if self.values_at else payload
        return {
            name: float(value)
            for name, value in (metrics.items() if isinstance(metrics, Mapping) else ())
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
