"""How entities of each domain say what a source needs: units, limits, what is on, and the actions that change it."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, PERCENTAGE, STATE_OFF, UnitOfPower, UnitOfTemperature
from homeassistant.core import HomeAssistant, State
from homeassistant.util.unit_conversion import PowerConverter, TemperatureConverter

from ._lib.heat_source import Command, Control

type Calls = list[tuple[str, dict[str, Any]]]

NUMBERS: Final = ("number", "input_number")
SELECTS: Final = ("select", "input_select")
OFF_STATES: Final = (STATE_OFF, "idle")
_NOT_HEATING: Final = ("cool", "dry", "fan_only")
_HEATING: Final = ("heat", "auto", "heat_cool")
"""What a thermostat is set to when it shall heat, best first: its own "on" may choose cooling."""
_SWITCHABLE: Final = {"climate": 128 | 256, "water_heater": 8}
"""The features "turn on" and "turn off"."""
_WATTS: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(k?)w\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scale:
    """From what the entity says to W or degC, and back, in steps of the entity and inside its limits."""

    factor: float = 1.0
    offset: float = 0.0
    step: float = 0.0
    low: float | None = None
    high: float | None = None

    def told(self, value: object) -> float | None:
        """The entity's number in W or degC."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return value * self.factor + self.offset

    def native(self, value: float) -> float:
        """W or degC as the entity takes it."""
        said = (value - self.offset) / self.factor
        if self.step > 0:
            base = self.low or 0.0
            said = base + round((said - base) / self.step) * self.step
        if self.low is not None:
            said = max(said, self.low)
        if self.high is not None:
            said = min(said, self.high)
        return round(said, 6)

    def fitted(self, value: float | None) -> float | None:
        """What the entity can be set to."""
        return None if value is None else self.told(self.native(value))


def scale_of(hass: HomeAssistant, state: State, control: Control, nominal_w: float | None) -> Scale | None:
    """How the entity's set-point is read; None where nobody knows what its number means."""
    attributes = state.attributes
    if state.domain == "humidifier":
        factor = _share(nominal_w) if (_number(attributes.get("max_humidity")) or 0) <= 100 else 1.0
        if factor is None:
            return None
        step = _number(attributes.get("target_humidity_step")) or 0.0
        low, high = _number(attributes.get("min_humidity")), _number(attributes.get("max_humidity"))
        return Scale(factor, 0.0, step, low, high)
    if state.domain in NUMBERS:
        unit, low, high = attributes.get(ATTR_UNIT_OF_MEASUREMENT), attributes.get("min"), attributes.get("max")
        step = _number(attributes.get("step")) or 0.0
    else:
        unit, low, high = hass.config.units.temperature_unit, attributes.get("min_temp"), attributes.get("max_temp")
        step = _number(attributes.get("target_temp_step")) or 0.0
    pair = _conversion(unit, control, nominal_w)
    return None if pair is None else Scale(*pair, step, _number(low), _number(high))


def _conversion(unit: str | None, control: Control, nominal_w: float | None) -> tuple[float, float] | None:
    if unit is None:
        return 1.0, 0.0
    if control == Control.POWER:
        if unit == PERCENTAGE:
            share = _share(nominal_w)
            return None if share is None else (share, 0.0)
        return (PowerConverter.convert(1, unit, UnitOfPower.WATT), 0.0) if unit in PowerConverter.VALID_UNITS else None
    if unit not in TemperatureConverter.VALID_UNITS:
        return None
    zero = TemperatureConverter.convert(0, unit, UnitOfTemperature.CELSIUS)
    return TemperatureConverter.convert(1, unit, UnitOfTemperature.CELSIUS) - zero, zero


def _share(nominal_w: float | None) -> float | None:
    """Watts per percent."""
    return nominal_w / 100 if nominal_w else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def is_on(state: State) -> bool:
    """Whether it makes heat as soon as there is demand, for what is not a number."""
    return state.state.lower() not in (*OFF_STATES, *_NOT_HEATING)


def is_elsewhere(state: State) -> bool:
    """Whether it is busy with something that is no heating: it draws, and nobody knows how much."""
    return state.domain == "climate" and state.state in _NOT_HEATING


def can_switch(state: State) -> bool:
    """Whether it can be switched off."""
    match state.domain:
        case "number" | "input_number":
            return False
        case "select" | "input_select":
            return off_option(state) is not None
        case "climate":
            return STATE_OFF in state.attributes.get("hvac_modes", (STATE_OFF,)) or _has_switch(state)
        case "water_heater":
            return STATE_OFF in (state.attributes.get("operation_list") or ()) or _has_switch(state)
    return True


def _has_switch(state: State) -> bool:
    return bool(int(state.attributes.get("supported_features") or 0) & _SWITCHABLE[state.domain])


def off_option(state: State) -> str | None:
    """The option of a select that means off."""
    return next((name for name in state.attributes.get("options", ()) if str(name).lower() in OFF_STATES), None)


def option_watts(state: State) -> dict[str, float]:
    """Options that say their watts ("800 W", "Boost 1.2 kW"), by ascending power."""
    found = {}
    for name in state.attributes.get("options", ()):
        if (match := _WATTS.search(str(name))) is not None and str(name).lower() not in OFF_STATES:
            found[str(name)] = float(match[1].replace(",", ".")) * (1000 if match[2] else 1)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def calls(state: State, wanted: Command, scale: Scale | None, last_mode: str | None) -> Calls:
    """The actions that bring about a command. `last_mode`: what it was set to when it last was on."""
    found: Calls = []
    if wanted.on is not None:
        found += _switch(state, wanted.on, wanted.mode or last_mode)
    elif wanted.mode is not None:
        found.append(("select_option", {"option": wanted.mode}))
    for value in (wanted.room_c, wanted.flow_c, wanted.power_w):
        if value is not None and scale is not None:
            found.append(_set(state.domain, scale.native(value)))
    return found


def _set(domain: str, value: float) -> tuple[str, dict[str, Any]]:
    if domain in NUMBERS:
        return "set_value", {"value": value}
    return (
        ("set_humidity", {"humidity": value}) if domain == "humidifier" else ("set_temperature", {"temperature": value})
    )


def _switch(state: State, on: bool, mode: str | None) -> Calls:
    attributes: Mapping[str, Any] = state.attributes
    match state.domain:
        case "select" | "input_select":
            options = [name for name in attributes.get("options", ()) if str(name).lower() not in OFF_STATES]
            option = (mode if mode in options else next(iter(options), None)) if on else off_option(state)
            return [] if option is None else [("select_option", {"option": option})]
        case "climate":
            known = attributes.get("hvac_modes") or ()
            name = next((item for item in _HEATING if item in known), None) if on else STATE_OFF
            if name in known:
                return [("set_hvac_mode", {"hvac_mode": name})]
        case "water_heater":
            known = attributes.get("operation_list") or ()
            if not _has_switch(state) and STATE_OFF in known:
                running = [name for name in known if name != STATE_OFF]
                name = (mode if mode in running else next(iter(running), None)) if on else STATE_OFF
                return [] if name is None else [("set_operation_mode", {"operation_mode": name})]
    return [("turn_on" if on else "turn_off", {})]
