"""Fleets of other integrations: found, joined to their devices, one per zone, not while busy."""

from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockModule, mock_integration, mock_platform

from custom_components.ota.data import OtaData
from custom_components.ota.devices.fleet_directory import FleetDirectory
from custom_components.ota.rollout.models import JobState
from custom_components.ota.rollout.schedule import Window
from lib.fleet import FleetDevice, FleetOffer
from tests.lib.test_fleet_contract import KEYS, ExampleFleet

from .conftest import Client, Release, act, rollout, settled


class HeatingFleet(ExampleFleet):
    """Two heating controllers in one zone."""

    domain = "example"

    def __init__(self) -> None:
        super().__init__()
        self.offers: list[tuple[str, FleetOffer | None]] = []
        for name, device in list(self._devices.items()):
            self._devices[name] = replace(
                device, product="thermostat", chip="esp32c3", installed_version="1.0.0", zone="cellar", group="house"
            )

    def offer(self, device_id: str, offer: FleetOffer | None) -> None:
        self.offers.append((device_id, offer))

    def put(self, uid: str, /, **changes: Any) -> None:
        known: FleetDevice = self._devices.get(uid) or replace(
            self._devices["dev-1"], device_id=uid, name=uid, device_registry_id=None
        )
        self._devices[uid] = replace(known, last_seen=dt_util.utcnow(), **changes)
        for listener in list(self._listeners):
            listener(frozenset({uid}))


@pytest.fixture
async def fleet(hass: HomeAssistant) -> HeatingFleet:
    """Another integration with a fleet, whose devices are in the registry."""
    made = HeatingFleet()
    entry = MockConfigEntry(domain="example")
    entry.add_to_hass(hass)
    for name in KEYS:
        device = dr.async_get(hass).async_get_or_create(
            config_entry_id=entry.entry_id, identifiers={("example", name)}, name=f"Controller {name}"
        )
        made._devices[name] = replace(made._devices[name], device_registry_id=device.id)
    platform = ModuleType("ota")

    async def async_get_fleet(hass: HomeAssistant) -> HeatingFleet:
        return made

    platform.async_get_fleet = async_get_fleet  # type: ignore[attr-defined]
    mock_integration(hass, MockModule("example"))
    mock_platform(hass, "example.ota", platform)
    return made


async def check(client: Client, name: str, key: str | None = None, **said: Any) -> Any:
    reply = await client.post(
        f"/api/ota/v1/devices/example:{name}/check/", json=said, headers={"X-Device-Key": key or KEYS[name]}
    )
    return await reply.json() if reply.status == 200 else reply.status


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
async def test_a_fleet_is_found_whichever_is_loaded_first(
    hass: HomeAssistant, fleet: HeatingFleet, entry: MockConfigEntry, first: bool
) -> None:
    if first:
        assert await async_setup_component(hass, "example", {})
    assert await async_setup_component(hass, "http", {})
    assert await hass.config_entries.async_setup(entry.entry_id)
    if not first:
        assert await async_setup_component(hass, "example", {})
    await settled(hass)
    devices = entry.runtime_data.hub.state.devices
    assert set(devices) == {"example:dev-1", "example:dev-2"}
    assert devices["example:dev-1"].installed_version == "1.0.0"
    # The update entity joins the provider's device.
    registry = er.async_get(hass)
    found = [e for e in er.async_entries_for_config_entry(registry, entry.entry_id) if e.domain == "update"]
    assert {e.device_id for e in found} == {d.device_registry_id for d in fleet.devices().values()}


@pytest.fixture
async def with_fleet(hass: HomeAssistant, fleet: HeatingFleet, ota: OtaData) -> HeatingFleet:
    """The fleet, found."""
    assert await async_setup_component(hass, "example", {})
    await settled(hass)
    return fleet


async def test_its_devices_call_with_their_own_keys(with_fleet: HeatingFleet, client: Client) -> None:
    assert (await check(client, "dev-1"))["reason"] == "no_rollout"
    assert await check(client, "dev-1", KEYS["dev-2"]) == 401
    assert await check(client, "dev-1", KEYS["dev-1"][:-1]) == 401
    assert await check(client, "dev-1", " ") == 401


async def test_one_per_zone_and_none_while_heat_is_called_for(
    hass: HomeAssistant, ota: OtaData, with_fleet: HeatingFleet, client: Client, release: Release
) -> None:
    await release()
    await rollout(hass, groups=["house"])
    with_fleet.put("dev-1", busy="heat_demand")
    await settled(hass)
    assert (await check(client, "dev-1", version="1.0.0", busy="heat_demand"))["reason"] == "busy"
    assert (await check(client, "dev-2", version="1.0.0"))["update"] is not None
    with_fleet.put("dev-1", busy=None)
    await settled(hass)
    assert (await check(client, "dev-1", version="1.0.0"))["reason"] == "zone"
    with_fleet.put("dev-2", installed_version="2.0.0")
    await settled(hass)
    job = ota.hub.state.job_of("example:dev-2")
    assert job is not None
    assert job.state is JobState.VERIFIED  # by the version that its provider received
    assert (await check(client, "dev-1", version="1.0.0"))["update"] is not None


