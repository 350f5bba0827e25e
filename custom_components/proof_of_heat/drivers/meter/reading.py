"""The reading of a meter."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    """Power in W, positive for consumption; energy counters in kWh. None: not reported."""

    at: datetime
    power_w: float | None
    phases_w: tuple[float | None, ...] = ()
    imported_kwh: float | None = None
    exported_kwh: float | None = None
    counted_at: datetime | None = None
    """When the counters were read; None where they were not."""

    def inverted(self) -> MeterReading:
        """Return the reading of a meter or clamp that is mounted in the opposite direction."""
        return MeterReading(
            at=self.at,
            power_w=None if self.power_w is None else -self.power_w,
            phases_w=tuple(None if phase is None else -phase for phase in self.phases_w),
            imported_kwh=self.exported_kwh,
            exported_kwh=self.imported_kwh,
            counted_at=self.counted_at,
        )
