"""Repair issues of stopped rollouts and stuck devices."""

import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ota.data import OtaData
from custom_components.ota.repairs import async_load_reasons
from custom_components.ota.rollout.plan import Status

from .conftest import AddDevice, FullDisk, Release, act, rollout
from .entity_helpers import fleet, later


async def test_a_stopped_rollout_creates_an_issue(
    hass: HomeAssistant,
    ota: OtaData,
    add_device: AddDevice,
    release: Release,
    hass_client: ClientSessionGenerator,
) -> None:
    devices = await fleet(add_device)
    await release()
    rollout_id = await rollout(hass, name="Spring")
    late = devices[2]
    pending = (await late.check(version="1.0.0"))["update"]["job"]
    await late.status(pending, "downloading")
    for device in devices[:2]:
        job = (await device.check(version="1.0.0"))["update"]["job"]
        await device.status(job, "failed", reason="no room")
    issue = ir.async_get(hass).async_get_issue("ota", f"rollout_{rollout_id}")
    assert issue is not None
    facts = {
        "name": "Spring",
        "failed": "2",
        "finished": "2",
        "wave": "1",
        "waves": "1",
        "devices": "Dev-1 (2.0.0: no room), Dev-2 (2.0.0: no room)",
    }
    assert issue.translation_placeholders == facts
    await late.status(pending, "failed", reason="no room")
    issue = ir.async_get(hass).async_get_issue("ota", f"rollout_{rollout_id}")
    assert issue is not None
    facts |= {"failed": "3", "finished": "3", "devices": facts["devices"] + ", Dev-3 (2.0.0: no room)"}
    assert issue.translation_placeholders == facts
    client = await hass_client()
    body = {"handler": "ota", "issue_id": issue.issue_id}
    flow = await (await client.post("/api/repairs/issues/fix", json=body)).json()
    assert flow["menu_options"] == ["resume", "retry", "rollback", "abort"]
    assert flow["description_placeholders"] == facts
    reply = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={"next_step_id": "retry"})
    assert (await reply.json())["type"] == "create_entry"
    assert ota.hub.state.rollouts[rollout_id].status is Status.RUNNING
    assert ir.async_get(hass).async_get_issue("ota", f"rollout_{rollout_id}") is None
    assert (await devices[0].check(version="1.0.0"))["update"] is not None


@pytest.mark.parametrize(("step", "status"), [("resume", "running"), ("rollback", "rolled_back"), ("abort", "aborted")])
async def test_other_options_of_the_repair(
    hass: HomeAssistant,
    ota: OtaData,
    add_device: AddDevice,
    release: Release,
    full_disk: FullDisk,
    step: str,
    status: str,
) -> None:
    from custom_components.ota.repairs import async_create_fix_flow

    await fleet(add_device, 1)
    await release()
    rollout_id = await rollout(hass, name="Spring")
    await act(hass, "pause", rollout=rollout_id)
    flow = await async_create_fix_flow(hass, "x", {"rollout": rollout_id})
    flow.hass = hass
    with full_disk():
        result = await getattr(flow, f"async_step_{step}")()
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "storage_failed")
        assert "free disk space" in result["description_placeholders"]["error"]
    await ota.hub.async_commit()
    assert ota.hub.state.rollouts[rollout_id].status == status
    if step == "resume":
        await act(hass, "pause", rollout=rollout_id)
        assert (await getattr(flow, f"async_step_{step}")())["type"] is FlowResultType.CREATE_ENTRY
    if step != "resume":
        assert (await getattr(flow, f"async_step_{step}")())["reason"] == "rollout_ended"
        await act(hass, "remove_rollout", rollout=rollout_id)
        assert (await flow.async_step_init())["reason"] == "unknown_rollout"
    await hass.config_entries.async_unload(ota.hub.entry_id)
    assert (await flow.async_step_abort())["reason"] == "not_loaded"
    assert (await flow.async_step_init())["reason"] == "not_loaded"


async def test_a_stuck_device_has_an_issue_until_its_update_ends(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, freezer: Any
) -> None:
    (device,) = await fleet(add_device, 1)
    await release()
    await rollout(hass, timeouts={"stuck_s": 3600})
    await device.check(version="1.0.0")
    freezer.tick(3700)
    await later(hass, 11)
    registry = ir.async_get(hass)
    assert registry.async_get_issue("ota", "stuck_dev-1") is not None
    await act(hass, "cancel", device="dev-1")
    await later(hass, 22)
    assert registry.async_get_issue("ota", "stuck_dev-1") is None


async def test_removing_a_stuck_device_removes_its_issue(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, freezer: Any
) -> None:
    (device,) = await fleet(add_device, 1)
    await release()
    await rollout(hass, timeouts={"stuck_s": 3600})
    await device.check(version="1.0.0")
    freezer.tick(3700)
    await later(hass, 11)
    ota.hub.engine.remove("dev-1")
    await ota.hub.async_commit()
    assert ir.async_get(hass).async_get_issue("ota", "stuck_dev-1") is None
    await ota.keys.async_confirm("dev-1")
    await ota.keys.async_revoke("dev-1")
    await ota.keys.async_revoke("dev-1")


async def test_automatic_rollback_creates_an_issue(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    devices = await fleet(add_device)
    await release()
    rollout_id = await rollout(hass, auto_rollback=True)
    for device in devices[:2]:
        job = (await device.check(version="1.0.0"))["update"]["job"]
        await device.status(job, "failed")
    issue = ir.async_get(hass).async_get_issue("ota", f"rollout_{rollout_id}")
    assert issue is not None
    assert (issue.translation_key, issue.is_fixable) == ("rollout_rolled_back", False)
    assert issue.translation_placeholders is not None
    assert "(2.0.0: the device reported a failure)" in issue.translation_placeholders["devices"]
    await act(hass, "remove_rollout", rollout=rollout_id)
    assert ir.async_get(hass).async_get_issue("ota", f"rollout_{rollout_id}") is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "restarted repeatedly after the update"),
        ("de", "hat nach dem Update mehrmals neu gestartet"),
        ("de-CH", "hat nach dem Update mehrmals neu gestartet"),
        ("xx", "restarted repeatedly after the update"),
    ],
)
async def test_reasons_are_in_the_language_of_home_assistant(
    hass: HomeAssistant, ota: OtaData, language: str, text: str
) -> None:
    hass.config.language = language
    ota.hub.reasons = await async_load_reasons(hass)
    assert ota.hub.reason_text("boot_loop") == text
    assert ota.hub.reason_text("flash is worn") == "flash is worn"
    assert ota.hub.reason_text(None) == ota.hub.reasons["reason_unknown"]


@pytest.mark.parametrize("language", ["en", "de", "fi", "ru"])
def test_the_card_and_the_repairs_have_the_same_reasons(language: str) -> None:
    root = Path(__file__).parents[2]
    card = json.loads((root / f"frontend/src/localize/ota/{language}.json").read_text())["reason"]
    common = json.loads((root / f"custom_components/ota/translations/{language}.json").read_text())["common"]
    of_gates = {"failure_rate", "max_failures", "success_rate"}
    reasons = {key: text for key, text in common.items() if key.startswith("reason_")}
    assert reasons == {f"reason_{code}": text for code, text in card.items() if code not in of_gates}
