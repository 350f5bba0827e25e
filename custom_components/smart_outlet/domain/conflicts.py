"""Detects an outlet that is reported by two hubs, which would answer each other's commands."""

from datetime import datetime, timedelta
from math import inf
import time
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval

from ..repairs import create_outlet_conflict_issue, delete_outlet_conflict_issue
from .directory import HubDirectory

_CONFLICT_WITHIN_S: Final = 60.0
"""Two hubs that report the same outlet within this time are in conflict."""
_RESOLVED_AFTER_S: Final = 600.0
"""The issue is deleted if only one hub has reported the outlet for this long."""
_CHECK_INTERVAL: Final = timedelta(seconds=1)


class OutletConflicts:
    """Creates and deletes the repair issues about outlets with two hubs."""

    def __init__(self, hass: HomeAssistant, directory: HubDirectory) -> None:
        self._hass = hass
        self._directory = directory
        self._last_reports: dict[str, dict[str, float]] = {}
        self._issues: set[str] = set()
        self._stop_checks: CALLBACK_TYPE | None = None
        directory.subscribe(self._outlets_changed)

    @callback
    def on_report(self, entry_id: str, device_id: str) -> None:
        """Record that a hub reported an outlet, and create an issue if another hub has the outlet too."""
        owners = self._directory.owners(device_id)
        if not owners or [owner.info.entry_id for owner in owners] == [entry_id]:
            return
        now = time.monotonic()
        reports = self._last_reports.setdefault(device_id, {})
        reports[entry_id] = now
        if device_id in self._issues:
            return
        others = [owner for owner in owners if owner.info.entry_id != entry_id]
        if len(others) < len(owners):
            others = [other for other in others if now - reports.get(other.info.entry_id, -inf) <= _CONFLICT_WITHIN_S]
        if others and (hub := self._directory.hubs.get(entry_id)) is not None:
            self._create_issue(device_id, sorted(each.info.title for each in (hub, *others)))

    def _create_issue(self, device_id: str, hub_names: list[str]) -> None:
        self._issues.add(device_id)
        create_outlet_conflict_issue(self._hass, device_id, hub_names)
        if self._stop_checks is None:
            self._stop_checks = async_track_time_interval(
                self._hass, self._check, _CHECK_INTERVAL, cancel_on_shutdown=True
            )

    def _delete_issue(self, device_id: str) -> None:
        self._issues.discard(device_id)
        self._last_reports.pop(device_id, None)
        delete_outlet_conflict_issue(self._hass, device_id)
        if not self._issues and self._stop_checks is not None:
            self._stop_checks()
            self._stop_checks = None

    @callback
    def _check(self, _now: datetime) -> None:
        now = time.monotonic()
        for device_id in tuple(self._issues):
            if not self._is_in_conflict(device_id, now):
                self._delete_issue(device_id)

    def _is_in_conflict(self, device_id: str, now: float) -> bool:
        """Return whether two hubs, or one that does not have the outlet, still report it."""
        reports = self._last_reports.get(device_id, {})
        recent = [entry_id for entry_id, when in reports.items() if now - when <= _RESOLVED_AFTER_S]
        owners = [owner.info.entry_id for owner in self._directory.owners(device_id)]
        return len(recent) > 1 or any(entry_id not in owners for entry_id in recent)

    @callback
    def _outlets_changed(self) -> None:
        # A hub that still reports an outlet of another creates the issue again with its next report.
        for device_id in tuple(self._issues):
            if len(self._directory.owners(device_id)) < 2:
                self._delete_issue(device_id)
