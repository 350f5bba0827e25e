"""The forms of miners ask for what the miner does not report itself, and for nothing else."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.sources.types.miner import missing
from simulators.antminer.miner import Antminer
from simulators.framework import running
from simulators.whatsminer.miner import Whatsminer

from .flow import add, begin, change, go_on
from .ha import start, system

POWERS = {"power_normal": 3250.0, "power_low": 2100.0}
DETAILS = ["meter", "power_normal", "power_low", "efficiency_j_th"]


@pytest.fixture
async def entry(hass: HomeAssistant, socket_enabled: None) -> MockConfigEntry:
    made = system()
    await start(hass, made)
    return made


def fields(result: Any, section: str | None = None) -> list[str]:
    """The fields of a form, or of one of its sections."""
    schema: Mapping[Any, Any] = result["data_schema"].schema
    if section is not None:
        schema = next(value for key, value in schema.items() if str(key) == section).schema.schema
    return [str(key) for key in schema]


def suggested(result: Any, section: str | None = None) -> dict[str, Any]:
    """The values that a form suggests."""
    schema: Mapping[Any, Any] = result["data_schema"].schema
    if section is not None:
        schema = next(value for key, value in schema.items() if str(key) == section).schema.schema
    return {str(key): (key.description or {}).get("suggested_value") for key in schema}


async def test_the_form_of_a_miner_begins_with_what_every_miner_needs(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    result = await go_on(hass, await begin(hass, entry, "source"), {"next_step_id": "miner"})
    assert fields(result) == ["name", "address", "password", "idle_on_release", "advanced"]
    assert fields(result, "advanced")[:4] == ["port", "meter", "efficiency_j_th", "heat_share"]


async def test_a_stock_antminer_is_asked_for_its_power(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str], port_80: None
) -> None:
    async with running(Antminer, ["--host", host := loopback()]) as miner:
        result = await add(hass, entry, "miner", {"address": host, "idle_on_release": True})
        assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "details")
        assert fields(result) == DETAILS
        assert result["description_placeholders"]["name"].startswith("Bitmain")
        miner.faults.set("refused")
        result = await go_on(hass, result, POWERS)
        assert result["errors"] == {"base": "cannot_connect"}
        assert suggested(result)["power_low"] == POWERS["power_low"]
        miner.faults.clear("refused")
        result = await go_on(hass, result, POWERS)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        (subentry,) = entry.subentries.values()
        assert subentry.data.items() >= {**POWERS, "nominal_power": 3250.0}.items()
        assert subentry.data["capabilities"]["power_steps_w"] == [2100.0, 3250.0]
        result = await change(hass, entry, "source")
        assert {"power_normal", "power_low"} <= set(fields(result))
        assert suggested(result).items() >= POWERS.items()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_the_power_of_a_stock_antminer_may_stay_unknown(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str], port_80: None
) -> None:
    async with running(Antminer, ["--host", host := loopback()]):
        values = {"address": host, "idle_on_release": True, "advanced": {"efficiency_j_th": 30.0}}
        result = await add(hass, entry, "miner", values)
        assert fields(result) == DETAILS[:3], "what was entered is not asked again"
        result = await go_on(hass, result, {})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        (subentry,) = entry.subentries.values()
        assert (subentry.data["efficiency_j_th"], "power_normal" in subentry.data) == (30.0, False)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_miner_that_reports_its_power_is_asked_for_none(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    async with running(Whatsminer, ["--host", host := loopback(), "--boot-s", "0"]):
        values = {"address": host, "password": "admin", "idle_on_release": True}
        result = await add(hass, entry, "miner", {**values, "advanced": {"heat_share": 80.0, "efficiency_j_th": 31.0}})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        (subentry,) = entry.subentries.values()
        assert (subentry.data["efficiency_j_th"], subentry.data["advanced"]) == (31.0, {"heat_share": 80.0})
        result = await change(hass, entry, "source")
        assert not {"power_normal", "power_low"} & set(fields(result))
        assert suggested(result, "advanced").items() >= {"heat_share": 80.0, "efficiency_j_th": 31.0}.items()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_values_that_an_entry_already_has_stay_visible_and_stay(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    async with running(Whatsminer, ["--host", host := loopback(), "--boot-s", "0"]):
        values = {"address": host, "password": "admin", "idle_on_release": True}
        await add(hass, entry, "miner", values)
        await hass.async_block_till_done()
        (subentry,) = entry.subentries.values()
        hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "power_normal": 3000.0})
        await hass.async_block_till_done()
        result = await change(hass, entry, "source")
        shown = suggested(result)
        assert (shown["power_normal"], "power_low" in shown) == (3000.0, False)
        open_values = {key: value for key, value in values.items() if key != "password"}
        result = await go_on(hass, result, {**open_values, "power_normal": 3000.0})
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert next(iter(entry.subentries.values())).data["power_normal"] == 3000.0
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("family", "capabilities", "measured", "asked"),
    [
        ("antminer", {"reads_power": False, "modes": ["normal", "low"]}, {}, DETAILS),
        ("antminer", {"reads_power": False}, {}, ["meter", "efficiency_j_th"]),
        ("avalon", {"reads_power": False}, {}, ["meter", "efficiency_j_th"]),
        ("avalon", {"reads_power": True}, {}, []),
        ("bitaxe", {"reads_power": True, "modes": ["400"]}, {}, []),
        ("other", {"reads_power": True}, {}, ["meter", "efficiency_j_th"]),
        ("other", {"reads_power": True}, {"nominal_power": 3000.0}, []),
    ],
)
def test_what_a_miner_is_asked_for_depends_on_what_it_reports(
    family: str, capabilities: dict[str, Any], measured: dict[str, Any], asked: list[str]
) -> None:
    data = {"info": {"family": family}, "capabilities": {"kind": "miner", **capabilities}, **measured}
    assert list(missing(data)) == asked
