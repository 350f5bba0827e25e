"""DDI clients that are not as hawkBit's description: Zephyr's fixed path, gateways, MAC addresses as IDs."""

import hashlib
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ota.data import OtaData
from custom_components.ota.flows.device_subentry import DEVICE_ID
from custom_components.ota.rollout.models import JobState

from .conftest import AddDevice, Client, Release, form, rollout
from .images import signed

MAC = "30:AE:A4:00:12:f0"


def host_path(href: str) -> str:
    """Return what Zephyr requests: the part after the host."""
    return href[href.index("/", href.index("//") + 2) :]


@pytest.mark.parametrize("tenant", ["default", "DEFAULT"])
@pytest.mark.parametrize("uid", ["nrf52840dk-0123456789abcdef", MAC])
async def test_zephyr_is_updated_at_its_fixed_path(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, tenant: str, uid: str
) -> None:
    device = await add_device(uid)
    image = await release()
    await rollout(hass)
    root = f"/{tenant}/controller/v1/{uid}"
    client, headers = device.client, {"Authorization": f"TargetToken {device.issued.key}"}

    async def get(path: str) -> Any:
        reply = await client.get(path, headers=headers)
        assert reply.status == 200, await reply.text()
        return await reply.json()

    base = await get(root)
    assert len(base["config"]["polling"]["sleep"]) == 8
    config = {"mode": "merge", "data": {"VIN": uid, "hwRevision": "3"}}
    reply = await client.put(host_path(base["_links"]["configData"]["href"]), json=config, headers=headers)
    assert reply.status == 200
    href = base["_links"]["deploymentBase"]["href"]
    number = href[href.index("deploymentBase/") + len("deploymentBase/") :]
    deployment = await get(f"{root}/deploymentBase/{number}")
    (chunk,) = deployment["deployment"]["chunks"]
    assert chunk["part"] == "bApp"
    (artifact,) = chunk["artifacts"]
    href = artifact["_links"]["download-http"]["href"]
    assert "/DEFAULT/controller/v1" in href, "older clients begin there"
    reply = await client.get(host_path(href), headers=headers)
    assert hashlib.sha256(await reply.read()).hexdigest() == artifact["hashes"]["sha256"]
    assert artifact["size"] == len(image)
    body = {"id": number, "status": {"execution": "closed", "result": {"finished": "success"}}}
    reply = await client.post(f"{root}/deploymentBase/{number}/feedback", json=body, headers=headers)
    assert reply.status == 200
    job = ota.hub.state.job_of(uid)
    assert job is not None
    assert job.state is JobState.VERIFIED
    assert "deploymentBase" not in (await get(root))["_links"]
    assert (await client.get(root)).status == 401
    assert (await client.get(f"/other/controller/v1/{uid}", headers=headers)).status == 404


@pytest.mark.parametrize("skipped", [0, 1], ids=["older", "skips a character"])
async def test_zephyr_confirms_a_canceled_update(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, skipped: int
) -> None:
    device = await add_device()
    await release()
    await rollout(hass)
    client, headers = device.client, {"Authorization": f"TargetToken {device.issued.key}"}
    root = "/default/controller/v1/dev-1"
    assert "deploymentBase" in (await (await client.get(root, headers=headers)).json())["_links"]
    ota.hub.engine.cancel("dev-1", ota.hub.now)
    await ota.hub.async_commit()
    href = (await (await client.get(root, headers=headers)).json())["_links"]["cancelAction"]["href"]
    number = int(href[href.index("cancelAction/") + len("cancelAction/") + skipped :])
    job = ota.hub.state.job_of("dev-1")
    assert job is not None
    assert number == job.job_id
    body = {"status": {"execution": "closed", "result": {"finished": "success"}}}
    reply = await client.post(f"{host_path(href)}/feedback", json=body, headers=headers)
    assert reply.status == 200
    assert "cancelAction" not in (await (await client.get(root, headers=headers)).json())["_links"]


