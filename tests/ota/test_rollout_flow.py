"""New rollout in the browser: what it would mean is shown before it begins."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ota.data import OtaData
from custom_components.ota.rollout.plan import Mode, Status

from .conftest import AddDevice, FullDisk, Release, act, settled
from .test_config_flow import options

TARGET: dict[str, Any] = {"groups": [], "tags": [], "models": [], "devices": []}
OPTIONS: dict[str, Any] = {"mode": "automatic", "auto_rollback": False, "late_joiners": True, "soak_min": 30}


def form(**changes: Any) -> dict[str, Any]:
    """The form as the browser sends it."""
    target = TARGET | changes.pop("target", {})
    options = OPTIONS | changes.pop("options", {})
    base = {"release": "thermostat\n2.0.0", "strategy": "canary", "percent": 10, "stages": "1, 10, 50, 100"}
    return {**base, **changes, "target": target, "options": options}


async def submit(hass: HomeAssistant, flow: str, **changes: Any) -> Any:
    return await hass.config_entries.options.async_configure(flow, form(**changes))


@pytest.fixture
async def ten(ota: OtaData, add_device: AddDevice, release: Release) -> None:
    """Ten devices in two groups, and two releases."""
    for number in range(10):
        group = "lab" if number < 2 else "house"
        await add_device(f"dev-{number}", group=group, tags=["new"] if number == 9 else [], model="T1")
    await release()
    await release("1.9.0", 25)


async def test_existing_releases_and_groups_can_be_selected(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, ten: None
) -> None:
    result = await options(hass, entry, "rollout")
    fields = {str(key): value for key, value in result["data_schema"].schema.items()}
    offered = [option["label"] for option in fields["release"].config["options"]]
    assert offered == ["thermostat 2.0.0 (esp32c3)", "thermostat 1.9.0 (esp32c3)"]
    target = {str(key): value for key, value in fields["target"].schema.schema.items()}
    assert target["groups"].config["options"] == ["house", "lab"]
    assert target["tags"].config["options"] == ["new"]
    assert len(target["devices"].config["options"]) == 10
    with pytest.raises(InvalidData):
        await submit(hass, result["flow_id"], target={"groups": ["cellar"]})


async def test_canary_is_planned_previewed_and_created(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, ten: None
) -> None:
    flow = (await options(hass, entry, "rollout"))["flow_id"]
    result = await submit(hass, flow, percent=20, options={"auto_rollback": True, "soak_min": 5, "name": "Spring"})
    assert result["step_id"] == "rollout_confirm"
    assert result["description_placeholders"] == {"name": "Spring", "devices": "10", "waves": "2 + 8"}
    assert not ota.hub.state.rollouts  # nothing has begun
    result = await hass.config_entries.options.async_configure(flow, {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "rollout_created")
    (made,) = ota.hub.state.rollouts.values()
    assert (made.name, made.status, made.auto_rollback, made.gate.soak_s) == ("Spring", Status.RUNNING, True, 300)
    assert [wave.percent for wave in made.waves] == [20, 100]
    await settled(hass)
    state = hass.states.get("sensor.spring_status")
    assert state is not None
    assert state.state == "running"


async def test_waves_for_a_group_at_a_time_of_its_own(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, ten: None
) -> None:
    flow = (await options(hass, entry, "rollout"))["flow_id"]
    start = (dt_util.now() + timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
    chosen = {"start": start, "mode": "on_request", "late_joiners": False}
    result = await submit(
        hass, flow, strategy="waves", stages="25 %, 100%", target={"groups": ["house"]}, options=chosen
    )
    assert result["description_placeholders"]["waves"] == "2 + 6"
    await hass.config_entries.options.async_configure(flow, {})
    (made,) = ota.hub.state.rollouts.values()
    assert (made.status, made.mode, len(made.population or ())) == (Status.SCHEDULED, Mode.ON_REQUEST, 8)
    assert made.target.groups == ("house",)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"strategy": "waves", "stages": "50, 10"}, "bad_waves"),
        ({"strategy": "waves", "stages": "half"}, "bad_waves"),
        ({"strategy": "waves", "stages": ""}, "bad_waves"),
        ({"strategy": "waves", "stages": "10, 200"}, "bad_waves"),
        ({"target": {"groups": ["lab"], "tags": ["new"]}}, "no_devices"),
    ],
)
async def test_an_invalid_plan_can_be_corrected(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, ten: None, changes: dict[str, Any], error: str
) -> None:
    flow = (await options(hass, entry, "rollout"))["flow_id"]
    result = await submit(hass, flow, **changes)
    assert result["errors"] == {"base": error}
    assert not ota.hub.state.rollouts
    result = await submit(hass, flow, strategy="all")
    assert result["description_placeholders"]["waves"] == "10"
    assert (await hass.config_entries.options.async_configure(flow, {}))["reason"] == "rollout_created"


async def test_changes_during_the_flow_are_reported(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, ten: None, full_disk: FullDisk
) -> None:
    flow = (await options(hass, entry, "rollout"))["flow_id"]
    await submit(hass, flow)
    await act(hass, "withdraw_release", release="thermostat:esp32c3:2.0.0")
    result = await hass.config_entries.options.async_configure(flow, {})
    assert (result["reason"], result["description_placeholders"]["version"]) == ("unknown_release", "2.0.0")
    flow = (await options(hass, entry, "rollout"))["flow_id"]
    await submit(hass, flow, release="thermostat\n1.9.0")
    with full_disk():
        result = await hass.config_entries.options.async_configure(flow, {})
    assert result["reason"] == "storage_failed"


async def test_no_release_to_roll_out(hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry) -> None:
    assert (await options(hass, entry, "rollout"))["reason"] == "no_releases"


async def test_the_entry_has_to_be_loaded(hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, ten: None) -> None:
    flow = (await options(hass, entry, "rollout"))["flow_id"]
    await submit(hass, flow)
    await hass.config_entries.async_unload(entry.entry_id)
    assert (await hass.config_entries.options.async_configure(flow, {}))["reason"] == "not_loaded"
    assert (await options(hass, entry, "rollout"))["reason"] == "not_loaded"
