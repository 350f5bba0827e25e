"""Further readings of Viessmann devices: heating rod, defrost, fans, valves, second compressor, hot water, messages.

Facts: the replies of nine installations. `device.messages.*` lists entries with an `errorCode`. Consumption without
`summary` features is a list per period, the current one first. `heating.heatingRod.runtime` is in seconds.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..value_ranges import reading_in_range
from ..values import at, number, number_at, rows_at
from .property_values import value_in, word_of

_S_PER_H: Final = 3600.0
# Feature, property, entity key, unit, divisor.
NUMBERS: Final[tuple[tuple[str, str, str, str | None, float], ...]] = (
    ("heating.compressors.1.speed.current", "value", "compressor_2_speed", "rps", 1.0),
    ("heating.compressors.1.statistics", "starts", "compressor_2_starts", None, 1.0),
    ("heating.compressors.1.statistics", "hours", "compressor_2_hours", "h", 1.0),
    ("heating.compressors.{n}.sensors.temperature.inlet", "value", "suction_gas_temperature", "°C", 1.0),
    ("heating.compressors.{n}.sensors.temperature.outlet", "value", "hot_gas_temperature", "°C", 1.0),
    ("heating.compressors.{n}.sensors.pressure.inlet", "value", "suction_gas_pressure", "bar", 1.0),
    ("heating.sensors.pressure.hotGas", "value", "hot_gas_pressure", "bar", 1.0),
    ("heating.sensors.pressure.suctionGas", "value", "suction_gas_pressure", "bar", 1.0),
    ("heating.compressors.{n}.sensors.temperature.overheat", "value", "overheat", "K", 1.0),
    ("heating.sensors.temperature.hotGas", "value", "hot_gas_temperature", "°C", 1.0),
    ("heating.sensors.temperature.suctionGas", "value", "suction_gas_temperature", "°C", 1.0),
    ("heating.sensors.temperature.liquidGas", "value", "liquid_gas_temperature", "°C", 1.0),
    ("heating.sensors.temperature.allengra", "value", "volume_flow_temperature", "°C", 1.0),
    ("heating.evaporators.{n}.sensors.temperature.liquid", "value", "evaporator_temperature", "°C", 1.0),
    ("heating.condensors.{n}.sensors.temperature.liquid", "value", "condenser_temperature", "°C", 1.0),
    ("heating.boiler.pumps.internal.current", "value", "boiler_pump_load", "%", 1.0),
    ("heating.primaryCircuit.fans.0.current", "value", "fan_load", "%", 1.0),
    ("heating.primaryCircuit.fans.1.current", "value", "fan_2_load", "%", 1.0),
    ("heating.primaryCircuit.sensors.rotation", "value", "source_pump_load", "%", 1.0),
    ("heating.secondaryCircuit.valves.fourThreeWay", "current", "secondary_valve_position", "%", 1.0),
    ("heating.heatingRod.statistics", "hours", "heating_rod_hours", "h", 1.0),
    ("heating.heatingRod.statistics", "starts", "heating_rod_starts", None, 1.0),
    ("heating.heatingRod.runtime", "levelOne", "heating_rod_level_1_hours", "h", _S_PER_H),
    ("heating.heatingRod.runtime", "levelTwo", "heating_rod_level_2_hours", "h", _S_PER_H),
    ("heating.heatingRod.power.consumption.summary.heating", "currentDay", "rod_heating_today", "kWh", 1.0),
    ("heating.heatingRod.power.consumption.summary.dhw", "currentDay", "rod_dhw_today", "kWh", 1.0),
    ("heating.burners.0.modulation", "value", "burner_modulation", "%", 1.0),
    ("heating.burners.0.statistics", "hours", "burner_hours", "h", 1.0),
    ("heating.burners.0.statistics", "starts", "burner_starts", None, 1.0),
    ("heating.gas.consumption.summary.heating", "currentDay", "gas_heating_today", "m³", 1.0),
    ("heating.gas.consumption.summary.dhw", "currentDay", "gas_dhw_today", "m³", 1.0),
    ("heating.dhw.sensors.temperature.hotWaterStorage.top", "value", "dhw_top_temperature", "°C", 1.0),
    ("heating.dhw.sensors.temperature.hotWaterStorage.bottom", "value", "dhw_bottom_temperature", "°C", 1.0),
    ("heating.dhw.sensors.temperature.dhwCylinder.top", "value", "dhw_top_temperature", "°C", 1.0),
    ("heating.dhw.sensors.temperature.dhwCylinder.bottom", "value", "dhw_bottom_temperature", "°C", 1.0),
    ("heating.dhw.temperature.temp2", "value", "dhw_second_setpoint", "°C", 1.0),
    ("heating.circuits.{c}.temperature.levels", "min", "circuit_min_temperature", "°C", 1.0),
    ("heating.circuits.{c}.temperature.levels", "max", "circuit_max_temperature", "°C", 1.0),
    ("heating.dhw.sensors.temperature.outlet", "value", "dhw_outlet_temperature", "°C", 1.0),
    ("heating.buffer.sensors.temperature.top", "value", "buffer_top_temperature", "°C", 1.0),
    ("heating.bufferCylinder.sensors.temperature.top", "value", "buffer_top_temperature", "°C", 1.0),
    ("heating.boiler.temperature.current", "value", "boiler_setpoint", "°C", 1.0),
    ("heating.cop.total", "value", "cop_total", None, 1.0),
    ("heating.cop.heating", "value", "cop_heating", None, 1.0),
    ("heating.cop.dhw", "value", "cop_dhw", None, 1.0),
)
_FLAGS: Final[tuple[tuple[str, str, str], ...]] = (
    ("heating.heatingRod", "active", "heating_rod_active"),
    ("heating.outdoor.defrosting", "active", "defrosting"),
    ("heating.secondaryHeatGenerator", "active", "second_heat_generator_active"),
    ("heating.compressors.1", "active", "compressor_2_active"),
    ("heating.compressors.0.heater.crankcase", "active", "crankcase_heater_active"),
    ("heating.evaporators.0.heater.base", "active", "evaporator_heater_active"),
    ("heating.primaryCircuit.valves.fourThreeWay", "active", "primary_valve_active"),
    ("heating.burners.0", "active", "burner_active"),
    ("heating.dhw", "active", "dhw_active"),
    ("heating.dhw.oneTimeCharge", "active", "dhw_one_time_charge"),
    ("heating.dhw.hygiene", "enabled", "dhw_hygiene_enabled"),
    ("heating.external.lock", "active", "external_lock"),
    ("device.lock.malfunction", "active", "malfunction_lock"),
    ("heating.operating.programs.holiday", "active", "holiday"),
    ("ventilation", "active", "ventilation_active"),
)
# Features whose property is "on" or "off".
_SWITCHED: Final = (
    ("heating.circuits.{c}.circulation.pump", "circulation_pump"),
    ("heating.circuits.{c}.frostprotection", "frost_protection"),
    ("heating.dhw.pumps.primary", "dhw_charge_pump"),
    ("heating.dhw.pumps.circulation", "dhw_circulation_pump"),
)
_TEXTS: Final = (
    ("heating.circuits.{c}.operating.programs.active", "value", "program"),
    ("heating.circuits.{c}.name", "name", "circuit_name"),
    ("heating.valves.fourThreeWay.position", "value", "valve_position"),
    ("heating.secondaryCircuit.operation.state", "currentValue", "secondary_circuit_state"),
    ("device.power.consumption.limitation", "value", "power_limitation"),
    ("ventilation.operating.modes.active", "value", "ventilation_mode"),
    ("ventilation.operating.programs.active", "value", "ventilation_program"),
    ("ventilation.operating.state", "level", "ventilation_level"),
    ("ventilation.operating.state", "demand", "ventilation_demand"),
    ("ventilation.operating.state", "reason", "ventilation_reason"),
)
_LISTED: Final = (
    ("heating.power.consumption.heating", "day", "electricity_heating_today"),
    ("heating.power.consumption.dhw", "day", "electricity_dhw_today"),
    ("heating.power.consumption.heating", "year", "electricity_heating_year"),
    ("heating.power.consumption.dhw", "year", "electricity_dhw_year"),
    ("heating.power.consumption.total", "day", "electricity_total_today"),
    ("heating.power.consumption.total", "year", "electricity_total_year"),
    ("heating.heat.production.heating", "day", "heat_heating_today"),
    ("heating.heat.production.dhw", "day", "heat_dhw_today"),
    ("heating.heat.production.heating", "year", "heat_heating_year"),
    ("heating.heat.production.dhw", "year", "heat_dhw_year"),
    ("heating.gas.consumption.heating", "day", "gas_heating_today"),
    ("heating.gas.consumption.dhw", "day", "gas_dhw_today"),
)
"""Counters of a period as a list, the current period first: used where there is no summary."""
_MESSAGES: Final = ("errors", "service", "info", "status")
_LISTED_UNITS: Final = {key: "m³" if key.startswith("gas") else "kWh" for _, _, key in _LISTED}
_PROGRAM: Final = "program_temperature"
"""The room temperature of the active program."""
COMPONENT_UNITS: Final[Mapping[str, str | None]] = {
    **{key: unit for _, _, key, unit, _ in NUMBERS},
    **_LISTED_UNITS,
    _PROGRAM: "°C",
}


def component_values(
    features: Mapping[str, Any], circuit: int, known: Mapping[str, Any]
) -> dict[str, float | str | bool | None]:
    """Return the further readings by entity key that are not `known` yet."""
    found: dict[str, float | str | bool | None] = {}
    for key, value in (*_numbers(features, circuit), *_listed(features), *_states(features, circuit)):
        if key not in known and key not in found:
            found[key] = value
    for kind in _MESSAGES:
        rows = rows_at(features.get(f"device.messages.{kind}.raw"), "properties", "entries", "value")
        codes = dict.fromkeys(code for row in rows if (code := word_of(str(at(row, "errorCode")))) is not None)
        if codes:
            found[f"messages_{kind}"] = ", ".join(codes)
    return found


def _numbers(features: Mapping[str, Any], circuit: int) -> Iterator[tuple[str, float]]:
    programs = f"heating.circuits.{circuit}.operating.programs"
    program = at(features.get(f"{programs}.active"), "properties", "value", "value")
    value = number_at(features.get(f"{programs}.{program}"), "properties", "temperature", "value")
    if value is not None:
        yield _PROGRAM, value
    for feature, prop, key, unit, divisor in NUMBERS:
        row = features.get(feature.format(n=0, c=circuit))
        value = reading_in_range(key, value_in(row, prop, unit, divisor), unit)
        if key == "suction_gas_temperature" and value == 0:
            continue  # a sensor that the compressor does not have
        if value is not None:
            yield key, value if divisor == 1.0 else round(value, 2)


def _listed(features: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for feature, period, key in _LISTED:
        row = features.get(feature)
        rows = rows_at(row, "properties", period, "value")
        unit = str(at(row, "properties", period, "unit") or "")
        value = number(rows[0]) if rows else None
        if value is not None and (unit in ("", "kilowattHour") or (key.startswith("gas") and unit == "cubicMeter")):
            yield key, round(value, 3)


def _states(features: Mapping[str, Any], circuit: int) -> Iterator[tuple[str, str | bool]]:
    for feature, prop, key in _FLAGS:
        if isinstance(flag := at(features.get(feature), "properties", prop, "value"), bool):
            yield key, flag
    for feature, key in _SWITCHED:
        status = at(features.get(feature.format(c=circuit)), "properties", "status", "value")
        if status in ("on", "off"):
            yield key, status == "on"
    for feature, prop, key in _TEXTS:
        text = word_of(at(features.get(feature.format(c=circuit)), "properties", prop, "value"))
        if text is not None:
            yield key, text
