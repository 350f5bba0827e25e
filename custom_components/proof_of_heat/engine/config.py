"""The engine's configuration: sources, limits, weights of comfort and cost. The defaults suit an untuned home."""

from dataclasses import dataclass, field
from enum import StrEnum
import math

from .._lib.heat_source import SourceKind


class Steering(StrEnum):
    """How a source is controlled."""

    LEVEL = "level"
    """Continuous between its minimum and maximum level (a modulating heat pump or burner)."""
    STEPS = "steps"
    """At fixed electric inputs (a miner's power modes)."""
    SWITCH = "switch"
    """On or off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """A heat source. Omit unknown sizes: they are learned."""

    source_id: str
    kind: SourceKind
    steering: Steering = Steering.SWITCH
    nominal_heat_w: float | None = None
    nominal_power_w: float | None = None
    min_modulation: float = 0.25
    steps_w: tuple[float, ...] = ()
    fuel_kwh_price: float | None = None
    """Boilers: price of a kWh of fuel. None: the source runs on electricity."""
    efficiency: float = 0.9
    """Boilers: heat per fuel energy. Miners: share of the electric input that heats the home."""
    typical_cop: float = 3.0
    """Heat pumps: COP that is used until it is learned."""
    efficiency_j_th: tuple[float, ...] = ()
    """Miners: joules per terahash at each power step (or one value for all)."""
    pool_fee: float = 0.02
    min_on_s: float = 600.0
    min_off_s: float = 600.0
    max_starts_h: int = 3
    reboot_s: float = 0.0
    """Miners: time after a change of the power step in which a further change has no effect."""
    ramp_w: float = math.inf
    """Maximum change of the electric input from one cycle to the next."""
    quiet_level: float = 1.0
    """Maximum level (share of the nominal input) in quiet hours; 0: off in quiet hours."""
    phase: int | None = None
    """Phase of the supply, 0..2; None: three-phase."""
    priority: float = 0.0
    """Money per kWh of heat by which the source is preferred (negative: avoided)."""
    flow_limit_c: float | None = None
    can_stop: bool = True
    """False: it has no off. While it runs, it makes at least its lowest heat."""
    zones: frozenset[str] = frozenset()
    """The zones that it heats alone, such as the room of a thermostat; empty: the whole home."""
    fuel_price_assumed: bool = False
    """The user entered no price of its fuel: a usual one is assumed."""
    size_assumed: bool = False
    """Its electric input is not known: `sources.full_load` assumes that of a typical device."""

    @property
    def has_performance_map(self) -> bool:
        """Whether heat and power are learned: of electric sources that modulate, and of heat pumps that do not."""
        if self.fuel_kwh_price is not None:
            return False
        return self.steering is Steering.LEVEL or (
            self.kind is SourceKind.HEAT_PUMP and self.steering is Steering.SWITCH
        )

    @property
    def least_level(self) -> float:
        """Lowest level at which it runs in a plan."""
        return 1.0 if self.steering is Steering.SWITCH else self.min_modulation

    def on_phase(self, phase: int) -> float:
        """Return the share of the source's power on a phase (0..2)."""
        return 1 / 3 if self.phase is None else float(self.phase == phase)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLimits:
    """Limits of the electric power that the home draws, in total and per phase."""

    power_w: float = math.inf
    phase_w: float = math.inf


class PeakPolicy(StrEnum):
    """The limit of electric power in a plan."""

    NONE = "none"
    REFERENCE = "reference"
    """At most what the reference control would have drawn in this house over the last days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights of comfort and cost in a plan; see planning.planner.PlanCriteria."""

    margin_k: float = 0.05
    sun_doubt: float = 0.15
    discomfort_weight: float = 50.0
    """Cost of a kelvin-hour outside the comfort band, in kWh of electricity per kW/K of heat loss."""
    upper_price_share: float = 0.25
    stored_heat_share: float = 0.6
    start_kwh: float = 0.12
    """Cost of a start of a compressor or burner, in kWh of electricity."""
    carbon_price_kg: float = 0.0
    peak: PeakPolicy = PeakPolicy.REFERENCE
    peak_days: float = 7.0
    peak_share: float = 0.93
    """Share of the reference's peak that is enough on most days; planning.commitment raises it for comfort."""
    peak_floor: float = 0.76
    """The cap is at least this share of the source's full input: further throttling wastes more than it saves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceControl:
    """The control that the home would have without this engine: a room thermostat with a setback.

    Form and values are those of the reference controller of the BOPTEST test cases with one heat pump (PI, 0.6 per K,
    8000 s), which is also the reference in this project's benchmark.
    """

    gain_per_k: float = 0.6
    integral_time_s: float = 8000.0
    anti_windup: float = 0.9
    over_comfort_k: float = 0.2
    setback_k: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyLimits:
    """Limits that apply to every command. Sources of the values: docs/control.md, "Safety"."""

    max_flow_c: float = 45.0
    frost_room_c: float = 7.0
    frost_outdoor_on_c: float = 1.0
    frost_outdoor_off_c: float = 3.0
    frost_flow_c: float = 25.0
    room_stale_s: float = 1800.0
    room_stale_max_s: float = 10800.0
    """Maximum age of a reading from a sensor that is known to report only changes; see staleness.py."""
    outdoor_stale_s: float = 7200.0
    outdoor_stale_max_s: float = 14400.0
    jump_k_min: float = 3.0
    fallback_flow_c: float = 30.0
    """Flow temperature while neither room nor outdoor temperature is known."""
    fallback_share: float = 0.4
    """Share of the design heat load that is delivered meanwhile."""
    seasonal_outdoor_c: float = 0.0
    read_only_s: float = 60.0
    lease_s: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveConfig:
    """The heating curve, and the correction by the room temperature (trim)."""

    slope: float = 0.6
    level_k: float = 0.0
    points: tuple[tuple[float, float], ...] = ()
    curve_value: float | None = None
    min_external_c: float = -15.0
    kind: str = "slope"
    """One of: slope, points, value, radiator, sat."""
    design_outdoor_c: float = -10.0
    design_flow_c: float = 45.0
    design_return_c: float = 38.0
    exponent: float = 1.1
    coefficient: float = 2.0
    underfloor: bool = True
    damping_h: float = 3.0
    heating_limit_below_k: float = 4.0
    heating_limit_hysteresis_k: float = 2.0
    trim_k_per_k: float = 4.0
    trim_integral_s: float = 14400.0
    trim_limit_k: float = 8.0
    too_warm_k: float = 1.2
    """A zone that is further above its target needs no heat, independently of the curve's trim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """The configuration of an engine."""

    sources: tuple[SourceConfig, ...] = ()
    curve: CurveConfig = field(default_factory=CurveConfig)
    site: SiteLimits = field(default_factory=SiteLimits)
    weights: Weights = field(default_factory=Weights)
    reference: ReferenceControl = field(default_factory=ReferenceControl)
    safety: SafetyLimits = field(default_factory=SafetyLimits)
    prediction_error_limit_k: float = 0.8
    """Predictions are used only while the 12-hour error in the backtest is below this."""
    commission: bool = True
    """Run a modulating source at varied levels during its first day, to learn its performance map."""
