"""The native protocol, from check-in to a verified update."""

import hashlib
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ota.data import OtaData

from .conftest import AddDevice, Client, Registered, Release, form, rollout


async def test_a_device_is_updated(hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release) -> None:
    device = await add_device()
    assert await device.check(version="1.0.0") == {"update": None, "reason": "no_rollout", "poll_s": 300}
    image = await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0", boot_count=4))["update"]
    assert update["version"] == "2.0.0"
    assert update["size"] == len(image)
    assert update["signature"]
    reply = await device.client.get(update["url"], headers=device.headers)
    assert await reply.read() == image
    assert hashlib.sha256(image).hexdigest() == update["sha256"] == reply.headers["ETag"].strip('"')
    assert (await device.status(update["job"], "installing"))["state"] == "installing"
    assert (await device.status(update["job"], "rebooting"))["state"] == "rebooting"
    after = await device.check(version="2.0.0", boot_count=5)
    assert after["reason"] == "up_to_date"
    await hass.async_block_till_done()
    assert hass.states.get("update.dev_1_firmware").attributes["installed_version"] == "2.0.0"
    assert hass.states.get("sensor.dev_1_update_status").state == "verified"


async def test_a_status_report_may_contain_a_check_in(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await device.check(version="1.0.0", boot_count=4)
    await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0", boot_count=4))["update"]
    await device.status(update["job"], "rebooting")
    answer = await device.status(update["job"], "rebooting", version="2.0.0", boot_count=5)
    assert (answer["status"], answer["state"]) == (200, "verified")
    assert ota.hub.state.devices["dev-1"].installed_version == "2.0.0"


@pytest.mark.parametrize(
    ("path", "body", "message", "field"),
    [
        ("check", {"version": 5}, "version must be text of at most 31 characters", "version"),
        ("check", {"version": " "}, "version must not be empty", "version"),
        ("check", {"boot_count": -1}, "boot_count must be an integer from 0 to 4294967295", "boot_count"),
        ("check", {"busy": 5}, "busy must be text of at most 32 characters", "busy"),
        ("check", {"metrics": []}, "metrics must be an object of at most 16 numbers", "metrics"),
        ("check", {"slots": "x"}, "slots must be a list of at most 4 hashes", "slots"),
        ("check", {"slots": [1]}, "slots[0] must be a SHA-256 hash in hexadecimal format, or null", "slots[0]"),
        ("check", {"slots": [], "can_roll_back": 1}, "can_roll_back must be true or false", "can_roll_back"),
        ("status", {}, "job is required", "job"),
        ("status", {"job": "x"}, "job must be the job of an offer", "job"),
        ("status", {"job": "1"}, "state is required", "state"),
        (
            "status",
            {"job": "1", "state": "x"},
            "state must be one of downloading, installing, rebooting, failed, rejected",
            "state",
        ),
        (
            "status",
            {"job": "1", "state": "failed", "progress": 101},
            "progress must be an integer from 0 to 100",
            "progress",
        ),
    ],
)
async def test_an_invalid_field_is_named_with_what_is_wrong(
    add_device: AddDevice, path: str, body: dict[str, Any], message: str, field: str
) -> None:
    reply = await _post(await add_device(), path, json=body)
    code = "missing" if message.endswith("required") else "bad_value"
    assert (reply.status, await reply.json()) == (400, {"error": code, "message": message, "field": field})


@pytest.mark.parametrize(
    ("path", "status", "code", "message"),
    [
        ("check/", 400, "bad_json", "the body must be a JSON object"),
        ("status/", 409, "unknown_job", "The update 17 does not exist"),
    ],
)
async def test_a_message_is_a_sentence(add_device: AddDevice, path: str, status: int, code: str, message: str) -> None:
    device = await add_device()
    reply = await _post(device, path, data=b"[]" if path == "check/" else b'{"job": "17", "state": "failed"}')
    assert (reply.status, await reply.json()) == (status, {"error": code, "message": message, "field": None})
    image = await device.client.get(f"/api/ota/v1/devices/dev-1/firmware/{'a' * 64}.bin", headers=device.headers)
    assert (image.status, (await image.json())["message"]) == (404, "This image is not offered to dev-1")


@pytest.mark.parametrize(
    "metrics", ['{"heap": 5, "temp": NaN}', '{"heap": 5, "temp": nan, "volt": null}', '{"heap": 5, "temp": -Infinity}']
)
async def test_a_failed_reading_costs_only_itself(ota: OtaData, add_device: AddDevice, metrics: str) -> None:
    device = await add_device()
    reply = await _post(device, "check", data=b'\xef\xbb\xbf{"version": "1.0.0", "metrics": %s}\0' % metrics.encode())
    assert reply.status == 200
    assert ota.hub.state.devices["dev-1"].metrics == {"heap": 5.0}
    reply = await _post(device, "check", data=b'{"version": NaN}')
    assert (reply.status, (await reply.json())["error"]) == (400, "bad_json")


@pytest.mark.parametrize(
    ("bad", "ignored"),
    [
        ('"heap": "5"', []),
        ('"heap": " 5.0 "', []),
        ('"heap": "0.5e1"', []),
        ('"heap": 5, "vcc": "n/a"', ["metrics.vcc"]),
        ('"vcc": "1_0", "heap": 5', ["metrics.vcc"]),
        ('"heap": 5, "vcc": "3,3V"', ["metrics.vcc"]),
        ('"heap": 5, "ok": true', ["metrics.ok"]),
        ('"heap": 5, "mem": {"free": 7}', ["metrics.mem"]),
        ('"heap": 5, "mem": [7]', ["metrics.mem"]),
        ('"heap": 5, "vcc": ""', ["metrics.vcc"]),
        ('"heap": 5, "vcc": "NaN", "temp": "-inf"', []),
        ('"heap": 5, "%s": 1' % ("x" * 40), ["metrics." + "x" * 32]),
    ],
)
async def test_an_invalid_metric_costs_only_itself(
    ota: OtaData, add_device: AddDevice, caplog: pytest.LogCaptureFixture, bad: str, ignored: list[str]
) -> None:
    device = await add_device()
    for _ in range(2):
        reply = await _post(device, "check", data=b'{"version": "1.0.0", "metrics": {"rssi": -60, %s}}' % bad.encode())
        assert (reply.status, (await reply.json()).get("ignored", [])) == (200, ignored)
    found = ota.hub.state.devices["dev-1"]
    assert (found.installed_version, found.metrics) == ("1.0.0", {"rssi": -60.0, "heap": 5.0})
    assert [caplog.text.count(f"{name} is ignored: must be a number") for name in ignored] == [1] * len(ignored)


async def test_every_path_works_with_and_without_the_trailing_slash(
    hass: HomeAssistant, add_device: AddDevice, client: Client
) -> None:
    device = await add_device()
    url = f"/api/ota/d/{device.issued.url_token}"
    ddi = "/api/ota/ddi/DEFAULT/controller/v1/dev-1"
    target = {"Authorization": f"TargetToken {device.issued.key}"}
    for path, headers in (
        ("/api/ota/v1/devices/dev-1/check?version=1.0.0", device.headers),
        (f"{url}/manifest.json?version=1.0.0", {}),
        (f"{url}/update.bin?version=1.0.0", {}),
        (ddi, target),
        (f"{ddi}/deploymentBase/1", target),
        (f"{ddi}/softwaremodules/1/artifacts/x.bin", target),
        ("/default/controller/v1/board-dev-1", target),
    ):
        without = await client.get(path, headers=headers)
        slashed = await client.get(path.replace("?", "/?") if "?" in path else f"{path}/", headers=headers)
        assert slashed.status == without.status, path
        assert slashed.content_type == without.content_type != "text/plain", path
    status = {"execution": "closed", "result": {"finished": "success"}}
    reply = await client.put(f"{ddi}/configData/", headers=target, json={"data": {"version": "1.0.0"}})
    assert reply.status == 200
    reply = await client.post(f"{ddi}/deploymentBase/1/feedback/", headers=target, json={"status": status})
    assert (await reply.json())["error"] == "not_found"


async def test_an_expired_install_link_is_not_a_failed_login(
    ota: OtaData, admin: Client, client: Client, release: Release, caplog: pytest.LogCaptureFixture
) -> None:
    await release()
    (release_id,) = ota.hub.state.releases
    assert (await admin.post("/api/ota/releases/", data=form(b"factory", factory_of=release_id))).status == 201
    for name in ("manifest.json", "factory.bin"):
        reply = await client.get(f"/api/ota/web/{release_id}/{name}?authSig=expired")
        assert (reply.status, (await reply.json())["error"]) == (401, "unauthorized")
    assert "invalid authentication" not in caplog.text.lower()


async def _post(device: Registered, path: str, **body: Any) -> Any:
    return await device.client.post(f"/api/ota/v1/devices/dev-1/{path}", headers=device.headers, **body)


@pytest.mark.parametrize("body", [b"", b" \r\n", b"{}"])
async def test_a_check_in_without_a_field_is_a_poll(add_device: AddDevice, body: bytes) -> None:
    reply = await _post(await add_device(), "check/", data=body)
    assert (reply.status, (await reply.json())["reason"]) == (200, "no_rollout")


@pytest.mark.parametrize("path", ["check/", "status/", "firmware/0.bin"])
async def test_a_body_of_broken_gzip_leaves_no_traceback(
    add_device: AddDevice, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    device = await add_device()
    headers = device.headers | {"Content-Encoding": "gzip"}
    method = "GET" if path.startswith("firmware") else "POST"
    url = f"/api/ota/v1/devices/dev-1/{path}"
    reply = await device.client.request(method, url, data=b'{"version": "1.0.0"}', headers=headers)
    expected = (404, "not_found") if method == "GET" else (400, "bad_json")
    assert (reply.status, (await reply.json())["error"]) == expected
    assert (await device.check(version="1.0.0"))["reason"] == "no_rollout"
    assert not [record for record in caplog.records if record.exc_info]


async def test_what_cannot_be_printed_is_not_stored(ota: OtaData, add_device: AddDevice) -> None:
    device = await add_device()
    await device.check(version="1.0.0\0", busy="a\nb", metrics={"heap": 5, "\0": 6})
    found = ota.hub.state.devices["dev-1"]
    assert (found.installed_version, found.busy, found.metrics) == ("1.0.0", "a b", {"heap": 5.0})
