"""Converts features of the Viessmann cloud to readings by entity key, by one table; missing features are omitted.

Facts: the replies of nine installations. A sensor whose `status` is not "connected" has no value.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..errors import BadReplyError
from ..value_ranges import reading_in_range
from ..values import at, first, number, number_at, rows_at
from .component_features import COMPONENT_UNITS, component_values
from .property_values import value_in, word_of

_KWH: Final = "kWh"
_C: Final = "°C"

# Feature, property, entity key, unit.
READINGS: Final[tuple[tuple[str, str, str, str | None], ...]] = (
    ("heating.sensors.temperature.outside", "value", "outdoor_temperature", _C),
    ("heating.circuits.{c}.sensors.temperature.supply", "value", "circuit_supply_temperature", _C),
    ("heating.circuits.{c}.sensors.temperature.room", "value", "room_temperature", _C),
    ("heating.circuits.{c}.temperature", "value", "flow_setpoint", _C),
    ("heating.secondaryCircuit.sensors.temperature.supply", "value", "flow_temperature", _C),
    ("heating.boiler.sensors.temperature.commonSupply", "value", "common_supply_temperature", _C),
    ("heating.sensors.temperature.return", "value", "return_temperature", _C),
    ("heating.secondaryCircuit.sensors.temperature.return", "value", "secondary_return_temperature", _C),
    ("heating.primaryCircuit.sensors.temperature.supply", "value", "source_in_temperature", _C),
    ("heating.primaryCircuit.sensors.temperature.return", "value", "source_out_temperature", _C),
    ("heating.bufferCylinder.sensors.temperature.main", "value", "buffer_temperature", _C),
    ("heating.buffer.sensors.temperature.main", "value", "buffer_temperature", _C),
    ("heating.dhw.sensors.temperature.dhwCylinder", "value", "dhw_temperature", _C),
    ("heating.dhw.sensors.temperature.hotWaterStorage", "value", "dhw_temperature", _C),
    ("heating.dhw.temperature.main", "value", "dhw_setpoint", _C),
    ("heating.dhw.temperature.hysteresis", "value", "dhw_hysteresis", "K"),
    ("heating.circuits.{c}.heating.curve", "slope", "slope", None),
    ("heating.circuits.{c}.heating.curve", "shift", "level", None),
    ("heating.compressors.0.speed.current", "value", "compressor_speed", "rps"),
    ("heating.compressors.0.sensors.power", "value", "compressor_load", "%"),
    ("heating.compressors.0.statistics", "starts", "compressor_starts", None),
    ("heating.compressors.0.statistics", "hours", "compressor_hours", "h"),
    ("heating.inverters.0.sensors.power.output", "value", "inverter_power", "W"),
    ("heating.sensors.volumetricFlow.allengra", "value", "volume_flow", "l/h"),
    ("heating.sensors.pressure.supply", "value", "system_pressure", "bar"),
    ("heating.power.consumption.summary.heating", "currentDay", "electricity_heating_today", _KWH),
    ("heating.power.consumption.summary.dhw", "currentDay", "electricity_dhw_today", _KWH),
    ("heating.power.consumption.summary.heating", "currentYear", "electricity_heating_year", _KWH),
    ("heating.power.consumption.summary.dhw", "currentYear", "electricity_dhw_year", _KWH),
    ("heating.heat.production.summary.heating", "currentDay", "heat_heating_today", _KWH),
    ("heating.heat.production.summary.dhw", "currentDay", "heat_dhw_today", _KWH),
    ("heating.heat.production.summary.heating", "currentYear", "heat_heating_year", _KWH),
    ("heating.heat.production.summary.dhw", "currentYear", "heat_dhw_year", _KWH),
    ("heating.heatingRod.power.consumption.summary.heating", "currentYear", "rod_heating_year", _KWH),
    ("heating.heatingRod.power.consumption.summary.dhw", "currentYear", "rod_dhw_year", _KWH),
    ("heating.scop.total", "value", "scop_total", None),
    ("heating.scop.heating", "value", "scop_heating", None),
    ("heating.scop.dhw", "value", "scop_dhw", None),
    ("heating.spf.total", "value", "spf_total", None),
    ("heating.spf.heating", "value", "spf_heating", None),
    ("heating.spf.dhw", "value", "spf_dhw", None),
)
_TEXTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("heating.circuits.{c}.operating.modes.active", "value", "mode"),
    ("heating.dhw.operating.modes.active", "value", "dhw_mode"),
    ("heating.compressors.0", "phase", "compressor_phase"),
)
_HOT_WATER_STATES: Final = (("heating.valves.fourThreeWay.position", "value"), ("heating.compressors.0", "phase"))
_HOT_WATER_WORDS: Final = ("domesticHotWater", "dhw")
ELECTRICITY: Final = ("electricity_heating_year", "electricity_dhw_year")
HEAT: Final = ("heat_heating_year", "heat_dhw_year")
UNITS: Final[Mapping[str, str | None]] = {**COMPONENT_UNITS, **{key: unit for _, _, key, unit in READINGS}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ViessmannReading:
    """The values of a bulk reply by entity key."""

    values: Mapping[str, float | str | bool | None]
    modes: tuple[str, ...] = ()
    """Modes that the heating circuit supports."""
    dhw_separate: bool = False
    """Hot water has its own mode: standby of the circuit does not block it."""
    slope_limits: tuple[float, float] | None = None
    level_limits: tuple[float, float] | None = None
    slope_step: float = 0.1
    level_step: float = 1.0
    curve_writable: bool = False
    circuit: int = 0
    """The heating circuit of the readings."""
    circuits: tuple[int, ...] = (0,)
    """All enabled heating circuits."""
    can_charge_hot_water: bool = False
    """It has a one-time charge of hot water."""
    is_boiler: bool = False
    """Burns fuel and has no compressor."""
    faults: tuple[str, ...] = field(default=())
    unreported: frozenset[str] = frozenset()
    """Counters that the device has, without a value in this reply."""

    def number(self, key: str) -> float | None:
        """Return a value that is a number, else None."""
        return number(self.values.get(key))

    def text(self, key: str) -> str | None:
        """Return a value that is a text, else None."""
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    @property
    def electricity_kwh(self) -> float | None:
        """Electricity of this year for heating and hot water; None while a part of it is not reported."""
        return self.total(ELECTRICITY)

    @property
    def heat_kwh(self) -> float | None:
        """Heat of this year in kWh; None while a part of it is not reported."""
        return self.total(HEAT)

    def total(self, keys: Sequence[str], expected: Collection[str] = ()) -> float | None:
        """Return the sum of the parts that the device counts; None if one is missing: the rest is not the total.

        `expected`: parts that it reported before.
        """
        known = {key: value for key in keys if (value := self.number(key)) is not None}
        missing = [key for key in keys if key not in known and (key in self.unreported or key in expected)]
        return round(sum(known.values()), 3) if known and not missing else None

    @property
    def flow_c(self) -> float | None:
        """Flow temperature of the circuit in degC."""
        keys = ("flow_temperature", "circuit_supply_temperature", "common_supply_temperature")
        return first(*(self.number(key) for key in keys))


def decode(reply: object, circuit: int | None = None) -> ViessmannReading:
    """Return the reading of a bulk reply (`{"data": [feature, …]}`), of the first enabled circuit without another one.

    Raises:
        BadReplyError: the reply has another structure.
    """
    rows = at(reply, "data")
    if not isinstance(rows, list):
        raise BadReplyError(_error_text(reply))
    features = {str(at(row, "feature")): row for row in rows}
    circuits = _enabled_circuits(features)
    circuit = circuits[0] if circuit is None else circuit
    values: dict[str, float | str | bool | None] = {}
    unreported: set[str] = set()
    for feature, prop, key, unit in READINGS:
        row = features.get(feature.format(c=circuit))
        value = reading_in_range(key, value_in(row, prop, unit), unit)
        if key not in values and value is not None:
            values[key] = value
        elif value is None and at(row, "properties", prop) is not None:
            unreported.add(key)
    for feature, prop, key in _TEXTS:
        if (text := word_of(at(features.get(feature.format(c=circuit)), "properties", prop, "value"))) is not None:
            values[key] = text
    active = at(features.get("heating.compressors.0"), "properties", "active", "value")
    if isinstance(active, bool):
        values["compressor_active"] = active
    if (charging := _hot_water(features)) is not None:
        values["dhw_charging"] = charging
    values |= component_values(features, circuit, values)
    reading = _with_commands(features, values, circuit)
    return replace(
        reading, circuit=circuit, circuits=circuits, is_boiler=_is_boiler(features), unreported=frozenset(unreported)
    )


def _enabled_circuits(features: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the numbers of the enabled heating circuits: the first one may be another than 0."""
    rows = rows_at(features.get("heating.circuits"), "properties", "enabled", "value")
    enabled = sorted({int(text) for row in rows if (text := str(row)).isdecimal()})
    return tuple(enabled) or (0,)


