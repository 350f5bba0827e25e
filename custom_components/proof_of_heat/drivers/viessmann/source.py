"""A Viessmann heat pump or boiler, controlled by its own heating curve.

The cloud has no lease: a command stays set until the next one. The user's curve and mode are restored at a release.
"""

from dataclasses import replace
from typing import Any, Final, override

from ..._lib.backoff import RetryPolicy
from ..._lib.heat_source import (
    Capabilities,
    Command,
    CommandResult,
    Control,
    Health,
    Outcome,
    SourceKind,
    SourceState,
)
from ..base import SourceBase
from ..device_settings import Settings, SettingValue, Shown
from ..errors import RefusedError
from ..hot_water import ONE_TIME_CHARGE, HotWaterCharge
from ..source_parts import ANSWERING, Timing
from .client import Device, ViessmannClient
from .features import ELECTRICITY, HEAT, ViessmannReading

DEFAULT_POLL_S: Final = 300.0
_AT_START: Final = RetryPolicy(first_s=10.0, max_s=DEFAULT_POLL_S)
_EARLY_RETRIES: Final = 4
_DHW_ONLY: Final = "dhw"
_STANDBY: Final = "standby"
_HEATING: Final = ("dhwAndHeating", "dhwAndHeatingCooling", "heating", "heatingCooling", "normalStandby")


_UNMEASURED: Final = ("heating_rod_active", "compressor_2_active", "second_heat_generator_active")
"""While one of these runs, neither the inverter's power nor a compressor at rest is the power of the device."""


def _flag(reading: ViessmannReading, key: str) -> bool | None:
    value = reading.values.get(key)
    return value if isinstance(value, bool) else None


def capabilities_of(reading: ViessmannReading) -> Capabilities:
    """Return the capabilities: the curve if it can be written, on/off if that does not block hot water."""
    controls = {Control.CURVE} if reading.curve_writable else set()
    if off_mode(reading) is not None and on_mode(reading) is not None:
        controls.add(Control.ON_OFF)
    slope, level = reading.slope_limits or (0.2, 3.5), reading.level_limits or (-13.0, 40.0)
    return Capabilities(
        kind=SourceKind.BOILER if reading.is_boiler else SourceKind.HEAT_PUMP,
        fuel="gas" if reading.is_boiler else "electricity",
        controls=frozenset(controls),
        can_stop=Control.ON_OFF in controls,
        min_slope=slope[0],
        max_slope=slope[1],
        min_level=level[0],
        max_level=level[1],
        reads_power=False,
        reads_heat=False,
        settle_s=2 * DEFAULT_POLL_S,
        min_write_interval_s=600.0,
        user_write_interval_s=60.0,
        min_on_s=600.0,
        min_off_s=600.0,
    )


def off_mode(reading: ViessmannReading) -> str | None:
    """Return the mode without heating that does not affect hot water; None without any."""
    if _DHW_ONLY in reading.modes:
        return _DHW_ONLY
    return _STANDBY if _STANDBY in reading.modes and reading.dhw_separate else None


def on_mode(reading: ViessmannReading) -> str | None:
    """Return the mode with heating (and hot water); None without any."""
    return next((mode for mode in _HEATING if mode in reading.modes), None)


