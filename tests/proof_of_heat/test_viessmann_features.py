"""Every value of the captured Viessmann replies: each meaningful one is read, by snapshot and by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.proof_of_heat.drivers.viessmann.features import UNITS, decode, lines
from tests.paths import FIXTURES

CAPTURES = sorted((FIXTURES / "viessmann").glob("Vitocal*.json")) if FIXTURES.is_dir() else []

# By hand from the replies.
BY_HAND: dict[str, dict[str, Any]] = {
    "Vitocal222S": {
        "heating_rod_active": True,
        "heating_rod_hours": 154.0,
        "heating_rod_starts": 4112.0,
        "rod_dhw_today": 0.0,
        "defrosting": False,
        "fan_load": 100.0,
        "secondary_valve_position": 0.0,
        "valve_position": "climateCircuitOne",
        "dhw_one_time_charge": False,
        "circulation_pump": True,
        "messages_info": "I.114",
        "program": "normalHeating",
        "power_limitation": "14aOff",
        "electricity_heating_today": 0.0,
        "electricity_total_year": 1579.6,
    },
    "Vitocal300G_CU401B": {
        "heating_rod_level_1_hours": 246.3,
        "heating_rod_level_2_hours": 79.97,
        "hot_gas_temperature": 79.5,
        "hot_gas_pressure": 28.1,
        "suction_gas_pressure": 8.7,
        "source_pump_load": 80.0,
        "cop_heating": 4.8,
        "ventilation_level": "levelOne",
        "ventilation_demand": "ventilation",
        "program": "normal",
    },
    "Vitocal333G": {"ventilation_mode": "ventilation", "ventilation_program": "levelThree", "ventilation_active": True},
    "Vitocal200": {"circulation_pump": True, "frost_protection": False, "dhw_circulation_pump": False},
}


@pytest.mark.skipif(not CAPTURES, reason=f"the captures are absent: {FIXTURES}")
@pytest.mark.parametrize("path", CAPTURES, ids=[path.stem for path in CAPTURES])
def test_every_value_of_a_capture(path: Path, snapshot: SnapshotAssertion) -> None:
    found = lines(json.loads(path.read_text("utf-8")))
    assert [f"{key} {value} {unit or ''}".strip() for key, value, unit in found] == snapshot
    values = {key: value for key, value, _ in found}
    expected = BY_HAND.get(path.stem, {})
    assert {key: values.get(key) for key in expected} == expected


@pytest.mark.skipif(not CAPTURES, reason=f"the captures are absent: {FIXTURES}")
def test_the_captured_message_is_read() -> None:
    reply = json.loads((FIXTURES / "viessmann" / "errors" / "device_message_F.1100.json").read_text("utf-8"))
    reading = decode(reply)
    assert reading.values["messages_errors"] == "F.1100"
    assert reading.faults == ("F.1100",)


def test_two_compressors_a_burner_and_gas() -> None:
    reply = {
        "data": [
            {"feature": "heating.compressors.1", "properties": {"active": {"value": True}}},
            {
                "feature": "heating.compressors.1.statistics",
                "properties": {"hours": {"value": 12.5}, "starts": {"value": 3}},
            },
            {"feature": "heating.burners.0", "properties": {"active": {"value": True}}},
            {"feature": "heating.burners.0.modulation", "properties": {"value": {"value": 38}}},
            {
                "feature": "heating.burners.0.statistics",
                "properties": {"hours": {"value": 900}, "starts": {"value": 71}},
            },
            {
                "feature": "heating.gas.consumption.heating",
                "properties": {"day": {"unit": "cubicMeter", "value": [1.4, 3.2]}},
            },
        ]
    }
    values = decode(reply).values
    assert values["compressor_2_active"] is True
    assert (values["compressor_2_hours"], values["compressor_2_starts"]) == (12.5, 3)
    assert (values["burner_active"], values["burner_modulation"], values["burner_hours"]) == (True, 38, 900)
    assert (values["gas_heating_today"], UNITS["gas_heating_today"]) == (1.4, "m³")


@pytest.mark.parametrize(
    ("unit", "value"), [("kilowattHour", 6.3), ("", 6.3), ("cubicMeter", None), ("wattHour", None)]
)
def test_consumption_without_a_summary(unit: str, value: float | None) -> None:
    rows = {"value": [6.3, 10.1], "unit": unit}
    reply = {"data": [{"feature": "heating.power.consumption.heating", "properties": {"day": rows, "year": rows}}]}
    reading = decode(reply)
    assert reading.values.get("electricity_heating_today") == value
    assert reading.electricity_kwh == value


def test_a_summary_takes_precedence_and_messages_are_listed_once() -> None:
    entries = [{"errorCode": "F.160"}, {"errorCode": "F.160"}, {"errorCode": "F.774"}, {}]
    reply = {
        "data": [
            {"feature": "heating.power.consumption.heating", "properties": {"day": {"value": [9.9]}}},
            {"feature": "heating.power.consumption.summary.heating", "properties": {"currentDay": {"value": 6.0}}},
            {"feature": "device.messages.errors.raw", "properties": {"entries": {"value": entries}}},
            {
                "feature": "heating.sensors.pressure.hotGas",
                "properties": {"status": {"value": "error"}, "value": {"value": 9}},
            },
            {
                "feature": "heating.compressors.0.sensors.temperature.inlet",
                "properties": {"status": {"value": "connected"}, "value": {"value": 0}},
            },
        ]
    }
    values = decode(reply).values
    assert values["electricity_heating_today"] == 6.0
    assert values["messages_errors"] == "F.160, F.774"
    assert not {"hot_gas_pressure", "suction_gas_temperature"} & values.keys()
