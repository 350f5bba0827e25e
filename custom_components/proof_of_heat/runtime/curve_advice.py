"""The heating curve that fits the learned house: suggested where it differs, applied on request."""

from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .._lib.heating_curve import curve_shape
from ..const import CONF_CURVE, CONF_LEVEL, CONF_MAX_FLOW, CONF_SLOPE, LEVEL_RANGE_K, SLOPE_RANGE
from ..engine.engine import Engine
from ..engine.model.curve_fit import CurveSuggestion
from ..system_config import SystemConfig

MIN_CONFIDENCE: Final = 0.5
MIN_DIFFERENCE_K: Final = 2.0
"""The smallest difference in flow temperature that is worth a suggestion."""
_COMPARED_AT_C: Final = (-10.0, 0.0, 10.0)
_DEFAULT_COMFORT_C: Final = 21.0


@dataclass(frozen=True, slots=True)
class CurveAdvice:
    """A heating curve that can be set."""

    slope: float
    level: float
    confidence: float
    difference_k: float
    """The largest difference in flow temperature from the configured curve."""

    @property
    def is_significant(self) -> bool:
        """Whether it is reliable and differs enough to be suggested."""
        return self.confidence >= MIN_CONFIDENCE and self.difference_k >= MIN_DIFFERENCE_K


def advise(suggestion: CurveSuggestion, config: SystemConfig) -> CurveAdvice:
    """Return a fitted curve in the steps and limits of devices, compared with the configured one."""
    slope, level = suggestion.settable
    slope = min(max(slope, SLOPE_RANGE[0]), SLOPE_RANGE[1])
    level = min(max(level, LEVEL_RANGE_K[0]), LEVEL_RANGE_K[1])
    differences = [
        abs((slope - config.slope) * curve_shape(outdoor_c) + level - config.level) for outdoor_c in _COMPARED_AT_C
    ]
    return CurveAdvice(slope, level, round(suggestion.confidence, 2), round(max(differences), 1))


class CurveAdvisor:
    """Fits the curve again whenever the house model was learned again."""

    def __init__(self, engine: Engine, config: SystemConfig) -> None:
        self._engine = engine
        self._config = config
        self._model: object = None
        self._curve: tuple[float, float] | None = None
        self._advice: CurveAdvice | None = None

    def advice(self) -> CurveAdvice | None:
        """Return the curve that fits; None until the house model is accurate enough to plan with."""
        learned = self._engine.learned
        if learned is None or not learned.trusted:
            return None
        curve = (self._config.slope, self._config.level)
        if learned is not self._model or curve != self._curve:
            room_c = max((zone.targets.comfort for zone in self._config.zones), default=_DEFAULT_COMFORT_C)
            suggestion = self._engine.suggest_curve(room_c)
            self._advice = None if suggestion is None else advise(suggestion, self._config)
            self._model, self._curve = learned, curve
        return self._advice


@callback
def apply_curve(hass: HomeAssistant, entry: ConfigEntry, config: SystemConfig, advice: CurveAdvice) -> None:
    """Write the curve into the options; it takes effect at once."""
    curve = {
        CONF_MAX_FLOW: config.max_flow_c,
        **entry.options.get(CONF_CURVE, {}),
        CONF_SLOPE: advice.slope,
        CONF_LEVEL: advice.level,
    }
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_CURVE: curve})
