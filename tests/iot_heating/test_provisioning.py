"""Keys are shown once, rotated and revoked; unregistered controllers are discovered and keep their key."""

from base64 import b64decode
from datetime import timedelta
from http import HTTPStatus
import json
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.iot_heating.const import DOMAIN
from custom_components.iot_heating.flows.provisioning import provisioning_text
from custom_components.iot_heating.runtime.discovery import DISCOVERY, MAX_DISCOVERIES
from custom_components.iot_heating.storage.device_store import DEVICE_STORE

from . import add_controller, building_entry, controller_subentry, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"


async def status(client: TestClient, key: str, path: str = PATH) -> int:
    return (await client.get(path, headers={"X-Device-Key": key})).status


def device_id(hass: HomeAssistant, building: MockConfigEntry) -> str:
    subentry = controller_subentry(building).subentry_id
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, subentry), building.entry_id)
    assert device
    return device.id


async def test_the_key_is_shown_as_text_code_and_esphome_substitutions(
    hass: HomeAssistant, building: MockConfigEntry
) -> None:
    manager = hass.config_entries.subentries
    form = await manager.async_init((building.entry_id, "controller"), context={"source": SOURCE_USER})
    form = await manager.async_configure(form["flow_id"], {"name": 'Cellar "B"', "device_id": "ESP32-001"})
    shown = form["description_placeholders"]
    assert shown is not None
    image = b64decode(shown["qr"].removeprefix("![QR](data:image/png;base64,").removesuffix(")"))
    assert image.startswith(b"\x89PNG")
    assert shown["esphome"].splitlines()[:2] == ["substitutions:", '  friendly_name: "Cellar \\"B\\""']
    assert f'heat_device_key: "{shown["device_key"]}"' in shown["esphome"]


def test_the_code_holds_all_that_a_controller_needs() -> None:
    assert json.loads(provisioning_text("http://ha:8123", "ESP32-001", "k")) == {
        "v": 1,
        "url": "http://ha:8123",
        "id": "ESP32-001",
        "key": "k",
    }


async def reconfigure(hass: HomeAssistant, building: MockConfigEntry, **answers: Any) -> Any:
    form = await building.start_subentry_reconfigure_flow(hass, controller_subentry(building).subentry_id)
    data = {"name": "Cellar", "new_key": False, "revoke": False, **answers}
    return await hass.config_entries.subentries.async_configure(form["flow_id"], data)


async def test_a_new_key_replaces_the_old_one_when_it_is_first_used(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    form = await reconfigure(hass, building, new_key=True)
    assert form["step_id"] == "new_key"
    new = form["description_placeholders"]["device_key"]
    assert (await status(client, key), await status(client, key)) == (200, 200)
    done = await hass.config_entries.subentries.async_configure(form["flow_id"], {})
    assert done["reason"] == "reconfigure_successful"
    assert await status(client, new) == HTTPStatus.OK
    assert await status(client, key) == HTTPStatus.UNAUTHORIZED


async def test_a_revoked_key_is_shut_out_at_once(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    form = await reconfigure(hass, building, new_key=True, revoke=True)
    assert form["errors"] == {"revoke": "revoke_or_new_key"}
    done = await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"name": "Cellar", "new_key": False, "revoke": True}
    )
    assert done["reason"] == "reconfigure_successful"
    assert await status(client, key) == HTTPStatus.UNAUTHORIZED


async def test_a_controller_is_renamed_with_its_energy(
    hass: HomeAssistant, building: MockConfigEntry, key: str
) -> None:
    form = await reconfigure(hass, building, name=" ")
    assert form["errors"] == {"name": "name_required"}
    await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"name": "Boiler room", "rated_power": 3000, "new_key": False, "revoke": False}
    )
    await hass.async_block_till_done()
    assert controller_subentry(building).title == "Boiler room"
    assert building.runtime_data.hub.controllers["ESP32-001"].energy.rated_w == 3000
    assert entity_id(hass, "sensor", controller_subentry(building).subentry_id, "energy")


