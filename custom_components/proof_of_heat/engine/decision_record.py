"""What the engine decides, and why: commands and the record of a cycle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
import math

from .messages import Message, MessageCode, message
from .snapshot import SetpointRise


class ControlMode(StrEnum):
    """How the demand of a cycle was found."""

    PLAN = "plan"
    CURVE = "curve"
    COMMISSIONING = "commissioning"
    BLIND = "blind"
    STARTING = "starting"
    FROST = "frost"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Headroom:
    """Electric power that is left for heating: of the whole site and of each phase."""

    site_w: float = math.inf
    phases_w: tuple[float, float, float] = (math.inf, math.inf, math.inf)


UNLIMITED = Headroom()


@dataclass(frozen=True, slots=True)
class SourceCommand:
    """What one source shall do until the next cycle, at most for the lease."""

    source_id: str
    on: bool
    level: float
    """0..1 of the nominal input."""
    power_w: float
    """Electric input expected."""
    heat_w: float
    flow_c: float
    """Flow temperature to command where the source is steered by it."""
    lease_s: float
    hold: bool = False
    """True: leave the source as it is (nothing may be written now)."""


@dataclass(frozen=True, slots=True)
class SourceShare:
    """One source's part of the mix, with the price of its heat."""

    source_id: str
    heat_w: float
    power_w: float
    price_kwh: float
    """Money per kWh of heat at this point; NaN while it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """Why the cycle decided as it did, in numbers and words."""

    now_s: float
    revision: str
    control_mode: ControlMode
    room_c: float
    outdoor_c: float
    lower_c: float
    upper_c: float
    demand_w: float
    """Heat wanted before sources and limits."""
    flow_c: float
    mix: tuple[SourceShare, ...]
    cost_h: float
    heat_value_kwh: float
    """What a kWh of heat now is worth later, NaN without a plan."""
    wanted: tuple[Message, ...]
    """What was wanted, and why."""
    limits: tuple[Message, ...]
    """What kept the engine from what it wanted."""
    notes: tuple[Message, ...] = ()
    """What was not believed."""
    next_rise: SetpointRise | None = None
    """The next time that is to be warmer than now, with its reason."""

    @property
    def words(self) -> str:
        """In English, with ids."""
        return sentence(self.wanted, self.mix, self.limits)


@dataclass(frozen=True, slots=True)
class Decision:
    """One cycle's outcome."""

    commands: tuple[SourceCommand, ...]
    record: DecisionRecord
    limits: tuple[Message, ...] = field(default=())

    def command(self, source_id: str) -> SourceCommand:
        """The command of one source.

        Raises:
            KeyError: there is no such source.
        """
        for command in self.commands:
            if command.source_id == source_id:
                return command
        raise KeyError(source_id)


def sentence(
    wanted: Sequence[Message],
    mix: Sequence[SourceShare],
    limits: Sequence[Message],
    tell: Callable[[Message], str] = str,
) -> str:
    """What was wanted, what heats at which price, and what limited it, as ``tell`` puts each phrase."""
    running = [
        tell(message(MessageCode.HEATS, source=part.source_id, heat_kw=part.heat_w / 1000, price_kwh=part.price_kwh))
        for part in mix
        if part.heat_w > 0
    ]
    parts = [", ".join(map(tell, wanted)), ", ".join(running) or tell(message(MessageCode.NOTHING_HEATS))]
    if limits:
        parts.append(tell(message(MessageCode.LIMITED, limits="; ".join(map(tell, limits)))))
    return ". ".join(parts)
