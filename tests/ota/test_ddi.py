"""hawkBit DDI, and Debian's swupdate as a real client of it."""

import asyncio
import hashlib
import json
from pathlib import Path
import shutil
import subprocess
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ota.data import OtaData
from custom_components.ota.rollout.models import JobState
from tests.ota.images import signed

from .conftest import AddDevice, Client, Registered, Release, act, form, rollout

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

ROOT = "/api/ota/ddi/DEFAULT/controller/v1/dev-1"


class Controller:
    """A DDI client, from hawkBit's description."""

    def __init__(self, device: Registered) -> None:
        self._client = device.client
        self._headers = {"Authorization": f"TargetToken {device.issued.key}"}

    async def get(self, url: str) -> Any:
        reply = await self._client.get(_path(url), headers=self._headers)
        assert reply.status == 200, await reply.text()
        return await reply.json() if reply.content_type == "application/json" else await reply.read()

    async def poll(self) -> dict[str, Any]:
        base = await self.get(ROOT)
        assert base["config"]["polling"]["sleep"] == "00:05:00"
        links: dict[str, Any] = base["_links"]
        return links

    async def feedback(self, url: str, execution: str, finished: str = "none", **more: Any) -> int:
        number = url.rpartition("/")[2]
        body = {"id": number, "status": {"execution": execution, "result": {"finished": finished}, **more}}
        reply = await self._client.post(f"{_path(url)}/feedback", json=body, headers=self._headers)
        return reply.status

    async def put(self, url: str, body: Any) -> int:
        return (await self._client.put(_path(url), json=body, headers=self._headers)).status


def _path(url: str) -> str:
    return "/" + url.split("/", 3)[3] if url.startswith("http") else url


