"""What differs between entity domains: units, limits, on and off, and the actions that change them."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, PERCENTAGE, STATE_OFF, UnitOfPower, UnitOfTemperature
from homeassistant.core import HomeAssistant, State
from homeassistant.util.unit_conversion import PowerConverter, TemperatureConverter

from .._lib.heat_source import Command, Control
from ..drivers.device_settings import SettingValue
from ..inputs.states import number_of

type Calls = list[tuple[str, dict[str, Any]]]

NUMBERS: Final = ("number", "input_number")
SELECTS: Final = ("select", "input_select")
HAS_OWN_CONTROL: Final = ("climate", "water_heater", *NUMBERS, *SELECTS)
"""Domains whose entities keep the user's settings when control ends. All others are turned off."""
SWITCHED: Final = "state"
SETTING_TOLERANCE: Final = 0.2
OFF_STATES: Final = (STATE_OFF, "idle")
_NOT_HEATING: Final = ("cool", "dry", "fan_only")
_HEATING: Final = ("heat", "auto", "heat_cool")
"""Modes in which a thermostat heats, best first: turning it on may select cooling."""
_SINGLE, _BOTH = 1, 2
"""The features of a thermostat: one setpoint, or a lower and an upper one."""
_LEAST_RANGE: Final = 2.0
"""Distance of the upper setpoint from the lower one, at least."""
_SWITCHABLE: Final = {"climate": 128 | 256, "water_heater": 8}
"""The features "turn on" and "turn off" by domain."""
_WATTS: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(k?)w\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scale:
    """Conversion between the entity's number and W or degC, in its steps and within its limits."""

    factor: float = 1.0
    offset: float = 0.0
    step: float = 0.0
    low: float | None = None
    high: float | None = None

    def from_native(self, value: object) -> float | None:
        """Return the entity's number in W or degC."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return value * self.factor + self.offset

    def to_native(self, value: float) -> float:
        """Return W or degC as a number that the entity accepts."""
        native = (value - self.offset) / self.factor
        if self.step > 0:
            base = self.low or 0.0
            native = base + round((native - base) / self.step) * self.step
        if self.low is not None:
            native = max(native, self.low)
        if self.high is not None:
            native = min(native, self.high)
        return round(native, 6)

    def settable(self, value: float | None) -> float | None:
        """Return the nearest value that the entity can be set to, in W or degC."""
        return None if value is None else self.from_native(self.to_native(value))


def scale_of(hass: HomeAssistant, state: State, control: Control, nominal_w: float | None) -> Scale | None:
    """Return the scale of the entity's setpoint; None where its unit is unknown."""
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
    """Return watts per percent."""
    return nominal_w / 100 if nominal_w else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def is_on(state: State) -> bool:
    """Return whether an entity that is not a number heats when there is demand."""
    return state.state.lower() not in (*OFF_STATES, *_NOT_HEATING)


def is_not_heating(state: State) -> bool:
    """Return whether it runs without heating (cooling, drying): its power is unknown then."""
    return state.domain == "climate" and state.state in _NOT_HEATING


def can_switch(state: State) -> bool:
    """Return whether it can be turned off."""
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


def can_set(state: State, scale: Scale) -> bool:
    """Return whether the entity has a setpoint that can be changed: by its features, and if its limits differ."""
    if scale.low is not None and scale.high is not None and scale.low >= scale.high:
        return False
    features = state.attributes.get("supported_features")
    if features is None or state.domain not in ("climate", "water_heater"):
        return True
    return bool(int(features) & (_SINGLE | _BOTH if state.domain == "climate" else _SINGLE))


def can_heat(state: State) -> bool:
    """Return whether a thermostat has a mode in which it heats: an air conditioner may only cool."""
    modes = state.attributes.get("hvac_modes")
    return state.domain != "climate" or not modes or any(mode in _HEATING for mode in modes)


def _has_switch(state: State) -> bool:
    return bool(int(state.attributes.get("supported_features") or 0) & _SWITCHABLE[state.domain])


def off_option(state: State) -> str | None:
    """Return the option of a select that means off."""
    return next((name for name in state.attributes.get("options", ()) if str(name).lower() in OFF_STATES), None)


def option_watts(state: State) -> dict[str, float]:
    """Return options that contain a power ("800 W", "Boost 1.2 kW"), by ascending power."""
    found = {}
    for name in state.attributes.get("options", ()):
        if (match := _WATTS.search(str(name))) is not None and str(name).lower() not in OFF_STATES:
            found[str(name)] = float(match[1].replace(",", ".")) * (1000 if match[2] else 1)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def service_calls(state: State, command: Command, scale: Scale | None, last_mode: str | None) -> Calls:
    """Return the actions that execute a command. `last_mode`: the mode in which it last was on."""
    found: Calls = []
    if command.on is not None:
        found += _switch(state, command.on, command.mode or last_mode)
    elif command.mode is not None:
        found.append(("select_option", {"option": command.mode}))
    mode = next((data["hvac_mode"] for service, data in found if service == "set_hvac_mode"), state.state)
    for value in (command.room_c, command.flow_c, command.power_w):
        if value is not None and scale is not None:
            found.append(_set(state, mode, scale.to_native(value)))
    return found


