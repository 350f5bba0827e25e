"""Discovery cannot be blocked: made-up device IDs give way to controllers."""

from collections.abc import Callable
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.iot_heating.const import DOMAIN
from custom_components.iot_heating.runtime.discovery import (
    DISCOVERY,
    MAX_DISCOVERIES,
    MAX_WAITING,
    ControllerDiscovery,
)

ATTACKER, OTHER = "192.168.1.66", "192.168.1.20"

pytestmark = pytest.mark.usefixtures("building")


@pytest.fixture
def discovery(hass: HomeAssistant, building: MockConfigEntry, freezer: FrozenDateTimeFactory) -> ControllerDiscovery:
    return hass.data[DISCOVERY]


@pytest.fixture
def offered(hass: HomeAssistant) -> Callable[[], set[str]]:
    """The device IDs that the user is offered to add."""

    def flows() -> set[str]:
        found = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        return {str(flow["context"]["unique_id"]) for flow in found}

    return flows


def flood(discovery: ControllerDiscovery, count: int, address: str = ATTACKER, name: str = "X") -> None:
    for number in range(count):
        discovery.add(f"{name}-{number}", f"key {number}", address)


@pytest.mark.parametrize("address", [OTHER, ATTACKER, "fd00::1"])
@pytest.mark.parametrize("count", [20, 60, 1000])
async def test_one_address_with_made_up_ids_hides_no_controller(
    hass: HomeAssistant,
    discovery: ControllerDiscovery,
    offered: Callable[[], set[str]],
    freezer: FrozenDateTimeFactory,
    address: str,
    count: int,
) -> None:
    """The controller may have the same address, such as that of a proxy."""
    flood(discovery, count)
    for _ in range(3):
        discovery.add("ESP32-077", "its key", address)
        await hass.async_block_till_done()
        freezer.tick(timedelta(seconds=30))
    assert "ESP32-077" in offered()
    flood(discovery, count, name="Y")
    await hass.async_block_till_done()
    assert "ESP32-077" in offered(), "nor does the next flood"
    assert len(offered()) <= MAX_DISCOVERIES


async def test_a_controller_of_another_address_is_offered_with_its_first_call(
    hass: HomeAssistant, discovery: ControllerDiscovery, offered: Callable[[], set[str]]
) -> None:
    flood(discovery, 20)
    discovery.add("ESP32-077", "its key", OTHER)
    await hass.async_block_till_done()
    assert "ESP32-077" in offered()


async def test_repeated_calls_of_one_address_hide_no_other_address(
    hass: HomeAssistant,
    discovery: ControllerDiscovery,
    offered: Callable[[], set[str]],
    freezer: FrozenDateTimeFactory,
) -> None:
    for _ in range(5):
        flood(discovery, 20)
        freezer.tick(timedelta(seconds=30))
    discovery.add("ESP32-077", "its key", OTHER)
    await hass.async_block_till_done()
    assert "ESP32-077" in offered()
    flood(discovery, 20)
    await hass.async_block_till_done()
    assert "ESP32-077" in offered()


async def test_controllers_are_not_displaced_by_new_addresses(
    hass: HomeAssistant,
    discovery: ControllerDiscovery,
    offered: Callable[[], set[str]],
    freezer: FrozenDateTimeFactory,
) -> None:
    honest = {f"ESP32-{number}" for number in range(MAX_DISCOVERIES)}
    for _ in range(3):
        for number, device_id in enumerate(sorted(honest)):
            discovery.add(device_id, "its key", f"10.0.0.{number}")
        freezer.tick(timedelta(seconds=30))
    flood(discovery, 100, "10.1.1.1")
    await hass.async_block_till_done()
    assert offered() == honest


async def test_many_ipv6_addresses_of_one_network_are_one(
    hass: HomeAssistant,
    discovery: ControllerDiscovery,
    offered: Callable[[], set[str]],
    freezer: FrozenDateTimeFactory,
) -> None:
    for _ in range(2):
        for number in range(20):
            discovery.add(f"X-{number}", "key", f"fd00:0:0:1::{number:x}")
        freezer.tick(timedelta(seconds=30))
    discovery.add("ESP32-077", "its key", "::ffff:192.168.1.20")
    await hass.async_block_till_done()
    assert "ESP32-077" in offered()


async def test_dismissing_frees_the_place(
    hass: HomeAssistant,
    discovery: ControllerDiscovery,
    offered: Callable[[], set[str]],
    freezer: FrozenDateTimeFactory,
) -> None:
    for _ in range(2):
        for number in range(MAX_DISCOVERIES):
            discovery.add(f"X-{number}", "key", f"10.0.0.{number}")
        await hass.async_block_till_done()
        freezer.tick(timedelta(seconds=30))
    discovery.add("ESP32-077", "its key", OTHER)
    await hass.async_block_till_done()
    assert "ESP32-077" not in offered(), "all places are taken by what could be controllers"
    ignored = MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id="X-3", data={})
    ignored.add_to_hass(hass)
    discovery.add("ESP32-077", "its key", OTHER)
    (flow,) = [f for f in hass.config_entries.flow.async_progress() if f["context"].get("unique_id") == "X-5"]
    hass.config_entries.flow.async_abort(flow["flow_id"])
    discovery.add("ESP32-078", "its key", OTHER)
    await hass.async_block_till_done()
    assert {"ESP32-077", "ESP32-078"} <= offered()
    discovery.add("X-3", "key", "10.0.0.3")
    assert "X-3" not in discovery.controllers


async def test_a_flood_is_bounded(
    hass: HomeAssistant, discovery: ControllerDiscovery, freezer: FrozenDateTimeFactory
) -> None:
    events = async_capture_events(hass, "iot_heating_controller_discovered")
    flood(discovery, MAX_WAITING + 500)
    await hass.async_block_till_done()
    assert len(events) <= 2 * MAX_DISCOVERIES
    assert len(discovery.controllers) == MAX_DISCOVERIES
    assert len(discovery._waiting) <= MAX_WAITING


async def test_another_key_does_not_count_as_calling_again(
    discovery: ControllerDiscovery, freezer: FrozenDateTimeFactory
) -> None:
    flood(discovery, 100)
    discovery.add("ESP32-077", "a key", ATTACKER)
    freezer.tick(timedelta(seconds=30))
    discovery.add("ESP32-077", "another key", ATTACKER)
    assert "ESP32-077" not in discovery.controllers
    discovery.add("ESP32-077", "a key", ATTACKER)
    assert "ESP32-077" in discovery.controllers
