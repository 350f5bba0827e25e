"""Aggregates cycles of any length into history rows of 15 minutes.

Powers, level, sun and people are means over the row; room and water temperatures are those at its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import math

import numpy as np

from .arrays import Array
from .config import SourceConfig
from .input_validation import ValidatedInputs
from .messages import Message, MessageCode, message
from .model.history import STEP_S, Row, mean_water_c
from .model.operating_history import OperatingValues
from .snapshot import Snapshot, SourceSnapshot
from .sources import heat_output_w, known_heat_w, unmeasured

EARLY_S = 1.0
RUNNING_W = 1.0
UNMEASURED_ROWS = 8
"""Two hours."""
UNKNOWN_SHARE = 0.1
"""A row is one to learn from if the heat of each source was known for the rest of its time."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The values of one cycle."""

    time_s: float
    """POSIX seconds."""
    local_s: float
    room_c: float
    outdoor_c: float
    solar_w_m2: float
    people: float
    heat_w: float
    """Heat of all sources, mean since the last cycle."""
    pump_heat_w: float
    power_w: float
    level: float
    flow_c: float
    return_c: float
    unmeasured: str = ""
    """A source whose heat is unknown; empty if that of all is known."""


@dataclass
class RowBuilder:
    """Collects samples until a row is complete."""

    unknown_rows: int = 0
    """The last rows in which the heat of a source was unknown: nothing can be learned from them."""

    _last: Sample | None = None
    _row_s: float | None = None
    _sums: Array = field(default_factory=lambda: np.zeros(7))
    _elapsed_s: float = 0.0
    _unknown_s: float = 0.0

    def add(self, now: Sample) -> Row | None:
        """Add a sample; return a row when 15 minutes are complete, else None."""
        last, self._last = self._last, now
        if last is None or now.time_s <= last.time_s:
            self._row_s = now.time_s if self._row_s is None else self._row_s
            return None
        elapsed = now.time_s - last.time_s
        means = (
            (last.outdoor_c + now.outdoor_c) / 2,
            _or_zero((last.solar_w_m2 + now.solar_w_m2) / 2),
            last.people,
            _or_zero(now.heat_w),
            _or_zero(now.pump_heat_w),
            _or_zero(now.power_w),
            _or_zero(now.level),
        )
        self._sums += np.array(means) * elapsed
        self._elapsed_s += elapsed
        self._unknown_s += elapsed if now.unmeasured else 0.0
        assert self._row_s is not None
        if now.time_s - self._row_s < STEP_S - EARLY_S:
            return None
        return self._complete(now)

    @property
    def is_unmeasured(self) -> bool:
        """Whether the heat was unknown for two hours."""
        return self.unknown_rows >= UNMEASURED_ROWS

    @property
    def notes(self) -> tuple[Message, ...]:
        """Why nothing can be learned; empty if something can."""
        if not self.is_unmeasured or self._last is None or not self._last.unmeasured:
            return ()
        return (message(MessageCode.HEAT_UNKNOWN, source=self._last.unmeasured),)

    @property
    def present(self) -> Row | None:
        """The row so far, up to the last sample; None before the first one."""
        if (now := self._last) is None:
            return None
        means = self._sums / self._elapsed_s if self._elapsed_s > 0 else _values(now)
        return _row(now, means)

    def _complete(self, now: Sample) -> Row:
        row = _row(now, self._sums / self._elapsed_s)
        is_known = self._unknown_s <= UNKNOWN_SHARE * self._elapsed_s
        self.unknown_rows = 0 if is_known else self.unknown_rows + 1
        self._row_s, self._elapsed_s, self._unknown_s = now.time_s, 0.0, 0.0
        self._sums = np.zeros(7)
        return row


def _values(now: Sample) -> Array:
    """Return the values of a moment of which a row has the means."""
    rest = (now.solar_w_m2, now.people, now.heat_w, now.pump_heat_w, now.power_w, now.level)
    return np.array([now.outdoor_c, *(_or_zero(value) for value in rest)])


def _row(now: Sample, means: Array) -> Row:
    """Return the row that ends with a sample."""
    outdoor, solar, people, heat, pump_heat, power, level = (float(value) for value in means)
    runs = now.heat_w > RUNNING_W
    return Row(
        time_s=now.local_s,
        room_c=now.room_c,
        outdoor_c=outdoor,
        solar_w_m2=solar,
        people=people,
        heat_w=heat,
        power_w=power,
        level=level,
        water_c=mean_water_c(now.flow_c, now.return_c) if runs else math.nan,
        flow_c=now.flow_c if runs else math.nan,
        pump_heat_w=pump_heat,
    )


def _or_zero(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def make_sample(
    snapshot: Snapshot, inputs: ValidatedInputs, configs: Mapping[str, SourceConfig], pump: SourceConfig | None
) -> Sample:
    """Return the sample of a cycle; ``pump`` is the modulating source that the history contains."""
    readings = {source.source_id: source for source in snapshot.sources}
    reading = readings.get(pump.source_id if pump else "", SourceSnapshot(source_id=""))
    measured = inputs.outdoor_from.value in {"sensor", "forecast"}
    return Sample(
        time_s=snapshot.now_s,
        local_s=snapshot.local_s,
        room_c=inputs.room_c,
        outdoor_c=inputs.outdoor_c if measured else math.nan,
        solar_w_m2=snapshot.solar.value if snapshot.solar.known else math.nan,
        people=snapshot.people,
        heat_w=known_heat_w(configs, snapshot, inputs.outdoor_c),
        pump_heat_w=heat_output_w(pump, reading, inputs.outdoor_c) if pump else 0.0,
        power_w=reading.power_w,
        level=reading.level,
        flow_c=inputs.flow_c,
        return_c=inputs.return_c,
        unmeasured=unmeasured(configs, snapshot),
    )


def operating_values(
    snapshot: Snapshot, inputs: ValidatedInputs, configs: Mapping[str, SourceConfig]
) -> dict[str, OperatingValues]:
    """Return level, flow, outdoor temperature, heat and power of each source, for the operating history."""
    return {
        source.source_id: (
            source.level,
            source.flow_c,
            inputs.outdoor_c,
            heat_output_w(configs[source.source_id], source, inputs.outdoor_c),
            source.power_w,
        )
        for source in snapshot.sources
        if source.source_id in configs
    }
