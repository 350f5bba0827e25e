"""A boiler or heat pump with Modbus, through core's shared connection."""

from collections.abc import Mapping
from dataclasses import replace
import logging
from typing import Any, Final, override

from ..._lib.heat_source import Capabilities, Command, Control, Health, SourceState
from ..base import SourceBase
from ..device_settings import Settings, SettingValue, Shown
from ..errors import DriverError, RefusedError
from ..source_parts import Timing
from ..verification import flow_tolerance_k
from .register_client import RegisterClient, Unit
from .register_reader import RegisterReader
from .registers import ControlWrite, Register
from .repeated_writes import RepeatedWrites, value_of
from .template import DeviceTemplate
from .template_schema import TemplateError
from .write_counter import WriteCounter

_LOGGER = logging.getLogger(__name__)
_STATE_KEYS: Final = {
    "power": "power_w",
    "power_limit": "power_limit_w",
    "heat_power": "heat_w",
    "flow_temperature": "flow_c",
    "flow_setpoint": "flow_setpoint_c",
    "return_temperature": "return_c",
    "outdoor_temperature": "outdoor_c",
    "room_setpoint": "room_setpoint_c",
    "electricity": "electricity_kwh",
    "heat": "heat_kwh",
    "level": "level",
}
"""Keys of a template with a field in SourceState; all others are additional readings."""
_FLAGS: Final = ("running", "hot_water")


def capabilities_of(template: DeviceTemplate) -> Capabilities:
    """Return the capabilities for the template's controls."""
    flow, power = template.controls.get(Control.FLOW), template.controls.get(Control.POWER)
    controls = set(template.controls) | ({Control.CURVE} if template.level is not None else set())
    level = template.level
    return Capabilities(
        kind=template.kind,
        controls=frozenset(controls),
        min_flow_c=flow.minimum if flow else None,
        max_flow_c=flow.maximum if flow else None,
        min_power_w=power.minimum if power else None,
        max_power_w=power.maximum if power else None,
        min_level=level.minimum if level else None,
        max_level=level.maximum if level else None,
        reads_power="power" in template.registers,
        reads_heat="heat_power" in template.registers,
        settle_s=30.0,
        min_write_interval_s=template.min_write_interval_s,
        user_write_interval_s=60.0,
        fuel=template.fuel,
        lease_in_device=template.watchdog is not None,
    )


