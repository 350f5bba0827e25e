"""Bad input and attacks on the HTTP side. Each is rejected and has no effect."""

import asyncio
import base64
import json
from pathlib import Path
import time
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ota.data import OtaData
from custom_components.ota.rollout.models import JobState
from tests.ota.images import OTHER_PRIVATE, esp32_image, signed

from .conftest import AddDevice, Client, Registered, Release, act, form, rollout
from .release_upload import IMAGE, nothing_stored, upload

pytestmark = pytest.mark.slow  # skipped by scripts/test --quick


def _top_folders(folder: Path) -> set[str]:
    return {path.relative_to(folder).parts[0] for path in folder.rglob("*") if path.is_file()}


def _all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("proof", "image", "status", "code"),
    [
        ((signed(IMAGE)[0], ""), IMAGE, 400, "unsigned"),
        (signed(IMAGE, OTHER_PRIVATE), IMAGE, 400, "unknown_key"),
        ((signed(IMAGE)[0], signed(IMAGE, notes="x")[1]), IMAGE, 400, "bad_signature"),
        (signed(IMAGE), IMAGE[:-1], 400, "truncated"),
        (signed(IMAGE), IMAGE[: len(IMAGE) // 2], 400, "truncated"),
        (signed(IMAGE), IMAGE + b"\0", 400, "trailing_data"),
        (signed(IMAGE), IMAGE + bytes(4096), 400, "trailing_data"),
        (signed(IMAGE, chip="esp32"), IMAGE, 400, "wrong_chip"),
        (signed(IMAGE, expires="2020-01-01T00:00:00Z"), IMAGE, 400, "expired"),
        (signed(IMAGE), esp32_image(payload=b"evil" * 8), 400, "size_mismatch"),
        (signed(IMAGE), esp32_image(version="1.2.4"), 400, "hash_mismatch"),
        (signed(IMAGE), b"", 400, "empty"),
        ((b"{}", "AA=="), IMAGE, 400, "bad_manifest"),
        ((b"\xff", "AA=="), IMAGE, 400, "bad_value"),
        (signed(IMAGE, product="../../x"), IMAGE, 400, "bad_manifest"),
    ],
    ids=[
        "unsigned",
        "wrong_key",
        "wrong_signature",
        "truncated",
        "half",
        "byte_appended",
        "sector_appended",
        "wrong_chip",
        "expired",
        "other_size",
        "other_image",
        "empty",
        "no_manifest",
        "not_text",
        "path_in_product",
    ],
)
async def test_an_invalid_release_is_rejected(
    ota: OtaData, admin: Client, proof: tuple[bytes, str], image: bytes, status: int, code: str
) -> None:
    if proof[0] == b"\xff":
        body = b'--b\r\nContent-Disposition: form-data; name="manifest"\r\n\r\n\xff\r\n--b--\r\n'
        reply = await admin.post(
            "/api/ota/releases/", data=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
        )
        assert (reply.status, (await reply.json())["error"]) == (status, code)
    else:
        assert await upload(admin, image, proof=proof) == (status, code)
    assert nothing_stored(ota)


async def test_an_unsigned_release_is_rejected_while_signatures_are_required(ota: OtaData, admin: Client) -> None:
    assert await upload(admin, IMAGE, chip="esp32c3") == (400, "unsigned")
    assert nothing_stored(ota)


async def test_a_replayed_older_release_is_rejected(ota: OtaData, admin: Client, release: Release) -> None:
    await release("2.0.0", 20)
    assert await upload(admin, IMAGE, proof=signed(IMAGE, sequence=19)) == (409, "older_sequence")
    assert len(ota.hub.state.releases) == 1


async def test_other_content_under_a_known_version_is_rejected(admin: Client, release: Release) -> None:
    await release("1.2.3", 10)
    other = esp32_image(payload=b"evil")
    assert await upload(admin, other, proof=signed(other, sequence=11)) == (409, "release_exists")


@pytest.mark.parametrize("name", ["../../../../etc/cron.d/x", "..\\..\\x", "/etc/passwd", "x" * 5000, "%2e%2e%2fx"])
async def test_the_uploaded_file_name_is_never_used(ota: OtaData, admin: Client, tmp_path: Path, name: str) -> None:
    manifest, signature = signed(IMAGE)
    data = form(None, manifest=manifest.decode(), signature=signature)
    data.add_field("image", IMAGE, filename=name, content_type="application/octet-stream")
    reply = await admin.post("/api/ota/releases/", data=data)
    assert reply.status == 201
    assert _top_folders(tmp_path) <= {"ota", ".storage"}
    assert len(list(ota.images.store.folder.glob("*"))) == 2  # incoming/ and the image


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/ota/v1/devices/dev-1/firmware/..%2f..%2fsecrets.bin", (400, 404)),
        ("/api/ota/v1/devices/dev-1/firmware/....bin", (404,)),
        ("/api/ota/v1/devices/dev-1/firmware/" + "a" * 64 + ".bin", (404,)),
        ("/api/ota/v1/devices/dev-1/firmware/%00.bin", (400, 404)),
        ("/api/ota/v1/devices/..%2fdev-1/check/", (400, 401, 404)),
    ],
)
async def test_path_traversal_is_rejected(add_device: AddDevice, path: str, status: tuple[int, ...]) -> None:
    device = await add_device()
    reply = await device.client.get(path, headers=device.headers)
    assert reply.status in status