class ViessmannSource(SourceBase, HotWaterCharge):
    """A heat pump. `refresh` polls the cloud at most every `poll_s`; in between, the last state is kept."""

    timing = Timing(read_s=65.0, write_s=65.0, fresh_s=1200.0, verify_s=0.0)

    def __init__(
        self,
        source_id: str,
        name: str,
        client: ViessmannClient,
        device: Device,
        reading: ViessmannReading,
        *,
        poll_s: float = DEFAULT_POLL_S,
        circuit: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(source_id, name, options.pop("capabilities", capabilities_of(reading)), **options)
        self._client = client
        self._device = device
        self._poll_s = poll_s
        self._circuit = circuit
        """The chosen heating circuit; None: the first enabled one."""
        self._reading = reading
        self._can_charge = reading.can_charge_hot_water
        self._asked_at = -1e12
        self._has_answered = False
        self._unanswered = 0
        """Failed reads in a row before the first answer since the start."""
        self._counted: set[str] = set()
        """Counters that the device has reported."""

    @property
    def reading(self) -> ViessmannReading:
        """The last reading."""
        return self._reading

    @property
    @override
    def can_charge_hot_water(self) -> bool:
        """Whether the device has a one-time charge, as far as it was ever read."""
        return self._can_charge

    @override
    async def charge_hot_water(self, active: bool) -> CommandResult:
        """Start or stop the one-time charge: two calls, one of them reads it back."""
        command = Command(id="user")
        async with self._lock:
            return await self._as_result(command, self._charge(command, active))

    async def _charge(self, command: Command, active: bool) -> CommandResult:
        if not self._can_charge:
            raise RefusedError("the device has no one-time charge of hot water")
        await self._client.charge_hot_water(self._device, active)
        await self._refresh()
        shown = self._reading.values.get(ONE_TIME_CHARGE)
        # The device itself ends it at once where the tank is hot; the cloud may show it later.
        return self._result(command, Outcome.APPLIED if shown is active else Outcome.PENDING, "")

    @override
    async def refresh(self) -> SourceState:
        """Return the last state if it is recent, else poll the cloud."""
        async with self._lock:
            if self._clock() - self._asked_at < self._wait_s:
                return self._state
            state = await self._refresh()
            self._has_answered |= state.health in ANSWERING
            self._unanswered += not self._has_answered and state.health is Health.FAILING
            return state

    @property
    def _wait_s(self) -> float:
        """Least time between two reads; the first ones of a start may fail because the network is not there yet."""
        if self._has_answered or not 0 < self._unanswered <= _EARLY_RETRIES:
            return self._pace_s
        return min(self._pace_s, _AT_START.delay_s(self._unanswered))

    @property
    def _pace_s(self) -> float:
        """Poll interval: a small call budget is spread over the day."""
        return max(self._poll_s, self._client.budget.spread_s) if self._poll_s else 0.0

    @override
    async def _read(self) -> SourceState:
        self._asked_at = self._clock()
        self._reading = reading = await self._client.read(self._device, self._circuit)
        self._can_charge |= reading.can_charge_hot_water
        mode = reading.text("mode")
        self._counted |= {key for key in (*ELECTRICITY, *HEAT) if reading.number(key) is not None}
        return SourceState(
            at=self._now(),
            health=Health.DEGRADED if reading.faults else Health.OK,
            detail=", ".join(reading.faults),
            on=None if mode is None else mode not in (_DHW_ONLY, _STANDBY),
            # The compressor's rated power is not a measurement: without an inverter reading, a meter is needed.
            power_w=self._power_w(reading),
            mode=mode,
            flow_c=reading.flow_c,
            flow_setpoint_c=reading.number("flow_setpoint"),
            return_c=reading.number("return_temperature"),
            circuit_c=reading.number("circuit_supply_temperature"),
            hot_water=_flag(reading, "dhw_charging"),
            outdoor_c=reading.number("outdoor_temperature"),
            slope=reading.number("slope"),
            level=reading.number("level"),
            electricity_kwh=reading.total(ELECTRICITY, self._counted),
            heat_kwh=reading.total(HEAT, self._counted),
            extra=dict(reading.values),
        )

    @staticmethod
    def _power_w(reading: ViessmannReading) -> float | None:
        if any(_flag(reading, key) for key in _UNMEASURED):
            return None
        watts = reading.number("inverter_power")
        if watts is None and reading.values.get("compressor_active") is False:
            return 0.0
        return watts

    @override
    def _fit(self, command: Command) -> Command:
        fitted = super()._fit(command)
        slope, level = fitted.slope, fitted.level
        if slope is not None:
            slope = round(round(slope / self._reading.slope_step) * self._reading.slope_step, 3)
        if level is not None:
            level = round(level / self._reading.level_step) * self._reading.level_step
        # Mode, flow temperature and power remain under the device's own control.
        return replace(fitted, slope=slope, level=level, power_w=None, flow_c=None, mode=None, room_c=None)

    @override
    async def _write(self, wanted: Command, state: SourceState) -> None:
        if wanted.on is not None:
            mode = on_mode(self._reading) if wanted.on else off_mode(self._reading)
            if mode is None:
                raise RefusedError("the device has no mode that stops heating without blocking hot water")
            await self._client.set_mode(self._device, mode, self._reading.circuit)
        if wanted.slope is None and wanted.level is None:
            return
        slope = state.slope if wanted.slope is None else wanted.slope
        level = state.level if wanted.level is None else wanted.level
        if slope is None or level is None or Control.CURVE not in self._capabilities.controls:
            raise RefusedError("the heating curve of the device cannot be written")
        await self._client.set_curve(self._device, slope, level, self._reading.circuit)

    @override
    def _shown(self, state: SourceState) -> Shown:
        shown: dict[str, SettingValue | None] = {}
        if Control.CURVE in self._capabilities.controls:
            shown |= {"slope": state.slope, "level": state.level}
        if Control.ON_OFF in self._capabilities.controls:
            shown["mode"] = state.mode
        return shown

    @override
    def _commanded(self, wanted: Command) -> Settings:
        settings = dict(super()._commanded(wanted))
        on = settings.pop("on", None)
        mode = None if on is None else (on_mode(self._reading) if on else off_mode(self._reading))
        return settings if mode is None else {**settings, "mode": mode}

    @override
    def _rest(self, settings: Settings) -> Settings:
        """The user's curve and mode. Without them, heating is switched on again if it is off."""
        mode = on_mode(self._reading)
        if settings or self._state.on is not False or mode is None or Control.ON_OFF not in self._capabilities.controls:
            return settings
        return {"mode": mode}

    @override
    async def _restore(self, missing: Settings, state: SourceState) -> None:
        if "mode" in missing:
            await self._client.set_mode(self._device, str(missing["mode"]), self._reading.circuit)
        if missing.keys() & {"slope", "level"}:
            slope, level = missing.get("slope", state.slope), missing.get("level", state.level)
            if slope is None or level is None:
                raise RefusedError("the device does not report its heating curve")
            await self._client.set_curve(self._device, float(slope), float(level), self._reading.circuit)

    @override
    async def apply(self, command: Command) -> CommandResult:
        if self._state.health in (Health.FAILING, Health.AUTH) and self._clock() - self._asked_at < self._pace_s:
            # The next poll shows whether it is available again: commands do not use calls for that.
            return self._result(command, Outcome.FAILED, self._state.detail)
        result = await super().apply(command)
        if result.outcome == "pending":
            # Verify before the next regular poll.
            self._asked_at = min(self._asked_at, self._clock() - self._poll_s + 60)
        return result
