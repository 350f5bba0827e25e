"""Surplus charging in Home Assistant: reads the grid, asks the controller, writes, and shows why."""

from collections.abc import Mapping
from datetime import datetime, timedelta
import logging
import time
from typing import Any, Final, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_ON, UnitOfPower
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.event import async_track_state_change_event, async_track_time_interval
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import PowerConverter

from ._lib.publisher import PublishedEntity
from .api.families import ChargeControl, Family
from .api.quantities import number
from .api.surplus import Decision, Reason, Situation, SurplusController, SurplusSettings
from .const import (
    CONF_DEVICE_SN,
    CONF_GRID_INVERTED,
    CONF_GRID_POWER,
    CONF_HYSTERESIS,
    CONF_MARGIN,
    CONF_MAX_POWER,
    CONF_MIN_POWER,
    CONF_RESERVE_LEVEL,
    CONF_RESERVE_POWER,
    CONF_START_DELAY,
    CONF_STOP_DELAY,
    CONF_TARGET_LEVEL,
    CONF_TARIFF,
    CONF_TARIFF_END,
    CONF_TARIFF_ENTITY,
    CONF_TARIFF_POWER,
    CONF_TARIFF_START,
    CONF_WRITE_INTERVAL,
    DOMAIN,
    MANUFACTURER,
    SUBENTRY_SURPLUS,
)
from .coordinator import EcoflowConfigEntry, EcoflowCoordinator
from .entity import async_write

_LOGGER = logging.getLogger(__name__)

EVALUATE_EVERY: Final = timedelta(seconds=10)
_NOTHING: Final = Decision(0.0, Reason.OFF)
# Why a station that can pause is paused.
_WAITING: Final = frozenset({Reason.NO_SURPLUS, Reason.NO_SIGNAL, Reason.FULL})


def settings_of(data: Mapping[str, Any]) -> SurplusSettings:
    """Return the controller's settings from a subentry."""
    tariff = data.get(CONF_TARIFF, {})
    default = SurplusSettings()
    return SurplusSettings(
        min_power_w=data[CONF_MIN_POWER],
        max_power_w=data[CONF_MAX_POWER],
        margin_w=data[CONF_MARGIN],
        hysteresis_w=data[CONF_HYSTERESIS],
        write_interval_s=data[CONF_WRITE_INTERVAL],
        start_delay_s=data[CONF_START_DELAY],
        stop_delay_s=data[CONF_STOP_DELAY],
        reserve_level=data[CONF_RESERVE_LEVEL],
        reserve_power_w=data[CONF_RESERVE_POWER],
        target_level=data[CONF_TARGET_LEVEL],
        tariff_power_w=tariff.get(CONF_TARIFF_POWER, default.tariff_power_w),
    )


