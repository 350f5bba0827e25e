"""Fleets of iot_heating and smart_outlet together with ota; each device uses its own protocol and key."""

from http import HTTPStatus
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ota.data import OtaData
from custom_components.ota.rollout.models import JobState
from tests.iot_heating import add_controller, building_entry
from tests.smart_outlet.conftest import KEY as CCU_KEY, ccu_entry

from .conftest import Client, Release, act, rollout, settled

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


class Controller:
    """A heating controller that speaks protocol 2 of the device sync, and fetches images with its own key."""

    def __init__(self, hass: HomeAssistant, client: Client, device_id: str, key: str) -> None:
        self.hass, self.client, self.device_id, self.key = hass, client, device_id, key
        self.version, self.boots, self.state = "1.4.2", 7, "off"
        self.uid = f"iot_heating:{device_id}"

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Device-Key": self.key}

    async def sync(self) -> dict[str, Any] | None:
        """Report; returns the firmware that the reply offers."""
        body = {"protocol_version": 2, "state": self.state, "temp_out": 3.0, "supply_temp": 40.0}
        body |= {"firmware_version": self.version, "product": "thermostat", "chip": "esp32", "boot_count": self.boots}
        path = f"/api/iot/device/{self.device_id}/sync/"
        reply = await self.client.post(path, headers=self.headers, json=body)
        assert reply.status == HTTPStatus.OK, await reply.text()
        await settled(self.hass)
        offered: dict[str, Any] | None = (await reply.json()).get("firmware")
        return offered

    async def offered(self) -> dict[str, Any] | None:
        """What is offered, once what the first report changed is known everywhere."""
        await self.sync()
        return await self.sync()

    async def reason(self) -> str:
        """Why ota offers what it offers."""
        path = f"/api/ota/v1/devices/{self.uid}/check/"
        reply = await self.client.get(path, headers=self.headers)
        assert reply.status == HTTPStatus.OK
        found: str = (await reply.json())["reason"]
        return found

    async def install(self, firmware: dict[str, Any]) -> bytes:
        """Fetch what was offered and start it."""
        reply = await self.client.get(firmware["path"], headers=self.headers)
        assert reply.status == HTTPStatus.OK, await reply.text()
        image = await reply.read()
        assert len(image) == firmware["size"]
        await settled(self.hass)
        self.version, self.boots = firmware["version"], self.boots + 1
        return image


@pytest.fixture
async def client(hass: HomeAssistant, ota: OtaData, hass_client_no_auth: ClientSessionGenerator) -> Client:
    """HTTP as devices call, once all three integrations have their views."""
    for domain in ("iot_heating", "smart_outlet"):
        assert await async_setup_component(hass, domain, {})
    return await hass_client_no_auth()


