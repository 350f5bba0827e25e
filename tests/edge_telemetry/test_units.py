"""Units that a message states: read in any usual spelling, converted where the metric has its own."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.edge_telemetry.data import EdgeData
from custom_components.edge_telemetry.decoders import Reason, convert, decode, describe, find_unit, without_unit
from custom_components.edge_telemetry.decoders.json_object import decode_object
from custom_components.edge_telemetry.device import DeviceRecord
from custom_components.edge_telemetry.value_types import BAD, ValueType, widen

from .conftest import Publish, entity_id, state

TOPIC = "van/env/tank/data"
TANK = "van/env/tank"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("C", "°C"), ("degC", "°C"), ("℃", "°C"), ("°F", "°F"), ("mW", "mW"), ("KWH", "kWh"), ("kWh", "kWh"),
        ("Wh", "Wh"),

        ("mbar", "hPa"), ("µg/m³", "μg/m³"), ("ug/m3", "μg/m³"), ("Lux", "lx"), (" volts ", "V"), ("pct", "%"),
        ("furlong", None), ("", None), (5, None),
    ],
)  # fmt: skip
def test_units_are_known_by_their_spellings(text: Any, name: str | None) -> None:
    found = find_unit(text)
    assert (None if found is None else found.name) == name


@pytest.mark.parametrize(
    ("value", "unit", "target", "expected"),
    [
        (3005, "mV", "V", 3.005),
        (98.6, "°F", "°C", 37.0),
        (293.15, "K", "°C", 20.0),
        (101325, "Pa", "hPa", 1013.25),
        (1.5, "kWh", "Wh", 1500.0),
        (20, "%", "°C", None),
        (20, "V", "unknown", None),
        (20, "V", "V", 20),
    ],
)
def test_values_are_converted_within_a_quantity(value: float, unit: str, target: str, expected: float | None) -> None:
    found = find_unit(unit)
    assert found is not None
    assert convert(value, found, target) == expected


@pytest.mark.parametrize(
    ("payload", "metrics", "units"),
    [
        ({"voltage": {"value": 3005, "unit": "mV"}}, {"voltage_v": 3.005}, {}),
        ({"temperature": {"value": "68", "unit": "F"}}, {"temperature_c": 20.0}, {}),
        ({"level": {"value": 40, "unit": "cm"}}, {"level": 40}, {"level": "cm"}),
        ({"level": {"value": "40", "units": "centipede"}}, {"level": 40.0}, {"level": "centipede"}),
        ({"level": {"value": "low", "unit": "cm"}}, {"level": "low"}, {}),
        ({"temperature": {"value": 20, "unit": "furlong"}}, {"temperature_c": 20}, {}),
        ({"temperature": {"value": 20, "unit": " "}}, {"temperature_c": 20}, {}),
        ({"temperature": {"value": 20, "unit": 5}}, {"temperature_c": 20}, {}),
        ({"door_open": {"value": True, "unit": "V"}}, {"door_open": True}, {"door_open": "V"}),
        ({"temperature": {"value": None, "unit": "C"}}, {"temperature_c": None}, {}),
        ({"tank": {"inner": {"value": 5, "unit": "L"}}}, {"tank_inner": 5}, {"tank_inner": "L"}),
        ({"power": [11, 0, 5.5]}, {"l1_power_w": 11, "l2_power_w": 0, "l3_power_w": 5.5}, {}),
        ({"power": [11, {"a": 1}]}, {"l1_power_w": 11}, {}),
        ({"cells": [1, 2], "x": 1}, {"x": 1}, {}),
    ],
)
def test_structures_are_read(payload: dict[str, Any], metrics: dict[str, Any], units: dict[str, str]) -> None:
    message = decode_object(payload)
    assert (message.metrics, message.units) == (metrics, units)


def test_a_unit_of_another_quantity_is_a_bad_value() -> None:
    message = decode(b'{"temperature": {"value": 20, "unit": "kWh"}, "x": 1}')
    assert message.metrics == {"x": 1}
    assert message.rejected == {"temperature_c": Reason.BAD_VALUE}


def test_the_meaning_of_an_unknown_name_follows_from_its_unit() -> None:
    assert (describe("level", "cm").quantity, describe("level", "cm").unit) == ("distance", "cm")
    assert describe("level", "centipede").quantity is None
    assert describe("level_percent", "cm").unit == "%"
    named = describe("l1_power_w")
    assert (named.named, named.part, named.unit) == ("power_w", "l1", "W")


@pytest.mark.parametrize(
    ("key", "unit", "name"),
    [
        ("water_volume_l", None, "water_volume"),
        ("fuel_percent", None, "fuel"),
        ("fuel_pct", None, "fuel"),
        ("boiler_temp_f", None, "boiler_temp"),
        ("pump_w", None, "pump"),
        ("pump_flow_l_min", None, "pump_flow"),
        ("gas_m3", "m³", "gas"),
        ("volume_flow_m3_h", "m³/h", "volume_flow"),
        ("speed_ms", "m/s", "speed"),
        ("acceleration_m_s2", "m/s²", "acceleration"),
        ("gyroscope_deg_s", "°/s", "gyroscope"),
        ("tvoc_ug_m3", "μg/m³", "tvoc"),
        ("run_minutes", "min", "run"),
        ("load_g", "g", "load"),
        ("level", "cm", "level"),
        ("ml", "mL", "ml"),  # a name of its own
        ("phase_a", "A", "phase_a"),
        ("probe_c", "°C", "probe_c"),
        ("side_b", "B", "side_b"),
        ("flow_gpm", None, "flow_gpm"),  # without a unit of its own, its name is all there is
        ("l1_power_w", "W", "l1_power"),
    ],
)
def test_the_name_of_an_unknown_metric_does_not_contain_its_unit(key: str, unit: str | None, name: str) -> None:
    assert without_unit(key, unit or describe(key).unit) == name


async def test_units_are_not_part_of_shown_names(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    await publish(TOPIC, {"water_volume_l": 61.5, "gas_m3": {"value": 2, "unit": "m3"}, "inlet_hpa": 990})
    shown = [
        hass.states.get(entity_id(hass, "sensor", key, TANK) or "") for key in ("water_volume_l", "gas_m3", "inlet_hpa")
    ]
    names = [(each.attributes["friendly_name"], each.attributes["unit_of_measurement"]) for each in shown if each]
    device = names[0][0].removesuffix(" Water volume")
    assert names == [(f"{device} Water volume", "L"), (f"{device} Gas", "m³"), (f"{device} Inlet", "hPa")]


def test_a_sensor_that_does_not_answer_has_no_temperature() -> None:
    """DS18B20 drivers report -127 °C (PaulStoffregen/OneWire#76)."""
    message = decode(b'{"metrics": {"temperature_c": -127.0, "water_temperature_c": -127, "power_w": -127.0}}')
    assert message.metrics == {"power_w": -127.0}
    assert set(message.rejected) == {"temperature_c", "water_temperature_c"}


async def test_a_stated_unit_is_kept_and_others_are_converted_to_it(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish(TOPIC, {"level": {"value": 40, "unit": "cm"}})
    found = hass.states.get(entity_id(hass, "sensor", "level", TANK) or "")
    assert found is not None
    assert (found.state, found.attributes["unit_of_measurement"]) == ("40", "cm")
    assert found.attributes["device_class"] == "distance"
    (device,) = data.devices.values()
    for value, unit, shown in ((0.5, "m", 50.0), (5, "furlong", 5), (7, "kWh", None), (True, "m", None)):
        await publish(TOPIC, {"level": {"value": value, "unit": unit}})
        assert device.values["level"] == shown
    assert state(hass, "level", TANK) is not None
    assert DeviceRecord.from_dict(device.record.as_dict()) == device.record


def test_values_that_no_type_allows() -> None:
    assert widen("pump", ValueType.FLAG, True, 7) == (ValueType.NUMBER, 7)
    assert widen("pump", ValueType.FLAG, True, "ajar") == (ValueType.TEXT, "ajar")
    assert widen("door_open", ValueType.FLAG, True, "ajar") == (ValueType.FLAG, BAD)
