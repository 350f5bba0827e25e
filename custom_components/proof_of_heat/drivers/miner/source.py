"""A miner as a heat source: all its electric power becomes heat."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
import math
from typing import Any, Final, override

from ..._lib.heat_source import (
    Capabilities,
    Command,
    CommandResult,
    Control,
    FaultReason,
    Health,
    Outcome,
    SourceState,
)
from ..device_settings import DeviceSettings, Settings, SettingValue, Shown
from ..errors import RefusedError, UnreachableError
from ..operations import LOCATE_LIGHT, Operable, Operation, PresetChoice
from ..source_parts import Timing
from .antminer import SLEEP
from .boards import BoardSource, lacks_boards
from .luxos import LuxosClient
from .models import MinerClient, MinerReading
from .readings import entity_values

_THERMAL: Final = "thermal_management"
_HIDDEN_WHILE_PAUSED: Final = frozenset({"mode", "power_w"})


class MinerSource(BoardSource, Operable, PresetChoice):
    """A miner with its client.

    `meter_w` returns the power of a linked meter, for firmware that does not report its own. Without a reported
    power, a miner that is paused or asleep has 0 W. `idle_on_release`: whether the end of a lease pauses the miner
    (the safe state of a miner that heats on demand) or leaves it mining as before. `identified` is called with the
    client when the miner answers, until it returns True.
    """

    timing = Timing(read_s=25.0, write_s=45.0, verify_s=4.0)

    def __init__(
        self,
        source_id: str,
        name: str,
        client: MinerClient,
        capabilities: Capabilities,
        *,
        meter_w: Callable[[], float | None] | None = None,
        idle_on_release: bool = True,
        operations: frozenset[Operation] = frozenset(),
        has_presets: bool = False,
        identified: Callable[[MinerClient], Awaitable[bool]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(source_id, name, capabilities, **options)
        self._client = client
        self._meter_w = meter_w
        self._idle_on_release = idle_on_release
        self._operations = operations
        self._has_presets = has_presets
        self._preset: str | None = None
        self._on_identified = identified
        self._identified = False
        self._is_first_read = True
        self._limit_w: float | None = None
        """The power limit that was commanded and confirmed."""
        self._earlier_limits_w: tuple[float, ...] = ()
        """After a restart: limits from before the last command, in case that did not reach the miner."""
        self._while_mining: dict[str, SettingValue] = {}
        """Settings that a paused miner may not report: as they were reported or written last."""
        if meter_w is not None:
            self._capabilities = replace(capabilities, reads_power=True, reads_heat=True)

    @override
    def keep_settings(self, settings: DeviceSettings) -> None:
        """Continue with the limit that was commanded before a restart: a lower one is the miner's own protection."""
        super().keep_settings(settings)
        commanded = [float(watts) for watts in settings.commanded("power_w") if not isinstance(watts, str)]
        users = settings.values.get("power_w")
        if commanded:
            self._limit_w = commanded.pop()
            self._earlier_limits_w = (*commanded, *((float(users),) if users is not None else ()))

    @property
    def client(self) -> MinerClient:
        """The client of the miner."""
        return self._client

    @property
    @override
    def operations(self) -> frozenset[Operation]:
        return self._operations

    @property
    @override
    def has_presets(self) -> bool:
        return self._has_presets

    @property
    @override
    def presets(self) -> tuple[str, ...]:
        return self._client.presets.labels

    @property
    @override
    def preset(self) -> str | None:
        return self._client.presets.label_of(self._preset)

    @override
    async def choose_preset(self, label: str) -> CommandResult:
        command = Command(id="user", power_w=self._client.presets.watts_of_label(label))
        async with self._lock:
            return await self._as_result(command, self._choose_preset(command))

    async def _choose_preset(self, command: Command) -> CommandResult:
        if command.power_w is None:
            raise RefusedError("the miner does not have this preset")
        await self._refresh()
        if self._state.health in (Health.FAILING, Health.AUTH):
            return self._result(command, Outcome.FAILED, self._state.detail, self._state.reason)
        if self._state.power_limit_w == command.power_w:
            return self._result(command, Outcome.UNCHANGED, "")
        paused = self._state.on is False
        await self._settings.choose("power_w", command.power_w)
        await self._send(command)
        if paused:  # a new preset restarts mining
            await self._client.set_running(False)
        result = await self._verify(command, command)
        if result.settled:
            self._limit_w = self._state.power_limit_w
        return result

    @override
    async def operate(self, operation: Operation) -> CommandResult:
        command = Command(id="user")
        async with self._lock:
            return await self._as_result(command, self._operate(command, operation))

    async def _operate(self, command: Command, operation: Operation) -> CommandResult:
        if operation not in self._operations:
            raise RefusedError(f"the miner has no operation {operation}")
        if not self._identified:
            await self._client.identify()
            self._identified = True
        try:
            async with asyncio.timeout(self.timing.write_s):
                await self._checked(self._client.operate(operation))
        except TimeoutError as err:
            raise UnreachableError(f"{operation}: the request timed out") from err
        if operation in (Operation.REBOOT, Operation.RESTART_MINING):
            self._written_at = self._clock()  # control waits for as long as after a command of its own
            self._read_at = -math.inf
            return self._result(command, Outcome.PENDING, "")
        if operation is Operation.IDENTIFY:
            return self._result(command, Outcome.APPLIED, "")
        wanted = operation is Operation.LOCATE
        if await self._wait_until(lambda: self._state.extra.get(LOCATE_LIGHT) in (wanted, None)):
            return self._result(command, Outcome.APPLIED, "")
        detail = f"not confirmed by the device: {self._state.detail}"
        return self._result(command, Outcome.FAILED, detail, self._state.reason or FaultReason.NOT_CONFIRMED)

    @override
    async def _read(self) -> SourceState:
        if not self._identified:  # after a start without the miner, only its capabilities are known
            await self._client.identify()
            self._identified = True
        if self._on_identified is not None and await self._on_identified(self._client):
            self._on_identified = None
        reading = await self._read_protected()
        self._preset, self._boards = reading.preset, reading.board_readings
        metered = self._meter_w() if self._meter_w is not None else None
        reading = self._with_own_limit(reading)
        power_w = reading.power_w if metered is None else metered
        if power_w is None and reading.mining is False:
            power_w = 0.0
        self._update_size(reading, power_w)
        return SourceState(
            at=self._now(),
            health=_health(reading),
            detail=", ".join(reading.faults),
            on=reading.mining,
            power_w=power_w,
            heat_w=power_w,
            power_limit_w=reading.power_limit_w,
            mode=reading.mode,
            hashrate_ths=0.0 if reading.mining is False else reading.hashrate_ths,
            extra=extra_of(reading, power_w),
        )

    async def _read_protected(self) -> MinerReading:
        """Read the miner; first switch its thermal management on again if a command before a restart left it off."""
        reading = await self._client.read()
        first, self._is_first_read = self._is_first_read, False
        users = self._settings.values.get(_THERMAL)
        was_off = first and reading.thermal_management is False and users is True
        if was_off and self._settings.may_have_changed(_THERMAL) and isinstance(self._client, LuxosClient):
            self._client.owe_thermal()
            return await self._client.read()
        return reading

    def _with_own_limit(self, reading: MinerReading) -> MinerReading:
        """Separate a limit to which the miner reduced itself from the one that is set.

        Its protection is not fought: below a confirmed limit, the commanded one still counts as set.
        """
        limit_w, set_w = reading.power_limit_w, self._limit_w
        if limit_w is None or set_w is None or reading.scaled_limit_w is not None:
            return reading
        if limit_w >= set_w - self.power_tolerance_w:
            return reading
        if any(abs(limit_w - earlier_w) <= self.power_tolerance_w for earlier_w in self._earlier_limits_w):
            return reading
        return replace(reading, power_limit_w=set_w, scaled_limit_w=limit_w)

    @override
    async def apply(self, command: Command) -> CommandResult:
        result = await super().apply(command)
        if result.settled and command.power_w is not None and command.on is not False:
            self._limit_w = self._state.power_limit_w
        return result

    @override
    async def release(self) -> CommandResult:
        result = await super().release()
        if result.settled:
            self._limit_w, self._earlier_limits_w = None, ()
        return result

    @override
    def _fit(self, command: Command) -> Command:
        fitted = super()._fit(command)
        if fitted.power_w is None or not self._capabilities.power_steps_w:
            return fitted
        steps = self._capabilities.power_steps_w
        index = max((i for i, watts in enumerate(steps) if watts <= fitted.power_w + 1), default=0)
        if Control.MODE not in self._capabilities.controls:
            return replace(fitted, power_w=steps[index])
        return replace(fitted, power_w=None, mode=self._mode_of_step(index))

    def _mode_of_step(self, index: int) -> str:
        """Return the mode for a power: steps are ascending, the modes of clients with steps are descending."""
        return tuple(reversed(self._capabilities.modes))[index]

    @override
    async def _write(self, wanted: Command, state: SourceState) -> None:
        self._limit_w, self._earlier_limits_w = None, ()
        if wanted.on is False:
            await self._client.set_running(False)
            return
        if wanted.mode is not None and Control.MODE in self._capabilities.controls:
            await self._client.set_mode(wanted.mode)
        if wanted.power_w is not None:
            await self._client.set_power(wanted.power_w)
        mode = self._settings.values.get("mode")
        if wanted.on is not True or (wanted.mode is not None and _wakes(self._client)):
            return
        if mode is not None and _wakes(self._client):  # known over a restart, too
            await self._client.set_mode(str(mode))
        else:
            await self._client.set_running(True)

    @override
    def _shown(self, state: SourceState) -> Shown:
        shown = dict(super()._shown(state))
        if shown.get("mode") == SLEEP:  # not the mode in which it mines
            shown["mode"] = None
        for key in _HIDDEN_WHILE_PAUSED & shown.keys():
            if state.on is False and shown[key] is None:
                shown[key] = self._while_mining.get(key)
            elif (value := shown[key]) is not None:
                self._while_mining[key] = value
        if isinstance(thermal := state.extra.get(_THERMAL), bool):
            shown[_THERMAL] = thermal
        return shown

    @override
    def _side_effects(self, wanted: Command) -> frozenset[str]:
        """A mode has its own power limit, and wakes some miners."""
        return frozenset((*super()._shown(self._state), *self._state.extra.keys() & {_THERMAL}))

    @override
    def _rest(self, settings: Settings) -> Settings:
        """The user's power limit and mode; paused, if the miner is to be paused when control ends."""
        if not settings and not self._identified:
            return {}  # never connected: nothing was commanded
        rest = dict(settings)
        if self._idle_on_release and Control.ON_OFF in self._capabilities.controls:
            rest["on"] = False
        if rest.get("on") is False and self._identified and _wakes(self._client):
            rest.pop("mode", None)  # sleep takes its place
        return rest

    @override
    async def _restore(self, missing: Settings, state: SourceState) -> None:
        """Pause last, because a mode or power limit may wake the miner."""
        if missing.get(_THERMAL) is True and isinstance(self._client, LuxosClient):
            self._client.owe_thermal()
        target = self._rest(self._settings.values)
        if (mode := missing.get("mode")) is not None:
            await self._client.set_mode(str(mode))
            missing = target  # a mode has its own power limit
        if (power_w := missing.get("power_w")) is not None:
            self._limit_w = None
            await self._client.set_power(float(power_w))
        if (on := target.get("on")) is not None:
            await self._client.set_running(bool(on))
        self._while_mining |= {key: target[key] for key in _HIDDEN_WHILE_PAUSED & target.keys()}


