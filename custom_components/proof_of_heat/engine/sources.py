"""What a source gives, takes and earns, from its configuration and its readings: sizes, heat output, mining revenue."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
import math

from .._lib.heat_source import SourceKind
from .config import SourceConfig, Steering
from .economics import MiningMarket, carnot_cop
from .snapshot import Snapshot, SourceSnapshot

ASSUMED_FLOW_C = 35.0
STANDBY_W = 60.0
"""A heat pump with an electric input up to this makes no heat."""


def full_load(source: SourceConfig) -> tuple[float, float]:
    """Return heat and electric input in W at full load, as configured or as typical for the kind of source."""
    if source.fuel_kwh_price is None and source.kind in (SourceKind.MINER, SourceKind.DIRECT_ELECTRIC):
        share = source.efficiency if source.kind == SourceKind.MINER else 1.0
        power = (
            max(source.steps_w, default=0.0) or source.nominal_power_w or (source.nominal_heat_w or 10_000.0) / share
        )
        return power * share, power
    heat = source.nominal_heat_w or (source.nominal_power_w or 0.0) * source.typical_cop or 10_000.0
    if source.fuel_kwh_price is not None:
        return heat, source.nominal_power_w or 0.0
    if source.kind == SourceKind.HEAT_PUMP:
        return heat, source.nominal_power_w or heat / source.typical_cop
    return heat, max(source.steps_w, default=0.0) or source.nominal_power_w or heat


def sized(source: SourceConfig, reading: SourceSnapshot) -> SourceConfig:
    """Return the source with the size that it has now."""
    share = reading.size_share
    if share == 1.0:
        return source
    heat_w, power_w = source.nominal_heat_w, source.nominal_power_w
    return replace(
        source,
        nominal_heat_w=None if heat_w is None else heat_w * share,
        nominal_power_w=None if power_w is None else power_w * share,
        steps_w=tuple(watts * share for watts in source.steps_w),
    )


def all_sized(sources: Iterable[SourceConfig], snapshot: Snapshot) -> tuple[SourceConfig, ...]:
    """Return the sources with the sizes that they have now."""
    readings = {reading.source_id: reading for reading in snapshot.sources}
    return tuple(
        source if (reading := readings.get(source.source_id)) is None else sized(source, reading) for source in sources
    )


def revenue_h(source: SourceConfig, power_w: float, hashprice_ph_day: float) -> float:
    """Return the mining revenue per hour at an electric input; 0 for other sources and with an unknown hashprice."""
    if source.kind != SourceKind.MINER or not source.efficiency_j_th or not math.isfinite(hashprice_ph_day):
        return 0.0
    inputs = source.steps_w or (power_w,)
    place = min(range(len(inputs)), key=lambda i: abs(inputs[i] - power_w))
    efficiency = source.efficiency_j_th[min(place, len(source.efficiency_j_th) - 1)]
    return MiningMarket(hashprice_ph_day, source.pool_fee).revenue_kwh(efficiency) * power_w / 1000


def mined_h(source: SourceConfig, reading: SourceSnapshot | None, power_w: float, hashprice_ph_day: float) -> float:
    """Return the present mining revenue per hour: by the reported hash rate, else by the usual efficiency."""
    rate_ths = math.nan if reading is None else reading.hashrate_ths
    if source.kind != SourceKind.MINER or not math.isfinite(rate_ths) or not math.isfinite(hashprice_ph_day):
        return revenue_h(source, power_w, hashprice_ph_day)
    return max(0.0, rate_ths) / 1000 * hashprice_ph_day / 24 * (1 - source.pool_fee)


def heat_output_w(config: SourceConfig, reading: SourceSnapshot, outdoor_c: float) -> float:
    """Return the heat of a source in W: measured, else estimated from its input; 0 if nothing is known."""
    if math.isfinite(reading.heat_w):
        return max(0.0, reading.heat_w)
    if reading.on is False:
        return 0.0
    if config.fuel_kwh_price is not None:
        level = reading.level if math.isfinite(reading.level) else float(bool(reading.on))
        return full_load(config)[0] * min(1.0, max(0.0, level))
    if not math.isfinite(reading.power_w):
        return 0.0
    match config.kind:
        case SourceKind.HEAT_PUMP:
            flow = reading.flow_c if math.isfinite(reading.flow_c) else ASSUMED_FLOW_C
            cop = carnot_cop(flow, outdoor_c) if math.isfinite(outdoor_c) else config.typical_cop
            return reading.power_w * cop if reading.power_w > STANDBY_W else 0.0
        case SourceKind.MINER:
            return max(0.0, reading.power_w) * config.efficiency
        case _:
            return max(0.0, reading.power_w)


def is_heat_known(config: SourceConfig, reading: SourceSnapshot) -> bool:
    """Return whether the heat of a source is measured, or follows from what it reports; else it must not be learned.

    A source that does not respond may heat by itself: only its linked meter shows what it does.
    """
    if math.isfinite(reading.power_w) and config.fuel_kwh_price is None:
        return True
    if reading.steerable and not reading.available:
        return False
    if math.isfinite(reading.heat_w) or reading.on is False or _is_counted(reading):
        return True
    if config.fuel_kwh_price is not None:
        return math.isfinite(reading.level) or reading.on is not None
    if reading.running is False:
        return True
    is_constant = config.steering is Steering.SWITCH and not config.size_assumed
    return is_constant and reading.on is not None


def _is_counted(reading: SourceSnapshot) -> bool:
    """Return whether counters show the heat of a source; while it runs, they do once they have moved."""
    has_moved = math.isfinite(reading.counted_w) or math.isfinite(reading.counted_heat_w)
    return has_moved or (reading.counts and not reading.running)


def _counted_heat_w(config: SourceConfig, reading: SourceSnapshot, outdoor_c: float) -> float:
    """Return the recent mean heat by the counters of a source; one that does not move enough makes no heat.

    While it runs, few counts are an estimate.
    """
    if reading.on is False or reading.running is False:
        return 0.0
    if reading.counted_heat_enough:
        return max(0.0, reading.counted_heat_w)
    if reading.running and config.fuel_kwh_price is None:
        if math.isfinite(reading.counted_heat_w) and not reading.counted_enough:
            return max(0.0, reading.counted_heat_w)
        return heat_output_w(config, replace(reading, power_w=reading.counted_w), outdoor_c)
    if config.fuel_kwh_price is not None or not reading.counted_enough:
        return heat_output_w(config, reading, outdoor_c)
    return heat_output_w(config, replace(reading, power_w=reading.counted_w), outdoor_c)


def unmeasured(configs: Mapping[str, SourceConfig], snapshot: Snapshot) -> str:
    """Return the first source whose heat is unknown; empty if that of all is known."""
    found = ((configs.get(reading.source_id), reading) for reading in snapshot.sources)
    unknown = (reading.source_id for config, reading in found if config and not is_heat_known(config, reading))
    return next(unknown, "")


def known_heat_w(configs: Mapping[str, SourceConfig], snapshot: Snapshot, outdoor_c: float) -> float:
    """Return the heat of all sources in W; one whose heat is unknown is omitted."""
    total = 0.0
    for reading in snapshot.sources:
        config = configs.get(reading.source_id)
        if config is None or not is_heat_known(config, reading):
            continue
        if math.isfinite(reading.power_w) or math.isfinite(reading.heat_w):
            total += heat_output_w(config, reading, outdoor_c)
        elif _is_counted(reading):
            total += _counted_heat_w(config, reading, outdoor_c)
        elif config.fuel_kwh_price is not None:
            total += heat_output_w(config, reading, outdoor_c)
        elif reading.on and reading.running is not False:
            total += full_load(config)[0]
    return total


def delivered_heat_w(configs: Mapping[str, SourceConfig], snapshot: Snapshot, outdoor_c: float) -> float:
    """Return the heat of all sources in W, also by counters; NaN while those of one do not show its heat yet."""
    found = ((configs.get(source.source_id), source) for source in snapshot.sources)
    return sum(_delivered_w(config, source, outdoor_c) for config, source in found if config is not None)


def _delivered_w(config: SourceConfig, reading: SourceSnapshot, outdoor_c: float) -> float:
    has_counters = reading.counts or math.isfinite(reading.counted_w) or math.isfinite(reading.counted_heat_w)
    if math.isfinite(reading.power_w) or math.isfinite(reading.heat_w) or not has_counters:
        return heat_output_w(config, reading, outdoor_c)
    return _counted_heat_w(config, reading, outdoor_c) if is_heat_known(config, reading) else math.nan


def all_heat_w(configs: Mapping[str, SourceConfig], snapshot: Snapshot, outdoor_c: float) -> float:
    """Return the heat of all sources in W."""
    found = ((configs.get(source.source_id), source) for source in snapshot.sources)
    return sum(heat_output_w(config, source, outdoor_c) for config, source in found if config is not None)