def _is_boiler(features: Mapping[str, Any]) -> bool:
    """Return whether the device has a burner and no compressor. Replies list families of parts that are not there."""
    return _has_part(features, "heating.burners", "heating.burner") and not _has_part(
        features, "heating.compressors", "heating.compressor"
    )


def _has_part(features: Mapping[str, Any], many: str, single: str) -> bool:
    if rows_at(features.get(many), "properties", "enabled", "value"):
        return True
    return any(
        row_properties
        for name, row in features.items()
        if (name == single or name.startswith(f"{many}.")) and (row_properties := at(row, "properties"))
    )


def _with_commands(
    features: Mapping[str, Any], values: dict[str, float | str | bool | None], circuit: int
) -> ViessmannReading:
    curve = features.get(f"heating.circuits.{circuit}.heating.curve")
    params = at(curve, "commands", "setCurve", "params")
    mode = features.get(f"heating.circuits.{circuit}.operating.modes.active")
    allowed = rows_at(mode, "commands", "setMode", "params", "mode", "constraints", "enum")
    return ViessmannReading(
        values=values,
        modes=tuple(str(name) for name in allowed),
        dhw_separate="heating.dhw.operating.modes.active" in features,
        slope_limits=_limits(params, "slope"),
        level_limits=_limits(params, "shift"),
        slope_step=number_at(params, "slope", "constraints", "stepping") or 0.1,
        level_step=number_at(params, "shift", "constraints", "stepping") or 1.0,
        can_charge_hot_water=at(features.get("heating.dhw.oneTimeCharge"), "commands", "activate") is not None,
        curve_writable=params is not None and at(curve, "commands", "setCurve", "isExecutable") is not False,
        faults=tuple(_faults(features.get("device.messages.errors.raw"))),
    )


