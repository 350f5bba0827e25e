"""What other integrations get: heat sources and a fleet, by their contracts' own tests."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.iot_heating import ota, proof_of_heat
from custom_components.iot_heating._lib.heat_source import Command, Control, Health, Outcome
from custom_components.iot_heating.heat_source import ControllerHeatSource
from lib import heat_source as shared
from tests.fleet_contract import assert_fleet_contract
from tests.heat_source_contract import assert_keeps_contract

from . import TELEMETRY, add_controller, add_linked, controller_subentry

PATH = "/api/iot/device/ESP32-001/sync/"


class Wire:
    """A controller that obeys, by protocol 1."""

    def __init__(self, hass: HomeAssistant, client: TestClient, key: str) -> None:
        self.hass, self.client, self.key = hass, client, key
        self.config: dict[str, Any] = {}
        self.state = "off"

    async def poll(self, **more: Any) -> dict[str, Any]:
        body = {"state": self.state, "temp_out": 0.0, "supply_temp": 40.0, **more}
        reply = await self.client.post(PATH, headers={"X-Device-Key": self.key}, json=body)
        assert reply.status == HTTPStatus.OK
        await self.hass.async_block_till_done()
        answer: dict[str, Any] = await reply.json()
        self.config = answer["config"]
        targets = [entry.get("target") for entry in self.config["schedule"]]
        self.state = {"30C": "on", "5C": "off"}.get(targets[0] if targets else "", self.state)
        return answer


@pytest.fixture
def wire(hass: HomeAssistant, client: TestClient, key: str) -> Wire:
    return Wire(hass, client, key)


async def source_of(hass: HomeAssistant, number: int = 0) -> ControllerHeatSource:
    sources = await proof_of_heat.async_get_heat_sources(hass)
    source = sources[number]
    assert isinstance(source, ControllerHeatSource)
    return source


@pytest.mark.parametrize("command", [{"on": True}, {"on": False}, {"flow_c": 41.0}, {"on": True, "flow_c": 41.0}])
async def test_a_controller_keeps_the_heat_source_contract(
    hass: HomeAssistant, building: MockConfigEntry, wire: Wire, command: dict[str, Any]
) -> None:
    await wire.poll()
    source = await source_of(hass)
    heard: list[None] = []
    source.subscribe(lambda: heard.append(None))

    async def settle() -> None:
        await wire.poll()
        await wire.poll()

    await assert_keeps_contract(source, shared.Command(id="c1", **command), settle=settle)
    assert heard


async def test_a_linked_switch_keeps_the_heat_source_contract(hass: HomeAssistant, building: MockConfigEntry) -> None:
    await async_setup_component(hass, "input_boolean", {"input_boolean": {"boiler": {"initial": False}}})
    await add_linked(hass, building, "input_boolean.boiler")
    source = await source_of(hass)
    assert source.capabilities.controls == {Control.ON_OFF}
    await assert_keeps_contract(source, shared.Command(id="c1", on=True), settle=hass.async_block_till_done)


async def test_before_its_first_report_a_source_is_failing(
    hass: HomeAssistant, building: MockConfigEntry, key: str
) -> None:
    assert (await source_of(hass)).state.health is Health.FAILING


@pytest.mark.parametrize(("state", "power_w"), [("on", 2000.0), ("off", 0.0), (None, None)])
async def test_its_power_is_known_where_its_state_is(
    hass: HomeAssistant, building: MockConfigEntry, wire: Wire, state: str | None, power_w: float | None
) -> None:
    subentry = controller_subentry(building)
    hass.config_entries.async_update_subentry(building, subentry, data={**subentry.data, "rated_power": 2000})
    await hass.async_block_till_done()
    await wire.poll(state=state)
    told = (await source_of(hass)).state
    assert (told.on, told.power_w) == ({"on": True, "off": False}.get(state or ""), power_w)


async def test_the_same_controller_is_the_same_object(hass: HomeAssistant, building: MockConfigEntry, key: str) -> None:
    first = await source_of(hass)
    assert await source_of(hass) is first
    assert first.source_id == f"iot_heating:{controller_subentry(building).subentry_id}"
    assert first.device_id


async def test_sources_come_and_go_with_notice(hass: HomeAssistant, building: MockConfigEntry, key: str) -> None:
    counts: list[int] = []

    async def count() -> None:
        counts.append(len(await proof_of_heat.async_get_heat_sources(hass)))

    unsubscribe = proof_of_heat.async_subscribe_heat_sources(hass, lambda: hass.async_create_task(count()) and None)
    await add_controller(hass, building, "ESP32-002", "Attic")
    assert counts[-1] == 2
    await hass.config_entries.async_unload(building.entry_id)
    await hass.async_block_till_done()
    assert counts[-1] == 0
    await hass.config_entries.async_setup(building.entry_id)
    await hass.async_block_till_done()
    assert counts[-1] == 2
    unsubscribe()
    unsubscribe()


async def test_a_flow_temperature_becomes_a_curve_value(
    hass: HomeAssistant, building: MockConfigEntry, wire: Wire
) -> None:
    await wire.poll()
    await (await source_of(hass)).apply(Command(id="c1", flow_c=41.0))
    await wire.poll()
    value = wire.config["curve"]["value"]
    await building.runtime_data.building.async_patch_profile({"curve_value": value})
    assert building.runtime_data.building.profile.curve.flow_c(0.0) == pytest.approx(41.0, abs=0.2)


@pytest.mark.parametrize("command", [{"power_w": 500.0}, {"mode": "x"}, {"slope": 1.0, "level": 0.0}])
async def test_what_it_cannot_do_is_refused(hass: HomeAssistant, wire: Wire, command: dict[str, Any]) -> None:
    await wire.poll()
    result = await (await source_of(hass)).apply(Command(id="c1", **command))
    assert result.outcome is Outcome.REFUSED


async def test_without_an_outdoor_temperature_no_flow_can_be_had(
    hass: HomeAssistant, building: MockConfigEntry, key: str
) -> None:
    result = await (await source_of(hass)).apply(Command(id="c1", flow_c=41.0))
    assert (result.outcome, result.detail) == (Outcome.REFUSED, "the outdoor temperature is unknown")


async def test_a_lease_ends_by_itself_and_is_renewed_by_the_same_command(
    hass: HomeAssistant, building: MockConfigEntry, wire: Wire, freezer: FrozenDateTimeFactory
) -> None:
    source = await source_of(hass)
    await wire.poll()
    await source.apply(Command(id="c1", on=True, lease_s=600))
    await wire.poll()
    await wire.poll()
    freezer.tick(timedelta(seconds=400))
    assert (await source.apply(Command(id="c2", on=True, lease_s=600))).outcome is Outcome.UNCHANGED
    freezer.tick(timedelta(seconds=400))
    await wire.poll()
    assert wire.config["schedule"], "the lease was renewed"
    freezer.tick(timedelta(seconds=601))
    await wire.poll()
    assert wire.config["schedule"] == [], "it was not renewed"


async def test_the_fleet_keeps_its_contract(
    hass: HomeAssistant, building: MockConfigEntry, key: str, client: TestClient
) -> None:
    other = await add_controller(hass, building, "AA:BB:CC:00:11:22", "Attic")
    states = iter(("on", "off", "on", "off"))

    async def change() -> None:
        await client.post(PATH, headers={"X-Device-Key": key}, json={"state": next(states), "protocol_version": 2})

    fleet = await assert_fleet_contract(hass, ota, keys={"ESP32-001": key, "AA-BB-CC-00-11-22": other}, change=change)
    assert fleet.domain == "iot_heating"


async def test_a_fleet_device_has_the_reported_values(
    hass: HomeAssistant, building: MockConfigEntry, key: str, client: TestClient
) -> None:
    fleet = await ota.async_get_fleet(hass)
    await client.post(
        PATH,
        headers={"X-Device-Key": key},
        json={
            **TELEMETRY,
            "protocol_version": 2,
            "firmware_version": "1.4.2",
            "chip": "esp32c3",
            "model": "Board 2",
            "boot_count": 7,
            "free_heap": 180000,
        },
    )
    device = fleet.devices()["ESP32-001"]
    assert (device.installed_version, device.chip, device.model, device.boot_count) == (
        "1.4.2",
        "esp32c3",
        "Board 2",
        7,
    )
    assert (device.busy, device.group, device.metrics) == ("heat_demand", "Main house", {"free_heap": 180000.0})
    assert device.last_seen is not None


async def test_an_offer_is_in_the_next_reply_of_protocol_2(
    hass: HomeAssistant, building: MockConfigEntry, key: str, client: TestClient
) -> None:
    from custom_components.iot_heating._lib.fleet import FleetOffer

    fleet = await ota.async_get_fleet(hass)
    fleet.offer("ESP32-001", FleetOffer(job_id="j1", version="2.0", size=5, sha256="0" * 64, path="/api/ota/x"))

    async def reply(body: dict[str, Any]) -> dict[str, Any]:
        answer = await client.post(PATH, headers={"X-Device-Key": key}, json=body)
        return await answer.json()

    assert (await reply({"protocol_version": 2}))["firmware"]["version"] == "2.0"
    assert "firmware" not in await reply({})
    fleet.offer("ESP32-001", None)
    assert "firmware" not in await reply({"protocol_version": 2})


async def test_a_fleet_without_a_loaded_building_is_empty(
    hass: HomeAssistant, building: MockConfigEntry, key: str
) -> None:
    fleet = await ota.async_get_fleet(hass)
    await hass.config_entries.async_unload(building.entry_id)
    assert fleet.devices() == {}
    assert not fleet.authenticate("ESP32-001", key)


async def test_a_disk_that_refuses_is_a_failed_command(hass: HomeAssistant, wire: Wire) -> None:
    await wire.poll()
    source = await source_of(hass)
    await source.apply(Command(id="c1", on=True))
    with patch.object(Store, "_async_write_data", side_effect=WriteError("disk full")):
        assert (await source.apply(Command(id="c2", on=False))).outcome is Outcome.FAILED
        assert (await source.release()).outcome is Outcome.FAILED


async def test_a_controller_that_was_removed_fails_and_needs_no_release(
    hass: HomeAssistant, building: MockConfigEntry, wire: Wire
) -> None:
    await wire.poll()
    source = await source_of(hass)
    hass.config_entries.async_remove_subentry(building, controller_subentry(building).subentry_id)
    await hass.async_block_till_done()
    assert (await source.apply(Command(id="c1", on=True))).outcome is Outcome.FAILED
    assert (await source.release()).outcome is Outcome.UNCHANGED
    assert await proof_of_heat.async_get_heat_sources(hass) == []


async def test_a_linked_entity_takes_no_flow_temperature_and_a_watched_one_is_not_a_source(
    hass: HomeAssistant, building: MockConfigEntry
) -> None:
    hass.states.async_set("switch.boiler", "off")
    hass.states.async_set("binary_sensor.flame", "on")
    await add_linked(hass, building, "switch.boiler", "Boiler")
    await add_linked(hass, building, "binary_sensor.flame", "Flame")
    (source,) = await proof_of_heat.async_get_heat_sources(hass)
    result = await source.apply(Command(id="c1", flow_c=40.0))
    assert (result.outcome, result.detail) == (Outcome.REFUSED, "a linked entity has no flow temperature")


async def test_calls_within_a_moment_are_notified_together(
    hass: HomeAssistant, building: MockConfigEntry, key: str, client: TestClient
) -> None:
    other = await add_controller(hass, building, "ESP32-002", "Attic")
    fleet = await ota.async_get_fleet(hass)
    told: list[frozenset[str]] = []
    unsubscribe = fleet.subscribe(told.append)
    before = fleet.devices()
    for _ in range(3):
        await client.post(PATH, headers={"X-Device-Key": key}, json=TELEMETRY)
    await client.post("/api/iot/device/ESP32-002/sync/", headers={"X-Device-Key": other}, json=TELEMETRY)
    assert told == [{"ESP32-001"}], "the first at once"
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=1))
    await hass.async_block_till_done()
    assert told[1:] == [{"ESP32-001", "ESP32-002"}], "the others together"
    between = fleet.devices()
    assert between["ESP32-001"].last_seen != before["ESP32-001"].last_seen
    await client.post("/api/iot/device/ESP32-002/sync/", headers={"X-Device-Key": other}, json=TELEMETRY)
    after = fleet.devices()
    assert after["ESP32-001"] is between["ESP32-001"]
    assert after["ESP32-002"] is not between["ESP32-002"]
    unsubscribe()