class Surplus:
    """Surplus charging of one station."""

    def __init__(self, coordinator: EcoflowCoordinator, subentry: ConfigSubentry) -> None:
        """Not started yet."""
        self.coordinator = coordinator
        self.subentry_id = subentry.subentry_id
        self.title = subentry.title
        self.sn: str = subentry.data[CONF_DEVICE_SN]
        self.decision = _NOTHING
        self.inputs: dict[str, float | None] = {}
        self.writes = 0
        self.listeners: list[CALLBACK_TYPE] = []
        self._data = subentry.data
        self._controller = SurplusController(settings_of(subentry.data))
        self._writing = False
        self._ended = False

    @property
    def enabled(self) -> bool:
        """Whether it is switched on; it is from the beginning, until it is deleted."""
        return not self._ended and self.coordinator.store.surplus_enabled.get(self.subentry_id, True)

    async def async_enable(self, enabled: bool) -> None:
        """Switch it on or off; on disk before it is shown."""
        await self.coordinator.store.async_set_surplus_enabled(self.subentry_id, enabled)
        self._controller = SurplusController(settings_of(self._data))
        self._tell()

    async def async_enabled_changed(self) -> None:
        """Act on having been switched on or off; may take as long as the cloud does."""
        if not self.enabled:
            await self._async_release()
        await self.async_evaluate()

    async def async_end(self) -> None:
        """It was deleted: let go of the station, as when it is switched off."""
        self._ended = True
        self.coordinator.store.surplus_enabled.pop(self.subentry_id, None)
        await self._async_release()

    async def _async_release(self) -> None:
        """Let a station charge again that was paused only to wait for surplus: nobody else would."""
        family = self._family()
        pause = family.charge.pause if family is not None and family.charge is not None else None
        paused = self._situation(family).paused
        if pause is None or not paused or self.decision.reason not in _WAITING or self._writing:
            return
        self._writing = True
        try:
            await async_write(self.coordinator, self.sn, pause(False, self.coordinator.values(self.sn)))
        except HomeAssistantError as err:
            _LOGGER.warning("%s: charging stays paused, it could not be resumed: %s", self.title, err)
        finally:
            self._writing = False

    @callback
    def async_start(self) -> None:
        """Evaluate with the grid's changes and with time."""
        hass, entry = self.coordinator.hass, self.coordinator.config_entry
        watched = [self._data[CONF_GRID_POWER]]
        if tariff_entity := self._data.get(CONF_TARIFF, {}).get(CONF_TARIFF_ENTITY):
            watched.append(tariff_entity)
        entry.async_on_unload(async_track_state_change_event(hass, watched, self._state_changed))
        entry.async_on_unload(async_track_time_interval(hass, self._time_passed, EVALUATE_EVERY))

    async def _state_changed(self, _event: Event[EventStateChangedData]) -> None:
        await self.async_evaluate()

    async def _time_passed(self, _now: datetime) -> None:
        await self.async_evaluate()

    async def async_evaluate(self) -> None:
        """Decide anew and write what is to be written. While a write is under way nothing is decided."""
        if self._writing:
            return
        if not self.enabled:
            self._show(_NOTHING, {})
            return
        family = self._family()
        situation = self._situation(family)
        decision = self._controller.decide(time.monotonic(), situation)
        inputs = {
            "grid_power": situation.grid_w,
            "charging_power": situation.charge_w,
            "battery_level": situation.level,
            "set_power": situation.setpoint_w,
        }
        self._show(decision, inputs)
        if decision.writes and family is not None and family.charge is not None:
            await self._async_apply(family, family.charge, decision)

    async def _async_apply(self, family: Family, charge: ChargeControl, decision: Decision) -> None:
        self._writing = True
        try:
            setting = family.setting(charge.setting)
            if decision.write_power_w is not None and setting is not None:
                power_w = min(setting.high, max(setting.low, decision.write_power_w))
                values = self.coordinator.values(self.sn)
                await async_write(self.coordinator, self.sn, setting.write(power_w, values))
            if decision.write_pause is not None and charge.pause is not None:
                values = self.coordinator.values(self.sn)
                await async_write(self.coordinator, self.sn, charge.pause(decision.write_pause, values))
        except HomeAssistantError as err:
            self._controller.failed(time.monotonic())
            _LOGGER.warning("%s: the charge power could not be set: %s", self.title, err)
        else:
            self.writes += 1
            self._controller.wrote(time.monotonic())
        finally:
            self._writing = False

    def _family(self) -> Family | None:
        return self.coordinator.family(self.sn) if self.sn in self.coordinator.client.states else None

    def _situation(self, family: Family | None) -> Situation:
        values = self.coordinator.values(self.sn)
        readings = {} if family is None else {reading.key: reading for reading in family.readings}

        def read(key: str) -> float | None:
            return number(readings[key].decode(values)) if key in readings else None

        charge = family.charge if family is not None else None
        setting = family.setting(charge.setting) if family is not None and charge is not None else None
        grid_w, grid_age_s = self._grid()
        # What passes through to the station's own loads is no charging.
        power_in, power_out = read(charge.power) if charge is not None else None, read("ac_output_power")
        return Situation(
            grid_w=grid_w,
            grid_age_s=grid_age_s,
            charge_w=None if power_in is None else max(0.0, power_in - (power_out or 0.0)),
            level=read("battery_level"),
            setpoint_w=setting.decode(values) if setting is not None else None,
            paused=self._paused(family, charge, values),
            device_fresh=self.coordinator.client.is_fresh(self.sn),
            cheap=self._is_cheap(),
            step_w=setting.step if setting is not None else 10.0,
        )

    def _paused(self, family: Family | None, charge: ChargeControl | None, values: Mapping[str, Any]) -> bool | None:
        if family is None or charge is None or charge.pause is None:
            return None
        condition = next((found for found in family.conditions if found.key == "charging_paused"), None)
        return bool(condition.decode(values)) if condition is not None else None

    def _grid(self) -> tuple[float | None, float]:
        """Return the grid power in W (positive: drawn) and how old it is in s."""
        state = self.coordinator.hass.states.get(self._data[CONF_GRID_POWER])
        if state is None or (value := number(state.state)) is None:
            return None, 0.0
        unit = state.attributes.get("unit_of_measurement")
        if unit in PowerConverter.VALID_UNITS:
            value = PowerConverter.convert(value, unit, UnitOfPower.WATT)
        age_s = (dt_util.utcnow() - state.last_reported).total_seconds()
        return (-value if self._data[CONF_GRID_INVERTED] else value), age_s

    def _is_cheap(self) -> bool:
        """Whether a tariff window is open: by an entity that is on, or by the clock."""
        tariff = self._data.get(CONF_TARIFF, {})
        if entity_id := tariff.get(CONF_TARIFF_ENTITY):
            state = self.coordinator.hass.states.get(entity_id)
            if state is not None and state.state == STATE_ON:
                return True
        start, end = _time_of(tariff.get(CONF_TARIFF_START)), _time_of(tariff.get(CONF_TARIFF_END))
        if start is None or end is None or start == end:
            return False
        now = dt_util.now().strftime("%H:%M:%S")
        return start <= now < end if start < end else now >= start or now < end

    def _show(self, decision: Decision, inputs: dict[str, float | None]) -> None:
        changed = (decision, inputs) != (self.decision, self.inputs)
        self.decision, self.inputs = decision, inputs
        if changed:
            self._tell()

    def _tell(self) -> None:
        for listener in tuple(self.listeners):
            listener()