def _hot_water(features: Mapping[str, Any]) -> bool | None:
    """Return whether hot water is heated: by the cloud's own flag, else by the valve or the compressor's phase."""
    charging = at(features.get("heating.dhw.charging"), "properties", "active", "value")
    if isinstance(charging, bool):
        return charging
    known = None
    for feature, prop in _HOT_WATER_STATES:
        if (text := word_of(at(features.get(feature), "properties", prop, "value"))) is not None:
            known = bool(known) or text in _HOT_WATER_WORDS
    return known


def _limits(params: object, name: str) -> tuple[float, float] | None:
    low = number_at(params, name, "constraints", "min")
    high = number_at(params, name, "constraints", "max")
    return None if low is None or high is None else (low, high)


def _faults(row: object) -> Iterable[str]:
    for entry in rows_at(row, "properties", "entries", "value"):
        if (code := word_of(str(at(entry, "errorCode")))) is not None:
            yield code


def _error_text(reply: object) -> str:
    text = at(reply, "message") or at(reply, "error") or "the reply has no list of features"
    reason = at(reply, "extendedPayload", "reason")
    return f"{text} ({reason})" if reason else str(text)


def lines(reply: object) -> list[tuple[str, float | str | bool, str | None]]:
    """Return (entity key, value, unit) rows for `scripts/decode vicare`."""
    reading = decode(reply)
    return [(key, value, UNITS.get(key)) for key, value in reading.values.items() if value is not None]
