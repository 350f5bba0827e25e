"""Duty cycle of a source whose minimum output is above the demand: it alternates between minimum output and off."""

from dataclasses import dataclass
import math

LONGEST_DEBT_H = 0.5


@dataclass(slots=True)
class DutyCycle:
    """Integrates demand minus delivered heat, and switches at a quarter of an hour's minimum output."""

    owed_wh: float = 0.0
    running: bool = False

    def update(self, wanted_w: float, least_w: float, delivered_w: float, elapsed_s: float) -> float:
        """Return the heat to request now in W: the demand if it can be delivered, else the minimum output or 0.

        While it is unknown what is delivered (NaN), it is what was requested.
        """
        limit = least_w * LONGEST_DEBT_H
        if math.isnan(delivered_w):
            delivered_w = least_w if self.running else 0.0
        self.owed_wh += (wanted_w - delivered_w) * elapsed_s / 3600
        self.owed_wh = min(limit, max(-limit, self.owed_wh))
        if wanted_w >= least_w or least_w <= 0:
            self.owed_wh, self.running = 0.0, wanted_w > 0
            return wanted_w
        if wanted_w <= 0:
            self.running = False
            return 0.0
        if self.running and self.owed_wh <= -limit / 2:
            self.running = False
        elif not self.running and self.owed_wh >= limit / 2:
            self.running = True
        return least_w if self.running else 0.0