def _time_of(text: str | None) -> str | None:
    return text if text is None or len(text) == 8 else f"{text}:00"


@callback
def async_setup_surplus(hass: HomeAssistant, entry: EcoflowConfigEntry) -> None:
    """Begin surplus charging for the stations that have it."""
    coordinator = entry.runtime_data
    for subentry in entry.subentries.values():
        if subentry.subentry_type == SUBENTRY_SURPLUS:
            coordinator.surplus[subentry.subentry_id] = surplus = Surplus(coordinator, subentry)
            surplus.async_start()


class SurplusEntity(PublishedEntity):
    """An entity of a station's surplus charging."""

    _attr_has_entity_name = True

    def __init__(self, surplus: Surplus, description: EntityDescription) -> None:
        """An entity described by `description`."""
        self.entity_description = description
        self.surplus = surplus
        coordinator = surplus.coordinator
        self.publisher = coordinator.publisher
        self._attr_unique_id = f"{surplus.subentry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, surplus.subentry_id)},
            manufacturer=MANUFACTURER,
            model="Surplus charging",
            name=surplus.title,
            via_device_id=coordinator.account_device_id,
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the decisions."""
        await super().async_added_to_hass()
        self.surplus.listeners.append(self.publish)
        self.async_on_remove(lambda: self.surplus.listeners.remove(self.publish))
