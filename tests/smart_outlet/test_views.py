"""The HTTP API for Central Control Units and users."""

import asyncio
from datetime import timedelta
import json
import random
from typing import Any

from aiohttp import FormData
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.http.ban import KEY_FAILED_LOGIN_ATTEMPTS
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockUser, async_fire_time_changed

from custom_components.smart_outlet._lib.device_http import ApiError
from custom_components.smart_outlet.domain import request_pacer
from custom_components.smart_outlet.domain.parts import async_get_parts

from .conftest import DATA, KEY, Ccu, MakeCcu, outlet_data

FAILED = {"success": False}


def refused(code: str, field: str | None = None) -> dict[str, Any]:
    """Return an error response without its message."""
    return {"success": False, "error": code, "field": field}


def code_of(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["message"]
    return {key: answer[key] for key in ("success", "error", "field")}


# Requests of a field CCU


async def test_a_report_updates_the_entities(ccu: Ccu) -> None:
    assert await ccu.post("/api/data/", DATA) == (200, {"success": True})
    assert ccu.state("sensor", "current_a") == "1234"
    assert ccu.state("sensor", "power_a") == "283.8"
    assert ccu.state("switch", "socket_a") == "on"
    assert ccu.state("switch", "socket_b") == STATE_UNKNOWN
    assert ccu.state("binary_sensor", "overload") == "off"
    assert ccu.state("binary_sensor", "offline") == "off"
    assert ccu.state("binary_sensor", "offline", "FD") == STATE_UNKNOWN


async def test_a_breaker_report_updates_the_entities(ccu: Ccu) -> None:
    assert await ccu.post("/api/breaker-data/", {"ccu_id": "01", "current_ma": 7321}) == (200, {"success": True})
    assert ccu.state("sensor", "main_current", None) == "7321"
    assert ccu.state("binary_sensor", "connectivity", None) == "on"


async def test_the_outlets_are_listed(ccu: Ccu) -> None:
    assert await ccu.get("/api/devices/") == (200, {"success": True, "devices": ["FE", "FD"]})


async def test_a_command_is_delivered_once_in_protocol_1(ccu: Ccu) -> None:
    await ccu.report()
    await ccu.act("switch", "turn_off", "switch", "socket_a")
    assert ccu.attributes("switch", "socket_a")["pending"] == "off"
    assert await ccu.get("/api/commands/FE/") == (
        200,
        {"success": True, "commands": [{"command": "relay_off", "socket": "a", "value": None}]},
    )
    assert await ccu.get("/api/commands/FE/") == (200, {"success": True, "commands": []})
    await ccu.report(relay_a=False)
    assert ccu.state("switch", "socket_a") == "off"
    assert ccu.attributes("switch", "socket_a")["pending"] is None


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("post", "/api/data"), ("post", "/api/breaker-data"), ("get", "/api/devices"), ("get", "/api/commands/fe")],
)
async def test_paths_work_with_and_without_the_slash(ccu: Ccu, method: str, path: str, slash: str) -> None:
    body = {"json": DATA | {"ccu_id": "01", "current_ma": 1}} if method == "post" else {}
    reply = await getattr(ccu.client, method)(path + slash, headers=ccu.headers, **body)
    assert reply.status == 200


async def test_the_key_is_accepted_as_a_bearer_token(ccu: Ccu) -> None:
    reply = await ccu.client.get("/api/devices/", headers={"Authorization": f"Bearer {KEY}"})
    assert reply.status == 200


async def test_unknown_fields_and_query_parameters_are_not_an_error(ccu: Ccu) -> None:
    reply = await ccu.client.post("/api/data/?x=1", json=DATA | {"rssi": -3}, headers=ccu.headers)
    assert reply.status == 200


# Authentication


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Device-Key": ""},
        {"X-Device-Key": "wrong"},
        {"X-Device-Key": KEY[:-1]},
        {"X-Device-Key": KEY + "x"},
        {"X-Device-Key": "x" * 300},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/api/data/"),
        ("post", "/api/breaker-data/"),
        ("get", "/api/devices/"),
        ("get", "/api/commands/FE/"),
        ("post", "/api/commands/FE/ack/"),
    ],
)
async def test_requests_without_the_key_are_refused(
    ccu: Ccu, method: str, path: str, headers: dict[str, str], hass: HomeAssistant
) -> None:
    reply = await getattr(ccu.client, method)(path, headers=headers, **({"json": DATA} if method == "post" else {}))
    assert reply.status == 401
    assert code_of(await reply.json()) == refused("unauthorized")
    assert ccu.hub.model.last_seen is None
    assert not hass.http.app.get(KEY_FAILED_LOGIN_ATTEMPTS)


