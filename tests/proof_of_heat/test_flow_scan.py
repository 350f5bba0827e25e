"""Miners are found in a range of addresses and added from there."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.flows import scan as scan_module
from simulators.framework import running
from simulators.whatsminer.miner import Whatsminer

from .flow import begin, go_on
from .ha import start, system

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


@pytest.fixture
async def entry(hass: HomeAssistant, socket_enabled: None) -> MockConfigEntry:
    assert await async_setup_component(hass, DOMAIN, {})
    made = system()
    await start(hass, made)
    return made


async def scan_form(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    result = await begin(hass, entry, "source")
    assert "scan" in result["menu_options"]
    result = await go_on(hass, result, {"next_step_id": "scan"})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "scan")
    return result


async def search(hass: HomeAssistant, result: Any, addresses: str) -> Any:
    """Send the range and wait until the progress bar is through."""
    result = await go_on(hass, result, {"range": addresses})
    if result["type"] is not FlowResultType.SHOW_PROGRESS:
        return result
    assert result["progress_action"] == "scanning"
    assert result["description_placeholders"] == {"range": addresses}
    async with asyncio.timeout(120):
        while result["type"] is FlowResultType.SHOW_PROGRESS:
            await asyncio.sleep(0.05)
            result = await hass.config_entries.subentries.async_configure(result["flow_id"])
    return result


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ("cellar", "range_invalid"),
        ("192.168.1.20-10", "range_backwards"),
        ("192.168.0.0/16", "range_too_wide"),
        ("8.8.8.8", "range_not_local"),
    ],
)
async def test_invalid_range_is_reported(hass: HomeAssistant, entry: MockConfigEntry, wrong: str, error: str) -> None:
    result = await search(hass, await scan_form(hass, entry), wrong)
    assert (result["step_id"], result["errors"]) == ("scan", {"range": error})


async def test_own_network_is_offered(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def adapter(address: str, prefix: int, *, enabled: bool = True) -> dict[str, Any]:
        return {"enabled": enabled, "ipv4": [{"address": address, "network_prefix": prefix}]}

    adapters = [adapter("10.0.0.2", 8), adapter("172.16.0.5", 24, enabled=False), adapter("192.168.3.7", 24)]

    async def listed(_: HomeAssistant) -> list[dict[str, Any]]:
        return adapters

    monkeypatch.setattr(scan_module.network, "async_get_adapters", listed)
    schema = (await scan_form(hass, entry))["data_schema"].schema
    assert [key.description["suggested_value"] for key in schema] == ["192.168.3.7/24"]
    del adapters[2]
    schema = (await scan_form(hass, entry))["data_schema"].schema
    assert [key.description["suggested_value"] for key in schema] == [""]


async def test_found_device_is_selected_tested_added_and_not_found_again(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    one, two, nobody = loopback(), loopback(), loopback()
    addresses = f"{one}, {two}, {nobody}"
    async with (
        running(Whatsminer, ["--host", one, "--boot-s", "0"]),
        running(Whatsminer, ["--host", two, "--api", "v3"]),
    ):
        result = await search(hass, await scan_form(hass, entry), addresses)
        assert result["step_id"] == "found"
        options = result["data_schema"].schema["found"].config["options"]
        assert [item["value"] for item in options] == [one, two]
        assert "whatsminer" in options[0]["label"]
        result = await go_on(hass, result, {"found": one})
        assert result["step_id"] == "miner"
        suggested = {str(key): key.description for key in result["data_schema"].schema}
        assert suggested["address"] == {"suggested_value": one}
        values = {"address": one, "password": "admin", "idle_on_release": True}
        result = await go_on(hass, result, values)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        assert [item.data["address"] for item in entry.subentries.values()] == [one]
        # The one that is set up is not offered again.
        result = await search(hass, await scan_form(hass, entry), one)
        assert (result["step_id"], result["errors"]) == ("scan", {"range": "nothing_found"})
        # The dialog continues from there with another range.
        result = await search(hass, result, two)
        assert result["step_id"] == "found"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_closing_the_dialog_ends_the_search(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()

    async def endless(*_: Any, **__: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(scan_module, "scan", endless)
    result = await go_on(hass, await scan_form(hass, entry), {"range": loopback()})
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    await asyncio.sleep(0)
    hass.config_entries.subentries.async_abort(result["flow_id"])
    async with asyncio.timeout(120):
        await ended.wait()


async def test_progress_is_shown_during_the_search(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE

    progress: list[float] = []
    note = callback(lambda event: progress.append(event.data["progress"]))  # in the loop, so in order
    hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, note)
    await search(hass, await scan_form(hass, entry), f"{loopback()},{loopback()}")
    assert progress == [0.5, 1.0]
