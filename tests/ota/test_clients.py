"""Clients that cannot send headers: ESPHome, Arduino, Tasmota, esp_https_ota; and curl as a real one."""

import asyncio
import gzip
import hashlib
import json
from pathlib import Path
import random
import re
import shutil
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ota.data import OtaData
from custom_components.ota.rollout.models import JobState
from tests.ota.images import esp8266_image, signed

from .conftest import AddDevice, Client, Registered, Release, act, form, rollout

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

ARDUINO = {
    "User-Agent": "ESP32-http-Update",
    "x-ESP32-STA-MAC": "24:0A:C4:00:00:01",
    "x-ESP32-AP-MAC": "24:0A:C4:00:00:02",
    "x-ESP32-free-space": "1900544",
    "x-ESP32-sketch-size": "900000",
    "x-ESP32-sketch-sha256": "ab" * 32,
    "x-ESP32-chip-size": "4194304",
    "x-ESP32-sdk-version": "v5.5",
    "x-ESP32-mode": "sketch",
    "x-ESP32-version": "1.0.0",
}


def url(device: Registered, rest: str) -> str:
    return f"/api/ota/d/{device.issued.url_token}/{rest}"


def state(ota: OtaData, uid: str = "dev-1") -> JobState | None:
    job = ota.hub.state.job_of(uid)
    return job.state if job else None


async def becomes(ota: OtaData, wanted: JobState) -> bool:
    """The last byte reaches the client before the server has noted that it sent it."""
    for _ in range(6000):
        if state(ota) is wanted:
            return True
        await asyncio.sleep(0.02)
    return False


# -- ESPHome


def esphome_reads(text: str, chip_family: str, current: str) -> dict[str, Any] | None:
    """What ESPHome's update component makes of a manifest; None where it is an error for it."""
    data = json.loads(text)
    if not {"name", "version", "builds"} <= data.keys():
        return None
    for build in data["builds"]:
        if "chipFamily" not in build:
            return None
        if build["chipFamily"] == chip_family:
            ota = build.get("ota", {})
            if not {"path", "md5"} <= ota.keys():
                return None
            return {"update": data["version"] != current, "version": data["version"], **ota}
    return None


