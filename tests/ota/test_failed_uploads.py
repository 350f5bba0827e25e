"""Uploads that are interrupted, too large, simultaneous or malformed."""

import asyncio
import errno
import os
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ota.data import OtaData
from custom_components.ota.rollout import image_store as store_module
from tests.ota.images import esp32_image, signed

from .conftest import AddDevice, Client, FullDisk, Release, form, rollout, stored
from .release_upload import IMAGE, nothing_stored, upload

pytestmark = pytest.mark.slow  # skipped by scripts/test --quick


async def test_an_aborted_upload_leaves_nothing(hass: HomeAssistant, ota: OtaData, admin: Client) -> None:
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
    for _ in range(2400):
        if nothing_stored(ota):
            break
        await asyncio.sleep(0.05)
    assert nothing_stored(ota)


async def test_a_body_without_its_final_boundary_is_rejected(ota: OtaData, admin: Client) -> None:
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


async def test_a_too_large_image_is_rejected(ota: OtaData, admin: Client) -> None:
    ota.settings.upload_limit = 500
    assert await upload(admin, IMAGE, proof=signed(IMAGE)) == (413, "too_large")
    assert nothing_stored(ota)


async def test_image_over_the_body_limit_of_home_assistant_is_accepted(ota: OtaData, admin: Client) -> None:
    """The server buffers bodies of at most 16 MiB in memory; images are streamed and have their own limit."""
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


async def test_an_offer_that_cannot_be_saved_is_not_sent(
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


async def test_a_stalled_upload_is_aborted(ota: OtaData, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_the_upload_key_is_limited_to_signed_releases(ota: OtaData, client: Client) -> None:
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
async def test_a_malformed_upload_is_rejected(admin: Client, body: bytes, content_type: str, status: int) -> None:
    reply = await admin.post("/api/ota/releases/", data=body, headers={"Content-Type": content_type})
    assert (reply.status, (await reply.json())["error"]) in ((status, "bad_value"), (status, "missing"))


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [({"product": "x"}, 400, "manifest"), ({"chip": "esp32c3", "channel": "nightly"}, 400, "channel")],
)
async def test_upload_requires_a_description(admin: Client, fields: dict[str, str], status: int, field: str) -> None:
    reply = await admin.post("/api/ota/releases/", data=form(IMAGE, **fields))
    assert (reply.status, (await reply.json())["field"]) == (status, field)