class ModbusSource(SourceBase):
    """A Modbus unit. `unit` is from core's `modbus.async_get_unit`; `writes` counts over reloads."""

    timing = Timing(read_s=30.0, write_s=15.0, fresh_s=15.0, verify_s=3.0)
    power_tolerance_w = 60.0

    def __init__(self, source_id: str, name: str, unit: Unit, template: DeviceTemplate, **options: Any) -> None:
        writes: WriteCounter | None = options.pop("writes", None)
        self.model: str = options.pop("model", template.name)
        """The name of the device as shown."""
        self._client = RegisterClient(unit, tuple(options.pop("connection_errors", ())))
        super().__init__(source_id, name, options.pop("capabilities", capabilities_of(template)), **options)
        self._template = template
        self._reader = RegisterReader(self._client, template.registers, self._clock, template.max_registers)
        self._writes = writes or WriteCounter(elapsed=self._clock)
        self._written_at = self._clock() - self._writes.since_s  # writes are counted when they are sent
        actions = [*template.controls.values(), *([] if template.level is None else [template.level])]
        self._requires = {action.register.key: action.requires for action in actions if action.requires}
        self._volatile = {action.register.key for action in template.controls.values() if action.repeat_s}
        """Registers that the device forgets: they do not wear its memory, so that writes to them are not limited."""
        if (flow := template.controls.get(Control.FLOW)) is not None and flow.repeat_s:
            self.flow_tolerance_k = flow_tolerance_k(flow.step)
        self._repeats = RepeatedWrites(template.controls, template.watchdog, self._clock)
        self._unread: dict[str, SettingValue] = {}
        """Restored values of registers that could not be read before."""

    @property
    def template(self) -> DeviceTemplate:
        """The template of the device."""
        return self._template

    @property
    def writes_today(self) -> int:
        """Writes in the last 24 hours that count against the template's limit."""
        return self._writes.last_day

    @property
    def units(self) -> dict[str, str | None]:
        """Units of the additional readings by key."""
        return {
            key: register.unit
            for key, register in self._template.registers.items()
            if key not in _STATE_KEYS and not register.on_values
        }

    @property
    def values(self) -> Mapping[str, float | bool | None]:
        """The values of the last reading by register; None for one without a valid value."""
        return self._reader.values

    @property
    def absent(self) -> frozenset[str]:
        """Registers that this device does not have."""
        return self._reader.availability.absent

    @override
    async def _read(self) -> SourceState:
        values = await self._reader.read()
        await self._hold()
        return self._state_of(values)

    async def _hold(self) -> None:
        """Repeat writes that the device would forget, and its watchdog, during a lease."""
        if not self.leased:
            return
        for register, value in (*self._repeats.beat(), *self._repeats.due()):
            if self._obstacle(register.key):
                continue
            try:
                await self._write_all([(register, value)], counted=False)
            except DriverError as err:
                _LOGGER.debug("%s: repeating a write failed: %s", self._name, err)
                return
            self._repeats.confirm(register)

    def _obstacle(self, key: str) -> str:
        """Return why a register would set something else in the mode that the device reports; empty if it does not."""
        for mode, allowed in self._requires.get(key, ()):
            if (value := self.values.get(mode)) not in allowed:
                return f"{key} has no effect while {mode} is {value}"
        return ""

    def _state_of(self, values: dict[str, float | bool | None]) -> SourceState:
        placed: dict[str, Any] = {
            name: None if self._obstacle(key) else values.get(key)
            for key, name in _STATE_KEYS.items()
            if not isinstance(values.get(key), bool)
        }
        on = values.get("running")
        fault = values.get("fault")
        if placed.get("power_w") is None and on is False:
            placed["power_w"] = 0.0
        elif placed.get("power_w") is not None:
            placed["power_w"] = max(0.0, placed["power_w"])
        return SourceState(
            at=self._now(),
            health=Health.DEGRADED if fault else Health.OK,
            detail=f"fault {fault:g}" if isinstance(fault, float) and fault else "",
            on=on if isinstance(on, bool) else None,
            circuit_c=_number_or_none(values.get("circuit_supply_temperature")),
            hot_water=values.get("hot_water") is True,
            extra={key: value for key, value in values.items() if key not in _STATE_KEYS and key not in _FLAGS},
            **placed,
        )

    @override
    def _fit(self, command: Command) -> Command:
        fitted = super()._fit(command)
        controls = self._template.controls
        fitted = replace(
            fitted,
            on=fitted.on if Control.ON_OFF in controls else None,
            power_w=_stepped(fitted.power_w, controls.get(Control.POWER)),
            flow_c=_stepped(fitted.flow_c, controls.get(Control.FLOW)),
            room_c=_stepped(fitted.room_c, controls.get(Control.ROOM)),
            level=_stepped(fitted.level, self._template.level),
            slope=None,
        )
        if self.values:
            self._check_effect(fitted)
        self._repeats.hold(fitted)
        return fitted

    def _check_effect(self, wanted: Command) -> None:
        for register, _ in self._writes_of(wanted):
            if text := self._obstacle(register.key):
                raise RefusedError(text)

    @override
    async def _write(self, wanted: Command, state: SourceState) -> None:
        self._check_effect(wanted)
        for register, value in self._repeats.beat():  # a device that has fallen back accepts no command before
            await self._write_all([(register, value)], counted=False)
            self._repeats.confirm(register)
        self._repeats.sent(wanted)
        self._unread.clear()
        await self._write_all(self._writes_of(wanted))

    def _writes_of(self, wanted: Command) -> list[tuple[Register, float]]:
        """Return the registers that a command writes, with their values."""
        controls = self._template.controls
        writes = [
            (action.register, value)
            for control, action in controls.items()
            if (value := value_of(wanted, control)) is not None
        ]
        if wanted.level is not None and self._template.level is not None:
            writes.append((self._template.level.register, wanted.level))
        if wanted.on is not None:
            action = controls[Control.ON_OFF]
            raw = action.on if wanted.on else action.off
            assert raw is not None
            writes.append((action.register, raw))
        return writes

    async def _write_all(self, writes: list[tuple[Register, float]], *, counted: bool = True) -> None:
        try:
            encoded = [(register, register.encode(value)) for register, value in writes]
        except TemplateError as err:
            raise RefusedError(str(err)) from err
        lasting = [register.key for register, _ in writes if register.key not in self._volatile]
        if counted and lasting:
            await self._writes.reserve(len(lasting), self._template.max_writes_per_day)
        for register, words in encoded:
            await self._client.write(register.address, words)

    @override
    def _shown(self, state: SourceState) -> Shown:
        return {key: self._shown_value(key) for key in self._template.setting_registers}

    def _shown_value(self, key: str) -> SettingValue | None:
        """Return a register's value as it is written; one that cannot be read counts as written."""
        if self._obstacle(key):
            return None
        value = self._reader.values.get(key)
        switch = self._template.controls.get(Control.ON_OFF)
        if isinstance(value, bool) and switch is not None and switch.register.key == key:
            return switch.on if value else switch.off
        return self._unread.get(key) if value is None else value

    @override
    def _commanded(self, wanted: Command) -> Settings:
        return {register.key: value for register, value in self._writes_of(wanted)}

    @override
    def _rest(self, settings: Settings) -> Settings:
        """The user's values; those of the template where a register could not be read."""
        values = {register.key: value for register, value in self._template.fallback} | dict(settings)
        return {key: value for key, value in values.items() if not self._obstacle(key)}

    @override
    async def _restore(self, missing: Settings, state: SourceState) -> None:
        """Write regardless of the daily limit."""
        self._repeats.clear()
        registers = self._template.setting_registers
        await self._write_all([(registers[key], float(value)) for key, value in missing.items()], counted=False)
        known = self._settings.values
        self._unread = {key: value for key, value in missing.items() if key not in known}

    @override
    def _is_same(self, key: str, one: SettingValue, other: SettingValue) -> bool:
        register = self._template.setting_registers.get(key)
        if register is None or isinstance(one, str) or isinstance(other, str):
            return one == other
        return abs(one - other) <= abs(register.scale) / 2 + 1e-6


def _number_or_none(value: float | bool | None) -> float | None:
    return None if isinstance(value, bool) else value


def _stepped(value: float | None, action: ControlWrite | None) -> float | None:
    if value is None or action is None:
        return None
    if action.step:
        value = round(round(value / action.step) * action.step, 6)
    low, high = action.minimum, action.maximum
    return min(max(value, low if low is not None else value), high if high is not None else value)
