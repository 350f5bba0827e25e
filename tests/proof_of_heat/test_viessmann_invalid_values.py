"""What the Viessmann cloud reports instead of values: dashes, null, other units, states of sensors."""

from typing import Any

import pytest

from custom_components.proof_of_heat.drivers.viessmann.features import decode
from custom_components.proof_of_heat.drivers.viessmann.source import ViessmannSource

OUTDOOR = "heating.sensors.temperature.outside"
MODE = "heating.circuits.0.operating.modes.active"


def reply(feature: str, **properties: Any) -> dict[str, Any]:
    return {"data": [{"feature": feature, "properties": properties}]}


@pytest.mark.parametrize(
    ("properties", "value"),
    [
        ({"value": {"value": 7.5, "unit": "celsius"}, "status": {"value": "connected"}}, 7.5),
        ({"value": {"value": 7.5}}, 7.5),
        ({"value": {"value": 7.5, "unit": ""}}, 7.5),
        ({"value": {"value": 7.5, "unit": None}}, 7.5),
        ({"value": {"value": "7.5", "unit": "celsius"}}, 7.5),
        ({"value": {"value": 7.5, "unit": "fahrenheit"}}, None),
        ({"value": {"value": 7.5, "unit": "percent"}}, None),
        ({"value": {"value": 7.5}, "status": {"value": "notConnected"}}, None),
        ({"value": {"value": 7.5}, "status": {"value": "error"}}, None),
        ({"value": {"value": 7.5}, "status": {"value": "-"}}, None),
        ({"status": {"value": "connected"}}, None),
        ({"value": {"value": None}}, None),
        ({"value": {"value": "-"}}, None),
        ({"value": {"value": "--"}}, None),
        ({"value": {"value": ""}}, None),
        ({"value": {"value": "notConnected"}}, None),
        ({"value": {"value": True}}, None),
        ({"value": {"value": "NaN"}}, None),
        ({"value": {"value": [7.5]}}, None),
        ({"value": {"value": -3276.8}}, None),
        ({"value": 7.5}, None),
        ({"value": None}, None),
    ],
)
def test_a_temperature(properties: dict[str, Any], value: float | None) -> None:
    assert decode(reply(OUTDOOR, **properties)).number("outdoor_temperature") == value


@pytest.mark.parametrize(
    ("feature", "unit", "raw", "key", "value"),
    [
        ("heating.sensors.volumetricFlow.allengra", "liter/hour", 1015, "volume_flow", 1015),
        ("heating.sensors.volumetricFlow.allengra", "liter", 1015, "volume_flow", 1015),
        ("heating.sensors.volumetricFlow.allengra", "cubicMeter/hour", 1.015, "volume_flow", 1015),
        ("heating.sensors.volumetricFlow.allengra", "kilogram", 1015, "volume_flow", None),
        ("heating.inverters.0.sensors.power.output", "kilowatt", 1.2, "inverter_power", 1200),
        ("heating.inverters.0.sensors.power.output", "", 1200, "inverter_power", 1200),
        ("heating.compressors.0.speed.current", "revolutionsPerMinute", 3000, "compressor_speed", 50),
        ("heating.sensors.pressure.supply", "kilopascal", 180, "system_pressure", 1.8),
        ("heating.sensors.pressure.hotGas", "millibar", 21_500, "hot_gas_pressure", 21.5),
        ("heating.sensors.pressure.hotGas", "psi", 300, "hot_gas_pressure", None),
        ("heating.sensors.temperature.hotGas", "celsius", 3276.7, "hot_gas_temperature", None),
        ("heating.burners.0.modulation", "percent", 6553.5, "burner_modulation", None),
    ],
)
def test_a_value_in_another_unit(feature: str, unit: str, raw: float, key: str, value: float | None) -> None:
    assert decode(reply(feature, value={"value": raw, "unit": unit})).number(key) == value


@pytest.mark.parametrize(("unit", "raw"), [("seconds", 7200), ("", 7200), ("hour", 2), ("minute", 120)])
def test_the_runtime_of_the_heating_rod_in_hours(unit: str, raw: float) -> None:
    row = reply("heating.heatingRod.runtime", levelOne={"value": raw, "unit": unit})
    assert decode(row).number("heating_rod_level_1_hours") == 2


def test_gas_in_kilowatt_hours_is_not_a_volume() -> None:
    row = reply("heating.gas.consumption.summary.heating", currentDay={"value": 42, "unit": "kilowattHour"})
    assert decode(row).number("gas_heating_today") is None


@pytest.mark.parametrize("word", ["-", "--", "", "unknown", "notConnected", "null", None, 3])
def test_a_word_that_is_not_a_state(word: Any) -> None:
    """A heat pump in an unknown mode is not on."""
    assert decode(reply(MODE, value={"value": word})).text("mode") is None
    assert decode(reply("heating.compressors.0", phase={"value": word})).values == {}
    assert decode(reply("heating.circuits.0.operating.programs.active", value={"value": word})).values == {}
    entries = {"value": [{"errorCode": word}] if not isinstance(word, int) else [{}]}
    assert decode(reply("device.messages.errors.raw", entries=entries)).faults == ()


def flags(**values: Any) -> dict[str, Any]:
    names = {"compressor": "heating.compressors.0", "rod": "heating.heatingRod", "second": "heating.compressors.1"}
    rows = [{"feature": names[key], "properties": {"active": {"value": value}}} for key, value in values.items()]
    return {"data": rows}


@pytest.mark.parametrize(
    ("values", "power_w"),
    [
        ({"compressor": False}, 0.0),
        ({"compressor": False, "rod": False, "second": False}, 0.0),
        ({"compressor": False, "rod": True}, None),
        ({"compressor": False, "second": True}, None),
        ({"compressor": True}, None),
        ({"compressor": "-"}, None),
        ({}, None),
    ],
)
def test_a_heating_rod_is_not_without_power(values: dict[str, Any], power_w: float | None) -> None:
    assert ViessmannSource._power_w(decode(flags(**values))) == power_w


def test_the_inverter_does_not_measure_the_heating_rod() -> None:
    rows = (
        flags(compressor=True, rod=True)["data"]
        + reply("heating.inverters.0.sensors.power.output", value={"value": 900, "unit": "watt"})["data"]
    )
    assert ViessmannSource._power_w(decode({"data": rows})) is None
    assert ViessmannSource._power_w(decode({"data": rows[:1] + rows[2:]})) == 900
