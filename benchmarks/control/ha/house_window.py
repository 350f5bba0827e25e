"""The two homes under control of the integration, each in a process of its own."""

import asyncio
from dataclasses import dataclass
import logging
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .house_site import HouseSite


@dataclass(frozen=True, slots=True)
class HouseThroughHa:
    """The results over the scored days, and how the integration got there."""

    name: str
    result: dict[str, float]
    first_plan_h: float | None
    """Hours from set-up to the first planned decision; None without any."""
    modes: dict[str, int]
    """How many cycles used each control mode."""
    seconds: float


def sites() -> tuple[type[Any], ...]:
    """Return the homes, in the order of the homes of the bare engine."""
    from .house_boiler import RadiatorSite
    from .house_flat import FlatSite

    return RadiatorSite, FlatSite


def run(place: int, warm_up_days: float, scored_days: float) -> HouseThroughHa:
    """Run a home; to be called in a process whose modules may be patched for good."""
    from . import clock  # before all that imports Home Assistant's recorder

    logging.disable(logging.WARNING)  # Home Assistant's remarks about custom integrations
    clock.patch_clock()
    site: HouseSite = sites()[place](warm_up_days, scored_days)
    return asyncio.run(_run(site))


async def _run(site: HouseSite) -> HouseThroughHa:
    from ..houses.score import CYCLE_S
    from .home import running_home

    began, start = time.process_time(), site.now
    modes = dict[str, int]()
    first_plan_h: float | None = None
    async with running_home(site) as home:
        while site.now < site.end:
            await home.step(CYCLE_S)
            mode = str(home.record.control_mode)
            modes[mode] = modes.get(mode, 0) + 1
            if first_plan_h is None and mode == "plan":
                first_plan_h = (site.now - start).total_seconds() / 3600
    return HouseThroughHa(site.house.name, site.score.result(), first_plan_h, modes, time.process_time() - began)
