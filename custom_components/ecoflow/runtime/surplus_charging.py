"""Surplus charging of a station: reads the grid power, asks the controller and writes the charge power."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import logging
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_ON, UnitOfPower
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event, async_track_time_interval
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import PowerConverter

from .._lib.entity_refs import LinkedEntities, with_renamed
from ..api.families.specs import ChargeControl, Family
from ..api.grid_signal import GridSignal
from ..api.surplus_controller import (
    Reason,
    SurplusController,
    SurplusDecision,
    SurplusInputs,
    SurplusSettings,
    charging_power,
)
from ..api.wire_values import Values, as_number
from ..const import (
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
)
from .device import Account
from .store import EcoflowStore

_LOGGER = logging.getLogger(__name__)

EVALUATION_INTERVAL: Final = timedelta(seconds=10)
_TURNED_OFF: Final = SurplusDecision(0.0, Reason.OFF)
# Reasons for which a station was paused by surplus charging.
_PAUSING_REASONS: Final = frozenset({Reason.NO_SURPLUS, Reason.NO_GRID_POWER, Reason.TARGET_REACHED})


def settings_from(data: Mapping[str, Any]) -> SurplusSettings:
    """Return the controller's settings for the data of a subentry."""
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


class SurplusCharging:
    """Surplus charging of one station."""

    def __init__(self, account: Account, store: EcoflowStore, subentry: ConfigSubentry) -> None:
        """Prepare surplus charging; `async_start` starts it."""
        self.account = account
        self.subentry_id = subentry.subentry_id
        self.title = subentry.title
        self.sn: str = subentry.data[CONF_DEVICE_SN]
        self.decision = _TURNED_OFF
        self.inputs: dict[str, float | None] = {}
        self.write_count = 0
        self._store = store
        self._data = subentry.data
        self._controller = SurplusController(settings_from(subentry.data))
        self._grid_signal = GridSignal()
        self._links = self._linked_entities()
        self._listeners: list[CALLBACK_TYPE] = []
        self._is_writing = False
        self._is_deleted = False

    @property
    def is_enabled(self) -> bool:
        """Whether it is turned on, which is the default."""
        return not self._is_deleted and self._store.surplus_enabled.get(self.subentry_id, True)

    def add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call a listener when the decision changes; returns a function that removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_set_enabled(self, enabled: bool) -> None:
        """Turn it on or off; the setting is stored before it is shown, or as soon as the disk allows."""
        await self._store.async_apply_surplus_enabled(self.subentry_id, enabled)
        self._controller = SurplusController(settings_from(self._data))
        self._call_listeners()

    async def async_apply_enabled(self) -> None:
        """Act on having been turned on or off; this may wait for the cloud."""
        if not self.is_enabled:
            await self._async_release()
        await self.async_evaluate()

    async def async_delete(self) -> None:
        """Release control of the station after the subentry was deleted."""
        self._is_deleted = True
        self._store.surplus_enabled.pop(self.subentry_id, None)
        await self._async_release()

    async def _async_release(self) -> None:
        """Resume charging of a station that surplus charging has paused."""
        family = self._family()
        pause = family.charge.pause if family is not None and family.charge is not None else None
        paused = self._read_inputs(family).paused
        if pause is None or not paused or self.decision.reason not in _PAUSING_REASONS or self._is_writing:
            return
        self._is_writing = True
        try:
            await self.account.async_write(self.sn, pause(False, self._values()))
        except HomeAssistantError as err:
            _LOGGER.warning("%s: resuming charging failed, the station stays paused: %s", self.title, err)
        finally:
            self._is_writing = False

    @callback
    def async_start(self) -> None:
        """Evaluate at each change of the grid power or tariff, and periodically."""
        hass, entry = self.account.hass, self.account.entry
        self._links.async_start()
        entity_ids = list(_linked_entity_ids(self._data).values())
        entry.async_on_unload(async_track_state_change_event(hass, entity_ids, self._state_changed))
        entry.async_on_unload(async_track_time_interval(hass, self._interval_elapsed, EVALUATION_INTERVAL))

    def _linked_entities(self) -> LinkedEntities:
        """Return the entities of the settings. They are identified by subentry, as an account may have several."""
        references = {f"{self.subentry_id}_{key}": value for key, value in _linked_entity_ids(self._data).items()}
        return LinkedEntities(
            self.account.hass,
            self.account.entry,
            references,
            domain=DOMAIN,
            on_renamed=self._entity_renamed,
            on_replaced=self._entity_renamed,
            use_name=lambda _use: self.title,
        )

    @callback
    def _entity_renamed(self, _use: str, old: str, new: str) -> None:
        """Store the new entity ID; the update reloads the account."""
        entry = self.account.entry
        if (subentry := entry.subentries.get(self.subentry_id)) is not None:
            data = with_renamed(dict(subentry.data), old, new)
            self.account.hass.config_entries.async_update_subentry(entry, subentry, data=data)

    async def _state_changed(self, _event: Event[EventStateChangedData]) -> None:
        await self.async_evaluate()

    async def _interval_elapsed(self, _now: datetime) -> None:
        await self.async_evaluate()

    async def async_evaluate(self) -> None:
        """Decide and write the charge power; does nothing during a write."""
        if self._is_writing:
            return
        if not self.is_enabled:
            self._update(_TURNED_OFF, {})
            return
        family = self._family()
        inputs = self._read_inputs(family)
        decision = self._controller.decide(time.monotonic(), inputs)
        attributes = {
            "grid_power": inputs.grid_w,
            "charging_power": inputs.charge_w,
            "battery_level": inputs.level,
            "set_power": inputs.setpoint_w,
        }
        self._update(decision, attributes)
        if decision.has_writes and family is not None and family.charge is not None:
            await self._async_write(family, family.charge, decision)

    async def _async_write(self, family: Family, charge: ChargeControl, decision: SurplusDecision) -> None:
        self._is_writing = True
        try:
            setting = family.charge_setting
            if decision.write_power_w is not None and setting is not None:
                power_w = min(setting.max_value, max(setting.min_value, decision.write_power_w))
                await self.account.async_write(self.sn, setting.write(power_w, self._values()))
            if decision.write_pause is not None and charge.pause is not None:
                await self.account.async_write(self.sn, charge.pause(decision.write_pause, self._values()))
        except HomeAssistantError as err:
            self._controller.write_failed(time.monotonic())
            _LOGGER.warning("%s: setting the charge power failed: %s", self.title, err)
        else:
            self.write_count += 1
            self._controller.write_succeeded(time.monotonic())
        finally:
            self._is_writing = False

    def _family(self) -> Family | None:
        client = self.account.client
        return client.family(self.sn) if self.sn in client.states else None

    def _values(self) -> Values:
        state = self.account.client.states.get(self.sn)
        return state.values if state is not None else {}

    def _read_inputs(self, family: Family | None) -> SurplusInputs:
        values = self._values()
        setting = None if family is None else family.charge_setting
        charge_w = None if family is None else charging_power(family, values)
        grid_w, report = self._grid_power()
        return SurplusInputs(
            grid_w=grid_w,
            grid_age_s=self._grid_signal.age_s(
                time.monotonic(),
                report,
                charge_w,
                self._controller.settings.grid_timeout_s,
                uses_surplus=self.decision.reason is Reason.SURPLUS,
            ),
            charge_w=charge_w,
            level=None if family is None else family.measured("battery_level", values),
            setpoint_w=setting.decode(values) if setting is not None else None,
            paused=_is_paused(family, values),
            device_fresh=self.account.client.is_fresh(self.sn),
            low_tariff=is_low_tariff(self.account.hass, self._data.get(CONF_TARIFF, {})),
            step_w=setting.step if setting is not None else 10.0,
        )

    def _grid_power(self) -> tuple[float | None, datetime | None]:
        """Return the grid power in W (positive: drawn from the grid) and when it was reported."""
        state = self.account.hass.states.get(self._data[CONF_GRID_POWER])
        if state is None or (value := as_number(state.state)) is None:
            return None, None
        unit = state.attributes.get("unit_of_measurement")
        if unit in PowerConverter.VALID_UNITS:
            value = PowerConverter.convert(value, unit, UnitOfPower.WATT)
        return (-value if self._data[CONF_GRID_INVERTED] else value), state.last_reported

    def _update(self, decision: SurplusDecision, inputs: dict[str, float | None]) -> None:
        changed = (decision, inputs) != (self.decision, self.inputs)
        self.decision, self.inputs = decision, inputs
        if changed:
            self._call_listeners()

    def _call_listeners(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _linked_entity_ids(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the entity IDs in the data of a subentry by field."""
    entity_ids = {CONF_GRID_POWER: data[CONF_GRID_POWER]}
    if tariff_entity := data.get(CONF_TARIFF, {}).get(CONF_TARIFF_ENTITY):
        entity_ids[CONF_TARIFF_ENTITY] = tariff_entity
    return entity_ids


def _is_paused(family: Family | None, values: Values) -> bool | None:
    """Return whether AC charging is paused, None if the model cannot pause it or the state is unknown."""
    if family is None or family.charge is None or family.charge.pause is None:
        return None
    spec = next((spec for spec in family.binary_sensors if spec.key == "charging_paused"), None)
    return bool(spec.decode(values)) if spec is not None else None


def is_low_tariff(hass: HomeAssistant, tariff: Mapping[str, Any]) -> bool:
    """Whether the tariff is low: the entity is on, or the local time is within the window."""
    if entity_id := tariff.get(CONF_TARIFF_ENTITY):
        state = hass.states.get(entity_id)
        if state is not None and state.state == STATE_ON:
            return True
    start, end = tariff.get(CONF_TARIFF_START), tariff.get(CONF_TARIFF_END)
    if start is None or end is None:
        return False
    start_time, end_time = dt_util.parse_time(start), dt_util.parse_time(end)
    if start_time is None or end_time is None or start_time == end_time:
        return False
    now = dt_util.now().time()
    return start_time <= now < end_time if start_time < end_time else now >= start_time or now < end_time