async def test_the_key_in_the_query_is_ignored(ccu: Ccu) -> None:
    reply = await ccu.client.get(f"/api/devices/?api_key={KEY}")
    assert reply.status == 401


async def test_the_key_of_one_ccu_gives_no_access_to_another(make_ccu: MakeCcu) -> None:
    first = await make_ccu("01", (outlet_data("FE"),))
    second = await make_ccu("02", (outlet_data("FD"),), key="another-key")
    assert (await first.get("/api/devices/"))[1]["devices"] == ["FE"]
    assert (await second.get("/api/devices/"))[1]["devices"] == ["FD"]
    status, answer = await second.get("/api/commands/FE/")
    assert (status, code_of(answer)) == (404, refused("not_found"))
    status, answer = await second.post("/api/breaker-data/", {"ccu_id": "01", "current_ma": 5})
    assert (status, code_of(answer)) == (404, refused("not_found"))
    assert first.hub.model.main_current_ma is None


async def test_the_previous_key_is_valid_until_the_new_one_is_used(
    hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory
) -> None:
    keys = (await async_get_parts(hass)).keys
    await keys.async_set_key("01", "Unit 01", "new-key")
    assert (await ccu.get("/api/devices/"))[0] == 200
    old, ccu.key = ccu.key, "new-key"
    assert (await ccu.get("/api/devices/"))[0] == 200
    ccu.key = old
    assert (await ccu.get("/api/devices/"))[0] == 401
    await keys.async_set_key("01", "Unit 01", "third-key")
    freezer.tick(timedelta(hours=25))
    ccu.key = "new-key"
    assert (await ccu.get("/api/devices/"))[0] == 401


async def test_a_ccu_whose_entry_is_not_loaded_is_refused(hass: HomeAssistant, ccu: Ccu) -> None:
    await hass.config_entries.async_unload(ccu.entry.entry_id)
    assert (await ccu.get("/api/devices/"))[0] == 401


async def test_a_ccu_without_a_key_is_bound_to_its_address(hass: HomeAssistant, make_ccu: MakeCcu) -> None:
    ccu = await make_ccu(key=None, accept_without_key=True, source_address="127.0.0.1")
    assert (await ccu.get("/api/devices/"))[0] == 200
    assert ir.async_get(hass).async_get_issue("smart_outlet", f"keyless_{ccu.entry.entry_id}")
    # A wrong key is refused even from the accepted address.
    ccu.key = "wrong"
    assert (await ccu.get("/api/devices/"))[0] == 401
    ccu.key = ""
    await hass.config_entries.async_remove(ccu.entry.entry_id)
    assert not ir.async_get(hass).async_get_issue("smart_outlet", f"keyless_{ccu.entry.entry_id}")
    assert (await ccu.get("/api/devices/"))[0] == 401


async def test_a_ccu_without_a_key_at_another_address_is_refused(make_ccu: MakeCcu) -> None:
    ccu = await make_ccu(key=None, accept_without_key=True, source_address="192.0.2.7")
    assert (await ccu.get("/api/devices/"))[0] == 401


# Invalid input


@pytest.mark.parametrize(
    "body",
    [
        b'{"device_id": "FE", "curr',
        b"[]",
        b"5",
        b'{"device_id": NaN}',
        b'{"device_id": "\xff"}',
        b'{"a":' * 20 + b"1" + b"}" * 20,
    ],
)
async def test_invalid_json_has_no_effect(ccu: Ccu, body: bytes) -> None:
    for path in ("/api/data/", "/api/breaker-data/", "/api/commands/FE/ack/"):
        reply = await ccu.client.post(path, data=body, headers=ccu.headers)
        assert reply.status == 400
        assert code_of(await reply.json()) == refused("bad_json")
    assert ccu.hub.model.outlets["FE"].last_seen is None


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"current_a": -1}, "bad_value", "current_a"),
        ({"current_a": 70_000}, "bad_value", "current_a"),
        ({"current_b": "12,5"}, "bad_value", "current_b"),
        ({"relay_a": "maybe"}, "bad_value", "relay_a"),
        ({"device_id": "1FF"}, "bad_value", "device_id"),
    ],
)
async def test_invalid_values_name_their_field(ccu: Ccu, change: dict[str, Any], code: str, field: str) -> None:
    status, answer = await ccu.post("/api/data/", DATA | change)
    assert (status, code_of(answer)) == (400, refused(code, field))


