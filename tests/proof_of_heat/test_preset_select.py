"""Tuning presets of miners as a select with their power: verified, kept, and never against control."""

from collections.abc import Callable
from typing import Any

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.miner.power_presets import PowerPreset, PowerPresets
from lib.heat_source import Command, FaultReason, Outcome
from simulators.framework import running
from simulators.vnish.miner import Vnish

from . import ha
from .test_miner_sources import miner


@pytest.mark.parametrize(
    ("name", "watts", "label"),
    [("2350", 2350.0, "2350 W"), ("415MHz", 1840.0, "415MHz (1840 W)"), ("1500 W", 1500.0, "1500 W")],
)
def test_a_preset_is_shown_with_its_power(name: str, watts: float, label: str) -> None:
    presets = PowerPresets([PowerPreset(name, watts, tuned=True)])
    assert presets.labels == (label,)
    assert (presets.label_of(name), presets.watts_of_label(label)) == (label, watts)
    assert (presets.label_of("other"), presets.watts_of_label("other")) == (None, None)


@pytest.mark.parametrize(
    ("kind", "labels", "chosen"),
    [
        ("vnish", ("1500 W", "1900 W", "2350 W", "2620 W", "3050 W"), "1900 W"),
        ("luxos", None, "315MHz (1341 W)"),
        ("braiins", ("1800 W", "2400 W", "3000 W"), "1800 W"),
    ],
)
async def test_a_preset_is_set_verified_and_kept(
    kind: str,
    labels: tuple[str, ...] | None,
    chosen: str,
    port_80: None,
    loopback: Callable[[], str],
    session: aiohttp.ClientSession,
) -> None:
    async with miner(kind, loopback(), session, idle_on_release=False) as (device, source):
        await source.refresh()
        assert labels is None or source.presets == labels
        assert chosen in source.presets
        assert (await source.choose_preset(chosen)).outcome == Outcome.APPLIED
        assert source.preset == chosen
        assert f"{device.machine.limit_w:.0f} W" in chosen
        assert not source.leased, "nothing takes it back after a while"
        assert (await source.choose_preset(chosen)).outcome == Outcome.UNCHANGED
        assert (await source.choose_preset("9999 W")).reason == FaultReason.REJECTED


async def test_a_paused_miner_stays_paused(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("luxos", loopback(), session) as (device, source):
        assert (await source.apply(Command(id="a", on=False))).outcome == Outcome.APPLIED
        await source.choose_preset(source.presets[0])
        assert device.machine.running is False
        assert source.preset == source.presets[0]


async def test_a_users_preset_is_what_the_miner_gets_back(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("vnish", loopback(), session, idle_on_release=False) as (device, source):
        assert (await source.choose_preset("2350 W")).outcome == Outcome.APPLIED
        assert (await source.apply(Command(id="a", power_w=1500.0))).outcome == Outcome.APPLIED
        assert device.preset == "1500"
        assert (await source.release()).outcome == Outcome.APPLIED
        assert device.preset == "2350"


async def test_the_select_offers_sets_and_refuses(
    hass: HomeAssistant, loopback: Callable[[], str], port_80: None
) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    host = loopback()
    async with running(Vnish, ["--host", host, "--boot-s", "0"]) as device:
        values: dict[str, Any] = {"address": host, "password": "admin", "port": 80, "idle_on_release": True}
        entry = ha.system(await ha.source(hass, "miner", values))
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        await unit.source.refresh()
        entity_id = er.async_get(hass).async_get_entity_id("select", DOMAIN, f"{unit.subentry_id}_preset")
        assert entity_id is not None
        assert hass.states.get(entity_id).attributes["options"] == ["1500 W", "1900 W", "2350 W", "2620 W", "3050 W"]

        async def choose(option: str) -> None:
            data = {"entity_id": entity_id, "option": option}
            await hass.services.async_call("select", "select_option", data, blocking=True)

        await choose("1900 W")
        assert (device.preset, hass.states.get(entity_id).state) == ("1900", "1900 W")
        unit.source._lease.start(300.0)
        with pytest.raises(ServiceValidationError, match="is set by heating control"):
            await choose("2350 W")
        assert device.preset == "1900", "the plan is not disturbed"
        unit.source._lease.end()
        device.faults.set("locked")
        unit.source.client._token = None
        with pytest.raises(HomeAssistantError, match="could not be set to 2350 W"):
            await choose("2350 W")
        device.faults.set("refused")
        with pytest.raises(HomeAssistantError):
            await choose("2350 W")
        assert hass.states.get(entity_id).state == "unavailable"
        await hass.config_entries.async_unload(entry.entry_id)
