"""Device families: decoding and commands."""

from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.ecoflow.api.errors import OutOfRangeError
from custom_components.ecoflow.api.families import FAMILIES, family_of, wave_2
from custom_components.ecoflow.api.families.generic import MAX_SENSORS, generic_family, generic_key
from custom_components.ecoflow.api.families.specs import EntitySpec, Family, NumberSpec, SelectSpec, SwitchSpec
from custom_components.ecoflow.api.models import Device
from custom_components.ecoflow.api.units import to_unit
from custom_components.ecoflow.api.wire_values import as_bool, as_number, lookup
from simulators.ecoflow_cloud.models import MODELS, SERIAL_PREFIXES

BY_NAME = {family.name: family for family in FAMILIES}
# The values of a Smart Home Panel that its controls need.
PANEL: dict[str, Any] = {
    "heartbeat.loadCmdChCtrlInfos": [{"ctrlMode": 0, "ctrlSta": 0, "priority": n} for n in range(10)],
    "heartbeat.energyInfos": [
        {"batteryPercentage": 80, "outputPower": 120, "lcdInputWatts": 0, "stateBean": {"isConnect": 1}},
        {"batteryPercentage": 0, "outputPower": 0, "lcdInputWatts": 0, "stateBean": {"isConnect": 0}},
    ],
    "heartbeat.gridSta": 1,
    "channelPower.infoList": [{"chWatt": 10.0 * n, "powType": 0} for n in range(12)],
}


def controls(family: Family) -> Iterator[SwitchSpec | NumberSpec | SelectSpec]:
    yield from family.switches
    yield from family.numbers
    yield from family.selects


CONTROLS = [
    pytest.param(family, control, id=f"{family.name}-{control.key}")
    for family in FAMILIES
    for control in controls(family)
]


def requested_values(control: SwitchSpec | NumberSpec | SelectSpec) -> list[Any]:
    match control:
        case SwitchSpec():
            return [True, False]
        case NumberSpec():
            return [control.min_value, control.max_value]
        case SelectSpec():
            return list(control.options)


@pytest.mark.parametrize(("family", "control"), CONTROLS)
def test_the_expected_values_of_a_command_decode_to_the_requested_value(
    family: Family, control: SwitchSpec | NumberSpec | SelectSpec
) -> None:
    before = PANEL if family.name == "smart_home_panel" else {}
    for requested in requested_values(control):
        command = control.write(requested, before)
        assert command.body
        assert control.decode({**before, **command.expect}) == requested


@pytest.mark.parametrize(("family", "control"), CONTROLS)
def test_values_out_of_range_are_rejected(family: Family, control: SwitchSpec | NumberSpec | SelectSpec) -> None:
    match control:
        case NumberSpec():
            for value in (control.min_value - 1, control.max_value + 1):
                with pytest.raises(ValueError, match="outside"):
                    control.write(value, {})
        case SelectSpec():
            with pytest.raises(ValueError, match="not one of"):
                control.write("no such option", {})


