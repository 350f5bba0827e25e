"""Corrects the energy of a controller: its sessions, the usage of their days, and the statistics of its sensors."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import logging
import sqlite3
from typing import Any, Final

from homeassistant.const import Platform, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import BaseUnitConverter, EnergyConverter, PowerConverter

from .._lib.counters import DEFAULT_MAX_PER_HOUR
from .._lib.energy_statistics import (
    EnergyStatistic,
    FoundJumps,
    async_adjust_statistics,
    async_find_jumps,
    async_shift_last_state,
    hourly_rows,
)
from .._lib.statistics_repair import PowerHour
from ..const import DOMAIN
from ..protocol.session_correction import (
    EnergySource,
    Point,
    SessionCorrection,
    correct_session,
    integrated_kwh,
    kwh_of_hours,
    metered_kwh,
    session_hours,
)
from ..protocol.session_tracker import Session, SessionTracker, Usage
from ..storage.session_store import SessionStore
from .controller import Controller, Topic
from .energy import EnergyConfig, state_number

_LOGGER = logging.getLogger(__name__)
_HISTORY: Final = timedelta(days=11)
"""Older states are not looked up: Home Assistant keeps them for ten days."""
_BEFORE: Final = timedelta(hours=1)
"""A reading of the time before a session is what the meter showed at its start."""
_AFTER: Final = timedelta(minutes=1)
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_SESSIONS: Final = 1_000_000
# By the suffix of their keys, as in sensors/usage.py.
_PERIODS: Final[dict[str, Callable[[SessionTracker], Usage]]] = {
    "": lambda tracker: tracker.total,
    "_today": lambda tracker: tracker.today(dt_util.utcnow()),
    "_week": lambda tracker: tracker.week(dt_util.utcnow()),
    "_month": lambda tracker: tracker.month(dt_util.utcnow()),
}


def max_kw(config: EnergyConfig, max_power_w: float | None) -> float:
    """Return the most that a controller's heat source can consume: the given power, or three times the rated one."""
    if max_power_w is not None:
        return max_power_w / 1000
    return 3 * config.rated_w / 1000 if config.rated_w else DEFAULT_MAX_PER_HOUR


async def async_correct_energy(
    hass: HomeAssistant,
    store: SessionStore,
    controller: Controller,
    *,
    start: datetime | None,
    end: datetime | None,
    limit_kw: float,
    dry_run: bool,
) -> tuple[list[SessionCorrection], list[FoundJumps]]:
    """Return what is wrong in the sessions and statistics of a controller; unless it is a dry run, correct it too.

    Raises:
        HomeAssistantError: The sessions could not be read or saved.
    """
    try:
        sessions = await store.async_get_sessions(
            controller.number, start or _FIRST, end or dt_util.utcnow(), _MAX_SESSIONS
        )
        corrections = await get_instance(hass).async_add_executor_job(
            _corrections, hass, controller.energy, sessions, limit_kw
        )
        jumps = await async_find_jumps(
            hass, _statistics(hass, controller, limit_kw), start, end, powers=_powers_of(corrections)
        )
        shown = {suffix: replace(period(controller.tracker)) for suffix, period in _PERIODS.items()}
        if corrections and not dry_run:
            await store.async_correct(controller.number, corrections)
    except sqlite3.Error as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="storage_failed", translation_placeholders={"error": str(err)}
        ) from err
    if not dry_run:
        # Before the sums are adjusted: it reads them.
        await _async_shift_states(hass, controller, shown)
        await async_adjust_statistics(hass, jumps)
        controller.notify((Topic.USAGE,))
        _LOGGER.info("Energy of %d heating sessions of %s corrected", len(corrections), controller.name)
    return corrections, jumps


def _corrections(
    hass: HomeAssistant, config: EnergyConfig, sessions: list[Session], limit_kw: float
) -> list[SessionCorrection]:
    recorded = _Recorded(hass, config, limit_kw)
    return [
        correction
        for session in sessions
        if (correction := correct_session(session, recorded.energies(session), limit_kw)) is not None
    ]


