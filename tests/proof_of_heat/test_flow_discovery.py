"""Devices that announce themselves become a part of a system; known ones get their new address."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from homeassistant.config_entries import SOURCE_DHCP, SOURCE_IGNORE, SOURCE_ZEROCONF
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from simulators.antminer.miner import Antminer
from simulators.bitaxe.miner import Bitaxe
from simulators.framework import running
from simulators.shelly_pro3em.meter import ShellyPro3Em
from simulators.whatsminer.miner import Whatsminer

from .ha import start, system, zone

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

MINER = {"password": "admin", "idle_on_release": True}
METER = {"name": "Grid", "scan_interval": 10, "inverted": False}


@pytest.fixture(autouse=True)
async def ready(hass: HomeAssistant, socket_enabled: None) -> None:
    assert await async_setup_component(hass, DOMAIN, {})


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    made = system(zone())
    await start(hass, made)
    return made


async def dhcp(hass: HomeAssistant, host: str, mac: str, hostname: str = "whatsminer") -> Any:
    info = DhcpServiceInfo(ip=host, hostname=hostname, macaddress=mac)
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_DHCP}, data=info)


async def announce(hass: HomeAssistant, host: str, port: int, name: str) -> Any:
    info = ZeroconfServiceInfo(
        ip_address=ip_address(host),
        ip_addresses=[ip_address(host)],
        port=port,
        hostname=f"{name.lower()}.local.",
        type="_http._tcp.local.",
        name=f"{name}._http._tcp.local.",
        properties={},
    )
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info)


async def send(hass: HomeAssistant, result: Any, values: dict[str, Any]) -> Any:
    return await hass.config_entries.flow.async_configure(result["flow_id"], values)


def devices(entry: MockConfigEntry) -> list[Any]:
    return [item for item in entry.subentries.values() if item.subentry_type != "zone"]


def only_subentry(entry: MockConfigEntry) -> Any:
    (found,) = devices(entry)
    return found


def dhcp_mac(unique_id: str) -> str:
    """As the DHCP integration writes it."""
    return unique_id.replace(":", "").lower()


async def test_whatsminer_on_dhcp_is_added_and_follows_its_address(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    first, second = loopback(), loopback()
    async with running(Whatsminer, ["--host", first, "--boot-s", "0"]) as miner:
        result = await dhcp(hass, first, "020000000001")
        assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "found_miner")
        assert result["description_placeholders"] == {"name": "Whatsminer", "host": first}
        shown = {str(key) for key in result["data_schema"].schema}
        assert shown == {"name", "password", "idle_on_release"}, "it reports its power"
        (flow,) = hass.config_entries.flow.async_progress()
        assert flow["context"]["title_placeholders"] == {"name": f"Whatsminer ({first})"}
        miner.faults.set("refused")
        result = await send(hass, result, MINER)
        assert result["errors"] == {"base": "cannot_connect"}
        miner.faults.clear("refused")
        result = await send(hass, result, MINER)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "device_added")
        await hass.async_block_till_done()
        source = only_subentry(entry)
        assert (source.subentry_type, source.data["address"]) == ("source", first)
        assert len(entry.runtime_data.sources) == 1
        # Home Assistant knows the device by its MAC address and reports its new DHCP lease.
        device = dr.async_get(hass).async_get_devices(
            connections={(dr.CONNECTION_NETWORK_MAC, dr.format_mac(source.unique_id))}
        )
        assert [item.config_entry_id for item in device] == [entry.entry_id]
        result = await dhcp(hass, second, dhcp_mac(source.unique_id), "something")
        assert result["reason"] == "already_configured"
        assert only_subentry(entry).data["address"] == second
        await hass.async_block_till_done()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_antminer_found_by_host_name_requires_its_password(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str], port_80: None
) -> None:
    async with running(Antminer, ["--host", host := loopback()]):
        result = await dhcp(hass, host, "020000000003", "antminer")
        assert {"meter", "power_normal", "power_low"} <= {str(key) for key in result["data_schema"].schema}
        result = await send(hass, result, {**MINER, "password": "no"})
        assert result["errors"] == {"password": "invalid_auth"}
        result = await send(hass, result, {"idle_on_release": True})
        assert result["reason"] == "device_added"
        await hass.async_block_till_done()
        assert "nominal_power" not in only_subentry(entry).data, "this firmware does not report its power"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_bitaxe_is_discovered_and_not_offered_again(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str], port_80: None
) -> None:
    host, other = loopback(), loopback()
    async with running(Bitaxe, ["--host", host]):
        result = await announce(hass, host, 80, "Bitaxe Gamma 601")
        assert (result["step_id"], result["description_placeholders"]["name"]) == ("found_miner", "Bitaxe")
        again = await announce(hass, host, 80, "Bitaxe Gamma 601")
        assert again["reason"] == "already_in_progress"
        result = await send(hass, result, {"idle_on_release": True})
        assert result["reason"] == "device_added"
        await hass.async_block_till_done()
        again = await announce(hass, host, 80, "Bitaxe Gamma 601")
        assert again["reason"] == "already_configured"
        await hass.config_entries.async_unload(entry.entry_id)
    async with running(Bitaxe, ["--host", other]):
        again = await announce(hass, other, 80, "Bitaxe Gamma 601")
        assert again["reason"] == "already_configured"
        assert only_subentry(entry).data["address"] == other


async def test_shelly_becomes_a_meter_and_follows_its_address(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    async with running(ShellyPro3Em, ["--port", "0", "--password", "s3", "--mac", "020000000AAA"]) as shelly:
        result = await announce(hass, "127.0.0.1", shelly.port, "shellypro3em-020000000aaa")
        assert result["step_id"] == "found_meter"
        shelly.faults.set("refused")
        result = await send(hass, result, METER)
        assert result["errors"] == {"base": "cannot_connect"}
        shelly.faults.clear("refused")
        result = await send(hass, result, METER)
        assert result["errors"] == {"password": "invalid_auth"}
        result = await send(hass, result, {**METER, "name": " ", "password": "s3"})
        assert result["errors"] == {"name": "name_empty"}
        result = await send(hass, result, {**METER, "password": "s3"})
        assert result["reason"] == "device_added"
        await hass.async_block_till_done()
        meter = only_subentry(entry)
        assert (meter.subentry_type, meter.title, meter.data["port"]) == ("meter", "Grid", shelly.port)
        assert hass.states.get("sensor.grid_power") is not None
    result = await announce(hass, moved := loopback(), 80, "shellypro3em-020000000aaa")
    assert result["reason"] == "already_configured"
    assert only_subentry(entry).data["host"] == moved


async def test_user_selects_one_of_several_systems(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    cabin = MockConfigEntry(domain=DOMAIN, title="Cabin", data={"name": "Cabin", "outdoor": "sensor.outdoor"})
    await start(hass, cabin)
    async with running(Whatsminer, ["--host", host := loopback(), "--boot-s", "0"]):
        result = await dhcp(hass, host, "020000000001")
        options = result["data_schema"].schema["system"].config["options"]
        assert [item["label"] for item in options] == ["Home", "Cabin"]
        result = await send(hass, result, {**MINER, "system": cabin.entry_id})
        assert result["reason"] == "device_added"
        await hass.async_block_till_done()
        assert (len(devices(entry)), len(devices(cabin))) == (0, 1)
        await hass.config_entries.async_unload(cabin.entry_id)


async def test_device_added_manually_in_the_meantime_is_not_added_twice(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    async with running(Whatsminer, ["--host", host := loopback(), "--boot-s", "0"]):
        waiting = await dhcp(hass, host, "020000000001")
        other = await dhcp(hass, host, "020000000002")
        assert (await send(hass, other, MINER))["reason"] == "device_added"
        await hass.async_block_till_done()
        assert (await send(hass, waiting, MINER))["reason"] == "already_configured"
        assert len(devices(entry)) == 1
        await hass.config_entries.async_unload(entry.entry_id)


async def test_other_devices_are_not_offered(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    result = await dhcp(hass, loopback(), "020000000001", "antminer")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_supported")
    assert result["description_placeholders"]["add_device_url"].endswith("/add-a-device/")


async def test_discovery_without_a_heating_system_aborts(hass: HomeAssistant, loopback: Callable[[], str]) -> None:
    async with running(Whatsminer, ["--host", host := loopback(), "--boot-s", "0"]):
        result = await dhcp(hass, host, "020000000001")
    assert result["reason"] == "no_system"


async def test_ignored_device_stays_ignored(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    async with running(Whatsminer, ["--host", host := loopback(), "--boot-s", "0"]):
        result = await dhcp(hass, host, "020000000001")
        flow = hass.config_entries.flow.async_get(result["flow_id"])
        await hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": SOURCE_IGNORE},
            data={"unique_id": flow["context"]["unique_id"], "title": "Whatsminer"},
        )
        result = await dhcp(hass, host, "020000000001")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
