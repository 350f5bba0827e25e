"""A boiler or heat pump on the eBUS, through ebusd: read, and commanded by zone 1 of its controller."""

from typing import Any, Final, override

from ..._lib.heat_source import Capabilities, Command, Control, Health, SourceKind, SourceState
from ..base import SourceBase
from ..device_settings import Settings, SettingValue, Shown
from ..errors import BadReplyError, DriverError, UnreachableError
from ..source_parts import Timing
from .client import EbusdClient
from .messages import (
    AUTO,
    FAULTS,
    HOT_WATER,
    MODE,
    MODES,
    OFF,
    PUMP_FOR_HOT_WATER,
    READINGS,
    ROOM,
    SETTINGS,
    STATE,
    STATUS,
    Bus,
    bus_of,
    faults_of,
    fields_of,
    value_of,
)

_FIELDS: Final = {
    "flow_temperature": "flow_c",
    "return_temperature": "return_c",
    "outdoor_temperature": "outdoor_c",
    "circuit_supply_temperature": "circuit_c",
    "flow_setpoint": "flow_setpoint_c",
    "power": "power_w",
    "electricity": "electricity_kwh",
}
"""Readings with a field in SourceState; all others are additional ones."""
_SAME_K: Final = 0.05
_SETTING_AGE_S: Final = 60


async def find_bus(client: EbusdClient) -> Bus:
    """Return the messages of an installation.

    Raises:
        BadReplyError: there is no device that is known.
        DriverError: the daemon does not answer.
    """
    bus = bus_of(await client.names(writable=False), await client.names(writable=True))
    if not bus.is_known:
        raise BadReplyError("ebusd knows no boiler, heat pump or controller of Vaillant")
    return bus


def capabilities_of(bus: Bus) -> Capabilities:
    """Return the capabilities: commands need the controller, whose settings can be read back."""
    controls = {MODE: Control.ON_OFF, ROOM: Control.ROOM}
    found = {control for name, control in controls.items() if name in bus.readable and name in bus.writable}
    return Capabilities(
        kind=SourceKind.HEAT_PUMP if bus.is_heat_pump else SourceKind.BOILER,
        controls=frozenset(found),
        reads_power=bus.find("currentconsumedpower") is not None,
        reads_heat=bus.find("currentyieldpower") is not None,
        can_stop=Control.ON_OFF in found,
        settle_s=120.0,
        min_write_interval_s=900.0,
        user_write_interval_s=60.0,
        min_on_s=600.0,
        min_off_s=600.0,
        fuel="electricity" if bus.is_heat_pump else "gas",
    )