def _wakes(client: MinerClient) -> bool:
    """Return whether setting a mode also ends sleep (stock Antminer: sleep is a mode)."""
    return client.info.family == "antminer"


def _health(reading: MinerReading) -> Health:
    if reading.faults:
        return Health.DEGRADED
    return Health.DEGRADED if reading.mining and lacks_boards(reading) else Health.OK


def extra_of(reading: MinerReading, power_w: float | None) -> dict[str, float | str | bool | None]:
    """Return the additional readings by entity key."""
    efficiency = replace(reading, power_w=power_w).efficiency_j_th
    return {
        "expected_hashrate": reading.expected_ths,
        "self_limit": reading.scaled_limit_w,
        "efficiency": None if efficiency is None else round(efficiency, 2),
        "board_temperature": reading.board_c,
        "chip_temperature": reading.chip_c,
        "inlet_temperature": reading.inlet_c,
        "outlet_temperature": reading.outlet_c,
        "ambient_temperature": reading.ambient_c,
        "fan_speed": reading.fan_rpm,
        "uptime": reading.uptime_s,
        "boards_up": reading.boards_up,
        "fault": ", ".join(reading.faults) or None,
        _THERMAL: reading.thermal_management,
        LOCATE_LIGHT: reading.locating,
        **entity_values(reading.board_readings, reading.pool, reading.best_share, reading.found_blocks),
    }