async def test_esphome_is_offered_its_update_and_outside_the_wave_its_own_version(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    first, second = await add_device("dev-1"), await add_device("dev-2")
    image = await release(notes="Better.", release_url="https://example.org/2.0.0")
    await rollout(hass, devices=["dev-1"])
    reply = await first.client.get(url(first, "manifest.json?version=1.0.0"))
    text = await reply.text()
    assert reply.headers["Content-Length"] == str(len(text))
    assert "Transfer-Encoding" not in reply.headers
    seen = esphome_reads(text, "ESP32-C3", "1.0.0")
    assert seen is not None
    assert seen["update"]
    assert (seen["summary"], seen["release_url"]) == ("Better.", "https://example.org/2.0.0")
    assert seen["md5"] == hashlib.md5(image, usedforsecurity=False).hexdigest()
    other = await (await first.client.get(url(second, "manifest.json?version=1.0.0"))).text()
    quiet = esphome_reads(other, "ESP32-C3", "1.0.0")
    assert quiet is not None
    assert not quiet["update"]
    assert await (await first.client.get(url(first, seen["path"]))).read() == image
    assert await becomes(ota, JobState.INSTALLING)
    await first.client.get(url(first, "manifest.json?version=2.0.0"))
    assert state(ota) is JobState.VERIFIED


async def test_esphome_without_known_version_gets_no_manifest(
    add_device: AddDevice,
) -> None:
    device = await add_device()
    assert (await device.client.get(url(device, "manifest.json"))).status == 404


async def test_the_manifest_has_the_form_of_the_captured_one(
    hass: HomeAssistant, add_device: AddDevice, release: Release, captures: Path
) -> None:
    captured = json.loads((captures / "esphome" / "http_request_update_manifest.json").read_text())
    device = await add_device()
    await release(notes="n", release_url="https://example.org/x")
    await rollout(hass)
    ours = await (await device.client.get(url(device, "manifest.json?version=1.0.0"))).json()
    assert ours.keys() == captured.keys()
    assert ours["builds"][0].keys() == captured["builds"][0].keys()
    assert ours["builds"][0]["ota"].keys() == captured["builds"][0]["ota"].keys()


async def test_web_tools_installs_the_factory_image_by_signed_links(
    hass: HomeAssistant, admin: Client, client: Client, release: Release, captures: Path
) -> None:
    await release()
    release_id = "thermostat:esp32c3:2.0.0"
    factory = b"\xff" * 4096 + b"bootloader and all"
    assert (await admin.get(f"/api/ota/web/{release_id}/manifest.json")).status == 404
    assert (await admin.get(f"/api/ota/web/{release_id}/factory.bin")).status == 404
    reply = await admin.post("/api/ota/releases/", data=form(factory, factory_of=release_id))
    assert reply.status == 201
    link = await act(hass, "installer_link", response=True, release=release_id)
    assert (await client.get(link["path"].partition("?")[0])).status == 401
    manifest = await (await client.get(link["path"])).json()
    captured = json.loads((captures / "esphome" / "esp_web_tools_manifest.json").read_text())
    assert manifest["builds"][0].keys() == captured["builds"][0].keys()
    part = manifest["builds"][0]["parts"][0]
    assert part["offset"] == 0
    assert await (await client.get(part["path"])).read() == factory


async def test_an_invalid_factory_image_is_rejected(ota: OtaData, admin: Client, release: Release) -> None:
    await release()
    for image, release_id, status in ((b"", "thermostat:esp32c3:2.0.0", 400), (b"x", "thermostat:esp32c3:9", 404)):
        reply = await admin.post("/api/ota/releases/", data=form(image, factory_of=release_id))
        assert reply.status == status
    assert not list((ota.images.store.folder / "incoming").iterdir())


# -- Arduino, Tasmota, esp_https_ota


async def test_arduino_gets_304_then_the_image_then_304(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    path = url(device, "update.bin")
    assert (await device.client.get(path, headers=ARDUINO)).status == 304
    image = await release()
    await rollout(hass)
    reply = await device.client.get(path, headers=ARDUINO)
    body = await reply.read()
    assert (reply.status, body) == (200, image)
    assert reply.headers["Content-Length"] == str(len(image))
    assert reply.headers["x-MD5"] == hashlib.md5(image, usedforsecurity=False).hexdigest()
    assert body[0] == 0xE9
    assert await becomes(ota, JobState.INSTALLING)
    reply = await device.client.get(path, headers={**ARDUINO, "x-ESP32-version": "2.0.0"})
    assert reply.status == 304
    assert state(ota) is JobState.VERIFIED


async def test_arduino_without_space_fails_and_file_systems_are_ignored(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await release()
    await rollout(hass)
    path = url(device, "update.bin")
    assert (await device.client.get(path, headers={**ARDUINO, "x-ESP32-mode": "spiffs"})).status == 304
    assert (await device.client.get(path, headers={**ARDUINO, "x-ESP32-free-space": "100"})).status == 304
    job = ota.hub.state.job_of("dev-1")
    assert job is not None
    assert (job.state, job.reason) == (JobState.FAILED, "no_space")


TASMOTA_8266 = {
    "User-Agent": "ESP8266-http-Update",
    "x-ESP8266-STA-MAC": "CC:50:E3:00:00:01",
    "x-ESP8266-AP-MAC": "CE:50:E3:00:00:01",
    "x-ESP8266-free-space": "360448",
    "x-ESP8266-sketch-size": "640000",
    "x-ESP8266-sketch-md5": "ab" * 16,
    "x-ESP8266-chip-size": "1048576",
    "x-ESP8266-sdk-version": "2.2.2-dev(38a443e)",
    "x-ESP8266-mode": "sketch",
}
"""What ESPhttpUpdate sends, as Tasmota uses it."""


async def test_tasmota_on_esp8266_is_updated_by_its_ota_url(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, admin: Client
) -> None:
    device = await add_device(product="tasmota", chip="esp8266")
    image = esp8266_image(payload=bytes(range(256)) * 8)
    manifest, signature = signed(image, product="tasmota", chip="esp8266", version="14.3.0", sequence=2)
    reply = await admin.post("/api/ota/releases/", data=form(image, manifest=manifest.decode(), signature=signature))
    assert reply.status == 201, await reply.text()
    # The rule that runs when it has started: WebQuery http://…/manifest.json?version=%value% GET
    manifest_url = url(device, "manifest.json?version=14.2.0(release-tasmota)")
    assert (await (await device.client.get(manifest_url)).json())["version"] == "14.2.0"
    await rollout(hass, version="14.3.0", product="tasmota")
    assert (await (await device.client.get(manifest_url)).json())["version"] == "14.3.0"
    # Upgrade 1
    headers = {**TASMOTA_8266, "x-ESP8266-version": "14.2.0(release-tasmota)"}
    # With its last attempts it looks for other files, which there are not.
    for other in ("update.bin.gz", "update-minimal.bin", "update-minimal.bin.gz"):
        assert (await device.client.get(url(device, other), headers=headers)).status == 404
    reply = await device.client.get(url(device, "update.bin"), headers=headers)
    assert (reply.status, await reply.read()) == (200, image)
    assert await becomes(ota, JobState.INSTALLING)
    await device.client.get(url(device, "manifest.json?version=14.3.0(release-tasmota)"))
    assert state(ota) is JobState.VERIFIED
    assert ota.hub.state.devices["dev-1"].installed_version == "14.3.0"


async def test_tasmota_without_space_installs_the_minimal_image_first(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, admin: Client
) -> None:
    device = await add_device(product="tasmota", chip="esp8266")
    images = {}
    for product, size in (("tasmota", 620_000), ("tasmota-minimal", 2000)):
        images[product] = image = gzip.compress(esp8266_image(random.Random(1).randbytes(size)))
        manifest, signature = signed(image, product=product, chip="esp8266", version="14.3.0", sequence=2)
        fields = {"manifest": manifest.decode(), "signature": signature}
        assert (await admin.post("/api/ota/releases/", data=form(image, **fields))).status == 201
    headers = {**TASMOTA_8266, "x-ESP8266-version": "14.2.0(release-tasmota)"}
    minimal = url(device, "update-minimal.bin")
    assert (await device.client.get(minimal, headers=headers)).status == 404  # no update is offered
    await rollout(hass, version="14.3.0", product="tasmota")
    reply = await device.client.get(url(device, "update.bin"), headers=headers)
    assert (reply.status, reply.content_length) == (200, len(images["tasmota"]))
    reply.close()  # too large: the client stops after the headers
    reply = await device.client.get(minimal, headers=headers)
    assert (reply.status, await reply.read()) == (200, images["tasmota-minimal"])
    assert reply.headers["x-MD5"] == hashlib.md5(images["tasmota-minimal"], usedforsecurity=False).hexdigest()
    # The minimal image runs and asks for the whole one.
    headers |= {"x-ESP8266-version": "14.3.0(minimal)", "x-ESP8266-free-space": "720000"}
    reply = await device.client.get(url(device, "update.bin"), headers=headers)
    assert (reply.status, await reply.read()) == (200, images["tasmota"])
    assert await becomes(ota, JobState.INSTALLING)
    assert ota.hub.state.devices["dev-1"].installed_version == "14.2.0"
    await device.client.get(url(device, "manifest.json?version=14.3.0(release-tasmota)"))
    assert state(ota) is JobState.VERIFIED


async def test_a_user_without_permission_reads_no_images(
    hass: HomeAssistant,
    ota: OtaData,
    admin: Client,
    release: Release,
    hass_client: ClientSessionGenerator,
    hass_read_only_access_token: str,
) -> None:
    await release()
    (release_id,) = ota.hub.state.releases
    factory = form(b"factory", factory_of=release_id)
    assert (await admin.post("/api/ota/releases/", data=factory)).status == 201
    reader = await hass_client(hass_read_only_access_token)
    for name in ("manifest.json", "factory.bin"):
        assert (await reader.get(f"/api/ota/web/{release_id}/{name}")).status == 403
        assert (await admin.get(f"/api/ota/web/{release_id}/{name}")).status == 200
    assert (await reader.get("/api/ota/releases/")).status == 403


async def test_tasmota_safeboot_is_not_the_installed_version(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device(product="tasmota", chip="esp32")
    image = await release("14.3.0", 2, product="tasmota", chip="esp32", chip_id=0, image_project="thermostat")
    await device.client.get(url(device, "manifest.json?version=14.2.0(tasmota32)"))
    await rollout(hass, version="14.3.0", product="tasmota")
    # Upgrade 1 restarts into safeboot, which may itself be of the new version already.
    for version in ("14.3.0(safeboot)", "14.3.0(tasmota32c3-safeboot)", "14.3.0(minimal)"):
        reply = await device.client.get(url(device, "update.bin"), headers={**ARDUINO, "x-ESP32-version": version})
        assert (reply.status, await reply.read()) == (200, image), version
    assert ota.hub.state.devices["dev-1"].installed_version == "14.2.0"
    headers = {**ARDUINO, "x-ESP32-version": "14.3.0(tasmota32)"}
    assert (await device.client.get(url(device, "update.bin"), headers=headers)).status == 304
    assert state(ota) is JobState.VERIFIED


async def test_the_secret_in_an_ota_url_is_one_devices_own(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    image = await release("14.3.0", 2, product="tasmota", chip="esp32", chip_id=0, image_project="thermostat")
    meant = await add_device("plug-1", product="tasmota", chip="esp32")
    other = await add_device("plug-2", product="tasmota", chip="esp32")
    await rollout(hass, version="14.3.0", product="tasmota", devices=["plug-1"])
    headers = {**ARDUINO, "x-ESP32-version": "14.2.0(tasmota32)"}
    assert (await other.client.get(url(other, "update.bin"), headers=headers)).status == 304
    reply = await meant.client.get(url(meant, "update.bin"), headers=headers)
    assert (reply.status, await reply.read()) == (200, image)
    for spoiled in (meant.issued.url_token[:-1], meant.issued.url_token + "A", meant.issued.key, "plug-1"):
        assert (await meant.client.get(f"/api/ota/d/{spoiled}/update.bin", headers=headers)).status == 401


async def test_a_head_request_changes_no_state(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    image = await release()
    await rollout(hass)
    assert (await device.client.head(url(device, "update.bin"))).status == 304  # not polled yet
    assert state(ota) is None
    await device.check(version="1.0.0")
    reply = await device.client.head(url(device, "update.bin"))
    assert (reply.status, reply.headers["Content-Length"]) == (200, str(len(image)))
    assert state(ota) is JobState.OFFERED


async def test_esp_https_ota_downloads_in_parts(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    image = await release(payload=bytes(range(256)) * 40)
    await rollout(hass)
    got = b""
    while len(got) < len(image):
        headers = {"Range": f"bytes={len(got)}-{len(got) + 4095}"}
        reply = await device.client.get(url(device, "update.bin?version=1.0.0"), headers=headers)
        assert reply.status == 206
        assert reply.headers["Content-Range"].startswith(f"bytes {len(got)}-")
        got += await reply.read()
    assert got == image
    assert await becomes(ota, JobState.INSTALLING)


@pytest.mark.parametrize(
    ("header", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=5-4", 200, slice(None)),
        ("bytes=0-1,5-6", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=99999999-", 416, slice(0, 0)),
        ("bytes=-0", 416, slice(0, 0)),
    ],
)
async def test_ranges(
    hass: HomeAssistant, add_device: AddDevice, release: Release, header: str, status: int, part: slice
) -> None:
    device = await add_device()
    image = await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    reply = await device.client.get(update["url"], headers={**device.headers, "Range": header})
    assert reply.status == status
    assert await reply.read() == image[part]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"If-None-Match": '"{etag}"'}, 304), ({"If-None-Match": '"x", W/"{etag}"'}, 304), ({"If-None-Match": "*"}, 304),
     ({"If-Match": '"x"'}, 412), ({"If-Match": '"{etag}"'}, 200)],
)  # fmt: skip
async def test_conditions(
    hass: HomeAssistant, add_device: AddDevice, release: Release, headers: dict[str, str], status: int
) -> None:
    device = await add_device()
    await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    filled = {name: value.replace("{etag}", update["sha256"]) for name, value in headers.items()}
    assert (await device.client.get(update["url"], headers={**device.headers, **filled})).status == status


# -- curl


async def curl(*args: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "-D", "-", *args, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(120):
        out, _ = await process.communicate()
    return process.returncode or 0, out.decode(errors="replace")


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@needs_curl
async def test_curl_with_http_1_0(
    hass: HomeAssistant, add_device: AddDevice, release: Release, tmp_path: Path, socket_enabled: None
) -> None:
    """HTTPUpdate speaks HTTP/1.0 and needs a length."""
    device = await add_device()
    image = await release()
    await rollout(hass)
    target = tmp_path / "fw.bin"
    code, out = await curl("-0", "-o", str(target), str(device.client.make_url(url(device, "update.bin"))))
    assert code == 0, out
    assert target.read_bytes() == image
    assert re.search(rf"(?i)content-length: {len(image)}\b", out)


@needs_curl
async def test_curl_resumes(
    hass: HomeAssistant, add_device: AddDevice, release: Release, tmp_path: Path, socket_enabled: None
) -> None:
    device = await add_device()
    image = await release(payload=bytes(range(256)) * 100)
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    target = tmp_path / "fw.bin"
    target.write_bytes(image[:5000])
    key = f"X-Device-Key: {device.issued.key}"
    code, out = await curl("-C", "-", "-H", key, "-o", str(target), str(device.client.make_url(update["url"])))
    assert code == 0, out
    assert "206" in out
    assert target.read_bytes() == image


async def test_slow_client_shows_progress_without_blocking_the_loop(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    image = await release(payload=bytes(6 * 1024 * 1024))
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    reply = await device.client.get(update["url"], headers=device.headers)
    got = 0
    seen: set[int | None] = set()
    async for chunk in reply.content.iter_chunked(64 * 1024):
        got += len(chunk)
        job = ota.hub.state.job_of("dev-1")
        assert job is not None
        seen.add(job.progress)
        await asyncio.sleep(0)
    assert got == len(image)
    assert len(seen) > 3
    assert await becomes(ota, JobState.INSTALLING)


async def test_disconnected_client_may_resume(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    image = await release(payload=bytes(8 * 1024 * 1024))
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    reply = await device.client.get(update["url"], headers=device.headers)
    await reply.content.readexactly(1000)
    reply.close()
    await asyncio.sleep(0.2)
    assert state(ota) is JobState.DOWNLOADING
    reply = await device.client.get(update["url"], headers={**device.headers, "Range": "bytes=1000-"})
    assert await reply.read() == image[1000:]
    assert await becomes(ota, JobState.INSTALLING)
