"""An entity of Home Assistant as a heat source: climate, water heater, number, switch, select, humidifier."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, override

from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError

from .._lib.heat_source import Capabilities, Command, Control, Health, SourceKind, SourceState
from ..drivers.base import SourceBase
from ..drivers.device_settings import Settings, SettingValue, Shown
from ..drivers.errors import RefusedError, UnreachableError
from ..drivers.source_parts import Timing
from ..inputs.states import drawn_w, energy_kwh, power_w, temperature
from . import ha_entity_adapter as adapter
from .source_commands import can_stop

_NAMES: Final = {Control.POWER: "power_w", Control.FLOW: "flow_c", Control.ROOM: "room_c"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityOptions:
    """How the user described the entity. `number_is`: what a number entity sets (power or flow temperature)."""

    entity_id: str
    kind: SourceKind = SourceKind.DIRECT_ELECTRIC
    power_entity: str | None = None
    heat_entity: str | None = None
    flow_entity: str | None = None
    nominal_w: float | None = None
    number_is: Control = Control.POWER
    fuel: str = "electricity"


def capabilities_of(hass: HomeAssistant, state: State, options: EntityOptions) -> Capabilities:
    """Return what can be controlled through an entity of this domain."""
    can_heat = adapter.can_heat(state)
    controls: set[Control] = {Control.ON_OFF} if can_heat and adapter.can_switch(state) else set()
    limits: dict[str, Any] = {}
    control = _sets(state.domain, options) if can_heat else None
    scale = None if control is None else adapter.scale_of(hass, state, control, options.nominal_w)
    if control is not None and scale is not None and adapter.can_set(state, scale):
        controls.add(control)
        limits = _limits(control, scale)
    if state.domain in adapter.SELECTS:
        controls.add(Control.MODE)
        limits = {"modes": tuple(state.attributes.get("options", ()))}
        if len(steps := tuple(adapter.option_watts(state).values())) > 1:
            controls.add(Control.POWER)
            limits |= {"power_steps_w": steps, "min_power_w": steps[0], "max_power_w": steps[-1]}
    return Capabilities(
        kind=options.kind,
        controls=frozenset(controls),
        reads_power=options.power_entity is not None,
        reads_heat=options.heat_entity is not None,
        fuel=options.fuel,
        settle_s=30.0,
        min_write_interval_s=30.0,
        **limits,
    )


def _sets(domain: str, options: EntityOptions) -> Control | None:
    """Return what the entity's setpoint is."""
    match domain:
        case "climate":
            return Control.ROOM
        case "water_heater":
            return Control.FLOW
        case "humidifier":
            return Control.POWER
        case "number" | "input_number":
            return options.number_is
    return None


def _limits(control: Control, scale: adapter.Scale) -> dict[str, Any]:
    names = {Control.POWER: "power_w", Control.FLOW: "flow_c"}
    if control not in names:
        return {}
    pairs = (("min", scale.from_native(scale.low)), ("max", scale.from_native(scale.high)))
    return {f"{side}_{names[control]}": value for side, value in pairs}