# -- authentication


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: "",
        lambda key: " ",
        lambda key: key[:-1],
        lambda key: key[:8],
        lambda key: key + "A",
        lambda key: key.swapcase(),
        lambda key: key + "\t" + key,
        lambda key: "A" * 5000,
    ],
)
async def test_an_empty_partial_or_wrong_key_is_rejected(add_device: AddDevice, spoil: Any) -> None:
    device = await add_device()
    key = spoil(device.issued.key)
    for headers in ({"X-Device-Key": key}, {"Authorization": f"Bearer {key}"}, {"Authorization": f"TargetToken {key}"}):
        for path in ("/api/ota/v1/devices/dev-1/check/", "/api/ota/ddi/DEFAULT/controller/v1/dev-1"):
            reply = await device.client.get(path, headers=headers)
            assert reply.status == 401
            assert (await reply.json())["error"] == "unauthorized"


async def test_wrong_key_and_unknown_device_get_the_same_response(add_device: AddDevice) -> None:
    device = await add_device()
    bodies = [
        await (await device.client.get(path, headers=headers)).text()
        for path, headers in (
            ("/api/ota/v1/devices/dev-1/check/", {}),
            ("/api/ota/v1/devices/dev-1/check/", {"X-Device-Key": "wrong"}),
            ("/api/ota/v1/devices/unknown/check/", device.headers),
            ("/api/ota/d/wrong/manifest.json", {}),
        )
    ]
    assert len(set(bodies)) == 1


async def test_a_key_is_valid_only_for_its_device(hass: HomeAssistant, add_device: AddDevice, release: Release) -> None:
    first, second = await add_device("dev-1"), await add_device("dev-2")
    await release()
    await rollout(hass, devices=["dev-1"])
    update = (await first.check(version="1.0.0"))["update"]
    assert (await second.client.get(update["url"], headers=second.headers)).status == 401
    own = update["url"].replace("dev-1", "dev-2")
    assert (await second.client.get(own, headers=second.headers)).status == 404  # not offered to it
    body = {"job": update["job"], "state": "failed"}
    reply = await second.client.post("/api/ota/v1/devices/dev-1/status/", json=body, headers=second.headers)
    assert reply.status == 401
    reply = await second.client.post("/api/ota/v1/devices/dev-2/status/", json=body, headers=second.headers)
    assert reply.status == 409


async def test_a_secret_url_is_read_only_and_valid_only_for_its_device(
    hass: HomeAssistant, add_device: AddDevice, release: Release
) -> None:
    first, second = await add_device("dev-1"), await add_device("dev-2")
    image = await release()
    await rollout(hass, devices=["dev-1"])
    url, other = (f"/api/ota/d/{device.issued.url_token}" for device in (first, second))
    manifest = await (await first.client.get(f"{url}/manifest.json?version=1.0.0")).json()
    path = manifest["builds"][0]["ota"]["path"]
    assert (await first.client.get(f"{other}/{path}")).status == 404
    assert await (await first.client.get(f"{url}/{path}")).read() == image
    headers = {"X-Device-Key": first.issued.url_token}
    assert (await first.client.get("/api/ota/v1/devices/dev-1/check/", headers=headers)).status == 401
    header_key = f"/api/ota/d/{first.issued.key}/manifest.json"
    assert (await first.client.get(header_key)).status == 401


