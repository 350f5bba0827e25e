"""A Viessmann heat pump through the entities of core's ViCare integration, without cloud calls of its own.

Only the heating curve is set (slope and level). The heat pump is never switched off, because that integration would
stop hot water as well. When control is released, the user's curve is set again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, override

from homeassistant.const import ATTR_ENTITY_ID, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from .._lib.heat_source import Capabilities, Command, Control, Health, SourceKind, SourceState
from ..drivers.base import SourceBase
from ..drivers.device_settings import Settings
from ..drivers.errors import RefusedError, UnreachableError
from ..drivers.source_parts import Timing
from ..inputs.states import drawn_w, energy_kwh, known, number_of, temperature

LEVEL: Final = "level"
SLOPE: Final = "slope"
# The entities that are used: domain and translation key in that integration.
KEYS: Final[Mapping[str, tuple[str, str]]] = {
    LEVEL: ("number", "heating_curve_shift"),
    SLOPE: ("number", "heating_curve_slope"),
    "compressor": ("binary_sensor", "compressor"),
    "flow": ("sensor", "supply_temperature"),
    "return": ("sensor", "return_temperature"),
    "outdoor": ("sensor", "outside_temperature"),
}
_SLOPE_STEP: Final = 0.051


def entities_of(entries: Iterable[er.RegistryEntry]) -> dict[str, str]:
    """Return the entities of a heat pump by purpose; of several circuits the first."""
    found: dict[str, str] = {}
    for entry in sorted(entries, key=lambda item: item.unique_id):
        for name, key in KEYS.items():
            if (entry.domain, entry.translation_key) == key and not entry.disabled:
                found.setdefault(name, entry.entity_id)
    return found


def capabilities_of(hass: HomeAssistant, entities: Mapping[str, str], *, meter: bool) -> Capabilities:
    """Return the limits of the curve; raises UnreachableError while the integration does not provide them."""
    limits: dict[str, Any] = {}
    for name in (LEVEL, SLOPE):
        state = known(hass, entities.get(name))
        if state is None:
            raise UnreachableError(f"{entities.get(name, name)} is unavailable")
        limits |= {f"{side}_{name}": float(state.attributes[side]) for side in ("min", "max")}
    return Capabilities(
        kind=SourceKind.HEAT_PUMP,
        controls=frozenset({Control.CURVE}),
        can_stop=False,
        reads_power=meter,
        settle_s=180.0,
        min_write_interval_s=600.0,
        user_write_interval_s=60.0,
        **limits,
    )


class ViCareSource(SourceBase):
    """One heat pump. `meter`: the entity that measures it."""

    reads_linked_meter = True

    timing = Timing(read_s=5.0, write_s=60.0, fresh_s=0.0, verify_s=4.0, verify_step_s=1.0)

    def __init__(
        self,
        hass: HomeAssistant,
        source_id: str,
        name: str,
        entities: Mapping[str, str],
        capabilities: Capabilities,
        *,
        meter: str | None = None,
        nominal_w: float | None = None,
    ) -> None:
        super().__init__(source_id, name, capabilities)
        self._hass = hass
        self._entities = entities
        self._meter = meter
        self._nominal_w = nominal_w

    @override
    async def _read(self) -> SourceState:
        level = self._number(LEVEL)
        if level is None:
            raise UnreachableError(f"{self._entities[LEVEL]} is unavailable")
        on = self._on()
        power = drawn_w(self._hass, self._meter)
        if power is None and self._meter is None and on is not None:
            power = 0.0 if not on else self._nominal_w
        return SourceState(
            at=datetime.now(UTC),
            health=Health.OK,
            on=on,
            power_w=None if power is None else max(0.0, power),
            level=level,
            slope=self._number(SLOPE),
            flow_c=self._temperature("flow"),
            return_c=self._temperature("return"),
            outdoor_c=self._temperature("outdoor"),
            electricity_kwh=energy_kwh(self._hass, self._meter),
        )

    def _number(self, name: str) -> float | None:
        return number_of(known(self._hass, self._entities.get(name)))

    def _temperature(self, name: str) -> float | None:
        reading = temperature(self._hass, self._entities.get(name))
        return reading.value if reading.known else None

    def _on(self) -> bool | None:
        entity_id = self._entities.get("compressor")
        state = None if entity_id is None else self._hass.states.get(entity_id)
        return None if state is None or state.state in (STATE_UNKNOWN, STATE_UNAVAILABLE) else state.state == STATE_ON

    @override
    def _fit(self, command: Command) -> Command:
        fitted = super()._fit(command)
        return replace(fitted, on=None, power_w=None, mode=None, flow_c=None, room_c=None)

    @override
    async def _write(self, wanted: Command, state: SourceState) -> None:
        """One of the two at a time: that integration fills in the other from its cache, which would undo it."""
        for name, value in self._next(wanted.slope, wanted.level, state).items():
            await self._set(name, value)

    @staticmethod
    def _next(slope: float | None, level: float | None, state: SourceState) -> dict[str, float]:
        """Return the one that is written now: the slope before the level."""
        if slope is not None and (state.slope is None or abs(slope - state.slope) >= _SLOPE_STEP):
            return {SLOPE: round(slope, 1)}
        return {} if level is None else {LEVEL: round(level)}

    @override
    def _commanded(self, wanted: Command) -> Settings:
        return dict(self._next(wanted.slope, wanted.level, self._state))

    @override
    async def _restore(self, missing: Settings, state: SourceState) -> None:
        """Restore the slope, and the level once the slope is shown."""
        name = SLOPE if SLOPE in missing else LEVEL
        await self._set(name, float(missing[name]))

    async def _set(self, name: str, value: float) -> None:
        try:
            await self._hass.services.async_call(
                "number", "set_value", {ATTR_ENTITY_ID: self._entities[name], "value": value}, blocking=True
            )
        except (HomeAssistantError, ValueError) as err:
            raise RefusedError(f"{self._entities[name]}: {err}") from err
