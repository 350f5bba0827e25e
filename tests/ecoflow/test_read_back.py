"""A command is confirmed by what read values mean, in any form the device reports them."""

from typing import Any

import pytest

from custom_components.ecoflow.api.client import EcoflowClient
from custom_components.ecoflow.api.families import FAMILIES
from custom_components.ecoflow.api.families.specs import Command, Family, NumberSpec, SelectSpec, SwitchSpec
from custom_components.ecoflow.api.models import Device, QuotaMessage
from custom_components.ecoflow.api.state import HOLD_S, DeviceState
from custom_components.ecoflow.api.wire_values import is_same

from .conftest import CloudThread

BY_NAME = {family.name: family for family in FAMILIES}


def control(family: Family, key: str) -> SwitchSpec | NumberSpec | SelectSpec:
    specs = (*family.switches, *family.numbers, *family.selects)
    return next(spec for spec in specs if spec.key == key)


@pytest.mark.parametrize(
    ("family", "key", "wanted", "read", "confirmed"),
    [
        ("delta_3", "ac_output", True, {"flowInfoAcOut": 14}, True),
        ("delta_3", "ac_output", True, {"flowInfoAcOut": 15}, True),
        ("delta_3", "ac_output", True, {"flowInfoAcOut": 2.0}, True),
        ("delta_3", "ac_output", True, {"flowInfoAcOut": 4}, False),
        ("delta_3", "ac_output", False, {"flowInfoAcOut": 4}, True),
        ("delta_3", "ac_output", False, {"flowInfoAcOut": 12}, True),
        ("delta_3", "ac_output", False, {"flowInfoAcOut": 14}, False),
        ("delta_pro_3", "ac_output", False, {"flowInfoAcHvOut": 4}, True),
        ("delta_3", "xboost", True, {"xboostEn": True}, True),
        ("delta_3", "xboost", True, {"xboostEn": "1"}, True),
        ("delta_3", "beeper", False, {"enBeep": False}, True),
        ("delta_2", "beeper", False, {"mppt.beepState": 1}, True),
        ("delta_2", "beeper", False, {"mppt.beepState": True}, True),
        ("delta_2", "beeper", False, {"mppt.beepState": 0}, False),
        ("delta_2", "ac_output", True, {"mppt.cfgAcEnabled": 255}, False),
        ("smart_plug", "plug_output", True, {"2_1.switchSta": True}, True),
        ("delta_pro", "charge_power", 600, {"inv.cfgSlowChgWatts": 600.0}, True),
        ("delta_pro", "charge_power", 600, {"inv.cfgSlowChgWatts": "600"}, True),
        ("delta_pro", "charge_power", 600, {"inv.cfgSlowChgWatts": 500}, False),
        ("powerstream", "custom_load_power", 120, {"20_1.permanentWatts": 1200}, True),
        ("delta_pro", "screen_off_time", "5_min", {"pd.lcdOffSec": 300.0}, True),
        ("delta_3", "backup_reserve", 40, {"energyBackupStartSoc": 40, "energyBackupEn": True}, True),
        ("delta_3", "backup_reserve", 40, {"energyBackupStartSoc": 40, "energyBackupEn": False}, False),
    ],
)
def test_confirmation(family: str, key: str, wanted: Any, read: dict[str, Any], confirmed: bool) -> None:
    command = control(BY_NAME[family], key).write(wanted, {})
    assert command.is_confirmed_by(read) is confirmed


def test_a_raw_command_is_confirmed_by_equal_values() -> None:
    command = Command({"a": 1}, {"x": 1, "y": [1]})
    assert command.is_confirmed_by({"x": True, "y": [1]})
    assert not command.is_confirmed_by({"x": 1})
    assert not is_same(None, 0)
    assert not is_same("on", 1)


def test_another_form_of_a_confirmed_value_is_not_a_contradiction() -> None:
    """The station confirms "on" and then reports 14."""
    state = DeviceState(Device("SN", "x", "DELTA 3", online=True), {"flowInfoAcOut": 4})
    command = control(BY_NAME["delta_3"], "ac_output").write(True, {})
    state.confirm(command.expect, 10, command.is_confirmed_by)
    state.apply_message(QuotaMessage("SN", {"flowInfoAcOut": 14}), 11)
    assert state.values["flowInfoAcOut"] == 14
    assert not state.is_disputed(10 + HOLD_S)
    state.apply_message(QuotaMessage("SN", {"flowInfoAcOut": 4}), 12)
    assert state.values["flowInfoAcOut"] == 14, "a report from before the command"


@pytest.mark.parametrize("wanted", [False, True])
async def test_an_output_is_switched_over_http(client: EcoflowClient, cloud: CloudThread, wanted: bool) -> None:
    """The cloud accepts the command, and the station reads 14 or 4."""
    sn = cloud.do("add", model="delta_3")
    await client.poll()
    switch = control(client.family(sn), "ac_output")
    await client.write(sn, switch.write(wanted, client.states[sn].values))
    assert switch.decode(client.states[sn].values) is wanted
    assert client.states[sn].values["flowInfoAcOut"] == (14 if wanted else 4)
