"""Powers that are derived from several values, and captures of unusual form."""

import pytest

from custom_components.ecoflow.api.captures import decode_capture
from custom_components.ecoflow.api.families.battery_flow import difference
from custom_components.ecoflow.api.families.smart_home_panel import _stations_power
from custom_components.ecoflow.api.families.wave_2 import _battery_power


@pytest.mark.parametrize(
    ("values", "power_w"),
    [
        ({"in": 300, "out": 0}, 300),
        ({"in": 0, "out": 120}, -120),
        ({"in": 0, "out": -120}, -120),
        ({"out": 50}, -50),
        ({"in": 70}, 70),
        ({}, None),
    ],
)
def test_a_power_with_a_value_for_each_direction(values: dict[str, float], power_w: float | None) -> None:
    assert difference("in", "out")(values) == power_w


def test_the_power_of_the_stations_of_a_panel() -> None:
    stations = [{"lcdInputWatts": 500, "outputPower": 0}, {"lcdInputWatts": 0, "outputPower": 200}]
    assert _stations_power({"heartbeat.energyInfos": stations}) == 300
    assert _stations_power({}) is None


@pytest.mark.parametrize(
    ("values", "power_w"),
    [
        ({"bms.vol": 46_000, "bms.amp": -2000}, -92.0),
        ({"power.batPwrOut": 150}, -150),
        ({"pd.batPwrOut": 80}, -80),
        ({}, None),
    ],
)
def test_the_battery_power_of_an_air_conditioner(values: dict[str, float], power_w: float | None) -> None:
    assert _battery_power(values) == power_w


@pytest.mark.parametrize("form", ["data", "messages"])
def test_mqtt_parameters_are_read_where_they_are_nested(form: str) -> None:
    params = {
        "pd.soc": 61,
        "pd.wattsInSum": 100,
        "pd.wattsOutSum": 40,
        "bms_bmsStatus.vol": 53_000,
        "inv.inputWatts": 90,
    }
    device = {"device": "DELTA 2", "params": params}
    capture = {"data": {"params": params}} if form == "data" else {"messages": [device, {"device": "x"}, 5]}
    values = {key: value for key, value, _ in decode_capture(capture, "DELTA 2")}
    assert values["battery_level"] == 61
    assert values["total_output_power"] == 40
