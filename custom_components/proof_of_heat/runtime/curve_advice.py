"""The heating curve that fits the learned house: suggested where it differs, taken over on request."""

from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .._lib.heating_curve import curve_shape
from ..const import CONF_CURVE, CONF_LEVEL, CONF_MAX_FLOW, CONF_SLOPE
from ..engine.engine import Engine
from ..engine.model.curve_fit import CurveSuggestion
from ..system_config import Settings

SURE: Final = 0.5
"""Confidence from which a curve is suggested."""
WORTH_K: Final = 2.0
"""Difference in flow temperature from which it is worth telling."""
_OUTDOOR_C: Final = (-10.0, 0.0, 10.0)
_SLOPES, _LEVELS = (0.1, 3.5), (-13.0, 40.0)
_USUAL_C: Final = 21.0


@dataclass(frozen=True, slots=True)
class CurveAdvice:
    """A curve that can be set."""

    slope: float
    level: float
    confidence: float
    differs_k: float
    """Largest difference in flow temperature from the curve that is set."""

    @property
    def worth_telling(self) -> bool:
        """Whether it is sure and differs enough."""
        return self.confidence >= SURE and self.differs_k >= WORTH_K


def advise(suggestion: CurveSuggestion, settings: Settings) -> CurveAdvice:
    """A fit in the steps and limits of devices, beside what is set."""
    slope, level = suggestion.settable
    slope, level = min(max(slope, _SLOPES[0]), _SLOPES[1]), min(max(level, _LEVELS[0]), _LEVELS[1])
    differs = [abs((slope - settings.slope) * curve_shape(outdoor) + level - settings.level) for outdoor in _OUTDOOR_C]
    return CurveAdvice(slope, level, round(suggestion.confidence, 2), round(max(differs), 1))


class CurveAdviser:
    """The fit is made anew when the house was learned anew."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._of: object = None
        self._advice: CurveAdvice | None = None

    def advice(self) -> CurveAdvice | None:
        """The curve that fits; None before the house is known well enough to plan."""
        learned = self._engine.learned
        if learned is None or not learned.trusted:
            return None
        if learned is not self._of:
            room_c = max((zone.targets.comfort for zone in self._settings.zones), default=_USUAL_C)
            suggestion = self._engine.suggest_curve(room_c)
            self._advice = None if suggestion is None else advise(suggestion, self._settings)
            self._of = learned
        return self._advice


@callback
def take_over(hass: HomeAssistant, entry: ConfigEntry, settings: Settings, advice: CurveAdvice) -> None:
    """Write the curve into the options; the system takes it up by a reload."""
    curve = {
        CONF_MAX_FLOW: settings.max_flow_c,
        **entry.options.get(CONF_CURVE, {}),
        CONF_SLOPE: advice.slope,
        CONF_LEVEL: advice.level,
    }
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_CURVE: curve})
