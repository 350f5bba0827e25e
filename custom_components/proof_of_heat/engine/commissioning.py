"""Commissioning: a modulating source runs at varied levels in its first hours, to learn its performance map."""

COMMISSION_H = 24.0
LEVELS = (1.0, 0.6, 0.35, 0.8)


def commissioning_level(history_h: float) -> float:
    """Return the share of full heat in this hour."""
    return LEVELS[int(history_h) % len(LEVELS)]
