"""The option form of the power limit per phase."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import UnitOfPower
import probatio as vol

from ..const import CONF_PHASE_METERS, CONF_PHASE_POWER
from .fields import POWER, number

PHASES: Final = vol.Schema(
    {
        vol.Optional(CONF_PHASE_POWER): number(500, 50_000, UnitOfPower.WATT, 50),
        **{vol.Optional(key): POWER for key in CONF_PHASE_METERS},
    }
)


def phases_problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Validate that no sensor is selected for two phases, and that a limit makes the sensors useful."""
    meters = [values[key] for key in CONF_PHASE_METERS if values.get(key)]
    if len(set(meters)) < len(meters):
        return {"base": "phase_meters_equal"}
    if meters and values.get(CONF_PHASE_POWER) is None:
        return {CONF_PHASE_POWER: "phase_power_missing"}
    return {}
