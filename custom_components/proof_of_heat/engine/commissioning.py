"""Commissioning: a modulating source runs at varied levels in its first hours, to learn its performance map."""

from .duty_cycle import DutyCycle

COMMISSION_H = 24.0
LEVELS = (1.0, 0.6, 0.35, 0.8)


def commissioning_heat_w(
    duty_cycle: DutyCycle, history_h: float, full_heat_w: float, demand_w: float, delivered_w: float, elapsed_s: float
) -> float:
    """Return the heat at the level of this hour, with a duty cycle so that the mean is the curve's demand."""
    at_level = LEVELS[int(history_h) % len(LEVELS)] * full_heat_w
    now = duty_cycle.update(demand_w, at_level, delivered_w, elapsed_s)
    return at_level if now > 0 else 0.0
