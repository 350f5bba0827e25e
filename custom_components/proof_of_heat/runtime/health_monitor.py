"""Raises repair issues for problems that last, and clears them when they end."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant

from .._lib.heat_source import Health
from .._lib.steady_clock import SteadyClock
from ..engine.engine import Engine
from ..inputs.states import is_dead, known, temperature
from ..prices.units import PriceProblem
from ..repairs import clear_issue, raise_issue
from ..sources.managed_source import ManagedSource
from ..system_config import SystemConfig
from .curve_advice import CurveAdvice, CurveAdvisor
from .cycle import InputProviders
from .entity_links import EntityLinks
from .events import EventNotifier

MIN_DURATION: Final = timedelta(minutes=15)
"""How long a problem lasts before the user is notified."""
_PRICE_PROBLEMS: Final = {
    "price": ("price_forecast_contradicts", "price_implausible", "price_unit_missing", "price_unit_unknown"),
    "hashprice": ("hashprice_implausible", "hashprice_unit_unknown"),
}
"""The keys of the issues of prices that are not used."""
_FIXABLE_PRICE: Final = "price_unit_missing"
MIN_DURATIONS: Final = {
    "phase_meter_lost": timedelta(minutes=5),
    "site_meter_lost": timedelta(minutes=5),
    "hashprice_unit_unknown": timedelta(),
    "price_forecast_contradicts": timedelta(minutes=2),
    "price_implausible": timedelta(minutes=2),
    "hashprice_implausible": timedelta(minutes=2),
    "price_currency_differs": timedelta(),
    "price_unit_missing": timedelta(),
    "price_unit_unknown": timedelta(),
}
"""The same by problem: without the site meter, heating may be limited at once."""


class HealthMonitor:
    """Checks the sources, sensors, call budgets and the heating curve in each cycle."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        config: SystemConfig,
        *,
        engine: Engine,
        sources: Mapping[str, ManagedSource],
        curve_advisor: CurveAdvisor,
        events: EventNotifier,
        inputs: InputProviders,
        links: EntityLinks,
    ) -> None:
        self._hass = hass
        self._entry_id = entry_id
        self._config = config
        self._engine = engine
        self._sources = sources
        self._curve_advisor = curve_advisor
        self._events = events
        self._inputs = inputs
        self._links = links
        """A missing entity has an issue of its own, which offers a choice."""
        self._clock = SteadyClock()
        self._since: dict[str, float] = {}
        self._checked: set[str] = set()
        """Issues that this run has cleared once: an earlier run may have raised them."""
        self._low: set[str] = set()
        self._suggested: CurveAdvice | None = None

    def check(self, now: datetime) -> None:
        """Check everything."""
        for managed in self._sources.values():
            is_missing = self._links.controls_missing(managed.subentry_id)
            is_failing = managed.source.state.health == Health.FAILING and not is_missing
            issue = f"source_failing_{managed.subentry_id}"
            self._check_lasting(issue, is_failing, "source_failing", {"name": managed.name})
            self._check_budget(managed)
        self._check_sensors()
        self._check_site_meter()
        self._check_prices()
        self._check_forecast(now)
        self._check_meters()
        self._check_curve()

    def _check_prices(self) -> None:
        """Notify of prices that are not used, and of those in another currency."""
        prices, hashprice = self._inputs.prices, self._inputs.hashprice
        for part, problem, other_currency in (
            ("price", prices.problem, prices.other_currency),
            ("hashprice", hashprice.problem, hashprice.other_currency),
        ):
            for key in _PRICE_PROBLEMS[part]:
                self._check_price(f"{key}_{self._entry_id}", key, problem)
            key = "price_currency_differs"
            self._check_price(f"{key}_{part}_{self._entry_id}", key, other_currency)

    def _check_price(self, issue: str, key: str, problem: PriceProblem | None) -> None:
        is_wrong = problem is not None and problem.key == key
        placeholders = {"name": self._config.name, **(problem.placeholders if problem is not None else {})}
        self._check_lasting(issue, is_wrong, key, placeholders, fixable=key == _FIXABLE_PRICE)

    def _check_forecast(self, now: datetime) -> None:
        """Notify of a weather entity without a usable forecast."""
        weather = self._inputs.weather
        no_value = weather.value is None or not weather.value.temperatures(now)
        is_missing = weather.failures > 0 and no_value and known(self._hass, self._config.weather) is not None
        placeholders = {"name": self._config.name, "entity": self._config.weather or ""}
        issue = f"no_forecast_{self._entry_id}"
        self._check_lasting(issue, is_missing, "no_forecast", placeholders, fixable=False)

    def _check_sensors(self) -> None:
        """Report the sensors that have no value now, or whose values the engine rejects."""
        inputs, missing = self._engine.inputs, self._links.missing
        lost = frozenset() if inputs is None else inputs.lost_zones
        for zone in self._config.zones:
            dead = zone.zone_id in lost or is_dead(temperature(self._hass, zone.temperature))
            dead = dead and zone.temperature not in missing
            placeholders = {"name": zone.name, "entity": zone.temperature}
            self._check_lasting(f"sensor_dead_{zone.zone_id}", dead, "sensor_dead", placeholders)
        entity = self._config.outdoor or self._config.weather or ""
        outdoor_lost = inputs is not None and inputs.outdoor_is_lost
        dead = (outdoor_lost or is_dead(temperature(self._hass, entity))) and entity not in missing
        placeholders = {"name": self._config.name, "entity": entity}
        self._check_lasting(f"outdoor_dead_{self._entry_id}", dead, "outdoor_dead", placeholders)

    def _check_site_meter(self) -> None:
        """Report the meter that a power limit depends on and that sends nothing."""
        placeholders = {"name": self._config.name, "entity": self._config.site_meter or ""}
        issue, lost = f"site_meter_lost_{self._entry_id}", self._engine.site_load.site_is_lost
        self._check_lasting(issue, lost, "site_meter_lost", placeholders)
        meters = [self._config.phases.meters[phase] or "" for phase in self._engine.site_load.lost_phases]
        placeholders = {"name": self._config.name, "entity": ", ".join(meters)}
        phases_lost = bool(meters) and not self._links.missing.intersection(meters)
        issue = f"phase_meter_lost_{self._entry_id}"
        self._check_lasting(issue, phases_lost, "phase_meter_lost", placeholders, fixable=False)

    def _check_meters(self) -> None:
        """Report a meter that does not belong to its source: the map learned from it is implausible and not used."""
        first = next((managed.source.source_id for managed in self._sources.values() if managed.meter), None)
        for managed in self._sources.values():
            is_first = managed.source.source_id == (self._engine.pump_id or first)
            problem = self._engine.meter_problem if is_first else None
            placeholders = {
                "name": managed.name,
                "entity": managed.meter or managed.name,
                "found": str(problem or "-"),
            }
            issue = f"meter_implausible_{managed.subentry_id}"
            self._check_lasting(issue, problem is not None, "meter_implausible", placeholders, fixable=False)

    def _check_curve(self) -> None:
        """Suggest the heating curve that fits, while it differs from the configured one."""
        advice, issue = self._curve_advisor.advice(), f"curve_suggestion_{self._entry_id}"
        if advice is None or not advice.is_significant:
            if self._suggested is not None or issue not in self._checked:
                self._suggested = None
                self._clear(issue)
        elif advice != self._suggested:
            self._suggested = advice
            placeholders = {
                "name": self._config.name,
                "slope": f"{advice.slope:g}",
                "level": f"{advice.level:g}",
                "slope_now": f"{self._config.slope:g}",
                "level_now": f"{self._config.level:g}",
                "confidence": f"{100 * advice.confidence:.0f}",
            }
            raise_issue(self._hass, issue, "curve_suggestion", placeholders, self._entry_id)

    def _check_budget(self, managed: ManagedSource) -> None:
        if managed.budget is None:
            return
        subentry_id, issue = managed.subentry_id, f"budget_low_{managed.subentry_id}"
        if managed.budget_is_low and subentry_id not in self._low:
            self._low.add(subentry_id)
            state = managed.budget.state()
            event = {"source": managed.name, "used": state.used_day, "limit": state.limit_day}
            self._events.fire("budget_low", event)
            placeholders = {"name": managed.name, "used": str(state.used_day), "limit": str(state.limit_day)}
            raise_issue(self._hass, issue, "budget_low", placeholders, self._entry_id)
        elif not managed.budget_is_low and (subentry_id in self._low or issue not in self._checked):
            self._low.discard(subentry_id)
            self._clear(issue)

    def _check_lasting(
        self, issue: str, wrong: bool, key: str, placeholders: dict[str, str], *, fixable: bool = True
    ) -> None:
        """Raise an issue once a problem has lasted; the first check clears what an earlier run raised."""
        if not wrong:
            if self._since.pop(issue, None) is not None or issue not in self._checked:
                self._clear(issue)
        elif (now_s := self._clock()) - self._since.setdefault(issue, now_s) >= _min_duration_s(key):
            raise_issue(self._hass, issue, key, placeholders, self._entry_id, fixable=fixable)

    def _clear(self, issue: str) -> None:
        self._checked.add(issue)
        clear_issue(self._hass, issue)


def _min_duration_s(key: str) -> float:
    return MIN_DURATIONS.get(key, MIN_DURATION).total_seconds()
