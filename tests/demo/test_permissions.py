"""Who may call which action: every action of the six integrations, with a read-only, an ordinary and an admin user.

An action that is not listed here fails the test: decide who may call it.
"""

from typing import Any

import pytest

from scripts.tooling.demo.client import HomeAssistant
from tests.running_demo import RunningDemo

pytestmark = [pytest.mark.demo, pytest.mark.slow, pytest.mark.xdist_group("demo"), pytest.mark.timeout(900)]

DOMAINS = ("ecoflow", "edge_telemetry", "iot_heating", "ota", "proof_of_heat", "smart_outlet")
DAY = "2026-11-29 00:00:00"
_ROLLOUT = {"rollout": "unknown"}
_RELEASE = {"product": "p", "version": "1"}

# Data that each action accepts: the permission is checked after the form of the data. The device of some is filled in.
READ: dict[str, dict[str, Any]] = {
    "ecoflow.query_measurements": {"start": DAY},
    "edge_telemetry.query_measurements": {"start": DAY, "limit": 1},
    "iot_heating.get_sessions": {"device_id": "controller"},
    "iot_heating.get_telemetry": {"device_id": "controller", "limit": 1},
    "proof_of_heat.get_decisions": {"count": 1},
    "proof_of_heat.get_learned_house": {},
    "proof_of_heat.get_plan": {},
    "smart_outlet.list_alerts": {},
}
CONTROL: dict[str, dict[str, Any]] = {
    "ecoflow.refresh": {"device_id": "power_station"},
    "ecoflow.set_charge_power": {"device_id": "power_station", "power": 400},
    "edge_telemetry.send_command": {"device_id": "edge", "command": "ping"},
    "iot_heating.send_command": {"device_id": "controller", "command": "auto"},
    "iot_heating.set_schedule": {"device_id": "controller", "schedule": []},
    "proof_of_heat.apply_curve_suggestion": {},
    "proof_of_heat.clear_override": {},
    "proof_of_heat.override": {"profile": "eco", "duration": {"minutes": 1}},
    "proof_of_heat.set_profile": {"profile": "auto"},
    "smart_outlet.cut_all_power": {},
    "smart_outlet.dismiss_alert": {},
    "smart_outlet.switch_everything_off": {},
}
ADMIN: dict[str, dict[str, Any]] = {
    "ecoflow.correct_energy": {"device_id": "power_station", "start": DAY},
    "ecoflow.send_raw": {"device_id": "power_station", "command": {"moduleType": 1}},
    "ecoflow.set_up_energy_dashboard": {},
    "edge_telemetry.export": {"start": DAY, "filename": "x.csv"},
    "iot_heating.correct_energy": {"device_id": "controller", "start": DAY},
    "iot_heating.revoke_key": {"device_id": "controller"},
    "iot_heating.rotate_key": {"device_id": "controller"},
    "iot_heating.set_up_energy_dashboard": {},
    "ota.abort": _ROLLOUT,
    "ota.assign": {"device": "hall-1", "version": "1"},
    "ota.cancel": {"device": "hall-1"},
    "ota.compare": _ROLLOUT,
    "ota.create_rollout": _RELEASE,
    "ota.device_history": {"device": "hall-1"},
    "ota.installer_link": {"release": "unknown"},
    "ota.list_devices": {},
    "ota.list_releases": {},
    "ota.list_rollouts": {},
    "ota.pause": _ROLLOUT,
    "ota.promote": _ROLLOUT,
    "ota.remove_device": {"device": "hall-1"},
    "ota.remove_release": {"release": "unknown"},
    "ota.remove_rollout": _ROLLOUT,
    "ota.resume": _ROLLOUT,
    "ota.retry": _ROLLOUT,
    "ota.rollback": _ROLLOUT,
    "ota.rotate_key": {"device": "hall-1"},
    "ota.set_policy": {"device": "hall-1", "may_update": True},
    "ota.simulate_rollout": {**_RELEASE, "fleet_size": 2},
    "ota.withdraw_release": {"release": "unknown"},
    "proof_of_heat.create_support_bundle": {},
    "proof_of_heat.export_configuration": {},
    "proof_of_heat.import_configuration": {"yaml": "a: 1"},
    "proof_of_heat.set_up_energy_dashboard": {},
    "smart_outlet.correct_energy": {"device_id": "outlet", "start": DAY},
    "smart_outlet.set_up_energy_dashboard": {},
}
REFUSED = 401


def actions(demo: RunningDemo) -> dict[str, bool]:
    """The registered actions, with whether they respond."""
    _, found = demo.request("GET", "/api/services")
    return {
        f"{item['domain']}.{name}": "response" in action
        for item in found
        if item["domain"] in DOMAINS
        for name, action in item["services"].items()
    }


def call(demo: RunningDemo, token: str, action: str, data: dict[str, Any]) -> int:
    """Call an action as a user; return the HTTP status."""
    domain, _, name = action.partition(".")
    query = "?return_response" if actions(demo)[action] else ""
    if "device_id" in data:
        device = next(item for item in demo.info["devices"] if item["kind"] == data["device_id"])
        data = data | {"device_id": device["device_registry_id"]}
    status, _ = demo.request("POST", f"/api/services/{domain}/{name}{query}", data, token=token)
    return status


def test_every_action_is_listed(demo: RunningDemo) -> None:
    assert set(actions(demo)) == {*READ, *CONTROL, *ADMIN}


def test_a_read_only_user_may_read(demo: RunningDemo) -> None:
    token = demo.info["readonly_token"]
    assert [name for name, data in READ.items() if call(demo, token, name, data) == REFUSED] == []
    may_not = CONTROL | ADMIN
    statuses = {name: call(demo, token, name, data) for name, data in may_not.items()}
    assert {name: status for name, status in statuses.items() if status != REFUSED} == {}


async def test_an_ordinary_user_may_not_do_what_is_for_administrators(demo: RunningDemo) -> None:
    async with HomeAssistant.connect(demo.url, demo.info["token"]) as admin:
        made = await admin.call("config/auth/create", name="Child", group_ids=["system-users"])
        await admin.call(
            "config/auth_provider/homeassistant/create",
            user_id=made["user"]["id"],
            username="child",
            password="child-1",
        )
        token = await HomeAssistant(demo.url, admin._session).log_in("child", "child-1")
    statuses = {name: call(demo, token, name, data) for name, data in ADMIN.items()}
    assert {name: status for name, status in statuses.items() if status != REFUSED} == {}
    assert call(demo, token, "proof_of_heat.set_profile", {"profile": "auto"}) == 200
    status, answer = demo.request("GET", "/api/ota/releases/", token=token)
    assert (status, answer["message"]) == (403, "administrator permission is required")