async def test_the_configured_path_has_the_usual_part(
    hass: HomeAssistant, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await release()
    await rollout(hass)
    headers = {"Authorization": f"TargetToken {device.issued.key}"}
    base = await (await device.client.get("/api/ota/ddi/DEFAULT/controller/v1/dev-1", headers=headers)).json()
    href = host_path(base["_links"]["deploymentBase"]["href"])
    assert href.startswith("/api/ota/ddi/DEFAULT/")
    deployment = await (await device.client.get(href, headers=headers)).json()
    assert deployment["deployment"]["chunks"][0]["part"] == "os"


async def test_a_gateway_calls_for_all_stand_alone_devices(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    device = await add_device()
    await add_device("dev-2")
    init = await hass.config_entries.options.async_init(entry.entry_id)
    step = await hass.config_entries.options.async_configure(init["flow_id"], {"next_step_id": "gateway_token"})
    done = await hass.config_entries.options.async_configure(step["flow_id"], {})
    assert done["reason"] == "gateway_token_made"
    token = done["description_placeholders"]["token"]

    async def status(uid: str, scheme: str, token: str) -> int:
        headers = {"Authorization": f"{scheme} {token}"}
        return (await device.client.get(f"/api/ota/ddi/DEFAULT/controller/v1/{uid}", headers=headers)).status

    for uid in ("dev-1", "dev-2"):
        assert await status(uid, "GatewayToken", token) == 200
        assert ota.hub.state.devices[uid].last_seen is not None
    for uid, scheme, presented in (
        ("dev-3", "GatewayToken", token),
        ("dev-1", "TargetToken", token),
        ("dev-1", "GatewayToken", device.issued.key),
        ("dev-1", "GatewayToken", ""),
        ("dev-1", "GatewayToken", token[:-1]),
    ):
        assert await status(uid, scheme, presented) == 401
    native = await device.client.post("/api/ota/v1/devices/dev-1/check/", json={}, headers={"X-Device-Key": token})
    assert native.status == 401
    # It survives a restart and other changes of keys; a new one replaces it.
    await ota.keys.async_issue("dev-2", dt_util.utcnow())
    await ota.keys.async_issue_upload()
    await hass.config_entries.async_reload(entry.entry_id)
    assert await status("dev-1", "GatewayToken", token) == 200
    newer = await entry.runtime_data.keys.async_issue_gateway()
    assert await status("dev-1", "GatewayToken", token) == 401
    assert await status("dev-1", "GatewayToken", newer) == 200


async def test_a_gateway_token_needs_a_loaded_entry(hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    init = await hass.config_entries.options.async_init(entry.entry_id)
    step = await hass.config_entries.options.async_configure(init["flow_id"], {"next_step_id": "gateway_token"})
    assert step["reason"] == "not_loaded"


@pytest.mark.parametrize("uid", [MAC, "dev-1", "a", "nrf52840dk-01"])
def test_device_ids(uid: str) -> None:
    assert DEVICE_ID.fullmatch(uid)


@pytest.mark.parametrize("uid", ["30:AE:A4:00:12", "30:AE:A4:00:12:zz", "a:b", "iot_heating:x", "", "-a", MAC + ":00"])
def test_other_ids_are_refused(uid: str) -> None:
    assert not DEVICE_ID.fullmatch(uid)


async def test_a_deployment_has_all_artifacts_of_the_release(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, admin: Client
) -> None:
    """Releases of `PRODUCT.NAME` with the same version are further artifacts; others are not sent."""
    device = await add_device()
    product = ota.hub.state.devices["dev-1"].product
    image = await release()

    async def upload(name: str, sequence: int, version: str = "2.0.0") -> bytes:
        content = f"{name} {version} ".encode() * 500
        manifest, signature = signed(content, product=name, chip="generic", version=version, sequence=sequence)
        fields = {"manifest": manifest.decode(), "signature": signature}
        reply = await admin.post("/api/ota/releases/", data=form(content, **fields))
        assert reply.status == 201, await reply.text()
        return content

    parts = {name: await upload(f"{product}.{name}", number) for number, name in ((31, "rootfs"), (32, "dtb"))}
    other = await upload(f"{product}.dtb", 40, "3.0.0")
    neighbor = await upload(f"{product}-x", 41)
    await rollout(hass)
    client, headers = device.client, {"Authorization": f"TargetToken {device.issued.key}"}
    root = "/api/ota/ddi/DEFAULT/controller/v1/dev-1"
    base = await (await client.get(root, headers=headers)).json()
    href = host_path(base["_links"]["deploymentBase"]["href"])
    (chunk,) = (await (await client.get(href, headers=headers)).json())["deployment"]["chunks"]
    got = []
    for artifact in chunk["artifacts"]:
        reply = await client.get(host_path(artifact["_links"]["download"]["href"]), headers=headers)
        content = await reply.read()
        assert hashlib.sha256(content).hexdigest() == artifact["hashes"]["sha256"]
        assert artifact["size"] == len(content)
        got.append(content)
    assert got == [image, parts["dtb"], parts["rootfs"]]
    assert len({artifact["filename"] for artifact in chunk["artifacts"]}) == 3
    number = href.rpartition("/")[2]
    artifacts = f"{root}/softwaremodules/{number}/artifacts"
    for content in (other, neighbor):
        reply = await client.get(f"{artifacts}/{hashlib.sha256(content).hexdigest()}.bin", headers=headers)
        assert reply.status != 200
    # At the fixed path, Zephyr's client takes one artifact only.
    fixed = await client.get(f"/default/controller/v1/dev-1/deploymentBase/{number}", headers=headers)
    (chunk,) = (await fixed.json())["deployment"]["chunks"]
    assert len(chunk["artifacts"]) == 1
    # A part of the first artifact's size after an interruption, as for the image.
    dtb = f"{artifacts}/{hashlib.sha256(parts['dtb']).hexdigest()}.bin"
    resumed = await client.get(dtb, headers={**headers, "Range": "bytes=10-"})
    assert (resumed.status, await resumed.read()) == (206, parts["dtb"][10:])
    body = {"id": number, "status": {"execution": "closed", "result": {"finished": "success"}}}
    assert (await client.post(f"{href}/feedback", json=body, headers=headers)).status == 200
    assert (await client.get(dtb, headers=headers)).status != 200, "the deployment is finished"
