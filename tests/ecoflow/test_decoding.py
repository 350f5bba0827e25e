"""All values that captures of real devices decode to, and what proves their signs, states and times."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.ecoflow.api.captures import decode_capture, read_capture
from custom_components.ecoflow.api.errors import BadReplyError
from custom_components.ecoflow.api.families import FAMILIES
from custom_components.ecoflow.api.families.battery_flow import IDLE_W
from custom_components.ecoflow.api.families.specs import Family
from custom_components.ecoflow.api.messages import parse_message
from custom_components.ecoflow.api.models import QuotaMessage
from custom_components.ecoflow.api.units import UNITS
from custom_components.ecoflow.api.wire_values import as_number, lookup
from simulators.ecoflow_cloud.devices import Station
from simulators.ecoflow_cloud.models import MODELS, SERIAL_PREFIXES

from .test_scales import CAPTURES as FIXTURES

CASES = Path(__file__).resolve().parents[3] / "shared/cases/devices"
CAPTURES: dict[str, Any] = {
    **FIXTURES,
    **{path.stem: json.loads(path.read_text()) for path in sorted(CASES.glob("ecoflow_*.json"))},
}
PRODUCTS = {
    "ecoflow_stream_real": "STREAM Ultra",
    "ecoflow_river_max": "RIVER Max",
    "ecoflow_delta3_real": "DELTA 3 Plus",
}
BY_NAME = {family.name: family for family in FAMILIES}
PLACEHOLDERS = (5939, 5999, 143_999, 12_927, 65_535)

pytestmark = pytest.mark.skipif(not CAPTURES, reason="captured replies are not here")


def decoded(name: str) -> dict[str, Any]:
    return {key: value for key, value, _ in decode_capture(CAPTURES[name], PRODUCTS.get(name, ""))}


def measured_battery_w(values: Mapping[str, Any]) -> float | None:
    """The battery power by voltage x current of the wire values, without the decoder."""
    for volts, amps in (
        ("bmsMaster.vol", "bmsMaster.amp"),
        ("bms_bmsStatus.vol", "bms_bmsStatus.amp"),
        ("bmsBattVol", "bmsBattAmp"),
        ("vol", "amp"),
    ):
        voltage, current = as_number(lookup(values, volts)), as_number(lookup(values, amps))
        if voltage and current is not None:
            return voltage * current / (1e6 if voltage > 1000 else 1)
    return None


# Of the many replies in one file, those in which the station does something else.
DISTINCT = [name for name in CAPTURES if "#" not in name or name.endswith(("delta_2#0", "delta_2#3", "river_2_max#0"))]


@pytest.mark.parametrize("name", DISTINCT)
def test_every_value_of_a_capture(name: str, snapshot: SnapshotAssertion) -> None:
    rows = [
        f"{key} = {'unknown' if value is None else value} {unit}".rstrip()
        for key, value, unit in decode_capture(CAPTURES[name], PRODUCTS.get(name, ""))
    ]
    assert rows == snapshot


@pytest.mark.parametrize("name", CAPTURES)
def test_no_placeholder_unknown_unit_or_negative_zero(name: str) -> None:
    for key, value, unit in decode_capture(CAPTURES[name], PRODUCTS.get(name, "")):
        assert unit in set(UNITS.values()), key
        assert str(value) != "-0.0", key
        if unit == "min":
            assert value not in PLACEHOLDERS, key
        if unit == "°C":
            assert value != 0, f"{key}: the model has no such sensor"
        # A battery charges and discharges, a grid delivers and takes.
        if unit == "W" and key not in {"battery_power", "grid_power"} and not key.startswith("raw_"):
            assert value is None or value >= 0, key


@pytest.mark.parametrize("name", CAPTURES)
def test_the_battery_state_and_times_follow_voltage_times_current(name: str) -> None:
    values, family = read_capture(CAPTURES[name], PRODUCTS.get(name, ""))
    got = decoded(name)
    if family.name == "generic" or "battery_power" not in got:
        return
    power_w = got["battery_power"]
    main_w = measured_battery_w(values)
    if main_w is not None and abs(main_w) > 20:
        assert power_w * main_w > 0, "the sign is that of the current"
    if power_w is not None:
        state = "charging" if power_w > IDLE_W else "discharging" if power_w < -IDLE_W else "idle"
        assert got.get("battery_state", state) == state
        if power_w < 0:
            assert got["charge_remaining_time"] is None
        if power_w > 0:
            assert got["discharge_remaining_time"] is None


def reported_states() -> dict[tuple[str, int], set[str]]:
    """What each number of a reported state meant on captures, by the sign of voltage x current."""
    found: dict[tuple[str, int], set[str]] = {}
    for name, capture in CAPTURES.items():
        values, family = read_capture(capture, PRODUCTS.get(name, ""))
        spec = next((spec for spec in family.sensors if spec.key == "battery_state"), None)
        number = as_number(lookup(values, spec.sources[0])) if spec is not None else None
        power_w = decoded(name).get("battery_power")
        if number is not None and power_w is not None and abs(power_w) > IDLE_W:
            meaning = "charging" if power_w > 0 else "discharging"
            found.setdefault((family.name, int(number)), set()).add(meaning)
    return found


def test_state_numbers_mean_what_the_current_shows() -> None:
    found = reported_states()
    assert {("delta_2", 0), ("delta_pro", 1), ("delta_pro", 2), ("river_2_max", 0), ("river_2_max", 1)} <= set(found)
    for (name, number), meanings in found.items():
        spec = next(spec for spec in BY_NAME[name].sensors if spec.key == "battery_state")
        assert spec.states is not None
        assert meanings == {spec.states[number]}, f"{name}: {number}"


@pytest.mark.parametrize(
    ("family", "values", "state"),
    [
        ("delta_2", {"pd.chgDsgState": 0}, "discharging"),
        ("delta_2", {"pd.chgDsgState": 1}, "charging"),
        ("river_2", {"pd.chgDsgState": 1}, "charging"),
        # Captures of a DELTA 2 Max: 1 at 52.8 V x -1.3 A, 2 at 55.1 V x 5.3 A.
        ("delta_2_max", {"pd.chgDsgState": 1}, "discharging"),
        ("delta_2_max", {"pd.chgDsgState": 2}, "charging"),
        ("delta_pro", {"pd.sysChgDsgState": 2}, "charging"),
        ("delta_3", {"cmsChgDsgState": 1}, "discharging"),
        ("delta_3", {"cmsChgDsgState": 9}, None),
        # The measured power wins.
        ("delta_2", {"pd.chgDsgState": 1, "bms_bmsStatus.vol": 52_000, "bms_bmsStatus.amp": -7000}, "discharging"),
        ("delta_3", {"cmsChgDsgState": 0, "powGetBms": -60.0}, "discharging"),
    ],
)
def test_battery_state(family: str, values: dict[str, Any], state: str | None) -> None:
    assert {key: value for key, value, _ in BY_NAME[family].decode(values)}["battery_state"] == state


@pytest.mark.parametrize(
    ("values", "power_w"),
    [
        ({"powGetBms": -2.0, "cmsBattVol": 53.2, "cmsBattAmp": -0.039, "powInSumW": 198, "powOutSumW": 198}, -2.0),
        # In mV and mA, as some firmwares report.
        ({"bmsBattVol": 53_040, "bmsBattAmp": -940}, -49.9),
        ({"vol": 54_100, "amp": 8035, "powInSumW": 699, "powOutSumW": 196}, 434.7),
        # Voltage and current clearly contradict the sign of the reported power.
        ({"powGetBms": 300.0, "cmsBattVol": 53.2, "cmsBattAmp": -5.6}, -297.9),
        ({"powGetBms": -0.01}, 0.0),
    ],
)
def test_battery_power_of_the_newer_generation_is_measured(values: dict[str, Any], power_w: float) -> None:
    got = {key: value for key, value, _ in BY_NAME["delta_3"].decode(values)}
    assert got["battery_power"] == pytest.approx(power_w, abs=0.1)
    assert str(got["battery_power"]) != "-0.0"


def test_input_minus_output_is_not_a_battery_power() -> None:
    got = {key for key, _, _ in BY_NAME["delta_3"].decode({"powInSumW": 427, "powOutSumW": 326})}
    assert "battery_power" not in got


@pytest.mark.parametrize(
    ("family", "values", "charge", "discharge"),
    [
        ("delta_3", {"powGetBms": -60.0, "cmsChgRemTime": 12_927, "cmsDsgRemTime": 1002}, None, 1002),
        ("delta_3", {"powGetBms": 23.0, "cmsChgRemTime": 1834, "cmsDsgRemTime": 12_927}, 1834, None),
        ("delta_pro_3", {"powGetBms": 0.0, "cmsChgRemTime": 14_565, "cmsDsgRemTime": 1440}, None, None),
        ("wave_2", {"bms.vol": 46_525, "bms.amp": 962, "pd.batChgRemain": 1342, "pd.batDsgRemain": 1342}, 1342, None),
        ("powerstream", {"20_1.batInputWatts": -670, "20_1.chgRemainTime": 90, "20_1.dsgRemainTime": 900}, 90, None),
        ("delta_pro", {"ems.chgRemainTime": 660, "ems.dsgRemainTime": 143_999}, 660, None),
    ],
)
def test_only_the_time_of_the_active_direction_applies(
    family: str, values: dict[str, Any], charge: int | None, discharge: int | None
) -> None:
    got = {key: value for key, value, _ in BY_NAME[family].decode(values)}
    assert (got["charge_remaining_time"], got["discharge_remaining_time"]) == (charge, discharge)


@pytest.mark.parametrize("model", [model for model, made in MODELS.items() if issubclass(made, Station)])
def test_simulated_stations_decode_to_the_energy_flow_of_their_plant(model: str) -> None:
    """The simulation is as ugly as the devices, and the decoder gets what really flows."""
    device = MODELS[model](f"{SERIAL_PREFIXES[model]}SIM000001", "x")
    assert isinstance(device, Station)
    family = BY_NAME[model]
    for grid_present, sun in ((True, 0.0), (True, 0.8), (False, 0.0)):
        device.plant.grid_present, device.plant.soc = grid_present, 50.0
        device.step(60, sun, 0)
        got = {key: value for key, value, _ in family.decode(device.report())}
        if model == "powerstream":
            assert got["solar_power"] - got["battery_power"] == pytest.approx(got["inverter_output_power"], abs=1)
            continue
        assert got["battery_power"] == pytest.approx(device.plant.battery_w, rel=0.02, abs=1)
        assert got["ac_output_power"] == pytest.approx(device.plant.ac_out_w, abs=1)
        assert got["battery_state"] == ("charging" if device.plant.battery_w > 0 else "discharging")
        assert (got["charge_remaining_time"] is None) is (device.plant.battery_w < 0)
        assert (got["discharge_remaining_time"] is None) is (device.plant.battery_w > 0)


# Absent parts


KEYS = {"inverter_temperature", "inverter_dc_temperature", "main_battery_temperature"}


def test_a_temperature_of_zero_is_absent_unless_the_device_is_cold() -> None:
    def shown(**values: float) -> set[str]:
        return {key for key, value, _ in BY_NAME["delta_2"].decode(dict(named(values))) if key in KEYS}

    def named(values: dict[str, float]) -> list[tuple[str, float]]:
        return [(name.replace("__", "."), value) for name, value in values.items()]

    assert shown(inv__outTemp=31, inv__dcInTemp=0, bms_bmsStatus__temp=25) == KEYS - {"inverter_dc_temperature"}
    assert shown(inv__outTemp=2, inv__dcInTemp=0, bms_bmsStatus__temp=0) == KEYS
    assert shown(inv__outTemp=-3, inv__dcInTemp=0, bms_bmsStatus__temp=-1) == KEYS


def test_an_extra_battery_that_is_not_in_use_is_absent() -> None:
    """Stations repeat the last values of a removed extra battery."""
    values = {
        "bms_bmsStatus.vol": 52_856,
        "bms_bmsStatus.amp": 0,
        "bms_slave_bmsSlaveStatus_1.vol": 52_623,
        "bms_slave_bmsSlaveStatus_1.amp": 1000,
        "bms_slave_bmsSlaveStatus_2.vol": 52_083,
        "bms_slave_bmsSlaveStatus_2.amp": -747,
        "bms_emsStatus.bmsIsConnt": [3, 3, 3],
        "bms_emsStatus.maxAvailNum": 2,
    }
    got = {key: value for key, value, _ in BY_NAME["delta_2_max"].decode(values)}
    assert got["battery_power"] == pytest.approx(52.6)
    assert (got["extra1_connected"], got["extra2_connected"]) == (True, False)
    assert "extra1_battery_voltage" in got
    assert "extra2_battery_voltage" not in got


def test_a_pack_without_a_voltage_is_absent() -> None:
    values = {"bmsMaster.vol": 0, "bmsMaster.amp": 0, "bmsMaster.temp": 0, "bmsMaster.soc": 0}
    assert [key for key, _, _ in BY_NAME["delta_max"].decode(values) if key.startswith("main_")] == []


# What is a capture


def diagnostics(*names: str) -> dict[str, Any]:
    """Diagnostics as Home Assistant downloads them."""
    devices = [
        {"serial_prefix": "", "product": PRODUCTS[name], "family": "?", "values": read_capture(CAPTURES[name])[0]}
        for name in names
    ]
    return {
        "home_assistant": {"version": "2026.10.4"},
        "custom_components": {"ecoflow": {"version": "1.0.0"}},
        "integration_manifest": {"domain": "ecoflow", "requirements": ["paho-mqtt"]},
        "setup_times": {},
        "data": {"entry": {"data": {"region": "eu"}}, "subentries": [], "account": {}, "devices": devices},
    }


@pytest.mark.skipif(not CASES.is_dir(), reason="captured replies are not here")
def test_downloaded_diagnostics_are_decoded() -> None:
    one = {key: value for key, value, _ in decode_capture(diagnostics("ecoflow_delta3_real"))}
    assert one == decoded("ecoflow_delta3_real")
    two = {key: value for key, value, _ in decode_capture(diagnostics("ecoflow_delta3_real", "ecoflow_stream_real"))}
    assert two["delta_3/battery_power"] == -2.0
    assert two["stream/battery_power"] == 900.6
    same = diagnostics("ecoflow_delta3_real", "ecoflow_delta3_real")
    assert {key.split("/")[0] for key, _, _ in decode_capture(same)} == {"delta_3", "delta_3_2"}


@pytest.mark.parametrize(
    "garbage",
    [
        {"a.b": 1},
        {"home.temperature": 21.5, "title": "x"},
        {"pd.soc": 1, "x": 2},
        {"data": {"a.b": 1}},
        {"code": "0", "data": {"foo.bar": 1}},
        {"home_assistant": {"version": "2026.10.4"}, "data": {"devices": [{"values": {"a.b": 1}}, {"name": "x"}, 7]}},
        {"data": {"devices": []}},
        {"integration_manifest": {"domain": "other"}, "data": {"config.entry": {"temp": 20}}},
    ],
    ids=str,
)
def test_garbage_is_rejected(garbage: Any) -> None:
    with pytest.raises(BadReplyError, match="no EcoFlow values"):
        list(decode_capture(garbage))


def test_an_unknown_model_is_accepted_if_its_names_are_like_ecoflow_s() -> None:
    reply = {"code": "0", "data": {"nova.soc": 50, "nova.outWatts": 12, "nova.batVol": 3, "nova.mode": "auto"}}
    assert {key for key, _, _ in decode_capture(reply)} >= {"raw_nova_soc", "raw_nova_out_watts"}


# One bad value hides nothing


_BAD = st.none() | st.booleans() | st.text(max_size=5) | st.lists(st.integers(), max_size=2) | st.floats(allow_nan=True)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_bad_value_changes_only_what_depends_on_it(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CAPTURES)))
    values, family = read_capture(CAPTURES[name], PRODUCTS.get(name, ""))
    bad = data.draw(st.sampled_from(sorted(values)))
    before = {key: value for key, value, _ in family.decode(values)}
    after = {key: value for key, value, _ in family.decode({**values, bad: data.draw(_BAD)})}
    for key, value in before.items():
        if bad not in names_of(family, key):
            assert after[key] == value, key


def names_of(family: Family, key: str) -> tuple[str, ...]:
    return next(spec.value_names for spec in family.entities() if spec.key == key)


@pytest.mark.parametrize("token", ["nan", "-nan", "inf", "-INF", "NaN", "nan(ind)", "Infinity"])
def test_a_number_that_firmware_cannot_print_hides_no_other(token: str) -> None:
    text = f'{{"params": {{"pd.soc": 56, "inv.outTemp": {token}, "list": [1, {token}], "note": "x: nan, y"}}}}'
    message = parse_message("/open/account/SN/quota", text.encode())
    assert isinstance(message, QuotaMessage)
    assert message.values["pd.soc"] == 56
    assert message.values["note"] == "x: nan, y"
    assert as_number(message.values["inv.outTemp"]) is None


@pytest.mark.parametrize("payload", [b'\xef\xbb\xbf{"params": {"a": 1}}', b'{"params": {"a": 1, "b": "\xff\xfe"}}'])
def test_a_text_in_another_encoding_hides_no_value(payload: bytes) -> None:
    message = parse_message("/open/account/SN/quota", payload)
    assert isinstance(message, QuotaMessage)
    assert message.values["a"] == 1


def test_json_in_a_text_is_unpacked() -> None:
    content = {"params": {"bbcout": '{"M1093-DCOU-123456": {"ldOutWatt": 78}}', "note": "{no json}"}}
    message = parse_message("/open/account/SN/quota", json.dumps(content).encode())
    assert isinstance(message, QuotaMessage)
    assert message.values == {"bbcout.M1093-DCOU-123456.ldOutWatt": 78, "note": "{no json}"}