async def test_guessing_is_rate_limited_and_the_device_is_not_locked_out(add_device: AddDevice) -> None:
    device = await add_device()
    for n in range(2000):
        reply = await device.client.get("/api/ota/v1/devices/dev-1/check/", headers={"X-Device-Key": f"guess{n}"})
        if reply.status != 401:
            break
    assert n >= 200
    assert reply.status == 429
    assert (await device.check())["poll_s"] == 300


async def test_wrong_keys_are_not_failed_logins_of_home_assistant(hass: HomeAssistant, add_device: AddDevice) -> None:
    """A raised 401 would count towards a ban of the device's address."""
    device = await add_device()
    for _ in range(5):
        await device.client.get("/api/ota/v1/devices/dev-1/check/", headers={"X-Device-Key": "wrong"})
    assert not hass.states.async_all("persistent_notification")
    assert "http-login" not in str(hass.data.get("persistent_notification", {}))


# -- joining two images


@pytest.mark.parametrize(
    ("if_range", "whole"),
    [('"old"', True), ("Wed, 21 Oct 2037 07:28:00 GMT", True), ('W/"{etag}"', True), ('"{etag}"', False)],
)
async def test_if_range_never_joins_two_images(
    hass: HomeAssistant, add_device: AddDevice, release: Release, if_range: str, whole: bool
) -> None:
    device = await add_device()
    image = await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    headers = {**device.headers, "Range": "bytes=100-", "If-Range": if_range.replace("{etag}", update["sha256"])}
    reply = await device.client.get(update["url"], headers=headers)
    assert reply.status == (200 if whole else 206)
    assert await reply.read() == (image if whole else image[100:])


async def test_the_updater_url_does_not_resume_with_another_image(
    hass: HomeAssistant, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await release("2.0.0", 20)
    image = await release("3.0.0", 30, payload=b"new!")
    first = await rollout(hass, "2.0.0")
    url = f"/api/ota/d/{device.issued.url_token}/update.bin"
    assert (await device.client.get(url, headers={"Range": "bytes=0-99"})).status == 206
    assert (await device.client.get(url, headers={"Range": "bytes=100-199"})).status == 206
    await _failed(hass, device)
    await act(hass, "abort", rollout=first)
    await rollout(hass, "3.0.0")
    reply = await device.client.get(url, headers={"Range": "bytes=200-"})
    assert reply.status == 409
    reply = await device.client.get(url)
    assert await reply.read() == image


async def _failed(hass: HomeAssistant, device: Registered) -> None:
    ota = hass.config_entries.async_loaded_entries("ota")[0].runtime_data
    job = ota.hub.state.job_of(device.uid)
    ota.hub.engine.report(device.uid, job.job_id, JobState.FAILED, ota.hub.now, reason="test")
    await ota.hub.async_commit()


# -- invalid requests of devices


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"version": 5}, "version"),
        ({"version": " "}, "version"),
        ({"version": "x" * 40}, "version"),
        ({"boot_count": -1}, "boot_count"),
        ({"boot_count": True}, "boot_count"),
        ({"boot_count": "3"}, "boot_count"),
        ({"busy": 5}, "busy"),
        ({"metrics": []}, "metrics"),
        ({"metrics": {str(n): 1 for n in range(17)}}, "metrics"),
    ],
)
async def test_an_invalid_check_in_field_is_reported(add_device: AddDevice, body: dict[str, Any], field: str) -> None:
    device = await add_device()
    reply = await device.client.post("/api/ota/v1/devices/dev-1/check/", json=body, headers=device.headers)
    answer = await reply.json()
    assert (reply.status, answer["error"], answer["field"]) == (400, "bad_value", field)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "missing", "job"),
        ({"job": "1"}, "missing", "state"),
        ({"job": 1, "state": "failed"}, "bad_value", "job"),
        ({"job": "-1", "state": "failed"}, "bad_value", "job"),
        ({"job": "1", "state": "verified"}, "bad_value", "state"),
        ({"job": "1", "state": "downloading", "progress": 101}, "bad_value", "progress"),
        ({"job": "1", "state": "failed", "reason": "x" * 500}, "bad_value", "reason"),
    ],
)
async def test_an_invalid_report_field_is_reported(
    add_device: AddDevice, body: dict[str, Any], code: str, field: str
) -> None:
    device = await add_device()
    reply = await device.client.post("/api/ota/v1/devices/dev-1/status/", json=body, headers=device.headers)
    answer = await reply.json()
    assert (reply.status, answer["error"], answer["field"]) == (400, code, field)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[]", 400),
        (b'{"version": NaN}', 400),
        (b"\xff\xfe", 400),
        (b'{"a":' * 40 + b"1" + b"}" * 40, 400),
        (b" " * 70_000, 413),
    ],
)
async def test_a_body_that_is_not_an_object_is_rejected(add_device: AddDevice, body: bytes, status: int) -> None:
    device = await add_device()
    for what in ("check", "status"):
        reply = await device.client.post(f"/api/ota/v1/devices/dev-1/{what}/", data=body, headers=device.headers)
        assert reply.status == status