async def test_a_controller_is_updated(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    controller = Controller(await add_device())
    links = await controller.poll()
    assert set(links) == {"configData"}
    assert await controller.put(links["configData"]["href"], {"mode": "merge", "data": {"version": "1.0.0"}}) == 200
    assert ota.hub.state.devices["dev-1"].installed_version == "1.0.0"
    assert set(await controller.poll()) == set()
    image = await release()
    await rollout(hass)
    href = (await controller.poll())["deploymentBase"]["href"]
    deployment = await controller.get(href)
    assert isinstance(deployment["id"], str)
    assert deployment["deployment"]["update"] == "forced"
    (chunk,) = deployment["deployment"]["chunks"]
    (artifact,) = chunk["artifacts"]
    assert artifact["size"] == len(image)
    assert artifact["hashes"]["sha1"] == hashlib.sha1(image, usedforsecurity=False).hexdigest()
    assert await controller.feedback(href, "proceeding", result_="") == 200
    assert await controller.get(artifact["_links"]["download-http"]["href"]) == image
    assert await controller.feedback(href, "closed", "success") == 200
    job = ota.hub.state.job_of("dev-1")
    assert job is not None
    assert job.state is JobState.VERIFIED
    assert ota.hub.state.devices["dev-1"].installed_version == "2.0.0"
    assert "deploymentBase" not in await controller.poll()


async def test_failure_is_reported_with_its_details(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    controller = Controller(await add_device())
    await release()
    await rollout(hass)
    href = (await controller.poll())["deploymentBase"]["href"]
    await controller.feedback(href, "closed", "failure", details=["one", "bad signature"])
    job = ota.hub.state.job_of("dev-1")
    assert job is not None
    assert (job.state, job.reason) == (JobState.FAILED, "bad signature")
    assert "deploymentBase" not in await controller.poll()


async def test_closed_with_none_is_a_success_as_in_hawkbit(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    controller = Controller(await add_device())
    await release()
    await rollout(hass)
    await controller.feedback((await controller.poll())["deploymentBase"]["href"], "closed", "none")
    job = ota.hub.state.job_of("dev-1")
    assert job is not None
    assert job.state is JobState.VERIFIED


async def test_an_aborted_rollout_is_cancelled_until_the_client_confirms(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    controller = Controller(await add_device())
    await release()
    rollout_id = await rollout(hass)
    await controller.poll()
    await act(hass, "abort", rollout=rollout_id)
    href = (await controller.poll())["cancelAction"]["href"]
    action = await controller.get(href)
    assert action["cancelAction"]["stopId"] == action["id"]
    assert await controller.feedback(href, "closed", "success") == 200
    assert "cancelAction" not in await controller.poll()


@pytest.mark.parametrize("tenant", ["OTHER", "%2e%2e"])
async def test_another_tenant_is_refused(add_device: AddDevice, tenant: str) -> None:
    device = await add_device()
    headers = {"Authorization": f"TargetToken {device.issued.key}"}
    reply = await device.client.get(f"/api/ota/ddi/{tenant}/controller/v1/dev-1", headers=headers)
    assert reply.status in (401, 404)


async def test_a_gateway_token_is_not_known(add_device: AddDevice) -> None:
    device = await add_device()
    headers = {"Authorization": f"GatewayToken {device.issued.key}"}
    assert (await device.client.get(ROOT, headers=headers)).status == 401


async def test_actions_of_others_are_not_found(hass: HomeAssistant, add_device: AddDevice, release: Release) -> None:
    device = await add_device()
    controller = Controller(device)
    await release()
    await rollout(hass)
    href = _path((await controller.poll())["deploymentBase"]["href"])
    headers = {"Authorization": f"TargetToken {device.issued.key}"}
    for path in (href[:-1] + "99", href + "x", f"{ROOT}/cancelAction/99", f"{ROOT}/softwaremodules/99/artifacts/x.bin"):
        assert (await device.client.get(path, headers=headers)).status == 404
    reply = await device.client.get(f"{ROOT}/softwaremodules/{href.rpartition('/')[2]}/artifacts/..", headers=headers)
    assert reply.status in (400, 404)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": []}, "status"),
        ({"status": {"result": {"finished": "none"}}}, "status.execution"),
        ({"status": {"execution": "dancing", "result": {"finished": "none"}}}, "status.execution"),
        ({"status": {"execution": "closed"}}, "status.result"),
        ({"status": {"execution": "closed", "result": {"finished": "maybe"}}}, "status.result.finished"),
        ({"id": "999", "status": {"execution": "closed", "result": {"finished": "none"}}}, "id"),
        ({"id": True, "status": {"execution": "closed", "result": {"finished": "none"}}}, "id"),
    ],
)
async def test_bad_feedback_is_named(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, body: Any, field: str
) -> None:
    device = await add_device()
    controller = Controller(device)
    await release()
    await rollout(hass)
    href = _path((await controller.poll())["deploymentBase"]["href"])
    headers = {"Authorization": f"TargetToken {device.issued.key}"}
    reply = await device.client.post(f"{href}/feedback", json=body, headers=headers)
    assert (reply.status, (await reply.json())["field"]) == (400, field)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"mode": "replace", "data": {"b": "2"}}, 200),
        ({"mode": "remove", "data": {"a": ""}}, 200),
        ({"mode": "dance", "data": {}}, 400),
        ({"data": {"a": 5}}, 400),
        ({"data": {"k" * 40: "x"}}, 400),
        ({"data": {str(n): "x" for n in range(101)}}, 400),
        ({}, 400),
    ],
)
async def test_config_data(add_device: AddDevice, ota: OtaData, body: Any, status: int) -> None:
    controller = Controller(await add_device())
    assert await controller.put(f"{ROOT}/configData", {"data": {"a": "1"}}) == 200
    assert await controller.put(f"{ROOT}/configData", body) == status
    expected = {"replace": {"b": "2"}, "remove": {}}.get(str(body.get("mode")), {"a": "1"})
    assert ota.hub.state.devices["dev-1"].attributes == expected
    await ota.devices.async_sync()  # as at each start
    assert ota.hub.state.devices["dev-1"].attributes == expected


# -- swupdate


def run(*args: str, cwd: Path) -> None:
    subprocess.run(args, cwd=cwd, check=True, capture_output=True, timeout=60)


def swu(folder: Path, version: str, target: Path, payload: bytes) -> bytes:
    """A signed .swu: cpio (crc) of sw-description, its CMS signature and the file."""
    key, cert = folder / "k.pem", folder / "k.crt"
    if not key.exists():
        run("openssl", "genrsa", "-out", str(key), "2048", cwd=folder)
        usage = "extendedKeyUsage=emailProtection,codeSigning"
        run(
            "openssl", "req", "-x509", "-new", "-key", str(key), "-subj", "/CN=t", "-days", "30",
            "-addext", usage, "-out", str(cert), cwd=folder,
        )  # fmt: skip
    digest = hashlib.sha256(payload).hexdigest()
    (folder / "sw-description").write_text(
        f'software = {{ version = "{version}"; hardware-compatibility: [ "1.0" ]; '
        f'files: ( {{ filename = "fw.bin"; path = "{target}"; sha256 = "{digest}"; }} ); }}\n'
    )
    run(
        "openssl", "cms", "-sign", "-in", "sw-description", "-out", "sw-description.sig", "-signer", str(cert),
        "-inkey", str(key), "-outform", "DER", "-nosmimecap", "-binary", cwd=folder,
    )  # fmt: skip
    files = [(name, (folder / name).read_bytes()) for name in ("sw-description", "sw-description.sig")]
    return cpio([*files, ("fw.bin", payload)])