async def test_the_action_rotates_with_a_grace(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, freezer: FrozenDateTimeFactory
) -> None:
    answer = await hass.services.async_call(
        DOMAIN,
        "rotate_key",
        {"device_id": device_id(hass, building), "grace": {"hours": 1}},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    freezer.tick(timedelta(minutes=59))
    assert await status(client, key) == HTTPStatus.OK
    freezer.tick(timedelta(minutes=2))
    assert await status(client, key) == HTTPStatus.UNAUTHORIZED
    assert await status(client, str(answer["key"])) == HTTPStatus.OK


async def test_keys_are_for_administrators(
    hass: HomeAssistant, building: MockConfigEntry, key: str, hass_read_only_user: MockUser
) -> None:
    context = Context(user_id=hass_read_only_user.id)
    data = {"device_id": device_id(hass, building)}
    with pytest.raises(Unauthorized):
        await hass.services.async_call(DOMAIN, "revoke_key", data, blocking=True, context=context)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(DOMAIN, "rotate_key", data, blocking=True, context=context, return_response=True)


async def test_the_action_revokes(hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str) -> None:
    await hass.services.async_call(DOMAIN, "revoke_key", {"device_id": device_id(hass, building)}, blocking=True)
    assert await status(client, key) == HTTPStatus.UNAUTHORIZED


async def sync(client: TestClient, key: str) -> dict[str, Any]:
    reply = await client.post(PATH, headers={"X-Device-Key": key}, json={"protocol_version": 2})
    assert reply.status == HTTPStatus.OK
    answer: dict[str, Any] = await reply.json()
    return answer


async def start_rotation(hass: HomeAssistant, building: MockConfigEntry) -> None:
    from custom_components.iot_heating.runtime.key_rotation import async_request_rotation

    await async_request_rotation(hass.data[DEVICE_STORE], building.runtime_data.hub.controllers["ESP32-001"])


async def test_a_protocol_2_controller_fetches_its_new_key(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, hass_storage: dict[str, Any]
) -> None:
    assert "new_key" not in await sync(client, key)
    await start_rotation(hass, building)
    lost = (await sync(client, key))["new_key"]
    new = (await sync(client, key))["new_key"]
    assert new != lost, "the first reply was lost: the old key still opens and gets another"
    assert await status(client, lost) == HTTPStatus.UNAUTHORIZED
    assert "new_key" not in await sync(client, new)
    assert await status(client, key) == HTTPStatus.UNAUTHORIZED
    assert new not in str(hass_storage)


async def test_a_protocol_1_controller_cannot_rotate_by_itself(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    await client.post(PATH, headers={"X-Device-Key": key}, json={})
    with pytest.raises(ServiceValidationError):
        await start_rotation(hass, building)


async def test_a_kill_in_the_middle_of_a_rotation_leaves_a_key_that_opens(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    from custom_components.iot_heating.storage.device_store import DeviceStore

    await sync(client, key)
    await start_rotation(hass, building)
    new = (await sync(client, key))["new_key"]
    fresh = DeviceStore(hass)
    await fresh.async_load()
    hass.data[DEVICE_STORE].devices.clear()
    hass.data[DEVICE_STORE].devices.update(fresh.devices)
    assert await status(client, key) == HTTPStatus.OK
    assert await status(client, new) == HTTPStatus.OK


async def test_the_key_in_the_query_can_be_switched_off(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    assert (await client.get(f"{PATH}?api_key={key}")).status == HTTPStatus.OK
    form = await hass.config_entries.options.async_init(building.entry_id)
    done = await hass.config_entries.options.async_configure(
        form["flow_id"],
        {
            "heating": {"setback_temperature": 16, "eco_reduction": 2},
            "cost": {"price": 0.3},
            "log": {"telemetry_log": False, "log_days": 5, "log_mb": 50},
            "devices": {"allow_query_key": False, "poll_interval": 60, "lease": 600},
        },
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert (await client.get(f"{PATH}?api_key={key}")).status == HTTPStatus.UNAUTHORIZED
    assert await status(client, key) == HTTPStatus.OK
    options = building.runtime_data.building.options
    assert (options.comfort.setback_c, options.price, options.poll_interval_s, options.log) == (16, 0.3, 60, False)
    form = await hass.config_entries.options.async_init(building.entry_id)
    assert form["step_id"] == "init"


# Discovery


async def call_unregistered(client: TestClient, name: str = "ESP32-077", key: str = "burnt-in-key") -> int:
    return await status(client, key, f"/api/iot/device/{name}/sync/")


def flows(hass: HomeAssistant) -> list[Any]:
    return hass.config_entries.flow.async_progress_by_handler(DOMAIN)


async def test_an_unregistered_controller_is_discovered_and_keeps_its_key(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient
) -> None:
    assert await call_unregistered(client) == HTTPStatus.UNAUTHORIZED
    await call_unregistered(client)
    await hass.async_block_till_done()
    (flow,) = flows(hass)
    assert flow["context"]["title_placeholders"] == {"device_id": "ESP32-077"}
    assert "burnt-in-key" not in str(hass.data[DISCOVERY].controllers)
    form = await hass.config_entries.flow.async_configure(flow["flow_id"], None)
    assert form["step_id"] == "approve"
    assert form["description_placeholders"]["address"] == "127.0.0.1"
    form = await hass.config_entries.flow.async_configure(flow["flow_id"], {"building": building.entry_id, "name": " "})
    assert form["errors"] == {"name": "name_required"}
    done = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"building": building.entry_id, "name": "Attic"}
    )
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "controller_added")
    await hass.async_block_till_done()
    assert await call_unregistered(client) == HTTPStatus.OK
    assert controller_subentry(building, "ESP32-077").title == "Attic"
    assert flows(hass) == []


async def test_a_controller_that_called_before_there_was_a_building_is_discovered_with_its_next_call(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient
) -> None:
    await hass.config_entries.async_remove(building.entry_id)
    await call_unregistered(client)
    await hass.async_block_till_done()
    assert flows(hass) == []
    first = building_entry()
    first.add_to_hass(hass)
    assert await hass.config_entries.async_setup(first.entry_id)
    await call_unregistered(client)
    await hass.async_block_till_done()
    assert len(flows(hass)) == 1


async def test_another_key_does_not_take_over_a_discovery(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient
) -> None:
    await call_unregistered(client)
    await call_unregistered(client, key="thief")
    await hass.async_block_till_done()
    (flow,) = flows(hass)
    form = await hass.config_entries.flow.async_configure(flow["flow_id"], None)
    assert form["description_placeholders"]["other_keys"] == "1"
    await hass.config_entries.flow.async_configure(flow["flow_id"], {"building": building.entry_id, "name": "Attic"})
    await hass.async_block_till_done()
    assert await call_unregistered(client, key="thief") == HTTPStatus.UNAUTHORIZED
    assert await call_unregistered(client) == HTTPStatus.OK


@pytest.mark.parametrize(("name", "key"), [("ESP32-077", ""), ("-bad", "k"), ("%20", "k"), ("ESP32-077", "x" * 300)])
async def test_not_every_noise_is_a_controller(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, name: str, key: str
) -> None:
    await call_unregistered(client, name, key)
    await hass.async_block_till_done()
    assert flows(hass) == []


async def test_a_registered_controller_with_a_wrong_key_is_not_a_discovery(
    hass: HomeAssistant, client: TestClient, key: str
) -> None:
    await call_unregistered(client, "ESP32-001", "wrong")
    await hass.async_block_till_done()
    assert flows(hass) == []


async def test_the_number_and_age_of_discovered_controllers_are_limited(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, freezer: FrozenDateTimeFactory
) -> None:
    for number in range(MAX_DISCOVERIES + 5):
        await call_unregistered(client, f"S-{number}")
    assert len(hass.data[DISCOVERY].controllers) == MAX_DISCOVERIES
    assert "S-0" in hass.data[DISCOVERY].controllers
    freezer.tick(timedelta(hours=25))
    await call_unregistered(client, "S-late")
    assert list(hass.data[DISCOVERY].controllers) == ["S-late"]
    await hass.async_block_till_done()


async def test_an_ignored_controller_stays_ignored_and_a_registered_one_aborts(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, freezer: FrozenDateTimeFactory
) -> None:
    await call_unregistered(client)
    await hass.async_block_till_done()
    (flow,) = flows(hass)
    await add_controller(hass, building, "ESP32-077")
    done = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"building": building.entry_id, "name": "Attic"}
    )
    assert done["reason"] == "controller_registered"
    init = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "integration_discovery"}, data={"device_id": "ESP32-077"}
    )
    assert init["reason"] == "controller_registered"
    ignored = MockConfigEntry(domain=DOMAIN, source="ignore", unique_id="ESP32-078", data={})
    ignored.add_to_hass(hass)
    init = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "integration_discovery"}, data={"device_id": "ESP32-078"}
    )
    assert init["reason"] == "already_configured"