async def test_provider_gets_the_offer_and_its_end(
    hass: HomeAssistant, with_fleet: HeatingFleet, client: Client, release: Release
) -> None:
    await release()
    rollout_id = await rollout(hass, devices=["example:dev-1"])
    await check(client, "dev-1", version="1.0.0")
    name, offer = with_fleet.offers[-1]
    assert name == "dev-1"
    assert offer is not None
    assert (offer.version, offer.path.startswith("/api/ota/v1/devices/example:dev-1/firmware/")) == ("2.0.0", True)
    reply = await client.get(offer.path, headers={"X-Device-Key": KEYS["dev-1"]})
    assert len(await reply.read()) == offer.size
    await act(hass, "abort", rollout=rollout_id)
    with_fleet.put("dev-1", installed_version="2.0.0")
    await settled(hass)
    assert with_fleet.offers[-1] == ("dev-1", None)


async def test_a_rotated_secret_of_a_fleets_device_is_only_the_url(
    hass: HomeAssistant, with_fleet: HeatingFleet, client: Client
) -> None:
    shown = await act(hass, "rotate_key", response=True, device="example:dev-1")
    assert set(shown) == {"url_path"}
    assert (await client.get(shown["url_path"] + "manifest.json")).status == 200
    assert (await check(client, "dev-1"))["reason"] == "no_rollout"  # its provider's key stays


async def test_fleet_of_an_unloaded_entry_rejects_its_devices(
    hass: HomeAssistant, ota: OtaData, with_fleet: HeatingFleet, client: Client
) -> None:
    devices, with_fleet._devices = with_fleet._devices, {}
    for listener in list(with_fleet._listeners):
        listener(frozenset(devices))
    await settled(hass)
    assert "example:dev-1" in ota.hub.state.devices
    with_fleet._devices = devices
    with_fleet.put("dev-1", name="New name")
    await settled(hass)
    assert ota.hub.state.devices["example:dev-1"].name == "New name"


async def test_permissions_of_a_fleets_device_are_set_by_an_action(
    hass: HomeAssistant, ota: OtaData, with_fleet: HeatingFleet, client: Client, release: Release
) -> None:
    await release()
    await rollout(hass, devices=["example:dev-1"])
    device = "example:dev-1"
    await act(hass, "set_policy", device=device, pinned_version="1.0.0", channel="beta")
    assert (await check(client, "dev-1", version="1.0.0"))["reason"] == "pinned"
    await act(hass, "set_policy", device=device, pinned_version="", window_start="22:00", window_end="05:00:00")
    policy = ota.hub.state.devices[device].policy
    assert (policy.channel, policy.pinned_version, policy.window) == ("beta", None, Window("22:00", "05:00"))
    with_fleet.put("dev-1", name="Renamed")
    await settled(hass)
    assert ota.hub.state.devices[device].policy == policy
    for wrong in ({"pinned_version": "newest"}, {"window_start": "99:00"}, {"window_end": ""}):
        with pytest.raises(ServiceValidationError):
            await act(hass, "set_policy", device=device, **wrong)


