"""Scales, proven by arithmetic on captures of real devices."""

import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.ecoflow.api.captures import decode_capture, read_capture
from custom_components.ecoflow.api.families import FAMILIES
from custom_components.ecoflow.api.families.packs import pack_current, pack_direction_power, pack_voltage
from custom_components.ecoflow.api.families.specs import Evidence

FOLDER = Path(__file__).resolve().parents[3] / "shared/fixtures/ecoflow"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"captured replies are not here: {FOLDER}")


def captures() -> dict[str, Any]:
    """Return all reports, also those within longer captures."""
    found: dict[str, Any] = {}
    for path in sorted(FOLDER.glob("*/*.json")):
        content = json.loads(path.read_text())
        name = f"{path.parent.name}/{path.stem}"
        found[name] = content
        for index, reply in enumerate(content.get("get_reply", ()) if isinstance(content, dict) else ()):
            if isinstance(reply, dict) and "quotaMap" in reply.get("data", {}):
                found[f"{name}#{index}"] = reply
    return found


CAPTURES = captures() if FOLDER.is_dir() else {}


def rows(name: str) -> dict[str, Any]:
    return {key: value for key, value, _ in decode_capture(CAPTURES[name])}


TRIPLES = (
    # power, voltage, current, and how far V x A may be from W: (relative, absolute)
    ("solar_power", "solar_voltage", "solar_current", (0.02, 2.0)),
    ("solar_charger_power", "solar_charger_voltage", "solar_charger_current", (0.02, 2.0)),
    ("solar_1_power", "solar_1_voltage", "solar_1_current", (0.02, 3.0)),
    ("solar_2_power", "solar_2_voltage", "solar_2_current", (0.02, 3.0)),
    ("extra1_battery_input_power", "extra1_battery_voltage", "extra1_battery_current", (0.06, 2.0)),
    # Alternating current: apparent power is above, a distorted current's measured value may be below.
    ("ac_input_power", "ac_input_voltage", "ac_input_current", (0.3, 40.0)),
    ("ac_output_power", "ac_output_voltage", "ac_output_current", (1.2, 60.0)),
)


@pytest.mark.parametrize("triple", TRIPLES, ids=lambda triple: triple[0])
def test_power_is_voltage_times_current(triple: tuple[str, str, str, tuple[float, float]]) -> None:
    power_key, volts_key, amps_key, (relative, absolute) = triple
    proofs = 0
    for name in CAPTURES:
        got = rows(name)
        watts, volts, amps = (got.get(key) for key in (power_key, volts_key, amps_key))
        if not watts or not volts or not amps or ("river" in name and power_key == "solar_charger_power"):
            continue
        assert volts * amps == pytest.approx(watts, rel=relative, abs=absolute), name
        proofs += 1
    assert proofs, "no capture contains these values"


@pytest.mark.parametrize("name", CAPTURES)
def test_the_power_of_each_pack_is_that_of_its_voltage_and_current(name: str) -> None:
    """The main battery of a DELTA 2 and DELTA Pro reports 0 W in both directions while it charges with 178 W."""
    got = rows(name)
    for pack in ("main", "extra1", "extra2"):
        watts_in, watts_out, volts, amps = (
            got.get(f"{pack}_battery_{what}") for what in ("input_power", "output_power", "voltage", "current")
        )
        # Whole volts and amperes are too coarse.
        if watts_in is None or watts_out is None or not volts or amps is None or isinstance(amps, int):
            continue
        assert watts_in - watts_out == pytest.approx(volts * amps, rel=0.1, abs=5.1), pack