class EbusdSource(SourceBase):
    """All devices of one bus as one heat source. The controller stores its settings: they are written rarely."""

    timing = Timing(read_s=60.0, write_s=30.0, fresh_s=15.0, verify_s=6.0, verify_step_s=2.0)

    def __init__(
        self, source_id: str, name: str, client: EbusdClient, capabilities: Capabilities, **options: Any
    ) -> None:
        super().__init__(source_id, name, capabilities, **options)
        self._client = client
        self._bus: Bus | None = None
        self._written: set[str] = set()
        """Settings that are read from the bus, and not from the memory of the daemon, after they were written."""

    @override
    async def _read(self) -> SourceState:
        if self._bus is None:
            self._bus = await find_bus(self._client)
        bus = self._bus
        wanted: dict[tuple[str, str], int] = {}
        for reading in READINGS:
            if (row := bus.find(reading.message, reading.device)) is not None:
                wanted[row] = min(reading.max_age_s, wanted.get(row, reading.max_age_s))
        for name in (STATE, FAULTS, *SETTINGS):
            if (row := bus.find(name)) is not None:
                wanted[row] = 0 if name in self._written else _SETTING_AGE_S
        replies = await self._client.read([(*row, age_s) for row, age_s in wanted.items()])
        found = {row: fields_of(reply) for row, reply in zip(wanted, replies, strict=True) if isinstance(reply, str)}
        if not found:
            self._bus = None  # the daemon may have started again, and not scanned the bus yet
            raise _nothing([reply for reply in replies if isinstance(reply, DriverError)])
        self._written -= {name for name in self._written if bus.find(name) in found}
        return self._state_of(bus, found)

    def _state_of(self, bus: Bus, found: dict[tuple[str, str], list[str]]) -> SourceState:
        values: dict[str, float] = {}
        for reading in READINGS:
            row = bus.find(reading.message, reading.device)
            fields = found.get(row, []) if row is not None else []
            if reading.key not in values and (value := value_of(fields, reading.field)) is not None:
                values[reading.key] = round(value * reading.factor, 4)
        environment_w = values.pop("environment_power", None)
        mode, faults = self._text(bus, found, MODE), faults_of(self._all(bus, found, FAULTS))
        on = None if mode is None else mode != OFF
        placed: dict[str, Any] = {field: values[key] for key, field in _FIELDS.items() if key in values}
        heat_w = None if environment_w is None or "power" not in values else environment_w + values["power"]
        return SourceState(
            at=self._now(),
            health=Health.DEGRADED if faults else Health.OK,
            detail=f"fault {faults}" if faults else "",
            on=on,
            heat_w=heat_w,
            hot_water=_hot_water(self._all(bus, found, STATE), self._all(bus, found, STATUS)),
            room_setpoint_c=value_of(self._all(bus, found, ROOM), 0),
            mode=mode,
            extra={key: value for key, value in values.items() if key not in _FIELDS},
            **placed,
        )

    @staticmethod
    def _all(bus: Bus, found: dict[tuple[str, str], list[str]], name: str) -> list[str]:
        row = bus.find(name)
        return found.get(row, []) if row is not None else []

    def _text(self, bus: Bus, found: dict[tuple[str, str], list[str]], name: str) -> str | None:
        fields = self._all(bus, found, name)
        return fields[0] if fields and fields[0] in MODES else None

    @override
    def _fit(self, command: Command) -> Command:
        fitted = super()._fit(command)
        controls = self._capabilities.controls
        on = fitted.on if Control.ON_OFF in controls else None
        room_c = fitted.room_c if Control.ROOM in controls else None
        if room_c is not None:
            room_c = min(30.0, max(5.0, round(room_c * 2) / 2))
        return Command(id=command.id, on=on, room_c=room_c, lease_s=command.lease_s, by_user=command.by_user)

    @override
    async def _write(self, wanted: Command, state: SourceState) -> None:
        await self._restore(self._commanded(wanted), state)

    @override
    def _shown(self, state: SourceState) -> Shown:
        shown: dict[str, SettingValue | None] = {}
        if Control.ON_OFF in self._capabilities.controls:
            shown[MODE] = state.mode
        if Control.ROOM in self._capabilities.controls:
            shown[ROOM] = state.room_setpoint_c
        return shown

    @override
    def _commanded(self, wanted: Command) -> Settings:
        settings: dict[str, SettingValue] = {}
        if wanted.on is not None:
            settings[MODE] = AUTO if wanted.on else OFF
        if wanted.room_c is not None:
            settings[ROOM] = wanted.room_c
        return settings

    @override
    async def _restore(self, missing: Settings, state: SourceState) -> None:
        if self._bus is None:
            raise UnreachableError("not yet read")
        for name, value in missing.items():
            circuit, message = self._bus.writable[name]
            text = value if isinstance(value, str) else f"{value:g}"
            self._written.add(name)
            await self._client.write(circuit, message, text)

    @override
    def _is_same(self, key: str, one: SettingValue, other: SettingValue) -> bool:
        if isinstance(one, str) or isinstance(other, str):
            return one == other
        return abs(one - other) <= _SAME_K


def _hot_water(state: list[str], status: list[str]) -> bool | None:
    """Return whether hot water is heated: the state of a heat pump, or that of the boiler's pump."""
    if not state and not status:
        return None
    return HOT_WATER in state or PUMP_FOR_HOT_WATER in status


def _nothing(errors: list[DriverError]) -> DriverError:
    """Return why no message has a value: the first error."""
    return UnreachableError(str(errors[0])) if errors else BadReplyError("no message has a value")