async def test_missing_fields_are_named(ccu: Ccu) -> None:
    status, answer = await ccu.post("/api/data/", {"device_id": "FE"})
    assert (status, code_of(answer)) == (400, refused("missing", "current_a"))
    status, answer = await ccu.post("/api/breaker-data/", {"ccu_id": "01"})
    assert (status, code_of(answer)) == (400, refused("missing", "current_ma"))


async def test_unregistered_outlets_are_not_found(ccu: Ccu) -> None:
    status, answer = await ccu.post("/api/data/", DATA | {"device_id": "AA"})
    assert (status, code_of(answer)) == (404, refused("not_found"))
    for path in ("/api/commands/AA/", "/api/commands/XYZ/", "/api/commands/100/"):
        status, answer = await ccu.get(path)
        assert (status, code_of(answer)) == (404, refused("not_found"))


async def test_a_body_over_the_limit_is_refused(ccu: Ccu) -> None:
    status, answer = await ccu.post("/api/data/", DATA | {"x": "y" * 70_000})
    assert (status, code_of(answer)) == (413, refused("too_large"))


async def test_a_flooding_ccu_is_refused_and_others_are_not(make_ccu: MakeCcu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_pacer, "BURST", 20.0)
    monkeypatch.setattr(request_pacer, "REQUESTS_PER_S", 0.5)
    flooding, calm = await make_ccu("01"), await make_ccu("02", key="another-key")
    replies = await asyncio.gather(
        *(flooding.client.post("/api/data/", json=DATA, headers=flooding.headers) for _ in range(90))
    )
    statuses = [reply.status for reply in replies]
    assert 20 <= statuses.count(200) < 40
    assert statuses.count(200) + statuses.count(429) == 90
    limited = next(reply for reply in replies if reply.status == 429)
    assert int(limited.headers["Retry-After"]) > 0
    assert code_of(await limited.json()) == refused("too_many")
    assert (await calm.get("/api/devices/"))[0] == 200


def test_the_pacer_delays_a_flood_and_refuses_only_its_end() -> None:
    pace = request_pacer.RequestPacer()
    at_once = int(request_pacer.BURST)
    assert [pace.reserve(0.0) for _ in range(at_once)] == [0.0] * at_once
    waits = [pace.reserve(0.0) for _ in range(int(request_pacer.REQUESTS_PER_S))]
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(1 / request_pacer.REQUESTS_PER_S)
    assert waits[-1] == pytest.approx(request_pacer.MAX_WAIT_S)
    with pytest.raises(ApiError) as refusal:
        pace.reserve(0.0)
    assert refusal.value.status == 429
    # Half a second later half of the queue is served.
    assert pace.reserve(0.5) == pytest.approx(0.5, abs=0.01)
    assert pace.reserve(100.0) == 0.0


async def test_a_fast_ccu_with_one_request_at_a_time_is_not_refused(ccu: Ccu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_pacer, "BURST", 10.0)
    monkeypatch.setattr(request_pacer, "REQUESTS_PER_S", 200.0)
    for _ in range(60):
        assert (await ccu.get("/api/devices/"))[0] == 200


# Version 2


async def test_version_2_has_ids_and_acknowledges(ccu: Ccu) -> None:
    ccu.version = "?v=2"
    await ccu.report(threshold=0)
    assert ccu.state("switch", "socket_b") == "off"
    await ccu.act("switch", "turn_on", "switch", "socket_b")
    (command,) = await ccu.commands()
    assert set(command) == {"command", "socket", "value", "id", "expires_at"}
    assert command["expires_at"].endswith("Z")
    answer = await ccu.post("/api/commands/FE/ack/", {"id": command["id"], "ok": True})
    assert answer == (200, {"success": True, "acknowledged": [command["id"]]})
    assert ccu.state("switch", "socket_b") == "on"
    again = await ccu.post("/api/commands/FE/ack/", {"acks": [{"id": command["id"], "ok": True}]})
    assert again == (200, {"success": True, "acknowledged": []})


