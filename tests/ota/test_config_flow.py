"""Config, options and subentry flows, each with its errors and the way out of them."""

from pathlib import Path
from typing import Any

from aiohttp import FormData
from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.network import NoURLAvailableError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ota.data import OtaData
from custom_components.ota.rollout.manifest import Channel
from custom_components.ota.rollout.schedule import Window
from tests.ota.images import esp32_image, public_key, signed

from .conftest import AddDevice, Client, FullDisk

KEY = public_key().raw.hex()
IMAGE = esp32_image()


async def test_user_flow_with_a_wrong_key_first(hass: HomeAssistant) -> None:
    result = await hass.config_entries.flow.async_init("ota", context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"require_signature": True, "signing_keys": ["nonsense"]}
    )
    assert result["errors"] == {"signing_keys": "bad_key"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"require_signature": True, "signing_keys": [f" {KEY} ", ""]}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["options"] == {"require_signature": True, "signing_keys": [KEY]}
    await hass.async_block_till_done()


async def test_only_one_entry_is_allowed(hass: HomeAssistant, ota: OtaData) -> None:
    result = await hass.config_entries.flow.async_init("ota", context={"source": SOURCE_USER})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "single_instance_allowed")


async def options(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> Any:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    return await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": step})


async def test_settings_apply_at_once(hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry) -> None:
    result = await options(hass, entry, "settings")
    values = {
        "require_signature": False,
        "signing_keys": ["x"],
        "poll_s": 60,
        "upload_limit_mib": 2,
        "keep_releases": 3,
    }
    result = await hass.config_entries.options.async_configure(result["flow_id"], values)
    assert result["errors"] == {"signing_keys": "bad_key"}
    result = await hass.config_entries.options.async_configure(result["flow_id"], {**values, "signing_keys": []})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.runtime_data is ota  # no reload
    assert (ota.settings.require_signature, ota.settings.poll_s, ota.settings.keep_releases) == (False, 60, 3)
    assert ota.settings.upload_limit == 2 * 1024 * 1024


async def submit(hass: HomeAssistant, flow: str, values: dict[str, Any]) -> Any:
    """Fill in the form and wait until the image is checked and stored, or refused."""
    manager = hass.config_entries.options
    result = await manager.async_configure(flow, values)
    assert (result["type"], result["progress_action"]) == (FlowResultType.SHOW_PROGRESS, "importing")
    for _ in range(20):
        if result["type"] is not FlowResultType.SHOW_PROGRESS:
            break
        await hass.async_block_till_done()
        result = await manager.async_configure(flow)
    return result


async def put_file(admin: Client, data: bytes) -> str:
    form = FormData()
    form.add_field("file", data, filename="firmware.bin")
    reply = await admin.post("/api/file_upload", data=form)
    file_id: str = (await reply.json())["file_id"]
    return file_id


async def test_upload_in_the_browser_refused_first_then_signed(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, admin: Client, tmp_path: Path
) -> None:
    result = await options(hass, entry, "upload")
    flow = result["flow_id"]
    base = {"channel": "stable"}
    result = await hass.config_entries.options.async_configure(flow, {**base, "file": await put_file(admin, IMAGE)})
    assert result["errors"] == {"chip": "chip_missing"}
    result = await submit(hass, flow, {**base, "file": await put_file(admin, IMAGE), "chip": "esp32c3"})
    assert result["errors"] == {"base": "unsigned"}
    result = await submit(hass, flow, {**base, "file": "0" * 32, "chip": "esp32c3"})
    assert result["errors"]
    manifest, signature = signed(IMAGE)
    result = await submit(
        hass,
        flow,
        {
            **base,
            "file": await put_file(admin, IMAGE),
            "manifest": manifest.decode() + "\n",
            "signature": signature,
        },
    )
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "uploaded")
    assert result["description_placeholders"]["version"] == "1.2.3"
    assert "thermostat:esp32c3:1.2.3" in ota.hub.state.releases


async def test_missing_file_can_be_selected_again(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, admin: Client
) -> None:
    flow = (await options(hass, entry, "upload"))["flow_id"]
    manifest, signature = signed(IMAGE)
    values = {"channel": "stable", "file": await put_file(admin, IMAGE), "manifest": manifest.decode()}
    result = await submit(hass, flow, {**values, "signature": signature[:-8] + "AAAAAAA="})
    assert result["errors"] == {"base": "bad_signature"}
    with process_uploaded_file(hass, values["file"]):
        pass
    result = await submit(hass, flow, {**values, "signature": signature})
    assert result["errors"] == {"file": "file_gone"}
    values["file"] = await put_file(admin, IMAGE)
    result = await submit(hass, flow, {**values, "signature": signature})
    assert result["reason"] == "uploaded"


