"""How far an upload is: for CI by the API, in the browser by its progress bar."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.ota.data import OtaData
from custom_components.ota.releases.uploads import MAX_UPLOADS_KEPT, Phase, UploadTracker
from custom_components.ota.rollout.errors import ReleaseError
from tests.ota.images import esp32_image, signed

from .conftest import Client, form
from .test_config_flow import options, put_file, submit

IMAGE = esp32_image(payload=bytes(2 * 1024 * 1024))


async def progress(client: Client, upload: str, **headers: str) -> Any:
    reply = await client.get(f"/api/ota/uploads/{upload}/", headers=headers)
    return await reply.json() if reply.status == 200 else reply.status


async def until(client: Client, upload: str, received: int) -> Any:
    for _ in range(12000):
        found = await progress(client, upload)
        if isinstance(found, dict) and found["received"] >= received:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(found)


async def test_a_client_sees_how_far_its_upload_is(ota: OtaData, admin: Client) -> None:
    manifest, signature = signed(IMAGE)
    boundary = "b"
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("manifest", manifest.decode()), ("signature", signature))
    )
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="f"\r\n\r\n'
    go_on = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield head.encode() + IMAGE[: 1024 * 1024]
        await go_on.wait()
        yield IMAGE[1024 * 1024 :] + f"\r\n--{boundary}--\r\n".encode()

    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    sending = asyncio.create_task(admin.post("/api/ota/releases/?upload=build-7", data=body(), headers=headers))
    half = await until(admin, "build-7", 700_000)
    assert (half["phase"], half["size"], half["release_id"]) == ("receiving", len(IMAGE), None)
    assert 30 <= half["percent"] <= 50
    # A second upload under the same id would mix the two up.
    reply = await admin.post("/api/ota/releases/?upload=build-7", data=form(IMAGE, chip="esp32c3"))
    assert (reply.status, (await reply.json())["error"]) == (409, "upload_exists")
    go_on.set()
    assert (await sending).status == 201
    done = await progress(admin, "build-7")
    assert (done["phase"], done["percent"], done["release_id"]) == ("stored", 100, "thermostat:esp32c3:1.2.3")


async def test_rejected_upload_is_reported_and_its_id_can_be_reused(ota: OtaData, admin: Client) -> None:
    manifest, signature = signed(IMAGE)
    fields = {"manifest": manifest.decode(), "signature": signature}
    await admin.post("/api/ota/releases/?upload=x", data=form(IMAGE[:-1], **fields))
    upload = await progress(admin, "x")
    assert (upload["phase"], upload["error"], upload["release_id"]) == ("refused", "truncated", None)
    await admin.post("/api/ota/releases/?upload=x", data=form(IMAGE, **fields))
    assert (await progress(admin, "x"))["phase"] == "stored"
    listed = (await (await admin.get("/api/ota/uploads/")).json())["uploads"]
    assert [upload["upload"] for upload in listed] == ["x"]


async def test_upload_progress_requires_the_upload_key(ota: OtaData, client: Client) -> None:
    key = await ota.keys.async_issue_upload()
    ota.uploads.begin("mine")
    assert (await progress(client, "mine", **{"X-Device-Key": key}))["phase"] == "receiving"
    assert await progress(client, "other", **{"X-Device-Key": key}) == 404
    assert await progress(client, "mine") == 401
    assert (await client.get("/api/ota/uploads/")).status == 401


@pytest.mark.parametrize("name", ["", "../x", "a b", "x" * 65])
async def test_an_odd_id_is_refused(ota: OtaData, admin: Client, name: str) -> None:
    reply = await admin.post("/api/ota/releases/", params={"upload": name}, data=form(IMAGE, chip="esp32c3"))
    assert reply.status == 400
    assert not ota.uploads.all()


def test_last_uploads_and_those_in_progress_are_kept() -> None:
    uploads = UploadTracker()
    going = uploads.begin(None)
    for number in range(3 * MAX_UPLOADS_KEPT):
        uploads.begin(f"u{number}").set_rejected(ReleaseError("truncated"))
    assert len(uploads.all()) == MAX_UPLOADS_KEPT
    assert uploads.all()[0] is going
    assert uploads.get("u0") is None
    assert uploads.get(f"u{3 * MAX_UPLOADS_KEPT - 1}") is not None
    assert going.as_dict()["percent"] is None  # the size of an unsigned one is not known


def test_interrupted_upload_is_reported() -> None:
    upload = UploadTracker().begin("a", 100)
    upload.set_rejected(ConnectionResetError())
    assert (upload.phase, upload.error) == (Phase.REFUSED, "upload_broken")


async def test_the_browser_shows_progress_while_the_image_is_checked(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, admin: Client
) -> None:
    heard = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE)
    flow = (await options(hass, entry, "upload"))["flow_id"]
    manifest, signature = signed(IMAGE)
    values = {"channel": "stable", "manifest": manifest.decode(), "signature": signature}
    result = await submit(hass, flow, {**values, "file": await put_file(admin, IMAGE)})
    assert result["reason"] == "uploaded"
    shares = [event.data["progress"] for event in heard]
    assert len(shares) > 4
    assert shares == sorted(shares)
    assert shares[-1] <= 0.9
    (upload,) = ota.uploads.all()
    assert (upload.phase, upload.received) == (Phase.STORED, len(IMAGE))
