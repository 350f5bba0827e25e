"""The configuration of a heating system, typed: the entry's data, options and zones."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, time
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.util import dt as dt_util

from ._lib.week_schedule import ScheduleError, WeekSchedule
from .comfort.profiles import Targets
from .const import (
    CONF_ADVANCED,
    CONF_AREA,
    CONF_AWAY_CALENDAR,
    CONF_AWAY_DELAY,
    CONF_BASE_PRICE,
    CONF_CURVE,
    CONF_EMITTER,
    CONF_FEE_WINDOWS,
    CONF_FEES,
    CONF_FIXED_PRICE,
    CONF_HASHPRICE,
    CONF_HASHPRICE_ENTITY,
    CONF_HASHPRICE_FACTOR,
    CONF_HASHPRICE_PATH,
    CONF_HASHPRICE_SOURCE,
    CONF_HASHPRICE_URL,
    CONF_HEAT_REQUEST,
    CONF_LEVEL,
    CONF_LIMITS,
    CONF_MAX_FLOW,
    CONF_OUTDOOR,
    CONF_PERSONS,
    CONF_PHASES,
    CONF_PLANNING,
    CONF_POOL_FEE,
    CONF_PRESENCE,
    CONF_PRICE,
    CONF_PRICE_AREA,
    CONF_PRICE_ENTITY,
    CONF_PRICE_SOURCE,
    CONF_PRICE_UNIT,
    CONF_QUIET_FROM,
    CONF_QUIET_LEVEL,
    CONF_QUIET_TO,
    CONF_SCHEDULE,
    CONF_SITE_METER,
    CONF_SITE_POWER,
    CONF_SLOPE,
    CONF_SOLAR,
    CONF_TARIFF_WINDOWS,
    CONF_TAX,
    CONF_TEMPERATURE,
    CONF_WAY_ZONES,
    CONF_WEATHER,
    CONF_WEEK,
    CONF_WINDOWS,
    DEFAULT_LEVEL,
    DEFAULT_MAX_FLOW,
    DEFAULT_POOL_FEE,
    DEFAULT_QUIET_LEVEL,
    DEFAULT_SLOPE,
    SUBENTRY_ZONE,
)
from .prices.hashprice_sources import HASHPRICE_SOURCES
from .prices.public_prices import PUBLIC_SOURCES, PublicPrices
from .prices.tariff import Tariff, TariffError, parse as parse_tariff
from .settings import (
    basics as basic_settings,
    curve as curve_settings,
    phases as phase_settings,
    planning as planning_settings,
    solar as solar_settings,
)
from .settings.basics import BasicSettings
from .settings.curve import CurveSettings
from .settings.phases import PhaseSettings
from .settings.planning import PlanningSettings
from .settings.solar import SolarSettings

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneConfig:
    """A heated zone."""

    zone_id: str
    name: str
    temperature: str
    windows: tuple[str, ...]
    schedule: str | None
    week: WeekSchedule | None
    """The zone's own weekly schedule: comfort in its slots. It takes precedence over the entity."""
    targets: Targets
    weight: float = 1.0
    """Its weight in the mean of the home: its floor area, or the mean area of the zones that have one."""
    heat_request: str | None = None
    """An entity that is off or closed while the zone needs no heat."""


@dataclass(frozen=True, slots=True)
class HttpPriceConfig:
    """A number in JSON at an address: `path` as in `data.0.value`; the number is multiplied by `factor`."""

    url: str
    path: str = ""
    factor: float = 1.0


