"""A linked entity: the same sessions, statistics and commands as a controller."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.iot_heating.protocol.commands import status_of
from custom_components.iot_heating.runtime.linked_entity import is_heating
from custom_components.iot_heating.storage.device_store import DEVICE_STORE
from custom_components.iot_heating.storage.session_store import SESSION_STORE

from . import add_linked, entity_id

ENTITY = "input_boolean.boiler"


@pytest.fixture(autouse=True)
async def boiler(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"boiler": {"initial": False}}})


async def switch(hass: HomeAssistant, on: bool) -> None:
    service = "turn_on" if on else "turn_off"
    await hass.services.async_call("input_boolean", service, {"entity_id": ENTITY}, blocking=True)
    await hass.async_block_till_done(wait_background_tasks=True)


async def pass_time(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    while seconds > 0:
        freezer.tick(timedelta(seconds=min(10, seconds)))
        seconds -= 10
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)


def state_of(hass: HomeAssistant, platform: str, owner: str, key: str) -> str:
    state = hass.states.get(entity_id(hass, platform, owner, key))
    assert state
    return state.state


async def force(hass: HomeAssistant, owner: str, option: str) -> None:
    target = entity_id(hass, "select", owner, "control")
    await hass.services.async_call("select", "select_option", {"entity_id": target, "option": option}, blocking=True)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_its_sessions_are_counted(
    hass: HomeAssistant, building: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    owner = (await add_linked(hass, building, ENTITY, rated_power=1000)).subentry_id
    assert state_of(hass, "binary_sensor", owner, "heating") == "off"
    await switch(hass, True)
    await pass_time(hass, freezer, 10)
    assert state_of(hass, "binary_sensor", owner, "heating") == "on"
    await pass_time(hass, freezer, 1790)
    await switch(hass, False)
    await pass_time(hass, freezer, 20)
    assert float(state_of(hass, "sensor", owner, "on_time_today")) == pytest.approx(0.5, abs=0.01)
    assert float(state_of(hass, "sensor", owner, "energy_today")) == pytest.approx(0.5, abs=0.01)
    (controller,) = building.runtime_data.hub.controllers.values()
    sessions = await hass.data[SESSION_STORE].async_get_sessions(
        controller.number, controller.last_seen - timedelta(hours=1), controller.last_seen, 10
    )
    assert [round(s.duration_s) for s in sessions] == [1800]


async def test_it_is_switched_and_confirms_by_its_state(
    hass: HomeAssistant, building: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    owner = (await add_linked(hass, building, ENTITY)).subentry_id
    await force(hass, owner, "on")
    await pass_time(hass, freezer, 20)
    assert hass.states.is_state(ENTITY, "on")
    assert state_of(hass, "select", owner, "control") == "on"
    assert state_of(hass, "sensor", owner, "command") == "confirmed"
    await force(hass, owner, "auto")
    await pass_time(hass, freezer, 20)
    assert hass.states.is_state(ENTITY, "off"), "what was forced on is not left on"
    await force(hass, owner, "off")
    await pass_time(hass, freezer, 20)
    assert state_of(hass, "select", owner, "control") == "off"


async def test_a_forced_time_ends_with_off(
    hass: HomeAssistant, building: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    from custom_components.iot_heating.protocol.commands import CommandName

    owner = (await add_linked(hass, building, ENTITY)).subentry_id
    (controller,) = building.runtime_data.hub.controllers.values()
    await building.runtime_data.commands.async_send(controller, CommandName.FORCE_ON, duration=timedelta(minutes=5))
    await pass_time(hass, freezer, 60)
    assert hass.states.is_state(ENTITY, "on")
    await pass_time(hass, freezer, 300)
    assert hass.states.is_state(ENTITY, "off")
    assert state_of(hass, "select", owner, "control") == "auto"


async def test_an_entity_that_cannot_be_switched_fails_the_command(
    hass: HomeAssistant, building: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("fan.other", "off")  # there is no action fan.turn_on
    owner = (await add_linked(hass, building, "fan.other")).subentry_id
    await force(hass, owner, "on")
    await pass_time(hass, freezer, 20)
    assert state_of(hass, "sensor", owner, "command") == "failed"
    assert state_of(hass, "select", owner, "control") == "auto"


async def test_it_cannot_do_what_needs_a_controller(hass: HomeAssistant, building: MockConfigEntry) -> None:
    from homeassistant.exceptions import ServiceValidationError

    from custom_components.iot_heating.protocol.commands import CommandName

    await add_linked(hass, building, ENTITY)
    (controller,) = building.runtime_data.hub.controllers.values()
    with pytest.raises(ServiceValidationError) as caught:
        await building.runtime_data.commands.async_send(controller, CommandName.SET_CURVE, {"value": 5})
    assert caught.value.translation_key == "linked_unsupported"


async def test_an_unavailable_entity_is_logged_once_and_ends_the_session(
    hass: HomeAssistant,
    building: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner = (await add_linked(hass, building, ENTITY)).subentry_id
    await switch(hass, True)
    await pass_time(hass, freezer, 60)
    hass.states.async_set(ENTITY, "unavailable")
    await pass_time(hass, freezer, 60)
    assert state_of(hass, "binary_sensor", owner, "heating") == "unavailable"
    assert state_of(hass, "binary_sensor", owner, "connectivity") == "off"
    (controller,) = building.runtime_data.hub.controllers.values()
    assert controller.tracker.running is None
    hass.states.async_set(ENTITY, "on")
    await pass_time(hass, freezer, 20)
    assert state_of(hass, "binary_sensor", owner, "heating") == "on"
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("custom_components.iot_heating")]
    assert ours == ["Linked entity Boiler is unavailable", "Linked entity Boiler is available again"]


async def test_an_entity_missing_after_a_start_ends_its_session_at_the_last_report(
    hass: HomeAssistant, building: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("switch.relay", "on")
    owner = (await add_linked(hass, building, "switch.relay")).subentry_id
    await pass_time(hass, freezer, 60)
    await hass.config_entries.async_unload(building.entry_id)
    hass.states.async_remove("switch.relay")
    assert await hass.config_entries.async_setup(building.entry_id)
    (controller,) = building.runtime_data.hub.controllers.values()
    assert controller.tracker.running is not None
    seen = controller.tracker.running.seen
    await pass_time(hass, freezer, 100)
    assert state_of(hass, "binary_sensor", owner, "connectivity") == "unknown", "its integration may still be starting"
    await pass_time(hass, freezer, 100)
    assert state_of(hass, "binary_sensor", owner, "connectivity") == "off"
    assert state_of(hass, "binary_sensor", owner, "heating") == "unavailable"
    (session,) = await hass.data[SESSION_STORE].async_get_sessions(
        controller.number, seen - timedelta(hours=1), dt_util.utcnow(), 10
    )
    assert (session.end, session.estimated) == (seen, True)


async def test_a_renamed_entity_stays_linked(
    hass: HomeAssistant, building: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    registry = er.async_get(hass)
    registry.async_get_or_create("switch", "demo", "1", suggested_object_id="old")
    hass.states.async_set("switch.old", "on")
    owner = (await add_linked(hass, building, "switch.old")).subentry_id
    registry.async_update_entity("switch.old", new_entity_id="switch.new")
    hass.states.async_set("switch.new", "off")
    await hass.config_entries.async_reload(building.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, "binary_sensor", owner, "heating") == "off"


async def test_a_binary_sensor_is_watched_but_not_switched(hass: HomeAssistant, building: MockConfigEntry) -> None:
    hass.states.async_set("binary_sensor.flame", "on")
    owner = (await add_linked(hass, building, "binary_sensor.flame")).subentry_id
    assert state_of(hass, "binary_sensor", owner, "heating") == "on"
    with pytest.raises(AssertionError):
        entity_id(hass, "select", owner, "control")


async def test_it_is_in_the_list_of_devices(
    hass: HomeAssistant, building: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    await add_linked(hass, building, ENTITY)
    client = await hass_client()
    (device,) = (await (await client.get("/api/iot/devices/")).json())["devices"]
    assert (device["device_id"], device["kind"], device["current_status"]) == (ENTITY, "linked", "off")
    reply = await client.post(f"/api/iot/devices/{ENTITY}/report_status/", json={"temp_out": 5})
    assert reply.status == 200


async def test_no_key_opens_it(
    hass: HomeAssistant, building: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    await add_linked(hass, building, ENTITY)
    client = await hass_client_no_auth()
    for key in ("", "None", "x"):
        assert (await client.get(f"/api/iot/device/{ENTITY}/sync/", headers={"X-Device-Key": key})).status == 401
    reference = next(iter(building.runtime_data.hub.controllers))
    assert (await client.get(f"/api/iot/device/{reference}/sync/", headers={"X-Device-Key": "x"})).status == 401


async def test_the_flow_links_an_entity_once(hass: HomeAssistant, building: MockConfigEntry) -> None:
    await add_linked(hass, building, ENTITY)
    manager = hass.config_entries.subentries
    form = await manager.async_init((building.entry_id, "linked"), context={"source": SOURCE_USER})
    form = await manager.async_configure(form["flow_id"], {"name": " ", "linked_entity": ENTITY})
    assert form["errors"] == {"name": "name_required"}
    form = await manager.async_configure(form["flow_id"], {"name": "Again", "linked_entity": ENTITY})
    assert form["errors"] == {"linked_entity": "already_linked"}
    own = next(
        item.entity_id
        for item in er.async_entries_for_config_entry(er.async_get(hass), building.entry_id)
        if item.domain == "switch"
    )
    form = await manager.async_configure(form["flow_id"], {"name": "Again", "linked_entity": own})
    assert form["errors"] == {"linked_entity": "own_entity"}


async def test_it_is_reconfigured(hass: HomeAssistant, building: MockConfigEntry) -> None:
    subentry = await add_linked(hass, building, ENTITY)
    form = await building.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    manager = hass.config_entries.subentries
    form = await manager.async_configure(form["flow_id"], {"name": ""})
    assert form["errors"] == {"name": "name_required"}
    done = await manager.async_configure(form["flow_id"], {"name": "Floor", "rated_power": 500})
    assert done["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entity_id(hass, "sensor", subentry.subentry_id, "energy")


@pytest.mark.parametrize(
    ("state", "attributes", "heating"),
    [
        ("on", {}, True),
        ("off", {}, False),
        ("unavailable", {}, None),
        ("unknown", {}, None),
    ],
)
def test_what_an_on_off_state_means(state: str, attributes: dict[str, Any], heating: bool | None) -> None:
    assert is_heating(State("switch.x", state, attributes)) is heating
    assert is_heating(None) is None


@pytest.mark.parametrize(
    ("state", "action", "heating"),
    [
        ("heat", "heating", True),
        ("heat", "preheating", True),
        ("heat", "idle", False),
        ("heat", None, True),
        ("off", None, False),
    ],
)
def test_what_a_thermostat_means(state: str, action: str | None, heating: bool) -> None:
    attributes = {} if action is None else {"hvac_action": action}
    assert is_heating(State("climate.x", state, attributes)) is heating


async def test_an_entity_that_left_the_registry_cannot_be_switched(
    hass: HomeAssistant, building: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    registry = er.async_get(hass)
    registry.async_get_or_create("switch", "demo", "1", suggested_object_id="old")
    hass.states.async_set("switch.old", "off")
    owner = (await add_linked(hass, building, "switch.old")).subentry_id
    registry.async_remove("switch.old")
    await force(hass, owner, "on")
    await pass_time(hass, freezer, 20)
    record = next(iter(hass.data[DEVICE_STORE].devices.values()))
    assert (status_of(record.commands[-1]).value, record.commands[-1].reason) == ("failed", "entity not found")
    await hass.config_entries.async_reload(building.entry_id)
    await hass.async_block_till_done()
    assert building.runtime_data.hub.controllers
