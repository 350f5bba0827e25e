"""What Home Assistant claims about devices that were healthy all the time."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from scripts.tooling.demo.client import HomeAssistant

DOMAINS = ("ecoflow", "edge_telemetry", "iot_heating", "ota", "proof_of_heat", "smart_outlet")
_FAILED_ROLLOUT = ("paused", "rolled_back")
_FAILED_UPDATE = ("failed", "rolled_back")
_SILENT = ("ota.abort",)


@dataclass
class Claims:
    """What is shown at one moment: each item names one claim, such as "alert outlet_offline FE"."""

    available: set[str] = field(default_factory=set)
    items: Counter[str] = field(default_factory=Counter)


async def claims(client: HomeAssistant, info: dict[str, Any], since: datetime) -> Claims:
    """Collect availability, alerts, rollouts, sessions and repair issues."""
    found = Claims()
    registry = await client.entity_keys()
    platforms = {entry["entity_id"]: entry["platform"] for entry in registry}
    for state in await client.get("states"):
        if platforms.get(state["entity_id"]) in DOMAINS and state["state"] != "unavailable":
            found.available.add(state["entity_id"])
    found.items.update(await _alerts(client))
    found.items.update(await _rollouts(client))
    found.items.update(await _sessions(client, info, registry, since))
    for issue in (await client.call("repairs/list_issues"))["issues"]:
        if issue["domain"] in DOMAINS and not issue["ignored"]:
            found.items[f"repair {issue['domain']} {issue['issue_id']}"] += 1
    return found


async def action(client: HomeAssistant, name: str, /, **data: Any) -> Any:
    """Perform an action; return its response, None where it has none."""
    answers = "" if name in _SILENT else "?return_response"
    reply = await client.post(f"services/{name.replace('.', '/')}{answers}", data)
    return reply["service_response"] if answers else None


async def _alerts(client: HomeAssistant) -> list[str]:
    response = await action(client, "smart_outlet.list_alerts", include_dismissed=True)
    return [f"alert {alert.get('code')} {alert['id']}" for alert in response["alerts"]]


async def _rollouts(client: HomeAssistant) -> list[str]:
    found = []
    for rollout in (await action(client, "ota.list_rollouts"))["rollouts"]:
        if rollout["status"] in _FAILED_ROLLOUT:
            found.append(f"rollout {rollout['rollout']} {rollout['status']} {rollout['pause_reason']}")
        if rollout["failed"]:
            found.append(f"rollout {rollout['rollout']} failed devices")
    found += [
        f"update {device['device']} {device['update']} {device['reason']}"
        for device in (await action(client, "ota.list_devices"))["devices"]
        if device["update"] in _FAILED_UPDATE
    ]
    return found


async def _sessions(
    client: HomeAssistant, info: dict[str, Any], registry: list[dict[str, Any]], since: datetime
) -> list[str]:
    found = []
    device_ids = {entry["entity_id"]: entry["device_id"] for entry in registry}
    for device in info["devices"]:
        if device["kind"] != "controller":
            continue
        name, entity_id = device["id"], device["entities"]["heating"]
        response = await action(
            client,
            "iot_heating.get_sessions",
            device_id=device_ids.get(entity_id, ""),
            start=since.isoformat(),
            end=datetime.now(UTC).isoformat(),
        )
        sessions = sorted(response["sessions"], key=lambda session: session["start"])
        found += [f"session of 0 s {name}" for one in sessions if one["end"] and not one["duration_s"]]
        found += [
            f"overlapping sessions {name}"
            for before, after in pairwise(sessions)
            if before["end"] is None or before["end"] > after["start"]
        ]
    return found