def cpio(files: list[tuple[str, bytes]]) -> bytes:
    """An archive of the kind 070702, whose checksum field is the sum of the bytes."""
    out = b""
    for number, (name, data) in enumerate([*files, ("TRAILER!!!", b"")], 1):
        last = name == "TRAILER!!!"
        fields = [
            0 if last else number, 0 if last else 0o100644, 0, 0, 1, 0, len(data),
            0, 0, 0, 0, len(name) + 1, sum(data) & 0xFFFFFFFF,
        ]  # fmt: skip
        head = b"070702" + b"".join(f"{field:08X}".encode() for field in fields) + name.encode() + b"\0"
        out += head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    return out + bytes(-len(out) % 512)


async def swupdate(folder: Path, url: str, token: str, *more: str, until: Any) -> str:
    """Run Debian's swupdate in the background until a condition is true; return its log."""
    hawkbit = " ".join([f"-t DEFAULT -i dev-1 -u {url} -k {token}", *more])
    log = folder / "swupdate.log"
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            "swupdate", "-v", "-k", str(folder / "k.crt"), "-H", "esp:1.0", "-u", hawkbit,
            cwd=folder, stdout=sink, stderr=sink, env={"PATH": "/usr/sbin:/usr/bin:/bin", "TMPDIR": str(folder)},
        )  # fmt: skip
        try:
            async with asyncio.timeout(60):
                while not until():
                    assert process.returncode is None, log.read_text(errors="replace")[-3000:]
                    await asyncio.sleep(0.1)
        finally:
            if process.returncode is None:
                process.terminate()
            try:
                async with asyncio.timeout(10):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
    return log.read_text(errors="replace")


needs_swupdate = pytest.mark.skipif(
    shutil.which("swupdate") is None or shutil.which("openssl") is None,
    reason="Debian's swupdate and openssl are not installed (apt-get install swupdate)",
)


@needs_swupdate
async def test_swupdate_runs_a_full_cycle(
    hass: HomeAssistant,
    ota: OtaData,
    admin: Client,
    add_device: AddDevice,
    tmp_path: Path,
    socket_enabled: None,
) -> None:
    device = await add_device(chip="generic", product="gateway")
    work = tmp_path / "swupdate"
    work.mkdir()
    target, payload = work / "installed.bin", bytes(range(256)) * 300
    image = swu(work, "1.2.3", target, payload)
    manifest, signature = signed(image, product="gateway", chip="generic", version="1.2.3")
    reply = await admin.post("/api/ota/releases/", data=form(image, manifest=manifest.decode(), signature=signature))
    assert reply.status == 201, await reply.text()
    await rollout(hass, "1.2.3", product="gateway")
    base = str(device.client.make_url("/api/ota/ddi"))

    def job_state() -> JobState | None:
        job = ota.hub.state.job_of("dev-1")
        return job.state if job else None

    # Run 1: poll, deployment, HEAD and GET of the artifact, installation. It stays «proceeding».
    said = await swupdate(
        work, base, device.issued.key, until=lambda: target.exists() and target.read_bytes() == payload
    )
    assert target.read_bytes() == payload, said[-2000:]
    assert job_state() in (JobState.DOWNLOADING, JobState.INSTALLING, JobState.VERIFIED), said[-2000:]
    # Run 2, after the «reboot»: it reports the success.
    said = await swupdate(work, base, device.issued.key, "-c", "2", until=lambda: job_state() is JobState.VERIFIED)
    assert job_state() is JobState.VERIFIED, said[-2000:]
    assert ota.hub.state.devices["dev-1"].installed_version == "1.2.3"
    assert any(m for m in ota.hub.state.devices["dev-1"].history if m.kind == "verified")


@needs_swupdate
async def test_swupdate_reports_a_bad_image(
    hass: HomeAssistant,
    ota: OtaData,
    admin: Client,
    add_device: AddDevice,
    tmp_path: Path,
    socket_enabled: None,
) -> None:
    device = await add_device(chip="generic", product="gateway")
    work = tmp_path / "swupdate"
    work.mkdir()
    image = bytearray(swu(work, "1.2.3", work / "installed.bin", bytes(range(256)) * 30))
    image[-2000] ^= 1
    manifest, signature = signed(bytes(image), product="gateway", chip="generic", version="1.2.3")
    reply = await admin.post(
        "/api/ota/releases/", data=form(bytes(image), manifest=manifest.decode(), signature=signature)
    )
    assert reply.status == 201
    await rollout(hass, "1.2.3", product="gateway")

    def failed() -> bool:
        job = ota.hub.state.job_of("dev-1")
        return job is not None and job.state is JobState.FAILED

    base = str(device.client.make_url("/api/ota/ddi"))
    said = await swupdate(work, base, device.issued.key, until=failed)
    assert failed(), said[-2000:]
    assert not (work / "installed.bin").exists()
    assert json.dumps([event.kind for event in ota.hub.state.devices["dev-1"].history])
