"""Forms of values that owners' reports show and no simulator of ours sent: placeholders of integers, numbers as text.

The reports are of all model lines (tolwi/hassio-ecoflow-cloud#193, #820, foxthefox/ioBroker.ecoflow-mqtt#27, #278,
#417, TarasKhust/ecoflow-api-mqtt#30): 65535 and 4294967295 where a value is not there, `null` in one of two names of
the same value, `cmdFunc` as a text.
"""

from typing import Any

import pytest

from custom_components.ecoflow.api.captures import decode_capture
from custom_components.ecoflow.api.messages import normalize
from custom_components.ecoflow.api.wire_values import as_bool, number_at

DELTA_2 = {
    "bms_bmsStatus.vol": 52_100,
    "bms_bmsStatus.amp": -3_000,
    "bms_emsStatus.dsgRemainTime": 340,
    "bms_emsStatus.lcdShowSoc": 56,
    "inv.inputWatts": 0,
    "pd.wattsOutSum": 150,
}
DELTA_2_MAX = {"mppt.inWatts": 80, "mppt.pv2InWatts": 120, "pd.soc": 50, "pd.wattsInSum": 120, "inv.inputWatts": 0}
DELTA_3 = {"cmsBattSoc": 88, "bmsBattSoc": 88, "powGetPv": 100, "powInSumW": 100.0, "vol": 53.2, "amp": 0.5}
STREAM = {"powGetPv": 100, "powGetPv2": 50, "cmsBattSoc": 88, "vol": 20_161, "amp": 44_671, "gridConnectionFreq": 50}
POWERSTREAM = {"20_1.pv1InputWatts": 900, "20_1.pv2InputWatts": 1200, "20_1.batInputWatts": 1500, "20_1.batSoc": 60}
PLUG = {"2_1.watts": 1234, "2_1.volt": 229, "2_1.current": 540, "2_1.switchSta": True}


def _decoded(product: str, values: dict[str, Any]) -> dict[str, Any]:
    lines = decode_capture({"code": "0", "data": values}, product)
    return {key: value for key, value, _unit in lines}


@pytest.mark.parametrize(
    ("product", "values", "changed", "key", "right"),
    [
        # Remaining times: all bits set is not 45 days; a real time above the usual placeholder is one.
        ("DELTA 2", DELTA_2, {"bms_emsStatus.dsgRemainTime": 65535}, "discharge_remaining_time", None),
        ("DELTA 2", DELTA_2, {"bms_emsStatus.dsgRemainTime": 32767}, "discharge_remaining_time", None),
        ("DELTA 2", DELTA_2, {"bms_emsStatus.dsgRemainTime": -1}, "discharge_remaining_time", None),
        ("DELTA 2", DELTA_2, {"bms_emsStatus.dsgRemainTime": 12520}, "discharge_remaining_time", 12520),
        # In tenths of a watt, 65535 and -32768 are powers that a home could have.
        ("PowerStream", POWERSTREAM, {"20_1.invOutputWatts": 65535}, "inverter_output_power", None),
        ("PowerStream", POWERSTREAM, {"20_1.pv1InputWatts": 65535}, "solar_1_power", None),
        ("PowerStream", POWERSTREAM, {"20_1.batInputWatts": -32768}, "battery_power", None),
        ("PowerStream", POWERSTREAM, {"20_1.batSoc": 255}, "battery_level", None),
        ("PowerStream", POWERSTREAM, {}, "battery_power", -150.0),
        ("Smart Plug", PLUG, {"2_1.watts": 65535}, "plug_power", None),
        ("Smart Plug", PLUG, {"2_1.current": 65535}, "plug_current", None),
        ("Smart Plug", PLUG, {"2_1.switchSta": "true"}, "plug_output", True),
        ("Smart Plug", PLUG, {"2_1.switchSta": "0"}, "plug_output", False),
        ("Smart Plug", PLUG, {"2_1.switchSta": 255}, "plug_output", None),
        # Calculated powers: one unknown part makes the sum unknown; an absent one does not.
        ("PowerStream", POWERSTREAM, {"20_1.pv1InputWatts": 65535}, "solar_power", None),
        ("DELTA 2 Max", DELTA_2_MAX, {"mppt.inWatts": 65535}, "solar_power", None),
        ("DELTA 2 Max", DELTA_2_MAX, {"mppt.inWatts": "n/a"}, "solar_power", None),
        ("DELTA 2 Max", DELTA_2_MAX, {"mppt.inWatts": "80"}, "solar_power", 200.0),
        ("STREAM Ultra", STREAM, {"powGetPv2": 65535}, "solar_power", None),
        ("STREAM Ultra", STREAM, {"powGetPv2": None}, "solar_power", 100.0),
        ("STREAM Ultra", STREAM, {"amp": 4294967295}, "battery_power", None),
        ("STREAM Ultra", STREAM, {"vol": 65535}, "battery_power", None),
        ("DELTA 2", DELTA_2, {"bms_bmsStatus.vol": 65535}, "battery_power", None),
        ("DELTA 2", DELTA_2, {"bms_bmsStatus.vol": 65535}, "main_battery_voltage", None),
        # The same value under another name is as good.
        ("DELTA 2", DELTA_2, {"bms_emsStatus.f32LcdShowSoc": 255}, "battery_level", 56.0),
        ("DELTA 2", DELTA_2, {"bms_emsStatus.f32LcdShowSoc": ""}, "battery_level", 56.0),
        ("DELTA 3 Plus", DELTA_3, {"cmsBattSoc": None, "bmsBattSoc": 87.5}, "battery_level", 87.5),
        (
            "DELTA 3 Plus",
            DELTA_3,
            {"bmsChgDsgState": 2, "cmsChgDsgState": 255, "amp": None},
            "battery_state",
            "charging",
        ),
        ("STREAM Ultra", STREAM, {"bmsBattSoc": None}, "battery_level", 88.0),
        # Energy counters reach 65535 Wh once; 4294967295 Wh is none.
        ("DELTA 2", DELTA_2, {"pd.chgPowerAC": 65535}, "ac_input_energy", 65.535),
        ("DELTA 2", DELTA_2, {"pd.chgPowerAC": 4294967295}, "ac_input_energy", None),
        ("DELTA 2", DELTA_2, {"pd.errCode": 65535}, "system_error", 65535),
    ],
)
def test_value(product: str, values: dict[str, Any], changed: dict[str, Any], key: str, right: Any) -> None:
    assert _decoded(product, {**values, **changed})[key] == right