class EntitySource(SourceBase):
    """One entity, controlled through actions."""

    reads_linked_meter = True

    timing = Timing(read_s=5.0, write_s=15.0, fresh_s=0.0, verify_s=2.0, verify_step_s=0.25)

    def __init__(
        self, hass: HomeAssistant, source_id: str, name: str, options: EntityOptions, capabilities: Capabilities
    ) -> None:
        super().__init__(source_id, name, capabilities)
        self._hass = hass
        self._options = options
        self._last_mode: str | None = None
        if Control.POWER in capabilities.controls:
            self.power_tolerance_w = 1.0

    @property
    def entity_id(self) -> str:
        """The controlled entity."""
        return self._options.entity_id

    @override
    async def _read(self) -> SourceState:
        state = self._hass.states.get(self.entity_id)
        if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            raise UnreachableError(f"{self.entity_id} is {'missing' if state is None else state.state}")
        options = self._options
        scale = self._scale(state)
        set_to = None if scale is None else scale.from_native(adapter.setpoint(state))
        on = self._is_on(state, set_to)
        if on and state.domain in (*adapter.SELECTS, "water_heater"):
            self._last_mode = state.state
        measured = drawn_w(self._hass, options.power_entity)
        if measured is None and on is False and not adapter.is_not_heating(state):
            measured = 0.0
        elif measured is None and on and options.power_entity is None:
            measured = adapter.option_watts(state).get(state.state, options.nominal_w)
        electric = options.fuel == "electricity" and options.kind != SourceKind.HEAT_PUMP
        heat = power_w(self._hass, options.heat_entity)
        control = _sets(state.domain, options)
        return SourceState(
            at=datetime.now(UTC),
            health=Health.OK,
            on=on,
            power_w=None if measured is None else max(0.0, measured),
            heat_w=measured if heat is None and electric else heat,
            mode=state.state if Control.MODE in self._capabilities.controls else None,
            power_limit_w=set_to if control == Control.POWER else None,
            flow_setpoint_c=set_to if control == Control.FLOW else None,
            flow_c=self._flow(state),
            room_setpoint_c=set_to if control == Control.ROOM else None,
            electricity_kwh=energy_kwh(self._hass, options.power_entity),
        )

    def _scale(self, state: State) -> adapter.Scale | None:
        control = _sets(state.domain, self._options)
        return None if control is None else adapter.scale_of(self._hass, state, control, self._options.nominal_w)

    def _flow(self, state: State) -> float | None:
        """Return the flow temperature of the selected entity, or of the water heater itself."""
        if self._options.flow_entity is None and state.domain != "water_heater":
            return None
        reading = temperature(self._hass, self._options.flow_entity or self.entity_id)
        return reading.value if reading.known else None

    def _is_on(self, state: State, set_to: float | None) -> bool | None:
        if Control.ON_OFF not in self._capabilities.controls and set_to is not None:
            return set_to > (self._minimum or 0.0) or not can_stop(self._capabilities)
        return None if state.domain in adapter.NUMBERS else adapter.is_on(state)

    @property
    def _minimum(self) -> float | None:
        caps = self._capabilities
        return caps.min_power_w if Control.POWER in caps.controls else caps.min_flow_c

    @override
    def _fit(self, command: Command) -> Command:
        fitted = super()._fit(command)
        controls = self._capabilities.controls
        if Control.ON_OFF not in controls and fitted.on is False and self._minimum is not None:
            # An entity without a switch is off at its minimum.
            if Control.POWER in controls:
                fitted = replace(fitted, power_w=self._minimum)
            else:
                fitted = replace(fitted, flow_c=self._minimum)
        fitted = replace(
            fitted,
            on=fitted.on if Control.ON_OFF in controls else None,
            power_w=fitted.power_w if Control.POWER in controls else None,
            flow_c=fitted.flow_c if Control.FLOW in controls else None,
            room_c=fitted.room_c if Control.ROOM in controls else None,
            mode=fitted.mode if Control.MODE in controls else None,
            slope=None,
            level=None,
        )
        state = self._hass.states.get(self.entity_id)
        return fitted if state is None else self._settable(fitted, state)

    def _settable(self, fitted: Command, state: State) -> Command:
        """Return the command in the entity's steps; for a select the strongest option within the power."""
        if state.domain in adapter.SELECTS:
            if fitted.power_w is None:
                return fitted
            watts = adapter.option_watts(state)
            within = [name for name, power in watts.items() if power <= fitted.power_w + 1]
            return replace(fitted, power_w=None, mode=within[-1] if within else next(iter(watts), None))
        scale, control = self._scale(state), _sets(state.domain, self._options)
        if scale is None or control is None:
            return fitted
        change: dict[str, Any] = {_NAMES[control]: scale.settable(getattr(fitted, _NAMES[control]))}
        return replace(fitted, **change)

    @override
    async def _write(self, wanted: Command, state: SourceState) -> None:
        domain = self.entity_id.partition(".")[0]
        entity = self._hass.states.get(self.entity_id)
        if entity is None:
            raise UnreachableError(f"{self.entity_id} is missing")
        for service, data in adapter.service_calls(entity, wanted, self._scale(entity), self._last_mode):
            await self._call(domain, service, data)

    @override
    def _shown(self, state: SourceState) -> Shown:
        entity = self._hass.states.get(self.entity_id)
        return {} if entity is None else adapter.settings_of(entity)

    @override
    def _commanded(self, wanted: Command) -> Settings:
        entity = self._hass.states.get(self.entity_id)
        if entity is None:
            return {}
        shown = adapter.settings_of(entity)
        calls = adapter.service_calls(entity, wanted, self._scale(entity), self._last_mode)
        commanded = {name: value for service, data in calls for name, value in adapter.sets(service, data).items()}
        return {name: value for name, value in commanded.items() if name in shown}

    @override
    def _side_effects(self, wanted: Command) -> frozenset[str]:
        entity = self._hass.states.get(self.entity_id)
        if entity is None:
            return frozenset()
        calls = adapter.service_calls(entity, wanted, self._scale(entity), self._last_mode)
        return adapter.side_effects(entity, calls)

    @override
    def _rest(self, settings: Settings) -> Settings:
        """The user's settings; what is only switched is off, because it has no control of its own."""
        if self.entity_id.partition(".")[0] in adapter.HAS_OWN_CONTROL:
            return settings
        return {**settings, adapter.SWITCHED: STATE_OFF}

    @override
    async def _restore(self, missing: Settings, state: SourceState) -> None:
        domain = self.entity_id.partition(".")[0]
        for service, data in adapter.restoring_calls(domain, missing, self._rest(self._settings.values)):
            await self._call(domain, service, data)

    @override
    def _is_same(self, key: str, one: SettingValue, other: SettingValue) -> bool:
        if isinstance(one, str) or isinstance(other, str):
            return one == other
        return abs(one - other) <= adapter.SETTING_TOLERANCE

    async def _call(self, domain: str, service: str, data: dict[str, Any]) -> None:
        domain = "homeassistant" if service in ("turn_on", "turn_off") and domain == "group" else domain
        try:
            await self._hass.services.async_call(
                domain, service, {ATTR_ENTITY_ID: self.entity_id, **data}, blocking=True
            )
        except (HomeAssistantError, ValueError) as err:
            raise RefusedError(f"{domain}.{service}: {err}") from err
