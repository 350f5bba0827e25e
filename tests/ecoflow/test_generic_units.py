"""Units of unknown models that their values prove, and the direction of their remaining times."""

from typing import Any

import pytest

from custom_components.ecoflow.api.families import FAMILIES
from custom_components.ecoflow.api.families.generic import generic_family
from custom_components.ecoflow.api.families.identify import identify
from custom_components.ecoflow.api.models import Device
from custom_components.ecoflow.api.wire_values import Decoded

BY_NAME = {family.name: family for family in FAMILIES}


def decoded(values: dict[str, Any]) -> dict[str, tuple[Decoded, str]]:
    return {key.removeprefix("raw_"): (value, unit) for key, value, unit in generic_family("X", values).decode(values)}


def test_voltage_and_current_in_thousandths_that_their_power_proves() -> None:
    values = {
        "inv.invInVol": 240_118,
        "inv.invInAmp": 837,
        "inv.inputWatts": 201,
        "inv.dcInVol": 544,
        "inv.dcInAmp": 0,
        "inv.cfgAcOutVoltage": 230_000,
    }
    assert decoded(values) == {
        "inv_inv_in_vol": (240.118, "V"),
        "inv_inv_in_amp": (0.837, "A"),
        "inv_input_watts": (201.0, "W"),
        "inv_dc_in_vol": (0.544, "V"),
        "inv_dc_in_amp": (0.0, "A"),
        "inv_cfg_ac_out_voltage": (230.0, "V"),
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # Tenths, or whole volts: nothing proves which.
        ({"mod.vol": 480, "mod.amp": 52}, {"mod_vol": (480, ""), "mod_amp": (52, "")}),
        # Reported in V with decimals.
        ({"gridVol": 235.35, "gridAmp": 2.5}, {"grid_vol": (235.35, "V"), "grid_amp": (2.5, "A")}),
        # The power of the module is far above voltage x current: the current is in another unit.
        (
            {"m.outVol": 52_000, "m.outAmp": 900, "m.outWatts": 468},
            {"m_out_vol": (52.0, "V"), "m_out_amp": (900, ""), "m_out_watts": (468.0, "W")},
        ),
        # A voltage that no home has.
        ({"m.vol": 9_000_000, "m.amp": 3}, {"m_vol": (9_000_000, ""), "m_amp": (3, "")}),
        ({"inTemp": 49, "tempNum": 3, "fanTemp": 65_535}, {"in_temp": (49.0, "°C"), "temp_num": (3, "")}),
        ({"acFreq": 50, "cfgAcOutFreq": 1}, {"ac_freq": (50.0, "Hz"), "cfg_ac_out_freq": (1, "")}),
        ({"cfgStandbyMin": 30, "cmsMinDsgSoc": 5}, {"cfg_standby_min": (30, "min"), "cms_min_dsg_soc": (5.0, "%")}),
        ({"inVol": True, "inAmp": "x"}, {}),
        # How temperatures are shown is not a temperature.
        (
            {"userTempUnit": 2, "lcdShowTempType": 1, "tempUnit512": 1, "tempSmartCtrlEnable": 2, "tempAmbient": 18.94},
            {
                "user_temp_unit": (2, ""),
                "lcd_show_temp_type": (1, ""),
                "temp_unit512": (1, ""),
                "temp_smart_ctrl_enable": (2, ""),
                "temp_ambient": (18.9, "°C"),
            },
        ),
        (
            {"powerL1": 163.541015625, "voltageL1": 225.7567901611328, "currentL1": 0.75},
            {"power_l1": (163.5, "W"), "voltage_l1": (225.757, "V"), "current_l1": (0.75, "A")},
        ),
        ({"usbVolt": 5.199999809, "usbAmp": 2.099999905}, {"usb_volt": (5.2, "V"), "usb_amp": (2.1, "A")}),
        ({"humiAmbient": 52.770000458}, {"humi_ambient": (52.8, "%")}),
        ({"bmsBattSoh": 0, "cmsBattSoh": 97}, {"bms_batt_soh": (None, "%"), "cms_batt_soh": (97.0, "%")}),
        # Single precision, and a value that is small.
        (
            {"mapResolution": 0.100000001, "gradient": 0.0033},
            {"map_resolution": (0.1, ""), "gradient": (0.0033, "")},
        ),
    ],
)
def test_what_nothing_proves_has_no_unit(values: dict[str, Any], expected: dict[str, tuple[Decoded, str]]) -> None:
    got = decoded(values)
    assert {key: got[key] for key in expected} == expected


