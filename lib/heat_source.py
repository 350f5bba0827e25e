"""The heat-source contract: how anything that makes heat plugs into proof_of_heat.

An integration offers its sources in a module `<domain>/proof_of_heat.py` (see `HeatSourcePlatform`);
drivers inside proof_of_heat implement the same `HeatSource`. Nothing here imports Home Assistant at run time.

The module is copied into each integration that uses it, so two sides may hold two copies of these classes:
compare enum members with `==` (they are strings), read attributes, and never use `isinstance` or `is` across
the seam. Fields are only ever added, each with a default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

CONTRACT_VERSION = 1

type Unsubscribe = Callable[[], None]


class SourceKind(StrEnum):
    """What makes the heat."""

    MINER = "miner"
    HEAT_PUMP = "heat_pump"
    BOILER = "boiler"
    DIRECT_ELECTRIC = "direct_electric"
    CONTROLLER = "controller"
    """A heating controller with its own curve (an ESP32 in iot_heating)."""


class Control(StrEnum):
    """A quantity that the controller may command."""

    ON_OFF = "on_off"
    POWER = "power"
    """Electric input in watts, continuous between the limits or at `Capabilities.power_steps_w`."""
    MODE = "mode"
    FLOW = "flow"
    """Flow temperature setpoint in degC."""
    CURVE = "curve"
    """Slope and level of the device's own heating curve, always written together."""
    ROOM = "room"
    """Room temperature setpoint in degC (a thermostat)."""


class Health(StrEnum):
    """Whether the source can be counted on."""

    OK = "ok"
    DEGRADED = "degraded"
    """Answers, but not with everything (a board is down, a reading is old)."""
    FAILING = "failing"
    """Does not answer or reports a fault. Its power is unknown: count it as possibly on."""
    AUTH = "auth"
    """Refuses our credentials: needs the user."""
    LIMITED = "limited"
    """Answers are withheld by a call limit (cloud budget); the last values stand until they are stale."""


class FaultReason(StrEnum):
    """Why a source is not healthy or a command failed: a stable code that is shown as a translated text."""

    NO_RESPONSE = "no_response"
    INVALID_RESPONSE = "invalid_response"
    INVALID_AUTH = "invalid_auth"
    CALL_LIMIT = "call_limit"
    REJECTED = "rejected"
    NOT_CONFIRMED = "not_confirmed"
    """The command was sent, and the device does not report it."""
    DEVICE_FAULT = "device_fault"
    """The device itself reports a fault."""
    REMOVED = "removed"
    """The other integration does not provide the source any more."""