async def test_version_1_responses_have_no_version_2_fields(ccu: Ccu) -> None:
    await ccu.act("button", "press", "button", "ping")
    assert await ccu.commands() == [{"command": "ping", "socket": "", "value": None}]


async def test_off_of_version_2_without_a_key_is_unknown(make_ccu: MakeCcu) -> None:
    ccu = await make_ccu(key=None, accept_without_key=True, source_address="127.0.0.1")
    ccu.version = "?v=2"
    await ccu.report()
    assert ccu.state("switch", "socket_b") == STATE_UNKNOWN


async def test_acknowledgements_of_unknown_outlets_are_refused(ccu: Ccu) -> None:
    for path in ("/api/commands/AA/ack/", "/api/commands/nope/ack/"):
        status, answer = await ccu.post(path, {"id": "x", "ok": True})
        assert (status, code_of(answer)) == (404, refused("not_found"))


async def test_an_invalid_firmware_version_is_refused(ccu: Ccu) -> None:
    body = {"ccu_id": "01", "current_ma": 1, "firmware": 7}
    status, answer = await ccu.post("/api/breaker-data/", body)
    assert (status, code_of(answer)) == (400, refused("bad_value", "firmware"))
    await ccu.post("/api/breaker-data/", body | {"firmware": "2.1.0"})
    assert ccu.hub.info.firmware == "2.1.0"


# Users


@pytest.fixture
async def user(hass_client: Any, ccu: Ccu) -> Any:
    """Return the client of an administrator."""
    return await hass_client()


async def test_a_user_queues_a_command_as_json(ccu: Ccu, user: Any) -> None:
    reply = await user.post("/api/commands/fe/relay_on/", json={"socket": "b"})
    answer = await reply.json()
    assert reply.status == 200
    assert answer == {"success": True, "id": answer["id"], "status": "pending"}
    assert await ccu.commands() == [{"command": "relay_on", "socket": "b", "value": None}]


@pytest.mark.parametrize("value", ["5000", " 5000 ", "\x1c\r\n5000"])
async def test_a_user_queues_a_command_as_a_form(ccu: Ccu, user: Any, value: str) -> None:
    reply = await user.post("/api/commands/FE/set_threshold", data={"socket": "", "value": value})
    assert reply.status == 200
    assert await ccu.commands() == [{"command": "set_threshold", "socket": "", "value": 5000}]


async def test_a_user_queues_a_command_as_a_multipart_form(ccu: Ccu, user: Any) -> None:
    form = FormData({"socket": "b"}, default_to_multipart=True)
    assert (await user.post("/api/commands/FE/relay_on/", data=form)).status == 200
    form = FormData({"value": "5000", "note": "\r\nK\u00fcche"}, default_to_multipart=True)
    assert (await user.post("/api/commands/FE/set_threshold/", data=form)).status == 200
    assert await ccu.commands() == [
        {"command": "relay_on", "socket": "b", "value": None},
        {"command": "set_threshold", "socket": "", "value": 5000},
    ]


async def test_a_ping_needs_no_body(ccu: Ccu, user: Any) -> None:
    assert (await user.post("/api/commands/FE/ping/")).status == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "answer"),
    [
        ("FE/relay_on", {}, 400, refused("missing", "socket")),
        ("FE/relay_on", {"socket": "c"}, 400, refused("bad_value", "socket")),
        ("FE/set_threshold", {}, 400, refused("missing", "value")),
        ("FE/set_threshold", {"value": "5"}, 400, refused("bad_value", "value")),
        ("FE/set_threshold", {"value": 65535}, 400, refused("bad_value", "value")),
        ("FE/explode", {}, 404, refused("not_found")),
        ("AA/ping", {}, 404, refused("not_found")),
        ("XX/ping", {}, 404, refused("not_found")),
        ("FE/ping", [], 400, refused("bad_json")),
        ("FE/ping", {"ccu_id": 5}, 400, refused("bad_value", "ccu_id")),
    ],
)
async def test_invalid_commands_are_refused(
    ccu: Ccu, user: Any, path: str, body: Any, status: int, answer: dict[str, Any]
) -> None:
    reply = await user.post(f"/api/commands/{path}/", json=body)
    assert (reply.status, code_of(await reply.json())) == (status, answer)
    assert list(ccu.hub.model.commands.open()) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"\xff=1"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(30))),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\na\r\n--x--"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="value"\r\n\r\n5'),
        ("multipart/form-data; boundary=x", b"--x\r\n" * 30 + b"--x--"),
    ],
)
async def test_invalid_forms_are_refused(ccu: Ccu, user: Any, content_type: str, body: bytes) -> None:
    reply = await user.post("/api/commands/FE/ping/", data=body, headers={"Content-Type": content_type})
    assert (reply.status, code_of(await reply.json())) == (400, refused("bad_json"))


