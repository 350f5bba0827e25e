"""Captured replies of real devices, decoded by the integration."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.ecoflow.api.captures import decode_capture, read_capture
from custom_components.ecoflow.api.errors import BadReplyError
from custom_components.ecoflow.api.families import FAMILIES
from custom_components.ecoflow.api.families.specs import Family, NumberSpec, SwitchSpec
from custom_components.ecoflow.api.messages import parse_message
from custom_components.ecoflow.api.models import QuotaMessage, SetReply
from custom_components.ecoflow.api.units import UNITS, VALID_RANGES, Quantity
from custom_components.ecoflow.api.wire_values import as_number

FOLDER = Path(__file__).resolve().parents[3] / "shared/fixtures/ecoflow"
FILES = sorted(FOLDER.glob("*/*.json"))
NAMES = [f"{path.parent.name}/{path.stem}" for path in FILES]
FAMILY_OF = {
    "latest_quotas/delta_2": "delta_2",
    "latest_quotas/delta_max": "delta_max",
    "latest_quotas/delta_pro_230v_2slaves": "delta_pro",
    "latest_quotas/river_2_max": "river_2_max",
    "mqtt_diag/delta_2": "delta_2",
    "mqtt_diag/delta_pro_230v": "delta_pro",
    "mqtt_diag/river_2_max": "river_2_max",
    "mqtt_params/delta_pro": "delta_pro",
    "quota_all/delta_2": "delta_2",
    "quota_all/delta_pro_120v": "delta_pro",
    "quota_all/powerstream": "powerstream",
}

pytestmark = pytest.mark.skipif(not FILES, reason=f"captured replies are not here: {FOLDER}")


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


def decoded(name: str) -> dict[str, Any]:
    return {key: value for key, value, _ in decode_capture(load(name))}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_each_capture_is_identified_and_decoded_with_known_units(path: Path) -> None:
    name = f"{path.parent.name}/{path.stem}"
    values, family = read_capture(load(name))
    assert family.name == FAMILY_OF.get(name, family.name) != "generic"
    rows = list(decode_capture(load(name)))
    assert len(rows) > 35
    assert {unit for _, _, unit in rows} <= set(UNITS.values())
    assert len({key for key, _, _ in rows}) == len(rows), "keys are unique"
    assert values


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_each_name_of_a_capture_is_an_entity_or_ignored(path: Path) -> None:
    values, family = read_capture(json.loads(path.read_text()))
    value_names = {head for point in family.entities() for head in point.value_names}
    missed = [
        name
        for name in values
        if name not in value_names and not any(fnmatchcase(name, left) for left in family.ignored_values)
    ]
    assert missed == []


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_each_number_of_a_capture_is_within_its_valid_range(path: Path) -> None:
    values, family = read_capture(json.loads(path.read_text()))
    for reading in family.sensors:
        value = as_number(reading.decode(values))
        if value is None or (limits := VALID_RANGES.get(reading.quantity)) is None:
            continue
        assert limits[0] <= value <= limits[1], reading.key
        if reading.quantity is Quantity.POWER:
            assert abs(value) < 4000, reading.key
        if reading.quantity is Quantity.VOLTAGE:
            assert value < 600, reading.key


EXACT: dict[str, dict[str, Any]] = {
    "quota_all/delta_pro_120v": {
        "battery_level": 53.9,
        "solar_power": 296.0,
        "solar_voltage": 69.1,
        "solar_current": 4.28,
        "solar_charger_power": 290.1,
        "extra1_battery_input_power": 114.0,
        "extra1_battery_voltage": 50.064,
        "extra1_battery_current": 2.295,
        "battery_power": 270.6,
        "solar_input_energy": 129.952,
        "charge_remaining_time": 660,
        "charge_power": 600.0,
        "charge_limit": 95.0,
        "ac_output": False,
        "battery_state": "charging",
        "grid_present": False,
    },
    "mqtt_diag/delta_pro_230v": {
        "ac_output_power": 155.0,
        "ac_output_voltage": 230.168,
        "ac_output": True,
        "ac_bypass_start": True,
        "charge_remaining_time": None,
        "discharge_remaining_time": 240,
        "main_battery_health": None,
        "battery_power": -226.3,
    },
    "latest_quotas/delta_max": {"charge_remaining_time": None, "discharge_remaining_time": None},
    "latest_quotas/delta_pro_230v_2slaves": {
        "charge_remaining_time": None,
        "discharge_remaining_time": None,
        "beeper": False,
        "backup_reserve_enabled": True,
        "dc_input_current": "4_a",
        "screen_off_time": "5_min",
    },
    "mqtt_params/delta_pro": {"solar_power": 202.0, "discharge_remaining_time": None, "charge_power": 400.0},
    "latest_quotas/delta_2": {"grid_present": True, "ac_output_power": 340.0, "battery_power": -398.6},
    "quota_all/powerstream": {
        "solar_power": 21.0,
        "battery_power": -150.0,
        "inverter_output_power": 171.0,
        "custom_load_power": 45.0,
        "ac_output_frequency": 49.9,
        "main_battery_temperature": 31.0,
        "wifi_signal": -54,
        "charge_remaining_time": None,
        "discharge_remaining_time": 174,
        "supply_priority": "supply",
    },
    "latest_quotas/river_2_max": {"main_battery_voltage": 25, "unit_standby_time": "30_min", "battery_power": -17.0},
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_values(name: str) -> None:
    got = decoded(name)
    assert {key: got[key] for key in EXACT[name]} == EXACT[name]


def test_a_captured_offline_reply_is_rejected() -> None:
    offline = [reply for reply in load("mqtt_diag/delta_2")["get_reply"] if reply["data"].get("online") == 0]
    assert offline
    with pytest.raises(BadReplyError, match="no EcoFlow values"):
        list(decode_capture(offline[0]))


@pytest.mark.parametrize("junk", [[], "x", None, {}, {"code": "8521", "message": "signature is wrong"}, {"a": 1}])
def test_other_json_is_rejected(junk: Any) -> None:
    with pytest.raises(BadReplyError):
        list(decode_capture(junk))


def test_captured_answers_are_parsed() -> None:
    replies = [
        *load("mqtt_diag/river_2_max")["set_reply"],
        *(command["reply"] for command in load("mqtt_diag/delta_pro_230v")["set_commands"].values()),
    ]
    assert len(replies) > 20
    for reply in replies:
        message = parse_message("/open/account/SN1/set_reply", json.dumps(reply).encode())
        assert isinstance(message, SetReply)
        assert message.ok, reply
        assert message.id == str(reply["id"])


def test_delta_pro_commands_match_the_captured_ones() -> None:
    """Commands of the DELTA Pro have the same parameters as the captured ones."""
    values, family = read_capture(load("quota_all/delta_pro_120v"))
    values = {**values, "inv.cfgAcEnabled": 1}
    vectors = {
        item["name"]: item["body"]["params"]
        for item in json.loads((FOLDER / "set_commands_delta_pro.json").read_text())
    }
    built = {
        "xboost on": toggle(family, "xboost").write(True, values),
        "car charger on": toggle(family, "dc_output").write(True, values),
        "charge limit 100 %": setting(family, "charge_limit").write(100, values),
        "beep": toggle(family, "beeper").write(False, values),
        "generator auto off": setting(family, "generator_stop_level").write(100, values),
        "PV charging type": next(c for c in family.selects if c.key == "dc_input_type").write("solar", values),
        "AC auto-start bypass": toggle(family, "ac_bypass_start").write(True, values),
    }
    assert {name: command.body["params"] for name, command in built.items()} == {name: vectors[name] for name in built}
    # The other captured values are outside the range of the entities, so the commands are built directly.
    words = {
        "discharge limit 100 %": setting(family, "discharge_limit").command(100, values),
        "generator auto on": setting(family, "generator_start_level").command(100, values),
        "AC charging power": setting(family, "charge_power").command(100, values),
        **{
            name: next(c for c in family.selects if c.key == key).command(100, values)
            for name, key in (
                ("car input current", "dc_input_current"),
                ("unit timeout", "unit_standby_time"),
                ("screen timeout", "screen_off_time"),
                ("AC standby time", "ac_standby_time"),
            )
        },
    }
    assert {name: command.body["params"] for name, command in words.items()} == {name: vectors[name] for name in words}
    assert set(vectors) - set(built) - set(words) == {"screen brightness"}


def toggle(family: Family, key: str) -> SwitchSpec:
    return next(toggle for toggle in family.switches if toggle.key == key)


def setting(family: Family, key: str) -> NumberSpec:
    found = family.number(key)
    assert found is not None
    return found


def test_mqtt_and_http_values_have_the_same_names() -> None:
    """Bare MQTT names of a DELTA 2 match its HTTP names."""
    full: Mapping[str, Any] = load("quota_all/delta_2")["data"]
    bare = {"typeCode": "invStatus", "moduleType": "3", "params": {"acInVol": 1, "inputWatts": 2}}
    message = parse_message("/open/a/SN/quota", json.dumps(bare).encode())
    assert isinstance(message, QuotaMessage)
    assert set(message.values) <= set(full)


def test_entity_keys_are_unique_within_a_family() -> None:
    for family in FAMILIES:
        keys = [point.key for point in family.entities()] + [action.key for action in family.buttons]
        assert len(keys) == len(set(keys)), family.name
        assert family.charge is None or family.number(family.charge.setting) is not None
