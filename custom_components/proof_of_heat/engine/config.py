"""What is set up once: sources, limits, how comfort and money are weighed. Defaults suit a home nobody has tuned."""

from dataclasses import dataclass, field
from enum import StrEnum
import math

from .._lib.heat_source import SourceKind


class Steering(StrEnum):
    """How a source is steered."""

    LEVEL = "level"
    """Continuous between its lowest and highest level (a modulating heat pump or burner)."""
    STEPS = "steps"
    """At given electric inputs (a miner's modes)."""
    SWITCH = "switch"
    """On or off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """One heat source. Unknown sizes may be left out: they are learned."""

    source_id: str
    kind: SourceKind
    steering: Steering = Steering.SWITCH
    nominal_heat_w: float | None = None
    nominal_power_w: float | None = None
    min_modulation: float = 0.25
    steps_w: tuple[float, ...] = ()
    fuel_kwh_price: float | None = None
    """Boilers: price of a kWh of fuel. None: electricity."""
    efficiency: float = 0.9
    """Boilers: heat per fuel energy. Miners: share of the input that warms the home."""
    typical_cop: float = 3.0
    """Heat pumps: heat per electricity until it is learned."""
    efficiency_j_th: tuple[float, ...] = ()
    """Miners: joules per terahash at each step (or one value for all)."""
    pool_fee: float = 0.02
    min_on_s: float = 600.0
    min_off_s: float = 600.0
    max_starts_h: int = 3
    reboot_s: float = 0.0
    """Time after a change of step in which no further change is useful."""
    ramp_w: float = math.inf
    """Largest change of electric input from one cycle to the next."""
    quiet_level: float = 1.0
    """Highest level (share of the nominal input) in quiet hours; 0: stands then."""
    phase: int | None = None
    """0..2; None: on all three."""
    priority: float = 0.0
    """Money per kWh of heat by which it is preferred (negative: avoided)."""
    flow_limit_c: float | None = None

    @property
    def has_performance_map(self) -> bool:
        """Whether heat and input over its level are learned (a modulating source that runs on electricity)."""
        return self.steering is Steering.LEVEL and self.fuel_kwh_price is None

    def on_phase(self, phase: int) -> float:
        """The part of its power that a phase carries."""
        return 1 / 3 if self.phase is None else float(self.phase == phase)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLimits:
    """Power the home may draw."""

    power_w: float = math.inf
    phase_w: float = math.inf


class PeakPolicy(StrEnum):
    """How far the plan may raise electric power."""

    NONE = "none"
    REFERENCE = "reference"
    """Not above what the reference control would have drawn in this house over the last days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How comfort and money are weighed in a plan."""

    margin_k: float = 0.05
    sun_doubt: float = 0.15
    discomfort_weight: float = 27.0
    """A kelvin-hour outside the comfort band is worth so many kWh of electricity per kW/K of the house's loss."""
    upper_price_share: float = 0.5
    stored_heat_share: float = 0.6
    start_kwh: float = 0.12
    """What a start of a compressor or burner is worth, as electricity."""
    carbon_price_kg: float = 0.0
    peak: PeakPolicy = PeakPolicy.REFERENCE
    peak_days: float = 7.0
    peak_share: float = 0.96
    """Of the reference's peak; what is left is for the model's error."""
    peak_floor: float = 0.8
    """The cap stays above this share of the source's full input: throttled further it wastes more than it spares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceControl:
    """What the home would have without this engine: a room thermostat with a set-back.

    The form and the numbers are those of the reference controller of the BOPTEST test cases with one heat pump (PI,
    0.6 per K, 8000 s); it also is the reference in this project's own benchmark.
    """

    gain_per_k: float = 0.6
    integral_time_s: float = 8000.0
    anti_windup: float = 0.9
    over_comfort_k: float = 0.2
    setback_k: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyLimits:
    """Numbers that hold whatever else is wanted. Sources: docs/control.md, "Safety"."""

    max_flow_c: float = 45.0
    frost_room_c: float = 7.0
    frost_outdoor_on_c: float = 1.0
    frost_outdoor_off_c: float = 3.0
    frost_flow_c: float = 25.0
    room_stale_s: float = 1800.0
    room_stale_max_s: float = 10800.0
    """A sensor that is known to report only changes may be silent so long."""
    outdoor_stale_s: float = 7200.0
    jump_k_min: float = 3.0
    fallback_flow_c: float = 30.0
    """Fixed flow temperature when neither room nor outdoor temperature is known."""
    fallback_share: float = 0.4
    seasonal_outdoor_c: float = 0.0
    read_only_s: float = 60.0
    lease_s: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveConfig:
    """The heating curve and the trim around it."""

    slope: float = 0.6
    level_k: float = 0.0
    points: tuple[tuple[float, float], ...] = ()
    curve_value: float | None = None
    min_external_c: float = -15.0
    kind: str = "slope"
    """slope, points, value, radiator or sat."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """All of it."""

    sources: tuple[SourceConfig, ...] = ()
    curve: CurveConfig = field(default_factory=CurveConfig)
    site: SiteLimits = field(default_factory=SiteLimits)
    weights: Weights = field(default_factory=Weights)
    reference: ReferenceControl = field(default_factory=ReferenceControl)
    safety: SafetyLimits = field(default_factory=SafetyLimits)
    prediction_error_limit_k: float = 0.8
    """Prediction is used only while its back-tested 12-hour error is below this."""
    commission: bool = True
    """Let a modulating source run at varied levels in its first day, to learn what it gives and takes."""