# Commands from EcoFlow's documentation.
FUNCTION_254 = {"cmdId": 17, "dirDest": 1, "dirSrc": 1, "cmdFunc": 254, "dest": 2, "needAck": True}
DOCUMENTED: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("delta_2", "charge_limit", 50, {"moduleType": 2, "operateType": "upsConfig", "params": {"maxChgSoc": 50}}),
    ("delta_2", "discharge_limit", 19, {"moduleType": 2, "operateType": "dsgCfg", "params": {"minDsgSoc": 19}}),
    ("delta_2", "usb_output", False, {"moduleType": 1, "operateType": "dcOutCfg", "params": {"enabled": 0}}),
    ("delta_2", "dc_output", True, {"moduleType": 5, "operateType": "mpptCar", "params": {"enabled": 1}}),
    ("delta_2", "beeper", False, {"moduleType": 5, "operateType": "quietMode", "params": {"enabled": 1}}),
    ("delta_2", "solar_priority", True, {"moduleType": 1, "operateType": "pvChangePrio", "params": {"pvChangeSet": 1}}),
    (
        "delta_2",
        "dc_standby_time",
        "4_h",
        {"moduleType": 5, "operateType": "carStandby", "params": {"standbyMins": 240}},
    ),
    (
        "delta_2",
        "unit_standby_time",
        "never",
        {"moduleType": 1, "operateType": "standbyTime", "params": {"standbyMin": 0}},
    ),
    (
        "powerstream",
        "custom_load_power",
        2,
        {"cmdCode": "WN511_SET_PERMANENT_WATTS_PACK", "params": {"permanentWatts": 20}},
    ),
    (
        "powerstream",
        "supply_priority",
        "supply",
        {"cmdCode": "WN511_SET_SUPPLY_PRIORITY_PACK", "params": {"supplyPriority": 0}},
    ),
    ("powerstream", "discharge_limit", 20, {"cmdCode": "WN511_SET_BAT_LOWER_PACK", "params": {"lowerLimit": 20}}),
    (
        "smart_plug",
        "indicator_brightness",
        500,
        {"cmdCode": "WN511_SOCKET_SET_BRIGHTNESS_PACK", "params": {"brightness": 500}},
    ),
    ("smart_home_panel", "eps_mode", True, {"operateType": "TCP", "params": {"cmdSet": 11, "id": 24, "eps": 1}}),
    (
        "smart_home_panel",
        "circuit_2_mode",
        "battery",
        {"operateType": "TCP", "params": {"cmdSet": 11, "id": 16, "ch": 1, "ctrlMode": 1, "sta": 1}},
    ),
    # developer-eu.ecoflow.com/us/document/bkw
    ("stream", "ac_output", True, {**FUNCTION_254, "params": {"cfgRelay2Onoff": True}}),
    ("stream", "ac_output_2", False, {**FUNCTION_254, "params": {"cfgRelay3Onoff": False}}),
    ("stream", "backup_reserve", 20, {**FUNCTION_254, "params": {"cfgBackupReverseSoc": 20}}),
    ("stream", "charge_limit", 90, {**FUNCTION_254, "params": {"cfgMaxChgSoc": 90}}),
    ("stream", "discharge_limit", 10, {**FUNCTION_254, "params": {"cfgMinDsgSoc": 10}}),
    ("wave_2", "target_temperature", 27, {"moduleType": 1, "operateType": "setTemp", "params": {"setTemp": 27}}),
    ("wave_2", "climate_mode", "heat", {"moduleType": 1, "operateType": "mainMode", "params": {"mainMode": 1}}),
    ("wave_2", "power_mode", "standby", {"moduleType": 1, "operateType": "powerMode", "params": {"powerMode": 2}}),
    ("glacier", "eco_mode", True, {"moduleType": 1, "operateType": "ecoMode", "params": {"mode": 1}}),
    (
        "glacier",
        "right_zone_target",
        -19,
        {"moduleType": 1, "operateType": "temp", "params": {"tmpR": -19, "tmpL": 0, "tmpM": 0}},
    ),
]


@pytest.mark.parametrize(("name", "key", "requested", "body"), DOCUMENTED, ids=lambda value: str(value)[:30])
def test_documented_commands(name: str, key: str, requested: Any, body: dict[str, Any]) -> None:
    control = next(control for control in controls(BY_NAME[name]) if control.key == key)
    values = PANEL if name == "smart_home_panel" else {}
    assert control.write(requested, values).body == body


@pytest.mark.parametrize(
    ("key", "requested", "params"),
    [
        ("charge_limit", 70, {"cfgMaxChgSoc": 70}),
        ("beeper", True, {"cfgBeepEn": True}),
        ("ac_standby_time", "2_h", {"cfgAcStandbyTime": 120}),
        ("ac_output", True, {"cfgHvAcOutOpen": True}),
        ("backup_reserve", 40, {"cfgEnergyBackup": {"energyBackupStartSoc": 40, "energyBackupEn": True}}),
    ],
)
def test_documented_commands_of_a_delta_pro_3(key: str, requested: Any, params: dict[str, Any]) -> None:
    control = next(control for control in controls(BY_NAME["delta_pro_3"]) if control.key == key)
    envelope = {"cmdId": 17, "dirDest": 1, "dirSrc": 1, "cmdFunc": 254, "dest": 2, "needAck": True}
    assert control.write(requested, {}).body == {**envelope, "params": params}


def test_pause_commands() -> None:
    for name, key in (
        ("delta_2", "mppt.chgPauseFlag"),
        ("river_2", "mppt.chgPauseFlag"),
        ("delta_2_max", "inv.chgPauseFlag"),
    ):
        charge = BY_NAME[name].charge
        assert charge is not None
        assert charge.pause is not None
        for paused in (True, False):
            command = charge.pause(paused, {})
            assert command.expect == {key: int(paused)}
            assert command.body["params"]["chgPauseFlag"] == int(paused)


def test_ac_always_on_keeps_the_minimum_level() -> None:
    toggle = next(toggle for toggle in BY_NAME["delta_pro"].switches if toggle.key == "ac_always_on")
    assert toggle.write(True, {"pd.minAcoutSoc": 255}).body["params"]["minAcoutSoc"] == 20
    assert toggle.write(True, {"pd.minAcoutSoc": 35}).body["params"]["minAcoutSoc"] == 35


def test_smart_home_panel_circuits_and_stations() -> None:
    got = {key: value for key, value, _ in BY_NAME["smart_home_panel"].decode(PANEL)}
    assert got["circuit_3_power"] == 20
    assert got["circuit_3_mode"] == "auto"
    assert got["station_1_battery_level"] == 80
    assert got["station_1_connected"] is True
    assert got["station_2_connected"] is False
    assert got["grid_present"] is True


