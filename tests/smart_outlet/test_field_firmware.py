"""Reports of field firmware: other spellings are read, and one bad value leaves the others."""

import json

from homeassistant.const import STATE_UNKNOWN
import pytest

from custom_components.smart_outlet.diagnostics import async_get_config_entry_diagnostics

from .conftest import DATA, Ccu


async def test_an_empty_body_is_a_poll(ccu: Ccu) -> None:
    for path in ("/api/data/", "/api/breaker-data/"):
        for body in (b"", b" \r\n"):
            reply = await ccu.client.post(path, data=body, headers=ccu.headers)
            assert (reply.status, await reply.json()) == (200, {"success": True})
    reply = await ccu.client.post("/api/commands/FE/ack/", data=b"", headers=ccu.headers)
    assert (reply.status, await reply.json()) == (200, {"success": True, "acknowledged": []})
    reply = await ccu.client.post("/api/commands/FE/", data=b"", headers=ccu.headers)
    assert (reply.status, await reply.json()) == (200, {"success": True, "commands": []})
    reply = await ccu.client.post("/api/devices/", data=b"", headers=ccu.headers)
    assert (reply.status, await reply.json()) == (200, {"success": True, "devices": ["FE", "FD"]})
    assert ccu.hub.model.online
    assert ccu.hub.model.outlets["FE"].last_seen is None


@pytest.mark.parametrize(
    ("field", "platform", "key", "unknown"),
    [
        ("current_a", "sensor", "current_a", STATE_UNKNOWN),
        ("relay_a", "switch", "socket_a", STATE_UNKNOWN),
        ("is_overload", "binary_sensor", "overload", "off"),
    ],
)
@pytest.mark.parametrize("body", [b'"maybe"', b"NaN", b"[1]"])
async def test_a_value_that_cannot_be_read_leaves_the_others(
    ccu: Ccu, field: str, platform: str, key: str, unknown: str, body: bytes
) -> None:
    text = json.dumps(DATA | {field: "@"}).encode().replace(b'"@"', body)
    reply = await ccu.client.post("/api/data/", data=text, headers=ccu.headers)
    answer = await reply.json()
    assert (reply.status, answer["error"], answer["field"]) == (400, "bad_value", field)
    await ccu.settle()
    others = {"current_a": "1234", "socket_a": "on", "overload": "off", "current_b": "0"} | {key: unknown}
    shown = {name: ccu.state(where, name) for name, where in (
        ("current_a", "sensor"), ("socket_a", "switch"), ("overload", "binary_sensor"), ("current_b", "sensor"),
    )}  # fmt: skip
    assert shown == others
    assert ccu.state("binary_sensor", "offline") == "off"
    diagnostics = await async_get_config_entry_diagnostics(ccu.hass, ccu.entry)
    assert diagnostics["outlets"][0]["ignored"] == {field: 1}


async def test_an_unreadable_current_neither_ends_a_trip_nor_is_one(ccu: Ccu) -> None:
    await ccu.report(current_a=65535)
    await ccu.post("/api/data/", DATA | {"current_a": "?", "is_overload": "?"})
    assert ccu.state("binary_sensor", "overload") == "on"
    await ccu.report(current_a=100)
    assert ccu.state("binary_sensor", "overload") == "off"


async def test_reports_in_the_spelling_of_other_firmware(ccu: Ccu) -> None:
    await ccu.report(current_a="1234.0", current_b=5e1, relay_a="ON", relay_b="true", is_overload="FALSE")
    assert ccu.state("sensor", "current_a") == "1234"
    assert ccu.state("sensor", "current_b") == "50"
    assert ccu.state("switch", "socket_b") == "on"
    assert await ccu.post("/api/breaker-data/", {"ccu_id": "01", "current_ma": 7321.0}) == (200, {"success": True})
    assert ccu.state("sensor", "main_current", None) == "7321"