async def test_an_empty_body_is_not_a_report(add_device: AddDevice) -> None:
    device = await add_device()
    reply = await device.client.post("/api/ota/v1/devices/dev-1/status/", data=b"", headers=device.headers)
    answer = await reply.json()
    assert (reply.status, answer["error"], answer["field"]) == (400, "missing", "job")


@pytest.mark.timeout(900)
async def test_ten_thousand_status_posts_need_no_disk_and_bounded_memory(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    hass.loop.set_debug(False)  # in debug mode asyncio records the origin of each task, which takes a minute
    device = await add_device()
    await release()
    await rollout(hass)
    job = (await device.check(version="1.0.0"))["update"]["job"]
    await device.status(job, "downloading", progress=1)
    writes = _count_writes(ota)
    statuses = {200: 0, 429: 0}
    began = time.monotonic()
    for batch in range(100):
        replies = await asyncio.gather(
            *(device.status(job, "downloading", progress=(batch * 100 + n) % 101) for n in range(100))
        )
        for reply in replies:
            statuses[reply["status"]] = statuses.get(reply["status"], 0) + 1
    took = time.monotonic() - began
    assert set(statuses) == {200, 429}
    assert statuses[200] <= 2000 + 50 * (took + 1)  # 2000 at once, then 50 a second
    assert len(writes) <= 3 + took / 5  # the log of devices, at most every 5 s
    assert len(ota.hub.state.devices["dev-1"].history) <= 50
    assert ota.hub.state.job_of("dev-1") is not None


def _count_writes(ota: OtaData) -> list[int]:
    counts: list[int] = []
    original = ota.hub.storage._database.apply

    def apply(changes: Any) -> None:
        counts.append(len(changes))
        original(changes)

    ota.hub.storage._database.apply = apply  # type: ignore[method-assign]
    return counts


async def test_no_secret_is_stored_logged_or_returned(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    ota: OtaData,
    add_device: AddDevice,
    tmp_path: Path,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    from custom_components.ota.diagnostics import async_get_config_entry_diagnostics

    device = await add_device()
    upload_key = await ota.keys.async_issue_upload()
    await device.check(version="1.0.0")
    await ota.hub.async_stop()
    diagnostics = json.dumps(await async_get_config_entry_diagnostics(hass, entry), default=str)
    stored = _all_bytes(tmp_path)
    stored += json.dumps(hass_storage).encode()
    logged = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("custom_components"))
    for secret in (device.issued.key, device.issued.url_token, upload_key):
        assert secret not in diagnostics
        assert secret.encode() not in stored
        assert secret not in logged
        assert base64.b64encode(secret.encode()) not in stored
    assert "previous" not in diagnostics
