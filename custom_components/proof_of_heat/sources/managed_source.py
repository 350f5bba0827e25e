"""A source in its system."""

import asyncio
from dataclasses import dataclass
import logging
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE

from .._lib.heat_source import CommandResult, Health, HeatSource
from ..drivers.call_budget import CallBudget
from ..engine.config import SourceConfig
from ..metering.counter_power import CounterPower
from .poller import SourcePoller

_LOGGER = logging.getLogger(__name__)
_CLOSE_S: Final = 10.0


@dataclass(slots=True, kw_only=True)
class SourceUnit:
    """A source with what belongs to it: its place in the engine, its pace, its budget, its meter."""

    subentry_id: str
    name: str
    kind: str
    source: HeatSource
    config: SourceConfig
    poller: SourcePoller
    budget: CallBudget | None = None
    meter: str | None = None
    close: Any = None
    counts: frozenset[str] = frozenset()
    """Which of electricity and heat the device counts itself; the rest is summed up here."""
    unsubscribe: CALLBACK_TYPE | None = None
    told_failing: bool = False
    outcome: CommandResult | None = None
    counted: CounterPower | None = None
    """Power from the linked meter's counter, where it has no power of its own."""

    @property
    def unread(self) -> bool:
        """Whether nobody knows yet how it is: Home Assistant has just started."""
        return self.failing and not self.poller.asked

    @property
    def failing(self) -> bool:
        """Whether it does not answer, or not us."""
        return self.source.state.health in (Health.FAILING, Health.AUTH)

    async def async_close(self) -> None:
        """Free its connections; one that cannot be freed keeps nothing else from closing."""
        if self.close is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.close()
        except Exception as err:  # noqa: BLE001  also third parties' sources
            _LOGGER.warning("%s: closing failed: %s", self.name, str(err) or type(err).__name__)
