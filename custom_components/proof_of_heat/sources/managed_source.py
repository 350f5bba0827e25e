"""A heat source in its heating system."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
import logging
import math
from typing import Final

from homeassistant.core import CALLBACK_TYPE

from .._lib.counters import Consumed
from .._lib.heat_source import CommandResult, Health, HeatSource, Outcome, SourceKind
from ..drivers.base import SourceBase
from ..drivers.call_budget import CallBudget
from ..drivers.device_settings import DeviceSettings
from ..drivers.source_size import PowerBound
from ..engine.config import SourceConfig
from ..engine.heat_price import HeatPrice
from ..engine.snapshot import SourceSnapshot
from ..metering.counter_power import OWN_SPAN, OWN_STALE, CounterPower
from ..metering.energy import SourceMeter, max_electric_kw, max_heat_kw, rated_heat_w, rated_power_w
from .external import ExternalSource
from .poller import SourcePoller
from .source_commands import UserCurve
from .source_snapshot import own_part, shows_running, source_snapshot, with_power

_LOGGER = logging.getLogger(__name__)
LOW_BUDGET_SHARE: Final = 0.9
_CLOSE_TIMEOUT_S: Final = 10.0
_RESISTIVE: Final = (SourceKind.MINER, SourceKind.DIRECT_ELECTRIC)


@dataclass(slots=True, kw_only=True)
class ManagedSource:
    """A heat source with its configuration in the engine, poller, call budget and linked meter."""

    subentry_id: str
    name: str
    type_key: str
    source: HeatSource
    config: SourceConfig
    poller: SourcePoller
    budget: CallBudget | None = None
    meter: str | None = None
    """The entity that measures the source."""
    meter_power_w: Callable[[], float | None] | None = None
    """The linked meter's power; None where it has none."""
    meter_share: float = 1.0
    """The share of the linked meter that is its own; the rest is that of other sources with the same meter."""
    counter_power: CounterPower = field(default_factory=CounterPower)
    """Power derived from the linked meter's energy counter, where it has no power of its own."""
    own_power: CounterPower = field(default_factory=partial(CounterPower, OWN_SPAN, OWN_STALE))
    """Power derived from the device's own electricity counter."""
    own_heat: CounterPower = field(default_factory=partial(CounterPower, OWN_SPAN, OWN_STALE))
    """Heat output derived from the device's own heat counter."""
    energy: SourceMeter = field(init=False)
    """Its consumption, by counter and measured power together."""
    _linked_bound: PowerBound = field(init=False)
    consumed: Consumed | None = None
    """What it consumed since the last cycle; None if neither reports it."""
    settings: DeviceSettings = field(default_factory=DeviceSettings)
    """The user's settings of the device."""
    close: Callable[[], Awaitable[None]] | None = None
    counters: frozenset[str] = frozenset()
    """Which of "electricity" and "heat" the device counts itself; the rest is integrated from power."""
    has_credentials: bool = True
    """Whether the user can be asked for credentials here."""
    modes_are_choices: bool = True
    """Whether the user chooses a power mode where the controller does not use it for power steps."""
    unsubscribe: CALLBACK_TYPE | None = None
    reported_failing: bool = False
    last_result: CommandResult | None = None
    heat_price: HeatPrice | None = None
    """The price of its heat as of the last decision; None before the first one."""

    def __post_init__(self) -> None:
        """Set what the source cannot exceed."""
        rated_w, rated_heat = rated_power_w(self.config), rated_heat_w(self.config)
        if isinstance(self.source, SourceBase | ExternalSource):
            self.source.size.set_rated(rated_w, rated_heat)
        self._linked_bound = PowerBound(rated_w)
        electric_kw = max_electric_kw(self.config)
        self.energy = SourceMeter(electric_kw)
        self.counter_power.limit(electric_kw)
        self.own_power.limit(electric_kw)
        self.own_heat.limit(max_heat_kw(self.config))

    @property
    def heat_price_kwh(self) -> float | None:
        """What a kWh of its heat costs now, or would cost; None without a price of electricity."""
        price = None if self.heat_price is None else self.heat_price.price_kwh
        return price if price is not None and math.isfinite(price) else None

    @property
    def is_unread(self) -> bool:
        """Whether its health is unknown because Home Assistant has just started."""
        return self.is_failing and not self.poller.has_read

    @property
    def is_failing(self) -> bool:
        """Whether it does not answer or rejects the credentials."""
        return self.source.state.health in (Health.FAILING, Health.AUTH)

    @property
    def budget_is_low(self) -> bool:
        """Whether most of the day's calls are used, or the cloud refuses calls."""
        if self.budget is None:
            return False
        state = self.budget.state()
        return state.used_day >= LOW_BUDGET_SHARE * state.limit_day or state.blocked_until is not None

    @property
    def heat_w(self) -> float | None:
        """The heat output; for miners and electric heaters it equals the power."""
        state = self.source.state
        if self.config.kind in _RESISTIVE and (state.heat_w is None or state.heat_w == state.power_w):
            share = self.meter_share if self._reports_meter else 1.0
            return None if state.power_w is None else state.power_w * share
        return state.heat_w

    @property
    def user_curve(self) -> UserCurve:
        """The user's heating curve: as it was kept, else as the device shows it before the first command."""
        values = self.settings.values if self.settings.held else {}
        shown = {} if self.settings.held else {"slope": self.source.state.slope, "level": self.source.state.level}
        slope, level = values.get("slope", shown.get("slope")), values.get("level", shown.get("level"))
        return UserCurve(None if slope is None else float(slope), None if level is None else float(level))

    def power_w(self, now: datetime) -> float | None:
        """Return the electric power: measured, from the linked meter, or from a counter."""
        return None if (found := self.power(now)) is None else found[0]

    def power(self, now: datetime) -> tuple[float, bool] | None:
        """Return the electric power in W, and whether it is an estimate; None if it is unknown."""
        seen = self.snapshot(now)
        if math.isfinite(seen.counted_w) and (seen.power_estimated or math.isnan(seen.power_w)):
            return seen.counted_w, not seen.counted_enough
        return (seen.power_w, seen.power_estimated) if math.isfinite(seen.power_w) else None

    @property
    def shares_meter(self) -> bool:
        """Whether the linked meter measures other sources too, so that its own part is an estimate."""
        return self.meter_share < 1.0

    @property
    def _reports_meter(self) -> bool:
        """Whether the source reports as its own power what a shared meter measures."""
        return self.shares_meter and isinstance(self.source, SourceBase) and self.source.reads_linked_meter

    @property
    def read_at(self) -> datetime | None:
        """When the device was read; None of a source that another integration reports when it changes."""
        return self.source.state.at if isinstance(self.source, SourceBase) else None

    @property
    def power_at(self) -> datetime | None:
        """When the device measured its power; None where another meter does."""
        is_own = self.source.capabilities.reads_power and self.source.state.power_w is not None
        return self.read_at if is_own else None

    def count(self, now: datetime, linked_kwh: float | None, linked_at: datetime | None = None) -> None:
        """Count its consumption since the last cycle, by the linked counter or its own, else by its measured power."""
        seen = self.snapshot(now)
        is_measured = math.isfinite(seen.power_w) and not seen.power_estimated
        counter, read_at = self.counter(linked_kwh, linked_at)
        power = seen.power_w if is_measured else None
        self.consumed = self.energy.update(now, counter_kwh=counter, read_at=read_at, power_w=power)

    def counter(self, linked_kwh: float | None, linked_at: datetime | None) -> tuple[float | None, datetime | None]:
        """Return the counter of its consumption, linked or its own, and when that was read."""
        state = self.source.state
        if self.meter is not None and (linked_kwh is not None or self.meter_power_w is not None):
            return None if linked_kwh is None else linked_kwh * self.meter_share, linked_at
        return state.electricity_kwh, state.at

    def snapshot(self, now: datetime) -> SourceSnapshot:
        """Return the source's report for the engine, completed by the linked meter and by counters.

        While it runs, a counter that has not moved yet does not show that it draws or delivers nothing.
        """
        seen = self._completed(now)
        if not shows_running(seen, self.config):
            return seen
        power, heat = self.own_power.running_w(now), self.own_heat.running_w(now)
        return replace(
            seen,
            counted_w=math.nan if power is None else seen.counted_w,
            counted_heat_w=math.nan if heat is None else seen.counted_heat_w,
        )

    def _completed(self, now: datetime) -> SourceSnapshot:
        """Return the report, completed by the linked meter and by counters."""
        reported = self._with_own_counters(source_snapshot(self.source, self.config, now), now)
        if self._reports_meter:
            reported = own_part(reported, self.meter_share, self.config)
        is_measured = self.source.capabilities.reads_power and math.isfinite(reported.power_w)
        if is_measured or self.meter is None or self.config.fuel_kwh_price is not None:
            return reported
        power = self.meter_power_w() if self.meter_power_w is not None else None
        power = None if power is None else power * self.meter_share
        if power is not None and not self._linked_bound.accept(power, now):
            power = None
        if power is not None:
            return with_power(reported, power, self.config, estimated=self.shares_meter)
        power = self.counter_power.power_w(now)
        if power is None:
            return reported
        is_accurate = self.counter_power.is_accurate(now) and not self.shares_meter
        return with_power(reported, power, self.config, estimated=not is_accurate)

    def _with_own_counters(self, reported: SourceSnapshot, now: datetime) -> SourceSnapshot:
        """Add the means that the device's own counters give."""
        power, heat = self.own_power.power_w(now), self.own_heat.power_w(now)
        return replace(
            reported,
            counts=self.source.state.electricity_kwh is not None,
            counted_w=math.nan if power is None else power,
            counted_heat_w=math.nan if heat is None else heat,
            counted_enough=self.own_power.is_accurate(now),
            counted_heat_enough=self.own_heat.is_accurate(now),
            consumed_kwh=math.nan if self.consumed is None or self.shares_meter else self.consumed.kwh,
            was_read=not self.is_unread,
            write_deferred=self.last_result is not None and self.last_result.outcome == Outcome.DEFERRED,
        )

    async def async_close(self) -> None:
        """Free its connections; a failure does not keep other sources from closing."""
        if self.close is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self.close()
        except Exception as err:  # noqa: BLE001  the source may be a third party's
            _LOGGER.warning("%s: closing failed: %s", self.name, str(err) or type(err).__name__)
