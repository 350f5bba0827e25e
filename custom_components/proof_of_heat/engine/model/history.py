"""What the house has shown: one row per control step, bounded, ready for the fit."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
import math
from typing import Any

import numpy as np

from ..arrays import Array, Mask

STEP_S = 900
KEEP_DAYS = 28
LONGEST_GAP_STEPS = 4


@dataclass(frozen=True, slots=True)
class Row:
    """Means over one step that ended at ``time_s`` (POSIX seconds); NaN where not measured."""

    time_s: float
    room_c: float
    """At the end of the step."""
    outdoor_c: float
    solar_w_m2: float
    people: float
    heat_w: float
    """Of all sources."""
    power_w: float
    """Electric input of the modulating source."""
    level: float
    """Its modulation 0..1."""
    water_c: float
    """Mean of flow and return at the end of the step, NaN while the pump stands."""
    flow_c: float
    pump_heat_w: float = 0.0
    """Heat of the modulating source alone."""


MAY_LACK = frozenset({"water_c", "flow_c"})
LINES = frozenset({"time_s", "room_c", "outdoor_c"})
COLUMNS = tuple(field.name for field in fields(Row))


@dataclass(frozen=True)
class Series:
    """Columns of equally spaced steps, as long as the house was watched without a long gap."""

    time_s: Array
    room_c: Array
    outdoor_c: Array
    solar_w_m2: Array
    people: Array
    heat_w: Array
    power_w: Array
    level: Array
    water_c: Array
    flow_c: Array
    pump_heat_w: Array

    def __len__(self) -> int:
        return len(self.time_s)

    def since(self, begin: int) -> Series:
        """The series from a row on."""
        return Series(**{name: getattr(self, name)[begin:] for name in COLUMNS})

    def until(self, end: int) -> Series:
        """The series up to (without) a row."""
        return Series(**{name: getattr(self, name)[:end] for name in COLUMNS})

    def rows(self, begin: int = 0) -> list[Row]:
        """The rows again."""
        columns = [getattr(self, name)[begin:].tolist() for name in COLUMNS]
        return [Row(*values) for values in zip(*columns, strict=True)]

    @property
    def running(self) -> Mask:
        """Where the heat source ran."""
        return self.heat_w > 1.0


class History:
    """A ring of rows. Short gaps are bridged, a long one starts the series anew."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows: list[tuple[float, ...]] = []
        for row in rows:
            self.add(row)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def hours(self) -> float:
        """How long the house has been watched."""
        return len(self._rows) * STEP_S / 3600

    @property
    def all_rows(self) -> list[Row]:
        """All rows, oldest first (to be stored)."""
        return [Row(*row) for row in self._rows]

    def recent(self, count: int) -> list[Row]:
        """The newest rows."""
        return [Row(*row) for row in self._rows[-count:]]

    def dump(self) -> list[list[float | None]]:
        """As JSON values, rounded to what a sensor can tell."""
        rounded = np.round(np.array(self._rows, dtype=float).reshape(-1, len(COLUMNS)), 4)
        table = rounded.astype(object)
        table[np.isnan(rounded)] = None
        rows: list[list[float | None]] = table.tolist()
        return rows

    def restore(self, saved: list[Any]) -> None:
        """Take over what ``dump`` gave; rows that cannot be read are left out."""
        for entry in saved:
            if isinstance(entry, list) and len(entry) == len(COLUMNS):
                try:
                    values = [math.nan if v is None else float(v) for v in entry]
                except TypeError, ValueError:
                    continue
                self.add(Row(*values))

    def add(self, row: Row) -> None:
        """Append a step; a row that lacks room or outdoor temperature is a gap."""
        values = astuple(row)
        if not all(math.isfinite(value) for value in values[:3]):
            return
        if self._rows:
            missing = round((row.time_s - self._rows[-1][0]) / STEP_S) - 1
            if missing < 0:
                return
            if missing > LONGEST_GAP_STEPS:
                self._rows.clear()
            else:
                self._bridge(values, missing)
        self._rows.append(
            tuple(
                0.0 if math.isnan(value) and name not in MAY_LACK else value
                for name, value in zip(COLUMNS, values, strict=True)
            )
        )
        del self._rows[: -KEEP_DAYS * 86400 // STEP_S]

    def _bridge(self, values: tuple[float, ...], missing: int) -> None:
        """Fill a short gap: temperatures in a line, means as the new row has them for the whole time."""
        before = self._rows[-1]
        for step in range(1, missing + 1):
            share = step / (missing + 1)
            self._rows.append(
                tuple(
                    b + share * (v - b) if name in LINES else v
                    for name, b, v in zip(COLUMNS, before, values, strict=True)
                )
            )

    def series(self, last_hours: float | None = None) -> Series:
        """The columns, of the last hours only if asked."""
        rows = self._rows
        if last_hours is not None:
            rows = rows[-max(1, int(last_hours * 3600 / STEP_S)) :]
        table = np.array(rows, dtype=float).reshape(-1, len(COLUMNS))
        return Series(**{name: table[:, i] for i, name in enumerate(COLUMNS)})