async def test_rejection_is_shown_after_the_dialog_subscribed(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ota.flows.upload.MIN_PROGRESS_S", 0.1)
    flow = (await options(hass, entry, "upload"))["flow_id"]
    values = {"channel": "stable", "file": await put_file(admin, b"no image"), "chip": "esp32c3"}
    began = hass.loop.time()
    result = await submit(hass, flow, values)
    assert result["errors"] == {"base": "unsigned"}
    assert hass.loop.time() - began >= 0.1


async def test_default_url_is_shown_without_a_configured_one(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any, **__: Any) -> str:
        raise NoURLAvailableError

    monkeypatch.setattr("custom_components.ota.flows.device_subentry.get_url", none)
    result = await start(hass, entry, "device")
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], FACTS)
    assert result["description_placeholders"]["ddi_url"] == "http://homeassistant.local:8123/api/ota/ddi"


async def test_an_unsigned_upload_if_allowed(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, admin: Client
) -> None:
    hass.config_entries.async_update_entry(entry, options={"require_signature": False})
    await hass.async_block_till_done()
    flow = (await options(hass, entry, "upload"))["flow_id"]
    values = {"channel": "beta", "chip": "esp32", "file": await put_file(admin, IMAGE)}
    result = await submit(hass, flow, values)
    assert result["errors"] == {"base": "wrong_chip"}
    assert result["description_placeholders"]["found"] == "esp32c3"
    values |= {"chip": "esp32c3", "file": await put_file(admin, IMAGE)}
    result = await submit(hass, flow, values)
    assert result["reason"] == "uploaded"
    (release,) = ota.hub.state.releases.values()
    assert (release.channel, release.key_id, release.sequence) == (Channel.BETA, None, 1)


async def test_failed_save_of_the_registry_is_reported(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, admin: Client, full_disk: FullDisk
) -> None:
    flow = (await options(hass, entry, "upload"))["flow_id"]
    manifest, signature = signed(IMAGE)
    file_id = await put_file(admin, IMAGE)
    values = {"channel": "stable", "file": file_id, "manifest": manifest.decode(), "signature": signature}
    with full_disk():
        result = await submit(hass, flow, values)
    assert result["errors"] == {"base": "storage_failed"}
    assert result["description_placeholders"]["error"]


async def test_the_upload_key_is_shown_once(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, client: Client
) -> None:
    result = await options(hass, entry, "upload_key")
    result = await hass.config_entries.options.async_configure(result["flow_id"], {})
    assert result["reason"] == "upload_key_made"
    key = result["description_placeholders"]["key"]
    assert (await client.get("/api/ota/releases/", headers={"X-Device-Key": key})).status == 200


@pytest.mark.parametrize("step", ["upload", "upload_key"])
async def test_views_require_a_loaded_entry(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, step: str
) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    assert (await options(hass, entry, step))["reason"] == "not_loaded"


# -- devices

FACTS: dict[str, Any] = {
    "name": "Cellar",
    "device_id": "cellar-1",
    "product": "thermostat",
    "chip": "esp32c3",
    "place": {"group": "house", "zone": "cellar", "tags": [" lab ", "", "lab"], "metadata": {"shelf": 3}},
    "policy": {
        "may_update": True,
        "may_roll_back": False,
        "channel": "beta",
        "window_start": "22:00:00",
        "window_end": "05:00:00",
        "window_days": ["mon"],
    },
}