async def test_a_discovery_can_be_too_late(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, freezer: FrozenDateTimeFactory
) -> None:
    gone = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "integration_discovery"}, data={"device_id": "ESP32-099"}
    )
    assert gone["reason"] == "discovery_expired"
    await call_unregistered(client)
    await hass.async_block_till_done()
    (flow,) = flows(hass)
    form = await hass.config_entries.flow.async_configure(flow["flow_id"], None)
    other = building_entry("Barn")
    other.add_to_hass(hass)
    with pytest.raises(Exception, match="building"):
        await hass.config_entries.flow.async_configure(flow["flow_id"], {"building": "nowhere", "name": "Attic"})
    assert form["step_id"] == "approve"


async def test_a_building_removed_while_the_form_is_open_aborts(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient
) -> None:
    await call_unregistered(client)
    await hass.async_block_till_done()
    (flow,) = flows(hass)
    await hass.config_entries.flow.async_configure(flow["flow_id"], None)
    await hass.config_entries.async_remove(building.entry_id)
    done = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"building": building.entry_id, "name": "Attic"}
    )
    assert done["reason"] == "building_removed"


async def test_without_a_building_a_discovery_has_no_home(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient
) -> None:
    await call_unregistered(client)
    await hass.async_block_till_done()
    (flow,) = flows(hass)
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await hass.config_entries.async_remove(building.entry_id)
    init = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "integration_discovery"}, data={"device_id": "ESP32-077"}
    )
    assert init["reason"] == "no_building"


async def test_a_closed_discovery_comes_back_after_some_minutes(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, freezer: FrozenDateTimeFactory
) -> None:
    await call_unregistered(client)
    await hass.async_block_till_done()
    (flow,) = flows(hass)
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await call_unregistered(client)
    await hass.async_block_till_done()
    assert flows(hass) == []
    freezer.tick(timedelta(minutes=6))
    await call_unregistered(client)
    await hass.async_block_till_done()
    assert len(flows(hass)) == 1