async def test_a_form_with_a_non_numeric_value_is_refused(ccu: Ccu, user: Any) -> None:
    reply = await user.post("/api/commands/FE/set_threshold/", data={"value": "five"})
    assert (reply.status, code_of(await reply.json())) == (400, refused("bad_value", "value"))


async def test_switching_on_during_a_power_off_is_a_conflict(ccu: Ccu, user: Any) -> None:
    await ccu.report()
    await ccu.press("cut_all_power", None)
    reply = await user.post("/api/commands/FE/relay_on/", json={"socket": "a"})
    assert (reply.status, code_of(await reply.json())) == (409, refused("conflict"))


async def test_user_routes_require_a_user(ccu: Ccu) -> None:
    status, answer = await ccu.get("/api/outlet-status/FE/")
    assert (status, code_of(answer)) == (401, refused("unauthorized"))
    status, answer = await ccu.post("/api/commands/FE/relay_on/", {"socket": "a"})
    assert (status, code_of(answer)) == (401, refused("unauthorized"))


async def test_a_read_only_user_reads_but_cannot_send_commands(
    ccu: Ccu, hass_client: Any, hass_read_only_access_token: str
) -> None:
    client = await hass_client(hass_read_only_access_token)
    assert (await client.get("/api/outlet-status/FE/")).status == 200
    for command, body in (
        ("relay_on", {"socket": "a"}),
        ("relay_on", {}),
        ("set_threshold", {"value": 1}),
        ("ping", []),
    ):
        reply = await client.post(f"/api/commands/FE/{command}/", json=body)
        assert (reply.status, code_of(await reply.json())) == (403, refused("forbidden"))
    assert list(ccu.hub.model.commands.open()) == []


async def test_a_user_without_permission_cannot_read(ccu: Ccu, hass_client: Any, hass_admin_user: MockUser) -> None:
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({})
    hass_admin_user.is_owner = False
    client = await hass_client()
    reply = await client.get("/api/outlet-status/FE/")
    assert (reply.status, code_of(await reply.json())) == (403, refused("forbidden"))


async def test_the_status_of_an_outlet(ccu: Ccu, user: Any) -> None:
    await ccu.report()
    await user.post("/api/commands/FE/set_threshold/", json={"value": 5000})
    reply = await user.get("/api/outlet-status/FE/")
    answer = await reply.json()
    assert reply.status == 200
    (pending,) = answer.pop("pending")
    assert (pending["command"], pending["status"], pending["value"]) == ("set_threshold", "pending", 5000)
    assert answer.pop("last_seen").endswith("Z")
    assert answer == {
        "success": True,
        "device_id": "FE",
        "name": "Kitchen",
        "location": "",
        "relay_a": True,
        "relay_b": None,
        "current_a": 1234,
        "current_b": 0,
        "threshold": 5000,
        "is_overload": False,
        "online": True,
    }
    assert (await user.get("/api/outlet-status/AA")).status == 404


async def test_a_device_id_at_two_ccus_requires_the_ccu_id(
    make_ccu: MakeCcu, hass_client: Any, hass: HomeAssistant
) -> None:
    first, second = await make_ccu("01"), await make_ccu("02", key="another-key")
    user = await hass_client()
    reply = await user.get("/api/outlet-status/FE/")
    assert (reply.status, code_of(await reply.json())) == (409, refused("conflict", "ccu_id"))
    assert (await user.get("/api/outlet-status/FE/?ccu_id=02")).status == 200
    reply = await user.post("/api/commands/FE/ping/", json={"ccu_id": "02"})
    assert reply.status == 200
    assert len(await second.commands()) == 1
    assert await first.commands() == []


# Outlets reported by two hubs


