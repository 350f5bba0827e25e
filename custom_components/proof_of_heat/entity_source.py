"""Any entity of Home Assistant as a heat source: climate, water heater, number, switch, select, humidifier."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, override

from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError

from ._lib.heat_source import Capabilities, Command, Control, Health, SourceKind, SourceState
from .drivers.base import SourceBase, Timing
from .drivers.errors import RefusedError, UnreachableError
from .inputs import energy_kwh, number_of, power_w

_OFF_STATES: Final = (STATE_OFF, "idle")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityOptions:
    """What the user says about the entity. `number_is`: what a number entity sets (power, flow or nothing)."""

    entity_id: str
    kind: SourceKind = SourceKind.DIRECT_ELECTRIC
    power_entity: str | None = None
    heat_entity: str | None = None
    flow_entity: str | None = None
    nominal_w: float | None = None
    number_is: Control = Control.POWER
    fuel: str = "electricity"


def capabilities_of(state: State, options: EntityOptions) -> Capabilities:
    """What can be commanded through an entity of this domain."""
    controls: set[Control] = set()
    limits: dict[str, Any] = {}
    attributes = state.attributes
    match state.domain:
        case "climate" | "water_heater" | "humidifier":
            controls |= (
                {Control.ON_OFF, Control.ROOM} if state.domain != "humidifier" else {Control.ON_OFF, Control.POWER}
            )
            if state.domain == "humidifier":
                limits = {"min_power_w": attributes.get("min_humidity"), "max_power_w": attributes.get("max_humidity")}
        case "number" | "input_number":
            controls.add(options.number_is)
            low, high = attributes.get("min"), attributes.get("max")
            names = {
                Control.POWER: ("min_power_w", "max_power_w"),
                Control.FLOW: ("min_flow_c", "max_flow_c"),
            }.get(options.number_is)
            if names:
                limits = {names[0]: low, names[1]: high}
        case "select" | "input_select":
            controls.add(Control.MODE)
            limits = {"modes": tuple(attributes.get("options", ()))}
        case _:
            controls.add(Control.ON_OFF)
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


class EntitySource(SourceBase):
    """One entity, commanded through Home Assistant's own actions."""

    timing = Timing(read_s=5.0, write_s=15.0, fresh_s=0.0, verify_s=2.0, verify_step_s=0.25)

    def __init__(
        self, hass: HomeAssistant, source_id: str, name: str, options: EntityOptions, capabilities: Capabilities
    ) -> None:
        super().__init__(source_id, name, capabilities)
        self._hass = hass
        self._options = options
        if Control.POWER in capabilities.controls:
            self.power_tolerance_w = 1.0

    @property
    def entity_id(self) -> str:
        """Whom it commands."""
        return self._options.entity_id

    @override
    async def _read(self) -> SourceState:
        state = self._hass.states.get(self.entity_id)
        if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            raise UnreachableError(f"{self.entity_id} is {'not there' if state is None else state.state}")
        options = self._options
        on = self._is_on(state)
        measured = power_w(self._hass, options.power_entity)
        if measured is None and on is False:
            measured = 0.0
        elif measured is None and on and options.power_entity is None:
            measured = options.nominal_w
        electric = options.fuel == "electricity" and options.kind != SourceKind.HEAT_PUMP
        heat = power_w(self._hass, options.heat_entity)
        return SourceState(
            at=datetime.now(UTC),
            health=Health.OK,
            on=on,
            power_w=None if measured is None else max(0.0, measured),
            heat_w=measured if heat is None and electric else heat,
            mode=state.state if Control.MODE in self._capabilities.controls else None,
            power_limit_w=self._limit(state),
            flow_setpoint_c=number_of(state) if Control.FLOW in self._capabilities.controls else None,
            flow_c=number_of(self._hass.states.get(options.flow_entity)) if options.flow_entity else None,
            room_setpoint_c=state.attributes.get("temperature"),
            electricity_kwh=energy_kwh(self._hass, options.power_entity),
        )

    def _limit(self, state: State) -> float | None:
        if Control.POWER not in self._capabilities.controls:
            return None
        return state.attributes.get("humidity") if state.domain == "humidifier" else number_of(state)

    def _is_on(self, state: State) -> bool | None:
        if state.domain in ("number", "input_number"):
            value = number_of(state)
            return None if value is None else value > (self._lowest or 0.0)
        if state.domain in ("select", "input_select"):
            return state.state.lower() not in _OFF_STATES
        return state.state not in _OFF_STATES

    @property
    def _lowest(self) -> float | None:
        caps = self._capabilities
        return caps.min_power_w if self._options.number_is == Control.POWER else caps.min_flow_c

    @override
    def _fit(self, command: Command) -> Command:
        fitted = super()._fit(command)
        controls = self._capabilities.controls
        if Control.ON_OFF not in controls and fitted.on is False and self._lowest is not None:
            # A number that has no switch: its lowest value is as good as off.
            if self._options.number_is == Control.POWER:
                fitted = replace(fitted, power_w=self._lowest)
            else:
                fitted = replace(fitted, flow_c=self._lowest)
        return replace(
            fitted,
            on=fitted.on if Control.ON_OFF in controls else None,
            power_w=fitted.power_w if Control.POWER in controls else None,
            flow_c=fitted.flow_c if Control.FLOW in controls else None,
            room_c=fitted.room_c if Control.ROOM in controls else None,
            mode=fitted.mode if Control.MODE in controls else None,
            slope=None,
            level=None,
        )

    @override
    async def _write(self, wanted: Command, state: SourceState) -> None:
        domain = self.entity_id.partition(".")[0]
        for service, data in _calls(domain, wanted):
            await self._call(domain, service, data)

    @override
    async def _fallback(self) -> None:
        """A switch goes off; a set-point or mode stays: it belongs to the device's own control."""
        if Control.ON_OFF in self._capabilities.controls and self.entity_id.partition(".")[0] not in (
            "climate",
            "water_heater",
        ):
            await self._call(self.entity_id.partition(".")[0], "turn_off", {})

    async def _call(self, domain: str, service: str, data: dict[str, Any]) -> None:
        domain = "homeassistant" if service in ("turn_on", "turn_off") and domain == "group" else domain
        try:
            await self._hass.services.async_call(
                domain, service, {ATTR_ENTITY_ID: self.entity_id, **data}, blocking=True
            )
        except (HomeAssistantError, ValueError) as err:
            raise RefusedError(f"{domain}.{service}: {err}") from err


def _calls(domain: str, wanted: Command) -> list[tuple[str, dict[str, Any]]]:
    """The actions that bring about a command."""
    calls: list[tuple[str, dict[str, Any]]] = []
    if wanted.on is not None:
        calls.append(("turn_on" if wanted.on else "turn_off", {}))
    if wanted.room_c is not None:
        calls.append(("set_temperature", {"temperature": wanted.room_c}))
    if wanted.mode is not None:
        calls.append(("select_option", {"option": wanted.mode}))
    for value in (wanted.power_w, wanted.flow_c):
        if value is not None:
            service, key = ("set_humidity", "humidity") if domain == "humidifier" else ("set_value", "value")
            calls.append((service, {key: value}))
    return calls
