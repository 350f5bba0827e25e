"""Shelly meters of the first generation, and counters whose phases are balanced."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.errors import AuthError, BadReplyError
from custom_components.proof_of_heat.drivers.meter.reading import MeterReading
from custom_components.proof_of_heat.drivers.meter.shelly import ShellyMeter, lines
from custom_components.proof_of_heat.drivers.meter.shelly_gen1 import decode_gen1_status
from custom_components.proof_of_heat.metering.net_balance import NetBalance, NetCounters
from simulators.framework import running
from simulators.shelly_pro3em.gen1 import ShellyGen1

from . import ha
from .flow import begin, go_on

NOW = datetime(2027, 1, 13, 12, tzinfo=UTC)


@asynccontextmanager
async def gen1(session: aiohttp.ClientSession, *argv: str, password: str | None = None) -> AsyncGenerator[Any]:
    async with running(ShellyGen1, ["--port", "0", *argv]) as device:
        yield device, ShellyMeter(session, "127.0.0.1", port=device.port, password=password)


@pytest.mark.parametrize(("kind", "model", "count"), [("SHEM-3", "3EM", 3), ("SHEM", "EM", 2)])
async def test_first_generation_is_read(session: aiohttp.ClientSession, kind: str, model: str, count: int) -> None:
    async with gen1(session, "--type", kind) as (device, meter):
        info = await meter.identify()
        assert (info["mac"], meter.model, meter.can_push) == ("02000000E301", model, False)
        reading = await meter.read(energy=False)
        assert reading.phases_w == tuple(device.powers_w)
        assert len(reading.phases_w) == count
        assert reading.power_w == pytest.approx(sum(device.powers_w))
        assert reading.imported_kwh == pytest.approx(sum(device.total_wh) / 1000)
        assert reading.exported_kwh == pytest.approx(sum(device.returned_wh) / 1000)
        assert reading.at == reading.counted_at == datetime.fromtimestamp(1_796_000_000, UTC)


async def test_first_generation_without_a_time_or_with_a_failing_phase(session: aiohttp.ClientSession) -> None:
    async with gen1(session) as (device, meter):
        device.faults.set("no_time")
        assert abs((await meter.read()).at - datetime.now(UTC)) < timedelta(minutes=2)
        device.faults.set("invalid")
        with pytest.raises(BadReplyError, match="channel 1 has no power"):
            await meter.read()


async def test_first_generation_with_a_password(session: aiohttp.ClientSession) -> None:
    async with gen1(session, "--password", "geheim", password="geheim") as (_, meter):
        assert (await meter.read()).power_w == pytest.approx(500.25)
    async with gen1(session, "--password", "geheim", password="wrong") as (_, meter):
        with pytest.raises(AuthError):
            await meter.read()


async def test_another_device_of_the_first_generation_is_not_a_meter(session: aiohttp.ClientSession) -> None:
    async with gen1(session, "--type", "SHSW-1") as (_, meter):
        with pytest.raises(BadReplyError, match="not an energy meter"):
            await meter.identify()


def test_first_generation_in_parts() -> None:
    row = {"power": 5.0, "is_valid": True, "total": 100.0}
    reading = decode_gen1_status({"emeters": [row, row]}, NOW)
    assert (reading.power_w, reading.imported_kwh, reading.exported_kwh, reading.at) == (10.0, 0.2, None, NOW)
    with pytest.raises(BadReplyError):
        decode_gen1_status({"emeters": []}, NOW)
    shown = {key: value for key, value, _ in lines({"emeters": [row, row]})}
    assert (shown["power"], shown["imported_energy"]) == (10.0, 0.2)


def reading_at(seconds: float, power_w: float | None, imported: float | None, exported: float | None) -> MeterReading:
    at = NOW + timedelta(seconds=seconds)
    counted = None if imported is None and exported is None else at
    return MeterReading(at=at, power_w=power_w, imported_kwh=imported, exported_kwh=exported, counted_at=counted)


def test_what_one_phase_feeds_in_is_deducted_from_another() -> None:
    """Phase a draws 3 kW and phase b feeds in 2 kW for an hour: the utility bills 1 kWh, not 3."""
    net = NetBalance()
    net.balanced(reading_at(0, 1000.0, 100.0, 50.0))
    for minute in range(1, 61):
        hours = minute / 60
        shown = net.balanced(reading_at(60 * minute, 1000.0, 100.0 + 3 * hours, 50.0 + 2 * hours))
    assert (shown.imported_kwh, shown.exported_kwh) == (pytest.approx(101.0), pytest.approx(50.0))


def test_a_change_of_direction_within_an_interval_is_seen_by_the_power() -> None:
    net = NetBalance()
    net.balanced(reading_at(0, 2000.0, 10.0, 5.0))
    net.balanced(reading_at(30, -4000.0, None, None))
    shown = net.balanced(reading_at(60, -4000.0, 10.0 + 2 / 120, 5.0 + 4 / 120))
    assert shown.imported_kwh == pytest.approx(10.0 + 2 / 120, abs=1e-4)
    assert shown.exported_kwh == pytest.approx(5.0 + 4 / 120, abs=1e-4)


def test_after_a_gap_the_counters_are_right() -> None:
    net = NetBalance()
    net.balanced(reading_at(0, 500.0, 10.0, 5.0))
    shown = net.balanced(reading_at(4 * 3600, 500.0, 16.0, 7.0))
    assert (shown.imported_kwh, shown.exported_kwh) == (pytest.approx(14.0), pytest.approx(5.0))


def test_a_counter_that_falls_to_zero_once_and_one_that_is_missing() -> None:
    net = NetBalance()
    assert net.balanced(reading_at(0, 1000.0, None, 5.0)).imported_kwh is None, "not yet known"
    net.balanced(reading_at(10, 1000.0, 10.0, 5.0))
    net.balanced(reading_at(3610, 1000.0, 0.0, 5.0))
    shown = net.balanced(reading_at(7210, 1000.0, 12.0, 5.0))
    assert shown.imported_kwh == pytest.approx(12.0, abs=0.01)
    assert shown.exported_kwh == pytest.approx(5.0, abs=0.01)


def test_a_restart_continues() -> None:
    before = NetCounters()
    before.of("m").balanced(reading_at(0, 1000.0, 100.0, 50.0))
    before.of("m").balanced(reading_at(3600, 1000.0, 103.0, 52.0))
    after = NetCounters()
    after.load(before.dump())
    shown = after.of("m").balanced(reading_at(7200, 1000.0, 106.0, 54.0))
    assert (shown.imported_kwh, shown.exported_kwh) == (pytest.approx(102.0), pytest.approx(50.0))
    for broken in (None, [], {"m": None}, {"m": {"imported_kwh": 1.0}}):
        after.load(broken)
        assert after.of(f"x{broken}").balanced(reading_at(0, 1.0, 3.0, 4.0)).imported_kwh == 3.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-3000, 3000)] * 3), min_size=2, max_size=40))
def test_the_difference_of_both_counters_is_never_lost(powers: list[tuple[float, float, float]]) -> None:
    """With any powers of the phases, drawn less fed in is what the device counted, and neither counter falls."""
    net, imported, exported = NetBalance(), 10.0, 20.0
    last = net.balanced(reading_at(0, sum(powers[0]), imported, exported))
    for index, phases in enumerate(powers):
        imported += sum(max(0.0, power) for power in phases) / 3.6e5
        exported += sum(max(0.0, -power) for power in phases) / 3.6e5
        shown = net.balanced(reading_at(10 * (index + 1), sum(phases), imported, exported))
        assert shown.imported_kwh is not None
        assert shown.exported_kwh is not None
        assert shown.imported_kwh >= (last.imported_kwh or 0) - 1e-4
        assert shown.exported_kwh >= (last.exported_kwh or 0) - 1e-4
        last = shown
    assert (last.imported_kwh or 0) - (last.exported_kwh or 0) == pytest.approx(imported - exported, abs=2e-4)
    assert (last.imported_kwh or 0) <= imported + 1e-4


async def test_a_meter_of_the_first_generation_as_the_homes(hass: HomeAssistant, socket_enabled: None) -> None:
    """Added by the form, balanced, and continued after a restart of Home Assistant."""
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with running(ShellyGen1, ["--port", "0"]) as device:
        entry = ha.system()
        await ha.start(hass, entry)
        values = {"name": "Grid", "host": "127.0.0.1", "port": device.port, "scan_interval": 10, "inverted": False}
        form = await begin(hass, entry, "meter")
        result = await go_on(hass, form, {**values, "net_balancing": True})
        assert result["type"] == "create_entry", result
        await hass.async_block_till_done()
        (meter,) = entry.runtime_data.meters
        assert meter.model == "3EM"
        device.total_wh = [1900.0, 2000.5, 3000.0]
        device.returned_wh = [0.0, 1500.5, 10.0]
        device.unixtime += 600
        await meter.async_refresh()
        await hass.async_block_till_done()
        subentry_id = meter.subentry_id
        assert meter.data.imported_kwh == pytest.approx(6.0005 + 0.1, abs=0.01)
        assert meter.data.exported_kwh == pytest.approx(0.7105, abs=0.01)
        entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{subentry_id}_imported_energy")
        assert entity_id is not None
        assert await hass.config_entries.async_unload(entry.entry_id)
        device.total_wh = [2900.0, 2000.5, 3000.0]
        device.unixtime += 600
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        (meter,) = entry.runtime_data.meters
        assert meter.data.imported_kwh == pytest.approx(6.1005 + 1.0, abs=0.01)
        await hass.config_entries.async_unload(entry.entry_id)