@pytest.fixture(autouse=True)
def immediate_notifications(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fleets send notifications in batches twice a second; send them immediately instead."""
    monkeypatch.setattr("custom_components.iot_heating.fleet._NOTIFY_INTERVAL_S", 0.0)


@pytest.fixture
async def house(hass: HomeAssistant, client: Client) -> dict[str, Controller]:
    """A building with two controllers."""
    building = building_entry()
    building.add_to_hass(hass)
    assert await hass.config_entries.async_setup(building.entry_id)
    await settled(hass)
    found = {}
    for name in ("cellar", "attic"):
        key = await add_controller(hass, building, f"ESP32-{name}", name.title())
        found[name] = Controller(hass, client, f"ESP32-{name}", key)
        await found[name].sync()
    return found


async def test_controller_with_heat_demand_is_updated_later(
    hass: HomeAssistant, ota: OtaData, house: dict[str, Controller], release: Release
) -> None:
    cellar = house["cellar"]
    image = await release(chip="esp32", chip_id=0)
    await rollout(hass, devices=[cellar.uid])
    cellar.state = "on"
    assert await cellar.offered() is None
    assert await cellar.reason() == "busy"
    assert ota.hub.state.job_of(cellar.uid) is None
    cellar.state = "off"
    firmware = await cellar.offered()
    assert firmware is not None
    assert firmware["version"] == "2.0.0"
    # It asks, but before it fetches the image heat is called for again: the offer waits.
    assert await cellar.reason() == "offered"
    cellar.state = "on"
    assert await cellar.offered() is None
    reply = await cellar.client.get(firmware["path"], headers=cellar.headers)
    assert reply.status == HTTPStatus.NOT_FOUND
    cellar.state = "off"
    firmware = await cellar.offered()
    assert firmware is not None
    assert await cellar.install(firmware) == image
    assert await cellar.offered() is None
    job = ota.hub.state.job_of(cellar.uid)
    assert job is not None
    assert job.state is JobState.VERIFIED  # by the version that it reported to iot_heating


async def test_two_controllers_of_a_building_are_updated_one_after_the_other(
    hass: HomeAssistant, ota: OtaData, house: dict[str, Controller], release: Release
) -> None:
    cellar, attic = house.values()
    await release(chip="esp32", chip_id=0)
    await rollout(hass, groups=["Main house"])
    first = await cellar.offered()
    assert first is not None
    # The controller knows the offer only from its own protocol: fetching the image is taking it.
    await cellar.install(first)
    assert await attic.offered() is None
    assert await attic.reason() == "zone"
    reply = await attic.client.get(first["path"], headers=attic.headers)
    assert reply.status == HTTPStatus.UNAUTHORIZED  # the other's image
    await cellar.sync()
    assert (job := ota.hub.state.job_of(cellar.uid)) is not None
    assert job.state is JobState.VERIFIED
    second = await attic.offered()
    assert second is not None
    await attic.install(second)
    await attic.sync()
    assert (job := ota.hub.state.job_of(attic.uid)) is not None
    assert job.state is JobState.VERIFIED


async def test_update_entity_belongs_to_the_controllers_device(
    hass: HomeAssistant, ota: OtaData, house: dict[str, Controller], release: Release
) -> None:
    await release(chip="esp32", chip_id=0)
    await rollout(hass, mode="on_request")
    await house["cellar"].offered()
    entities = er.async_entries_for_config_entry(er.async_get(hass), ota.hub.entry_id)
    (update,) = [e for e in entities if e.domain == "update" and house["cellar"].uid in e.unique_id]
    device = dr.async_get(hass).async_get(update.device_id or "")
    assert device is not None
    assert device.name == "Cellar"
    assert {domain for domain, _ in device.identifiers} == {"iot_heating"}
    state = hass.states.get(update.entity_id)
    assert state is not None
    assert (state.state, state.attributes["latest_version"]) == ("on", "2.0.0")
    await hass.services.async_call("update", "install", {"entity_id": update.entity_id}, blocking=True)
    firmware = await house["cellar"].offered()
    assert firmware is not None
    assert firmware["job_id"]


async def test_a_deleted_controller_and_a_deleted_building_leave_nothing_behind(
    hass: HomeAssistant, ota: OtaData, house: dict[str, Controller]
) -> None:
    (building,) = hass.config_entries.async_entries("iot_heating")
    (cellar,) = (sub for sub in building.subentries.values() if sub.unique_id == "ESP32-cellar")
    hass.config_entries.async_remove_subentry(building, cellar.subentry_id)
    await settled(hass)
    assert set(ota.hub.state.devices) == {house["attic"].uid}
    assert await hass.config_entries.async_unload(building.entry_id)
    await settled(hass)
    assert set(ota.hub.state.devices) == {house["attic"].uid}, "it is only away"
    await hass.config_entries.async_remove(building.entry_id)
    await settled(hass)
    assert not ota.hub.state.devices
    left = er.async_entries_for_config_entry(er.async_get(hass), ota.hub.entry_id)
    assert not any("ESP32" in item.unique_id for item in left)


async def test_a_reported_failure_stops_the_rollout_for_the_other_controller(
    hass: HomeAssistant, ota: OtaData, house: dict[str, Controller], release: Release
) -> None:
    cellar, attic = house.values()
    await release(chip="esp32", chip_id=0)
    rollout_id = await rollout(hass, strategy="waves", waves=[{"devices": [cellar.uid]}, {"percent": 100}])
    firmware = await cellar.offered()
    assert firmware is not None
    await cellar.install(firmware)
    cellar.version = "1.4.2"  # the bootloader went back
    await cellar.sync()
    assert (job := ota.hub.state.job_of(cellar.uid)) is not None
    assert (job.state, job.reason) == (JobState.FAILED, "rolled_back_by_device")
    await ota.hub._async_tick(dt_util.utcnow())
    assert ota.hub.state.rollouts[rollout_id].status == "paused"
    assert await attic.offered() is None
    assert await attic.reason() in ("paused", "later_wave")


async def test_a_central_control_unit_is_updated_but_not_while_power_is_cut(
    hass: HomeAssistant, ota: OtaData, client: Client, release: Release
) -> None:
    from custom_components.smart_outlet.domain.parts import async_get_parts

    entry: MockConfigEntry = ccu_entry()
    parts = await async_get_parts(hass)
    await parts.keys.async_set_key("01", entry.title, CCU_KEY)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    headers, uid = {"X-Device-Key": CCU_KEY}, "smart_outlet:ccu-01"

    async def report(version: str) -> None:
        body = {"ccu_id": "01", "current_ma": 7321, "firmware": version}
        reply = await client.post("/api/breaker-data/?v=2", json=body, headers=headers)
        assert reply.status == HTTPStatus.OK
        await settled(hass)

    async def check(**said: Any) -> dict[str, Any]:
        reply = await client.post(f"/api/ota/v1/devices/{uid}/check/", json=said, headers=headers)
        found: dict[str, Any] = await reply.json()
        return found

    await report("1.0.0")
    assert ota.hub.state.devices[uid].installed_version == "1.0.0"
    image = await release(chip="esp32", chip_id=0, product="smart-outlet-ccu", image_project="thermostat")
    await rollout(hass, product="smart-outlet-ccu")
    button = er.async_get(hass).async_get_entity_id("button", "smart_outlet", f"{entry.entry_id}_cut_all_power")
    assert button is not None
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
    await settled(hass)
    assert ota.hub.state.devices[uid].busy == "power_cut"
    offer = ota.hub.engine.offer(uid, ota.hub.now)
    assert offer.reason == "busy"
    # Reset the emergency power-off: the device reports that its sockets are off.
    for device_id in ("FE", "FD"):
        body = {"device_id": device_id, "current_a": 0, "current_b": 0, "relay_a": False, "relay_b": False}
        assert (await client.get(f"/api/commands/{device_id}/", headers=headers)).status == HTTPStatus.OK
        reply = await client.post("/api/data/", json=body | {"is_overload": False}, headers=headers)
        assert reply.status == HTTPStatus.OK
    await report("1.0.0")
    assert ota.hub.state.devices[uid].busy is None
    update = (await check(version="1.0.0"))["update"]
    assert update is not None
    reply = await client.get(update["url"], headers=headers)
    assert await reply.read() == image
    await report("2.0.0")
    assert (job := ota.hub.state.job_of(uid)) is not None
    assert job.state is JobState.VERIFIED
    history = await act(hass, "device_history", response=True, device=uid)
    kinds = [event["kind"] for event in history["events"]]
    assert kinds[-1] in ("verified", "version")
    assert {"registered", "offered", "downloading"} <= set(kinds)


async def test_one_controller_is_described_as_among_all(
    hass: HomeAssistant, ota: OtaData, house: dict[str, Controller]
) -> None:
    from custom_components.iot_heating.fleet import async_get_fleet

    fleet = await async_get_fleet(hass)
    look_up = fleet.device  # type: ignore[attr-defined]
    assert {name: look_up(name) for name in fleet.devices()} == fleet.devices()
    assert look_up("nobody") is None


async def test_current_heat_demand_applies_before_it_is_published(
    hass: HomeAssistant,
    ota: OtaData,
    house: dict[str, Controller],
    release: Release,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cellar = house["cellar"]
    await release(chip="esp32", chip_id=0)
    await rollout(hass, devices=[cellar.uid])
    firmware = await cellar.offered()
    assert firmware is not None
    monkeypatch.setattr("custom_components.iot_heating.fleet._NOTIFY_INTERVAL_S", 3600.0)
    cellar.state = "on"
    await cellar.sync()
    assert await cellar.reason() == "busy"
    assert (await cellar.client.get(firmware["path"], headers=cellar.headers)).status == HTTPStatus.NOT_FOUND
    from custom_components.iot_heating.fleet import async_get_fleet

    fleet = await async_get_fleet(hass)
    assert fleet._timer is not None, "a notification is pending"  # type: ignore[attr-defined]
    fleet._timer.cancel()  # type: ignore[attr-defined]