async def test_removed_device_of_a_fleet_can_be_deleted(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, with_fleet: HeatingFleet
) -> None:
    device = "example:dev-1"
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "remove_device", device=device)
    assert caught.value.translation_key == "still_there"
    del with_fleet._devices["dev-1"]
    await act(hass, "remove_device", device=device)
    await settled(hass)
    assert device not in ota.hub.state.devices
    left = {e.unique_id for e in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
    assert not any("dev-1" in unique_id for unique_id in left)


@pytest.mark.parametrize("first", ["registry", "fleet"])
async def test_a_fleets_device_that_was_deleted_is_forgotten(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, with_fleet: HeatingFleet, first: str
) -> None:
    deleted = with_fleet._devices["dev-1"].device_registry_id
    assert deleted is not None
    if first == "registry":
        dr.async_get(hass).async_remove_device(deleted)
        await settled(hass)
        assert "example:dev-1" in ota.hub.state.devices, "its provider still has it"
    del with_fleet._devices["dev-1"]
    for listener in list(with_fleet._listeners):
        listener(frozenset({"dev-1"}))
    await settled(hass)
    if first == "fleet":
        assert "example:dev-1" in ota.hub.state.devices, "perhaps its entry is only not loaded"
        dr.async_get(hass).async_remove_device(deleted)
        await settled(hass)
    assert set(ota.hub.state.devices) == {"example:dev-2"}
    left = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert not any("dev-1" in item.unique_id for item in left)


def device_ids(hass: HomeAssistant, entry: MockConfigEntry, uid: str) -> set[str | None]:
    known = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {item.device_id for item in known if item.unique_id.startswith(f"{entry.entry_id}_{uid}_")}


async def test_entities_stay_at_their_providers_device_while_it_is_not_loaded_yet(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, with_fleet: HeatingFleet
) -> None:
    theirs = with_fleet._devices["dev-1"].device_registry_id
    assert device_ids(hass, entry, "example:dev-1") == {theirs}
    devices, with_fleet._devices = with_fleet._devices, {}
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settled(hass)
    assert device_ids(hass, entry, "example:dev-1") == {theirs}
    own = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert {device.name for device in own} == {entry.title}, "no second device for each"
    with_fleet._devices = devices
    with_fleet.put("dev-1")
    await settled(hass)
    assert device_ids(hass, entry, "example:dev-1") == {theirs}


async def test_entities_move_from_a_device_of_ours_to_their_providers(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, with_fleet: HeatingFleet
) -> None:
    theirs = with_fleet._devices["dev-1"].device_registry_id
    with_fleet.put("dev-3")
    await settled(hass)
    (ours,) = device_ids(hass, entry, "example:dev-3")
    assert ours is not None
    with_fleet.put("dev-3", device_registry_id=theirs)
    await settled(hass)
    assert device_ids(hass, entry, "example:dev-3") == {theirs}
    assert dr.async_get(hass).async_get(ours) is None


async def test_own_device_is_removed_with_its_rollout(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, with_fleet: HeatingFleet
) -> None:
    with_fleet.put("dev-3")
    await settled(hass)
    (ours,) = device_ids(hass, entry, "example:dev-3")
    assert ours is not None
    assert dr.async_get(hass).async_get(ours) is not None
    del with_fleet._devices["dev-3"]
    await act(hass, "remove_device", device="example:dev-3")
    await settled(hass)
    assert device_ids(hass, entry, "example:dev-3") == set()
    assert dr.async_get(hass).async_get(ours) is None


async def test_a_device_that_is_known_again_was_not_deleted(
    hass: HomeAssistant, ota: OtaData, with_fleet: HeatingFleet
) -> None:
    known = with_fleet._devices["dev-1"]
    assert known.device_registry_id is not None
    dr.async_get(hass).async_remove_device(known.device_registry_id)
    (entry,) = hass.config_entries.async_entries("example")
    again = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers={("example", "dev-1")})
    with_fleet.put("dev-1", device_registry_id=again.id)
    await settled(hass)
    del with_fleet._devices["dev-1"]
    for listener in list(with_fleet._listeners):
        listener(frozenset({"dev-1"}))
    await settled(hass)
    assert "example:dev-1" in ota.hub.state.devices


async def test_after_a_reload_the_fleet_is_followed_once(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, with_fleet: HeatingFleet
) -> None:
    for _ in range(3):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await settled(hass)
    assert len(with_fleet._listeners) == 1
    with_fleet.put("dev-2", installed_version="1.5.0", boot_count=7)
    await settled(hass)
    device = entry.runtime_data.hub.state.devices["example:dev-2"]
    assert (device.installed_version, device.boot_count) == ("1.5.0", 7)
    await hass.config_entries.async_unload(entry.entry_id)
    assert not with_fleet._listeners


async def test_a_sign_of_life_of_long_ago_is_one_of_long_ago(ota: OtaData, with_fleet: HeatingFleet) -> None:
    old = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert ota.hub.state.devices["example:dev-1"].last_seen == old


async def test_a_large_fleet_describes_only_the_device_that_calls(
    hass: HomeAssistant, ota: OtaData, with_fleet: HeatingFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def device(device_id: str) -> FleetDevice | None:
        asked.append(device_id)
        return with_fleet._devices.get(device_id)

    monkeypatch.setattr(with_fleet, "device", device, raising=False)
    monkeypatch.setattr(with_fleet, "devices", lambda: pytest.fail("all of them were described"))
    with_fleet.put("dev-1", installed_version="1.1.0")
    await settled(hass)
    assert asked == ["dev-1"]
    assert ota.hub.state.devices["example:dev-1"].installed_version == "1.1.0"


async def test_platforms_without_a_fleet_are_ignored(hass: HomeAssistant, fleet: HeatingFleet) -> None:
    directory = FleetDirectory()
    added: list[str] = []
    directory.listener = added.append

    class Platform:
        async def async_get_fleet(self, hass: HomeAssistant) -> HeatingFleet:
            return fleet

    await directory.async_add_platform(hass, "no_fleet", ModuleType("ota"))
    await directory.async_add_platform(hass, "ota", Platform())
    await directory.async_add_platform(hass, "example", Platform())
    await directory.async_add_platform(hass, "example", Platform())
    assert added == ["example"]
    assert directory.fleets == {"example": fleet}
