"""Settings of the power limit per phase."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..const import CONF_PHASE_METERS, CONF_PHASE_POWER


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSettings:
    """The settings."""

    power_w: float | None = None
    """The most that the home may draw on each phase; None without a limit."""
    meters: tuple[str | None, str | None, str | None] = (None, None, None)
    """The power of the home on L1, L2 and L3; None where it is not measured."""


def read(values: Mapping[str, Any]) -> PhaseSettings:
    """Return the settings of stored options."""
    one, two, three = (values.get(key) for key in CONF_PHASE_METERS)
    return PhaseSettings(power_w=values.get(CONF_PHASE_POWER), meters=(one, two, three))
