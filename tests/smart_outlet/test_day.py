"""A part of a unit's day, lived by a client that knows the issue's text alone (benchmarks/smart_outlet/day.py)."""

import asyncio

from homeassistant.core import HomeAssistant
import pytest

from benchmarks.smart_outlet.day import Unit, WrongAnswerError

from .conftest import KEY, Ccu

CYCLES = 450


async def test_a_part_of_a_units_day(hass: HomeAssistant, ccu: Ccu, hass_access_token: str) -> None:
    unit = Unit(str(ccu.client.make_url("/")), KEY, token=hass_access_token)
    day = await asyncio.to_thread(unit.run, CYCLES)
    await ccu.settle()
    assert day.cycles == CYCLES
    assert day.orders == 3
    assert set(day.statuses) == {f"{p} 200" for p in ("breaker-data", "commands", "data", "devices", "outlet-status")}
    assert day.statuses["data 200"] == day.statuses["breaker-data 200"] == CYCLES
    # The third order: socket A of the second outlet off, the second one's B still on.
    assert ccu.hub.model.main_current_ma == 4000 + (CYCLES - 1) % 2000


async def test_a_wrong_answer_ends_the_day(hass: HomeAssistant, ccu: Ccu) -> None:
    unit = Unit(str(ccu.client.make_url("/")), "not the key")
    with pytest.raises(WrongAnswerError, match="401"):
        await asyncio.to_thread(unit.run, 1)
