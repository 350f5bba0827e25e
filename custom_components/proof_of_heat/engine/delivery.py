"""What each source does now: electric input and heat output, measured where possible, else estimated and marked so.

Four things are kept apart: what is wished (the demand), what is commanded (the decision), what is measured (a reading
or a counter), and what is estimated. The order here: a power reading, the source's own counter, then the decision,
which is only an estimate. Without any of them the value is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
import math

from .._lib.heat_source import SourceKind
from .config import SourceConfig
from .decision_record import SourceShare
from .snapshot import NAN, Snapshot, SourceSnapshot
from .sources import heat_output_w

RUNNING_W = 150.0
"""A heat pump with an electric input up to this runs its pumps and electronics only."""
RUNNING_SHARE = 0.02
"""A source heats above this share of its rated heat or power."""
SMALL_W = 100.0
"""A source with less heat output and electric input than this does not heat a home: a small miner, for example."""
DEFAULT_HEAT_W = 1000.0
_RESISTIVE = (SourceKind.MINER, SourceKind.DIRECT_ELECTRIC)


@dataclass(frozen=True, slots=True)
class Amount:
    """A value in W; NaN if unknown. ``estimated``: no reading and no counter with enough counts supports it."""

    watts: float = NAN
    estimated: bool = True

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return math.isfinite(self.watts)


ZERO = Amount(0.0, estimated=False)


@dataclass(frozen=True, slots=True)
class SourceDelivery:
    """What a source draws and delivers now."""

    source_id: str
    power: Amount
    heat: Amount
    is_heating: bool
    """Whether it delivers heat, by what it reports; by the command for a source that reports nothing."""

    @property
    def heats_home(self) -> bool:
        """Whether it delivers more heat than a few watts."""
        return self.is_heating and not (self.heat.watts < SMALL_W and self.power.watts < SMALL_W)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What all sources draw and deliver now."""

    sources: tuple[SourceDelivery, ...] = ()

    @property
    def power(self) -> Amount:
        """The electric input of all sources, of which an unknown one is left out."""
        return _total([source.power for source in self.sources])

    @property
    def heat(self) -> Amount:
        """The heat output of all sources, of which an unknown one is left out."""
        return _total([source.heat for source in self.sources])

    @property
    def is_heating(self) -> bool:
        """Whether a source heats the home."""
        return any(source.heats_home for source in self.sources)

    def of(self, source_id: str) -> SourceDelivery | None:
        """Return what a source delivers; None for an unknown source."""
        return next((source for source in self.sources if source.source_id == source_id), None)


def delivery(
    configs: Mapping[str, SourceConfig], snapshot: Snapshot, outdoor_c: float, decided: Mapping[str, SourceShare]
) -> Delivery:
    """Return what all sources do now. ``decided``: the last decision; nothing is commanded while control is off."""
    return Delivery(
        tuple(
            _one(config, reading, outdoor_c, decided.get(reading.source_id) if snapshot.active else None)
            for reading in snapshot.sources
            if (config := configs.get(reading.source_id)) is not None
        )
    )


def mean_delivery(before: Delivery, now: Delivery) -> Delivery:
    """Return the mean of two moments; an estimate where one of them is not known."""
    parts = []
    for source in now.sources:
        last = before.of(source.source_id)
        power = _mean(None if last is None else last.power, source.power)
        heat = _mean(None if last is None else last.heat, source.heat)
        parts.append(replace(source, power=power, heat=heat))
    return Delivery(tuple(parts))


def _mean(before: Amount | None, now: Amount) -> Amount:
    if before is None or not before.known or not now.known:
        return replace(now, estimated=True)
    return Amount((before.watts + now.watts) / 2, before.estimated or now.estimated)


def counted(now: Delivery, snapshot: Snapshot, elapsed_s: float) -> Delivery:
    """Return the delivery with the mean power since the last snapshot where the consumption was counted."""
    energies = {reading.source_id: reading.consumed_kwh for reading in snapshot.sources}
    return Delivery(
        tuple(
            replace(source, power=Amount(energies[source.source_id] * 3.6e6 / elapsed_s, estimated=False))
            if elapsed_s > 0 and math.isfinite(energies[source.source_id])
            else source
            for source in now.sources
        )
    )


