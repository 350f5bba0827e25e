"""Models without a documented command: what values of public captures decode to."""

from typing import Any

import pytest

from custom_components.ecoflow.api.captures import decode_capture

# Single values of the captures that the modules of the families name.
RIVER_3 = {
    "powInSumW": 17,
    "powOutSumW": 17,
    "powGetAcIn": 16.921152114868164,
    "powGetAcOut": -16.921152114868164,
    "plugInInfoAcInFlag": 0,
    "plugInInfoAcInVol": 0,
    "powGetBms": -2,
    "bmsBattVol": 19720,
    "bmsBattAmp": -114,
    "cmsBattSoc": 60,
    "cmsDsgRemTime": 3069,
    "cmsChgRemTime": 3088,
    "tempPcsAc": 46,
    "tempPv": 0,
    "acAlwaysOnFlag": 0,
}
WAVE_3 = {
    "powGetBms": -49.791175842285156,
    "cmsBattSoc": 22,
    "bmsBattSoh": 0,
    "bmsDesignCap": 0,
    "cmsDsgRemTime": 33,
    "cmsChgRemTime": 33,
    "cmsChgDsgState": 1,
    "tempAmbient": 18.940000534057617,
    "humiAmbient": 52.77000045776367,
    "tempIndoorSupplyAir": 43.7400016784668,
    "waveOperatingMode": 5,
    "userTempUnit": 2,
}
INVERTER = {
    "powGetPv": 99.28,
    "powGetPv2": 84.8,
    "plugInInfoPvVol": 35.65,
    "plugInInfoPvAmp": 2.44,
    "gridConnectionPower": 184.1,
    "gridConnectionVol": 232.63174438476562,
    "gridConnectionAmp": 0.72,
    "gridConnectionReactivePower": 0,
}
OCEAN = {
    "bpSoc": 8,
    "sysLoadPwr": 902.828369140625,
    "sysGridPwr": -0.2398509,
    "mpptPwr": 1215.25390625,
    "bpPwr": 312.185,
}
MINI = {
    "bmsMaster.vol": 58171,
    "bmsMaster.amp": -117,
    "bmsMaster.inputWatts": 0,
    "bmsMaster.outputWatts": 0,
    "bmsMaster.f32ShowSoc": 99.49,
    "bmsMaster.soh": 0,
    "ems.f32LcdShowSoc": 99.49,
    "mppt.inVol": 122,
    "mppt.inAmp": 4,
    "pd.chgPowerAc": 38408,
}


@pytest.mark.parametrize(
    ("product", "values", "expected"),
    [
        (
            "RIVER 3 Plus",
            RIVER_3,
            {
                "ac_output_power": 16.9,
                "ac_input_power": 16.9,
                "grid_present": True,
                "battery_power": -2.0,
                "main_battery_voltage": 19.72,
                "discharge_remaining_time": None,
                "inverter_temperature": 46.0,
                "raw_ac_always_on_flag": 0,
            },
        ),
        ("RIVER 3", {**RIVER_3, "powGetAcIn": 0, "plugInInfoAcInFlag": 0}, {"grid_present": False}),
        ("RIVER 3", {**RIVER_3, "powGetAcIn": 0, "plugInInfoAcInFlag": 1}, {"grid_present": True}),
        # Charging from the sun with more than it gives.
        (
            "RIVER 3",
            {**RIVER_3, "powGetBms": 95.5, "bmsBattAmp": 4800, "powGetPv": 110.0},
            {"battery_power": 95.5, "battery_state": "charging", "charge_remaining_time": 3088, "solar_power": 110.0},
        ),
        (
            "WAVE 3",
            WAVE_3,
            {
                "battery_power": -49.8,
                "battery_state": "discharging",
                "discharge_remaining_time": 33,
                "charge_remaining_time": None,
                "main_battery_health": None,
                "main_battery_design_capacity": None,
                "ambient_temperature": 18.9,
                "ambient_humidity": 52.8,
                "outlet_temperature": 43.7,
                "climate_mode": "thermostat",
                "raw_user_temp_unit": 2,
            },
        ),
        # In a car in winter: 0 °C is a temperature, and an unknown mode is none.
        (
            "WAVE 3",
            {**WAVE_3, "tempAmbient": 0.0, "waveOperatingMode": 9, "humiAmbient": 130},
            {"ambient_temperature": 0.0, "climate_mode": None, "ambient_humidity": None},
        ),
        (
            "STREAM Microinverter",
            INVERTER,
            {
                "solar_power": 184.1,
                "inverter_output_power": 184.1,
                "grid_voltage": 232.632,
                "raw_grid_connection_reactive_power": 0.0,
            },
        ),
        (
            "PowerOcean",
            OCEAN,
            {"battery_power": 312.2, "battery_state": "charging", "grid_power": -0.2, "load_power": 902.8},
        ),
        (
            "PowerOcean DC Fit",
            {"bpSoc": 90, "sysLoadPwr": 503.03, "sysGridPwr": 301.16, "bpPwr": -201.87},
            {"battery_power": -201.9, "battery_state": "discharging", "grid_power": 301.2, "load_power": 503.0},
        ),
        (
            "DELTA mini",
            MINI,
            {
                "battery_power": -6.8,
                "main_battery_output_power": 6.8,
                "main_battery_health": None,
                "solar_voltage": 12.2,
                "ac_input_energy": 38.408,
            },
        ),
    ],
)
def test_values(product: str, values: dict[str, Any], expected: dict[str, Any]) -> None:
    got = {key: value for key, value, _ in decode_capture({"code": "0", "data": values}, product)}
    assert {key: got.get(key) for key in expected} == expected
