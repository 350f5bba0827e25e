"""The history of the house: one row per 15 minutes, limited in length, in the form that the fit needs."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable
from dataclasses import astuple, dataclass, fields
from itertools import pairwise
import math
from typing import Any

import numpy as np

from ..arrays import Array, Mask
from ..thread_yield import no_yield

STEP_S = 900
KEEP_DAYS = 60
DECIMALS = 4
ROWS_AT_ONCE = 500
"""Rows that are converted before other threads may run."""
MAX_GAP_STEPS = 4
RUNNING_W = 1.0
HEATED_ROWS = 8
"""Two hours."""
ENOUGH_ROWS = 192
"""Two days: a house is learned better from them than from more days of which others were measured otherwise."""


@dataclass(frozen=True, slots=True)
class Row:
    """Means over the step that ended at ``time_s`` (seconds of local standard time); NaN if not measured."""

    time_s: float
    room_c: float
    """At the end of the step."""
    outdoor_c: float
    solar_w_m2: float
    people: float
    heat_w: float
    """Heat of all sources."""
    power_w: float
    """Electric input of the modulating source."""
    level: float
    """Modulation of the modulating source, 0..1."""
    water_c: float
    """Mean of flow and return temperature at the end of the step (see mean_water_c); NaN while the pump is off."""
    flow_c: float
    pump_heat_w: float = 0.0
    """Heat of the modulating source alone."""


def mean_water_c(flow_c: float, return_c: float) -> float:
    """Return the mean water temperature of the emitters.

    Of a device that does not report the return temperature, the flow temperature is used: without any water
    temperature, the heat transfer of the emitters could not be learned, and the setpoint of the flow temperature might
    be 20 K too low. That it is some kelvins too high with much heat, the flow control removes.
    """
    return (flow_c + return_c) / 2 if math.isfinite(return_c) else flow_c


OPTIONAL = frozenset({"water_c", "flow_c"})
INTERPOLATED = frozenset({"time_s", "room_c", "outdoor_c"})
COLUMNS = tuple(field.name for field in fields(Row))


@dataclass(frozen=True)
class Series:
    """Columns of equally spaced steps; a long gap begins a new part."""

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
        """Return the series from a row on."""
        return Series(**{name: getattr(self, name)[begin:] for name in COLUMNS})

    def until(self, end: int) -> Series:
        """Return the series up to a row, exclusive."""
        return Series(**{name: getattr(self, name)[:end] for name in COLUMNS})

    def rows(self, begin: int = 0) -> list[Row]:
        """Return the rows from ``begin`` on."""
        columns = [getattr(self, name)[begin:].tolist() for name in COLUMNS]
        return [Row(*values) for values in zip(*columns, strict=True)]

    @property
    def parts(self) -> list[tuple[int, int]]:
        """First and last row (exclusive) of each part without a long gap."""
        jumps = np.flatnonzero(np.diff(self.time_s) > 1.5 * STEP_S) + 1
        edges = [0, *jumps.tolist(), len(self)]
        return list(pairwise(edges))

    @property
    def running(self) -> Mask:
        """Steps in which heat was delivered."""
        return self.heat_w > RUNNING_W


class History:
    """A bounded list of rows. Short gaps are interpolated, long ones stay: the rows before them are still true."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows: list[tuple[float, ...]] = []
        self._dropped = 0
        self.old_until_s = -math.inf
        """Rows up to this time are of a home that was measured otherwise."""
        for row in rows:
            self.add(row)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def hours(self) -> float:
        """Length of the history in hours."""
        return len(self._rows) * STEP_S / 3600

    @property
    def recorded_h(self) -> float:
        """Hours that were added, with those that are no longer kept: it grows when the history is full, too."""
        return (len(self._rows) + self._dropped) * STEP_S / 3600

    @property
    def is_heated(self) -> bool:
        """Whether heat or power of its source was measured for some hours: else, a house without heating is learned."""
        heat, power = COLUMNS.index("heat_w"), COLUMNS.index("power_w")
        return sum(max(row[heat], row[power]) > RUNNING_W for row in self._rows) >= HEATED_ROWS

    @property
    def all_rows(self) -> list[Row]:
        """All rows, oldest first."""
        return [Row(*row) for row in self._rows]

    @property
    def begin_s(self) -> float:
        """Time of the oldest row; infinite without any."""
        return self._rows[0][0] if self._rows else math.inf

    def after(self, older: History) -> History:
        """Return a history with the rows of another one that are older than its own, and its own behind them."""
        both = History()
        both.old_until_s = self.old_until_s
        both._append(*(row for row in older._rows if row[0] < self.begin_s))
        if self._rows:
            both.add(Row(*self._rows[0]))  # closes a short gap
            both._append(*self._rows[1:])
        return both

    def remeasured(self, imported: History, columns: Collection[str], until_s: float) -> History:
        """Return a history in which these columns were measured as in another one up to a time.

        Rows of which the other one has nothing are not in it.
        """
        places = [COLUMNS.index(name) for name in columns]
        theirs = {_step(row): row for row in imported._rows}
        rows = []
        for row in self._rows:
            found = theirs.pop(_step(row), None)
            if row[0] > until_s:
                rows.append(row)
            elif found is not None:
                rows.append(tuple(found[at] if at in places else value for at, value in enumerate(row)))
        both = History()
        both._append(*sorted([*rows, *theirs.values()]))
        return both

    def with_old_rows(self, until_s: float, columns: Collection[str]) -> History:
        """Return a history whose rows up to a time are used while there are few newer ones, without these columns."""
        places = [COLUMNS.index(name) for name in columns]
        both = History()
        both.old_until_s = until_s
        both._append(
            *(
                tuple(0.0 if row[0] <= until_s and at in places else value for at, value in enumerate(row))
                for row in self._rows
            )
        )
        return both

    def recent(self, count: int) -> list[Row]:
        """Return the newest rows, oldest first."""
        return [Row(*row) for row in self._rows[-count:]]

    def dump(self) -> list[tuple[float, ...]]:
        """Return the rows, which are rounded to the resolution of sensors when they are added; NaN is JSON's null."""
        return self._rows.copy()

    def restore(self, saved: list[Any]) -> None:
        """Restore what ``dump`` returned; invalid rows are skipped."""
        for entry in saved:
            if isinstance(entry, list | tuple) and len(entry) == len(COLUMNS):
                try:
                    values = [math.nan if v is None else float(v) for v in entry]
                except TypeError, ValueError:
                    continue
                self.add(Row(*values))

    def add(self, row: Row) -> None:
        """Append a row; one without room or outdoor temperature is a gap."""
        values = astuple(row)
        if not all(math.isfinite(value) for value in values[:3]):
            return
        if self._rows:
            missing = round((row.time_s - self._rows[-1][0]) / STEP_S) - 1
            if missing < 0:
                return
            if missing <= MAX_GAP_STEPS:
                self._bridge(values, missing)
        self._append(
            tuple(
                0.0 if math.isnan(value) and name not in OPTIONAL else round(value, DECIMALS)
                for name, value in zip(COLUMNS, values, strict=True)
            )
        )

    def _append(self, *rows: tuple[float, ...]) -> None:
        self._rows += rows
        excess = max(0, len(self._rows) - KEEP_DAYS * 86400 // STEP_S)
        if math.isfinite(self.old_until_s):
            old = bisect_right(self._rows, self.old_until_s, key=lambda row: row[0])
            excess = old if len(self._rows) - old >= ENOUGH_ROWS else excess
        del self._rows[:excess]
        self._dropped += excess

    def _bridge(self, values: tuple[float, ...], missing: int) -> None:
        """Fill a short gap: temperatures are interpolated, means are those of the new row."""
        before = self._rows[-1]
        for step in range(1, missing + 1):
            share = step / (missing + 1)
            self._rows.append(
                tuple(
                    round(b + share * (v - b) if name in INTERPOLATED else v, DECIMALS)
                    for name, b, v in zip(COLUMNS, before, values, strict=True)
                )
            )

    def series(self, last_hours: float | None = None) -> Series:
        """Return the columns, optionally of the last hours only."""
        if last_hours is None:
            return self.series_later()()
        return _series(self._rows[-max(1, int(last_hours * 3600 / STEP_S)) :], no_yield)

    def series_later(self, yield_thread: Callable[[], None] = no_yield) -> Callable[[], Series]:
        """Return what makes the columns of the present rows, in another thread."""
        rows = self._rows.copy()
        return lambda: _series(rows, yield_thread)


def _step(row: tuple[float, ...]) -> int:
    """Return the quarter of an hour to whose end a row is nearest."""
    return round(row[0] / STEP_S)


def _series(rows: list[tuple[float, ...]], yield_thread: Callable[[], None]) -> Series:
    table = np.empty((len(rows), len(COLUMNS)))
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[begin : begin + ROWS_AT_ONCE]
        table[begin : begin + len(part)] = part
        yield_thread()
    return Series(**{name: table[:, i] for i, name in enumerate(COLUMNS)})
