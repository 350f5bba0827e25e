"""The decision of a cycle: commands for the sources, and the record with the reasons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
import math

from .messages import Message, MessageCode, message
from .snapshot import SetpointRise


class ControlMode(StrEnum):
    """How the heat demand of a cycle was determined."""

    PLAN = "plan"
    CURVE = "curve"
    COMMISSIONING = "commissioning"
    BLIND = "blind"
    STARTING = "starting"
    FROST = "frost"
    IDLE = "idle"


class DecisionState(StrEnum):
    """What the control does now, in one word."""

    OFF = "off"
    """Control is off: nothing is commanded."""
    SHADOW = "shadow"
    """Control was never on: the decisions are simulated, and nothing is commanded."""
    STARTING = "starting"
    FROST = "frost"
    BLIND = "blind"
    COMMISSIONING = "commissioning"
    HEATING = "heating"
    LIMITED = "limited"
    """Heat is needed, but no source may deliver it."""
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Headroom:
    """Electric power available for heating, of the site and of each phase."""

    site_w: float = math.inf
    phases_w: tuple[float, float, float] = (math.inf, math.inf, math.inf)


UNLIMITED = Headroom()
_LEAST_HEAT_W = 1.0


@dataclass(frozen=True, slots=True)
class SourceCommand:
    """What a source does until the next cycle, or until its lease ends."""

    source_id: str
    on: bool
    level: float
    """Share of the nominal input, 0..1."""
    power_w: float
    """Expected electric input."""
    heat_w: float
    flow_c: float
    """Flow temperature setpoint, for sources that are controlled by it."""
    lease_s: float
    hold: bool = False
    """True: leave the source as it is (no write is allowed now)."""
    rest_power_w: float = 0.0
    """What it draws while it is not needed, because it has no off."""
    rest_heat_w: float = 0.0

    @property
    def drawn_w(self) -> float:
        """The expected electric input, on or off."""
        return self.power_w if self.on else self.rest_power_w


@dataclass(frozen=True, slots=True)
class SourceShare:
    """The contribution of a source, with the cost of its heat."""

    source_id: str
    heat_w: float
    power_w: float
    price_kwh: float
    """Money per kWh of heat at this operating point; NaN while the source is off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """The reasons of a decision, as numbers and messages."""

    now_s: float
    revision: str
    control_mode: ControlMode
    room_c: float
    outdoor_c: float
    lower_c: float
    upper_c: float
    demand_w: float
    """Heat demand before sources and limits."""
    requested_w: float
    """Heat requested from the sources in this cycle; in a duty cycle it is above the demand or 0."""
    flow_c: float
    mix: tuple[SourceShare, ...]
    cost_h: float
    """Expected cost per hour of what is commanded."""
    heat_value_kwh: float
    """Money that a kWh of heat delivered now saves later; NaN without a plan."""
    reasons: tuple[Message, ...]
    """How the demand was determined, and why."""
    limits: tuple[Message, ...]
    """What limited the sources."""
    notes: tuple[Message, ...] = ()
    """Inputs that were rejected."""
    next_rise: SetpointRise | None = None
    """The next rise of the comfort band, with its reason."""
    active: bool = True
    """False: control is off and the commands are not sent."""
    shadow: bool = False
    """True: control was never on, and its effect is simulated."""

    @property
    def state(self) -> DecisionState:
        """What the control does now."""
        if not self.active:
            return DecisionState.SHADOW if self.shadow else DecisionState.OFF
        match self.control_mode:
            case ControlMode.STARTING:
                return DecisionState.STARTING
            case ControlMode.FROST:
                return DecisionState.FROST
            case ControlMode.BLIND:
                return DecisionState.BLIND
        if any(share.heat_w > 0 for share in self.mix):
            measuring = self.control_mode is ControlMode.COMMISSIONING
            return DecisionState.COMMISSIONING if measuring else DecisionState.HEATING
        return DecisionState.LIMITED if self.has_demand and self.limits else DecisionState.IDLE

    @property
    def has_demand(self) -> bool:
        """Whether heat is requested; a planner's rounding error is none."""
        return self.requested_w >= _LEAST_HEAT_W

    @property
    def status(self) -> tuple[Message, ...]:
        """What every text about the decision or the plan begins with while nothing is commanded."""
        if self.active:
            return ()
        return (message(MessageCode.SHADOW if self.shadow else MessageCode.CONTROL_OFF),)

    @property
    def text(self) -> str:
        """The record as an English sentence with source IDs."""
        return describe(self.reasons, self.mix, self.limits, status=self.status)


@dataclass(frozen=True, slots=True)
class Decision:
    """The commands of a cycle and the record of their reasons."""

    commands: tuple[SourceCommand, ...]
    record: DecisionRecord
    limits: tuple[Message, ...] = field(default=())

    def command(self, source_id: str) -> SourceCommand:
        """Return the command of a source.

        Raises:
            KeyError: the source is unknown.
        """
        for command in self.commands:
            if command.source_id == source_id:
                return command
        raise KeyError(source_id)


def describe(
    reasons: Sequence[Message],
    mix: Sequence[SourceShare],
    limits: Sequence[Message],
    format_message: Callable[[Message], str] = str,
    *,
    status: Sequence[Message] = (),
) -> str:
    """Return a text with the demand and its reasons, the active sources with their cost of heat, and the limits.

    It begins with ``status``.
    """
    active = [
        message(MessageCode.HEATS, source=share.source_id, heat_kw=share.heat_w / 1000, price_kwh=share.price_kwh)
        for share in mix
        if share.heat_w > 0
    ]
    parts = [
        ", ".join(map(format_message, reasons)),
        ", ".join(map(format_message, active or [message(MessageCode.NOTHING_HEATS)])),
    ]
    if limits:
        parts.append(format_message(message(MessageCode.LIMITED, limits="; ".join(map(format_message, limits)))))
    return "".join(f"{format_message(part)}: " for part in status) + ". ".join(parts)
