"""From cycles of any length to history rows of a quarter of an hour.

Powers, level, sun and people are means over the time since the last row, temperatures are those at its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import math

import numpy as np

from .arrays import Array
from .config import SourceConfig
from .heat_output import heat_output_w
from .input_validation import ValidatedInputs
from .model.history import STEP_S, Row
from .model.operating_history import OperatingValues
from .snapshot import Snapshot, SourceSnapshot

EARLY_S = 1.0
RUNNING_W = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What one cycle saw."""

    time_s: float
    """POSIX."""
    local_s: float
    room_c: float
    outdoor_c: float
    solar_w_m2: float
    people: float
    heat_w: float
    """Mean since the last cycle."""
    pump_heat_w: float
    power_w: float
    level: float
    flow_c: float
    return_c: float


@dataclass
class RowBuilder:
    """Collects samples until a row is whole."""

    _last: Sample | None = None
    _row_s: float | None = None
    _sums: Array = field(default_factory=lambda: np.zeros(7))
    _elapsed_s: float = 0.0

    def add(self, now: Sample) -> Row | None:
        """Take a sample; a row when a quarter of an hour is full."""
        last, self._last = self._last, now
        if last is None or now.time_s <= last.time_s:
            self._row_s = now.time_s if self._row_s is None else self._row_s
            return None
        elapsed = now.time_s - last.time_s
        means = (
            (last.outdoor_c + now.outdoor_c) / 2,
            _known((last.solar_w_m2 + now.solar_w_m2) / 2),
            last.people,
            _known(now.heat_w),
            _known(now.pump_heat_w),
            _known(now.power_w),
            _known(now.level),
        )
        self._sums += np.array(means) * elapsed
        self._elapsed_s += elapsed
        assert self._row_s is not None
        if now.time_s - self._row_s < STEP_S - EARLY_S:
            return None
        return self._row(now)

    def _row(self, now: Sample) -> Row:
        outdoor, solar, people, heat, pump_heat, power, level = (float(v) for v in self._sums / self._elapsed_s)
        self._row_s, self._elapsed_s = now.time_s, 0.0
        self._sums = np.zeros(7)
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
            water_c=(now.flow_c + now.return_c) / 2 if runs else math.nan,
            flow_c=now.flow_c if runs else math.nan,
            pump_heat_w=pump_heat,
        )


def _known(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def make_sample(snapshot: Snapshot, inputs: ValidatedInputs, delivered_w: float, pump: SourceConfig | None) -> Sample:
    """What a cycle saw, for the history; ``pump`` is the modulating source that the history follows."""
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
        heat_w=delivered_w,
        pump_heat_w=heat_output_w(pump, reading, inputs.outdoor_c) if pump else 0.0,
        power_w=reading.power_w,
        level=reading.level,
        flow_c=inputs.flow_c,
        return_c=inputs.return_c,
    )


def operating_values(
    snapshot: Snapshot, inputs: ValidatedInputs, configs: Mapping[str, SourceConfig]
) -> dict[str, OperatingValues]:
    """What each source did, for the traces of modulating ones."""
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