def test_a_connected_pack_without_a_current_makes_the_power_of_all_unknown() -> None:
    slave = {"bms_slave_bmsSlaveStatus_1.vol": 52_000, "bms_slave_bmsSlaveStatus_1.amp": -2_000}
    both = {**DELTA_2, **slave, "bms_emsStatus.maxAvailNum": 2}
    assert _decoded("DELTA 2", both)["battery_power"] == pytest.approx(-260.3)
    unknown = {**both, "bms_slave_bmsSlaveStatus_1.amp": None}
    assert _decoded("DELTA 2", unknown)["battery_power"] is None
    # A pack without a voltage is not there.
    removed = {**unknown, "bms_slave_bmsSlaveStatus_1.vol": 0}
    assert _decoded("DELTA 2", removed)["battery_power"] == pytest.approx(-156.3)


@pytest.mark.parametrize(("function", "command"), [(20, 1), ("20", "1"), (20.0, "1")])
def test_numbers_of_a_message_as_text(function: Any, command: Any) -> None:
    message = {"cmdFunc": function, "cmdId": command, "param": {"batSoc": 60}}
    assert normalize(message) == {"20_1.batSoc": 60}


def test_group_of_a_panel_as_text() -> None:
    assert normalize({"params": {"cmdSet": "11", "id": "2", "gridSta": 1}})["heartbeat.gridSta"] == 1


def test_product_type_as_text() -> None:
    # 80 is the DELTA 2, with its own names.
    capture = {"data": {"productType": "80", "quotaMap": DELTA_2}}
    assert "battery_power" in {key for key, _value, _unit in decode_capture(capture)}


@pytest.mark.parametrize(
    ("value", "right"),
    [(True, True), ("True", True), ("false ", False), ("1", True), (0.0, False), ("0", False), (255, None), ("", None)],
)
def test_flags(value: Any, right: bool | None) -> None:
    assert as_bool(value) is right


@pytest.mark.parametrize("value", [65535, "65535", 65535.0, 4294967295, 2147483647, -2147483648, -32768, None, "x"])
def test_no_number(value: Any) -> None:
    assert number_at({"pd.soc": value}, "pd.soc") is None