async def test_an_outlet_reported_by_two_ccus_is_an_issue(hass: HomeAssistant, make_ccu: MakeCcu) -> None:
    issues = ir.async_get(hass)
    first, second = await make_ccu("01"), await make_ccu("02", key="another-key")
    await first.report()
    assert not issues.async_get_issue("smart_outlet", "outlet_claimed_twice_FE")
    await second.report()
    issue = issues.async_get_issue("smart_outlet", "outlet_claimed_twice_FE")
    assert issue is not None
    assert issue.translation_placeholders == {"device_id": "FE", "hubs": "Unit 01, Unit 02"}
    subentry_id = second.hub.outlets.subentry_ids["FE"]
    hass.config_entries.async_remove_subentry(second.entry, subentry_id)
    await hass.async_block_till_done()
    assert not issues.async_get_issue("smart_outlet", "outlet_claimed_twice_FE")


async def test_a_report_of_another_ccus_outlet_is_an_issue_until_it_stops(
    hass: HomeAssistant, make_ccu: MakeCcu, freezer: FrozenDateTimeFactory
) -> None:
    issues = ir.async_get(hass)
    first = await make_ccu("01", (outlet_data("FE"),))
    second = await make_ccu("02", (outlet_data("FD"),), key="another-key")
    foreign = DATA | {"relay_a": False}
    for _ in range(2):
        assert (await second.post("/api/data/", foreign))[0] == 404
        freezer.tick(500)
        async_fire_time_changed(hass)
        assert issues.async_get_issue("smart_outlet", "outlet_claimed_twice_FE")
    await first.report()
    freezer.tick(101)
    async_fire_time_changed(hass)
    assert not issues.async_get_issue("smart_outlet", "outlet_claimed_twice_FE")


async def test_the_key_is_neither_logged_nor_stored(
    hass: HomeAssistant, ccu: Ccu, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    await ccu.cycle()
    ccu.key = "wrong-but-secret"
    await ccu.get("/api/devices/")
    assert KEY not in caplog.text
    assert "wrong-but-secret" not in caplog.text
    assert KEY not in json.dumps(hass_storage, default=str)


async def test_an_overload_raises_an_alert_within_the_request(ccu: Ccu) -> None:
    await ccu.report(current_a=65535, is_overload=True)
    assert ccu.attributes("event", "alert")["event_type"] == "overload"
    assert ccu.state("binary_sensor", "overload") == "on"
    assert ccu.state("sensor", "current_a") == STATE_UNKNOWN


async def test_random_and_mutated_bodies_are_all_answered(ccu: Ccu) -> None:
    rng = random.Random(4)
    valid = json.dumps(DATA).encode()
    statuses: dict[int, int] = {}
    for number in range(1000):
        if number % 2:
            body = rng.randbytes(rng.randrange(200))
        else:
            mutated = bytearray(valid)
            for _ in range(rng.randrange(1, 6)):
                mutated[rng.randrange(len(mutated))] = rng.randrange(256)
            body = bytes(mutated)
        path = rng.choice(("/api/data/", "/api/breaker-data/", "/api/commands/FE/ack/"))
        reply = await ccu.client.post(path, data=body, headers=ccu.headers)
        statuses[reply.status] = statuses.get(reply.status, 0) + 1
        assert "success" in await reply.json()
    assert set(statuses) <= {200, 400, 404}
    assert statuses[400] > 900


@pytest.mark.parametrize("path", ["/api/data/", "/api/breaker-data/", "/api/devices/", "/api/commands/FE/ack/"])
async def test_a_body_of_broken_gzip_leaves_no_traceback(ccu: Ccu, path: str, caplog: pytest.LogCaptureFixture) -> None:
    headers = ccu.headers | {"Content-Encoding": "gzip"}
    reply = await ccu.client.post(path, headers=headers, data=b'{"device_id": "FE"}')
    answer = await reply.json()
    # The list of outlets takes no body.
    assert (reply.status, answer.get("error")) == ((200, None) if "devices" in path else (400, "bad_json"))
    await ccu.report()
    assert not [record for record in caplog.records if record.exc_info]


async def test_an_empty_list_of_acks_is_answered_like_an_empty_body(ccu: Ccu) -> None:
    for body in ({"acks": []}, {"acks": None}):
        assert await ccu.post("/api/commands/FE/ack/", body) == (200, {"success": True, "acknowledged": []})
    reply = await ccu.client.post("/api/commands/FE/ack/", data=b"", headers=ccu.headers)
    assert (reply.status, await reply.json()) == (200, {"success": True, "acknowledged": []})