def _one(
    config: SourceConfig, reading: SourceSnapshot, outdoor_c: float, decided: SourceShare | None
) -> SourceDelivery:
    decision = decided if decided is not None and decided.heat_w > 0 else None
    power = _power(config, reading, decision)
    heat = _heat(config, reading, power, decision, outdoor_c)
    return SourceDelivery(reading.source_id, power, heat, _is_heating(config, reading, power, heat, decision))


def _power(config: SourceConfig, reading: SourceSnapshot, decision: SourceShare | None) -> Amount:
    if math.isfinite(reading.power_w) and not reading.power_estimated:
        return Amount(max(0.0, reading.power_w), estimated=False)
    if math.isfinite(reading.counted_w):
        if _rests(config, reading):  # the counter's mean is from before
            return Amount(min(max(0.0, reading.counted_w), RUNNING_W))
        return Amount(max(0.0, reading.counted_w), estimated=not reading.counted_enough)
    if math.isfinite(reading.power_w):
        return Amount(max(0.0, reading.power_w))
    if reading.on is False:
        return ZERO
    if config.fuel_kwh_price is not None:
        share = float(decision is not None) if math.isnan(reading.level) else reading.level
        return Amount(share * config.nominal_power_w) if config.nominal_power_w else ZERO
    if decision is not None and not reading.counts:
        return Amount(decision.power_w)
    return Amount()


def _heat(
    config: SourceConfig, reading: SourceSnapshot, power: Amount, decision: SourceShare | None, outdoor_c: float
) -> Amount:
    if math.isfinite(reading.heat_w):
        # What an electric heater reports as heat is its power.
        return Amount(max(0.0, reading.heat_w), estimated=config.kind in _RESISTIVE and power.estimated)
    if _rests(config, reading):
        return ZERO
    if math.isfinite(reading.counted_heat_w):
        return Amount(max(0.0, reading.counted_heat_w), estimated=not reading.counted_heat_enough)
    if reading.on is False:
        return ZERO
    if config.fuel_kwh_price is None and config.kind in _RESISTIVE:
        share = config.efficiency if config.kind == SourceKind.MINER else 1.0
        return Amount(power.watts * share, power.estimated)
    by_power = math.isfinite(reading.power_w) or math.isfinite(reading.counted_w)
    if math.isfinite(reading.level) if config.fuel_kwh_price is not None else by_power:
        estimate = heat_output_w(config, replace(reading, power_w=power.watts), outdoor_c)
        # A compressor that runs makes heat; a power of standby is from before it started.
        return Amount() if reading.running and estimate <= 0 else Amount(estimate)
    return Amount() if decision is None or reading.counts else Amount(decision.heat_w)


def _rests(config: SourceConfig, reading: SourceSnapshot) -> bool:
    """Return whether the compressor rests, and no heater rod runs instead of it."""
    is_measured = math.isfinite(reading.power_w) and not reading.power_estimated
    rod_runs = is_measured and reading.power_w > RUNNING_W
    return reading.running is False and config.fuel_kwh_price is None and not rod_runs


def _is_heating(
    config: SourceConfig, reading: SourceSnapshot, power: Amount, heat: Amount, decision: SourceShare | None
) -> bool:
    """Return whether the rooms get heat: as reported, else as measured, else as commanded."""
    if reading.on is False or reading.hot_water:
        return False
    if reading.running is not None:
        return reading.running
    if heat.known and not heat.estimated:
        return heat.watts > RUNNING_SHARE * (config.nominal_heat_w or DEFAULT_HEAT_W)
    if power.known and (reading.counts or not power.estimated) and config.fuel_kwh_price is None:
        if config.kind == SourceKind.HEAT_PUMP:
            return power.watts > RUNNING_W
        return power.watts > RUNNING_SHARE * (config.nominal_power_w or DEFAULT_HEAT_W)
    return decision is not None and not reading.counts


def _total(parts: list[Amount]) -> Amount:
    """Return the sum of the known parts: an estimate where one is estimated or unknown; unknown if all are."""
    known = [part.watts for part in parts if part.known]
    return Amount(sum(known), any(part.estimated for part in parts)) if known else Amount()