TIMES = {"cmsChgRemTime": 88, "cmsDsgRemTime": 5939, "v1p0.dsgRemainTime": 12_927, "remainTime": -88}


@pytest.mark.parametrize(
    ("power", "charge", "discharge"),
    [
        ({"powGetBpCms": 1915.1}, 88, None),
        ({"powGetBms": -300.0}, None, 12_927),
        ({"inputWatts": 0, "outputWatts": 300}, None, 12_927),
        ({"pd.wattsInSum": 400, "pd.wattsOutSum": 20}, 88, None),
        ({"powGetBms": 0.5}, None, None),
        ({}, None, None),
    ],
)
def test_a_remaining_time_has_a_unit_and_a_direction(
    power: dict[str, Any], charge: int | None, discharge: int | None
) -> None:
    got = decoded(TIMES | power)
    assert got["cms_chg_rem_time"] == (charge, "min")
    assert got["cms_dsg_rem_time"] == (None, "min"), "a placeholder"
    assert got["v1p0_dsg_remain_time"] == (discharge, "min")
    assert got["remain_time"] == (88, "min")


@pytest.mark.parametrize("power_w", [-2.0, -4.9, 0.0, 3.0])
def test_no_remaining_time_while_the_battery_rests(power_w: float) -> None:
    values = {"powGetBms": power_w, "cmsChgRemTime": 900, "cmsDsgRemTime": 3960, "cmsChgDsgState": 1}
    got = {key: value for key, value, _ in BY_NAME["delta_3"].decode(values)}
    assert got["battery_state"] == "idle"
    assert got["charge_remaining_time"] is None
    assert got["discharge_remaining_time"] is None


@pytest.mark.parametrize(
    ("values", "family"),
    [
        ({"bmsMaster.f32ShowSoc": 50.0, "ems.lcdShowSoc": 50, "bmsMaster.designCap": 80_000}, "delta_pro"),
        ({"bmsMaster.f32ShowSoc": 50.0, "ems.lcdShowSoc": 50}, "delta_pro"),
        # A DELTA mini and a DELTA Max report the same names.
        ({"bmsMaster.f32ShowSoc": 50.0, "ems.lcdShowSoc": 50, "bmsMaster.designCap": 21_000}, "generic"),
        ({"bmsMaster.f32ShowSoc": 50.0, "ems.lcdShowSoc": 50, "bmsMaster.designCap": 40_000}, "generic"),
        ({"bms_bmsStatus.f32ShowSoc": 50.0, "mppt.cfgAcEnabled": 1, "bms_bmsStatus.designCap": 20_000}, "delta_2"),
        ({"bms_bmsStatus.f32ShowSoc": 50.0, "mppt.cfgAcEnabled": 1, "bms_bmsStatus.designCap": 11_520}, "generic"),
    ],
)
def test_values_alone_identify_a_model_only_with_its_battery(values: dict[str, Any], family: str) -> None:
    assert identify(FAMILIES, Device(sn="", name="", product="", online=True), values).name == family


@pytest.mark.parametrize("model", ["delta_2", "delta_pro", "river_2_max"])
def test_an_ac_current_that_its_power_contradicts_is_unknown(model: str) -> None:
    def current(watts: float, amps_ma: float) -> Decoded:
        values = {"inv.outputWatts": watts, "inv.invOutVol": 230_000, "inv.invOutAmp": amps_ma}
        return {key: value for key, value, _ in BY_NAME[model].decode(values)}["ac_output_current"]

    assert current(340, 1177) is None, "from before a load was switched on"
    assert current(340, 1500) == 1.5
    assert current(43, 344) == 0.344, "an apparent power may be above the real one"
    assert current(0, 0) == 0.0
