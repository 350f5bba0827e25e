"""The price of heat of every source, whether it runs or not, and why it does not run."""

from dataclasses import dataclass
import math

from .._lib.heat_source import SourceKind
from .config import SourceConfig
from .decision_record import ControlMode, DecisionRecord
from .delivery import RUNNING_W
from .economics import carnot_cop
from .messages import MessageCode
from .snapshot import NAN, Snapshot, SourceSnapshot
from .sources import ASSUMED_FLOW_C, full_load, mined_h, revenue_h

NO_DEMAND = "no_demand"
MORE_EXPENSIVE = "more_expensive"
NOT_NEEDED = "not_needed"
OFF = "control_off"


@dataclass(frozen=True, slots=True)
class HeatPrice:
    """What a kWh of heat costs from a source now. NaN: unknown."""

    source_id: str
    price_kwh: float
    running: bool
    """Whether it is commanded to heat: the price is that of its operating point."""
    cope: float = NAN
    """Economic COP of a miner: heat per unit of net cost, 1 / (1 - revenue / cost); infinite from the break-even on."""
    break_even_kwh: float = NAN
    """Electricity price up to which a miner's heat costs nothing."""
    reason: str = ""
    """Why it is not commanded to heat: the code of a limit, or one of the above."""
    estimated: bool = True
    """Whether it follows from a model or from assumptions, and not from what the source counts or measures."""


def heat_prices(sources: tuple[SourceConfig, ...], snapshot: Snapshot, record: DecisionRecord) -> tuple[HeatPrice, ...]:
    """Return the price of heat of each source."""
    readings = {reading.source_id: reading for reading in snapshot.sources}
    shares = {share.source_id: share for share in record.mix if share.heat_w > 0}
    found = []
    for source in sources:
        share = shares.get(source.source_id)
        reading = readings.get(source.source_id, SourceSnapshot(source_id=source.source_id))
        price = possible_price(source, reading, snapshot, record.outdoor_c)
        if share is not None and math.isfinite(share.price_kwh) and math.isfinite(snapshot.price_kwh):
            price = share.price_kwh
        measured = _measured_price(source, reading, snapshot) if reading.on is not False else NAN
        estimated = math.isnan(measured) and _is_assumed(source)
        estimated = estimated or (snapshot.price_assumed and source.fuel_kwh_price is None)
        price = price if math.isnan(measured) else measured
        cope, break_even = _mining(source, snapshot)
        running = share is not None and record.active  # while control is off, a decision commands nothing
        reason = "" if running else _reason(source, price, record)
        found.append(HeatPrice(source.source_id, price, running, cope, break_even, reason, estimated))
    return tuple(found)


def why_not_sent(reading: SourceSnapshot, record: DecisionRecord) -> str:
    """Return why a source that is to heat has no command yet; empty if nothing is in the way.

    In the first minute nothing is sent, also to a source that is on and waits for its setpoint.
    """
    if record.control_mode is ControlMode.STARTING:
        return str(MessageCode.JUST_STARTED)
    return str(MessageCode.WRITE_DEFERRED) if reading.on is False and reading.write_deferred else ""


def possible_price(source: SourceConfig, reading: SourceSnapshot, snapshot: Snapshot, outdoor_c: float) -> float:
    """Return what a kWh of heat would cost at full load; NaN for an electric source without a price of electricity."""
    if source.fuel_kwh_price is not None:
        return source.fuel_kwh_price / source.efficiency
    price = snapshot.price_kwh
    if source.kind == SourceKind.HEAT_PUMP:
        flow_c = reading.flow_c if math.isfinite(reading.flow_c) else ASSUMED_FLOW_C
        cop = carnot_cop(max(flow_c, ASSUMED_FLOW_C), outdoor_c) if math.isfinite(outdoor_c) else source.typical_cop
        return price / cop
    if source.kind == SourceKind.MINER:
        return (price - _revenue_kwh(source, snapshot)) / source.efficiency
    return price


def _measured_price(source: SourceConfig, reading: SourceSnapshot, snapshot: Snapshot) -> float:
    """Return the price of the heat that a source delivers now, by its counters or its hash rate; NaN without them."""
    if source.kind == SourceKind.HEAT_PUMP and reading.counted_enough and reading.counted_heat_enough:
        is_heating = reading.counted_w >= RUNNING_W and reading.counted_heat_w >= reading.counted_w
        return snapshot.price_kwh * reading.counted_w / reading.counted_heat_w if is_heating else NAN
    if source.kind == SourceKind.MINER and reading.power_w >= RUNNING_W and reading.hashrate_ths > 0:
        mined = mined_h(source, reading, reading.power_w, snapshot.hashprice_ph_day)
        return (snapshot.price_kwh - 1000 * mined / reading.power_w) / source.efficiency
    return NAN


def _is_assumed(source: SourceConfig) -> bool:
    """Return whether the price is not simply that of electricity, or of a fuel whose price was entered."""
    if source.fuel_kwh_price is not None:
        return source.fuel_price_assumed
    return source.kind in (SourceKind.HEAT_PUMP, SourceKind.MINER)


def _revenue_kwh(source: SourceConfig, snapshot: Snapshot) -> float:
    _, power_w = full_load(source)
    return revenue_h(source, power_w, snapshot.hashprice_ph_day) / power_w * 1000 if power_w > 0 else 0.0


def _mining(source: SourceConfig, snapshot: Snapshot) -> tuple[float, float]:
    known = source.efficiency_j_th and math.isfinite(snapshot.hashprice_ph_day)
    if source.kind != SourceKind.MINER or not known:
        return NAN, NAN
    revenue, cost = _revenue_kwh(source, snapshot), snapshot.price_kwh
    if not math.isfinite(cost):
        return NAN, revenue
    return (math.inf if revenue >= cost else 1 / (1 - revenue / cost)), revenue


def _reason(source: SourceConfig, price: float, record: DecisionRecord) -> str:
    """Return why a source is not commanded to heat."""
    if not record.active:
        return OFF
    for limit in record.limits:
        waits = limit.code is MessageCode.WRITE_DEFERRED and not record.has_demand
        if limit.values.get("source") == source.source_id and not waits:
            return str(limit.code)
    if not record.has_demand:
        return NO_DEMAND
    if any(share.heat_w > 0 and share.price_kwh <= price for share in record.mix):
        return MORE_EXPENSIVE
    shared = (str(limit.code) for limit in record.limits if "source" not in limit.values)
    return next(shared, NOT_NEEDED)