def test_a_wave_2_with_fahrenheit_display_is_decoded_in_celsius() -> None:
    wave = BY_NAME["wave_2"]
    got = {key: value for key, value, _ in wave.decode({"pd.envTemp": 63.5, "pd.tempSys": 1})}
    assert got["ambient_temperature"] == 17.5
    got = {key: value for key, value, _ in wave.decode({"pd.envTemp": 21.4, "pd.tempSys": 0})}
    assert got["ambient_temperature"] == 21.4


def test_glacier_values() -> None:
    values = {"pd.tmpL": -185, "pd.tmpR": 42, "pd.batPct": 77, "pd.doorStat": 1, "pd.flagTwoZone": 1, "pd.coolMode": 0}
    got = {key: value for key, value, _ in BY_NAME["glacier"].decode(values)}
    assert got["left_zone_temperature"] == -18.5
    assert got["right_zone_temperature"] == 4.2
    assert got["lid_open"] is True
    assert got["two_zones"] is True
    assert got["eco_mode"] is False


def test_a_delta_2_max_has_two_solar_inputs() -> None:
    """38.181 V x 11.819 A = 451.3 W; the real device reports inWatts 451."""
    values = {"mppt.inVol": 38181, "mppt.inAmp": 11819, "mppt.inWatts": 451, "mppt.pv2InWatts": 30}
    got = {key: value for key, value, _ in BY_NAME["delta_2_max"].decode(values)}
    assert got["solar_1_voltage"] * got["solar_1_current"] == pytest.approx(got["solar_1_power"], rel=0.01)
    assert got["solar_power"] == 481


@pytest.mark.parametrize(
    ("product", "sn", "values", "family"),
    [
        ("DELTA Pro", "", {}, "delta_pro"),
        ("EcoFlow DELTA Pro", "", {}, "delta_pro"),
        ("DELTA Pro 3", "", {}, "delta_pro_3"),
        ("Delta 2 Max", "", {}, "delta_2_max"),
        ("DELTA 2", "", {}, "delta_2"),
        ("DELTA 3 Plus", "", {}, "delta_3"),
        ("DELTA 3 Max Plus", "", {}, "delta_3_max"),
        ("RIVER 2 Pro", "", {}, "river_2_pro"),
        ("RIVER 2", "", {}, "river_2"),
        ("DELTA Pro Ultra", "", {}, "generic"),
        ("DELTA mini 2", "", {}, "generic"),
        ("DELTA mini", "", {}, "delta_mini"),
        ("", "HW52ZXX", {}, "smart_plug"),
        ("", "HW51ZXX", {}, "powerstream"),
        ("", "MR51ZXX", {}, "delta_pro_3"),
        ("", "XXXX", {"bmsMaster.f32ShowSoc": 1, "ems.lcdShowSoc": 1}, "delta_pro"),
        ("", "XXXX", {"20_1.invOutputWatts": 1}, "powerstream"),
        ("", "XXXX", {"nothing.known": 1}, "generic"),
    ],
)
def test_family_lookup(product: str, sn: str, values: dict[str, Any], family: str) -> None:
    assert family_of(Device(sn, "My station", product, online=True), values).name == family


def test_simulated_devices_are_identified_by_their_values() -> None:
    for model, made in MODELS.items():
        device = made(SERIAL_PREFIXES[model], "x")
        device.step(1, 1, 0)
        family = family_of(Device("?", "?", "", online=True), device.report())
        assert family.name == (model if model != "unknown" else "generic")


def test_an_unknown_model_shows_a_limited_number_of_useful_values() -> None:
    values: dict[str, Any] = {f"zz.thing{n}": n for n in range(200)}
    values |= {"aa.batterySoc": 55, "aa.outWatts": 12.5, "aa.list": [1], "aa.none": None, "aa.text": "x" * 100}
    family = generic_family("NOVA", values)
    keys = [reading.key for reading in family.sensors]
    assert len(keys) == MAX_SENSORS
    assert keys[:2] == ["raw_aa_battery_soc", "raw_aa_out_watts"]
    assert {key: unit for key, _, unit in family.decode(values) if unit} == {
        "raw_aa_battery_soc": "%",
        "raw_aa_out_watts": "W",
    }
    assert [reading.enabled for reading in family.sensors].count(True) == 2


def test_wire_names_with_the_same_key_make_one_entity() -> None:
    assert generic_key("pd.wattsInSum") == "raw_pd_watts_in_sum"
    assert len(generic_family("", {"a.b_c": 1, "a.b.c": 2}).sensors) == 1


# Values

