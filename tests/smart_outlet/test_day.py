"""Part of a day of a CCU, played by an independent client (benchmarks/smart_outlet/day.py)."""

import asyncio

from homeassistant.core import HomeAssistant
import pytest

from benchmarks.smart_outlet.day import CcuClient, WrongAnswerError

from .conftest import KEY, Ccu

CYCLES = 450


@pytest.mark.slow
async def test_part_of_a_day_of_a_ccu(hass: HomeAssistant, ccu: Ccu, hass_access_token: str) -> None:
    client = CcuClient(str(ccu.client.make_url("/")), KEY, token=hass_access_token)
    day = await asyncio.to_thread(client.run, CYCLES)
    await ccu.settle()
    assert day.cycles == CYCLES
    assert day.commands == 3
    assert set(day.statuses) == {f"{p} 200" for p in ("breaker-data", "commands", "data", "devices", "outlet-status")}
    assert day.statuses["data 200"] == day.statuses["breaker-data 200"] == CYCLES
    assert ccu.hub.model.main_current_ma == 4000 + (CYCLES - 1) % 2000


async def test_a_wrong_response_ends_the_day(hass: HomeAssistant, ccu: Ccu) -> None:
    client = CcuClient(str(ccu.client.make_url("/")), "not the key")
    with pytest.raises(WrongAnswerError, match="401"):
        await asyncio.to_thread(client.run, 1)
