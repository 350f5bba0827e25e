"""A winter week in Home Assistant: miner, heat pump and boiler on their wires, under a dynamic tariff."""

from collections.abc import AsyncGenerator, Callable
from copy import copy
from datetime import datetime
import os
from pathlib import Path
import time

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.base import SourceBase
from simulators.framework import running
from simulators.gas_boiler.boiler import GasBoiler
from simulators.viessmann_cloud.cloud import ViessmannCloud
from simulators.whatsminer.miner import Whatsminer

from .winter import COMFORT, START, STEP_S, Bill, Winter, set_up, stored_kwh, target, thermostat_week, write_template

WARM_UP_DAYS = float(os.environ.get("WINTER_WARM_UP", "3"))
DAYS = float(os.environ.get("WINTER_DAYS", "7"))


@pytest.fixture
async def winter(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loopback: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Winter]:
    freezer.move_to(START)
    await hass.config.async_set_time_zone("Europe/Rome")
    hass.config.latitude, hass.config.longitude = 45.0, 8.0
    hass.config.config_dir = str(tmp_path)
    write_template(tmp_path)
    hass.loop.set_debug(False)  # half of the time went into tracebacks of every callback
    # Drivers measure with the machine's clock; here that is the test's.
    monkeypatch.setitem(SourceBase.__init__.__kwdefaults__, "clock", lambda: time.monotonic())
    assert await async_setup_component(hass, DOMAIN, {})
    host = loopback()
    async with (
        running(Whatsminer, ["--host", host, "--boot-s", "120"]) as miner,
        running(ViessmannCloud, ["--port", "0"]) as cloud,
        running(GasBoiler, ["--port", "0"]) as boiler,
    ):
        yield await set_up(hass, freezer, miner, cloud, boiler)
        await hass.config_entries.async_unload(hass.config_entries.async_entries(DOMAIN)[0].entry_id)
        await hass.async_block_till_done()


def reference_setpoint(when: datetime) -> float:
    """Of the engine's reference control: comfort + 0.2 K, set back by 0.5 K, on the lower edge of the band."""
    lower = target(when) - 0.3
    return lower + 0.2 if target(when) == COMFORT else COMFORT - 0.3 - 0.5


@pytest.mark.slow
async def test_a_winter_week_is_cheaper_than_its_own_reference_control(winter: Winter) -> None:
    steps = round(86400 / STEP_S)
    for _ in range(round(WARM_UP_DAYS * steps)):
        await winter.step()
    twin, programmed = copy(winter.home.house), copy(winter.home.house)
    twin.water_w = programmed.water_w = 0.0
    begin_kwh = stored_kwh(twin)
    winter.bill = Bill()
    for _ in range(round(DAYS * steps)):
        await winter.step()
    own = winter.bill
    reference, reference_house = thermostat_week(twin, DAYS, reference_setpoint)
    plain, plain_house = thermostat_week(programmed, DAYS, target)
    price = reference.cost / reference.heat_kwh["heat pump"]
    left = stored_kwh(winter.home.house) - begin_kwh
    own_cost = own.cost - price * left
    reference_cost = reference.cost - price * (stored_kwh(reference_house) - begin_kwh)
    plain_cost = plain.cost - price * (stored_kwh(plain_house) - begin_kwh)
    saved = 100 * (1 - own_cost / reference_cost)
    engine, proof = winter.system.engine, winter.system.engine.proof()
    print(f"\nours:       {own}\nreference:  {reference}\nby the clock: {plain}")
    print(f"heat left counted: ours {own_cost:.2f}, reference {reference_cost:.2f}, by the clock {plain_cost:.2f}")
    print(f"saved {saved:.1f} %; proof {proof}; errors {engine.learned and engine.learned.errors_k}")
    print(f"calls of the heat pump's cloud: {winter.cloud.total_calls}, over the limit: {winter.cloud.over_limit}")
    assert own_cost < reference_cost
    assert own.below_kh <= reference.below_kh + 0.5
    assert engine.predicting
    assert proof is not None
    assert winter.cloud.over_limit == 0
