"""Bad input and attacks on the HTTP side. Each is refused, and nothing of it takes effect."""

import asyncio
import base64
import errno
import json
import os
from pathlib import Path
import time
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ota.data import OtaData
from custom_components.ota.rollout import image_store as store_module
from custom_components.ota.rollout.models import JobState
from tests.ota.images import OTHER_PRIVATE, esp32_image, signed

from .conftest import AddDevice, Client, FullDisk, Registered, Release, act, form, rollout, stored

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

IMAGE = esp32_image()


async def upload(admin: Client, image: bytes | None, *, proof: tuple[bytes, str] | None = None, **fields: str) -> Any:
    if proof is not None:
        fields |= {"manifest": proof[0].decode(), "signature": proof[1]}
    reply = await admin.post("/api/ota/releases/", data=form(image, **fields))
    return reply.status, (await reply.json())["error"] if reply.status != 201 else None


def _top_folders(folder: Path) -> set[str]:
    return {path.relative_to(folder).parts[0] for path in folder.rglob("*") if path.is_file()}


def _all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def nothing_stored(ota: OtaData) -> bool:
    return (
        not ota.hub.state.releases
        and not ota.hub.state.sequences
        and not ota.images.store.present()
        and not list((ota.images.store.folder / "incoming").iterdir())
    )


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
async def test_a_bad_release_is_refused(
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


async def test_an_unsigned_release_is_refused_while_signatures_are_required(ota: OtaData, admin: Client) -> None:
    assert await upload(admin, IMAGE, chip="esp32c3") == (400, "unsigned")
    assert nothing_stored(ota)


async def test_a_replayed_older_release_is_refused(ota: OtaData, admin: Client, release: Release) -> None:
    await release("2.0.0", 20)
    assert await upload(admin, IMAGE, proof=signed(IMAGE, sequence=19)) == (409, "older_sequence")
    assert len(ota.hub.state.releases) == 1


async def test_other_content_under_a_known_version_is_refused(admin: Client, release: Release) -> None:
    await release("1.2.3", 10)
    other = esp32_image(payload=b"evil")
    assert await upload(admin, other, proof=signed(other, sequence=11)) == (409, "release_exists")


@pytest.mark.parametrize("name", ["../../../../etc/cron.d/x", "..\\..\\x", "/etc/passwd", "x" * 5000, "%2e%2e%2fx"])
async def test_a_file_name_is_never_used(ota: OtaData, admin: Client, tmp_path: Path, name: str) -> None:
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
async def test_paths_lead_nowhere_else(add_device: AddDevice, path: str, status: tuple[int, ...]) -> None:
    device = await add_device()
    reply = await device.client.get(path, headers=device.headers)
    assert reply.status in status


# -- who calls


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
async def test_an_empty_prefix_or_wrong_key_is_refused(add_device: AddDevice, spoil: Any) -> None:
    device = await add_device()
    key = spoil(device.issued.key)
    for headers in ({"X-Device-Key": key}, {"Authorization": f"Bearer {key}"}, {"Authorization": f"TargetToken {key}"}):
        for path in ("/api/ota/v1/devices/dev-1/check/", "/api/ota/ddi/DEFAULT/controller/v1/dev-1"):
            reply = await device.client.get(path, headers=headers)
            assert reply.status == 401
            assert (await reply.json())["error"] == "unauthorized"


async def test_wrong_key_and_unknown_device_get_the_same_response(add_device: AddDevice) -> None:
    device = await add_device()
    handle_errors = [
        await (await device.client.get(path, headers=headers)).text()
        for path, headers in (
            ("/api/ota/v1/devices/dev-1/check/", {}),
            ("/api/ota/v1/devices/dev-1/check/", {"X-Device-Key": "wrong"}),
            ("/api/ota/v1/devices/nobody/check/", device.headers),
            ("/api/ota/d/wrong/manifest.json", {}),
        )
    ]
    assert len(set(handle_errors)) == 1


async def test_a_key_opens_only_its_own_device(hass: HomeAssistant, add_device: AddDevice, release: Release) -> None:
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


async def test_a_secret_url_opens_only_its_own_device_and_only_for_reading(
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


async def test_guessing_is_slowed_down_and_the_owner_is_not_locked_out(add_device: AddDevice) -> None:
    device = await add_device()
    for n in range(2000):
        reply = await device.client.get("/api/ota/v1/devices/dev-1/check/", headers={"X-Device-Key": f"guess{n}"})
        if reply.status != 401:
            break
    assert n >= 200
    assert reply.status == 429
    assert (await device.check())["poll_s"] == 300


async def test_refusals_are_no_failed_logins_of_home_assistant(hass: HomeAssistant, add_device: AddDevice) -> None:
    """A raised 401 would count towards a ban of the device's address."""
    device = await add_device()
    for _ in range(5):
        await device.client.get("/api/ota/v1/devices/dev-1/check/", headers={"X-Device-Key": "wrong"})
    assert not hass.states.async_all("persistent_notification")
    assert "http-login" not in str(hass.data.get("persistent_notification", {}))


# -- splicing


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


async def test_the_updater_url_does_not_go_on_with_another_image(
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


# -- uploads that go wrong


async def test_an_upload_that_breaks_off_leaves_nothing(hass: HomeAssistant, ota: OtaData, admin: Client) -> None:
    manifest, signature = signed(IMAGE)
    head = (
        f'--b\r\nContent-Disposition: form-data; name="manifest"\r\n\r\n{manifest.decode()}\r\n'
        f'--b\r\nContent-Disposition: form-data; name="signature"\r\n\r\n{signature}\r\n'
        '--b\r\nContent-Disposition: form-data; name="image"; filename="f"\r\n\r\n'
    ).encode()
    started = asyncio.Event()

    async def body() -> Any:
        yield head + IMAGE[:300]
        started.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(
        admin.post("/api/ota/releases/", data=body(), headers={"Content-Type": "multipart/form-data; boundary=b"})
    )
    await started.wait()
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(600):
        if nothing_stored(ota):
            break
        await asyncio.sleep(0.05)
    assert nothing_stored(ota)


async def test_a_body_that_ends_before_its_boundary_is_refused(ota: OtaData, admin: Client) -> None:
    manifest, signature = signed(IMAGE)
    body = (
        f'--b\r\nContent-Disposition: form-data; name="manifest"\r\n\r\n{manifest.decode()}\r\n'
        f'--b\r\nContent-Disposition: form-data; name="signature"\r\n\r\n{signature}\r\n'
        '--b\r\nContent-Disposition: form-data; name="image"; filename="f"\r\n\r\n'
    ).encode() + IMAGE[:300]
    reply = await admin.post(
        "/api/ota/releases/", data=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert reply.status == 400
    assert nothing_stored(ota)


async def test_too_large_is_refused(ota: OtaData, admin: Client) -> None:
    ota.settings.upload_limit = 500
    assert await upload(admin, IMAGE, proof=signed(IMAGE)) == (413, "too_large")
    assert nothing_stored(ota)


async def test_image_over_the_body_limit_of_home_assistant_is_accepted(ota: OtaData, admin: Client) -> None:
    """The server reads bodies of 16 MiB at most into memory; images are streamed and have a limit of their own."""
    ota.settings.upload_limit = 20 * 1024 * 1024
    image = esp32_image(payload=os.urandom(17 * 1024 * 1024))
    assert await upload(admin, image, proof=signed(image)) == (201, None)


async def test_full_disk_is_reported_and_nothing_remains(
    ota: OtaData, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_module.os, "fsync", full)
    assert await upload(admin, IMAGE, proof=signed(IMAGE)) == (507, "disk_full")
    monkeypatch.undo()
    assert nothing_stored(ota)
    assert await upload(admin, IMAGE, proof=signed(IMAGE)) == (201, None)


async def test_an_offer_that_cannot_be_saved_is_not_made(
    hass: HomeAssistant, add_device: AddDevice, release: Release, full_disk: FullDisk
) -> None:
    device = await add_device()
    await release()
    await rollout(hass)
    with full_disk():
        replies = await asyncio.gather(
            *(
                device.client.post(
                    "/api/ota/v1/devices/dev-1/check/", json={"version": "1.0.0"}, headers=device.headers
                )
                for _ in range(5)
            )
        )
    assert {reply.status for reply in replies} == {503}
    assert all(reply.headers["Retry-After"] for reply in replies)
    assert not [key for key in stored(hass) if key[0] == "job"]
    assert (await device.check(version="1.0.0"))["update"] is not None
    (job,) = [record for key, record in stored(hass).items() if key[0] == "job"]
    assert job["uid"] == "dev-1"


async def test_two_uploads_at_once(ota: OtaData, admin: Client) -> None:
    other = esp32_image(version="1.2.4", payload=b"other!!!")
    results = await asyncio.gather(
        upload(admin, IMAGE, proof=signed(IMAGE)),
        upload(admin, IMAGE, proof=signed(IMAGE)),
        upload(admin, other, proof=signed(other, version="1.2.4", sequence=11)),
    )
    assert (
        sorted(str(r) for r in results[:2]) == ["(201, None)", "(201, None)"] or (409, "older_sequence") in results[:2]
    )
    assert len(ota.images.store.present()) >= 1
    assert "thermostat:esp32c3:1.2.4" in ota.hub.state.releases


async def test_clean_up_keeps_the_image_of_another_upload(ota: OtaData, admin: Client) -> None:
    images = [esp32_image(version=f"1.2.{n}", payload=os.urandom(64)) for n in range(4)]
    for attempt in range(5):
        await asyncio.gather(
            *(
                upload(admin, image, proof=signed(image, version=f"1.2.{n}", product="thermostat", sequence=50 + n))
                for n, image in enumerate(images)
            )
        )
        stored = {release.sha256 for release in ota.hub.state.releases.values()}
        assert stored
        assert stored == ota.images.store.present(), attempt


async def test_an_upload_that_stops_is_cut_off(ota: OtaData, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.ota.views.releases.STALL_S", 0.1)
    manifest, signature = signed(IMAGE)
    head = (
        f'--b\r\nContent-Disposition: form-data; name="manifest"\r\n\r\n{manifest.decode()}\r\n'
        f'--b\r\nContent-Disposition: form-data; name="signature"\r\n\r\n{signature}\r\n'
        '--b\r\nContent-Disposition: form-data; name="image"; filename="f"\r\n\r\n'
    ).encode()

    async def body() -> Any:
        yield head + IMAGE[:300]
        await asyncio.sleep(60)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    reply = await admin.post("/api/ota/releases/", data=body(), headers=headers)
    assert (reply.status, (await reply.json())["error"]) == (400, "upload_broken")
    assert nothing_stored(ota)


async def test_too_many_uploads_are_asked_to_retry(ota: OtaData, admin: Client) -> None:
    ota.importer._running = 4
    assert await upload(admin, IMAGE, proof=signed(IMAGE)) == (429, "too_many_uploads")


async def test_users_without_admin_rights_cannot_upload(
    ota: OtaData, hass_client_no_auth: Any, hass_read_only_access_token: str
) -> None:
    client = await hass_client_no_auth()
    headers = {"Authorization": f"Bearer {hass_read_only_access_token}"}
    for method in (client.get, client.post):
        assert (await method("/api/ota/releases/", headers=headers)).status == 403
        assert (await method("/api/ota/releases/")).status == 401


async def test_the_upload_key_brings_signed_releases_only(ota: OtaData, client: Client) -> None:
    key = await ota.keys.async_issue_upload()
    proof = signed(IMAGE)
    fields = {"manifest": proof[0].decode(), "signature": proof[1]}
    headers = {"X-Device-Key": key}
    reply = await client.post("/api/ota/releases/", data=form(IMAGE, chip="esp32c3"), headers=headers)
    assert reply.status == 403
    reply = await client.post("/api/ota/releases/", data=form(IMAGE, **fields), headers=headers)
    assert reply.status == 201
    newer = await ota.keys.async_issue_upload()
    assert newer != key
    assert (await client.get("/api/ota/releases/", headers=headers)).status == 401


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"--b--\r\n", "multipart/form-data", 400),
        (b"--b--\r\n", "multipart/form-data; boundary=" + "b" * 71, 400),
        (b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b", 400),
        (b"--b\r\n" + b"a: " + b"x" * 9000 + b"\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b", 400),
        (b"--b\r\n" + b"a: b\r\n" * 200 + b"\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b", 400),
        (
            b'--b\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\n' + b"x" * 40 + b"\r\n--b--\r\n",
            "multipart/form-data; boundary=b",
            400,
        ),
        (b'--b\r\nContent-Disposition: form-data; name="chip"\r\n\r\nesp', "multipart/form-data; boundary=b", 400),
        (b"garbage", "multipart/form-data; boundary=b", 400),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 400),
        (
            b'--b\r\nContent-Disposition: form-data; name="evil"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            400,
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="notes"\r\n\r\n' + b"x" * 70_000 + b"\r\n--b--\r\n",
            "multipart/form-data; boundary=b",
            400,
        ),
        (
            b"--c\r\nContent-Type: multipart/mixed; boundary=d\r\n\r\n--d--\r\n--c--\r\n",
            "multipart/mixed; boundary=c",
            400,
        ),
    ],
)
async def test_a_malformed_upload_is_refused(admin: Client, body: bytes, content_type: str, status: int) -> None:
    reply = await admin.post("/api/ota/releases/", data=body, headers={"Content-Type": content_type})
    assert (reply.status, (await reply.json())["error"]) in ((status, "bad_value"), (status, "missing"))


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [({"product": "x"}, 400, "manifest"), ({"chip": "esp32c3", "channel": "nightly"}, 400, "channel")],
)
async def test_upload_requires_a_description(admin: Client, fields: dict[str, str], status: int, field: str) -> None:
    reply = await admin.post("/api/ota/releases/", data=form(IMAGE, **fields))
    assert (reply.status, (await reply.json())["field"]) == (status, field)


# -- what a device says


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
        ({"metrics": {"heap": "x"}}, "metrics.heap"),
        ({"metrics": {str(n): 1 for n in range(17)}}, "metrics"),
    ],
)
async def test_a_bad_check_in_is_named(add_device: AddDevice, body: dict[str, Any], field: str) -> None:
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
async def test_a_bad_report_is_named(add_device: AddDevice, body: dict[str, Any], code: str, field: str) -> None:
    device = await add_device()
    reply = await device.client.post("/api/ota/v1/devices/dev-1/status/", json=body, headers=device.headers)
    answer = await reply.json()
    assert (reply.status, answer["error"], answer["field"]) == (400, code, field)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"version": NaN}', 400),
        (b"\xff\xfe", 400),
        (b'{"a":' * 40 + b"1" + b"}" * 40, 400),
        (b" " * 70_000, 413),
    ],
)
async def test_a_body_that_is_no_object_is_refused(add_device: AddDevice, body: bytes, status: int) -> None:
    device = await add_device()
    for what in ("check", "status"):
        reply = await device.client.post(f"/api/ota/v1/devices/dev-1/{what}/", data=body, headers=device.headers)
        assert reply.status == status


@pytest.mark.timeout(400)
async def test_ten_thousand_status_posts_cost_no_disk_and_bounded_memory(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    hass.loop.set_debug(False)  # else asyncio notes where each of them comes from: a minute
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
    assert len(writes) <= 3 + took / 5  # the log of devices, every 5 s at most
    assert len(ota.hub.state.devices["dev-1"].history) <= 50
    assert ota.hub.state.job_of("dev-1") is not None


def _count_writes(ota: OtaData) -> list[int]:
    counts: list[int] = []
    original = ota.hub.storage._journal.append

    def append(ops: Any) -> None:
        counts.append(len(ops))
        original(ops)

    ota.hub.storage._journal.append = append  # type: ignore[method-assign]
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
    told = json.dumps(await async_get_config_entry_diagnostics(hass, entry), default=str)
    stored = _all_bytes(tmp_path)
    stored += json.dumps(hass_storage).encode()
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("custom_components"))
    for secret in (device.issued.key, device.issued.url_token, upload_key):
        assert secret not in told
        assert secret.encode() not in stored
        assert secret not in ours
        assert base64.b64encode(secret.encode()) not in stored
    assert "previous" not in told