def setpoint(state: State) -> object:
    """Return the setpoint in the entity's own unit; of a range the lower one, which is for heating."""
    match state.domain:
        case "number" | "input_number":
            return number_of(state)
        case "humidifier":
            return state.attributes.get("humidity")
        case "climate" if has_range(state, state.state):
            return state.attributes.get("target_temp_low")
    return state.attributes.get("temperature")


def has_range(state: State, mode: str) -> bool:
    """Return whether a thermostat has a lower and an upper setpoint instead of a single one in a mode."""
    attributes = state.attributes
    features = int(attributes.get("supported_features") or 0)
    if features & (_SINGLE | _BOTH) == _SINGLE | _BOTH and mode != state.state:
        return mode == "heat_cool"
    if features & (_SINGLE | _BOTH) in (_SINGLE, _BOTH):
        return bool(features & _BOTH)
    return attributes.get("temperature") is None and attributes.get("target_temp_low") is not None


def _range_from(state: State, low: float) -> dict[str, Any]:
    """Return both setpoints for a lower one; the upper one stays unless it is too near."""
    high = _number(state.attributes.get("target_temp_high"))
    limit = _number(state.attributes.get("max_temp"))
    high = low + _LEAST_RANGE if high is None else max(high, low + _LEAST_RANGE)
    return {_RANGE[0]: low, _RANGE[1]: high if limit is None else max(low, min(high, limit))}


def _set(state: State, mode: str, value: float) -> tuple[str, dict[str, Any]]:
    domain = state.domain
    if domain in NUMBERS:
        return "set_value", {"value": value}
    if domain == "climate" and has_range(state, mode):
        return "set_temperature", _range_from(state, value)
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


# What each setting is called in the attributes of an entity, and the action and field that set it.
_ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "climate": ("preset_mode", "temperature", "target_temp_low", "target_temp_high"),
    "water_heater": ("temperature",),
    "humidifier": ("humidity",),
}
_MODE_OF: Final = {"climate": "hvac_mode", "water_heater": "operation_mode"}
_SET_BY: Final = {
    "hvac_mode": "set_hvac_mode",
    "operation_mode": "set_operation_mode",
    "preset_mode": "set_preset_mode",
    "humidity": "set_humidity",
    "option": "select_option",
    "value": "set_value",
}
_RANGE: Final = ("target_temp_low", "target_temp_high")
_NO_PRESET: Final = "none"


def settings_of(state: State) -> dict[str, SettingValue | None]:
    """Return what a user can set of an entity, by the field of the action that sets it, in the entity's own unit."""
    found: dict[str, SettingValue | None] = {}
    for name in _ATTRIBUTES.get(state.domain, ()):
        value = state.attributes.get(name)
        found[name] = value if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
    if state.domain in NUMBERS:
        found["value"] = number_of(state)
    elif state.domain in SELECTS:
        found["option"] = state.state
    else:
        found[_MODE_OF.get(state.domain, SWITCHED)] = state.state
    return found


def sets(service: str, data: Mapping[str, Any]) -> dict[str, SettingValue]:
    """Return what an action sets, by the same names."""
    return {SWITCHED: service.removeprefix("turn_")} if service in ("turn_on", "turn_off") else dict(data)


def side_effects(state: State, calls: Calls) -> frozenset[str]:
    """Return the settings that actions may change in addition to those that they set."""
    changed = {"preset_mode"} if any(service == "set_temperature" for service, _ in calls) else set()
    if any(service != "set_temperature" for service, _ in calls):  # a mode may have its own setpoints
        changed = set(settings_of(state))
    return frozenset(changed & settings_of(state).keys())


def restoring_calls(domain: str, missing: Mapping[str, SettingValue], target: Mapping[str, SettingValue]) -> Calls:
    """Return the actions that restore settings, in an order in which none undoes another.

    A mode that heats comes first and "off" last, because some thermostats accept no setpoint while they are off. A
    setpoint ends a preset, and a preset brings its own setpoint: a named preset follows the setpoint.
    """
    names = set(missing)
    if names & {"temperature", *_RANGE} and target.get("preset_mode", _NO_PRESET) != _NO_PRESET:
        names.add("preset_mode")
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        name: (_SET_BY[name], {name: target[name]}) for name in names if name in _SET_BY
    }
    if "temperature" in names:
        calls["temperature"] = ("set_temperature", {"temperature": target["temperature"]})
    if names.intersection(_RANGE):
        calls["range"] = ("set_temperature", {name: target[name] for name in _RANGE if name in target})
    if SWITCHED in names:
        calls[SWITCHED] = (f"turn_{target[SWITCHED]}", {})
    mode = _MODE_OF.get(domain, SWITCHED)
    preset_first = target.get("preset_mode") == _NO_PRESET
    order = [
        *((mode,) if target.get(mode) != STATE_OFF else ()),
        *(("preset_mode",) if preset_first else ()),
        *("temperature", "range", "humidity", "value", "option"),
        *(() if preset_first else ("preset_mode",)),
        *((mode,) if target.get(mode) == STATE_OFF else ()),
    ]
    return [calls[name] for name in order if name in calls]