class Outcome(StrEnum):
    """What became of a command."""

    APPLIED = "applied"
    """Written, and read back as commanded."""
    UNCHANGED = "unchanged"
    """The device already was as commanded; nothing was written."""
    PENDING = "pending"
    """Accepted, not yet visible in what the device reports (a miner reboots for minutes)."""
    DEFERRED = "deferred"
    """Not sent now: write spacing, call budget or minimum times; the next cycle commands again."""
    REFUSED = "refused"
    """The device or its limits do not allow it; commanding again is useless."""
    FAILED = "failed"
    """No answer, or read back otherwise than commanded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a source can do; constant until a change notice. None = not known or no limit."""

    kind: SourceKind
    controls: frozenset[Control]
    min_power_w: float | None = None
    """Lowest electric input while on."""
    max_power_w: float | None = None
    power_steps_w: tuple[float, ...] = ()
    """Possible inputs while on, ascending, where they are steps (miner modes); empty = continuous."""
    modes: tuple[str, ...] = ()
    max_heat_w: float | None = None
    min_flow_c: float | None = None
    max_flow_c: float | None = None
    min_slope: float | None = None
    max_slope: float | None = None
    min_level: float | None = None
    max_level: float | None = None
    reads_power: bool = False
    """False: `power_w` is absent or an estimate, a linked meter is needed."""
    reads_heat: bool = False
    settle_s: float = 30.0
    """Seconds until a command shows in the readings (a miner's reboot, a cloud's poll)."""
    min_write_interval_s: float = 0.0
    user_write_interval_s: float | None = None
    """The same for a change that a user waits for; None: no exception."""
    min_on_s: float = 0.0
    min_off_s: float = 0.0
    fuel: str = "electricity"
    lease_in_device: bool = False
    """The device itself falls back when the lease ends; else the driver does, while it is alive."""
    can_stop: bool = True
    """False: it has no off. While it is controlled, it makes at least its lowest heat as long as it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What a source reported, with the time of the report. Absent readings are None, never zero."""

    at: datetime
    """When the device measured it (aware), or when it was read where the device reports no time."""
    health: Health
    detail: str = ""
    on: bool | None = None
    """Whether it makes heat, or is set to as soon as there is demand."""
    power_w: float | None = None
    """Electric input. 0.0 when off, even where the device reports nothing then."""
    power_limit_w: float | None = None
    heat_w: float | None = None
    mode: str | None = None
    flow_c: float | None = None
    flow_setpoint_c: float | None = None
    return_c: float | None = None
    outdoor_c: float | None = None
    room_setpoint_c: float | None = None
    slope: float | None = None
    level: float | None = None
    electricity_kwh: float | None = None
    """Counter that only grows (a fall is a reset)."""
    heat_kwh: float | None = None
    hashrate_ths: float | None = None
    extra: Mapping[str, float | str | bool | None] = field(default_factory=dict)
    """Further readings by entity key."""
    reason: FaultReason | None = None
    """Why it is not healthy; `detail` is a technical text for the log."""
    circuit_c: float | None = None
    """Temperature in the heating circuit, where it has a sensor of its own; `flow_c` is that of the source."""
    hot_water: bool | None = None
    """Whether the source heats domestic hot water now: its temperatures are not those of the heating circuit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The wanted state. Fields that are None are not commanded; the same command twice does nothing more."""

    id: str
    """The cycle's correlation id, for logs."""
    on: bool | None = None
    power_w: float | None = None
    mode: str | None = None
    flow_c: float | None = None
    slope: float | None = None
    level: float | None = None
    room_c: float | None = None
    lease_s: float = 900.0
    """After this time without a further command the source returns to its own safe control."""
    by_user: bool = False
    """Whether it follows from what a user has just changed: it is sent sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """Outcome of a command, and the state that the device reports now."""

    command_id: str
    outcome: Outcome
    detail: str = ""
    state: SourceState | None = None
    reason: FaultReason | None = None
    """Why it was not carried out, where that is known."""

    @property
    def settled(self) -> bool:
        """True when the device is known to be as commanded."""
        return self.outcome in (Outcome.APPLIED, Outcome.UNCHANGED)


@runtime_checkable
class HeatSource(Protocol):
    """One source of heat. Reading properties does no I/O; every coroutine ends within its own time-out."""

    @property
    def source_id(self) -> str:
        """Stable and unique over all sources: "<domain>:<id>"."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def device_id(self) -> str | None:
        """Id in HA's device registry, if it has a device."""

    @property
    def capabilities(self) -> Capabilities:
        """Cached; known before the device answers for the first time."""

    @property
    def state(self) -> SourceState:
        """The last report. Before the first one: health FAILING and no readings."""

    async def refresh(self) -> SourceState:
        """Ask the device. Never raises for a device fault: that is a state with its health."""

    async def apply(self, command: Command) -> CommandResult:
        """Make the device as commanded, verify by reading back, start or extend the lease.

        Never raises for a device fault.
        """

    async def release(self) -> CommandResult:
        """End the lease: the device goes back to its own safe control (when control ends and at unload)."""

    def subscribe(self, listener: Callable[[], None]) -> Unsubscribe:
        """Call `listener` (in HA's loop) when state, health or capabilities change."""


class HeatSourcePlatform(Protocol):
    """The module `<domain>/proof_of_heat.py` of an integration that offers heat sources."""

    async def async_get_heat_sources(self, hass: HomeAssistant) -> list[HeatSource]:
        """Return the sources that exist now; the same object for the same source as long as it lives."""

    def async_subscribe_heat_sources(self, hass: HomeAssistant, listener: Callable[[], None]) -> Unsubscribe:
        """Optional: call `listener` when sources come or go."""
