"""Settings of the home's own solar power."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..const import CONF_EXPORT_METER, CONF_FEED_IN_PRICE, CONF_PV_FORECAST, CONF_USUAL_LOAD

DEFAULT_USUAL_LOAD_W: Final = 400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarSettings:
    """The settings."""

    is_used: bool = False
    """Whether the form was submitted: else a negative grid power is not a surplus with a known price."""

    export_meter: str | None = None
    """Power that the home exports; negative while it draws power from the grid."""
    forecast: tuple[str, ...] = ()
    """Entities of the integrations that forecast the solar power."""
    feed_in_price: float = 0.0
    """Per kWh."""
    usual_load_w: float = DEFAULT_USUAL_LOAD_W
    """Usual load of the home without its heat sources, which the forecast surplus has to supply first."""


def read(values: Mapping[str, Any]) -> SolarSettings:
    """Return the settings of stored options."""
    return SolarSettings(
        is_used=bool(values),
        export_meter=values.get(CONF_EXPORT_METER),
        forecast=tuple(values.get(CONF_PV_FORECAST, ())),
        feed_in_price=float(values.get(CONF_FEED_IN_PRICE, 0.0)),
        usual_load_w=float(values.get(CONF_USUAL_LOAD, DEFAULT_USUAL_LOAD_W)),
    )