@dataclass(slots=True, kw_only=True)
class SystemConfig:
    """The configuration of a heating system. All its parts have the same object; only `adopt` changes it."""

    name: str
    outdoor: str | None
    weather: str | None
    emitter: str
    slope: float
    level: float
    max_flow_c: float
    price_entity: str | None
    price_unit: str | None
    """What the prices of a sensor without a unit are in (a key of `prices.units.SELECTABLE`)."""
    public_prices: PublicPrices | None
    """Where prices are fetched from without a price sensor."""
    fixed_price: float | None
    fees: float
    tax: float
    fee_tariff: Tariff | None
    """Fees that depend on the time, in place of `fees`."""
    tariff: Tariff | None
    hashprice: float | None
    hashprice_entity: str | None
    hashprice_source: str | None
    """A key of `prices.hashprice_sources`, in place of an address."""
    hashprice_http: HttpPriceConfig | None
    pool_fee: float
    """The pool's share of the mining revenue, 0..1."""
    persons: tuple[str, ...]
    way_zones: tuple[str, ...]
    """A person in one of these zones counts as home: the home is preheated."""
    away_calendar: str | None
    away_delay_s: float
    """How long all persons have to be away before the away temperature applies."""
    quiet_from: time | None
    quiet_to: time | None
    quiet_level: float
    site_power_w: float | None
    site_meter: str | None
    zones: tuple[ZoneConfig, ...]
    basics: BasicSettings
    curve: CurveSettings
    solar: SolarSettings
    phases: PhaseSettings
    planning: PlanningSettings

    def adopt(self, other: SystemConfig) -> None:
        """Apply the values of another configuration in place."""
        for name in self.differs_in(other):
            setattr(self, name, getattr(other, name))

    def differs_in(self, other: SystemConfig) -> frozenset[str]:
        """Return the names of the values that differ."""
        return frozenset(item.name for item in fields(self) if getattr(self, item.name) != getattr(other, item.name))

    def is_quiet(self, local: datetime) -> bool:
        """Return whether a local time is in the quiet hours."""
        if self.quiet_from is None or self.quiet_to is None or self.quiet_from == self.quiet_to:
            return False
        now = local.time()
        if self.quiet_from < self.quiet_to:
            return self.quiet_from <= now < self.quiet_to
        return now >= self.quiet_from or now < self.quiet_to


def read_config(entry: ConfigEntry) -> SystemConfig:
    """Return the configuration of an entry."""
    options = entry.options
    curve: Mapping[str, Any] = options.get(CONF_CURVE, {})
    price: Mapping[str, Any] = options.get(CONF_PRICE, {})
    presence: Mapping[str, Any] = options.get(CONF_PRESENCE, {})
    limits: Mapping[str, Any] = options.get(CONF_LIMITS, {})
    emitter = str(entry.data.get(CONF_EMITTER, "underfloor"))
    basics = basic_settings.read(entry.data.get(CONF_ADVANCED, {}), emitter)
    return SystemConfig(
        name=entry.title,
        outdoor=entry.data.get(CONF_OUTDOOR),
        weather=entry.data.get(CONF_WEATHER),
        emitter=emitter,
        slope=float(curve.get(CONF_SLOPE, DEFAULT_SLOPE)),
        level=float(curve.get(CONF_LEVEL, DEFAULT_LEVEL)),
        max_flow_c=float(curve.get(CONF_MAX_FLOW, DEFAULT_MAX_FLOW.get(emitter, 45.0))),
        price_entity=price.get(CONF_PRICE_ENTITY),
        price_unit=price.get(CONF_PRICE_UNIT),
        public_prices=_public_prices(price),
        fixed_price=price.get(CONF_FIXED_PRICE),
        fees=float(price.get(CONF_FEES, 0.0)),
        tax=float(price.get(CONF_TAX, 0.0)) / 100,
        fee_tariff=_fee_tariff(price),
        tariff=_tariff(options, price),
        hashprice=price.get(CONF_HASHPRICE),
        hashprice_entity=price.get(CONF_HASHPRICE_ENTITY),
        hashprice_source=_known(price.get(CONF_HASHPRICE_SOURCE), HASHPRICE_SOURCES),
        hashprice_http=_http_price(price),
        pool_fee=float(price.get(CONF_POOL_FEE, DEFAULT_POOL_FEE)) / 100,
        persons=tuple(presence.get(CONF_PERSONS, ())),
        way_zones=tuple(presence.get(CONF_WAY_ZONES, ())),
        away_calendar=presence.get(CONF_AWAY_CALENDAR),
        away_delay_s=60.0 * float(presence.get(CONF_ADVANCED, {}).get(CONF_AWAY_DELAY, 0.0)),
        quiet_from=_time(limits.get(CONF_QUIET_FROM)),
        quiet_to=_time(limits.get(CONF_QUIET_TO)),
        quiet_level=float(limits.get(CONF_QUIET_LEVEL, DEFAULT_QUIET_LEVEL)) / 100,
        site_power_w=limits.get(CONF_SITE_POWER),
        site_meter=limits.get(CONF_SITE_METER),
        zones=_zones(entry, basics.frost_room_c),
        basics=basics,
        curve=curve_settings.read(curve, emitter),
        phases=phase_settings.read(options.get(CONF_PHASES, {})),
        solar=solar_settings.read(options.get(CONF_SOLAR, {})),
        planning=planning_settings.read(options.get(CONF_PLANNING, {})),
    )