_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "n/a", "12", "-1e400"])
_JUNK = _PLAIN | st.lists(_PLAIN, max_size=2) | st.dictionaries(st.sampled_from(["ctrlMode", "chWatt"]), _PLAIN)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_decoding_never_fails(data: st.DataObject) -> None:
    family = data.draw(st.sampled_from(FAMILIES))
    value_names = sorted({head for point in family.entities() for head in point.value_names})
    values = data.draw(st.dictionaries(st.sampled_from(value_names), _JUNK, max_size=12))
    for _, value, unit in family.decode(values):
        assert value is None or isinstance(value, (bool, int, float, str))
        assert isinstance(unit, str)


@pytest.mark.parametrize(
    ("raw", "value"),
    [(1, 1), ("2.5", 2.5), (True, None), ("n/a", None), (float("nan"), None), ([1], None), (10**400, None)],
)
def test_as_number(raw: Any, value: float | None) -> None:
    assert as_number(raw) == value


@pytest.mark.parametrize(("raw", "value"), [(1, True), ("0", False), (False, False), (255, None), (None, None)])
def test_as_bool(raw: Any, value: bool | None) -> None:
    assert as_bool(raw) is value


def test_values_outside_the_valid_range_are_unknown() -> None:
    from custom_components.ecoflow.api.units import Quantity

    assert to_unit(4_294_967_295, Quantity.CAPACITY, 0.001) is None
    assert to_unit(255, Quantity.BATTERY_LEVEL, 1) is None
    assert to_unit(0, Quantity.SIGNAL_STRENGTH, 1) is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b", 1),
        ("list[1]", 20),
        ("list[9]", None),
        ("deep[0].x[1].y", 7),
        ("deep[0].x[5].y", None),
        ("deep[0].nothing.more", None),
        ("a.b[0]", None),
        ("gone", None),
    ],
)
def test_lookup_by_path(path: str, value: Any) -> None:
    values = {"a.b": 1, "list": [10, 20], "deep": [{"x": [{}, {"y": 7}]}]}
    assert lookup(values, path) == value


def test_the_first_source_present_is_used() -> None:
    point = EntitySpec(key="k", source=("first", "second"))
    assert point.wire_value({"second": 2}) == 2
    assert point.wire_value({"first": None, "second": 2}) == 2
    assert not point.exists({"first": None})


@pytest.mark.parametrize(
    ("values", "celsius"),
    [
        ({"pd.envTemp": 20, "pd.tempSys": 0}, 20.0),
        ({"pd.envTemp": 68, "pd.tempSys": 1}, 20.0),
        ({"pd.envTemp": 999, "pd.tempSys": 0}, None),
        ({"pd.tempSys": 1}, None),
    ],
)
def test_ambient_temperature_follows_the_display_unit(values: dict[str, float], celsius: float | None) -> None:
    assert wave_2._room_temperature(values, path="pd.envTemp") == celsius


@pytest.mark.parametrize(
    ("values", "power_w"),
    [
        ({"vol": 20161, "amp": 44671}, 900.6),
        ({"vol": 20161, "amp": -1000}, -20.2),
        ({"vol": 0, "amp": 44671}, None),
        ({"vol": 20161}, None),
        ({"amp": 5}, None),
    ],
)
def test_the_battery_power_of_a_stream_is_voltage_times_current(values: dict[str, int], power_w: float | None) -> None:
    got = {key: value for key, value, _ in BY_NAME["stream"].decode(values)}
    assert got.get("battery_power") == power_w


@pytest.mark.parametrize(
    ("key", "value", "values", "refused_below"),
    [
        # The device refuses a reserve that is less than 3 % above its discharge limit.
        ("backup_reserve", 7, {"cmsMinDsgSoc": 5}, 8),
        ("backup_reserve", 30, {"cmsMinDsgSoc": 30}, 33),
        ("backup_reserve", 2, {"cmsMinDsgSoc": 0}, 3),
        ("backup_reserve", 2, {}, 3),
        ("discharge_limit", 2, {}, 3),
        ("charge_limit", 49, {}, 50),
    ],
)
def test_a_stream_refuses_limits_that_a_program_disputes(
    key: str, value: float, values: dict[str, int], refused_below: float
) -> None:
    control = next(control for control in BY_NAME["stream"].numbers if control.key == key)
    with pytest.raises(OutOfRangeError) as raised:
        control.write(value, values)
    assert raised.value.min_value == refused_below
    assert control.write(refused_below, values).body["params"]


@pytest.mark.parametrize("reported", [0, 2, 5, 97, 100])
def test_a_stream_shows_limits_that_cannot_be_set(reported: int) -> None:
    values = {"backupReverseSoc": reported, "cmsMinDsgSoc": reported, "cmsMaxChgSoc": reported}
    got = {key: value for key, value, _ in BY_NAME["stream"].decode(values)}
    assert [got[key] for key in ("backup_reserve", "discharge_limit", "charge_limit")] == [reported] * 3