@pytest.mark.parametrize(
    ("reported", "amps_ma", "expected"),
    [
        ((0, 0), -4591, (0.0, 226.3)),  # nothing is measured
        ((0, 17), -340, (0.0, 17.0)),  # the device's own value, which agrees
        ((114, 0), 2295, (114.0, 0.0)),
        ((0, 300), 2295, (113.1, 0.0)),  # the direction before the load was switched off
        ((0, -226), -4591, (0.0, 226.0)),  # negative while it delivers
        ((0, 0), 60, (0.0, 0.0)),
        ((0, 0), None, (0.0, 0.0)),  # no current is reported
    ],
)
def test_a_packs_power_agrees_with_voltage_and_current(
    reported: tuple[int, int], amps_ma: int | None, expected: tuple[float, float]
) -> None:
    values = {"p.vol": 49285, "p.inputWatts": reported[0], "p.outputWatts": reported[1]}
    if amps_ma is not None:
        values["p.amp"] = amps_ma
    assert (
        pack_direction_power(values, "p", "inputWatts", 1),
        pack_direction_power(values, "p", "outputWatts", -1),
    ) == expected


def test_powerstream_output_is_solar_plus_battery() -> None:
    got = rows("quota_all/powerstream")
    assert got["solar_power"] - got["battery_power"] == pytest.approx(got["inverter_output_power"], abs=1)
    assert got["solar_1_power"] + got["solar_2_power"] == got["solar_power"]
    assert got["smart_plug_power"] + got["other_loads_power"] == pytest.approx(got["inverter_output_power"], abs=1)


def test_a_stations_input_is_the_sum_of_its_ports() -> None:
    """pd.wattsInSum is in W, solar power in 0.1 W."""
    checked = 0
    for name in CAPTURES:
        got = rows(name)
        if not got.get("total_input_power"):
            continue
        assert got["ac_input_power"] + got["solar_power"] == pytest.approx(got["total_input_power"], abs=2), name
        checked += 1
    assert checked >= 4


def test_remaining_capacity_matches_the_battery_level() -> None:
    for name in CAPTURES:
        got = rows(name)
        if full := got.get("main_battery_full_capacity"):
            share = got["main_battery_remaining_capacity"] / full * 100
            assert share == pytest.approx(got["main_battery_level"], abs=3), name


def test_cell_voltages_are_in_the_range_of_lithium_cells() -> None:
    for name in CAPTURES:
        for key in ("main_cell_voltage_min", "main_cell_voltage_max"):
            if (volts := rows(name).get(key)) is not None:
                assert 2.5 < volts < 4.3, name


def test_pack_voltages_in_volts_and_millivolts_are_decoded() -> None:
    """The 296 W of a RIVER 2 are 26 V x 11 A; the 340 W of a DELTA 2 need mV and mA."""
    charging = [
        values
        for name in CAPTURES
        if "river_2_max" in name and (values := read_capture(CAPTURES[name])[0])["bms_bmsStatus.inputWatts"] > 100
    ]
    assert charging
    for values in charging:
        volts, amps = pack_voltage(values, "bms_bmsStatus"), pack_current(values, "bms_bmsStatus")
        assert volts is not None
        assert amps is not None
        assert volts * amps == pytest.approx(values["bms_bmsStatus.inputWatts"], rel=0.05)
    got = rows("latest_quotas/delta_2")
    assert got["battery_power"] == pytest.approx(-got["ac_output_power"], rel=0.2)


def test_a_counter_divided_by_its_hours_is_a_valid_power() -> None:
    """Wh divided by the hours of use is an average within the power of the device, so the counters are in Wh."""
    for name in ("latest_quotas/delta_pro_230v_2slaves", "quota_all/delta_pro_120v", "mqtt_params/delta_pro"):
        values, _ = read_capture(CAPTURES[name])
        solar_w = rows(name)["solar_input_energy"] * 1000 / (values["pd.mpptUsedTime"] / 3600)
        ac_w = rows(name)["ac_output_energy"] * 1000 / (values["pd.invUsedTime"] / 3600)
        assert 20 < solar_w < 1600, name
        assert 20 < ac_w < 3600, name


def test_main_powers_of_captured_families_have_a_measured_scale() -> None:
    for family in FAMILIES:
        if family.name not in ("delta_pro", "delta_2", "delta_2_max", "powerstream"):
            continue
        main = {"battery_power", "solar_power", "ac_input_power", "ac_output_power", "total_input_power"}
        proofs = {reading.key: reading.evidence for reading in family.sensors if reading.key in main}
        assert set(proofs.values()) == {Evidence.MEASURED}, family.name
