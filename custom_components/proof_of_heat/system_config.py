"""What the user set, typed: the entry's options and its subentries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.util import dt as dt_util

from ._lib.heat_source import Capabilities, Control, SourceKind
from ._lib.week_schedule import ScheduleError, WeekSchedule
from .comfort.profiles import Targets
from .const import (
    CONF_AWAY_CALENDAR,
    CONF_BASE_PRICE,
    CONF_CURVE,
    CONF_EFFICIENCY_J_TH,
    CONF_EMITTER,
    CONF_FEES,
    CONF_FIXED_PRICE,
    CONF_FUEL_PRICE,
    CONF_HASHPRICE,
    CONF_HASHPRICE_ENTITY,
    CONF_HASHPRICE_FACTOR,
    CONF_HASHPRICE_PATH,
    CONF_HASHPRICE_URL,
    CONF_LEVEL,
    CONF_LIMITS,
    CONF_MAX_FLOW,
    CONF_NOMINAL_HEAT,
    CONF_NOMINAL_POWER,
    CONF_OUTDOOR,
    CONF_PERSONS,
    CONF_POOL_FEE,
    CONF_PRESENCE,
    CONF_PRICE,
    CONF_PRICE_ENTITY,
    CONF_QUIET_FROM,
    CONF_QUIET_LEVEL,
    CONF_QUIET_TO,
    CONF_SCHEDULE,
    CONF_SITE_METER,
    CONF_SITE_POWER,
    CONF_SLOPE,
    CONF_SOURCE_KIND,
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
from .engine.config import CurveConfig, EngineConfig, SafetyLimits, SiteLimits, SourceConfig, Steering
from .prices.tariff import Tariff, TariffError, parse as parse_tariff

_LOGGER = logging.getLogger(__name__)
_MINER_STEPS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSettings:
    """A zone."""

    zone_id: str
    name: str
    temperature: str
    windows: tuple[str, ...]
    schedule: str | None
    week: WeekSchedule | None
    """The zone's own: comfort in its slots; it goes before the entity."""
    targets: Targets


