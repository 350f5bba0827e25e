"""Models that no family describes: readable names, units that names carry, and no serial numbers."""

import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ecoflow.api.families.generic import generic_family
from custom_components.ecoflow.api.families.wire_names import readable_name, unit_of
from custom_components.ecoflow.api.privacy import is_private, is_serial_number, mask, redacted, serial_numbers
from custom_components.ecoflow.api.units import UNITS, Quantity

SERIALS = ("HJ32ZDH4ZF7E0042", "HJ32ZDH4ZF7E0043", "hj31zdh4zf3e0007", "M1093-DCIN-12345")


@pytest.mark.parametrize(
    ("wire_name", "name", "unit"),
    [
        ("powGetPvSum", "Solar sum power", "W"),
        ("powInSumW", "Input sum power", "W"),
        ("powGetAcOut", "AC output power", "W"),
        ("pd.wattsInSum", "PD input sum power", "W"),
        ("inv.outputWatts", "Inverter output power", "W"),
        ("sysGridPwr", "System grid power", "W"),
        ("cmsBattSoc", "System battery level", "%"),
        ("bmsBattSoh", "BMS battery health", "%"),
        ("cmsChgRemTime", "System charge remaining time", ""),
        ("bmsMaxCellTemp", "BMS maximum cell temperature", ""),
        ("pd.setTempCel", "PD set temperature", "°C"),
        ("pcsAPhase.vol", "Inverter a phase voltage", ""),
        ("moduleWifiRssi", "Module Wi-Fi signal strength", "dBm"),
        ("heartbeat.gridDayWatth", "Heartbeat grid day energy", "kWh"),
        ("currMa", "Current", "A"),
        ("powConsumptionMeasurement", "Consumption measurement power", ""),
        ("powerL1", "L1 power", "W"),
        ("pcsAPhase.reactPwr", "Inverter a phase reactive power", "var"),
        ("pcsBPhase.apparentPwr", "Inverter b phase apparent power", "VA"),
        ("gridConnectionReactivePower", "Grid connection reactive power", "var"),
        ("offgrid1ApperentPower", "Offgrid 1 apparent power", "VA"),
        # A charge in percent, a factor, a time of day.
        ("batteryInfo.remainPower", "Battery remaining power", ""),
        ("gridConnectionPowerFactor", "Grid connection power factor", ""),
        ("task1.timeRange.startTime.sec", "Task 1 time range start sec", ""),
        # These are tenths of a watt, or counters, on the models that are known.
        ("mppt.inWatts", "MPPT input power", ""),
        ("20_1.invOutputWatts", "Inverter output power", ""),
        ("pd.chgSunPower", "PD charge sun power", ""),
    ],
)
def test_names_and_units(wire_name: str, name: str, unit: str) -> None:
    got = readable_name(wire_name)
    assert got.lower().replace("  ", " ") == name.lower()
    found = unit_of(wire_name)
    assert (UNITS[found.quantity] if found else "") == unit


def test_values_in_the_unit_of_their_name() -> None:
    values = {"gridDayWatth": 2500, "currMa": 1500, "lcdOffSec": 300, "powGetPv": -0.04, "bmsBattSoc": 250}
    got = {key: (value, unit) for key, value, unit in generic_family("X", values).decode(values)}
    assert got == {
        "raw_grid_day_watth": (2.5, "kWh"),
        "raw_curr_ma": (1.5, "A"),
        "raw_lcd_off_sec": (5, "min"),
        "raw_pow_get_pv": (0.0, "W"),
        "raw_bms_batt_soc": (None, "%"),
    }
    assert str(got["raw_pow_get_pv"][0]) == "0.0"


@pytest.mark.parametrize("placeholder", [5939, 5940, 5999, 143_999])
def test_a_placeholder_of_a_remaining_time_is_unknown(placeholder: int) -> None:
    values = {"cmsChgRemTime": placeholder, "pd.remainTime": placeholder, "other": placeholder}
    got = {key: value for key, value, _ in generic_family("X", values).decode(values)}
    assert got == {"raw_cms_chg_rem_time": None, "raw_pd_remain_time": None, "raw_other": placeholder}


def test_a_temperature_of_zero_among_others_is_that_of_no_sensor() -> None:
    values = {"maxEnvTemp": 0, "maxCellTemp": 35}
    assert [spec.source for spec in generic_family("X", values).sensors] == ["maxCellTemp"]


@pytest.mark.parametrize("serial", SERIALS)
def test_serial_numbers_of_parts_are_in_no_key_and_no_name(serial: str) -> None:
    values: dict[str, Any] = {
        f"bp_addr.{serial}.bpPwr": 120,
        f"bp_addr.{serial}.bpSoc": 55,
        "bp_addr.HJ32ZDH4ZF7E0099.bpPwr": 80,
        "bpSn": serial,
        "master": serial,
        "evPwr": 7,
    }
    family = generic_family("PowerOcean", values)
    shown = [*(spec.key for spec in family.sensors), *(spec.name for spec in family.sensors)]
    shown += [str(value) for _, value, _ in family.decode(values)]
    assert not any(serial.lower() in text.lower() for text in shown)
    assert {spec.sources[0] for spec in family.sensors} == set(values) - {"bpSn", "master"}
    assert len({spec.key for spec in family.sensors}) == len({spec.name for spec in family.sensors}) == 4
    assert generic_family("PowerOcean", values).sensors == family.sensors, "keys are always the same"


def test_ordinary_names_are_not_serial_numbers() -> None:
    for text in (
        "plugInInfoPv2ChgVolMax",
        "20_1.wifiEncryptMode",
        "GRID_STD_CODE_UTE_MAINLAND",
        "2026-01-01 00:00",
        "unknown618",
        "statistics2026",
    ):
        assert serial_numbers(text) == []
        assert mask(text) == text
    assert not is_serial_number("1234567890123")
    assert all(is_serial_number(serial) for serial in SERIALS)


def test_private_values() -> None:
    assert all(
        map(
            is_private,
            (
                "bmsSn",
                "20_1.selfMac",
                "cloudMetter.sn",
                "20_1.staIpAddr",
                "wifiSsid",
                "pd.chName",
                "robotLat",
                "baseLng",
                "longitude",
            ),
        )
    )
    assert not any(map(is_private, ("20_1.dsgIpower", "cmsBattSoc", "pd.wattsInSum", "invInsight", "lcdPlat", "flat")))


_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(SERIALS)
_NAMES = st.text(max_size=10) | st.sampled_from(SERIALS) | st.sampled_from(SERIALS).map(lambda sn: f"bp.{sn}.bpPwr")


@given(st.dictionaries(_NAMES, _PLAIN | st.lists(st.dictionaries(_NAMES, _PLAIN, max_size=3), max_size=3), max_size=8))
def test_no_serial_number_remains_in_redacted_values(values: dict[str, Any]) -> None:
    text = json.dumps(redacted(values))
    for serial in SERIALS:
        assert serial not in text


@given(st.dictionaries(_NAMES, _PLAIN, max_size=10))
def test_any_values_are_decoded(values: dict[str, Any]) -> None:
    family = generic_family("X", values)
    for _, value, unit in family.decode(values):
        assert value is None or isinstance(value, (bool, int, float, str))
        assert unit in set(UNITS.values())
    assert all(spec.quantity in Quantity for spec in family.sensors)