async def start(hass: HomeAssistant, entry: MockConfigEntry, kind: str, subentry_id: str | None = None) -> Any:
    context: dict[str, Any] = {"source": SOURCE_USER}
    if subentry_id is not None:
        context = {"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    return await hass.config_entries.subentries.async_init((entry.entry_id, kind), context=context)


async def test_a_device_is_added_and_its_secrets_are_shown_once(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, client: Client, hass_storage: dict[str, Any]
) -> None:
    result = await start(hass, entry, "device")
    pasted = {**FACTS, "device_id": f" {FACTS['device_id']} ", "product": f"{FACTS['product']} "}
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], pasted)
    assert (result["step_id"], result["description_placeholders"]["device_id"]) == ("key", FACTS["device_id"])
    shown = result["description_placeholders"]
    headers = {"X-Device-Key": shown["key"]}
    assert (await client.get("/api/ota/v1/devices/cellar-1/check/", headers=headers)).status == 401  # not yet
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "cellar-1" in str(hass_storage["ota.keys"])  # before the subentry was made
    await hass.async_block_till_done()
    assert (await client.get("/api/ota/v1/devices/cellar-1/check/", headers=headers)).status == 200
    path = "/" + shown["manifest_url"].split("/", 3)[3]
    assert (await client.get(path + "?version=1.0")).status == 200
    device = ota.hub.state.devices["cellar-1"]
    assert (device.name, device.group, device.zone, device.tags) == ("Cellar", "house", "cellar", ("lab",))
    assert device.metadata == {"shelf": "3"}
    assert device.policy.window == Window("22:00", "05:00", ("mon",))
    assert (device.policy.may_roll_back, device.policy.channel) == (False, Channel.BETA)
    assert hass.states.get("update.cellar_firmware") is not None


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"name": " "}, {"name": "name_empty"}),
        ({"device_id": "../x"}, {"device_id": "bad_device_id"}),
        ({"device_id": "dev-1"}, {"device_id": "device_exists"}),
        ({"device_id": ""}, {"device_id": "bad_device_id"}),
        ({"product": "a/b"}, {"product": "bad_product"}),
        ({"product": ""}, {"product": "bad_product"}),
        ({"place": {"metadata": {"a": ["b"]}}}, {"base": "bad_metadata"}),
        ({"place": {"metadata": {"a": "b" * 256}}}, {"base": "bad_metadata"}),
        ({"policy": {**FACTS["policy"], "window_end": None}}, {"base": "window_half"}),
        ({"policy": {**FACTS["policy"], "pinned_version": "newest"}}, {"base": "bad_version"}),
    ],
)
async def test_an_invalid_field_is_reported_and_can_be_corrected(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    change: dict[str, Any],
    errors: dict[str, str],
) -> None:
    await add_device("dev-1")
    result = await start(hass, entry, "device")
    values = {**FACTS, **change}
    values["policy"] = {key: value for key, value in values["policy"].items() if value is not None}
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], values)
    assert result["errors"] == errors
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], FACTS)
    assert result["step_id"] == "key"


async def test_two_flows_for_one_id_give_one_device(hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry) -> None:
    flows = [(await start(hass, entry, "device"))["flow_id"] for _ in range(2)]
    for flow in flows:
        await hass.config_entries.subentries.async_configure(flow, FACTS)
    first = await hass.config_entries.subentries.async_configure(flows[0], {})
    second = await hass.config_entries.subentries.async_configure(flows[1], {})
    assert first["type"] is FlowResultType.CREATE_ENTRY
    assert second["reason"] == "already_configured"


async def test_a_device_is_changed(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    device = await add_device("dev-1", group="old", tags=["a"])
    result = await start(hass, entry, "device", ota.devices.subentries["dev-1"])
    assert result["type"] is FlowResultType.MENU
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {"next_step_id": "edit"})
    values = {key: value for key, value in FACTS.items() if key != "device_id"}
    bad = {**values, "name": " "}
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], bad)
    assert result["errors"] == {"name": "name_empty"}
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], values)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    changed = ota.hub.state.devices["dev-1"]
    assert (changed.name, changed.group, changed.tags) == ("Cellar", "house", ("lab",))
    shown = dr.async_get(hass).async_get_device_by_identifier(("ota", ota.devices.subentries["dev-1"]), entry.entry_id)
    assert shown is not None
    assert (shown.name, shown.hw_version) == ("Cellar", values["chip"]), "without a restart"
    assert (await device.check())["poll_s"] == 300  # its key stays


async def test_secrets_are_rotated_without_a_gap(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    device = await add_device("dev-1")
    result = await start(hass, entry, "device", ota.devices.subentries["dev-1"])
    flow = result["flow_id"]
    await hass.config_entries.subentries.async_configure(flow, {"next_step_id": "rotate"})
    result = await hass.config_entries.subentries.async_configure(flow, {})
    assert result["step_id"] == "rotated"
    key = result["description_placeholders"]["key"]
    url = "/" + result["description_placeholders"]["manifest_url"].split("/", 3)[3] + "?version=1"
    result = await hass.config_entries.subentries.async_configure(flow, {})
    assert result["reason"] == "key_rotated"
    path = "/api/ota/v1/devices/dev-1/check/"
    old_url = f"/api/ota/d/{device.issued.url_token}/manifest.json?version=1"
    assert (await device.client.get(path, headers=device.headers)).status == 200  # both are good
    assert (await device.client.get(old_url)).status == 200
    assert (await device.client.get(path, headers={"X-Device-Key": key})).status == 200
    assert (await device.client.get(path, headers=device.headers)).status == 401  # until the new one was used
    assert (await device.client.get(url)).status == 200
    assert (await device.client.get(old_url)).status == 401


@pytest.mark.parametrize("kind", ["device", "source"])
async def test_subentries_need_the_entry(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice, kind: str
) -> None:
    await add_device("dev-1")
    subentry_id = ota.devices.subentries["dev-1"]
    await hass.config_entries.async_unload(entry.entry_id)
    assert (await start(hass, entry, kind))["reason"] == "not_loaded"
    if kind == "device":
        assert (await start(hass, entry, kind, subentry_id))["reason"] == "not_loaded"