@dataclass(frozen=True, slots=True)
class WebPrice:
    """A number in JSON at an address: `path` as in `data.0.value`; what it says times `factor`."""

    url: str
    path: str = ""
    factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The system."""

    name: str
    outdoor: str | None
    weather: str | None
    emitter: str
    slope: float
    level: float
    max_flow_c: float
    price_entity: str | None
    fixed_price: float | None
    fees: float
    tax: float
    tariff: Tariff | None
    hashprice: float | None
    hashprice_entity: str | None
    hashprice_web: WebPrice | None
    pool_fee: float
    """Share of what mining earns."""
    persons: tuple[str, ...]
    way_zones: tuple[str, ...]
    """Who is in one of these zones is coming home."""
    away_calendar: str | None
    quiet_from: time | None
    quiet_to: time | None
    quiet_level: float
    site_power_w: float | None
    site_meter: str | None
    zones: tuple[ZoneSettings, ...]

    def quiet(self, local: datetime) -> bool:
        """Whether noise limits count at a local time."""
        if self.quiet_from is None or self.quiet_to is None or self.quiet_from == self.quiet_to:
            return False
        now = local.time()
        if self.quiet_from < self.quiet_to:
            return self.quiet_from <= now < self.quiet_to
        return now >= self.quiet_from or now < self.quiet_to


def read(entry: ConfigEntry) -> Settings:
    """The settings of an entry."""
    options = entry.options
    curve: Mapping[str, Any] = options.get(CONF_CURVE, {})
    price: Mapping[str, Any] = options.get(CONF_PRICE, {})
    presence: Mapping[str, Any] = options.get(CONF_PRESENCE, {})
    limits: Mapping[str, Any] = options.get(CONF_LIMITS, {})
    emitter = str(entry.data.get(CONF_EMITTER, "underfloor"))
    return Settings(
        name=entry.title,
        outdoor=entry.data.get(CONF_OUTDOOR),
        weather=entry.data.get(CONF_WEATHER),
        emitter=emitter,
        slope=float(curve.get(CONF_SLOPE, DEFAULT_SLOPE)),
        level=float(curve.get(CONF_LEVEL, DEFAULT_LEVEL)),
        max_flow_c=float(curve.get(CONF_MAX_FLOW, DEFAULT_MAX_FLOW.get(emitter, 45.0))),
        price_entity=price.get(CONF_PRICE_ENTITY),
        fixed_price=price.get(CONF_FIXED_PRICE),
        fees=float(price.get(CONF_FEES, 0.0)),
        tax=float(price.get(CONF_TAX, 0.0)) / 100,
        tariff=_tariff(options, price),
        hashprice=price.get(CONF_HASHPRICE),
        hashprice_entity=price.get(CONF_HASHPRICE_ENTITY),
        hashprice_web=_web_price(price),
        pool_fee=float(price.get(CONF_POOL_FEE, DEFAULT_POOL_FEE)) / 100,
        persons=tuple(presence.get(CONF_PERSONS, ())),
        way_zones=tuple(presence.get(CONF_WAY_ZONES, ())),
        away_calendar=presence.get(CONF_AWAY_CALENDAR),
        quiet_from=_time(limits.get(CONF_QUIET_FROM)),
        quiet_to=_time(limits.get(CONF_QUIET_TO)),
        quiet_level=float(limits.get(CONF_QUIET_LEVEL, DEFAULT_QUIET_LEVEL)) / 100,
        site_power_w=limits.get(CONF_SITE_POWER),
        site_meter=limits.get(CONF_SITE_METER),
        zones=tuple(_zone(item) for item in entry.subentries.values() if item.subentry_type == SUBENTRY_ZONE),
    )


def _tariff(options: Mapping[str, Any], price: Mapping[str, Any]) -> Tariff | None:
    """The tariff by the clock; one that cannot be read is left out, and said so (the form checks it before)."""
    rows = price.get(CONF_TARIFF_WINDOWS, options.get(CONF_TARIFF_WINDOWS))
    base = price.get(CONF_BASE_PRICE, options.get(CONF_BASE_PRICE, price.get(CONF_FIXED_PRICE)))
    if not rows or base is None:
        return None
    try:
        return parse_tariff(float(base), rows)
    except TariffError as err:
        _LOGGER.warning("The tariff by the clock is left out: %s", err)
        return None


def _web_price(price: Mapping[str, Any]) -> WebPrice | None:
    url = price.get(CONF_HASHPRICE_URL)
    if not url:
        return None
    factor = float(price.get(CONF_HASHPRICE_FACTOR, 1.0))
    return WebPrice(str(url), str(price.get(CONF_HASHPRICE_PATH, "")), factor)


def _week(rows: object) -> WeekSchedule | None:
    try:
        return WeekSchedule.parse(rows) if rows else None
    except ScheduleError as err:
        _LOGGER.warning("A week schedule is left out: %s", err)
        return None


def _time(value: object) -> time | None:
    return dt_util.parse_time(value) if isinstance(value, str) else None


def _zone(subentry: ConfigSubentry) -> ZoneSettings:
    data = subentry.data
    return ZoneSettings(
        zone_id=subentry.subentry_id,
        name=subentry.title,
        temperature=str(data[CONF_TEMPERATURE]),
        windows=tuple(data.get(CONF_WINDOWS, ())),
        schedule=data.get(CONF_SCHEDULE),
        week=_week(data.get(CONF_WEEK)),
        targets=Targets(**{key: float(data[key]) for key in ("comfort", "eco", "away") if key in data}),
    )


def source_config(
    source_id: str, capabilities: Capabilities, data: Mapping[str, Any], settings: Settings
) -> SourceConfig:
    """What the engine is told of a source. Electric sources other than heat pumps go in steps."""
    kind = SourceKind(data.get(CONF_SOURCE_KIND) or capabilities.kind)
    power, heat = data.get(CONF_NOMINAL_POWER), data.get(CONF_NOMINAL_HEAT)
    steps = capabilities.power_steps_w or _steps(capabilities, power)
    fuel = data.get(CONF_FUEL_PRICE)
    modulating = bool(capabilities.controls & {Control.FLOW, Control.CURVE, Control.ROOM})
    if kind in (SourceKind.MINER, SourceKind.DIRECT_ELECTRIC):
        steering = Steering.STEPS if len(steps) > 1 else Steering.SWITCH
    else:
        steering = Steering.LEVEL if modulating else Steering.SWITCH
    efficiency_j_th = data.get(CONF_EFFICIENCY_J_TH)
    if power is None and steps:
        power = steps[-1]
    return SourceConfig(
        source_id=source_id,
        kind=kind,
        steering=steering,
        nominal_heat_w=heat
        if heat is not None
        else (power if kind in (SourceKind.MINER, SourceKind.DIRECT_ELECTRIC) else None),
        nominal_power_w=power,
        steps_w=steps if steering == Steering.STEPS else (),
        fuel_kwh_price=fuel,
        efficiency=0.9 if fuel is not None else 1.0,
        efficiency_j_th=(float(efficiency_j_th),) if efficiency_j_th else (),
        min_on_s=max(capabilities.min_on_s, 600.0),
        min_off_s=max(capabilities.min_off_s, 600.0),
        reboot_s=capabilities.settle_s if kind == SourceKind.MINER else 0.0,
        quiet_level=settings.quiet_level,
        pool_fee=settings.pool_fee,
    )


def _steps(capabilities: Capabilities, nominal: float | None) -> tuple[float, ...]:
    """A continuous power range in a few steps."""
    low, high = capabilities.min_power_w, capabilities.max_power_w or nominal
    if Control.POWER not in capabilities.controls or not high:
        return ()
    low = low or 0.3 * high
    return tuple(round(low + index * (high - low) / (_MINER_STEPS - 1)) for index in range(_MINER_STEPS))


def engine_config(settings: Settings, sources: tuple[SourceConfig, ...]) -> EngineConfig:
    """All that the engine is told once."""
    underfloor = settings.emitter == "underfloor"
    return EngineConfig(
        sources=sources,
        curve=CurveConfig(slope=settings.slope, level_k=settings.level, underfloor=underfloor),
        site=SiteLimits() if settings.site_power_w is None else SiteLimits(power_w=settings.site_power_w),
        safety=SafetyLimits(max_flow_c=settings.max_flow_c, fallback_flow_c=30.0 if underfloor else 45.0),
    )