class _Recorded:
    """What the recorder knows of the meter and the power of a controller. All calls block."""

    def __init__(self, hass: HomeAssistant, config: EnergyConfig, limit_kw: float) -> None:
        self._hass = hass
        self._config = config
        self._limit_kw = max(limit_kw, DEFAULT_MAX_PER_HOUR)
        self._since = (dt_util.utcnow() - _HISTORY).timestamp()
        self._meter_hours: list[Point] = []
        if config.energy_entity is not None:
            rows = hourly_rows(hass, config.energy_entity, {"state"})
            self._meter_hours = [(row["start"] + 3600, row["state"]) for row in rows]
        self._power_hours: dict[float, float] = {}
        if config.power_entity is not None:
            rows = hourly_rows(hass, config.power_entity, {"mean"})
            self._power_hours = {row["start"]: row["mean"] for row in rows}

    def energies(self, session: Session) -> dict[EnergySource, float | None]:
        """Return the energy of a session by each source that is configured, the best one first."""
        start, end = session.start.timestamp(), (session.end or session.seen).timestamp()
        energies: dict[EnergySource, float | None] = {}
        if self._config.energy_entity is not None:
            energies[EnergySource.METER] = self._metered(self._config.energy_entity, start, end)
        if self._config.power_entity is not None:
            energies[EnergySource.POWER] = self._by_power(self._config.power_entity, start, end)
        if self._config.rated_w is not None:
            energies[EnergySource.RATED_POWER] = self._config.rated_w * session.duration_s / 3.6e6
        return energies

    def _metered(self, entity_id: str, start: float, end: float) -> float | None:
        if start > self._since:
            readings = self._states(entity_id, start, end, EnergyConverter, UnitOfEnergy.KILO_WATT_HOUR)
            if (kwh := metered_kwh(readings, start, end, self._limit_kw)) is not None:
                return kwh
        return metered_kwh(self._meter_hours, start, end, self._limit_kw)

    def _by_power(self, entity_id: str, start: float, end: float) -> float | None:
        if start > self._since:
            powers = self._states(entity_id, start, end, PowerConverter, UnitOfPower.WATT)
            if (kwh := integrated_kwh(powers, start, end)) is not None:
                return kwh
        return kwh_of_hours(self._power_hours, start, end)

    def _states(
        self, entity_id: str, start: float, end: float, converter: type[BaseUnitConverter], unit: str
    ) -> list[Point]:
        from homeassistant.components.recorder.history import state_changes_during_period

        since, until = datetime.fromtimestamp(start, UTC) - _BEFORE, datetime.fromtimestamp(end, UTC) + _AFTER
        states = state_changes_during_period(self._hass, since, until, entity_id).get(entity_id, [])
        return [
            (state.last_updated_timestamp, value)
            for state in states
            if (value := state_number(state, converter, unit)) is not None
        ]


def _powers_of(corrections: list[SessionCorrection]) -> dict[float, PowerHour]:
    """Return the power by hour that the corrected sessions give."""
    return {hour: PowerHour(mean, 0.0, most) for hour, (mean, most) in session_hours(corrections).items()}


def _usage_sensor(hass: HomeAssistant, controller: Controller, key: str) -> str | None:
    registry = er.async_get(hass)
    return registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{controller.subentry_id}_{key}")


def _statistics(hass: HomeAssistant, controller: Controller, limit_kw: float) -> list[EnergyStatistic]:
    """Return the energy sensors of a controller, each with that of its cost."""
    return [
        EnergyStatistic(entity_id, limit_kw, cost_id=_usage_sensor(hass, controller, f"cost{suffix}"))
        for suffix in _PERIODS
        if (entity_id := _usage_sensor(hass, controller, f"energy{suffix}")) is not None
    ]


async def _async_shift_states(hass: HomeAssistant, controller: Controller, shown: dict[str, Usage]) -> None:
    """Prepare the statistics for sensors that will show less."""
    for suffix, period in _PERIODS.items():
        before, after = shown[suffix], period(controller.tracker)
        for key, was, is_now in (
            (f"energy{suffix}", before.energy_kwh, after.energy_kwh),
            (f"cost{suffix}", before.cost, after.cost),
        ):
            entity_id = _usage_sensor(hass, controller, key)
            if entity_id is not None and was != is_now:
                await async_shift_last_state(hass, entity_id, was or 0.0, is_now or 0.0)


def correction_report(
    controller: Controller, corrections: list[SessionCorrection], jumps: list[FoundJumps]
) -> dict[str, Any]:
    """Return the form in an action's response."""
    return {
        "device_id": controller.device_id,
        "sessions": [correction.as_dict() for correction in corrections],
        "statistics": [each.as_dict() for each in jumps],
    }