def _tariff(options: Mapping[str, Any], price: Mapping[str, Any]) -> Tariff | None:
    """Return the time-of-use tariff. An invalid one, which the form does not accept, is ignored with a warning."""
    rows = price.get(CONF_TARIFF_WINDOWS, options.get(CONF_TARIFF_WINDOWS))
    base = price.get(CONF_BASE_PRICE, options.get(CONF_BASE_PRICE, price.get(CONF_FIXED_PRICE)))
    return None if base is None else _parsed(float(base), rows, "time-of-use tariff")


def _fee_tariff(price: Mapping[str, Any]) -> Tariff | None:
    """Return the fees by time; outside of their windows the usual fees apply."""
    rows = price.get(CONF_ADVANCED, {}).get(CONF_FEE_WINDOWS)
    return _parsed(float(price.get(CONF_FEES, 0.0)), rows, "list of fees by time")


def _parsed(default: float, rows: object, name: str) -> Tariff | None:
    if not rows:
        return None
    try:
        return parse_tariff(default, rows)
    except TariffError as err:
        _LOGGER.warning("The %s is invalid and ignored: %s", name, err)
        return None


def _http_price(price: Mapping[str, Any]) -> HttpPriceConfig | None:
    url = price.get(CONF_HASHPRICE_URL)
    if not url:
        return None
    factor = float(price.get(CONF_HASHPRICE_FACTOR, 1.0))
    return HttpPriceConfig(str(url), str(price.get(CONF_HASHPRICE_PATH, "")), factor)


def _public_prices(price: Mapping[str, Any]) -> PublicPrices | None:
    source = _known(price.get(CONF_PRICE_SOURCE), PUBLIC_SOURCES)
    return None if source is None else PublicPrices(source, str(price.get(CONF_PRICE_AREA, "")))


def _known(key: object, sources: Mapping[str, object]) -> str | None:
    """Return the key of a source; None for one of a later version."""
    return key if isinstance(key, str) and key in sources else None


def _week(rows: object) -> WeekSchedule | None:
    try:
        return WeekSchedule.parse(rows) if rows else None
    except ScheduleError as err:
        _LOGGER.warning("A weekly schedule is invalid and ignored: %s", err)
        return None


def _time(value: object) -> time | None:
    return dt_util.parse_time(value) if isinstance(value, str) else None


def _zones(entry: ConfigEntry, frost_c: float) -> tuple[ZoneConfig, ...]:
    """Return the zones. One without a floor area gets the mean area of the others."""
    subentries = [item for item in entry.subentries.values() if item.subentry_type == SUBENTRY_ZONE]
    areas = [item.data.get(CONF_ADVANCED, {}).get(CONF_AREA) for item in subentries]
    known = [float(area) for area in areas if area]
    usual = sum(known) / len(known) if known else 1.0
    return tuple(_zone(item, float(area or usual), frost_c) for item, area in zip(subentries, areas, strict=True))


def _zone(subentry: ConfigSubentry, weight: float, frost_c: float) -> ZoneConfig:
    data = subentry.data
    return ZoneConfig(
        zone_id=subentry.subentry_id,
        name=subentry.title,
        temperature=str(data[CONF_TEMPERATURE]),
        windows=tuple(data.get(CONF_WINDOWS, ())),
        schedule=data.get(CONF_SCHEDULE),
        week=_week(data.get(CONF_WEEK)),
        targets=Targets(
            **{key: float(data[key]) for key in ("comfort", "eco", "away") if key in data}, antifreeze=frost_c
        ),
        weight=weight,
        heat_request=data.get(CONF_HEAT_REQUEST),
    )
