"""Limits are named truly: an unknown size, quiet hours; sources without a price are used with an assumed one."""

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine import (
    SensorReading,
    SiteLimits,
    SourceKind,
    ZoneSnapshot,
)
from custom_components.proof_of_heat.engine.messages import MessageCode
from custom_components.proof_of_heat.runtime.engine_config import ASSUMED_FUEL_PRICE, source_config
from custom_components.proof_of_heat.system_config import read_config
from lib.heat_source import Capabilities, Control

from .engine.test_safety import CONFIG, SOURCES, _calm, _decided, _ready
from .ha import OUTDOOR, ROOM, source, start, system, thermometer, zone
from .test_init import advance
from .test_third_party import Stove, offer

SYSTEM = read_config(system())


async def decided(hass: HomeAssistant, freezer: FrozenDateTimeFactory, capabilities: Capabilities) -> tuple[Stove, Any]:
    """The third party's source without size and price, in a cold home with a power limit."""
    stove = Stove()
    stove.capabilities = capabilities  # type: ignore[misc]
    thermometer(hass, ROOM, 16.0)
    thermometer(hass, OUTDOOR, 0.0)
    await offer(hass, [stove])
    assert await async_setup_component(hass, DOMAIN, {})
    added = await source(hass, "external", {"reference": "stove:1"})
    entry = system(zone(), added, options={"limits": {"site_power": 5000.0}})
    await start(hass, entry)
    await entry.runtime_data.user.async_set_active(True)
    await advance(hass, freezer, 200)
    return stove, entry.runtime_data.coordinator.data.decision.record


@pytest.mark.parametrize("fuel", ["pellets", "gas", "something"])
async def test_source_of_a_fuel_without_size_and_price_heats(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, fuel: str
) -> None:
    capabilities = Capabilities(kind=SourceKind.BOILER, controls=frozenset({Control.ON_OFF}), fuel=fuel)
    stove, record = await decided(hass, freezer, capabilities)
    assert stove.on
    assert MessageCode.SITE_LIMIT not in {limit.code for limit in record.limits}


async def test_unknown_electric_size_is_named_as_the_reason(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    capabilities = Capabilities(kind=SourceKind.BOILER, controls=frozenset({Control.ON_OFF}))
    stove, record = await decided(hass, freezer, capabilities)
    assert not stove.on
    codes = {limit.code: limit.values for limit in record.limits}
    assert codes[MessageCode.SIZE_ASSUMED] == {"source": "stove:1", "power_kw": 10.0}
    assert MessageCode.SITE_LIMIT not in codes


async def test_size_of_the_capabilities_is_used(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    capabilities = Capabilities(
        kind=SourceKind.DIRECT_ELECTRIC, controls=frozenset({Control.ON_OFF}), max_power_w=2000.0
    )
    stove, _ = await decided(hass, freezer, capabilities)
    assert stove.on


@pytest.mark.parametrize(
    ("capabilities", "data", "price", "assumed"),
    [
        ({"fuel": "oil"}, {}, 0.11, False),
        ({"fuel": "peat"}, {}, ASSUMED_FUEL_PRICE, False),
        ({"fuel": "gas"}, {"fuel_price": 0.2}, 0.2, False),
        ({}, {}, None, True),
        ({}, {"nominal_power": 2000.0}, None, False),
        ({"max_heat_w": 8000.0}, {}, None, False),
    ],
)
def test_assumptions(capabilities: dict[str, Any], data: dict[str, Any], price: float | None, assumed: bool) -> None:
    found = source_config(
        "a", Capabilities(kind=SourceKind.BOILER, controls=frozenset({Control.ON_OFF}), **capabilities), data, SYSTEM
    )
    assert (found.fuel_kwh_price, found.size_assumed) == (price, assumed)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"quiet_level": 0.5}, True),
        ({"quiet_level": 0.0}, True),
        ({"quiet_level": 1.0}, False),
    ],
)
def test_quiet_hours_are_named_when_they_limit(changes: dict[str, Any], named: bool) -> None:
    cold = (ZoneSnapshot(zone_id="home", room=SensorReading(12.0), target_c=21.0),)
    config = replace(CONFIG, sources=(replace(SOURCES[0], **changes),), site=SiteLimits(), commission=False)
    decision = _decided(_ready(config), _calm(zones=cold, outdoor=SensorReading(-15.0), quiet=True))
    quiet = [limit for limit in decision.record.limits if limit.code is MessageCode.QUIET_HOURS]
    assert bool(quiet) is named
    if named:
        assert quiet[0].values == {"source": "pump", "percent": 100 * changes["quiet_level"]}
    loud = _decided(_ready(config), _calm(zones=cold, outdoor=SensorReading(-15.0)))
    assert MessageCode.QUIET_HOURS not in {limit.code for limit in loud.record.limits}


@pytest.mark.parametrize(
    ("now", "quiet_hours"),
    [
        # 21:00 local before each change of the clock; quiet from 22:00 to 06:00.
        (datetime(2026, 3, 28, 20, 0, tzinfo=UTC), 7.0),
        (datetime(2026, 10, 24, 19, 0, tzinfo=UTC), 9.0),
        (datetime(2026, 11, 10, 20, 0, tzinfo=UTC), 8.0),
    ],
)
async def test_quiet_hours_over_a_change_of_the_clock(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, now: datetime, quiet_hours: float
) -> None:
    await hass.config.async_set_time_zone("Europe/Rome")
    freezer.move_to(now)
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    assert await async_setup_component(hass, DOMAIN, {})
    entry = system(zone(), options={"limits": {"quiet_from": "22:00:00", "quiet_to": "06:00:00", "quiet_level": 40}})
    await start(hass, entry)
    assert dt_util.as_local(now).time() == time(21, 0)
    night = entry.runtime_data.coordinator.data.snapshot.quiet_schedule[: 4 * 12]
    assert night.sum() / 4 == quiet_hours
    assert night[:4].sum() == 0
    assert night[4 : 4 + int(4 * quiet_hours)].all()
